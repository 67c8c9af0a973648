//! Where Redis is and how to reach it, checked before anything is connected.

use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{
    ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsCertificates,
};

/// Why a Redis URL is of no use. No message repeats the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Nothing in it.
    #[error("names no server; write redis://[user:password@]host[:port][/db]")]
    Empty,
    /// Not a scheme that we speak.
    #[error("must begin with redis://, or with rediss:// for TLS")]
    Scheme,
    /// The rest of it.
    #[error(
        "is not of the form redis://[user:password@]host[:port][/db]; percent-encode what is special in a password"
    )]
    Form,
    /// The fragment with which other clients switch the check of certificates off.
    #[error("must not end in a fragment: certificates are always checked")]
    Fragment,
    /// A database other than 0 in a Cluster.
    #[error("names a database, and a Cluster has only database 0")]
    Database,
    /// TLS and plain servers.
    #[error("mixes redis:// and rediss://")]
    Mixed,
}

/// One server, or several that are one Cluster or the Sentinels of one master.
#[derive(Clone)]
pub enum Topology {
    /// One server.
    Standalone(ConnectionInfo),
    /// Sentinels, by address, that know which server is the master.
    Sentinel {
        /// The Sentinels.
        sentinels: Vec<ConnectionAddr>,
        /// The master's name.
        master: String,
        /// How to log in to the Sentinels.
        login: SentinelLogin,
        /// How to log in to the master, and its database.
        redis: RedisConnectionInfo,
    },
    /// Nodes from which the others are found.
    Cluster(Vec<ConnectionInfo>),
}

/// The Sentinels' own credentials.
#[derive(Clone, Default)]
pub struct SentinelLogin {
    /// ACL user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
}

/// Certificates in PEM. Without a CA the system's are trusted.
#[derive(Clone, Default)]
pub struct Tls {
    /// Who must have signed the server's certificate.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate and key, for a server that asks.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Everything the adapter needs to know.
#[derive(Clone)]
pub struct Settings {
    /// The servers.
    pub topology: Topology,
    /// Certificates, used for `rediss://` only.
    pub tls: Tls,
    /// A request to Redis ends within this time: connecting, waiting and answering together.
    pub timeout: Duration,
    /// Connections that all requests share.
    pub connections: usize,
    /// The first part of every key.
    pub prefix: String,
    /// Replicas that must have a guess before its answer leaves.
    pub wait_replicas: usize,
}

impl Topology {
    /// Reads `REDIS_URL`: one URL, or several separated by commas, which are a Cluster unless a Sentinel master is
    /// named. User, password and database are those of Redis itself, taken from the first.
    pub fn parse(urls: &str, sentinel: Option<(String, SentinelLogin)>) -> Result<Self, InvalidUrl> {
        let nodes: Vec<_> = urls
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
            .map(parse_one)
            .collect::<Result<_, _>>()?;
        let first = nodes.first().ok_or(InvalidUrl::Empty)?;
        if nodes.iter().any(|node| is_tls(node.addr()) != is_tls(first.addr())) {
            return Err(InvalidUrl::Mixed);
        }
        if let Some((master, login)) = sentinel {
            let redis = first.redis_settings().clone();
            let sentinels = nodes.into_iter().map(|node| node.addr().clone()).collect();
            return Ok(Self::Sentinel { sentinels, master, login, redis });
        }
        match <[_; 1]>::try_from(nodes) {
            Ok([node]) => Ok(Self::Standalone(node)),
            Err(nodes) if nodes.iter().any(|node| node.redis_settings().db() != 0) => {
                Err(InvalidUrl::Database)
            }
            Err(nodes) => Ok(Self::Cluster(nodes)),
        }
    }

    /// Whether the servers are reached over TLS.
    pub fn uses_tls(&self) -> bool {
        match self {
            Self::Standalone(node) => is_tls(node.addr()),
            Self::Sentinel { sentinels, .. } => sentinels.iter().any(is_tls),
            Self::Cluster(nodes) => nodes.iter().any(|node| is_tls(node.addr())),
        }
    }
}

impl Tls {
    pub(super) fn certificates(&self) -> TlsCertificates {
        let client_tls = self
            .client
            .as_ref()
            .map(|(cert, key)| ClientTlsConfig { client_cert: cert.clone(), client_key: key.clone() });
        TlsCertificates { client_tls, root_cert: self.ca.clone() }
    }
}

/// Small commands one after another: without this they would wait for each other's acknowledgement.
pub(super) fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn parse_one(url: &str) -> Result<ConnectionInfo, InvalidUrl> {
    if !url.starts_with("redis://") && !url.starts_with("rediss://") {
        return Err(InvalidUrl::Scheme);
    }
    if url.contains('#') {
        return Err(InvalidUrl::Fragment);
    }
    let info = url.into_connection_info().map_err(|_| InvalidUrl::Form)?;
    Ok(info.set_tcp_settings(tcp()))
}

fn is_tls(address: &ConnectionAddr) -> bool {
    matches!(address, ConnectionAddr::TcpTls { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentinel() -> Option<(String, SentinelLogin)> {
        Some(("primary".to_owned(), SentinelLogin::default()))
    }

    #[test]
    fn one_url_is_a_server_several_are_a_cluster_or_sentinels() {
        let parse = |urls, sentinel| Topology::parse(urls, sentinel).ok().unwrap();
        assert!(matches!(parse("redis://h:1/3", None), Topology::Standalone(_)));
        assert!(
            matches!(parse("redis://h:1, redis://i", None), Topology::Cluster(nodes) if nodes.len() == 2)
        );
        let Topology::Sentinel { sentinels, redis, .. } =
            parse("redis://u:p%2C@h:1/2,redis://i:2", sentinel())
        else {
            panic!("Sentinel")
        };
        assert_eq!(sentinels.len(), 2);
        assert_eq!((redis.username(), redis.password(), redis.db()), (Some("u"), Some("p,"), 2));
    }

    #[test]
    fn a_url_of_no_use_is_refused_and_never_repeated() {
        for (urls, expected) in [
            ("", InvalidUrl::Empty),
            (" , ", InvalidUrl::Empty),
            ("localhost:6379", InvalidUrl::Scheme),
            ("http://secret@h", InvalidUrl::Scheme),
            ("redis+unix:///tmp/s", InvalidUrl::Scheme),
            ("redis://:secret@h:port", InvalidUrl::Form),
            ("redis://:secret@h/db", InvalidUrl::Form),
            ("rediss://:secret@h/#insecure", InvalidUrl::Fragment),
            ("redis://h,rediss://h", InvalidUrl::Mixed),
            ("redis://h/1,redis://h/1", InvalidUrl::Database),
        ] {
            let error = Topology::parse(urls, None).err().unwrap();
            assert_eq!(error, expected, "{urls}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
