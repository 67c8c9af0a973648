//! Password-authenticated key exchange as a service.
//!
//! | module | layer | job |
//! |---|---|---|
//! | [`http`] | 3 | axum: routes, wire types, extractors, middleware, errors |
//! | [`store`] | 2 | where sessions live: adapters of the ports in `domain` |
//! | [`domain`] | 1 | sessions, sealing, stretching, ports; knows no axum and no Redis |
//! | `spake_protocol` | 0 | the two protocols; a crate of its own |
//! | [`audit`] | 2 | where audit events go: the log, or a file |
//! | [`metrics`] | 2 | what is counted and measured, for Prometheus |
//! | [`traces`] | 2 | spans for an OpenTelemetry collector |
//! | [`config`], [`server`], [`commands`], [`logging`] | | wiring: configuration → store → app → serve, and the command line |
//!
//! An arrow may only point down: `http → domain ← store`, `domain → spake_protocol`. `http` and `store` do not know each
//! other; only `server` sees all. `tests/it/layering.rs` holds the tree to that.

pub mod audit;
pub mod commands;
pub mod config;
pub mod domain;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod server;
pub mod store;
pub mod traces;
