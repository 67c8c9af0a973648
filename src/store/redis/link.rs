//! The way to Redis: a few shared connections, a deadline for everything, and one log line a change of state.

use std::time::Duration;

use deadpool::managed::{Pool, PoolError};
use redis::{FromRedisValue, RedisError, RedisResult, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::call::Call;
use super::checks::Unfit;
use super::connector::{Connection, Connector, Connects};
use super::failure::Failure;
use super::settings::Settings;
use crate::domain::ports::StoreError;
use crate::store::weather::Weather;

/// Connections on which requests wait for replicas, one request each: `WAIT` holds up all that comes after it.
const WAITING_CONNECTIONS: usize = 32;

/// Connections of one use.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// `shared` by all requests, or each lent to one that waits for `replicas`.
    pub name: &'static str,
    /// Those that are open.
    pub open: usize,
    /// Those that may be.
    pub limit: usize,
}

pub(super) struct Link {
    shared: Pool<Connector>,
    /// Each used by one request at a time.
    waiting: Pool<Connector>,
    replicas: usize,
    timeout: Duration,
    // One each for work that can fail while other work goes well, or the two would contradict each other in the log.
    reads: Weather,
    writes: Weather,
    replicated: Weather,
    removals: Weather,
}

impl Link {
    /// Connects to nothing yet. Fails for certificates that cannot be read.
    pub(super) fn new(settings: &Settings) -> RedisResult<Self> {
        let pool = |size| -> RedisResult<Pool<Connector>> {
            let builder = Pool::builder(Connector::new(settings)?).max_size(size);
            // Only a runtime for timeouts can be missing, and these are ours.
            builder.build().map_err(|error| RedisError::from(std::io::Error::other(error)))
        };
        Ok(Self {
            shared: pool(settings.connections)?,
            waiting: pool(WAITING_CONNECTIONS)?,
            replicas: settings.wait_replicas,
            timeout: settings.timeout,
            reads: Weather::of("reading from Redis"),
            writes: Weather::of("writing to Redis"),
            replicated: Weather::of("writing to replicas of Redis"),
            removals: Weather::of("removing from Redis"),
        })
    }

    /// Sends what changes nothing. A connection that turns out to be cut is replaced and the call sent once more.
    pub(super) async fn read<T: FromRedisValue>(&self, call: &Call) -> Result<T, StoreError> {
        let (outlook, deadline) = (self.reads.outlook(), self.deadline());
        let mut outcome = self.attempt(call, deadline).await;
        if matches!(outcome, Err(Failure::Cut(_) | Failure::Demoted(_))) && Instant::now() < deadline {
            outcome = self.attempt(call, deadline).await;
        }
        self.reads.observe(outlook, outcome.map_err(Failure::of_read).and_then(typed))
    }

    /// Sends what changes nothing; `None` if the server does not let our user.
    pub(super) async fn read_if_allowed(&self, call: &Call) -> Result<Option<Value>, StoreError> {
        let outlook = self.reads.outlook();
        match self.attempt(call, self.deadline()).await {
            // Neither says that our sessions can be read.
            Ok(answer) => Ok(Some(answer)),
            Err(Failure::Forbidden(_)) => Ok(None),
            Err(failure) => self.reads.observe(outlook, Err(failure.of_read())),
        }
    }

    /// Why the server does not let us in and will not later, if that is so.
    pub(super) async fn barred(&self) -> Option<Unfit> {
        self.attempt(&Call::command(cmd("PING")), self.deadline()).await.err()?.lasting()
    }

    /// Sends what may change something, once.
    pub(super) async fn write<T: FromRedisValue>(&self, call: &Call) -> Result<T, StoreError> {
        let outlook = self.writes.outlook();
        let outcome = self.attempt(call, self.deadline()).await;
        self.writes.observe(outlook, outcome.map_err(Failure::of_write).and_then(typed))
    }

    /// Sends what only removes, once. A server that is full still does it.
    pub(super) async fn remove<T: FromRedisValue>(&self, call: &Call) -> Result<T, StoreError> {
        let outlook = self.removals.outlook();
        let outcome = self.attempt(call, self.deadline()).await;
        self.removals.observe(outlook, outcome.map_err(Failure::of_write).and_then(typed))
    }

