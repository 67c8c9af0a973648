//! The forms of fields, parameters and headers, and the bodies of requests. (Bodies of answers are described where they
//! are made.)
#![allow(dead_code, reason = "these types exist to be described")]

use utoipa::ToSchema;

use crate::http::kdf::KdfDescriptor;

/// 1 to 128 bytes of UTF-8 without `/` and control characters, not `.` or `..`.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128, pattern = r"^[^/\u0000-\u001f\u007f-\u009f]+$", examples("demo"))]
pub(in crate::http) struct SessionId(String);

/// 1 to 256 bytes of UTF-8 without `/` and control characters, not `.` or `..`; compared in NFC.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 256, pattern = r"^[^/\u0000-\u001f\u007f-\u009f]+$", examples("alice"))]
pub(in crate::http) struct CredentialId(String);

/// The client's identity in the protocol: at most 256 bytes of UTF-8 without control characters. The client uses the same.
#[derive(ToSchema)]
#[schema(max_length = 256, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", examples(""))]
pub(in crate::http) struct ClientId(String);

/// At most 1,024 bytes of UTF-8 after preparation: non-ASCII spaces become spaces, then NFC.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 1024, format = Password, examples("mypassword"))]
pub(in crate::http) struct Password(String);

/// A point of P-256 in SEC1's uncompressed form, 65 bytes in hex; answers have lower case.
#[derive(ToSchema)]
#[schema(min_length = 130, max_length = 130, pattern = "^04[0-9a-fA-F]{128}$")]
pub(in crate::http) struct Point(String);

/// A proof that its sender knows the password: 32 bytes in hex.
#[derive(ToSchema)]
#[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-fA-F]{64}$")]
pub(in crate::http) struct Confirmation(String);

/// A scalar of P-256, not 0 and below the order, 32 bytes in hex.
#[derive(ToSchema)]
#[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-fA-F]{64}$")]
pub(in crate::http) struct Scalar(String);

/// The key that both sides have, 32 bytes in hex.
#[derive(ToSchema)]
#[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
pub(in crate::http) struct SharedSecret(String);

/// 16 to 64 bytes in hex.
#[derive(ToSchema)]
#[schema(min_length = 32, max_length = 128, pattern = "^([0-9a-fA-F]{2}){16,64}$")]
pub(in crate::http) struct Salt(String);

/// RFC 3339, in UTC.
#[derive(ToSchema)]
#[schema(format = DateTime, examples("2026-11-24T09:00:00.000Z"))]
pub(in crate::http) struct Time(String);

/// Where a session is in its life.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::http) enum Status {
    Initiated,
    Completed,
    Failed,
}

/// SPAKE2 for pairings, SPAKE2+ for accounts.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(in crate::http) enum Protocol {
    Spake2,
    Spake2Plus,
}

/// The state of a credential.
#[derive(ToSchema)]
#[schema(pattern = "^\"[0-9a-f]{16}\"$", examples("\"00000000000000a1\""))]
pub(in crate::http) struct ETag(String);

/// Anything but there being one.
#[derive(ToSchema)]
pub(in crate::http) enum NoneYet {
    #[schema(rename = "*")]
    Star,
}

#[derive(ToSchema)]
#[schema(minimum = 1, maximum = 1000, default = 100)]
pub(in crate::http) struct Limit(u32);

/// Where a listing goes on; made by the service.
#[derive(ToSchema)]
pub(in crate::http) struct Cursor(String);

/// Opens a session.
#[derive(ToSchema)]
pub(in crate::http) struct Initiate {
    /// The service makes a UUIDv7 when it is absent. It must not begin with `login-`.
    #[schema(value_type = SessionId, required = false)]
    session_id: Option<SessionId>,
    password: Password,
    client_id: Option<ClientId>,
}

/// The client's share, and its confirmation if it has one already.
#[derive(ToSchema)]
pub(in crate::http) struct Exchange {
    session_id: SessionId,
    /// pA.
    client_public_key: Point,
    /// cA.
    client_confirmation: Option<Confirmation>,
}

/// The client's confirmation.
#[derive(ToSchema)]
pub(in crate::http) struct Confirm {
    session_id: SessionId,
    /// cA of a pairing, confirmP of a login.
    client_confirmation: Confirmation,
}

/// The client's share.
#[derive(ToSchema)]
pub(in crate::http) struct Login {
    credential_id: CredentialId,
    /// shareP.
    client_public_key: Point,
}

/// What the service keeps of a password (RFC 9383).
#[derive(ToSchema)]
pub(in crate::http) struct Verifier {
    w0: Scalar,
    #[schema(rename = "L")]
    l: Point,
}

/// A verifier, or a password for the service to stretch.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Register {
    /// What a client has stretched.
    Verifier {
        verifier: Verifier,
        /// How it was stretched; left out: as `…/kdf` says.
        #[schema(value_type = KdfDescriptor, required = false)]
        kdf: Option<KdfDescriptor>,
        /// `true`: it answers like one that does not exist. Left out, it stays as it is.
        #[schema(value_type = bool, required = false)]
        disabled: Option<bool>,
    },
    /// For backends that are trusted with it.
    Password {
        password: Password,
        /// How to stretch it; left out: by today's policy.
        #[schema(value_type = KdfDescriptor, required = false)]
        kdf: Option<KdfDescriptor>,
        /// `true`: it answers like one that does not exist. Left out, it stays as it is.
        #[schema(value_type = bool, required = false)]
        disabled: Option<bool>,
    },
}

/// Disables a credential, or enables it again.
#[derive(ToSchema)]
pub(in crate::http) struct Change {
    disabled: bool,
}
