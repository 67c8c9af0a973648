//! Pairings that go on while Redis is taken apart under them, each held to its promises.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::{Answer, Client, TestApp, eventually};

const PASSWORD: &str = "password";
const WORKERS: usize = 6;

/// What Redis does with writes that it has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// A failover may lose the last of them: so does Redis, unless it is asked to wait for its replicas.
    MayBeLost,
    /// No guess that was answered is lost.
    IsKept,
}

/// The load, for who takes Redis apart.
pub struct Load<'a> {
    apps: &'a [TestApp],
    acknowledged: Acknowledged,
    name: &'a (dyn Fn(usize, usize) -> String + Sync),
    stopped: AtomicBool,
    unknown: AtomicUsize,
    paired: Mutex<Vec<Paired>>,
}

/// A session that was paired: what was asked and answered.
struct Paired {
    session: String,
    exchange: Value,
    exchanged: String,
    confirm: Value,
    confirmed: String,
    /// Another client's exchange.
    rival: Value,
}

/// Lets `scenario` run beside pairings whose steps go to `apps` in turn; `name` gives a worker's session of a number.
/// Then holds all to what they were answered.
pub fn under_load(
    apps: &[TestApp],
    acknowledged: Acknowledged,
    name: &(dyn Fn(usize, usize) -> String + Sync),
    scenario: impl FnOnce(&Load<'_>),
) {
    let load = Load {
        apps,
        acknowledged,
        name,
        stopped: AtomicBool::new(false),
        unknown: AtomicUsize::new(0),
        paired: Mutex::default(),
    };
    thread::scope(|scope| {
        // A scenario that fails must not leave the workers at it for ever.
        let _stop = StopOnDrop(&load.stopped);
        for worker in 0..WORKERS {
            let load = &load;
            scope.spawn(move || load.work(worker));
        }
        load.wait_for_more(2 * WORKERS);
        scenario(&load);
    });
    let paired = std::mem::take(&mut *load.paired.lock().unwrap());
    paired.iter().for_each(|paired| load.still_holds(paired));
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Load<'_> {
    /// Until so many more sessions have been paired.
    pub fn wait_for_more(&self, count: usize) {
        self.wait_for_more_of(count, |_| true);
    }

    /// The same for sessions of certain names.
    pub fn wait_for_more_of(&self, count: usize, is_one: impl Fn(&str) -> bool) {
        let paired = || self.paired.lock().unwrap().iter().filter(|paired| is_one(&paired.session)).count();
        let enough = paired() + count;
        eventually("more sessions are paired", || (paired() >= enough).then_some(()));
    }

    /// Until so many more requests have ended in `outcome_unknown`.
    pub fn wait_for_more_unknown(&self, count: usize) {
        let enough = self.unknown.load(Ordering::Relaxed) + count;
        eventually("outcomes are unknown", || (self.unknown.load(Ordering::Relaxed) >= enough).then_some(()));
    }

    fn work(&self, worker: usize) {
        for number in 0.. {
            if self.stopped.load(Ordering::Relaxed) {
                break;
            }
            let session = (self.name)(worker, number);
            if let Some(paired) = self.pair(worker + number, session) {
                self.paired.lock().unwrap().push(paired);
            }
        }
    }

    /// Two clients for one session; `None` if the session was lost and was allowed to.
    fn pair(&self, turn: usize, session: String) -> Option<Paired> {
        let mut turns = turn..;
        let mut app = || &self.apps[turns.next().unwrap() % self.apps.len()];
        let request = json!({ "session_id": session, "password": PASSWORD });
        // Without an answer nobody knows pB, and nothing can become of the session.
        let initiated = self.answered(app().post("/spake/initiate", &request))?.ok();
        let mut clients = Client::many_against(&initiated, PASSWORD, 2);
        let mut answers = [None, None];
        eventually("both exchanges are answered", || {
            for (client, answer) in clients.iter().zip(&mut answers) {
                if answer.is_none() {
                    *answer = self.answered(client.exchange(app()));
                }
            }
            answers.iter().all(Option::is_some).then_some(())
        });
        let answers = answers.map(Option::unwrap);
        let winner = answers.iter().position(|answer| answer.status == 200);
        let Some(winner) = winner else {
            // It was there when it was initiated; a creation is no guess, and nobody waits for its replicas.
            answers.into_iter().for_each(|answer| drop(answer.refused(404, "session_not_found")));
            return None;
        };
        let [exchanged, refused] = [&answers[winner], &answers[1 - winner]].map(Clone::clone);
        self.refused_for_good(refused);
        let (client, rival) = (clients.remove(winner), clients.remove(0));
        let mut until_answered =
            |what: &str, ask: &dyn Fn(&TestApp) -> Answer| eventually(what, || self.answered(ask(app())));
        let confirmed = until_answered("the confirmation is answered", &|app| client.confirm(app));
        let backend =
            until_answered("the secret is answered", &|app| app.get(&format!("/spake/secret/{session}")));
        if [&confirmed, &backend].iter().any(|answer| answer.status != 200) {
            assert_eq!(self.acknowledged, Acknowledged::MayBeLost, "{confirmed:?} {backend:?}");
            return None;
        }
        let paired = Paired {
            exchange: client.exchange_request(),
            exchanged: exchanged.text.clone(),
            confirm: client.confirm_request(),
            confirmed: confirmed.text.clone(),
            rival: rival.exchange_request(),
            session,
        };
        // It throws if the service's confirmation is wrong.
        let secret = client.secret(&confirmed.string("server_confirmation"));
        for answer in [exchanged, confirmed, backend] {
            assert_eq!(answer.string("shared_secret"), secret);
        }
        Some(paired)
    }

    /// What is not an answer: Redis is away, in so many words. Everything else but a success or a refusal is wrong.
    fn answered(&self, answer: Answer) -> Option<Answer> {
        if answer.status != 503 {
            assert!(matches!(answer.status, 200 | 400 | 404), "{answer:?}");
            return Some(answer);
        }
        match &*answer.string("code") {
            "outcome_unknown" => drop(self.unknown.fetch_add(1, Ordering::Relaxed)),
            code => assert_eq!(code, "store_unavailable", "{answer:?}"),
        }
        let code = answer.string("code");
        answer.refused(503, &code);
        None
    }

    fn refused_for_good(&self, answer: Answer) {
        match self.acknowledged {
            Acknowledged::MayBeLost if answer.status == 404 => {}
            _ => drop(answer.refused(400, "invalid_session_status")),
        }
    }

    /// Whether all is still as it was answered, whichever service is asked.
    fn still_holds(&self, paired: &Paired) {
        for app in self.apps {
            // One that has been idle may find only now that its connection is cut.
            let ask = |path: &str, request: &Value| {
                eventually("an answer", || self.answered(app.post(path, request)))
            };
            self.refused_for_good(ask("/spake/exchange", &paired.rival));
            for (path, request, text) in [
                ("/spake/exchange", &paired.exchange, &paired.exchanged),
                ("/spake/confirm", &paired.confirm, &paired.confirmed),
            ] {
                let answer = ask(path, request);
                match self.acknowledged {
                    Acknowledged::MayBeLost if answer.status != 200 => {}
                    _ => assert_eq!(answer.ok().text, *text, "{}", paired.session),
                }
            }
        }
    }
}
