//! What is known of one endpoint, and how the document says it.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder};
use utoipa::openapi::{
    Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement,
};

use super::failures::{self, Failure};
use super::{API_KEY, headers};
use crate::domain::access::Scope;
use crate::http::error::ErrorBody;

const JSON: &str = "application/json";
/// So many codes of one status are described once.
const SHARED: usize = 3;

/// One endpoint, as far as it is described.
#[derive(Default)]
pub(in crate::http) struct Description {
    pub(super) tag: &'static str,
    pub(super) operation_id: &'static str,
    pub(super) summary: &'static str,
    pub(super) text: &'static str,
    /// Any one of them will do; none: no key is asked for.
    pub(super) scopes: &'static [Scope],
    parameters: Vec<Parameter>,
    body: Option<Content>,
    answers: BTreeMap<u16, Response>,
    failures: Vec<&'static Failure>,
    /// What the above refers to.
    schemas: BTreeMap<String, RefOr<Schema>>,
}

/// What operations refer to.
#[derive(Default)]
pub(super) struct Referred {
    pub(super) schemas: BTreeMap<String, RefOr<Schema>>,
    pub(super) responses: BTreeMap<String, Response>,
}

impl Description {
    pub(super) fn fails(&mut self, failures: &[&'static Failure]) {
        self.failures.extend(failures);
    }

    pub(super) fn parameter<T: ToSchema>(&mut self, place: ParameterIn, name: &str, words: &str) {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(words))
            .schema(Some(self.refer_to::<T>()));
        self.parameters.push(parameter.build());
    }

    pub(super) fn body<T: ToSchema>(&mut self, example: Value) {
        let schema = self.refer_to::<T>();
        self.body = Some(ContentBuilder::new().schema(Some(schema)).example(Some(example)).build());
    }

    pub(super) fn answer<T: ToSchema>(&mut self, status: u16) {
        let schema = self.refer_to::<T>();
        self.answer_of(status, JSON, schema);
    }

    pub(super) fn answer_of(&mut self, status: u16, media_type: &str, schema: impl Into<RefOr<Schema>>) {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        self.answers.insert(status, ResponseBuilder::new().content(media_type, content).build());
    }

    /// Words and an example for an answer; an endpoint whose handler has no such answer gets none.
    pub(super) fn explain(&mut self, status: u16, words: &str, example: Option<Value>) {
        let Some(answer) = self.answers.get_mut(&status) else { return };
        words.clone_into(&mut answer.description);
        for content in answer.content.values_mut() {
            if let RefOr::T(content) = content {
                content.example.clone_from(&example);
            }
        }
    }

    pub(super) fn answer_header(&mut self, status: u16, name: &str) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer.headers.insert(name.to_owned(), RefOr::Ref(headers::refer_to(name)));
        }
    }

    fn refer_to<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut referred = Vec::new();
        T::schemas(&mut referred);
        self.schemas.extend(referred);
        self.schemas.insert(T::name().into_owned(), T::schema());
        RefOr::Ref(Ref::from_schema_name(T::name()))
    }

    /// The operation, and what it refers to.
    pub(super) fn finish(mut self, path: &str, is_unlimited: bool) -> (Operation, Referred) {
        self.refer_to::<ErrorBody<'_>>();
        self.failures.extend(failures::EVERYWHERE);
        if !is_unlimited {
            self.failures.extend(failures::OF_LIMITS);
        }
        let mut referred = Referred { schemas: self.schemas, responses: BTreeMap::new() };
        let mut responses = BTreeMap::new();
        for (status, mut answer) in self.answers {
            let no_store = path.starts_with("/spake").then_some("Cache-Control");
            let of_limits = headers::OF_LIMITS.into_iter().filter(|_| !is_unlimited);
            for name in headers::ALWAYS.into_iter().chain(no_store).chain(of_limits) {
                answer.headers.insert(name.to_owned(), RefOr::Ref(headers::refer_to(name)));
            }
            responses.insert(status, RefOr::T(answer));
        }
        for (status, failures) in by_status(&self.failures) {
            let codes: Vec<_> = failures.iter().map(|failure| failure.code).collect();
            let (name, refusal) = (codes.join("."), refusal(status, &failures));
            // Many endpoints have the same few; a list as long as that of a body's faults is its endpoint's own.
            responses.insert(
                status,
                if codes.len() <= SHARED {
                    let reference = Ref::from_response_name(&name);
                    referred.responses.insert(name, refusal);
                    RefOr::Ref(reference)
                } else {
                    RefOr::T(refusal)
                },
            );
        }
        let mut operation = OperationBuilder::new()
            .tag(self.tag)
            .operation_id(Some(self.operation_id))
            .summary(Some(self.summary))
            .description(Some(self.text).filter(|text| !text.is_empty()))
            .responses(responses_of(responses));
        for parameter in self.parameters {
            operation = operation.parameter(parameter);
        }
        operation = operation.parameter_ref(Ref::new("#/components/parameters/RequestId"));
        for scope in self.scopes {
            operation = operation.security(SecurityRequirement::new(API_KEY, [scope.name()]));
        }
        let body = self.body.map(|content| {
            RequestBodyBuilder::new().content(JSON, content).required(Some(Required::True)).build()
        });
        (operation.request_body(body).build(), referred)
    }
}

fn by_status<'a>(failures: &[&'a Failure]) -> BTreeMap<u16, Vec<&'a Failure>> {
    let mut by_status: BTreeMap<u16, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        let same = by_status.entry(failure.status).or_default();
        if same.iter().all(|other| other.code != failure.code) {
            same.push(failure);
        }
    }
    by_status
}

/// The response with the codes of `failures`, which have one status.
fn refusal(status: u16, failures: &[&Failure]) -> Response {
    let lines: Vec<_> =
        failures.iter().map(|failure| format!("`{}`: {}", failure.code, failure.when)).collect();
    let error = Ref::from_schema_name(ErrorBody::name());
    let codes = ObjectBuilder::new().property("code", failures::one_of(failures));
    let schema = Schema::AllOf(AllOfBuilder::new().item(error).item(codes).build());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let mut response = ResponseBuilder::new().description(lines.join("; ")).content(JSON, content);
    let own: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        429 => &["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
        503 => &["Retry-After"],
        _ => &[],
    };
    for name in headers::ALWAYS.into_iter().chain(own.iter().copied()) {
        response = response.header_ref(name, headers::refer_to(name));
    }
    response.build()
}

fn responses_of(responses: BTreeMap<u16, RefOr<Response>>) -> utoipa::openapi::Responses {
    let responses = responses.into_iter().map(|(status, response)| (status.to_string(), response));
    utoipa::openapi::ResponsesBuilder::new().responses_from_iter(responses).build()
}
