//! Load shedding: more requests at once than the service takes on get an answer that costs nothing.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::ApiError;

/// Room for so many requests in work.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    all: usize,
}

impl Places {
    /// Room for `all`.
    pub fn new(all: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(all)), all }
    }

    /// For how many there is room.
    pub fn all(&self) -> usize {
        self.all
    }

    /// How many are in work at this moment.
    pub fn taken(&self) -> usize {
        self.all.saturating_sub(self.free.available_permits())
    }

    /// A place, which a request holds until its answer is made, or its caller has gone.
    pub(super) fn take(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.free.try_acquire().map_err(|_| ApiError::too_many_in_flight())
    }
}
