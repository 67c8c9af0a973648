//! Traces: OpenTelemetry's own variables, for those who have a collector know them.
//!
//! Platforms set them for all they run, whatever it speaks: an empty one is none, and none is looked at without a
//! collector or by a command that sends no traces.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::InvalidConfig;
use super::authorities::authorities;
use crate::traces::Settings;

/// Where traces go, and which.
#[derive(Args)]
pub struct TracesArgs {
    /// URL of an OpenTelemetry collector that takes OTLP over HTTP; traces go to its /v1/traces [default: no traces]
    // It may name a user, with a password.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", hide_env_values = true)]
    otel_exporter_otlp_endpoint: Option<String>,

    /// PEM file with the certificates that may sign the collector's [default: the public authorities]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", value_name = "FILE")]
    otel_exporter_otlp_certificate: Option<OsString>,

    /// How traces are sent; there is no other way than http/protobuf [default: http/protobuf]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_PROTOCOL", value_name = "PROTOCOL")]
    otel_exporter_otlp_protocol: Option<String>,

    /// Milliseconds that the collector may take [default: 10000]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TIMEOUT", value_name = "MILLISECONDS")]
    otel_exporter_otlp_timeout: Option<String>,

    /// Which requests are traced: always_on, always_off, traceidratio, or one of them after parentbased_
    /// [default: parentbased_always_on]
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_name = "SAMPLER")]
    otel_traces_sampler: Option<String>,

    /// The share of them, from 0 to 1, for the samplers with a ratio [default: 1]
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "RATIO")]
    otel_traces_sampler_arg: Option<String>,

    /// `true` for no traces, whatever else is set
    #[arg(long, env = "OTEL_SDK_DISABLED", value_name = "BOOLEAN")]
    otel_sdk_disabled: Option<String>,
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
        let is_disabled =
            given(&self.otel_sdk_disabled).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let Some(endpoint) = given(&self.otel_exporter_otlp_endpoint).filter(|_| !is_disabled) else {
            return Ok(None);
        };
        let Protocol::HttpProtobuf =
            one_of("OTEL_EXPORTER_OTLP_PROTOCOL", &self.otel_exporter_otlp_protocol, Protocol::HttpProtobuf)?;
        let sampler = one_of("OTEL_TRACES_SAMPLER", &self.otel_traces_sampler, Sampler::ParentBasedAlwaysOn)?;
        let (share, follows_parent) = match sampler {
            Sampler::AlwaysOn => (1.0, false),
            Sampler::AlwaysOff => (0.0, false),
            Sampler::TraceIdRatio => (ratio(given(&self.otel_traces_sampler_arg))?, false),
            Sampler::ParentBasedAlwaysOn => (1.0, true),
            Sampler::ParentBasedAlwaysOff => (0.0, true),
            Sampler::ParentBasedTraceIdRatio => (ratio(given(&self.otel_traces_sampler_arg))?, true),
        };
        let file = self.otel_exporter_otlp_certificate.as_deref().filter(|file| !file.is_empty());
        let authorities = authorities("OTEL_EXPORTER_OTLP_CERTIFICATE", file.map(Path::new))?;
        let timeout = timeout(given(&self.otel_exporter_otlp_timeout))?;
        batches()?;
        Ok(Some(Settings { endpoint: traces_of(endpoint)?, authorities, timeout, share, follows_parent }))
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn one_of<T: ValueEnum>(variable: &str, text: &Option<String>, default: T) -> Result<T, InvalidConfig> {
    let Some(text) = given(text) else { return Ok(default) };
    T::from_str(text, false).map_err(|_| {
        let all = T::value_variants().iter().filter_map(T::to_possible_value);
        let names: Vec<_> = all.map(|value| value.get_name().to_owned()).collect();
        InvalidConfig(format!("{variable}: `{text}` is not accepted: must be {}", names.join(" or ")))
    })
}

/// Where the collector at `endpoint` takes traces.
fn traces_of(endpoint: &str) -> Result<String, InvalidConfig> {
    let is_base = endpoint.parse::<ureq::http::Uri>().is_ok_and(|url| {
        let address = url.authority().map_or("", |authority| authority.as_str());
        let before_port = address.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.host().is_some_and(|host| !host.is_empty())
            && (url.port_u16().is_some() || !before_port.ends_with(':'))
            && url.query().is_none()
            && !url.path().trim_end_matches('/').ends_with("/v1/traces")
    });
    if !is_base {
        return Err(InvalidConfig(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of a collector, without /v1/traces, such as http://collector:4318"
                .to_owned(),
        ));
    }
    Ok(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
}

/// The library takes these as they are, and makes room for as many spans.
fn batches() -> Result<(), InvalidConfig> {
    for variable in ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY"] {
        let Some(text) = std::env::var_os(variable).filter(|text| !text.is_empty()) else { continue };
        let number = text.to_str().and_then(|text| text.parse().ok());
        if !number.is_some_and(|number| (1..=10_000_000).contains(&number)) {
            return Err(InvalidConfig(format!("{variable} must be a number from 1 to 10000000")));
        }
    }
    Ok(())
}

fn ratio(text: Option<&str>) -> Result<f64, InvalidConfig> {
    let Some(text) = text else { return Ok(1.0) };
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| InvalidConfig("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1".to_owned()))
}

fn timeout(text: Option<&str>) -> Result<Duration, InvalidConfig> {
    let Some(text) = text else { return Ok(Duration::from_secs(10)) };
    let millis = text.parse().ok().filter(|millis| (1..=300_000).contains(millis));
    millis.map(Duration::from_millis).ok_or_else(|| {
        InvalidConfig("OTEL_EXPORTER_OTLP_TIMEOUT must be milliseconds, from 1 to 300000".to_owned())
    })
}
