//! Whose request this is: the client's address, found once.
//!
//! It is the peer's, unless the peer is a proxy that the operator trusts. A proxy appends to `X-Forwarded-For` whom it
//! answers, so the list is read from the right, and only as far as trusted proxies wrote it: what stands left of that
//! is the client's own invention.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::error::ApiError;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// No chain of proxies is longer, and a list that is costs no more.
const MAX_HOPS: usize = 32;

/// The address of the client of a request, in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientAddress(pub(super) IpAddr);

/// Finds it and notes it.
pub(super) fn find(proxies: &[IpNet], request: &mut Request) -> Result<(), ApiError> {
    let nobody_said = || ApiError::internal("nobody said who is at the other end".to_owned());
    let ConnectInfo(peer) = *request.extensions().get::<ConnectInfo<SocketAddr>>().ok_or_else(nobody_said)?;
    let client = client(request.headers(), peer.ip(), proxies);
    request.extensions_mut().insert(ClientAddress(client));
    Ok(())
}

fn client(headers: &HeaderMap, peer: IpAddr, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    // Several headers are one list, in their order.
    let lists = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b',')).take(MAX_HOPS);
    let mut client = peer.to_canonical();
    while is_proxy(&client)
        && let Some(before) = hops.next().and_then(hop)
    {
        client = before;
    }
    client
}

/// `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]`, `[::1]:80`.
fn hop(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let unbracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = (entry.parse().ok())
        .or_else(|| entry.parse().ok().map(|address: SocketAddr| address.ip()))
        .or_else(|| unbracketed().map(IpAddr::V6))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Whom a service takes for the client that trusts 10.0.0.0/8 and fd00::/8.
    fn from(peer: &str, lists: &[&[u8]]) -> IpAddr {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(list).unwrap());
        }
        client(&headers, address(peer), &proxies)
    }

    #[test]
    fn without_a_trusted_proxy_it_is_the_peer_whatever_is_said() {
        assert_eq!(from("192.0.2.1", &[]), address("192.0.2.1"));
        assert_eq!(from("192.0.2.1", &[b"198.51.100.7, 10.0.0.2"]), address("192.0.2.1"));
        assert_eq!(from("::ffff:192.0.2.1", &[]), address("192.0.2.1"));
        assert_eq!(from(PROXY, &[]), address(PROXY));
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_first_other_from_the_right() {
        for (lists, client) in [
            (&[&b"198.51.100.7"[..]][..], "198.51.100.7"),
            (&[b"1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            (&[b"1.1.1.1, 198.51.100.7,10.0.0.2 ,10.9.9.9:443"], "198.51.100.7"),
            (&[b"1.1.1.1", b"198.51.100.7", b"fd00::1, [fd00::2]:80"], "198.51.100.7"),
            (&[b"198.51.100.7:567"], "198.51.100.7"),
            (&[b"[2001:db8::1]:80"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"::ffff:198.51.100.7"], "198.51.100.7"),
            (&[b"198.51.100.7, ::ffff:10.0.0.2"], "198.51.100.7"),
            (&[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(from(PROXY, lists), address(client), "{lists:?}");
            assert_eq!(from("::ffff:10.0.0.1", lists), address(client), "{lists:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk() {
        for junk in
            [&b"unknown"[..], b"", b" ", b"_hidden", b"1.2.3", b"1.2.3.4:x", b"[::1", b"\xff", b"localhost"]
        {
            assert_eq!(from(PROXY, &[junk]), address(PROXY), "{junk:?}");
            let list = [b"198.51.100.7, ", junk, b", 10.0.0.2"].concat();
            assert_eq!(from(PROXY, &[&list]), address("10.0.0.2"), "{junk:?}");
        }
    }

    #[test]
    fn no_more_than_the_last_entries_are_looked_at() {
        let list = |proxies: usize| {
            ["198.51.100.7"].into_iter().chain(vec!["10.0.0.2"; proxies]).collect::<Vec<_>>().join(",")
        };
        assert_eq!(from(PROXY, &[list(MAX_HOPS - 1).as_bytes()]), address("198.51.100.7"));
        assert_eq!(from(PROXY, &[list(MAX_HOPS).as_bytes()]), address("10.0.0.2"));
    }

    proptest! {
        /// The proxy adds to what the client wrote, in the same line or in one of its own.
        #[test]
        fn whatever_a_client_writes_it_is_whom_the_proxy_saw(
            written in prop::collection::vec("[ -~]{0,40}|([0-9a-f.:,\\[\\] ]|10\\.0\\.0\\.1){0,40}", 0..4),
            seen in any::<[u8; 4]>().prop_filter("a client", |seen| seen[0] != 10),
            in_a_line_of_its_own: bool,
        ) {
            let mut lists: Vec<Vec<u8>> = written.into_iter().map(String::into_bytes).collect();
            let seen = IpAddr::from(seen);
            match lists.last_mut() {
                Some(last) if !in_a_line_of_its_own => last.extend(format!(", {seen}").into_bytes()),
                _ => lists.push(seen.to_string().into_bytes()),
            }
            let lists: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(from(PROXY, &lists), seen);
        }
    }
}
