//! What a handler's signature says of its requests and answers: each extractor brings its parameters and its errors, so
//! that a handler that begins to take something is documented to take it.

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use utoipa::ToSchema;
use utoipa::openapi::path::ParameterIn;

use super::description::Description;
use super::failures::{self as on, Failure};
use super::schemas;
use crate::domain::ids::{CredentialId, SessionId};
use crate::http::access::{May, Permission};
use crate::http::client_address::ClientAddress;
use crate::http::conditions::Conditional;
use crate::http::error::ApiError;
use crate::http::paging::Paging;
use crate::http::path::PathId;
use crate::http::payload::Payload;

/// A handler whose arguments and answer are described.
pub(in crate::http) trait Signature<Arguments> {
    fn describe(to: &mut Description);
}

/// An argument of a handler.
pub(in crate::http) trait Argument {
    fn describe(to: &mut Description);
}

/// What a handler returns.
pub(in crate::http) trait Answer {
    fn describe(to: &mut Description);
}

macro_rules! signatures {
    ($($argument:ident)*) => {
        impl<F, Fut, Out, $($argument,)*> Signature<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future<Output = Out>,
            Out: Answer,
            $($argument: Argument,)*
        {
            fn describe(to: &mut Description) {
                $($argument::describe(to);)*
                Out::describe(to);
            }
        }
    };
}

signatures! {}
signatures! { A }
signatures! { A B }
signatures! { A B C }
signatures! { A B C D }
signatures! { A B C D E }
signatures! { A B C D E G }

/// What the service gives to a handler, and a caller does not see.
macro_rules! of_no_interest_to_callers {
    ($($argument:ty),+) => {
        $(impl Argument for $argument {
            fn describe(_: &mut Description) {}
        })+
    };
}

of_no_interest_to_callers!(State<crate::http::App>, Extension<ClientAddress>);

impl<P: Permission> Argument for May<P> {
    fn describe(to: &mut Description) {
        to.scopes = P::ANY_OF;
        to.fails(&[on::MISSING_API_KEY, on::UNKNOWN_API_KEY, on::MISSING_SCOPE]);
    }
}

impl Argument for Payload {
    fn describe(to: &mut Description) {
        to.fails(&[
            on::NO_PAYLOAD,
            on::MALFORMED_JSON,
            on::NOT_AN_OBJECT,
            on::INCOMPLETE_BODY,
            on::WRONG_CONTENT_TYPE,
            on::UNSUPPORTED_CHARSET,
            on::MISSING_FIELD,
            on::REQUEST_TIMEOUT,
            on::PAYLOAD_TOO_LARGE,
            on::UNSUPPORTED_ENCODING,
        ]);
    }
}

impl Argument for PathId<SessionId> {
    fn describe(to: &mut Description) {
        to.parameter::<schemas::SessionId>(ParameterIn::Path, "id", "The session, percent-encoded");
        to.fails(&[on::INVALID_PATH, on::SESSION_NOT_FOUND]);
    }
}

impl Argument for PathId<CredentialId> {
    fn describe(to: &mut Description) {
        to.parameter::<schemas::CredentialId>(ParameterIn::Path, "id", "The credential, percent-encoded");
        to.fails(&[on::INVALID_PATH, on::INVALID_CREDENTIAL_ID]);
    }
}

impl Argument for Conditional {
    fn describe(to: &mut Description) {
        let words = "Do it only if the credential is in the state of this ETag";
        to.parameter::<schemas::ETag>(ParameterIn::Header, "If-Match", words);
        to.fails(&[on::INVALID_CONDITION, on::PRECONDITION_FAILED]);
    }
}

impl Argument for Paging {
    fn describe(to: &mut Description) {
        to.parameter::<schemas::Limit>(ParameterIn::Query, "limit", "The longest page; it may be shorter");
        let words = "The next_cursor of the page before";
        to.parameter::<schemas::Cursor>(ParameterIn::Query, "cursor", words);
        to.fails(&[on::INVALID_QUERY, on::INVALID_LIMIT, on::INVALID_CURSOR]);
    }
}

impl<T: ToSchema> Answer for Json<T> {
    fn describe(to: &mut Description) {
        to.answer::<T>(200);
    }
}

/// An answer of a shape that its endpoint describes.
impl Answer for Response {
    fn describe(_: &mut Description) {}
}

impl<T: Answer> Answer for Result<T, ApiError> {
    fn describe(to: &mut Description) {
        T::describe(to);
        const OF_THE_STORE: &[&Failure] = &[on::STORE_UNAVAILABLE, on::OUTCOME_UNKNOWN];
        to.fails(OF_THE_STORE);
    }
}
