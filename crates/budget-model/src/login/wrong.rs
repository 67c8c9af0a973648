//! Designs that were considered, or look harmless, and are wrong. Each differs from the right one in what its function
//! says and in nothing else.

use super::design::{AS_DESIGNED, Design};
use super::scripts::{self, Committed, Completed, Judged, Login, create, drop_old_attempts};
use super::store::{AttemptId, Status, Store};

/// The debit is kept under the session's id: the same shareP after the session's end moves the old attempt instead of
/// adding one, and gets another answer for it.
pub const DEBIT_KEYED_BY_SESSION: Design = Design { commit: &[debit_keyed_by_session], ..AS_DESIGNED };

/// A counter that begins with its first attempt and ends a window later (`INCR`, `EXPIRE`).
pub const COUNTER_PER_FIXED_WINDOW: Design = Design { commit: &[count_in_fixed_window], ..AS_DESIGNED };

/// Two writes, the debit first: whoever crashes in between has debited for nothing, and so has who comes second.
pub const DEBIT_THEN_SESSION: Design = Design { commit: &[debit_alone, create_alone], ..AS_DESIGNED };

/// Two writes, the session first: whoever crashes in between leaves an answer that nobody pays for.
pub const SESSION_THEN_DEBIT: Design = Design { commit: &[create_alone, debit_alone], ..AS_DESIGNED };

/// The refund does not ask whether the session is still the one that was read.
pub const REFUND_UNCHECKED: Design = Design { complete: refund_unchecked, ..AS_DESIGNED };

/// Only the read looks at the budget, and parallel logins all read before the first one writes.
pub const BUDGET_ONLY_READ: Design = Design { commit: &[commit_whatever_the_budget], ..AS_DESIGNED };

/// A refused login counts as well: whoever goes on trying keeps the owner out.
pub const REFUSALS_COUNT: Design = Design { commit: &[count_refusals], ..AS_DESIGNED };

/// The credential that answered is not compared with the one that is there now.
pub const GENERATION_UNCHECKED: Design = Design { complete: complete_any_generation, ..AS_DESIGNED };

fn earlier(store: &Store, login: &Login) -> Option<Committed> {
    let there = store.sessions.get(&login.share)?;
    Some(if there.sealed == login.draw { Committed::New } else { Committed::Earlier(*there) })
}

fn over_budget(store: &mut Store) -> bool {
    drop_old_attempts(store);
    store.attempts.len() >= store.settings.guesses
}

fn debit_keyed_by_session(store: &mut Store, login: &Login) -> Committed {
    if let Some(earlier) = earlier(store, login) {
        return earlier;
    }
    let attempt = AttemptId::OfSession(login.share);
    if over_budget(store) {
        return Committed::OverBudget;
    }
    store.attempts.insert(attempt, store.now);
    create(store, login, attempt);
    Committed::New
}

fn count_in_fixed_window(store: &mut Store, login: &Login) -> Committed {
    if let Some(earlier) = earlier(store, login) {
        return earlier;
    }
    if over_budget(store) {
        return Committed::OverBudget;
    }
    // Everything that was counted ends with the first of it.
    let began = store.attempts.values().copied().min().unwrap_or(store.now);
    let attempt = AttemptId::Random(login.draw);
    store.attempts.insert(attempt, began);
    create(store, login, attempt);
    Committed::New
}

fn debit_alone(store: &mut Store, login: &Login) -> Committed {
    let attempt = AttemptId::Random(login.draw);
    if over_budget(store) && !store.attempts.contains_key(&attempt) {
        return Committed::OverBudget;
    }
    store.attempts.insert(attempt, store.now);
    Committed::New
}

fn create_alone(store: &mut Store, login: &Login) -> Committed {
    if let Some(earlier) = earlier(store, login) {
        return earlier;
    }
    create(store, login, AttemptId::Random(login.draw));
    Committed::New
}

fn refund_unchecked(store: &mut Store, judged: &Judged) -> Completed {
    store.attempts.remove(&judged.attempt);
    scripts::complete(store, judged)
}

fn commit_whatever_the_budget(store: &mut Store, login: &Login) -> Committed {
    if let Some(earlier) = earlier(store, login) {
        return earlier;
    }
    let attempt = AttemptId::Random(login.draw);
    store.attempts.insert(attempt, store.now);
    create(store, login, attempt);
    Committed::New
}

fn count_refusals(store: &mut Store, login: &Login) -> Committed {
    let committed = scripts::commit_login(store, login);
    if matches!(committed, Committed::OverBudget) {
        store.attempts.insert(AttemptId::Random(login.draw), store.now);
    }
    committed
}

fn complete_any_generation(store: &mut Store, judged: &Judged) -> Completed {
    let Some(there) = store.sessions.get_mut(&judged.share) else {
        return Completed::Lost;
    };
    if there.sealed != judged.read && there.sealed != judged.draw {
        return Completed::Lost;
    }
    there.sealed = judged.draw;
    there.status = Status::Confirmed;
    store.attempts.remove(&judged.attempt);
    Completed::Confirmed
}
