//! Connections of the HTTP server: how many, and how slow they may be.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tls::Tls;

/// How long a connection may take for the head of its next request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How long a connection may take to shake hands for TLS.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Serves until told to stop; connections run on the tracker and finish the request they are in.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    most_connections: usize,
    connections: TaskTracker,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(most_connections.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "an HTTP connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::debug!("an HTTP connection too many was refused");
            continue;
        };
        let service =
            TowerToHyperService::new(router.clone().layer(axum::Extension(ConnectInfo(address))));
        let (shutdown, tls) = (shutdown.clone(), tls.clone());
        connections.spawn(async move {
            let held = match tls {
                None => hold(stream, service, shutdown).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await
                {
                    Ok(Ok(stream)) => hold(stream, service, shutdown).await,
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "an HTTPS connection was not made");
                        Ok(())
                    }
                    Err(_) => Ok(()),
                },
            };
            if let Err(error) = held {
                tracing::debug!(%error, "an HTTP connection failed");
            }
            drop(place);
        });
    }
}

/// Holds one connection to its end.
async fn hold(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    service: TowerToHyperService<Router>,
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = &mut connection => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
