//! Stretching never delays anything else, and its queue has an end.

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
    assert!(!admitted.is_empty() && refused.len() >= 4, "one works, one waits: {admitted:?}");
    for answer in refused {
        assert_eq!(answer.refused(503, "overloaded").header("retry-after"), Some("1"));
    }
    assert_eq!(app.get("/spake/sessions").field("active_sessions"), admitted.len());
}
