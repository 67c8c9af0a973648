//! The operators' listener.

use std::net::TcpListener;
use std::time::Duration;

use super::{StartError, connections};
use crate::config::Listener;
use crate::http::{self, Admin};

/// Binds it. Only an address that was asked for must be free: several services on one machine all have the default.
pub(super) fn bind(configured: Option<Listener>) -> Result<Option<TcpListener>, StartError> {
    match configured {
        Some(Listener::Off) => Ok(None),
        Some(Listener::At(address)) => {
            let failed = |error| StartError::ListenAdmin { address, error };
            TcpListener::bind(address).map(Some).map_err(failed)
        }
        None => {
            let address = Listener::DEFAULT;
            let bound = TcpListener::bind(address);
            if let Err(error) = &bound {
                tracing::warn!(
                    "no /health/live, /health/ready and /metrics: {address}: {error}; set SPAKE_ADMIN_ADDR"
                );
            }
            Ok(bound.ok())
        }
    }
}

/// Answers operators until the process ends, so that they see it drain.
pub(super) fn serve(listener: TcpListener, admin: Admin, timeout: Duration) -> Result<(), StartError> {
    let mut server =
        axum_server::from_tcp(listener).map_err(StartError::Serve)?.first_request_timeout(timeout);
    connections::limit(&mut server, timeout);
    tokio::spawn(async move {
        if let Err(error) = server.serve(http::admin_router(admin).into_make_service()).await {
            tracing::error!(%error, "the operators' listener failed");
        }
    });
    Ok(())
}
