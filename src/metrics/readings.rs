//! What nobody counts, for it can be read when someone asks.

use std::collections::HashMap;

use prometheus::core::{Collector, Desc};
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Registry, Result};

use super::BadMetric;

/// A value and those of its labels, in the order of their names in [`Reading::of`].
pub struct Value {
    labels: Vec<String>,
    value: f64,
}

impl Value {
    /// A value without labels.
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other numbers")]
    pub fn of(value: u64) -> Self {
        Self::exact(value as f64)
    }

    /// A value without labels that is no natural number.
    pub fn exact(value: f64) -> Self {
        Self { labels: Vec::new(), value }
    }

    /// The same for one more label.
    #[must_use]
    pub fn labelled(mut self, value: impl Into<String>) -> Self {
        self.labels.push(value.into());
        self
    }
}

type Read = Box<dyn Fn() -> Vec<Value> + Send + Sync>;

/// A gauge or a counter, read when someone asks.
pub struct Reading {
    description: Desc,
    labels: &'static [&'static str],
    kind: MetricType,
    read: Read,
}

impl Reading {
    /// A gauge that is whatever `read` says, once for each set of values of `labels`.
    pub fn of(
        name: &str,
        help: &str,
        labels: &'static [&'static str],
        read: impl Fn() -> Vec<Value> + Send + Sync + 'static,
    ) -> std::result::Result<Self, BadMetric> {
        let names = labels.iter().map(|&label| label.to_owned()).collect();
        let description = Desc::new(name.to_owned(), help.to_owned(), names, HashMap::new())?;
        Ok(Self { description, labels, kind: MetricType::GAUGE, read: Box::new(read) })
    }

    /// The same as a counter: it never falls.
    #[must_use]
    pub fn counting(self) -> Self {
        Self { kind: MetricType::COUNTER, ..self }
    }

    fn metric(&self, Value { labels, value }: Value) -> Metric {
        let pair = |(&name, value): (&&str, String)| {
            let mut pair = LabelPair::default();
            pair.set_name(name.to_owned());
            pair.set_value(value);
            pair
        };
        let mut metric = Metric::from_label(self.labels.iter().zip(labels).map(pair).collect());
        match self.kind {
            MetricType::COUNTER => {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            _ => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        metric
    }
}

impl Collector for Reading {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let values = (self.read)();
        if values.is_empty() {
            return Vec::new();
        }
        let mut family = MetricFamily::default();
        family.set_name(self.description.fq_name.clone());
        family.set_help(self.description.help.clone());
        family.set_field_type(self.kind);
        family.set_metric(values.into_iter().map(|value| self.metric(value)).collect());
        vec![family]
    }
}

/// CPU time, memory, threads and open files.
pub(super) fn register_process(registry: &Registry) -> Result<()> {
    registry.register(Box::new(ProcessCollector::for_self()))
}
