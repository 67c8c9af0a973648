//! Misspelt variables: a typo in `SPAKE_SESSION_TTL` must not silently mean the default.

use std::ffi::OsStr;

use clap::Command;

use super::secrets;

/// The first of `variables` that begins with `SPAKE_` and is neither an argument of `command` or a subcommand nor one of
/// those that Kubernetes sets for a Service whose name begins with `spake`.
pub fn unknown_variable<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    command: &Command,
    variables: impl Iterator<Item = (K, V)>,
) -> Option<String> {
    let known = |name: &str| secrets::WITHOUT_FLAG.contains(&name) || declares(command, OsStr::new(name));
    variables
        .map(|(name, value)| {
            (name.as_ref().to_string_lossy().into_owned(), value.as_ref().to_string_lossy().into_owned())
        })
        .filter(|(name, value)| name.starts_with("SPAKE_") && !is_service_link(name, value))
        .map(|(name, _)| name)
        .filter(|name| !known(name))
        .min()
}

/// The client's variables may stand beside the service's own.
fn declares(command: &Command, variable: &OsStr) -> bool {
    command.get_arguments().any(|argument| argument.get_env() == Some(variable))
        || command.get_subcommands().any(|command| declares(command, variable))
}

/// `SPAKE_SERVICE_HOST`, `SPAKE_SERVICE_PORT`, `SPAKE_SERVICE_PORT_HTTP`, `SPAKE_PORT=tcp://…`,
/// `SPAKE_PORT_5000_TCP[_PROTO|_PORT|_ADDR]`: what Kubernetes and Docker links inject.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_link_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_port_detail = || {
        let (_, port) = name.split_once("_PORT_").unwrap_or_default();
        let (number, protocol) = port.split_once('_').unwrap_or_default();
        let protocol = protocol.split('_').next().unwrap_or_default();
        !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
            && matches!(protocol, "TCP" | "UDP" | "SCTP")
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || is_port_detail()
        || (name.ends_with("_PORT") && is_link_url)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn unknown(variables: &[(&str, &str)]) -> Option<String> {
        let command = Command::new("test").arg(Arg::new("ttl").env("SPAKE_SESSION_TTL"));
        unknown_variable(&command, variables.iter().copied())
    }

    #[test]
    fn a_misspelt_variable_is_named() {
        assert_eq!(unknown(&[("SPAKE_SESION_TTL", "1s")]), Some("SPAKE_SESION_TTL".to_owned()));
        assert_eq!(unknown(&[("SPAKE_PORT", "5000")]), Some("SPAKE_PORT".to_owned()));
        assert_eq!(unknown(&[("SPAKE_SESSION_TTL", "1s"), ("SPAKE_STATE_KEYS", ""), ("OTHER", "")]), None);
    }

    #[test]
    fn what_kubernetes_injects_for_a_service_of_our_name_is_ignored() {
        for (name, value) in [
            ("SPAKE_PORT", "tcp://10.0.0.1:5000"),
            ("SPAKE_SERVICE_HOST", "10.0.0.1"),
            ("SPAKE_SERVICE_PORT", "5000"),
            ("SPAKE_SERVICE_PORT_HTTP", "5000"),
            ("SPAKE_PORT_5000_TCP", "tcp://10.0.0.1:5000"),
            ("SPAKE_PORT_5000_TCP_ADDR", "10.0.0.1"),
            ("SPAKE_SERVICE_SERVICE_HOST", "10.0.0.1"),
            ("SPAKE_REDIS_PORT", "tcp://10.0.0.2:6379"),
        ] {
            assert_eq!(unknown(&[(name, value)]), None, "{name}");
        }
    }
}
