//! A route and its description, made together: one cannot be without the other.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

use super::description::{Description, Referred};
use super::failures::Failure;
use super::headers;
use super::signature::Signature;
use crate::http::App;

/// One method of one path.
pub(in crate::http) struct Endpoint {
    pub(super) method: HttpMethod,
    method_name: &'static str,
    pub(super) path: &'static str,
    route: MethodRouter<App>,
    description: Description,
    is_unlimited: bool,
}

macro_rules! methods {
    ($($name:ident $filter:ident $method:ident;)+) => {
        $(
            pub(in crate::http) fn $name<H, T, A>(path: &'static str, handler: H) -> Endpoint
            where
                H: Handler<T, App> + Signature<A>,
                T: 'static,
            {
                let mut description = Description::default();
                H::describe(&mut description);
                let route = on(MethodFilter::$filter, handler);
                Endpoint {
                    method: HttpMethod::$method,
                    method_name: stringify!($filter),
                    path,
                    route,
                    description,
                    is_unlimited: false,
                }
            }
        )+
    };
}

methods! {
    get GET Get;
    post POST Post;
    put PUT Put;
    patch PATCH Patch;
    delete DELETE Delete;
}

impl Endpoint {
    /// Its group, its name in generated clients, and what it does.
    pub(in crate::http) fn does(
        mut self,
        tag: &'static str,
        operation_id: &'static str,
        summary: &'static str,
    ) -> Self {
        self.description.tag = tag;
        self.description.operation_id = operation_id;
        self.description.summary = summary;
        self
    }

    /// More words.
    pub(in crate::http) fn says(mut self, text: &'static str) -> Self {
        self.description.text = text;
        self
    }

    /// The body of its requests.
    pub(in crate::http) fn takes<T: ToSchema>(mut self, example: Value) -> Self {
        self.description.body::<T>(example);
        self
    }

    pub(in crate::http) fn takes_query<T: ToSchema>(mut self, name: &str, words: &str) -> Self {
        self.description.parameter::<T>(ParameterIn::Query, name, words);
        self
    }

    pub(in crate::http) fn takes_header<T: ToSchema>(mut self, name: &str, words: &str) -> Self {
        self.description.parameter::<T>(ParameterIn::Header, name, words);
        self
    }

    /// Its answer of 200, whose type its handler has named.
    pub(in crate::http) fn answers(mut self, words: &str, example: Value) -> Self {
        self.description.explain(200, words, Some(example));
        self
    }

    /// Another answer than the type of its handler names.
    pub(in crate::http) fn answers_as<T: ToSchema>(
        mut self,
        status: u16,
        words: &str,
        example: Value,
    ) -> Self {
        self.description.answer::<T>(status);
        self.description.explain(status, words, Some(example));
        self.description.answer_header(status, headers::ETAG);
        self
    }

    /// An answer that is a document.
    pub(in crate::http) fn answers_with(mut self, media_type: &str, schema_type: Type, words: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(schema_type));
        self.description.answer_of(200, media_type, schema);
        self.description.explain(200, words, None);
        self
    }

    /// The errors that are its own.
    pub(in crate::http) fn refuses(mut self, failures: &[&'static Failure]) -> Self {
        self.description.fails(failures);
        self
    }

    /// It answers however often it is asked, and however busy the service is.
    pub(in crate::http) const fn without_limits(mut self) -> Self {
        self.is_unlimited = true;
        self
    }

    pub(in crate::http) const fn is_unlimited(&self) -> bool {
        self.is_unlimited
    }

    /// Its method and path.
    pub(in crate::http) const fn name(&self) -> (&'static str, &'static str) {
        (self.method_name, self.path)
    }

    /// Adds it to `router`.
    pub(in crate::http) fn serve(self, router: Router<App>) -> Router<App> {
        router.route(self.path, self.route)
    }

    /// Its operation in the document, and what this refers to.
    pub(super) fn finish(self) -> (Operation, Referred) {
        self.description.finish(self.path, self.is_unlimited)
    }
}
