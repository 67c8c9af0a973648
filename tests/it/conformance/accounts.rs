//! Credentials, logins and budgets: what every store must do.

use std::collections::HashSet;
use std::time::Duration;

use spake_service::domain::ids::{CredentialId, SessionId};
use spake_service::domain::keyspace::Seed;
use spake_service::domain::ports::{
    AttemptId, Budget, CallerTag, Committed, Completed, Completion, Condition, CredentialEntry, Cursor,
    Entry, Generation, Guesses, ListError, Login, Put, Removed, Swap,
};
use spake_service::domain::random::random_bytes;
use spake_service::domain::session::{Protocol, Status, Summary};

use super::fixtures::{Fixture, START};

const TTL: Duration = Duration::from_secs(120);
const WINDOW: Duration = Duration::from_secs(900);
const BUDGET: Budget = Budget { limit: 3, window: WINDOW, per_caller: None };
const CALLER: CallerTag = CallerTag([5; 16]);

fn id(text: &str) -> CredentialId {
    CredentialId::parse(text).unwrap()
}

fn credential(generation: u64) -> CredentialEntry {
    let sealed = random_bytes::<40>().to_vec();
    CredentialEntry { sealed, generation: Generation(generation), disabled: false }
}

fn entry(confirmed: bool) -> Entry {
    let summary = Summary { protocol: Protocol::Spake2Plus, status: Status::Completed, confirmed };
    Entry { sealed: random_bytes::<40>().to_vec(), summary }
}

fn session(credential: &str, share: u8) -> SessionId {
    SessionId::of_login(&Seed::from_bytes([7; 32]), &id(credential), &[share; 65])
}

fn login(credential: &str, share: u8) -> Login {
    let attempt = AttemptId::new(random_bytes(), CALLER);
    Login { session: session(credential, share), entry: entry(false), ttl: TTL, attempt }
}

impl Fixture {
    async fn put(&self, name: &str, generation: u64, condition: Condition) -> Put {
        self.credentials.put(&id(name), credential(generation), condition).await.unwrap()
    }

    async fn commit(&self, name: &str, share: u8) -> Committed {
        self.logins.commit(&id(name), login(name, share), BUDGET).await.unwrap()
    }

    async fn used(&self, name: &str) -> u32 {
        self.logins.guesses(&id(name), WINDOW).await.unwrap().used
    }

    async fn complete(&self, name: &str, login: &Login, generation: u64) -> Completed {
        let read = self.sessions.read(&login.session).await.unwrap();
        let Some(read) = read else { return Completed::Lost };
        let completion = Completion {
            session: login.session.clone(),
            expected: read.revision,
            entry: entry(true),
            attempt: login.attempt,
            generation: Generation(generation),
        };
        self.logins.complete(&id(name), completion).await.unwrap()
    }
}

pub async fn a_credential_is_kept_as_it_was_put_and_without_an_end(f: Fixture) {
    let entry = credential(1);
    let Put::Created(times) = f.credentials.put(&id("a"), entry.clone(), Condition::Always).await.unwrap()
    else {
        panic!("it is new")
    };
    assert_eq!((times.created, times.updated), (START, START));
    f.advance(Duration::from_secs(365 * 24 * 3600));
    let stored = f.credentials.get(&id("a")).await.unwrap().unwrap();
    assert_eq!((stored.sealed, stored.generation, stored.times), (entry.sealed, Generation(1), times));
    assert!(f.credentials.get(&id("b")).await.unwrap().is_none());
    let Put::Replaced(times) = f.put("a", 2, Condition::Always).await else { panic!("it was there") };
    assert_eq!((times.created, times.updated), (START, START.after(Duration::from_secs(365 * 24 * 3600))));
    assert_eq!(f.credentials.get(&id("a")).await.unwrap().unwrap().generation, Generation(2));
}

pub async fn a_condition_on_a_credential_holds_or_nothing_is_written(f: Fixture) {
    let is = |generation| Condition::Is(Generation(generation));
    assert_eq!(f.put("a", 1, is(0)).await, Put::Refused);
    assert!(matches!(f.put("a", 1, Condition::Absent).await, Put::Created(_)));
    assert_eq!(f.put("a", 2, Condition::Absent).await, Put::Refused);
    assert_eq!(f.put("a", 2, is(7)).await, Put::Refused);
    assert!(matches!(f.put("a", 2, is(1)).await, Put::Replaced(_)));
    let remove = async |condition| f.credentials.remove(&id("a"), condition).await.unwrap();
    assert_eq!(remove(is(1)).await, Removed::Refused);
    assert_eq!(remove(is(2)).await, Removed::Gone);
    assert_eq!(remove(is(2)).await, Removed::Absent);
    assert_eq!(remove(Condition::Always).await, Removed::Absent);
    assert!(f.credentials.get(&id("a")).await.unwrap().is_none());
}

