//! One password that is stretched for a caller, from its place in the queue to the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Instant;

use spake_protocol::stretch::{StretchFailed, Stretched, Unstretched};
use tokio::sync::oneshot;
use tracing::Span;

use super::queue::Waits;
use crate::domain::ports::Meter;

/// Gives the caller what it waits for.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

type Finish = Box<dyn FnOnce(Result<Stretched, StretchFailed>) -> Answer + Send>;

/// A password that waits for a thread.
pub(super) struct Job {
    input: Unstretched,
    finish: Finish,
    caller: Weak<()>,
    queued: Instant,
    // For traces: the wait, and what came after it.
    waiting: Span,
    request: Span,
    meter: Arc<dyn Meter>,
}

/// The caller's end: dropped, nobody waits for the job any more.
pub(super) struct Waiting<T> {
    answer: oneshot::Receiver<Result<T, StretchFailed>>,
    _there: Arc<()>,
}

impl Job {
    /// A job that is finished with `finish` on the pool's thread.
    pub(super) fn new<T: Send + 'static>(
        input: Unstretched,
        finish: impl FnOnce(Stretched) -> Result<T, StretchFailed> + Send + 'static,
        meter: Arc<dyn Meter>,
    ) -> (Self, Waiting<T>) {
        let (reply, answer) = oneshot::channel();
        let there = Arc::new(());
        let finish: Finish = Box::new(move |stretched| {
            if reply.is_closed() {
                return Box::new(|| ());
            }
            let result = stretched.and_then(finish);
            // Fails when the caller went away meanwhile; then nobody wants the result.
            Box::new(move || drop(reply.send(result)))
        });
        let job = Self {
            input,
            finish,
            caller: Arc::downgrade(&there),
            queued: Instant::now(),
            waiting: tracing::debug_span!("wait for a stretching thread"),
            request: Span::current(),
            meter,
        };
        (job, Waiting { answer, _there: there })
    }

    fn begin(self) -> Begun {
        let Self { input, finish, queued, waiting, request, meter, .. } = self;
        drop(waiting);
        let span = tracing::debug_span!(parent: &request, "stretch");
        Begun { input, finish, queued, begun: Instant::now(), span, meter }
    }
}

impl Waits for Job {
    fn is_wanted(&self) -> bool {
        self.caller.strong_count() > 0
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.input.goes_with(&other.input)
    }
}

impl<T> Waiting<T> {
    /// None when the job ended without a result.
    pub(super) async fn answer(self) -> Option<Result<T, StretchFailed>> {
        self.answer.await.ok()
    }
}

/// A password that is being stretched.
struct Begun {
    input: Unstretched,
    finish: Finish,
    queued: Instant,
    begun: Instant,
    span: Span,
    meter: Arc<dyn Meter>,
}

impl Begun {
    fn finish(self, stretched: Result<Stretched, StretchFailed>) -> Answer {
        let answer = self.span.in_scope(|| (self.finish)(stretched));
        self.meter.stretched(self.begun - self.queued, self.begun.elapsed());
        answer
    }
}

/// Stretches one, or both at once; then each is finished. One whose finish panics has no answer, and takes none from the
/// other.
pub(super) fn stretch(job: Job, beside: Option<Job>) -> Vec<Answer> {
    let (one, other) = (job.begin(), beside.map(Job::begin));
    let stretched = caught(|| match &other {
        None => [Some(one.input.stretch()), None],
        Some(other) => one.input.stretch_both(&other.input).map(Some),
    });
    let stretched = stretched.into_iter().flatten().flatten();
    let begun = [Some(one), other].into_iter().flatten();
    begun.zip(stretched).filter_map(|(begun, stretched)| caught(|| begun.finish(stretched))).collect()
}

/// What `work` gives, unless it panics: that ends one job, and not the thread, or the pool would shrink silently.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if done.is_err() {
        tracing::error!("a stretching job panicked");
    }
    done.ok()
}
