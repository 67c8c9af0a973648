//! Stretching never delays anything else, and its queue has an end; so has the number of requests in work.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use serde_json::json;

use crate::support::{Answer, TestApp, eventually};

/// About a second of work each, so that what is asked meanwhile is asked meanwhile.
const SLOW: [(&str, &str); 3] =
    [("SPAKE_PBKDF2_ITERATIONS", "10000000"), ("SPAKE_STRETCH_THREADS", "1"), ("SPAKE_STRETCH_QUEUE", "1")];

#[test]
fn a_full_queue_is_a_503_with_retry_after_and_delays_nothing_else() {
    let app = TestApp::with(&SLOW);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let initiate = |id: usize| {
            let request = json!({ "session_id": format!("s{id}"), "password": "password" });
            let app = &app;
            scope.spawn(move || app.post("/spake/initiate", &request))
        };
        let threads: Vec<_> = (0..6).map(initiate).collect();
        eventually("a refusal", || threads.iter().any(|thread| thread.is_finished()).then_some(()));
        app.get("/health").ok();
        app.get("/spake/status/none").refused(404, "session_not_found");
        let working = threads.iter().filter(|thread| !thread.is_finished()).count();
        assert!(working > 0, "the stretching was over before the others were asked");
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (admitted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert!(!admitted.is_empty() && refused.len() >= 3, "two are worked on at most, one waits: {admitted:?}");
    for answer in refused {
        assert_eq!(answer.refused(503, "overloaded").header("retry-after"), Some("1"));
    }
    assert_eq!(app.get("/spake/sessions").field("active_sessions"), admitted.len());
}

#[test]
fn more_in_work_than_allowed_is_a_503_with_retry_after_and_health_still_answers() {
    let app = TestApp::with(&[&SLOW[..], &[("SPAKE_MAX_IN_FLIGHT", "1")]].concat());
    thread::scope(|scope| {
        let initiate = || app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" }));
        let working = scope.spawn(initiate);
        let shed = eventually("a refusal", || {
            let answer = app.get("/spake/status/none");
            (answer.status == 503).then_some(answer)
        });
        assert_eq!(shed.refused(503, "overloaded").header("retry-after"), Some("1"));
        app.get("/health").ok();
        assert!(!working.is_finished(), "the stretching was over before the others were asked");
        working.join().unwrap().ok();
    });
    // Its place is free again.
    app.get("/spake/status/none").refused(404, "session_not_found");
}

#[test]
fn a_request_whose_body_has_not_arrived_takes_up_no_place() {
    let app = TestApp::with(&[("SPAKE_MAX_IN_FLIGHT", "1")]);
    let half_sent: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(&app.address).unwrap();
            stream
                .write_all(
                    b"POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                      Expect: 100-continue\r\nContent-Length: 40\r\n\r\n",
                )
                .unwrap();
            stream
        })
        .collect();
    for mut stream in &half_sent {
        // The service is reading the body when it says this.
        let mut said = [0; 12];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"HTTP/1.1 100");
        stream.write_all(b"{\"password\": ").unwrap();
    }
    app.get("/spake/status/none").refused(404, "session_not_found");
    app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
}
