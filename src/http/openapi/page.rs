//! The document as one page of HTML that loads nothing and runs nothing.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");

/// The page, and the policy that lets it have its own style and nothing else.
pub(super) struct Page {
    pub(super) html: String,
    pub(super) policy: String,
}

impl Page {
    pub(super) fn of(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { html: rendered(&document), policy }
    }
}

fn rendered(document: &Value) -> String {
    let mut page = String::new();
    let title = format!("{} {}", text(document, "/info/title"), text(document, "/info/version"));
    let _ = write!(
        page,
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\
         <p>As a document for programs: <a href=\"openapi.json\">openapi.json</a>.</p>{}",
        prose(&text(document, "/info/description"))
    );
    page.push_str("<table>");
    for (method, path, operation) in operations(document) {
        let (id, summary) = (text(operation, "/operationId"), text(operation, "/summary"));
        let (method, path) = (escaped(&method.to_uppercase()), escaped(path));
        let _ =
            write!(page, "<tr><td>{method}</td><td><a href=\"#{id}\">{path}</a></td><td>{summary}</td></tr>");
    }
    page.push_str("</table>");
    for tag in items(document, "/tags") {
        let name = text(tag, "/name");
        let _ = write!(page, "<h2>{name}</h2>{}", prose(&text(tag, "/description")));
        for (method, path, operation) in operations(document).filter(|(.., one)| text(one, "/tags/0") == name)
        {
            operation_of(&mut page, document, method, path, operation);
        }
    }
    page.push_str("<h2>Forms</h2>");
    for (name, schema) in entries(document, "/components/schemas") {
        let _ = write!(page, "<h3 id=\"{0}\">{0}</h3>", escaped(name));
        form(&mut page, schema);
    }
    page.push_str("</body></html>\n");
    page
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    entries(document, "/paths").flat_map(|(path, methods)| {
        entries(methods, "").map(move |(method, operation)| (method, path, operation))
    })
}

fn operation_of(page: &mut String, document: &Value, method: &str, path: &str, operation: &Value) {
    let (method, path) = (escaped(&method.to_uppercase()), escaped(path));
    let id = text(operation, "/operationId");
    let _ = write!(
        page,
        "<section id=\"{id}\"><h3><b>{method}</b> <code>{path}</code></h3><p>{}.</p>{}",
        text(operation, "/summary"),
        prose(&text(operation, "/description"))
    );
    let scopes: Vec<_> = items(operation, "/security").map(|scope| text(scope, "/apiKey/0")).collect();
    if !scopes.is_empty() {
        let _ = write!(page, "<p>Scope: <code>{}</code></p>", scopes.join("</code> or <code>"));
    }
    page.push_str("<table>");
    for parameter in items(operation, "/parameters") {
        let parameter = resolved(document, parameter);
        let (name, place) = (text(parameter, "/name"), text(parameter, "/in"));
        let _ = write!(
            page,
            "<tr><td>{place}</td><td><code>{name}</code></td><td>{}<br>{}</td></tr>",
            kind(parameter.pointer("/schema").unwrap_or(&Value::Null)),
            inline(&text(parameter, "/description"))
        );
    }
    let content = "/requestBody/content/application~1json";
    if let Some(body) = operation.pointer(content) {
        let _ =
            write!(page, "<tr><td>body</td><td></td><td>{}{}</td></tr>", schema_of(body), example_of(body));
    }
    for (status, response) in entries(operation, "/responses") {
        let response = resolved(document, response);
        let content = entries(response, "/content").map(|(media_type, content)| {
            let schema = if status.starts_with('2') { schema_of(content) } else { String::new() };
            format!("<br>{} {schema}{}", escaped(media_type), example_of(content))
        });
        let content: String = if status.starts_with('2') { content.collect() } else { String::new() };
        let words = inline(&text(response, "/description")).replace("; <code>", "<br><code>");
        let _ = write!(page, "<tr><td>{}</td><td></td><td>{words}{content}</td></tr>", escaped(status));
    }
    page.push_str("</table></section>");
}

/// A schema's own words, its limits and its fields.
fn form(page: &mut String, schema: &Value) {
    page.push_str(&prose(&text(schema, "/description")));
    let _ = write!(page, "<p>{}</p>", kind(schema));
    let alternatives = items(schema, "/oneOf").chain(items(schema, "/allOf"));
    for one in std::iter::once(schema).chain(alternatives) {
        let required: Vec<_> = items(one, "/required").filter_map(Value::as_str).collect();
        if entries(one, "/properties").next().is_none() {
            continue;
        }
        let _ = write!(page, "{}<table>", prose(&text(one, "/description")));
        for (name, field) in entries(one, "/properties") {
            let optional = if required.contains(&&**name) { "" } else { "optional" };
            let _ = write!(
                page,
                "<tr><td><code>{}</code></td><td>{optional}</td><td>{} {}</td></tr>",
                escaped(name),
                kind(field),
                inline(&text(field, "/description"))
            );
        }
        page.push_str("</table>");
    }
}

fn schema_of(content: &Value) -> String {
    kind(content.pointer("/schema").unwrap_or(&Value::Null))
}

fn example_of(content: &Value) -> String {
    let example = content.pointer("/example").map(|example| format!("{example:#}"));
    example.map_or_else(String::new, |example| format!("<pre>{}</pre>", escaped(&example)))
}

/// What a value of the schema is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = text(schema, "/$ref").rsplit('/').next().filter(|name| !name.is_empty()) {
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let mut words: Vec<String> = Vec::new();
    match schema.pointer("/type") {
        Some(Value::String(one)) => words.push(escaped(one)),
        Some(Value::Array(types)) => {
            words.push(types.iter().filter_map(Value::as_str).map(escaped).collect::<Vec<_>>().join(" or "));
        }
        _ => {}
    }
    let several: Vec<_> = items(schema, "/oneOf").map(kind).collect();
    if !several.is_empty() {
        words.push(several.join(" or "));
    }
    if let Some(item) = schema.pointer("/items") {
        words.push(format!("of {}", kind(item)));
    }
    for name in ["enum", "format", "minLength", "maxLength", "minimum", "maximum", "default", "pattern"] {
        if let Some(value) = schema.get(name) {
            words.push(format!("{name} <code>{}</code>", escaped(&value.to_string())));
        }
    }
    words.join(", ")
}

/// What `value` is, or refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer =
        value.pointer("/$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.pointer(pointer).and_then(Value::as_object).map(Map::iter).into_iter().flatten()
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    escaped(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

/// Paragraphs of text that is escaped.
fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", inline(paragraph))).collect()
}

/// `code` in text that is escaped.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
