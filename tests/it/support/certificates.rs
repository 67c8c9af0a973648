//! Certificates that nobody else trusts.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A throwaway authority, a certificate of its for 127.0.0.1 and localhost, and one for a client.
pub struct Certificates {
    dir: TempDir,
}

impl Certificates {
    pub fn make() -> Self {
        let certificates = Self { dir: TempDir::with_prefix("spake-tls-").unwrap() };
        certificates.issue(
            "ca",
            "/CN=Throwaway CA",
            &["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"],
        );
        let end = ["basicConstraints=CA:FALSE", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
        certificates.issue("server", "/CN=localhost", &[end[0], end[1], "extendedKeyUsage=serverAuth"]);
        certificates.issue("client", "/CN=client", &[end[0], "extendedKeyUsage=clientAuth"]);
        certificates
    }

    /// Signed by the authority, and the authority by itself.
    fn issue(&self, name: &str, subject: &str, extensions: &[&str]) {
        // A configuration of its own: the system's may add extensions that contradict these.
        let config = "[req]\ndistinguished_name=dn\n[dn]\n";
        fs::write(self.dir.path().join("openssl.cnf"), config).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args("req -config openssl.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256".split(' '));
        openssl.args(["-nodes", "-days", "2", "-subj", subject]);
        openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
        if name != "ca" {
            openssl.args(["-CA", "ca.crt", "-CAkey", "ca.key"]);
        }
        for extension in extensions {
            openssl.args(["-addext", extension]);
        }
        self.run(&mut openssl);
    }

    /// A certificate for a server that ended in 2020, with a key of its own.
    pub fn issue_expired(&self, name: &str) {
        let config = "[req]\ndistinguished_name=dn\n[dn]\n[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\n\
                      new_certs_dir=.\npolicy=p\ndefault_md=sha256\nrand_serial=yes\nx509_extensions=v3\n[p]\n\
                      commonName=supplied\n[v3]\nbasicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n";
        fs::write(self.path("expired.cnf"), config).unwrap();
        fs::write(self.path("index.txt"), "").unwrap();
        self.openssl(&format!(
            "req -config expired.cnf -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
             -keyout {name}.key -out {name}.csr"
        ));
        self.openssl(&format!(
            "ca -batch -notext -config expired.cnf -cert ca.crt -keyfile ca.key -in {name}.csr -out {name}.crt \
             -startdate 20200101000000Z -enddate 20200201000000Z"
        ));
    }

    fn openssl(&self, arguments: &str) {
        self.run(Command::new("openssl").args(arguments.split_whitespace()));
    }

    fn run(&self, openssl: &mut Command) {
        let output = openssl.current_dir(self.dir.path()).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// `ca.crt`, `server.key` and so on; another name is free for a test's own.
    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.path("ca.crt")
    }

    /// The client's certificate.
    pub fn cert(&self) -> PathBuf {
        self.path("client.crt")
    }

    /// The key to the client's certificate.
    pub fn key(&self) -> PathBuf {
        self.path("client.key")
    }
}
