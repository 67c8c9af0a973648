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
mod bad_credentials;
mod bad_input;
mod bad_requests;
mod conformance;
mod cors;
mod enumeration;
mod file_store;
mod guard;
mod guess_budget;
mod layering;
mod listing;
mod lost_races;
mod migrations;
mod openapi;
mod overload;
mod pair_command;
mod pairing;
mod promises_at_rest;
mod readme;
mod redis_access;
mod redis_failover;
mod redis_replicas;
mod redis_support;
mod redis_trouble;
mod rotation;
mod shutdown;
mod slow_callers;
mod startup;
