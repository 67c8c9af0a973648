//! The API's document as a contract: whatever a test gets from the service, the document has said.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::Answer;

/// The document in the repository.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json"));
        serde_json::from_str(text).unwrap()
    })
}

/// Every operation: method, path, what is said of it.
pub fn operations() -> impl Iterator<Item = (String, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    })
}

/// The operation that a request is for; paths and methods that there are not are none's.
pub fn operation(method: &str, target: &str) -> Option<&'static Value> {
    let path = target.split('?').next().unwrap();
    let matches = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(part, given)| part == given || (part == "{id}" && !given.is_empty()))
    };
    let found = operations().find(|(of, template, _)| of == method && matches(template));
    found.map(|(_, _, operation)| operation)
}

/// Panics unless the document allows the answer.
pub fn hold(method: &str, target: &str, answer: &Answer) {
    if let Err(why) = check(method, target, answer) {
        panic!("docs/openapi.json does not say this: {why}\n{method} {target}\n{answer:?}");
    }
}

fn check(method: &str, target: &str, answer: &Answer) -> Result<(), String> {
    if is_of_the_http_library(answer) {
        return Ok(());
    }
    if answer.header("x-content-type-options") != Some("nosniff") {
        return Err("no nosniff".to_owned());
    }
    let Some(operation) = operation(method, target) else { return Ok(()) };
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Err(format!("status {}", answer.status));
    }
    let response = resolved(response);
    let headers = response["headers"].as_object().into_iter().flat_map(|headers| headers.keys());
    // Services of most tests count nobody's requests.
    for name in headers.filter(|name| !name.starts_with("RateLimit-")) {
        answer.header(name).ok_or_else(|| format!("{name} is missing"))?;
    }
    let media_type = answer.header("content-type").unwrap_or_default().split(';').next().unwrap();
    let content = &response["content"][media_type];
    if content.is_null() {
        return Err(format!("media type {media_type}"));
    }
    if media_type == "application/json" { conforms(&answer.json(), &content["schema"]) } else { Ok(()) }
}

/// What is no request in HTTP never becomes one of ours.
fn is_of_the_http_library(answer: &Answer) -> bool {
    [400, 414, 431].contains(&answer.status)
        && answer.text.is_empty()
        && answer.header("x-request-id").is_none()
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document().pointer(&reference[1..]).expect(reference),
        None => value,
    }
}

/// Whether `value` is what `schema` says, as far as this document needs: patterns are left to another tool. A field that is
/// not in the schema is an error, though JSON Schema would allow it.
pub fn conforms(value: &Value, schema: &'static Value) -> Result<(), String> {
    known(value, schema)?;
    is_of(value, schema)
}

fn known(value: &Value, schema: &'static Value) -> Result<(), String> {
    let (Some(fields), names) = (value.as_object(), names(schema)) else { return Ok(()) };
    match fields.keys().find(|name| !names.contains(name.as_str())) {
        // An object of which nothing is said may have anything.
        Some(name) if !names.is_empty() => Err(format!("the field {name}")),
        _ => Ok(()),
    }
}

fn names(schema: &'static Value) -> BTreeSet<&'static str> {
    let schema = resolved(schema);
    let own =
        schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str));
    own.chain(parts(schema).flat_map(names)).collect()
}

fn parts(schema: &'static Value) -> impl Iterator<Item = &'static Value> {
    ["allOf", "oneOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten())
}

fn is_of(value: &Value, schema: &'static Value) -> Result<(), String> {
    let schema = resolved(schema);
    let wrong = |what: &str| Err(format!("{value} is not of {what} {}", schema[what]));
    let types: Vec<_> = match &schema["type"] {
        Value::Null => vec![],
        Value::Array(types) => types.iter().collect(),
        one => vec![one],
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(value, name.as_str().unwrap())) {
        return wrong("type");
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return wrong("enum");
    }
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let within = |limit: &str, number: Option<u64>, is: fn(u64, u64) -> bool| {
        number.zip(schema[limit].as_u64()).is_none_or(|(number, limit)| is(number, limit))
    };
    for (limit, number, is) in [
        ("minLength", length, (|n, limit| n >= limit) as fn(u64, u64) -> bool),
        ("maxLength", length, |n, limit| n <= limit),
        ("minimum", value.as_u64(), |n, limit| n >= limit),
        ("maximum", value.as_u64(), |n, limit| n <= limit),
    ] {
        if !within(limit, number, is) {
            return wrong(limit);
        }
    }
    if let Some(fields) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.map(|name| name.as_str().unwrap()) {
            fields.get(name).ok_or_else(|| format!("{name} is missing"))?;
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            fields.get(name).map_or(Ok(()), |value| conforms(value, field))?;
        }
    }
    for item in value.as_array().into_iter().flatten() {
        if !schema["items"].is_null() {
            conforms(item, &schema["items"])?;
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        is_of(value, part)?;
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let fitting = alternatives.iter().filter(|one| is_of(value, one).is_ok()).count();
        if fitting != 1 {
            return Err(format!("{value} is {fitting} of the alternatives"));
        }
    }
    Ok(())
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => panic!("type {name}"),
    }
}
