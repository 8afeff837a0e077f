//! The Stratum server: every share verified. The common port tells the dialect by a connection's first line; dialects
//! that begin alike have ports of their own.

pub mod bitcoin;
mod connection;
mod dialect;
mod jobs;
mod judge;
pub mod kawpow;
pub mod limits;
mod mining;
pub mod monero;
mod session;
pub mod vardiff;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idlewatt_protocol::DeviceId;
use idlewatt_store::{NewBlock, Store};
use idlewatt_stratum::Dialect;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Bus;
use crate::limiter::{Allowance, Limiter};
use crate::settings::DifficultySettings;
use crate::upstream::{ProgPowSource, Sources};
use crate::verifier::Verifiers;
use crate::writer::Writer;
use connection::Connection;
use limits::Doorkeeper;
use vardiff::Remembered;

/// How long a stranger has for the first line, and for the login.
const LOGIN_WITHIN: Duration = Duration::from_secs(10);

/// Sessions of one device that may end for too many bad messages before it has to wait. Each may have some dozens of
/// hashes computed for nothing.
pub const MISBEHAVED: Allowance = Allowance {
    at_once: 3,
    one_more_after: Duration::from_secs(60),
};

/// What all sessions share.
pub struct Shared {
    /// Who may log in.
    pub store: Store,
    /// Where it hears what happens elsewhere.
    pub bus: Bus,
    /// Where good shares go.
    pub writer: Writer,
    /// Recompute hashes.
    pub verifiers: Verifiers,
    /// Where work comes from.
    pub sources: Sources,
    /// Where solved blocks go.
    pub solved: mpsc::Sender<NewBlock>,
    /// How hard shares are.
    pub difficulty: DifficultySettings,
    /// The operator's part of a share, in ten-thousandths.
    pub fee_basis_points: u32,
    /// How hard they were.
    pub remembered: Remembered,
    /// Devices whose sessions ended for too many bad messages.
    pub misbehaved: Limiter<DeviceId>,
    /// Numbers connections, so that no two hash the same.
    pub connections: AtomicU32,
}

/// What a port serves.
#[derive(Clone, Debug)]
pub enum Serves {
    /// The dialects that begin differently.
    Common,
    /// One algorithm in KawPow's dialect.
    KawPow(ProgPowSource),
}

/// Accepts connections at one port until told to stop; sessions run on the tracker.
pub async fn serve(
    listener: TcpListener,
    serves: Serves,
    shared: Arc<Shared>,
    doorkeeper: Arc<Doorkeeper>,
    sessions: TaskTracker,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let Some(place) = doorkeeper.admit(address.ip()) else {
                    tracing::debug!("a Stratum connection too many was refused");
                    continue;
                };
                let (shared, shutdown) = (Arc::clone(&shared), shutdown.clone());
                let serves = serves.clone();
                sessions.spawn(async move {
                    greet(stream, address, serves, shared, shutdown).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Most likely too many open files: waiting lets some close.
                tracing::warn!(%error, "a Stratum connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Finds out which dialect a connection speaks, and holds the session.
async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    serves: Serves,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) {
    let mut connection = Connection::new(stream);
    let first = tokio::select! {
        () = shutdown.cancelled() => return,
        first = tokio::time::timeout(LOGIN_WITHIN, connection.next_line()) => first,
    };
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    let ended = match first {
        Err(_) => Err(connection::Ended::Silent),
        Ok(Err(ended)) => Err(ended),
        Ok(Ok(line)) => match (Dialect::of_first_line(&line), &serves) {
            (Some(Dialect::Monero), Serves::Common) => {
                let dialect = monero::Monero::new(&shared, number);
                session::hold(connection, dialect, shared, line, shutdown).await
            }
            (Some(Dialect::Bitcoin), Serves::Common) => {
                let dialect = bitcoin::Bitcoin::new(&shared, number);
                session::hold(connection, dialect, shared, line, shutdown).await
            }
            // It begins as Bitcoin's does.
            (Some(Dialect::Bitcoin), Serves::KawPow(source)) => {
                let dialect = kawpow::KawPow::new(&shared, source, number);
                session::hold(connection, dialect, shared, line, shutdown).await
            }
            _ => Err(connection::Ended::Garbage),
        },
    };
    if let Err(reason) = ended {
        tracing::debug!(%address, %reason, "a Stratum connection ended");
    }
}
