//! A check that nothing fails shows nothing.

use budget_model::login::ledger::Promise;
use budget_model::login::store::Settings;
use budget_model::login::wrong;

use crate::support::{SETTINGS, is_refuted, logins, with};

#[test]
fn a_debit_kept_under_the_sessions_id_gives_an_answer_for_nothing() {
    let model = with(wrong::DEBIT_KEYED_BY_SESSION, logins(SETTINGS, 2, 1));
    is_refuted("a debit kept under the session's id", &model, Promise::GuessBudget.name());
}

#[test]
fn a_counter_per_fixed_window_lets_more_through_around_its_end() {
    let model = with(wrong::COUNTER_PER_FIXED_WINDOW, logins(SETTINGS, 2, 1));
    is_refuted("a counter per fixed window", &model, Promise::GuessBudget.name());
}

#[test]
fn debit_and_session_in_two_writes_lock_for_answers_that_nobody_got() {
    let model = with(wrong::DEBIT_THEN_SESSION, logins(SETTINGS, 2, 2));
    is_refuted("debit, then session", &model, Promise::DueLock.name());
}

#[test]
fn session_and_debit_in_two_writes_give_an_answer_for_nothing() {
    let model = with(wrong::SESSION_THEN_DEBIT, logins(Settings { guesses: 1, ..SETTINGS }, 2, 2));
    is_refuted("session, then debit", &model, Promise::GuessBudget.name());
}

#[test]
fn an_unchecked_refund_gives_back_what_a_wrong_guess_has_spent() {
    let model = with(wrong::REFUND_UNCHECKED, logins(SETTINGS, 2, 2));
    is_refuted("an unchecked refund", &model, Promise::OwnRefund.name());
}

#[test]
fn a_budget_that_is_only_read_is_overdrawn_by_parallel_logins() {
    let model = with(wrong::BUDGET_ONLY_READ, logins(SETTINGS, 2, 2));
    is_refuted("a budget that is only read", &model, Promise::GuessBudget.name());
}

#[test]
fn refusals_that_count_extend_the_lock() {
    let model = with(wrong::REFUSALS_COUNT, logins(SETTINGS, 2, 2));
    is_refuted("refusals that count", &model, Promise::DueLock.name());
}

#[test]
fn a_replaced_credential_confirms_where_generations_are_not_compared() {
    let model = with(wrong::GENERATION_UNCHECKED, logins(SETTINGS, 1, 1));
    let promise = Promise::CurrentCredential.name();
    is_refuted("a generation that is not compared", &model, promise);
}
