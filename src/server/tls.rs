//! TLS of the public listener: from PEM files to what handshakes are made with, and again when the files change.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

use super::watch::Watch;
use crate::config::TlsFiles;

const CERT: &str = "SPAKE_TLS_CERT";
const KEY: &str = "SPAKE_TLS_KEY";
const CLIENT_CA: &str = "SPAKE_TLS_CLIENT_CA";

/// A file that is of no use, and the variable that names it.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {}: {what}", file.display())]
pub struct BadTlsFile {
    variable: &'static str,
    file: PathBuf,
    what: String,
}

/// Reads the files, and keeps the configuration at what stands in them. Files that are of no use later are named in the
/// log, and the configuration stays.
pub(super) fn start(files: TlsFiles) -> Result<(RustlsConfig, Expiry), BadTlsFile> {
    let watch = Watch::on([&files.cert, &files.key].into_iter().chain(&files.client_ca).cloned());
    let (config, expiry) = (read(&files)?, Expiry::default());
    expiry.note(config.expires);
    let config = RustlsConfig::from_config(config.server);
    let (current, noted) = (config.clone(), expiry.clone());
    watch.call("TLS certificate", move || {
        let read = read(&files)?;
        // Open connections go on; sessions of the old configuration cannot be resumed.
        current.reload_from_config(read.server);
        noted.note(read.expires);
        tracing::info!("TLS certificate read again");
        Ok::<_, BadTlsFile>(())
    });
    Ok((config, expiry))
}

/// When the first certificate of the chain in use expires.
#[derive(Clone, Default)]
pub(super) struct Expiry(Arc<AtomicU64>);

impl Expiry {
    /// In seconds since 1970, if it could be read.
    pub(super) fn seconds(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }

    fn note(&self, expires: Option<UnixTime>) {
        self.0.store(expires.map_or(0, |time| time.as_secs()), Ordering::Relaxed);
    }
}

/// What the files come to.
struct FromFiles {
    server: Arc<ServerConfig>,
    expires: Option<UnixTime>,
}

/// Whether the files are of use.
pub(super) fn check(files: &TlsFiles) -> Result<(), BadTlsFile> {
    read(files).map(drop)
}

fn read(files: &TlsFiles) -> Result<FromFiles, BadTlsFile> {
    // Named, for there is no default any more as soon as another crate brings a second provider.
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(CERT, &files.cert)?;
    let key = private_key(&files.key)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(CERT, &files.cert, error))?;
    let leaf = chain.first().cloned();
    let expires = chain.iter().filter_map(|certificate| expires(certificate, &provider)).min();
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => builder.with_client_cert_verifier(client_verifier(file, Arc::clone(&provider))?),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            bad(KEY, &files.key, format!("is not the key of the certificate of {CERT}"))
        }
        Error::InvalidCertificate(_) => bad(CERT, &files.cert, error),
        _ => bad(KEY, &files.key, error),
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if files.client_ca.is_some() {
        // Who resumes a session shows no certificate, and one that has expired meanwhile would not be noticed.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    // Last, so that what is of no use is all that is said.
    warn_of_validity(&files.cert, leaf.as_ref(), &provider);
    warn_of_readers(&files.key);
    Ok(FromFiles { server: Arc::new(config), expires })
}

fn client_verifier(
    file: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, BadTlsFile> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(CLIENT_CA, file)? {
        roots.add(certificate).map_err(|error| bad(CLIENT_CA, file, error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| bad(CLIENT_CA, file, error))
}

fn certificates(variable: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, BadTlsFile> {
    let pem = std::fs::read(file).map_err(|error| bad(variable, file, error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| bad(variable, file, error))?;
    if certificates.is_empty() {
        return Err(bad(variable, file, "holds no certificate in PEM"));
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, BadTlsFile> {
    let pem = Zeroizing::new(std::fs::read(file).map_err(|error| bad(KEY, file, error))?);
    let none = "holds no private key in PEM; one with a passphrase is not read";
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| bad(KEY, file, none))
}

/// A certificate out of its time is no reason not to start: the clock may be wrong, and clients judge by theirs.
fn warn_of_validity(file: &Path, certificate: Option<&CertificateDer<'_>>, provider: &CryptoProvider) {
    let checked = certificate.and_then(|certificate| judged_at(UnixTime::now(), certificate, provider));
    if let Some(Error::InvalidCertificate(
        error @ (CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. }),
    )) = checked
    {
        tracing::warn!("{CERT}: {}: {error}; clients will refuse it", file.display());
    }
}

/// Seen from the end of time, it expired.
fn expires(certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> Option<UnixTime> {
    let end_of_time = UnixTime::since_unix_epoch(Duration::from_secs(253_402_300_799));
    match judged_at(end_of_time, certificate, provider)? {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => Some(not_after),
        _ => None,
    }
}

/// What is wrong with a certificate at a time.
fn judged_at(time: UnixTime, certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> Option<Error> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    // Nobody signed it for this empty list of authorities, but the time is looked at first.
    let (nobody, algorithms) = (RootCertStore::empty(), provider.signature_verification_algorithms.all);
    verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], time, algorithms).err()
}

fn warn_of_readers(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let everybody = std::fs::metadata(key).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0);
    if everybody {
        tracing::warn!("{KEY}: {}: everybody on this machine can read the key; chmod 600", key.display());
    }
}

fn bad(variable: &'static str, file: &Path, what: impl Display) -> BadTlsFile {
    BadTlsFile { variable, file: file.to_owned(), what: what.to_string() }
}
