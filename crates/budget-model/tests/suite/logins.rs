use budget_model::login::ledger::{Counted, Promise};
use budget_model::login::store::Settings;
use budget_model::login::{Callers, Logins};

use crate::support::{SETTINGS, holds, is_refuted, logins, rounds};

const ONE_GUESS: Settings = Settings { guesses: 1, ..SETTINGS };

#[test]
fn every_promise_holds_in_every_order_of_two_requests_in_flight() {
    holds("two in flight", logins(SETTINGS, 2, 2));
}

#[test]
fn every_promise_holds_in_every_order_of_three_requests_in_flight() {
    holds("three in flight", logins(ONE_GUESS, 2, 3));
}

#[test]
fn good_logins_one_after_another_never_lock() {
    // More logins than N fit into one window, each with a shareP of its own.
    let good = Logins { callers: Callers::Good, ..logins(SETTINGS, 4, 1) };
    holds("good logins", good);
}

/// The budget is kept over the times of the *commits*. The identical login collects its answer from the session for as
/// long as that lives, so answers can leave later than they were debited, and then at most N leave in a window that is
/// shorter by a session's life (in whole ticks: a session of two ticks can be asked one tick after its commit).
#[test]
fn an_answer_that_is_collected_late_counts_from_its_commit() {
    let by_departure = |window| Logins { counted: Counted::ByDeparture(window), ..logins(ONE_GUESS, 2, 2) };
    holds("departures in W - TTL", by_departure(SETTINGS.window - (SETTINGS.ttl - 1)));
    is_refuted("departures in W", &by_departure(SETTINGS.window), Promise::GuessBudget.name());
}

#[test]
fn every_promise_holds_in_larger_bounds() {
    if rounds() > 1 {
        holds("three shares, three in flight", logins(ONE_GUESS, 3, 3));
        holds("three shares", logins(SETTINGS, 3, 2));
        holds("three guesses", logins(Settings { guesses: 3, ..SETTINGS }, 2, 1));
        holds("two guesses, three in flight", logins(SETTINGS, 1, 3));
    }
}
