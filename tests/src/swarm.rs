//! Many miners at a hub, in the background of a test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::books::Login;
use crate::miner::{Journal, Miner, Pace, Tally};
use crate::wait::until;

/// Miners from one address: a hub takes 1,000 by default, and an address has some 28,000 ports.
const FROM_ONE_ADDRESS: usize = 900;
/// Miners that begin in the same moment.
const BEGIN_TOGETHER: usize = 256;

/// Running miners.
pub struct Swarm {
    runtime: Runtime,
    stop: CancellationToken,
    tally: Arc<Tally>,
    miners: Vec<JoinHandle<Journal>>,
}

impl Swarm {
    /// Lets one miner a login mine.
    ///
    /// # Panics
    /// When the system gives no threads.
    pub fn start(hub: SocketAddr, logins: &[Login], pace: Pace) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (stop, tally) = (CancellationToken::new(), Arc::new(Tally::default()));
        let doors = Arc::new(Semaphore::new(BEGIN_TOGETHER));
        let miners = logins.iter().enumerate().map(|(index, login)| {
            let miner = Miner {
                login: login.clone(),
                hub,
                from: address(index / FROM_ONE_ADDRESS),
                pace,
                tally: Arc::clone(&tally),
                doors: Arc::clone(&doors),
            };
            runtime.spawn(mine(miner, stop.clone()))
        });
        let miners = miners.collect();
        Swarm {
            runtime,
            stop,
            tally,
            miners,
        }
    }

    /// What they have seen so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Waits until every miner has had work once.
    pub fn ready(&self, limit: Duration) {
        let wanted = self.miners.len() as u64;
        until("all miners to have work", limit, || {
            let ready = self.tally.ready.load(Ordering::Relaxed);
            if ready >= wanted {
                Ok(())
            } else {
                Err(format!("{ready} of {wanted}; {:?}", self.tally))
            }
        });
    }

    /// Waits until so many more shares were acknowledged.
    pub fn more(&self, shares: u64, limit: Duration) {
        let wanted = self.tally.acknowledged() + shares;
        until("shares to be acknowledged", limit, || {
            match self.tally.acknowledged() >= wanted {
                true => Ok(()),
                false => Err(format!("{wanted} wanted; {:?}", self.tally)),
            }
        });
    }

    /// Ends all miners; what each of them has seen.
    ///
    /// # Panics
    /// When a miner failed in a way that is a fault of its own.
    pub fn stop(self) -> Vec<Journal> {
        self.stop.cancel();
        let all = futures_util::future::join_all(self.miners);
        let journals = self.runtime.block_on(all);
        self.runtime.shutdown_background();
        journals
            .into_iter()
            .map(|journal| journal.expect("miners do not panic"))
            .collect()
    }

    /// As [`Swarm::stop`]: the digests of all shares that were acknowledged.
    pub fn acknowledged(self) -> Vec<[u8; 32]> {
        let journals = self.stop().into_iter();
        journals.flat_map(|journal| journal.acknowledged).collect()
    }
}

async fn mine(miner: Miner, stop: CancellationToken) -> Journal {
    let mut journal = Journal::default();
    tokio::select! {
        () = stop.cancelled() => {}
        () = miner.run(&mut journal) => {}
    }
    journal
}

/// 127.0.0.2, 127.0.0.3 and so on: all of them are this machine.
fn address(number: usize) -> IpAddr {
    let [low, high, ..] = (number + 2).to_le_bytes();
    Ipv4Addr::new(127, 0, high, low).into()
}
