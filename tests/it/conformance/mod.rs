//! What every store must do, whichever it is. A new adapter adds one line at the end.

mod accounts;
pub mod fixtures;
mod listing;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use spake_service::domain::ids::SessionId;
use spake_service::domain::ports::{Created, Entry, Listed, Swap};
use spake_service::domain::random::random_bytes;
use spake_service::domain::session::{Protocol, Status, Summary};

use self::fixtures::{Fixture, START};

const TTL: Duration = Duration::from_secs(300);

fn id(text: &str) -> SessionId {
    SessionId::parse(text).unwrap()
}

/// As with envelopes, no two are alike.
fn entry(sealed: &[u8], status: Status) -> Entry {
    let sealed = [sealed, &random_bytes::<NONCE>()].concat();
    Entry { sealed, summary: Summary { protocol: Protocol::Spake2, status, confirmed: false } }
}

const NONCE: usize = 16;

fn initiated(sealed: &[u8]) -> Entry {
    entry(sealed, Status::Initiated)
}

impl Fixture {
    async fn create(&self, name: &str) -> Created {
        self.sessions.create(&id(name), initiated(name.as_bytes()), TTL).await.unwrap()
    }

    async fn sealed(&self, name: &str) -> Option<Vec<u8>> {
        let stored = self.sessions.read(&id(name)).await.unwrap()?;
        Some(stored.sealed[..stored.sealed.len() - NONCE].to_vec())
    }

    /// A count may be a second old.
    pub async fn count_comes_to(&self, expected: u64) {
        let start = Instant::now();
        loop {
            let count = self.sessions.count().await.unwrap();
            if count == expected {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{count} instead of {expected}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn all(&self, limit: usize, status: Option<Status>) -> Vec<Listed> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.sessions.list(cursor.as_ref(), limit, status).await.unwrap();
            assert!(page.sessions.len() <= limit);
            all.extend(page.sessions);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return all,
            }
        }
    }
}

async fn what_is_created_is_read_with_its_lifetime(f: Fixture) {
    let created = f.create("s").await;
    let stored = f.sessions.read(&id("s")).await.unwrap().unwrap();
    assert_eq!(created, Created::New(stored.lifetime));
    assert!(stored.sealed.starts_with(b"s"));
    assert_eq!((stored.lifetime.created, stored.lifetime.expires), (START, START.after(TTL)));
    f.advance(Duration::from_secs(100));
    let later = f.sessions.read(&id("s")).await.unwrap().unwrap();
    assert_eq!(later.lifetime.expires, stored.lifetime.expires);
    assert!(f.sealed("t").await.is_none());
}

async fn an_id_is_created_once_and_the_first_stays(f: Fixture) {
    f.create("s").await;
    let second = f.sessions.create(&id("s"), initiated(b"other"), TTL).await.unwrap();
    assert_eq!(second, Created::Exists);
    assert_eq!(f.sealed("s").await.unwrap(), b"s");
}

async fn a_replacement_needs_the_state_that_was_read(f: Fixture) {
    f.create("s").await;
    let read = f.sessions.read(&id("s")).await.unwrap().unwrap();
    let replace = |revision, sealed: &'static [u8]| {
        let (store, entry) = (f.sessions.clone(), entry(sealed, Status::Completed));
        async move { store.replace(&id("s"), revision, entry).await.unwrap() }
    };
    assert_eq!(replace(read.revision, b"one").await, Swap::Won);
    assert_eq!(replace(read.revision, b"two").await, Swap::Lost);
    assert_eq!(f.sealed("s").await.unwrap(), b"one");
    let again = f.sessions.read(&id("s")).await.unwrap().unwrap();
    assert_eq!(again.lifetime, read.lifetime, "a write never extends a session");
    assert_eq!(replace(again.revision, b"three").await, Swap::Won);
    assert_eq!(f.all(10, None).await[0].summary.status, Status::Completed);
}

async fn a_session_of_the_same_id_is_another_session(f: Fixture) {
    f.create("s").await;
    let first = f.sessions.read(&id("s")).await.unwrap().unwrap();
    f.sessions.delete(&id("s"), None).await.unwrap();
    let lost = f.sessions.replace(&id("s"), first.revision, initiated(b"x")).await.unwrap();
    assert_eq!(lost, Swap::Lost, "deleted");
    f.create("s").await;
    let lost = f.sessions.replace(&id("s"), first.revision, initiated(b"x")).await.unwrap();
    assert_eq!(lost, Swap::Lost, "deleted and made again");
    assert_eq!(f.sealed("s").await.unwrap(), b"s");
}

