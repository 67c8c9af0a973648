//! TLS on the public listener.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::support::certificates::Certificates;
use crate::support::http2::Http2;
use crate::support::tls::{TlsClient, get};
use crate::support::{ITERATIONS, TestApp, eventually, run};

/// A service with the server's certificate, from files that a test may replace; more variables override.
fn serving(certificates: &Certificates, variables: &[(&str, &str)]) -> TestApp {
    let (cert, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let tls = [("SPAKE_TLS_CERT", cert.to_str().unwrap()), ("SPAKE_TLS_KEY", key.to_str().unwrap())];
    TestApp::with(&[&tls, variables].concat())
}

/// Puts another file in place of `to`, in one step.
fn replace(to: &Path, content: &[u8]) {
    let new = to.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, to).unwrap();
}

/// A second authority's certificate and key in place of the server's.
fn renew(certificates: &Certificates, other: &Certificates) {
    for file in ["server.crt", "server.key"] {
        replace(&certificates.path(file), &fs::read(other.path(file)).unwrap());
    }
}

#[test]
fn both_versions_are_spoken_and_the_guard_is_the_same() {
    let certificates = Certificates::make();
    let app = serving(&certificates, &[]);
    assert!(app.url.starts_with("https://127.0.0.1:"), "{}", app.url);
    for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let mut stream = TlsClient::of_version(certificates.ca(), version).connect(&app).unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(spoken));
        get(&mut stream, "localhost", "/health").ok();
        get(&mut stream, "example.org", "/health").refused(403, "foreign_request");
    }
}

/// A ClientHello that offers `version` at most, with ciphers and extensions that fit 1.1 and 1.2.
fn client_hello(version: u8) -> Vec<u8> {
    let extensions: [&[u8]; 3] = [
        &[0, 10, 0, 4, 0, 2, 0, 23],      // supported_groups: secp256r1
        &[0, 11, 0, 2, 1, 0],             // ec_point_formats: uncompressed
        &[0, 13, 0, 6, 0, 4, 4, 3, 8, 4], // signature_algorithms: ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256
    ];
    let extensions = extensions.concat();
    let ciphers = [0xc0, 0x2b, 0xc0, 0x09, 0x00, 0xff]; // ECDHE-ECDSA with AES-GCM and AES-CBC; no renegotiation
    let mut hello = [&[3, version][..], &[7; 32], &[0], &[0, 6], &ciphers, &[1, 0]].concat();
    hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    hello.extend(extensions);
    let length = u8::try_from(hello.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &*hello].concat()
}

#[test]
fn a_version_before_1_2_is_refused() {
    let certificates = Certificates::make();
    let app = serving(&certificates, &[]);
    let answer = |version| {
        let mut stream = TcpStream::connect(&app.address).unwrap();
        stream.write_all(&client_hello(version)).unwrap();
        let mut record = [0; 7];
        stream.read_exact(&mut record).unwrap();
        record
    };
    assert_eq!(answer(3)[..1], [22], "1.2 goes on with its handshake");
    assert_eq!(answer(2)[5..], [2, 70], "1.1 gets the fatal alert protocol_version");
}

#[test]
fn http2_is_spoken_if_a_client_offers_it() {
    let certificates = Certificates::make();
    let app = serving(&certificates, &[]);
    let stream = TlsClient::speaking(certificates.ca(), "h2").connect(&app).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    let mut connection = Http2::start(stream);
    assert!(connection.get("localhost", "/health").contains("healthy"));
    assert!(connection.get("example.org", "/health").contains("foreign_request"));
    let stream = TlsClient::speaking(certificates.ca(), "http/1.1").connect(&app).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(TlsClient::speaking(certificates.ca(), "h3").connect(&app).is_err());
}

