//! A client that speaks TLS in the way that a test wants.

use std::fs;
use std::io::{Error, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use super::{Answer, TestApp, read_one_answer};

pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// What it trusts and shows. It keeps tickets, and resumes sessions where it may.
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    pub fn trusting(ca: PathBuf) -> Self {
        Self::new(&ca, rustls::ALL_VERSIONS, None, &[])
    }

    /// With a certificate and its key.
    pub fn with_certificate(ca: PathBuf, cert: PathBuf, key: PathBuf) -> Self {
        Self::new(&ca, rustls::ALL_VERSIONS, Some((cert, key)), &[])
    }

    pub fn of_version(ca: PathBuf, version: &'static SupportedProtocolVersion) -> Self {
        Self::new(&ca, &[version], None, &[])
    }

    pub fn speaking(ca: PathBuf, protocol: &str) -> Self {
        Self::new(&ca, rustls::ALL_VERSIONS, None, &[protocol])
    }

    fn new(
        ca: &Path,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<(PathBuf, PathBuf)>,
        protocols: &[&str],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&fs::read(ca).unwrap()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let cert = CertificateDer::from_pem_slice(&fs::read(cert).unwrap()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(&fs::read(key).unwrap()).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// A connection whose handshake has ended well, as far as this side can tell.
    pub fn connect(&self, app: &TestApp) -> Result<TlsStream, Error> {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        let stream = TcpStream::connect(&app.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    /// Whether a request gets through: with TLS 1.3 a client learns only then that its certificate was refused.
    pub fn is_let_in(&self, app: &TestApp) -> bool {
        let Ok(mut stream) = self.connect(app) else { return false };
        let sent = stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answered = sent.and_then(|()| std::io::Read::read_exact(&mut stream, &mut [0; 15]));
        answered.is_ok()
    }

    /// The certificate that the service shows now.
    pub fn sees(&self, app: &TestApp) -> Option<Vec<u8>> {
        let stream = self.connect(app).ok()?;
        Some(stream.conn.peer_certificates()?.first()?.to_vec())
    }
}

/// A request on a connection that stays.
pub fn get(stream: &mut TlsStream, host: &str, path: &str) -> Answer {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    read_one_answer(stream)
}
