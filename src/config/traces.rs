//! Traces: OpenTelemetry's own variables, for those who have a collector know them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::InvalidConfig;
use super::authorities::authorities;
use crate::traces::Settings;

/// Where traces go, and which.
#[derive(Args)]
pub struct TracesArgs {
    /// URL of an OpenTelemetry collector that takes OTLP over HTTP; traces go to its /v1/traces [default: no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otel_exporter_otlp_endpoint: Option<String>,

    /// PEM file with the certificates that may sign the collector's [default: the public authorities]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", value_name = "FILE")]
    otel_exporter_otlp_certificate: Option<PathBuf>,

    /// How traces are sent; there is no other way
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_PROTOCOL",
        default_value = "http/protobuf",
        value_name = "PROTOCOL"
    )]
    otel_exporter_otlp_protocol: Protocol,

    /// Which requests are traced
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER",
        default_value = "parentbased_always_on",
        value_name = "SAMPLER"
    )]
    otel_traces_sampler: Sampler,

    /// The share of them, from 0 to 1, for the samplers with a ratio
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value = "1", value_name = "RATIO", value_parser = ratio)]
    otel_traces_sampler_arg: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Sampler {
    AlwaysOn,
    AlwaysOff,
    #[value(name = "traceidratio")]
    TraceIdRatio,
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl TracesArgs {
    /// What they mean together; `None` without a collector.
    pub(crate) fn settings(&self) -> Result<Option<Settings>, InvalidConfig> {
        let Protocol::HttpProtobuf = self.otel_exporter_otlp_protocol;
        let Some(endpoint) = self.otel_exporter_otlp_endpoint.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let (share, follows_parent) = match self.otel_traces_sampler {
            Sampler::AlwaysOn => (1.0, false),
            Sampler::AlwaysOff => (0.0, false),
            Sampler::TraceIdRatio => (self.otel_traces_sampler_arg, false),
            Sampler::ParentBasedAlwaysOn => (1.0, true),
            Sampler::ParentBasedAlwaysOff => (0.0, true),
            Sampler::ParentBasedTraceIdRatio => (self.otel_traces_sampler_arg, true),
        };
        let authorities =
            authorities("OTEL_EXPORTER_OTLP_CERTIFICATE", self.otel_exporter_otlp_certificate.as_deref())?;
        Ok(Some(Settings { endpoint: traces_of(endpoint)?, authorities, share, follows_parent }))
    }
}

/// Where the collector at `endpoint` takes traces.
fn traces_of(endpoint: &str) -> Result<String, InvalidConfig> {
    let is_url = endpoint.parse::<ureq::http::Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    });
    if !is_url {
        return Err(InvalidConfig(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of a collector, such as http://collector:4318"
                .to_owned(),
        ));
    }
    Ok(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "must be a number from 0 to 1".to_owned())
}