#[test]
fn a_new_certificate_is_for_new_connections_and_open_ones_go_on() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let app = serving(&certificates, &[]);
    let mut open = TlsClient::trusting(certificates.ca()).connect(&app).unwrap();
    get(&mut open, "localhost", "/health").ok();
    renew(&certificates, &other);
    let client = TlsClient::trusting(other.ca());
    eventually("the new certificate", || client.sees(&app));
    get(&mut open, "localhost", "/health").ok();
    eventually("a line", || app.log().contains("TLS certificate read again").then_some(()));
}

#[test]
fn new_files_of_no_use_are_named_once_and_the_old_stay() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let app = serving(&certificates, &[]);
    let client = TlsClient::trusting(certificates.ca());
    let before = client.sees(&app).unwrap();
    for (file, content, variable, reason) in [
        ("server.key", fs::read(other.path("server.key")).unwrap(), "SPAKE_TLS_KEY", "is not the key"),
        ("server.crt", b"nothing".to_vec(), "SPAKE_TLS_CERT", "holds no certificate"),
    ] {
        replace(&certificates.path(file), &content);
        let named = |log: String| log.lines().any(|line| line.contains(reason) && line.contains(variable));
        eventually(reason, || named(app.log()).then_some(()));
        assert_eq!(client.sees(&app).as_ref(), Some(&before));
    }
    renew(&certificates, &other);
    let new = TlsClient::trusting(other.ca());
    eventually("good files after bad ones", || new.sees(&app));
    assert_eq!(app.log().matches("not replaced").count(), 2, "{}", app.log());
}

#[test]
fn clients_need_a_certificate_of_the_authority_that_was_named() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let ca = certificates.path("clients.crt");
    fs::copy(certificates.ca(), &ca).unwrap();
    let app = serving(&certificates, &[("SPAKE_TLS_CLIENT_CA", ca.to_str().unwrap())]);
    let known = TlsClient::with_certificate(certificates.ca(), certificates.cert(), certificates.key());
    let foreign = TlsClient::with_certificate(certificates.ca(), other.cert(), other.key());
    assert!(known.is_let_in(&app));
    assert!(known.is_let_in(&app), "again");
    assert!(!foreign.is_let_in(&app), "a certificate of another authority");
    assert!(!TlsClient::trusting(certificates.ca()).is_let_in(&app), "no certificate");
    let server = (certificates.path("server.crt"), certificates.path("server.key"));
    let server = TlsClient::with_certificate(certificates.ca(), server.0, server.1);
    assert!(!server.is_let_in(&app), "a certificate that is for servers");
    // The authority of clients changes: what it signed before does not help, nor does a session from before.
    replace(&ca, &fs::read(other.ca()).unwrap());
    eventually("the other authority's clients", || foreign.is_let_in(&app).then_some(()));
    assert!(!known.is_let_in(&app), "a session was resumed");
    assert!(!TlsClient::trusting(certificates.ca()).is_let_in(&app), "no certificate");
}

#[test]
fn half_a_handshake_is_closed() {
    let certificates = Certificates::make();
    let app = serving(&certificates, &[("SPAKE_REQUEST_TIMEOUT", "500ms")]);
    let hello = client_hello(3);
    for sent in [&b""[..], &hello[..20], &hello, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut stream = TcpStream::connect(&app.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        stream.write_all(sent).unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        let still_open = |error: std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
        assert!(!ended.is_err_and(still_open), "{} bytes: not closed", sent.len());
    }
    // And who has finished it, and says nothing.
    let mut stream = TlsClient::trusting(certificates.ca()).connect(&app).unwrap();
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap_or(0), 0);
    assert!(TlsClient::trusting(certificates.ca()).is_let_in(&app));
}