pub async fn a_credential_is_resealed_only_in_the_state_that_was_read(f: Fixture) {
    f.put("a", 1, Condition::Always).await;
    let read = f.credentials.get(&id("a")).await.unwrap().unwrap();
    let reseal = async |sealed: &[u8]| f.credentials.reseal(&id("a"), &read, sealed.to_vec()).await.unwrap();
    assert!(reseal(b"another envelope").await);
    assert!(!reseal(b"a third").await);
    let now = f.credentials.get(&id("a")).await.unwrap().unwrap();
    assert_eq!(
        (&*now.sealed, now.generation, now.times),
        (&b"another envelope"[..], read.generation, read.times)
    );
}

pub async fn credentials_are_listed_once_each(f: Fixture) {
    for index in 0..50 {
        f.put(&format!("user{index}"), index, Condition::Always).await;
    }
    let expected: HashSet<_> = (0..50).map(|index| format!("user{index}")).collect();
    for limit in [1, 7, 49, 50, 51] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = f.credentials.list_credentials(cursor.as_ref(), limit).await.unwrap();
            assert!(page.credentials.len() <= limit);
            seen.extend(page.credentials.iter().map(|listed| listed.id.to_string()));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!((seen.len(), seen.into_iter().collect::<HashSet<_>>()), (50, expected.clone()), "{limit}");
    }
    let bad = f.credentials.list_credentials(Some(&Cursor("a/b".to_owned())), 1).await;
    assert!(matches!(bad, Err(ListError::BadCursor)));
}

pub async fn a_login_is_counted_with_its_session_or_not_at_all(f: Fixture) {
    assert!(
        matches!(f.commit("a", 1).await, Committed::New(lifetime) if lifetime.expires == START.after(TTL))
    );
    assert_eq!(f.used("a").await, 1);
    let view = async || f.logins.view(&id("a"), &session("a", 1), CALLER, BUDGET).await.unwrap();
    let seen = view().await;
    assert!(seen.credential.is_none() && seen.earlier.is_some() && seen.over_budget.is_none());
    assert_eq!(
        f.logins.guesses(&id("a"), WINDOW).await.unwrap(),
        Guesses { used: 1, frees_in: Some(WINDOW) }
    );
    // The same share again: the session is there, and nothing is counted.
    assert_eq!(f.commit("a", 1).await, Committed::Earlier);
    assert_eq!(f.used("a").await, 1);
    f.commit("a", 2).await;
    f.commit("a", 3).await;
    f.advance(Duration::from_secs(1));
    let over = Guesses { used: 3, frees_in: Some(WINDOW - Duration::from_secs(1)) };
    assert_eq!(f.commit("a", 4).await, Committed::OverBudget(over));
    assert_eq!(view().await.over_budget, Some(over));
    assert!(f.sessions.read(&session("a", 4)).await.unwrap().is_none(), "no session without its debit");
    assert_eq!((f.used("a").await, f.used("b").await), (3, 0));
}

pub async fn the_window_slides_by_the_millisecond_and_refusals_do_not_count(f: Fixture) {
    let second = Duration::from_secs(1);
    for share in 1..=3 {
        assert!(matches!(f.commit("a", share).await, Committed::New(_)));
        f.advance(second);
    }
    f.advance(WINDOW - 3 * second - Duration::from_millis(1));
    for share in 4..=20 {
        let left = Guesses { used: 3, frees_in: Some(Duration::from_millis(1)) };
        assert_eq!(f.commit("a", share).await, Committed::OverBudget(left));
    }
    f.advance(Duration::from_millis(1));
    assert_eq!(f.used("a").await, 2, "the first has left");
    assert!(matches!(f.commit("a", 21).await, Committed::New(_)));
    assert!(matches!(f.commit("a", 22).await, Committed::OverBudget(_)));
    f.advance(WINDOW);
    assert_eq!(f.logins.guesses(&id("a"), WINDOW).await.unwrap(), Guesses { used: 0, frees_in: None });
}

pub async fn after_the_limit_was_lowered_it_is_told_when_one_is_free(f: Fixture) {
    for share in 1..=3 {
        f.commit("a", share).await;
        f.advance(Duration::from_secs(1));
    }
    let lowered = Budget { limit: 1, ..BUDGET };
    let over = f.logins.commit(&id("a"), login("a", 4), lowered).await.unwrap();
    assert_eq!(
        over,
        Committed::OverBudget(Guesses { used: 3, frees_in: Some(WINDOW - Duration::from_secs(1)) })
    );
    f.advance(WINDOW - Duration::from_secs(1));
    assert!(matches!(f.logins.commit(&id("a"), login("a", 5), lowered).await.unwrap(), Committed::New(_)));
}

pub async fn a_share_that_comes_back_after_its_session_is_counted_again(f: Fixture) {
    for _ in 0..3 {
        assert!(matches!(f.commit("a", 1).await, Committed::New(_)));
        f.advance(TTL);
    }
    assert_eq!(f.used("a").await, 3);
    assert!(matches!(f.commit("a", 1).await, Committed::OverBudget(_)));
}

