//! `spake-service healthcheck`: what a container asks of itself, where there is neither a shell nor curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::Agent;

use super::{Failure, say};
use crate::config::{AdminArgs, Listener, parse_timeout};

#[derive(Args)]
pub(super) struct HealthcheckArgs {
    /// Where to ask.
    #[command(flatten)]
    admin: AdminArgs,
    /// Ask whether the process serves, whatever the store does
    #[arg(long)]
    live: bool,
    /// How long the answer may take
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Duration,
}

/// Asks the operators' listener of the service that was started with the same variables.
pub(super) fn healthcheck(args: &HealthcheckArgs) -> Result<(), Failure> {
    let address = within_reach(args.admin.admin_addr)?;
    let (path, good) = if args.live { ("/health/live", "live") } else { ("/health/ready", "ready") };
    let url = format!("http://{address}{path}");
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .timeout_global(Some(args.timeout));
    let failed = |error| Failure::run(format!("{url}: {error}"));
    let mut answer = config.build().new_agent().get(&url).call().map_err(failed)?;
    let code = answer.status().as_u16();
    let health: Value = answer.body_mut().read_json().map_err(failed)?;
    let text = |field| health.get(field).and_then(Value::as_str);
    if code == 200 && text("status") == Some(good) {
        say(format_args!("{good}\n"));
        return Ok(());
    }
    let reason = text("reason").or(text("error")).unwrap_or("no reason given; is this a spake-service?");
    Err(Failure::run(format!("{url} answered {code}: {reason}")))
}

/// The listener's address, as seen from its own machine.
fn within_reach(admin: Option<Listener>) -> Result<SocketAddr, Failure> {
    let mut address = match admin {
        Some(Listener::Off) => {
            return Err(Failure::usage(
                "SPAKE_ADMIN_ADDR=off: there is no listener to ask; set it to an address such as 127.0.0.1:9464",
            ));
        }
        Some(Listener::At(address)) => address,
        None => Listener::DEFAULT,
    };
    if address.port() == 0 {
        return Err(Failure::usage(format!(
            "SPAKE_ADMIN_ADDR={address}: the port is whichever was free; name the one that the service printed"
        )));
    }
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_loopback() {
        for (configured, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("10.0.0.1:9465", "10.0.0.1:9465"),
        ] {
            let listener = Listener::At(configured.parse().unwrap());
            assert_eq!(within_reach(Some(listener)).ok(), asked.parse().ok(), "{configured}");
        }
        assert_eq!(within_reach(None).ok(), Some(Listener::DEFAULT));
    }
}
