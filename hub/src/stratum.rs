//! The Stratum server: every share verified. The common port tells the dialect by a connection's first line, and TLS by its
//! first byte.
//!
//! KawPow has a port for each of its algorithms. Its connections begin with `mining.subscribe` as Bitcoin's do, and
//! the only hint in there is the miner's name: free text, which proxies and multi-algorithm miners (one name for both)
//! make worthless, and which does not tell KawPow from ProgPoWZ at all. A wrong guess gives a miner jobs that it
//! reads as something else. The port is the miner's own, sure word.

pub mod bitcoin;
mod connection;
mod dialect;
mod jobs;
mod judge;
pub mod kawpow;
pub mod limits;
mod login;
mod mining;
pub mod monero;
pub mod numbers;
pub mod roster;
mod session;
pub mod vardiff;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::DeviceId;
use idlewatt_store::Store;
use idlewatt_stratum::Dialect;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::{Bus, Notice};
use crate::limiter::{Allowance, Limiter};
use crate::replica::{Claim, Replica};
use crate::settings::{DifficultySettings, DrainTo};
use crate::tls::Tls;
use crate::upstream::{ProgPowSource, Sources};
use crate::verifier::Verifiers;
use crate::writer::Writer;
use connection::{Connection, Ended, Transport};
use limits::Doorkeeper;
use numbers::Numbers;
use roster::Roster;
use session::Visitor;
use vardiff::Remembered;

/// How long a stranger has for the first line, and for the login.
const LOGIN_WITHIN: Duration = Duration::from_secs(10);

/// Sessions of one device that may end for too many bad messages before it has to wait. Each may have some dozens of
/// hashes computed for nothing.
pub const MISBEHAVED: Allowance = Allowance {
    at_once: 3,
    one_more_after: Duration::from_secs(60),
};

/// Standard miners of one address that were not there before.
pub const NEW_WORKERS: Allowance = Allowance {
    at_once: 200,
    one_more_after: Duration::from_secs(10),
};

/// The first byte of a TLS connection: a handshake record. No line of any dialect begins with it.
const TLS_BEGINS: u8 = 0x16;

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
    /// How hard shares are.
    pub difficulty: DifficultySettings,
    /// The operator's part of a share, in ten-thousandths.
    pub fee_basis_points: u32,
    /// How hard they were.
    pub remembered: Remembered,
    /// Devices whose sessions ended for too many bad messages, and from where.
    pub misbehaved: Limiter<(DeviceId, IpAddr)>,
    /// Whether it may give work, and the first part of the numbers of connections.
    pub replica: Replica,
    /// Standard miners that one account may have.
    pub workers_per_account: usize,
    /// Addresses that bring standard miners not seen before.
    pub new_workers: Limiter<IpAddr>,
    /// Numbers connections, so that no two hash the same.
    pub numbers: Arc<Numbers>,
    /// Who is connected.
    pub roster: Arc<Roster>,
    /// Where miners go when the hub ends.
    pub drain_to: Option<DrainTo>,
}

/// A port.
#[derive(Debug)]
pub struct Port {
    /// Where it listens.
    pub listener: TcpListener,
    /// What it serves.
    pub serves: Serves,
    /// How.
    pub encryption: Encryption,
}

/// What a port serves.
#[derive(Clone, Debug)]
pub enum Serves {
    /// The dialects that begin differently.
    Common,
    /// One algorithm in KawPow's dialect.
    KawPow(ProgPowSource),
}

/// Whether connections are encrypted.
#[derive(Clone, Debug)]
pub enum Encryption {
    /// None is.
    None,
    /// Those are that begin so.
    Offered(Tls),
    /// All are.
    Required(Tls),
}

/// Ends the sessions of devices that are revoked, until told to stop.
pub async fn end_revoked(bus: Bus, roster: Arc<Roster>, store: Store, shutdown: CancellationToken) {
    let mut notices = bus.subscribe();
    loop {
        let notice = tokio::select! {
            () = shutdown.cancelled() => return,
            notice = notices.recv() => notice,
        };
        match notice {
            Ok(Notice::Revoked(device)) => {
                let sessions = roster.end(&device);
                tracing::info!(sessions, "a device was revoked");
            }
            Ok(Notice::Missed) | Err(RecvError::Lagged(_)) => {
                for device in roster.all() {
                    match store.is_revoked(&device).await {
                        Ok(true) => drop(roster.end(&device)),
                        Ok(false) => {}
                        Err(error) => {
                            tracing::error!(%error, "missed revocations could not be looked up");
                            break;
                        }
                    }
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Accepts connections at one port until told to stop; sessions run on the tracker.
pub async fn serve(
    port: Port,
    shared: Arc<Shared>,
    doorkeeper: Arc<Doorkeeper>,
    sessions: TaskTracker,
    shutdown: CancellationToken,
) {
    let listener = port.listener;
    let door = Arc::new((port.serves, port.encryption));
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
                let Some(claim) = shared.replica.current() else {
                    tracing::debug!(
                        "a Stratum connection was refused: this hub has no replica number"
                    );
                    continue;
                };
                let shared = Arc::clone(&shared);
                let door = Arc::clone(&door);
                sessions.spawn(async move {
                    let open = metrics::gauge!("idlewatt_hub_stratum_connections");
                    open.increment(1);
                    if let Err(reason) = greet(stream, address, door, shared, claim).await {
                        tracing::debug!(%address, %reason, "a Stratum connection ended");
                    }
                    open.decrement(1);
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
    door: Arc<(Serves, Encryption)>,
    shared: Arc<Shared>,
    claim: Arc<Claim>,
) -> Result<(), Ended> {
    let shutdown = claim.lost();
    let first = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        first = Box::pin(tokio::time::timeout(LOGIN_WITHIN, listen(stream, &door.1))) => first,
    };
    let (connection, first) = first.map_err(|_| Ended::Silent)??;
    let number = shared.numbers.take(claim.number).ok_or(Ended::NoNumber)?;
    let visitor = |first| Visitor {
        connection,
        address: address.ip(),
        number: number.get(),
        first,
    };
    match (Dialect::of_first_line(&first), &door.0) {
        (Some(Dialect::Monero), Serves::Common) => {
            let dialect = monero::Monero::new(&shared, number.get());
            session::hold(visitor(first), dialect, shared, shutdown).await
        }
        (Some(Dialect::Bitcoin), Serves::Common) => {
            let dialect = bitcoin::Bitcoin::new(&shared, number.get());
            session::hold(visitor(first), dialect, shared, shutdown).await
        }
        // It begins as Bitcoin's does.
        (Some(Dialect::Bitcoin), Serves::KawPow(source)) => {
            let dialect = kawpow::KawPow::new(&shared, source, number.get());
            session::hold(visitor(first), dialect, shared, shutdown).await
        }
        _ => Err(Ended::Garbage),
    }
}

/// The connection and its first line.
async fn listen(stream: TcpStream, encryption: &Encryption) -> Result<(Connection, String), Ended> {
    // Without it small lines wait for each other; a failure costs only time.
    let _ = stream.set_nodelay(true);
    let tls = match encryption {
        Encryption::None => None,
        Encryption::Required(tls) => Some(tls),
        Encryption::Offered(tls) => {
            let mut first = [0];
            stream.peek(&mut first).await?;
            (first == [TLS_BEGINS]).then_some(tls)
        }
    };
    let transport = match tls {
        None => Transport::Plain(stream),
        Some(tls) => Transport::Tls(Box::new(tls.accept(stream).await?)),
    };
    let mut connection = Connection::new(transport);
    let first = connection.next_line().await?;
    Ok((connection, first))
}
