//! Origins: the sites whose pages may call, for browsers that ask first (CORS).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The sites whose pages may call from a browser.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origins {
    /// None; programs that are no browsers do not ask.
    #[default]
    Nobodys,
    /// Every site's.
    Everybodys,
    /// These, as browsers spell them: `https://shop.example`.
    Of(Vec<String>),
}

/// A word that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// It would never be equal to what a browser sends.
    #[error(
        "{0:?} is no origin as browsers send it: scheme://host or scheme://host:port in lower case, as in https://shop.example, without a path and without the scheme's own port"
    )]
    NotAsSent(String),
    /// `*` has others beside it.
    #[error("* is every origin; leave the others out")]
    AllAndSome,
}

impl Origins {
    /// Whether a page of `origin` may call.
    pub fn contain(&self, origin: &str) -> bool {
        match self {
            Self::Nobodys => false,
            Self::Everybodys => true,
            Self::Of(origins) => origins.iter().any(|one| one == origin),
        }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobodys => f.write_str("no site"),
            Self::Everybodys => f.write_str("every site"),
            Self::Of(origins) => f.write_str(&origins.join(", ")),
        }
    }
}

/// Origins separated by commas, or `*`.
impl FromStr for Origins {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let words: Vec<_> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        match *words {
            [] => Ok(Self::Nobodys),
            ["*"] => Ok(Self::Everybodys),
            _ if words.contains(&"*") => Err(InvalidOrigin::AllAndSome),
            _ => words.into_iter().map(origin).collect::<Result<_, _>>().map(Self::Of),
        }
    }
}

fn origin(text: &str) -> Result<String, InvalidOrigin> {
    let is_one = || {
        let (scheme, rest) = text.split_once("://")?;
        let own_port = match scheme {
            "https" => "443",
            "http" => "80",
            _ => return None,
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let is_port = |port: &str| port != own_port && !port.starts_with('0') && port.parse::<u16>().is_ok();
        (is_host(host) && port.is_none_or(is_port)).then_some(())
    };
    is_one().map(|()| text.to_owned()).ok_or_else(|| InvalidOrigin::NotAsSent(text.to_owned()))
}

fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name = || {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
        !text.is_empty() && text.chars().all(allowed)
    };
    address.map_or_else(is_name, |address| address.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        let listed = "https://shop.example, http://localhost:3000 ,http://[::1]:8080,http://a.b-c.example";
        let origins: Origins = listed.parse().unwrap();
        for word in listed.split(',').map(str::trim) {
            assert!(origins.contain(word), "{word}");
        }
        assert!(!origins.contain("https://shop.example:8443") && !origins.contain("http://shop.example"));
        assert!("*".parse::<Origins>().unwrap().contain("null"));
        assert_eq!(" ".parse(), Ok(Origins::Nobodys));
        assert!(!Origins::Nobodys.contain(""));
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for bad in [
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "HTTPS://shop.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "http://shop.example:0x",
            "http://shop.example:",
            "https://user@shop.example",
            "https://*.example",
            "https://",
            "null",
            "ftp://shop.example",
            "http://[::1",
            "http://::1",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
        assert_eq!("*,https://a.example".parse::<Origins>(), Err(InvalidOrigin::AllAndSome));
    }
}