    /// Sends what may change something in `slot`, and returns when as many replicas have it as the operator asks for.
    pub(super) async fn write_to_replicas<T: FromRedisValue>(
        &self,
        call: &Call,
        slot: u16,
    ) -> Result<T, StoreError> {
        if self.replicas == 0 {
            return self.write(call).await;
        }
        let outlook = self.replicated.outlook();
        let outcome = self.attempt_with_replicas(call, slot, self.deadline()).await;
        self.replicated.observe(outlook, outcome.map_err(Failure::of_write).and_then(typed))
    }

    /// The pools, as they are now.
    pub(super) fn connections(&self) -> [Connections; 2] {
        [("shared", &self.shared), ("replicas", &self.waiting)].map(|(name, pool)| {
            let status = pool.status();
            Connections { name, open: status.size, limit: status.max_size }
        })
    }

    /// How often it was tried to connect.
    pub(super) fn connects(&self) -> Connects {
        let [shared, waiting] = [&self.shared, &self.waiting].map(|pool| pool.manager().connects());
        Connects { made: shared.made + waiting.made, failed: shared.failed + waiting.failed }
    }

    /// Whether writes wait for replicas.
    pub(super) const fn waits(&self) -> bool {
        self.replicas > 0
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    async fn attempt(&self, call: &Call, deadline: Instant) -> Result<Value, Failure> {
        let object = self.connection(&self.shared, deadline).await?;
        // A handle of our own; the connection itself goes back at once, for the others.
        let mut connection = Connection::clone(&object);
        drop(object);
        let outcome = self.send(call.send(&mut connection), deadline).await;
        give_up_if_broken(&connection, outcome)
    }

    async fn attempt_with_replicas(
        &self,
        call: &Call,
        slot: u16,
        deadline: Instant,
    ) -> Result<Value, Failure> {
        let object = self.connection(&self.waiting, deadline).await?;
        let mut handle = Connection::clone(&object);
        // Less than is left: too few in time is an answer, and none would cost the connection. Redis looks at its clock
        // ten times a second.
        let left = (deadline.saturating_duration_since(Instant::now()) * 3 / 4).as_millis().max(1);
        let mut wait = cmd("WAIT");
        wait.arg(self.replicas).arg(u64::try_from(left).unwrap_or(u64::MAX));
        let outcome = self.send(call.send_before(&wait, slot, &mut handle), deadline).await;
        let [value, reached] = give_up_if_broken(&object, outcome)?;
        // The write itself is done, whatever became of the question.
        match reached.extract_error().map(|value| usize::from_redis_value(value).unwrap_or(0)) {
            Ok(reached) if reached >= self.replicas => Ok(value),
            Ok(reached) => {
                Err(Failure::Cut(format!("{reached} of {} replicas have the write", self.replicas)))
            }
            Err(error) => {
                object.give_up();
                Err(Failure::Cut(error.to_string()))
            }
        }
    }

    async fn connection(
        &self,
        pool: &Pool<Connector>,
        deadline: Instant,
    ) -> Result<deadpool::managed::Object<Connector>, Failure> {
        match timeout_at(deadline, pool.get()).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(PoolError::Backend(error))) => Err(Failure::of_connecting(error)),
            Ok(Err(error)) => Err(Failure::NotSent(error.to_string())),
            Err(_) => Err(Failure::NotSent(format!("no connection within {:?}", self.timeout))),
        }
    }

    async fn send<T>(
        &self,
        sent: impl Future<Output = RedisResult<T>>,
        deadline: Instant,
    ) -> Result<T, Failure> {
        match timeout_at(deadline, sent).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::Cut(format!("no answer within {:?}", self.timeout))),
        }
    }
}

fn give_up_if_broken<T>(connection: &Connection, outcome: Result<T, Failure>) -> Result<T, Failure> {
    if outcome.as_ref().is_err_and(Failure::breaks_connection) {
        connection.give_up();
    }
    outcome
}

fn typed<T: FromRedisValue>(value: Value) -> Result<T, StoreError> {
    T::from_redis_value(value).map_err(|error| StoreError::Corrupt(format!("Redis answered oddly: {error}")))
}
