use budget_model::pairing::{Design, Pairing, promise};

use crate::support::{holds, is_refuted, rounds};

const PAIRING: Pairing =
    Pairing { design: Design::AsDesigned, initiates: 1, in_flight: 2, late_creates: false };

#[test]
fn a_session_judges_one_guess_and_has_one_outcome_in_every_order() {
    holds("pairing", Pairing { in_flight: 3, ..PAIRING });
    if rounds() > 1 {
        holds("pairing, an id that is used again", Pairing { initiates: 2, ..PAIRING });
    }
}

#[test]
fn a_last_write_that_wins_judges_two_guesses() {
    let model = Pairing { design: Design::LastWriteWins, ..PAIRING };
    is_refuted("a last write that wins", &model, promise::ONE_GUESS);
    is_refuted("a last write that wins", &model, promise::ONE_EXCHANGE);
    is_refuted("a last write that wins", &model, promise::ONE_OUTCOME);
}

#[test]
fn an_answer_before_its_write_judges_two_guesses() {
    let model = Pairing { design: Design::AnswerFirst, ..PAIRING };
    is_refuted("an answer before its write", &model, promise::ONE_GUESS);
    is_refuted("an answer before its write", &model, promise::ONE_EXCHANGE);
    is_refuted("an answer before its write", &model, promise::ONE_OUTCOME);
}

/// Not a promise kept, but its limit: what would have to happen for a second guess.
#[test]
fn a_create_that_runs_again_after_its_sessions_removal_brings_the_guess_back() {
    let model = Pairing { late_creates: true, ..PAIRING };
    is_refuted("a late copy of create", &model, promise::ONE_GUESS);
}