#[test]
fn the_commands_trust_the_authority_that_they_are_told() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let app = serving(&certificates, &[]);
    let (ca, foreign) = (certificates.ca(), other.ca());
    let (ca, foreign) = (ca.to_str().unwrap(), foreign.to_str().unwrap());
    let pair = ["pair", "--url", &app.url, "--iterations", ITERATIONS, "--password", "pw"];
    let (code, out, err) = run(&[], &[&pair[..], &["--ca", ca]].concat());
    assert!(code == 0 && out.contains("shared_secret"), "{err}");
    assert_eq!(run(&[("SPAKE_CA", ca)], &pair).0, 0);
    let (code, _, err) = run(&[("SPAKE_CA", ca)], &["credential", "list", "--url", &app.url]);
    assert_eq!(code, 0, "{err}");
    for arguments in [&pair[..], &[&pair[..], &["--ca", foreign]].concat()] {
        let (code, out, err) = run(&[], arguments);
        assert!(code == 1 && out.is_empty() && err.contains("certificate"), "{err}");
    }
    for (file, reason) in [("/nonexistent/ca", "No such file"), ("/dev/null", "holds no certificate")] {
        let (code, _, err) = run(&[("SPAKE_CA", file)], &pair);
        assert!(code == 2 && err.contains("SPAKE_CA") && err.contains(file) && err.contains(reason), "{err}");
    }
    // Beside the service it is no misspelt variable.
    TestApp::with(&[("SPAKE_CA", ca)]).get("/health").ok();
}

#[test]
fn files_of_no_use_stop_the_start_and_are_named() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let (good, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let (empty, missing) = (certificates.path("empty"), certificates.path("missing"));
    let (foreign, nonsense) = (other.path("server.key"), certificates.path("nonsense"));
    fs::write(&empty, "").unwrap();
    fs::write(&nonsense, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (cert, key, client_ca, variable, file, reason) in [
        (&missing, &key, None, "SPAKE_TLS_CERT", &missing, "No such file"),
        (&empty, &key, None, "SPAKE_TLS_CERT", &empty, "holds no certificate"),
        (&nonsense, &key, None, "SPAKE_TLS_CERT", &nonsense, "certificate"),
        (&good, &missing, None, "SPAKE_TLS_KEY", &missing, "No such file"),
        (&good, &empty, None, "SPAKE_TLS_KEY", &empty, "holds no private key"),
        (&good, &foreign, None, "SPAKE_TLS_KEY", &foreign, "is not the key of the certificate"),
        (&good, &key, Some(&missing), "SPAKE_TLS_CLIENT_CA", &missing, "No such file"),
        (&good, &key, Some(&empty), "SPAKE_TLS_CLIENT_CA", &empty, "holds no certificate"),
        (&good, &key, Some(&nonsense), "SPAKE_TLS_CLIENT_CA", &nonsense, "certificate"),
    ] {
        let mut variables =
            vec![("SPAKE_TLS_CERT", cert.to_str().unwrap()), ("SPAKE_TLS_KEY", key.to_str().unwrap())];
        variables.extend(client_ca.map(|ca| ("SPAKE_TLS_CLIENT_CA", ca.to_str().unwrap())));
        let (code, out, err) = run(&variables, &[]);
        assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
        for part in [variable, file.to_str().unwrap(), reason] {
            assert!(err.contains(part), "{part} is not in: {err}");
        }
    }
}

#[test]
fn an_expired_certificate_and_a_key_that_everybody_reads_are_warned_of() {
    let certificates = Certificates::make();
    certificates.issue_expired("old");
    let (cert, key) = (certificates.path("old.crt"), certificates.path("old.key"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let app = TestApp::with(&[
        ("SPAKE_TLS_CERT", cert.to_str().unwrap()),
        ("SPAKE_TLS_KEY", key.to_str().unwrap()),
    ]);
    // The log comes by another way than the line that says where it listens.
    eventually("it listens", || app.log().contains("listening").then_some(()));
    let log = app.log();
    assert!(log.contains("SPAKE_TLS_CERT") && log.contains("expired"), "{log}");
    assert!(log.contains("SPAKE_TLS_KEY") && log.contains("everybody"), "{log}");
    let quiet = serving(&certificates, &[]);
    eventually("it listens", || quiet.log().contains("listening").then_some(()));
    assert!(!quiet.log().contains("SPAKE_TLS"), "{}", quiet.log());
}
