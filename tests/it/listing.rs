//! `GET /spake/sessions`.

use serde_json::json;

use crate::support::{Client, TestApp};

#[test]
fn a_listing_shows_the_seeds_fields_in_the_order_of_creation() {
    let app = TestApp::start();
    let empty = app.get("/spake/sessions").ok();
    assert_eq!(empty.json(), json!({ "active_sessions": 0, "sessions": [], "next_cursor": null }));
    Client::initiate(&app, "session1", "password", "password");
    Client::initiate(&app, "session2", "password", "password").exchange(&app).ok();
    let answer = app.get("/spake/sessions").ok();
    assert_eq!(answer.field("active_sessions"), 2);
    let sessions = answer.field("sessions");
    assert_eq!(
        (&sessions[0]["session_id"], &sessions[0]["status"]),
        (&json!("session1"), &json!("initiated"))
    );
    assert_eq!(
        (&sessions[1]["session_id"], &sessions[1]["status"]),
        (&json!("session2"), &json!("completed"))
    );
    assert_eq!(sessions[0], app.get("/spake/status/session1").ok().json());
    assert!(!answer.text.contains("secret"));
}

#[test]
fn a_listing_goes_page_by_page_and_counts_all() {
    let app = TestApp::start();
    for index in 0..5 {
        Client::initiate(&app, &format!("s{index}"), "password", "password");
    }
    let mut seen = Vec::new();
    let mut path = "/spake/sessions?limit=2".to_owned();
    loop {
        let page = app.get(&path).ok();
        assert_eq!(page.field("active_sessions"), 5);
        for session in page.field("sessions").as_array().unwrap() {
            seen.push(session["session_id"].as_str().unwrap().to_owned());
        }
        match page.field("next_cursor").as_str() {
            Some(cursor) => path = format!("/spake/sessions?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["s0", "s1", "s2", "s3", "s4"]);
}

#[test]
fn a_listing_can_be_narrowed_to_a_status() {
    let app = TestApp::start();
    Client::initiate(&app, "one", "password", "password");
    Client::initiate(&app, "two", "password", "guess")
        .exchange_and_confirm(&app)
        .refused(403, "confirmation_failed");
    let failed = app.get("/spake/sessions?status=failed").ok();
    assert_eq!(failed.field("active_sessions"), 2, "all, not the page");
    assert_eq!(failed.field("sessions").as_array().unwrap().len(), 1);
    assert_eq!(failed.field("sessions")[0]["session_id"], "two");
}

#[test]
fn bad_parameters_are_named() {
    let app = TestApp::start();
    for limit in ["0", "1001", "-1", "x", "", "1.5"] {
        app.get(&format!("/spake/sessions?limit={limit}")).refused(400, "invalid_limit");
    }
    for cursor in ["", "x", "0-0-0", "%00"] {
        app.get(&format!("/spake/sessions?cursor={cursor}")).refused(400, "invalid_cursor");
    }
    for status in ["", "Initiated", "open"] {
        app.get(&format!("/spake/sessions?status={status}")).refused(400, "invalid_status");
    }
    app.get("/spake/sessions?limit=1000&unknown=1").ok();
}
