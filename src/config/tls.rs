//! TLS of the public listener: the variables and flags.

use std::path::PathBuf;

use clap::Args;

use super::InvalidConfig;

/// Which files the public listener's identity is in.
#[derive(Args)]
pub struct TlsArgs {
    /// PEM file with the certificate of the public listener, and those between it and its authority; then it speaks
    /// TLS only. Read again when it changes, as are the next two
    #[arg(long, env = "SPAKE_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// PEM file with the key of that certificate
    #[arg(long, env = "SPAKE_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// PEM file with the certificates that must have signed those of clients; without it clients need none
    #[arg(long, env = "SPAKE_TLS_CLIENT_CA", value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,
}

/// Files in PEM that belong together.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Our certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who must have signed the certificates of clients, if they need one.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Checks what the arguments mean together; none of them means no TLS.
    pub(super) fn from_args(args: &TlsArgs) -> Result<Option<Self>, InvalidConfig> {
        match (&args.tls_cert, &args.tls_key, &args.tls_client_ca) {
            (Some(cert), Some(key), client_ca) => {
                Ok(Some(Self { cert: cert.clone(), key: key.clone(), client_ca: client_ca.clone() }))
            }
            (None, None, None) => Ok(None),
            (None, None, Some(_)) => Err(InvalidConfig(
                "SPAKE_TLS_CLIENT_CA is of no use without SPAKE_TLS_CERT and SPAKE_TLS_KEY: set all three"
                    .to_owned(),
            )),
            _ => Err(InvalidConfig("SPAKE_TLS_CERT and SPAKE_TLS_KEY belong together; set both".to_owned())),
        }
    }
}
