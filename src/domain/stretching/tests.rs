use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use spake_protocol::Password;
use spake_protocol::spake2plus::{ProverSecret, Setting};
use spake_protocol::stretch::{Kdf, Salt};

use super::*;

/// The least that is accepted: these tests are about what happens around the stretching.
const ITERATIONS: u32 = 100_000;

fn unstretched(password: &str) -> Unstretched {
    let setting = Setting::new(b"client", b"server", b"context").unwrap();
    let (salt, kdf) = (Salt::new(&[7; 16]).unwrap(), Kdf::pbkdf2(ITERATIONS).unwrap());
    ProverSecret::unstretched(&Password::prepare(password).unwrap(), &setting, &salt, &kdf)
}

fn any() -> Unstretched {
    unstretched("password")
}

fn verifier(stretched: Stretched) -> Vec<u8> {
    ProverSecret::from_stretched(stretched).unwrap().verifier().to_bytes().to_vec()
}

/// A job that is begun, and does not end before it is let.
struct Busy {
    run: tokio::task::JoinHandle<Result<(), NotRun>>,
    release: mpsc::Sender<()>,
}

impl Busy {
    async fn keep(pool: &Arc<StretchingPool>) -> Self {
        let (started, is_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let pool = Arc::clone(pool);
        let wait = move |_| {
            started.send(()).unwrap();
            gate.recv().unwrap();
            Ok(())
        };
        let run = tokio::spawn(async move { pool.run(any(), wait).await });
        tokio::task::spawn_blocking(move || is_started.recv().unwrap()).await.unwrap();
        Self { run, release }
    }

    async fn end(self) {
        self.release.send(()).unwrap();
        assert_eq!(self.run.await.unwrap(), Ok(()));
    }
}

/// Polled once, so that its job is in the queue.
async fn queued<F: Future>(run: F) -> std::pin::Pin<Box<F>> {
    let mut run = Box::pin(run);
    assert!(tokio::time::timeout(Duration::ZERO, &mut run).await.is_err());
    run
}

#[tokio::test]
async fn a_job_beyond_the_queue_is_refused_and_the_others_finish() {
    let pool = Arc::new(StretchingPool::start(1, 2).unwrap());
    let busy = Busy::keep(&pool).await;
    let mut waiting = Vec::new();
    for number in 0..2 {
        waiting.push(queued(pool.run(any(), move |_| Ok(number))).await);
    }
    assert_eq!(pool.run(any(), |_| Ok(2)).await, Err(NotRun::QueueFull));
    busy.end().await;
    for (number, run) in waiting.into_iter().enumerate() {
        assert_eq!(run.await, Ok(number));
    }
}

#[tokio::test]
async fn a_caller_that_went_away_costs_nothing() {
    let pool = Arc::new(StretchingPool::start(1, 64).unwrap());
    let busy = Busy::keep(&pool).await;
    let runs = Arc::new(AtomicUsize::new(0));
    for _ in 0..60 {
        let runs = Arc::clone(&runs);
        drop(queued(pool.run(any(), move |_| Ok(runs.fetch_add(1, Ordering::SeqCst)))).await);
    }
    busy.end().await;
    assert_eq!(pool.run(any(), |_| Ok("last")).await, Ok("last"));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn two_that_wait_for_one_thread_are_stretched_together_to_what_each_is_alone() {
    let pool = Arc::new(StretchingPool::start(1, 4).unwrap());
    let names = ["one", "other"];
    let busy = Busy::keep(&pool).await;
    let mut waiting = Vec::new();
    for name in names {
        let load = pool.load();
        let finish = move |stretched| Ok((verifier(stretched), load.waiting(), load.running()));
        waiting.push(queued(pool.run(unstretched(name), finish)).await);
    }
    busy.end().await;
    // Where they do not go together (see the protocol crate), the second still waits when the first is finished.
    let waits = usize::from(!unstretched("one").goes_with(&unstretched("other")));
    for ((name, run), waits) in names.into_iter().zip(waiting).zip([waits, 0]) {
        let alone = verifier(unstretched(name).stretch().unwrap());
        assert_eq!(run.await, Ok((alone, waits, 1)), "{name}");
    }
    assert_eq!((pool.load().waiting(), pool.load().running()), (0, 0));
}

#[tokio::test]
async fn a_job_that_panics_ends_alone() {
    let pool = Arc::new(StretchingPool::start(1, 4).unwrap());
    assert_eq!(pool.run(any(), |_| panic!("in a test")).await, Err::<(), _>(NotRun::Gone));
    for first_panics in [true, false] {
        let busy = Busy::keep(&pool).await;
        let job = |panics: bool| pool.run(any(), move |_| if panics { panic!("in a test") } else { Ok(1) });
        let (one, other) = (queued(job(first_panics)).await, queued(job(!first_panics)).await);
        busy.end().await;
        let (one, other) = (one.await, other.await);
        assert_eq!(if first_panics { (one, other) } else { (other, one) }, (Err(NotRun::Gone), Ok(1)));
    }
    assert_eq!(pool.load().running(), 0);
}

#[tokio::test]
async fn stretching_runs_at_the_lowest_priority_and_the_callers_do_not() {
    let priority = || rustix::process::getpriority_process(None).unwrap();
    let pool = StretchingPool::start(1, 4).unwrap();
    assert_eq!(pool.run(any(), move |_| Ok(priority())).await, Ok(LOWEST_PRIORITY));
    assert!(priority() < LOWEST_PRIORITY);
}
