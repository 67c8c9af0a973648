//! Everything as JSON: what docs/PERFORMANCE.md is made from.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::figures::{Figures, median};
use super::plan::Plan;
use super::targets::{Limit, TARGETS};
use super::{machine, peers};
use crate::domain::time::Timestamp;

/// Raised when a reader of the file would misread it.
const FORMAT: u32 = 1;

/// `broke_off` is why not everything was measured.
pub(super) fn report(figures: &Figures, plan: &Plan, took: Duration, broke_off: Option<&str>) -> Value {
    json!({
        "format": FORMAT,
        "made_at": Timestamp::wall().to_string(),
        "took_seconds": took.as_secs(),
        "broke_off": broke_off,
        "machine": machine::describe(),
        "plan": {
            "quick": plan.is_quick,
            "rounds": plan.rounds,
            "closed_loop_seconds": plan.slice.as_secs_f64(),
            "open_loop_seconds": plan.paced.as_secs_f64(),
            "bare_seconds": plan.bare.as_secs_f64(),
            "callers": plan.callers,
            "plain_connections": plan.plain_connections,
            "open_sessions": plan.open_sessions,
        },
        "targets": TARGETS.iter().map(|target| {
            let measured = target.measured(figures);
            let (kind, bound) = match target.limit {
                Limit::AtMost(bound) => ("at_most", bound),
                Limit::AtLeast(bound) => ("at_least", bound),
            };
            json!({
                "what": target.what,
                "of": target.of,
                "over": target.over,
                kind: bound,
                "unit": target.unit,
                "measured": measured,
                "met": measured.map(|value| target.limit.met(value)),
                "reason": measured.is_none().then(|| target.reason(figures)),
            })
        }).collect::<Vec<_>>(),
        "figures": samples(figures),
        "latencies_us": latencies(figures),
        "left_out": figures.left_out(),
        "peers": peers::NAMES,
        "descriptions": figures.descriptions(),
    })
}

/// Of each figure the median, and each round's sample.
fn samples(figures: &Figures) -> Map<String, Value> {
    let entry = |(name, samples): (&str, &[f64])| {
        (name.to_owned(), json!({ "median": median(samples), "samples": samples }))
    };
    figures.samples().map(entry).collect()
}

fn latencies(figures: &Figures) -> Map<String, Value> {
    let spreads = figures.spreads().map(|(name, spread)| {
        let values = json!({
            "p50": spread.p50, "p99": spread.p99, "p99.9": spread.p999, "longest": spread.most, "count": spread.count
        });
        (name.to_owned(), values)
    });
    spreads.collect()
}
