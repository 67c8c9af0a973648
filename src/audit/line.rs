//! An event as a line of JSON.

use std::fmt::Display;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::domain::audit::{Event, Tag, Who};
use crate::domain::time::Timestamp;

#[derive(Serialize)]
struct Line<'a> {
    time: Shown<Timestamp>,
    request_id: &'a str,
    action: &'static str,
    caller: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Shown<Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Shown<Tag>>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// In place of events that were lost.
#[derive(Serialize)]
struct Gap {
    time: Shown<Timestamp>,
    lost: u64,
}

/// What a person would read.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The kind of caller. Not in one field with a key's name, for a key may be called `anonymous`.
pub(super) const fn caller(who: &Who) -> &'static str {
    match who {
        Who::Anonymous => "anonymous",
        Who::Key(_) => "key",
        Who::UnknownKey => "unknown key",
    }
}

/// The name of the key that was verified.
pub(super) fn key(who: &Who) -> Option<&str> {
    match who {
        Who::Key(name) => Some(name.as_str()),
        Who::Anonymous | Who::UnknownKey => None,
    }
}

pub(super) fn line(event: &Event<'_>) -> Vec<u8> {
    ended(&Line {
        time: Shown(event.time),
        request_id: event.request_id,
        action: event.action,
        caller: caller(event.who),
        key: key(event.who),
        address: event.address,
        session: event.session.map(Shown),
        credential: event.credential.map(Shown),
        outcome: event.outcome.code,
        status: event.outcome.status,
    })
}

pub(super) fn gap(lost: u64) -> Vec<u8> {
    ended(&Gap { time: Shown(Timestamp::wall()), lost })
}

fn ended(value: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(384);
    // A structure of texts and numbers, into memory: there is nothing that could fail.
    drop(serde_json::to_writer(&mut line, value));
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::KeyName;
    use crate::domain::audit::Outcome;

    fn event<'a>(who: &'a Who, outcome: Outcome) -> Event<'a> {
        Event {
            time: Timestamp::from_millis(0),
            request_id: "r",
            action: "login",
            who,
            address: Some(IpAddr::from([127, 0, 0, 1])),
            session: None,
            credential: None,
            outcome,
        }
    }

    #[test]
    fn a_line_has_what_is_known_and_no_more() {
        let text = |event: &Event<'_>| String::from_utf8(line(event)).unwrap();
        let key = Who::Key(KeyName::parse("anonymous").unwrap());
        assert_eq!(
            text(&event(&key, Outcome { code: "ok", status: Some(200) })),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"request_id\":\"r\",\"action\":\"login\",\"caller\":\"key\",\
             \"key\":\"anonymous\",\"address\":\"127.0.0.1\",\"outcome\":\"ok\",\"status\":200}\n"
        );
        assert_eq!(
            text(&event(&Who::UnknownKey, Outcome::ABANDONED)),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"request_id\":\"r\",\"action\":\"login\",\
             \"caller\":\"unknown key\",\"address\":\"127.0.0.1\",\"outcome\":\"abandoned\"}\n"
        );
        assert!(String::from_utf8(gap(3)).unwrap().ends_with(",\"lost\":3}\n"));
    }
}
