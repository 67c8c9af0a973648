//! What a service's operators read under `/metrics`.

use std::collections::BTreeMap;

use super::TestApp;

/// One moment's series: `name{label="value",…}` and its value.
pub struct Series(BTreeMap<String, f64>);

impl Series {
    /// What the service says now. It must have been told where its operators' listener is.
    pub fn of(app: &TestApp) -> Self {
        let answer = app.get_as_operator("/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        let samples = answer.text.lines().filter(|line| !line.starts_with('#'));
        Self(samples.map(|line| line.rsplit_once(' ').unwrap()).map(parsed).collect())
    }

    /// The value of a series that is there.
    pub fn value(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("{series} is not in {:#?}", self.0.keys()))
    }

    /// Its value as a number of things, 0 if it is not there.
    pub fn count(&self, series: &str) -> u64 {
        self.0.get(series).map_or(0, |value| *value as u64)
    }

    /// The sum of all series of `name` that have all of `labels`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> u64 {
        let of_name = |series: &str| {
            series.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        let fits = |series: &str| of_name(series) && labels.iter().all(|label| series.contains(label));
        self.0.iter().filter(|(series, _)| fits(series)).map(|(_, value)| *value as u64).sum()
    }

    /// The names of all series, with their labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn parsed((series, value): (&str, &str)) -> (String, f64) {
    (series.to_owned(), value.parse().unwrap())
}
