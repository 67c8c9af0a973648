//! A Redis that speaks TLS only.

use std::process::{Command, Output, Stdio};

use super::certificates::Certificates;
use super::redis_process::{Process, free_port, within};

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
        let certs = self.certificates.path("");
        let certs = certs.to_str().unwrap().trim_end_matches('/');
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
