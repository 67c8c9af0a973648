//! The operators' listener: its variable and flag, for the service and for who asks it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;

use super::parse;

/// Where the operators' listener is.
#[derive(Args)]
pub struct AdminArgs {
    /// Address and port of the operators' listener, with /health/live, /health/ready and /metrics; `off` for none
    /// [default: 127.0.0.1:9464, if it is free]
    #[arg(long, env = "SPAKE_ADMIN_ADDR", value_name = "ADDRESS:PORT", value_parser = parse::listener)]
    pub admin_addr: Option<Listener>,
}

/// Whether and where to listen for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// Not at all.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl Listener {
    /// Where it is unless that was said.
    pub const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
}
