//! The pool that stretches passwords: a fixed number of threads at the lowest priority, and a queue with an end.
//!
//! One password costs about 100 ms of a core by design. On the async workers it would stop every other request, and
//! with an open queue a flood of `initiate` would delay all later ones; so the work has threads of its own, which yield
//! to everything else on the machine, and who finds the queue full is told to come back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::domain::ports::{Meter, Unmetered};

const LOWEST_PRIORITY: i32 = 19;

type Job = Box<dyn FnOnce() + Send>;

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// As many wait as the operator allows.
    #[error("the stretching queue is full")]
    QueueFull,
    /// The job or the pool ended without a result.
    #[error("a stretching job ended without a result")]
    Gone,
}

/// Handle to the pool. The threads end when the last handle is gone and the queue is empty.
pub struct StretchingPool {
    queue: SyncSender<Job>,
    size: PoolSize,
    load: Arc<Load>,
    meter: Arc<dyn Meter>,
}

/// How much a pool takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads, so jobs in work.
    pub threads: usize,
    /// Jobs that may wait besides.
    pub waiting: usize,
}

/// How much a pool has taken on at this moment.
#[derive(Default)]
pub struct Load {
    waiting: AtomicUsize,
    running: AtomicUsize,
}

impl Load {
    /// Jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Jobs in work.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }
}

/// One more, for as long as this lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn on(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StretchingPool {
    /// Starts `threads` threads (at least one) with room for `waiting` jobs besides those in work.
    pub fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        let size = PoolSize { threads: threads.max(1), waiting };
        for index in 0..size.threads {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("stretch-{index}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, size, load: Arc::default(), meter: Arc::new(Unmetered) })
    }

    /// The same, and `meter` is told how long jobs wait and take.
    #[must_use]
    pub fn metered(self, meter: Arc<dyn Meter>) -> Self {
        Self { meter, ..self }
    }

    /// How much it takes on.
    pub fn size(&self) -> PoolSize {
        self.size
    }

    /// How much it has taken on, to be read at any time.
    pub fn load(&self) -> Arc<Load> {
        Arc::clone(&self.load)
    }

    /// Runs `stretch` on the pool. A caller that goes away before its turn costs nothing.
    pub async fn run<T: Send + 'static>(
        &self,
        stretch: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotRun> {
        let (reply, result) = oneshot::channel();
        let (load, meter, queued) = (Arc::clone(&self.load), Arc::clone(&self.meter), Instant::now());
        // For traces: the wait, and what came after it.
        let waiting = tracing::debug_span!("wait for a stretching thread");
        let request = tracing::Span::current();
        let job: Job = Box::new(move || {
            load.waiting.fetch_sub(1, Ordering::Relaxed);
            if !reply.is_closed() {
                let (begun, running) = (Instant::now(), Counted::on(&load.running));
                drop(waiting);
                let result = tracing::debug_span!(parent: &request, "stretch").in_scope(stretch);
                meter.stretched(begun - queued, begun.elapsed());
                drop(running);
                // Fails when the caller went away meanwhile; then nobody wants the result.
                drop(reply.send(result));
            }
        });
        self.load.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.queue.try_send(job) {
            self.load.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(match error {
                TrySendError::Full(_) => {
                    self.meter.stretching_refused();
                    NotRun::QueueFull
                }
                TrySendError::Disconnected(_) => NotRun::Gone,
            });
        }
        result.await.map_err(|_| NotRun::Gone)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    // On Linux the priority of "this process" (None) is that of the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, LOWEST_PRIORITY) {
        tracing::warn!(%error, "stretching threads run at normal priority");
    }
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics loses its own reply; the thread goes on, or the pool would shrink silently.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a stretching job panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, mpsc};

    use super::*;

    #[tokio::test]
    async fn a_job_beyond_the_queue_is_refused_and_the_others_finish() {
        let pool = Arc::new(StretchingPool::start(1, 2).unwrap());
        let (started, is_started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let working = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                let wait = move || {
                    started.send(()).unwrap();
                    gate.recv().unwrap();
                };
                pool.run(wait).await
            }
        });
        tokio::task::spawn_blocking(move || is_started.recv().unwrap()).await.unwrap();
        let mut waiting = Vec::new();
        for number in 0..2 {
            let mut run = Box::pin(pool.run(move || number));
            // Polled once, so that the job is in the queue.
            assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut run).await.is_err());
            waiting.push(run);
        }
        assert_eq!(pool.run(|| 2).await, Err(NotRun::QueueFull));
        release.send(()).unwrap();
        assert!(working.await.unwrap().is_ok());
        for (number, run) in waiting.into_iter().enumerate() {
            assert_eq!(run.await, Ok(number));
        }
    }

    #[tokio::test]
    async fn a_caller_that_went_away_costs_nothing() {
        let pool = StretchingPool::start(1, 64).unwrap();
        let barrier = Arc::new(Barrier::new(2));
        let runs = Arc::new(AtomicUsize::new(0));
        let mut working = Box::pin(pool.run({
            let barrier = Arc::clone(&barrier);
            move || barrier.wait()
        }));
        assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut working).await.is_err());
        for _ in 0..60 {
            let runs = Arc::clone(&runs);
            let abandoned = pool.run(move || runs.fetch_add(1, Ordering::SeqCst));
            assert!(tokio::time::timeout(std::time::Duration::ZERO, abandoned).await.is_err());
        }
        tokio::task::spawn_blocking(move || barrier.wait()).await.unwrap();
        assert_eq!(pool.run(|| "last").await, Ok("last"));
        assert_eq!(runs.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_job_that_panics_ends_alone() {
        let pool = StretchingPool::start(1, 4).unwrap();
        assert_eq!(pool.run(|| panic!("in a test")).await, Err::<(), _>(NotRun::Gone));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn stretching_runs_at_the_lowest_priority_and_the_callers_do_not() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let pool = StretchingPool::start(1, 4).unwrap();
        assert_eq!(pool.run(priority).await, Ok(LOWEST_PRIORITY));
        assert!(priority() < LOWEST_PRIORITY);
    }
}
