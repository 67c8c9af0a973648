//! The way down: not ready at once, then no new connections, then an end for who has not finished.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum_server::Handle;
use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::StartError;

/// SIGTERM and SIGINT.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From now on they do not end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the next of them.
    pub async fn next(&mut self) {
        let received = tokio::select! {
            received = self.terminate.recv() => received,
            received = self.interrupt.recv() => received,
        };
        if received.is_none() {
            pending().await
        }
    }
}

/// How a service stops.
pub(super) struct Stopping {
    /// Told to the operators' endpoint.
    pub(super) begun: Arc<AtomicBool>,
    /// How long new connections are accepted nevertheless, until every balancer has seen it.
    pub(super) delay: Duration,
    /// How long requests may take to finish after that.
    pub(super) timeout: Duration,
}

impl Stopping {
    /// Serves until the first signal, and then stops; the second ends it at once.
    pub(super) async fn serve(
        self,
        mut serving: BoxFuture<'static, std::io::Result<()>>,
        handle: Handle<SocketAddr>,
        mut signals: StopSignals,
    ) -> Result<(), StartError> {
        tokio::select! {
            ended = &mut serving => return ended.map_err(StartError::Serve),
            () = signals.next() => {}
        }
        self.begun.store(true, Ordering::Relaxed);
        if !self.delay.is_zero() {
            tracing::info!(delay = ?self.delay, "stopping: not ready, still accepting connections");
            tokio::select! {
                ended = &mut serving => return ended.map_err(StartError::Serve),
                () = sleep(self.delay) => {}
                () = signals.next() => return cut_off(&handle),
            }
        }
        tracing::info!("stopping: no new connections, requests in flight finish");
        handle.graceful_shutdown(None);
        tokio::select! {
            ended = &mut serving => ended.map_err(StartError::Serve),
            () = signals.next() => cut_off(&handle),
            () = sleep(self.timeout) => {
                let connections = handle.connection_count();
                tracing::warn!(connections, "cut off: their requests did not finish in time");
                Ok(())
            }
        }
    }
}

fn cut_off(handle: &Handle<SocketAddr>) -> Result<(), StartError> {
    match handle.connection_count() {
        0 => Ok(()),
        connections => Err(StartError::CutOff(connections)),
    }
}