pub async fn a_right_login_takes_back_its_own_attempt_once(f: Fixture) {
    f.put("a", 1, Condition::Always).await;
    let (one, two) = (login("a", 1), login("a", 2));
    for login in [&one, &two] {
        f.logins.commit(&id("a"), login.clone(), BUDGET).await.unwrap();
    }
    let stale = f.sessions.read(&one.session).await.unwrap().unwrap().revision;
    assert_eq!(f.complete("a", &one, 1).await, Completed::Won);
    assert_eq!(f.used("a").await, 1);
    let again = Completion {
        session: one.session.clone(),
        expected: stale,
        entry: entry(true),
        attempt: two.attempt,
        generation: Generation(1),
    };
    assert_eq!(f.logins.complete(&id("a"), again).await.unwrap(), Completed::Lost);
    assert_eq!(f.used("a").await, 1, "a lost completion takes nothing back");
    let listed = f.sessions.list(None, 10, Some(Status::Completed)).await.unwrap();
    assert_eq!(listed.sessions.iter().filter(|session| session.summary.confirmed).count(), 1);
}

pub async fn a_login_does_not_complete_against_a_changed_credential(f: Fixture) {
    f.put("a", 1, Condition::Always).await;
    let login = login("a", 1);
    f.logins.commit(&id("a"), login.clone(), BUDGET).await.unwrap();
    f.put("a", 2, Condition::Always).await;
    assert_eq!(f.complete("a", &login, 1).await, Completed::Stale);
    f.credentials.remove(&id("a"), Condition::Always).await.unwrap();
    assert_eq!(f.complete("a", &login, 1).await, Completed::Stale);
    assert_eq!(f.used("a").await, 1, "what was given away stays counted");
    f.advance(TTL);
    assert_eq!(f.complete("a", &login, 1).await, Completed::Lost);
}

pub async fn of_many_logins_at_once_no_more_than_the_limit_is_counted(f: Fixture) {
    let tasks: Vec<_> = (0..64)
        .map(|share| {
            let logins = f.logins.clone();
            tokio::spawn(async move { logins.commit(&id("a"), login("a", share), BUDGET).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += u32::from(matches!(task.await.unwrap(), Committed::New(_)));
    }
    assert_eq!((new, f.used("a").await), (3, 3));
    f.count_comes_to(3).await;
}

pub async fn one_caller_uses_up_its_share_and_not_that_of_the_others(f: Fixture) {
    let budget = Budget { per_caller: Some(2), ..BUDGET };
    let by = |share, caller: u8| {
        let attempt = AttemptId::new(random_bytes(), CallerTag([caller; 16]));
        Login { attempt, ..login("a", share) }
    };
    let commit = async |login: Login| f.logins.commit(&id("a"), login, budget).await.unwrap();
    let first = by(1, 1);
    assert!(matches!(commit(first.clone()).await, Committed::New(_)));
    f.advance(Duration::from_secs(1));
    assert!(matches!(commit(by(2, 1)).await, Committed::New(_)));
    let theirs = Guesses { used: 2, frees_in: Some(WINDOW - Duration::from_secs(1)) };
    assert_eq!(commit(by(3, 1)).await, Committed::OverBudget(theirs));
    let view = async |caller| {
        let caller = CallerTag([caller; 16]);
        f.logins.view(&id("a"), &session("a", 9), caller, budget).await.unwrap().over_budget
    };
    assert_eq!((view(1).await, view(2).await), (Some(theirs), None));
    assert!(matches!(commit(by(4, 2)).await, Committed::New(_)), "the owner, from elsewhere");
    // All together are never more than the credential's own limit.
    let all = Guesses { used: 3, ..theirs };
    assert_eq!(commit(by(5, 3)).await, Committed::OverBudget(all));
    // A right login gives back to both.
    f.put("a", 1, Condition::Always).await;
    assert_eq!(f.complete("a", &first, 1).await, Completed::Won);
    assert_eq!((view(1).await, f.used("a").await), (None, 2));
}

pub async fn a_cleared_budget_is_empty_and_only_it(f: Fixture) {
    f.commit("a", 1).await;
    f.commit("b", 1).await;
    assert!(f.logins.clear_guesses(&id("a")).await.unwrap());
    assert!(!f.logins.clear_guesses(&id("a")).await.unwrap());
    assert_eq!((f.used("a").await, f.used("b").await), (0, 1));
    assert!(matches!(f.commit("a", 2).await, Committed::New(_)));
}

pub async fn a_login_is_a_session_like_any_other(f: Fixture) {
    let login = login("a", 1);
    f.logins.commit(&id("a"), login.clone(), BUDGET).await.unwrap();
    let read = f.sessions.read(&login.session).await.unwrap().unwrap();
    assert_eq!(read.sealed, login.entry.sealed);
    assert_eq!(f.sessions.replace(&login.session, read.revision, entry(false)).await.unwrap(), Swap::Won);
    let listed = f.sessions.list(None, 10, None).await.unwrap().sessions;
    assert_eq!(listed[0].summary.protocol, Protocol::Spake2Plus);
    assert_eq!(f.sessions.delete(&login.session, None).await.unwrap(), Swap::Won);
    assert_eq!(f.used("a").await, 1);
}
