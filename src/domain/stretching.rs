//! The pool that stretches passwords: a fixed number of threads at the lowest priority, and a queue with an end.
//!
//! One password costs tens of milliseconds of a core by design. On the async workers it would stop every other request,
//! and with an open queue a flood of `initiate` would delay all later ones; so the work has threads of its own, which
//! yield to everything else on the machine, and who finds the queue full is told to come back.
//!
//! While more wait than threads are free, a thread does two at once where that is quicker. None ever waits for another
//! to go with: one that comes alone is done alone.

mod job;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread;

use spake_protocol::stretch::{StretchFailed, Stretched, Unstretched};

use self::job::Job;
use self::queue::{Full, Queue};
use crate::domain::ports::{Meter, Unmetered};

const LOWEST_PRIORITY: i32 = 19;

/// Why a password was not stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// As many wait as the operator allows.
    #[error("the stretching queue is full")]
    QueueFull,
    /// The job or the pool ended without a result.
    #[error("a stretching job ended without a result")]
    Gone,
    /// It was tried.
    #[error(transparent)]
    Failed(#[from] StretchFailed),
}

/// Handle to the pool. The threads end when the last handle is gone and the queue is empty.
pub struct StretchingPool {
    queue: Arc<Queue<Job>>,
    size: PoolSize,
    meter: Arc<dyn Meter>,
}

/// How much a pool takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads, each with one password in work, or two.
    pub threads: usize,
    /// Passwords that may wait besides.
    pub waiting: usize,
}

/// How much a pool has taken on at this moment.
pub struct Load {
    queue: Arc<Queue<Job>>,
    threads: usize,
}

impl Load {
    /// Passwords that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Threads that work.
    pub fn running(&self) -> usize {
        self.threads.saturating_sub(self.queue.idle())
    }
}

impl StretchingPool {
    /// Starts `threads` threads (at least one) with room for `waiting` passwords besides those in work.
    pub fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let size = PoolSize { threads: threads.max(1), waiting };
        let pool =
            Self { queue: Arc::new(Queue::new(size.threads, waiting)), size, meter: Arc::new(Unmetered) };
        for index in 0..size.threads {
            let queue = Arc::clone(&pool.queue);
            thread::Builder::new().name(format!("stretch-{index}")).spawn(move || work(&queue))?;
        }
        Ok(pool)
    }

    /// The same, and `meter` is told how long passwords wait and take.
    #[must_use]
    pub fn metered(mut self, meter: Arc<dyn Meter>) -> Self {
        self.meter = meter;
        self
    }

    /// How much it takes on.
    pub fn size(&self) -> PoolSize {
        self.size
    }

    /// How much it has taken on, to be read at any time.
    pub fn load(&self) -> Load {
        Load { queue: Arc::clone(&self.queue), threads: self.size.threads }
    }

    /// Stretches `input` on the pool, and does there what is to be done with it. A caller that goes away before its turn
    /// costs nothing.
    pub async fn run<T: Send + 'static>(
        &self,
        input: Unstretched,
        finish: impl FnOnce(Stretched) -> Result<T, StretchFailed> + Send + 'static,
    ) -> Result<T, NotRun> {
        let (job, waiting) = Job::new(input, finish, Arc::clone(&self.meter));
        if let Err(Full) = self.queue.push(job) {
            self.meter.stretching_refused();
            return Err(NotRun::QueueFull);
        }
        Ok(waiting.answer().await.ok_or(NotRun::Gone)??)
    }
}

impl Drop for StretchingPool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn work(queue: &Queue<Job>) {
    // On Linux the priority of "this process" (None) is that of the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, LOWEST_PRIORITY) {
        tracing::warn!(%error, "stretching threads run at normal priority");
    }
    while let Some((job, beside)) = queue.take() {
        let answers = job::caught(|| job::stretch(job, beside)).unwrap_or_default();
        // Before anybody has an answer: who has one may count on the thread.
        queue.done();
        for answer in answers {
            job::caught(answer);
        }
    }
}
