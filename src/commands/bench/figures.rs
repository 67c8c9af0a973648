//! What was measured, by name, and the statistics of it.

use std::collections::BTreeMap;
use std::time::Duration;

/// One sample of each figure a round; all latencies of all rounds; and why a figure is not there.
#[derive(Default)]
pub(super) struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
    latencies: BTreeMap<String, Vec<f64>>,
    absent: BTreeMap<String, String>,
    described: BTreeMap<String, String>,
}

/// Of latencies, in microseconds.
pub(super) struct Spread {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) most: f64,
    pub(super) count: usize,
}

impl Figures {
    /// One round's sample.
    pub(super) fn add(&mut self, name: &str, value: f64) {
        self.samples.entry(name.to_owned()).or_default().push(value);
    }

    /// One round's latencies; their p99 is also this round's sample of `name`.
    pub(super) fn add_latencies(&mut self, name: &str, latencies: &[Duration]) {
        let mut micros: Vec<f64> = latencies.iter().map(|latency| latency.as_secs_f64() * 1e6).collect();
        micros.sort_by(f64::total_cmp);
        if let Some(p99) = percentile(&micros, 0.99) {
            self.add(name, p99);
        }
        self.latencies.entry(name.to_owned()).or_default().extend(micros);
    }

    /// Says why figures whose names begin with `prefix` will not be there.
    pub(super) fn leave_out(&mut self, prefix: &str, reason: impl Into<String>) {
        self.absent.insert(prefix.to_owned(), reason.into());
    }

    /// Whether there is a reason for a figure to be absent.
    pub(super) fn is_left_out(&self, name: &str) -> bool {
        self.absence(name).is_some()
    }

    /// Says what a figure is of, where its name does not.
    pub(super) fn describe(&mut self, name: &str, what: &str) {
        self.described.insert(name.to_owned(), what.to_owned());
    }

    pub(super) fn descriptions(&self) -> &BTreeMap<String, String> {
        &self.described
    }

    pub(super) fn samples(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.samples.iter().map(|(name, samples)| (name.as_str(), samples.as_slice()))
    }

    pub(super) fn left_out(&self) -> &BTreeMap<String, String> {
        &self.absent
    }

    pub(super) fn median(&self, name: &str) -> Option<f64> {
        median(self.samples.get(name)?)
    }

    /// The median of the rounds' ratios: both of a ratio are of one round, so that a slow minute slows both.
    pub(super) fn ratio(&self, of: &str, over: &str) -> Option<f64> {
        let (of, over) = (self.samples.get(of)?, self.samples.get(over)?);
        let ratios: Vec<f64> = of.iter().zip(over).map(|(of, over)| of / over).collect();
        median(&ratios)
    }

    pub(super) fn spreads(&self) -> impl Iterator<Item = (&str, Spread)> {
        self.latencies.iter().filter_map(|(name, latencies)| Some((name.as_str(), spread(latencies)?)))
    }

    /// Why there is no such figure.
    pub(super) fn reason(&self, name: &str) -> &str {
        self.absence(name).unwrap_or("it was not measured")
    }

    fn absence(&self, name: &str) -> Option<&str> {
        let known = self.absent.iter().find(|(prefix, _)| name.starts_with(prefix.as_str()));
        known.map(|(_, reason)| reason.as_str())
    }
}

fn spread(latencies: &[f64]) -> Option<Spread> {
    let mut sorted = latencies.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(Spread {
        p50: percentile(&sorted, 0.5)?,
        p99: percentile(&sorted, 0.99)?,
        p999: percentile(&sorted, 0.999)?,
        most: *sorted.last()?,
        count: sorted.len(),
    })
}

/// By nearest rank: the least value that `share` of all do not exceed. `sorted` is.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Of an even number there are two in the middle.
    let (lower, upper) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 0.5), Some(50.0));
        assert_eq!(percentile(&hundred, 0.99), Some(99.0));
        assert_eq!(percentile(&hundred, 0.999), Some(100.0));
        assert_eq!(percentile(&[7.0], 0.5), Some(7.0));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_that_are() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_ratio_is_the_median_of_each_rounds_own() {
        let mut figures = Figures::default();
        // The second round is three times as slow for both.
        for (of, over) in [(2.0, 1.0), (6.0, 3.0), (2.2, 1.0)] {
            figures.add("of", of);
            figures.add("over", over);
        }
        assert_eq!(figures.ratio("of", "over"), Some(2.0));
        assert_eq!(figures.ratio("of", "nothing"), None);
    }

    #[test]
    fn latencies_give_percentiles_over_all_rounds_and_a_p99_a_round() {
        let mut figures = Figures::default();
        let millis = |value: u64| Duration::from_millis(value);
        figures.add_latencies("login", &(1..=100).map(millis).collect::<Vec<_>>());
        figures.add_latencies("login", &[millis(500)]);
        let (name, spread) = figures.spreads().next().unwrap();
        assert_eq!((name, spread.count), ("login", 101));
        assert_eq!((spread.p50, spread.p99, spread.most), (51_000.0, 100_000.0, 500_000.0));
        assert_eq!(figures.samples().next().unwrap().1, [99_000.0, 500_000.0]);
    }

    #[test]
    fn a_figure_that_is_not_there_has_a_reason() {
        let mut figures = Figures::default();
        figures.leave_out("peer.", "there is no --peers");
        assert_eq!(figures.reason("peer.bcrypt10"), "there is no --peers");
        assert_eq!(figures.reason("login.redis.cpu"), "it was not measured");
    }
}
