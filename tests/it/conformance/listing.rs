//! Listing sessions: what every store must do.

use std::collections::HashSet;
use std::time::Duration;

use spake_service::domain::ports::{Cursor, ListError};
use spake_service::domain::session::Status;

use super::fixtures::Fixture;
use super::{entry, id};

pub async fn a_listing_shows_each_session_once_whatever_the_page(f: Fixture) {
    for index in 0..100 {
        f.create(&format!("s{index}")).await;
        f.advance(Duration::from_millis(index % 3));
    }
    let expected: HashSet<_> = (0..100).map(|index| format!("s{index}")).collect();
    for limit in [1, 7, 99, 100, 101, 1000] {
        let listed = f.all(limit, None).await;
        let names: HashSet<_> = listed.iter().map(|listed| listed.id.to_string()).collect();
        assert_eq!((listed.len(), &names), (100, &expected), "in pages of {limit}");
    }
    f.count_comes_to(100).await;
}

pub async fn a_listing_is_in_the_order_of_creation(f: Fixture) {
    for index in 0..100 {
        f.create(&format!("s{index}")).await;
        f.advance(Duration::from_millis(index % 3));
    }
    let expected: Vec<_> = (0..100).map(|index| format!("s{index}")).collect();
    for limit in [1, 7, 1000] {
        let listed: Vec<_> =
            f.all(limit, None).await.into_iter().map(|listed| listed.id.to_string()).collect();
        assert_eq!(listed, expected, "in pages of {limit}");
    }
}

pub async fn a_listing_goes_on_when_the_session_it_stopped_at_is_gone(f: Fixture) {
    for name in ["a", "b", "c", "d"] {
        f.create(name).await;
        f.advance(Duration::from_secs(1));
    }
    let page = f.sessions.list(None, 2, None).await.unwrap();
    f.sessions.delete(&page.sessions[1].id, None).await.unwrap();
    let rest = f.sessions.list(page.next.as_ref(), 10, None).await.unwrap();
    let both = page.sessions.iter().chain(&rest.sessions);
    let mut names: Vec<_> = both.map(|listed| listed.id.as_str()).collect();
    names.sort_unstable();
    assert_eq!((names, rest.next), (vec!["a", "b", "c", "d"], None));
}

pub async fn a_listing_by_status_shows_that_status_only(f: Fixture) {
    for index in 0..10 {
        let name = format!("s{index}");
        f.create(&name).await;
        if index % 3 == 0 {
            let revision = f.sessions.read(&id(&name)).await.unwrap().unwrap().revision;
            let failed = entry(b"failed", Status::Failed);
            f.sessions.replace(&id(&name), revision, failed).await.unwrap();
        }
    }
    for limit in [1, 3, 100] {
        let failed = f.all(limit, Some(Status::Failed)).await;
        let names: HashSet<_> = failed.iter().map(|listed| listed.id.to_string()).collect();
        assert_eq!(names, ["s0", "s3", "s6", "s9"].map(str::to_owned).into());
        assert_eq!(f.all(limit, Some(Status::Initiated)).await.len(), 6);
        assert_eq!(f.all(limit, Some(Status::Completed)).await, []);
    }
}

pub async fn a_cursor_that_the_store_never_gave_is_refused(f: Fixture) {
    for text in ["", "x", "1", "0x1-1", "-"] {
        let result = f.sessions.list(Some(&Cursor(text.to_owned())), 10, None).await;
        assert!(matches!(result, Err(ListError::BadCursor)), "{text:?}");
    }
}