async fn of_many_replacements_of_one_state_exactly_one_wins(f: Fixture) {
    f.create("s").await;
    let revision = f.sessions.read(&id("s")).await.unwrap().unwrap().revision;
    let tasks: Vec<_> = (0..64_u8)
        .map(|index| {
            let store = f.sessions.clone();
            tokio::spawn(async move { store.replace(&id("s"), revision, initiated(&[index])).await.unwrap() })
        })
        .collect();
    let mut winners = Vec::new();
    for (index, task) in (0..64_u8).zip(tasks) {
        if task.await.unwrap() == Swap::Won {
            winners.push(index);
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(f.sealed("s").await.unwrap(), winners);
}

async fn of_many_creations_of_one_id_exactly_one_wins(f: Fixture) {
    let tasks: Vec<_> = (0..64_u8)
        .map(|index| {
            let store = f.sessions.clone();
            tokio::spawn(async move { store.create(&id("s"), initiated(&[index]), TTL).await.unwrap() })
        })
        .collect();
    let mut winners = Vec::new();
    for (index, task) in (0..64_u8).zip(tasks) {
        if task.await.unwrap() != Created::Exists {
            winners.push(index);
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(f.sealed("s").await.unwrap(), winners);
}

async fn a_session_is_gone_for_every_method_when_its_time_has_passed(f: Fixture) {
    f.create("s").await;
    let read = f.sessions.read(&id("s")).await.unwrap().unwrap();
    f.advance(TTL - Duration::from_millis(1));
    assert!(f.sealed("s").await.is_some());
    f.count_comes_to(1).await;
    f.advance(Duration::from_millis(1));
    assert!(f.sealed("s").await.is_none());
    assert_eq!(f.sessions.replace(&id("s"), read.revision, initiated(b"x")).await.unwrap(), Swap::Lost);
    assert_eq!(f.all(10, None).await, []);
    f.count_comes_to(0).await;
    assert_eq!(f.sessions.delete(&id("s"), None).await.unwrap(), Swap::Lost);
}

async fn an_expired_id_is_free_again_and_the_new_session_lives_its_own_time(f: Fixture) {
    f.create("s").await;
    f.advance(TTL);
    assert!(matches!(f.create("s").await, Created::New(_)));
    f.advance(TTL - Duration::from_millis(1));
    assert_eq!(f.sealed("s").await.unwrap(), b"s");
    f.count_comes_to(1).await;
}

async fn a_deleted_session_is_gone_and_only_it(f: Fixture) {
    f.create("s").await;
    f.create("t").await;
    assert_eq!(f.sessions.delete(&id("s"), None).await.unwrap(), Swap::Won);
    assert_eq!(f.sessions.delete(&id("s"), None).await.unwrap(), Swap::Lost);
    assert!(f.sealed("s").await.is_none());
    assert_eq!(f.sealed("t").await.unwrap(), b"t");
    f.count_comes_to(1).await;
}

async fn a_session_that_changed_since_it_was_read_is_not_deleted(f: Fixture) {
    f.create("s").await;
    let revision = async || f.sessions.read(&id("s")).await.unwrap().unwrap().revision;
    let first = revision().await;
    f.sessions.replace(&id("s"), first, initiated(b"x")).await.unwrap();
    assert_eq!(f.sessions.delete(&id("s"), Some(first)).await.unwrap(), Swap::Lost);
    assert_eq!(f.sealed("s").await.unwrap(), b"x");
    let second = revision().await;
    assert_eq!(f.sessions.delete(&id("s"), Some(second)).await.unwrap(), Swap::Won);
    assert_eq!(f.sessions.delete(&id("s"), Some(second)).await.unwrap(), Swap::Lost);
    f.count_comes_to(0).await;
}

async fn ids_are_compared_byte_for_byte(f: Fixture) {
    let names = ["a", "A", "a ", "ä", "a\u{308}", "*", "%", "{a}", "a:b", &"x".repeat(128)];
    for name in names {
        assert!(matches!(f.create(name).await, Created::New(_)), "{name}");
    }
    for name in names {
        assert_eq!(f.sealed(name).await.unwrap(), name.as_bytes());
    }
    f.count_comes_to(names.len() as u64).await;
}

async fn a_fact_is_written_once_and_all_see_the_first(f: Fixture) {
    assert_eq!(f.keyspace.fact("facts").await.unwrap(), None);
    let tasks: Vec<_> = (0..16_u8)
        .map(|index| {
            let keyspace = f.keyspace.clone();
            tokio::spawn(async move { keyspace.create_fact("facts", vec![index]).await.unwrap() })
        })
        .collect();
    let mut seen = HashSet::new();
    for task in tasks {
        seen.insert(task.await.unwrap());
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(f.keyspace.fact("facts").await.unwrap(), seen.into_iter().next());
    f.advance(Duration::from_secs(365 * 24 * 3600));
    assert!(f.keyspace.fact("facts").await.unwrap().is_some());
}

async fn a_fact_is_replaced_only_in_the_state_that_was_read(f: Fixture) {
    let replace = async |expected: &[u8], sealed: &[u8]| {
        f.keyspace.replace_fact("facts", expected, sealed.to_vec()).await.unwrap()
    };
    assert_eq!(replace(b"", b"x").await, Swap::Lost, "there is none");
    f.keyspace.create_fact("facts", b"one".to_vec()).await.unwrap();
    assert_eq!(replace(b"other", b"x").await, Swap::Lost);
    assert_eq!(replace(b"one", b"two").await, Swap::Won);
    assert_eq!(f.keyspace.fact("facts").await.unwrap().unwrap(), b"two");
}

async fn a_store_that_works_is_ready(f: Fixture) {
    f.readiness.check().await.unwrap();
    f.count_comes_to(0).await;
}

macro_rules! conformance {
    ($($store:ident)*: $promises:tt) => { $( conformance!(@store $store $promises); )* };
    (@store $store:ident { $($promise:ident)* }) => {
        mod $store {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    if let Some(fixture) = super::fixtures::$store() {
                        super::$promise(fixture).await;
                    }
                }
            )*
        }
    };
}

use accounts::*;
use listing::*;

conformance! { memory file redis valkey redis8: {
    what_is_created_is_read_with_its_lifetime
    an_id_is_created_once_and_the_first_stays
    a_replacement_needs_the_state_that_was_read
    a_session_of_the_same_id_is_another_session
    of_many_replacements_of_one_state_exactly_one_wins
    of_many_creations_of_one_id_exactly_one_wins
    a_session_is_gone_for_every_method_when_its_time_has_passed
    an_expired_id_is_free_again_and_the_new_session_lives_its_own_time
    a_deleted_session_is_gone_and_only_it
    a_session_that_changed_since_it_was_read_is_not_deleted
    ids_are_compared_byte_for_byte
    a_listing_shows_each_session_once_whatever_the_page
    a_listing_goes_on_when_the_session_it_stopped_at_is_gone
    a_listing_by_status_shows_that_status_only
    a_cursor_that_the_store_never_gave_is_refused
    a_fact_is_written_once_and_all_see_the_first
    a_fact_is_replaced_only_in_the_state_that_was_read
    a_store_that_works_is_ready
    a_credential_is_kept_as_it_was_put_and_without_an_end
    a_condition_on_a_credential_holds_or_nothing_is_written
    a_credential_is_resealed_only_in_the_state_that_was_read
    credentials_are_listed_once_each
    a_login_is_counted_with_its_session_or_not_at_all
    the_window_slides_by_the_millisecond_and_refusals_do_not_count
    after_the_limit_was_lowered_it_is_told_when_one_is_free
    a_share_that_comes_back_after_its_session_is_counted_again
    a_right_login_takes_back_its_own_attempt_once
    a_login_does_not_complete_against_a_changed_credential
    of_many_logins_at_once_no_more_than_the_limit_is_counted
    one_caller_uses_up_its_share_and_not_that_of_the_others
    a_cleared_budget_is_empty_and_only_it
    a_login_is_a_session_like_any_other
} }

// What Redis does not promise: it lists by bucket.
mod embedded {
    use super::fixtures;
    use super::listing::a_listing_is_in_the_order_of_creation;

    #[tokio::test]
    async fn lists_in_the_order_of_creation() {
        a_listing_is_in_the_order_of_creation(fixtures::memory().unwrap()).await;
        a_listing_is_in_the_order_of_creation(fixtures::file().unwrap()).await;
    }
}
