//! What a connection may cost, and how many there may be.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper_util::rt::TokioTimer;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for ten thousand connections, the store and the log.
const OPEN_FILES_WANTED: u64 = 10_240;
/// Connections that wait to be accepted; the system's own limit (`net.core.somaxconn`) may be lower.
const BACKLOG: i32 = 4096;
/// A request's head. (Bodies: `http::arrival`.)
const HEAD: usize = 16 * 1024;
const STREAMS: u32 = 100;
/// Streams that a client may have opened and reset before we saw them, and that we may have had to reset.
const RESETS: usize = 20;
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Listens, with room for a crowd: who finds none tries again after a second, and then after two.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // Again, for the standard library has room for 128.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Every connection is an open file, and the soft limit is often 1,024.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    if let Some(allowed) = allowed.filter(|allowed| *allowed < OPEN_FILES_WANTED) {
        tracing::warn!(
            "this process may have only {allowed} files and connections open (ulimit -Hn); {OPEN_FILES_WANTED} is enough"
        );
    }
}

/// Who opens a connection and says nothing, half of a request, or too much, does not keep it.
pub(super) fn limit<A>(server: &mut axum_server::Server<SocketAddr, A>, timeout: Duration) {
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(timeout).max_buf_size(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(timeout)
        .keep_alive_timeout(timeout)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD as u32)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS);
}

/// Says that connections cannot be accepted, now and then while it lasts. A handshake that fails is the caller's affair.
pub(super) fn report() -> impl Fn(Option<&SocketAddr>, &std::io::Error) + Send + Sync + 'static {
    let last: Mutex<Option<Instant>> = Mutex::default();
    move |caller, error| {
        if let Some(caller) = caller {
            tracing::debug!(%caller, %error, "no handshake");
            return;
        }
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() > REPORT_EVERY) {
            *last = Some(Instant::now());
            tracing::error!(%error, "cannot accept connections");
        }
    }
}
