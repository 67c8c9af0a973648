//! The connection breaks in the middle of a change: it is not known whether it was made, and who repeats the request
//! finds out, by an answer that is the same whichever it was.

use std::time::Duration;

use super::{
    WRITING, assert_completes, assert_fails_once, assert_ready, assert_worked_again_once, changes, in_time,
    initiate, service, turned_away,
};
use crate::support::proxy::Cut;
use crate::support::{Answer, Client, Proxy, RedisServer, TestApp};

struct Way {
    // In the order in which they may go.
    app: TestApp,
    proxy: Proxy,
    _redis: RedisServer,
}

impl Way {
    fn new() -> Self {
        let redis = RedisServer::start();
        let proxy = Proxy::to(&redis.addr());
        Self { app: service(&proxy.url(), &[]), proxy, _redis: redis }
    }

    /// Cuts the change that `request` makes, and nothing else.
    #[track_caller]
    fn cut(&self, cut: Cut, request: impl FnOnce(&TestApp) -> Answer) {
        self.proxy.cut_next_script(cut);
        // A cut is seen at once: nobody waits for the timeout.
        let answer = in_time(Duration::ZERO, || request(&self.app));
        assert_eq!(turned_away(answer), "outcome_unknown");
        assert!(!self.proxy.still_has_to_cut());
        // Nothing in the log is about the request.
        changes(&self.app);
    }

    fn status(&self, session: &str) -> (String, bool) {
        let answer = self.app.get(&format!("/spake/status/{session}")).ok();
        (answer.string("status"), answer.field("confirmed") == true)
    }
}

#[test]
fn an_exchange_that_was_cut_gives_its_secret_to_who_repeats_it() {
    let way = Way::new();
    for (session, cut, after) in [("lost", Cut::Command, "initiated"), ("done", Cut::Reply, "completed")] {
        let client = Client::initiate(&way.app, session, "password", "password");
        way.cut(cut, |app| client.exchange(app));
        assert_eq!(way.status(session), (after.to_owned(), false));
        let first = client.exchange(&way.app).ok();
        assert_eq!(client.exchange(&way.app).ok().json(), first.json());
        // Whoever else comes now is too late.
        let other = Client::against(&initiate(&way.app, &format!("{session}-other")).ok(), "password");
        let other = serde_json::json!({ "session_id": session, "client_public_key": other.public_key() });
        way.app.post("/spake/exchange", &other).refused(400, "invalid_session_status");
        client.confirm(&way.app).ok();
        assert_eq!(first.string("shared_secret"), client.unconfirmed_secret());
    }
}

#[test]
fn a_confirmation_that_was_cut_counts_once() {
    let way = Way::new();
    for (session, cut, after) in [("lost", Cut::Command, false), ("done", Cut::Reply, true)] {
        let client = Client::initiate(&way.app, session, "password", "password");
        client.exchange(&way.app).ok();
        way.cut(cut, |app| client.confirm(app));
        assert_eq!(way.status(session), ("completed".to_owned(), after));
        let first = client.confirm(&way.app).ok();
        assert_eq!(client.confirm(&way.app).ok().json(), first.json());
        assert_completes(&way.app, client);
    }
}

#[test]
fn an_exchange_with_a_confirmation_that_was_cut_does_both_or_nothing() {
    let way = Way::new();
    for (session, cut, after) in
        [("lost", Cut::Command, ("initiated", false)), ("done", Cut::Reply, ("completed", true))]
    {
        let client = Client::initiate(&way.app, session, "password", "password");
        way.cut(cut, |app| client.exchange_and_confirm(app));
        assert_eq!(way.status(session), (after.0.to_owned(), after.1));
        assert_completes(&way.app, client);
    }
}

#[test]
fn a_wrong_confirmation_that_was_cut_burns_the_session_and_is_no_second_guess() {
    let way = Way::new();
    for (session, cut, after) in [("lost", Cut::Command, "completed"), ("done", Cut::Reply, "failed")] {
        let wrong = Client::initiate(&way.app, session, "password", "guess");
        wrong.exchange(&way.app).ok();
        way.cut(cut, |app| wrong.confirm(app));
        assert_eq!(way.status(session).0, after);
        for _ in 0..2 {
            wrong.confirm(&way.app).refused(403, "confirmation_failed");
            assert_eq!(way.status(session).0, "failed");
        }
        // A further guess is not even judged.
        let other = serde_json::json!({ "session_id": session, "client_confirmation": "00".repeat(32) });
        way.app.post("/spake/confirm", &other).refused(400, "invalid_session_status");
    }
}

#[test]
fn an_initiation_that_was_cut_made_the_whole_session_or_none() {
    let way = Way::new();
    way.cut(Cut::Command, |app| initiate(app, "lost"));
    way.app.get("/spake/status/lost").refused(404, "session_not_found");
    let lost = initiate(&way.app, "lost").ok();
    assert_completes(&way.app, Client::against(&lost, "password"));

    way.cut(Cut::Reply, |app| initiate(app, "done"));
    assert_eq!(way.status("done"), ("initiated".to_owned(), false));
    // Its public key went with the answer: nobody can go on with it, and nobody can take its name from it.
    initiate(&way.app, "done").refused(409, "session_exists");
    assert_eq!(way.app.get("/spake/sessions").ok().field("active_sessions"), 2);
    way.app.delete("/spake/cleanup/done").ok();
    let done = initiate(&way.app, "done").ok();
    assert_completes(&way.app, Client::against(&done, "password"));
}

#[test]
fn a_removal_that_was_cut_is_found_out_by_its_repetition() {
    let way = Way::new();
    for (session, cut, after) in [("lost", Cut::Command, 200), ("done", Cut::Reply, 404)] {
        initiate(&way.app, session).ok();
        let remove = |app: &TestApp| app.delete(&format!("/spake/cleanup/{session}"));
        way.cut(cut, remove);
        assert_eq!(remove(&way.app).status, after);
        way.app.get(&format!("/spake/status/{session}")).refused(404, "session_not_found");
    }
}

#[test]
fn a_cut_is_one_failure_in_the_log_and_the_next_write_ends_it() {
    let way = Way::new();
    let client = Client::initiate(&way.app, "s", "password", "password");
    way.cut(Cut::Reply, |app| client.exchange(app));
    assert_fails_once(&way.app, WRITING);
    // A cut connection is no Redis that is away.
    assert_ready(&way.app);
    assert_worked_again_once(&way.app, WRITING);
    assert_completes(&way.app, client);
}
