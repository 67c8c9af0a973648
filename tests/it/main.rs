//! Black-box tests of the built binary over real HTTP, and the conformance suite of the stores.
//!
//! One binary, so that everything links once. Each test that needs the service starts its own on a free port.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod support;

mod account_commands;
mod accounts;
mod api_keys;
mod audit;
mod bad_credentials;
mod bad_input;
mod bad_requests;
mod bench;
mod client_address;
mod conformance;
mod connections;
mod cors;
mod enumeration;
mod file_store;
mod floods;
mod guard;
mod guess_budget;
mod healthcheck;
mod keyspace;
mod layering;
mod listing;
mod logging;
mod lost_races;
mod metrics;
mod migrations;
mod openapi;
mod overload;
mod pair_command;
mod pairing;
mod promises_at_rest;
mod rate_limits;
mod readme;
mod redis_access;
mod redis_failover;
mod redis_replicas;
mod redis_support;
mod redis_trouble;
mod rotation;
mod session_owners;
mod shutdown;
mod slow_callers;
mod startup;
mod tls;
mod traces;
mod unsafe_starts;
