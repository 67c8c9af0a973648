//! What is aimed at, and whether it is reached.

use super::figures::Figures;

pub(super) struct Target {
    pub(super) what: &'static str,
    /// Its figure, over another one if there is one.
    pub(super) of: &'static str,
    pub(super) over: Option<&'static str>,
    pub(super) limit: Limit,
    pub(super) unit: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

const fn at_most(what: &'static str, of: &'static str, over: &'static str, limit: f64) -> Target {
    Target { what, of, over: Some(over), limit: Limit::AtMost(limit), unit: "×" }
}

const fn at_least(what: &'static str, of: &'static str, over: &'static str, limit: f64) -> Target {
    Target { what, of, over: Some(over), limit: Limit::AtLeast(limit), unit: "×" }
}

pub(super) const TARGETS: [Target; 12] = [
    at_most("a verifier's computation, over its bare curve operations", "verifier", "bare.login", 1.25),
    at_least("the verifier of the crate spake2plus, over ours", "peer.spake2plus", "verifier", 7.0),
    at_most(
        "a verifier's computation, over a whole login of opaque-ke (ristretto255)",
        "verifier",
        "peer.opaque_ristretto255",
        0.55,
    ),
    at_most(
        "a login over HTTP, embedded, over its bare curve operations",
        "login.embedded.cpu",
        "bare.login",
        1.8,
    ),
    at_most("a login over HTTP, Redis, over its bare curve operations", "login.redis.cpu", "bare.login", 2.3),
    at_most(
        "a login over HTTP, Redis, over the bare computation of opaque-ke (ristretto255)",
        "login.redis.cpu",
        "peer.opaque_ristretto255",
        1.1,
    ),
    at_least(
        "logins a second and core, Redis, over bcrypt's with cost 10",
        "peer.bcrypt10",
        "login.redis.cpu",
        300.0,
    ),
    at_least(
        "logins a second and core, Redis, over Argon2id's with 19 MiB",
        "peer.argon2id",
        "login.redis.cpu",
        80.0,
    ),
    at_most("a pairing over HTTP, embedded, over its PBKDF2 alone", "pairing.embedded.cpu", "pbkdf2", 1.05),
    at_most("a pairing over HTTP, Redis, over its PBKDF2 alone", "pairing.redis.cpu", "pbkdf2", 1.05),
    at_most("p99 of a login in a flood of initiations, over none", "flood.flooded", "flood.idle", 2.0),
    Target {
        what: "memory with 10,000 connections and 100,000 sessions",
        of: "memory.both",
        over: None,
        limit: Limit::AtMost(250.0),
        unit: "MB",
    },
];

impl Target {
    pub(super) fn measured(&self, figures: &Figures) -> Option<f64> {
        match self.over {
            Some(over) => figures.ratio(self.of, over),
            None => figures.median(self.of),
        }
    }

    /// Why it was not measured: there is no such figure, or none to compare it with.
    pub(super) fn reason<'a>(&self, figures: &'a Figures) -> &'a str {
        let is_there = figures.median(self.of).is_some();
        figures.reason(if is_there { self.over.unwrap_or(self.of) } else { self.of })
    }
}

impl Limit {
    pub(super) fn met(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    pub(super) fn bound(self) -> f64 {
        match self {
            Self::AtMost(limit) | Self::AtLeast(limit) => limit,
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::AtMost(_) => "≤",
            Self::AtLeast(_) => "≥",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_met_on_its_side_and_at_itself() {
        assert!(Limit::AtMost(2.0).met(2.0) && !Limit::AtMost(2.0).met(2.1));
        assert!(Limit::AtLeast(2.0).met(2.0) && !Limit::AtLeast(2.0).met(1.9));
    }

    #[test]
    fn what_is_not_there_has_the_reason_of_the_figure_that_is_missing() {
        let mut figures = Figures::default();
        figures.leave_out("peer.", "no peers");
        figures.leave_out("login.redis", "no Redis");
        let target = at_most("", "login.redis.cpu", "peer.opaque_ristretto255", 1.1);
        assert_eq!(target.reason(&figures), "no Redis");
        figures.add("login.redis.cpu", 100.0);
        assert_eq!((target.measured(&figures), target.reason(&figures)), (None, "no peers"));
        figures.add("peer.opaque_ristretto255", 200.0);
        assert_eq!(target.measured(&figures), Some(0.5));
    }
}
