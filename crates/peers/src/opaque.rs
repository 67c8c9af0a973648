//! OPAQUE (RFC 9807), the other asymmetric PAKE: a whole login on the server's side.
//!
//! Stretching is the client's part, as it is with the service, so the suites have none. The server has its setup and the
//! account's password file at hand, decoded, as the service's verifier has its record.

use opaque_ke::ciphersuite::CipherSuite;
use opaque_ke::errors::ProtocolError;
use opaque_ke::ksf::Identity;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, ServerLogin, ServerLoginParameters, ServerRegistration,
    ServerSetup, TripleDh,
};
use rand::rngs::OsRng;

use crate::clock::timed;
use crate::{Trouble, Work};

const ID: &[u8] = b"alice";
const PASSWORD: &[u8] = b"correct horse";

/// Whole logins with one suite. A macro, because a generic function would have to repeat the bounds of all these types.
macro_rules! suite {
    ($name:ident, $oprf:ty, $key_exchange:ty) => {
        pub(crate) fn $name() -> Result<Work, Trouble> {
            struct Suite;

            impl CipherSuite for Suite {
                type OprfCs = $oprf;
                type KeyExchange = $key_exchange;
                type Ksf = Identity;
            }

            let setup = ServerSetup::<Suite>::new(&mut OsRng);
            let client = ClientRegistration::<Suite>::start(&mut OsRng, PASSWORD).map_err(words)?;
            let answer = ServerRegistration::start(&setup, client.message, ID).map_err(words)?.message;
            let parameters = ClientRegistrationFinishParameters::default();
            let upload = client.state.finish(&mut OsRng, PASSWORD, answer, parameters).map_err(words)?;
            let password_file = ServerRegistration::finish(upload.message);

            Ok(Box::new(move || {
                let client = ClientLogin::<Suite>::start(&mut OsRng, PASSWORD).map_err(words)?;
                let (request, password_file) = (client.message.serialize(), Some(password_file.clone()));
                let (server, first) = timed(|| {
                    let request = CredentialRequest::deserialize(&request)?;
                    let parameters = ServerLoginParameters::default();
                    let server =
                        ServerLogin::start(&mut OsRng, &setup, password_file, request, ID, parameters)?;
                    Ok((server.message.serialize(), server.state, server.message))
                });
                let (_, state, answer) = server.map_err(words)?;
                let parameters = ClientLoginFinishParameters::default();
                let client = client.state.finish(&mut OsRng, PASSWORD, answer, parameters).map_err(words)?;
                let last = client.message.serialize();
                let (server, second) = timed(|| {
                    let last = CredentialFinalization::deserialize(&last)?;
                    state.finish(last, ServerLoginParameters::default())
                });
                if server.map_err(words)?.session_key != client.session_key {
                    return Err("client and server have different keys".to_owned());
                }
                Ok(first + second)
            }))
        }
    };
}

// What opaque-ke calls its default.
suite!(ristretto255, opaque_ke::Ristretto255, TripleDh<opaque_ke::Ristretto255, sha2::Sha512>);
// The service's curve.
suite!(p256, p256::NistP256, TripleDh<p256::NistP256, sha2::Sha256>);

fn words(error: ProtocolError) -> Trouble {
    error.to_string()
}
