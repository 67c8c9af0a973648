//! A Redis that speaks TLS only, and the certificates for it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::redis_process::{Process, free_port, within};

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
        let output = openssl.current_dir(self.dir.path()).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// The client's certificate.
    pub fn cert(&self) -> PathBuf {
        self.dir.path().join("client.crt")
    }

    /// The key to the client's certificate.
    pub fn key(&self) -> PathBuf {
        self.dir.path().join("client.key")
    }
}

/// A server with a TLS port and no other. Killed when dropped.
pub struct RedisTls {
    process: Process,
    pub certificates: Certificates,
    port: u16,
}

impl RedisTls {
    /// `auth_clients`: whether it turns away a client without a certificate of the authority's.
    pub fn start(auth_clients: bool) -> Self {
        let process = Process::new("redis-server".into());
        let mut server = Self { process, certificates: Certificates::make(), port: 0 };
        loop {
            server.port = free_port();
            server.process.configure(&server.config(auth_clients));
            server.process.spawn(&[]);
            let started = within(10, || match (server.process.ended(), server.call(&["PING"])) {
                (Some(_), _) => Ok(false),
                (None, answer) if answer == "PONG" => Ok(true),
                (None, answer) => Err(format!("{answer}\n{}", server.process.log_tail())),
            });
            if started {
                return server;
            }
            assert!(server.process.lost_its_port(), "{}", server.process.log_tail());
        }
    }

    fn config(&self, auth_clients: bool) -> String {
        let certs = self.certificates.dir.path().to_str().unwrap();
        format!(
            "port 0\ntls-port {}\nbind 127.0.0.1\nprotected-mode no\ndaemonize no\nloglevel warning\n\
             dir {}\nsave \"\"\nappendonly yes\nappendfsync always\nmaxmemory-policy noeviction\n\
             tls-ca-cert-file {certs}/ca.crt\ntls-cert-file {certs}/server.crt\n\
             tls-key-file {certs}/server.key\ntls-auth-clients {}\n",
            self.port,
            self.process.dir().to_str().unwrap(),
            if auth_clients { "yes" } else { "no" },
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `rediss://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// One command through `redis-cli`, with the client's certificate: what it prints, without the line's end.
    pub fn call(&self, command: &[&str]) -> String {
        let (cert, key) = (self.certificates.cert(), self.certificates.key());
        let output = self.cli(&["--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()], command);
        let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    /// The same without a certificate: whether the server took the command.
    pub fn accepts_without_certificate(&self) -> bool {
        self.cli(&[], &["PING"]).stdout == b"PONG\n"
    }

    fn cli(&self, identity: &[&str], command: &[&str]) -> Output {
        Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--tls", "--cacert"])
            .arg(self.certificates.ca())
            .args(identity)
            .args(command)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}
