//! What waits for the pool's threads, and which two of it are done together.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What can wait here.
pub(super) trait Waits {
    /// Whether anybody still waits for it.
    fn is_wanted(&self) -> bool;

    /// Whether one thread does both in less time together.
    fn goes_with(&self, other: &Self) -> bool;
}

/// The jobs that wait.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    /// Jobs that may wait besides those that a thread is free for.
    limit: usize,
}

struct State<J> {
    waiting: VecDeque<J>,
    /// Threads without a job, or about to take one.
    idle: usize,
    is_closed: bool,
}

impl<J: Waits> State<J> {
    /// Those that nobody waits for any more.
    fn take_unwanted(&mut self) -> VecDeque<J> {
        if self.waiting.iter().all(J::is_wanted) {
            return VecDeque::new();
        }
        let (wanted, unwanted) = std::mem::take(&mut self.waiting).into_iter().partition(J::is_wanted);
        self.waiting = wanted;
        unwanted
    }
}

/// As many wait as may.
#[derive(Debug)]
pub(super) struct Full;

impl<J: Waits> Queue<J> {
    /// For so many threads, all without a job.
    pub(super) fn new(threads: usize, limit: usize) -> Self {
        let state = State { waiting: VecDeque::new(), idle: threads, is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit }
    }

    /// Adds a job at the end.
    pub(super) fn push(&self, job: J) -> Result<(), Full> {
        let mut state = self.lock();
        let is_full = |state: &State<J>| state.waiting.len() >= self.limit.saturating_add(state.idle);
        // Who has left holds no place.
        let unwanted = if is_full(&state) { state.take_unwanted() } else { VecDeque::new() };
        let fits = !is_full(&state);
        if fits {
            state.waiting.push_back(job);
            self.changed.notify_one();
        }
        drop(state);
        drop(unwanted);
        if fits { Ok(()) } else { Err(Full) }
    }

    /// Waits for the next job; and the one after it, if it goes with that and no other thread is free to do it. None
    /// when there will be no more.
    pub(super) fn take(&self) -> Option<(J, Option<J>)> {
        let mut state = self.lock();
        loop {
            let unwanted = state.take_unwanted();
            if !unwanted.is_empty() {
                // Not under the lock, for which all that push may wait.
                drop(state);
                drop(unwanted);
                state = self.lock();
                continue;
            }
            if let Some(job) = state.waiting.pop_front() {
                state.idle -= 1;
                let beside = if state.waiting.len() > state.idle {
                    state.waiting.pop_front_if(|next| job.goes_with(next))
                } else {
                    None
                };
                return Some((job, beside));
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a thread took is done.
    pub(super) fn done(&self) {
        self.lock().idle += 1;
    }

    /// There will be no more jobs than wait already.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    pub(super) fn idle(&self) -> usize {
        self.lock().idle
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Job {
        name: u32,
        kind: char,
        is_wanted: bool,
    }

    impl Waits for Job {
        fn is_wanted(&self) -> bool {
            self.is_wanted
        }

        fn goes_with(&self, other: &Self) -> bool {
            self.kind == other.kind
        }
    }

    /// A queue with a job for each character, named by their places from 0; `-` is one that nobody waits for.
    fn queue(threads: usize, jobs: &str) -> Queue<Job> {
        let queue = Queue::new(threads, 64);
        for (name, kind) in (0..).zip(jobs.chars()) {
            queue.push(Job { name, kind, is_wanted: kind != '-' }).unwrap();
        }
        queue
    }

    /// The names of what a thread takes.
    fn taken(queue: &Queue<Job>) -> (u32, Option<u32>) {
        assert!(queue.waiting() > 0, "it would wait for ever");
        let (job, beside) = queue.take().unwrap();
        (job.name, beside.map(|beside| beside.name))
    }

    #[test]
    fn a_thread_takes_two_when_more_wait_than_threads_are_free() {
        let one = queue(1, "aaa");
        assert_eq!(taken(&one), (0, Some(1)));
        one.done();
        assert_eq!(taken(&one), (2, None));
    }

    #[test]
    fn each_free_thread_gets_one_before_any_gets_two() {
        let two = queue(2, "aa");
        assert_eq!([taken(&two), taken(&two)], [(0, None), (1, None)]);
        let three = queue(3, "aaaa");
        assert_eq!([taken(&three), taken(&three), taken(&three)], [(0, Some(1)), (2, None), (3, None)]);
    }

    #[test]
    fn what_does_not_go_with_the_first_keeps_its_turn() {
        let queue = queue(1, "aba");
        for name in 0..3 {
            assert_eq!(taken(&queue), (name, None));
            queue.done();
        }
    }

    #[test]
    fn what_nobody_waits_for_is_neither_taken_nor_a_reason_to_take_two() {
        let first = queue(2, "-a-a-");
        assert_eq!([taken(&first), taken(&first)], [(1, None), (3, None)]);
        assert_eq!(first.waiting(), 0);
    }

    #[test]
    fn as_many_wait_as_may_besides_those_that_a_thread_is_free_for() {
        let queue = Queue::new(2, 1);
        let push = || queue.push(Job { name: 0, kind: 'a', is_wanted: true }).is_ok();
        assert_eq!([push(), push(), push(), push()], [true, true, true, false]);
        assert_eq!((queue.waiting(), queue.idle()), (3, 2));
        taken(&queue);
        assert_eq!((queue.waiting(), queue.idle()), (1, 1));
        assert_eq!([push(), push()], [true, false]);
        queue.done();
        assert_eq!([push(), push()], [true, false]);
    }

    #[test]
    fn who_has_left_holds_no_place() {
        let queue = queue(1, "a");
        taken(&queue);
        let full = Queue { limit: 2, ..queue };
        for wanted in [false, false, true] {
            full.push(Job { name: 7, kind: 'a', is_wanted: wanted }).unwrap();
        }
        assert_eq!(full.waiting(), 1);
    }

    #[test]
    fn what_is_dropped_is_dropped_without_the_lock() {
        struct LooksAtTheQueue(std::sync::Weak<Queue<Self>>, bool);
        impl Waits for LooksAtTheQueue {
            fn is_wanted(&self) -> bool {
                self.1
            }
            fn goes_with(&self, _: &Self) -> bool {
                false
            }
        }
        impl Drop for LooksAtTheQueue {
            fn drop(&mut self) {
                if let Some(queue) = self.0.upgrade() {
                    assert!(queue.state.try_lock().is_ok());
                }
            }
        }
        let queue = std::sync::Arc::new(Queue::new(1, 8));
        for wanted in [false, false, true] {
            queue.push(LooksAtTheQueue(std::sync::Arc::downgrade(&queue), wanted)).unwrap();
        }
        assert!(queue.take().is_some_and(|(job, _)| job.is_wanted()));
    }

    #[test]
    fn a_closed_queue_ends_when_it_is_empty() {
        let queue = queue(1, "ab");
        queue.close();
        assert_eq!(taken(&queue), (0, None));
        queue.done();
        assert_eq!(taken(&queue), (1, None));
        queue.done();
        assert!(queue.take().is_none());
    }
}
