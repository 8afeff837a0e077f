//! Where work comes from: one source an algorithm, each a template that is replaced as its network moves on.

pub mod bitcoin_block;
pub mod bitcoind;
pub mod block_template;
pub mod chain;
pub mod failover;
pub mod follower;
pub mod monerod;
pub mod node_rpc;
pub mod outlet;
pub mod places;
pub mod pool;
pub mod practice;
pub mod sha256d_work;
pub mod sharing;
pub mod start;
pub mod submission;
pub mod template;
pub mod tree_hash;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use idlewatt_kernels::Algorithm;
use idlewatt_ledger::Exact;
use idlewatt_protocol::api::WorkOffer;
use idlewatt_protocol::{Asset, Money};
use tokio::sync::watch;

use places::{Place, Places};
use sha256d_work::{Sha256dWork, Split};
use template::{Extranonce, ProgPowWork, RandomXWork, Template};

/// The work of one algorithm as its sessions see it.
#[derive(Debug)]
pub struct Source<Work> {
    /// The upstream's name; of several, that of the one that is wanted most. Work says itself whose it is.
    pub upstream: &'static str,
    /// What it pays in.
    pub asset: Asset,
    template: Receiver<Work>,
    reachable: Arc<AtomicBool>,
    places: Arc<Places>,
    /// Taken when first asked for. A clone gets its own.
    place: OnceLock<Place>,
}

type Receiver<Work> = watch::Receiver<Option<Arc<Template<Work>>>>;

impl<Work> Clone for Source<Work> {
    fn clone(&self) -> Self {
        Source {
            template: self.template.clone(),
            reachable: Arc::clone(&self.reachable),
            places: Arc::clone(&self.places),
            place: OnceLock::new(),
            ..*self
        }
    }
}

/// The upstream's end of a [`Source`].
#[derive(Debug)]
pub struct Feed<Work> {
    template: watch::Sender<Option<Arc<Template<Work>>>>,
    reachable: Arc<AtomicBool>,
}

/// A source without work yet, and the end to feed it by.
pub fn source<Work>(upstream: &'static str, asset: Asset) -> (Feed<Work>, Source<Work>) {
    let (sender, receiver) = watch::channel(None);
    let reachable = Arc::new(AtomicBool::new(false));
    let feed = Feed {
        template: sender,
        reachable: Arc::clone(&reachable),
    };
    let source = Source {
        upstream,
        asset,
        template: receiver,
        reachable,
        places: Arc::default(),
        place: OnceLock::new(),
    };
    (feed, source)
}

impl<Work> Feed<Work> {
    /// New work, in the place of the old.
    pub fn offer(&self, template: Template<Work>) {
        self.offer_shared(Arc::new(template));
    }

    /// As [`Feed::offer`], for work that somebody else has, too.
    pub fn offer_shared(&self, template: Arc<Template<Work>>) {
        self.reachable.store(true, Ordering::Relaxed);
        self.template.send_replace(Some(template));
    }

    /// Whether the upstream answers; its last work stays.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }

    /// No work any more: sessions end rather than let their miners work for nothing.
    pub fn withdraw(&self) {
        self.set_reachable(false);
        self.template
            .send_if_modified(|template| template.take().is_some());
    }

    /// Ends when nobody can take work from it any more.
    pub async fn closed(&self) {
        self.template.closed().await;
    }
}

impl<Work> Source<Work> {
    /// The newest work, seen from now on.
    pub fn newest(&mut self) -> Option<Arc<Template<Work>>> {
        self.template.borrow_and_update().clone()
    }

    /// Waits for work newer than the newest seen. Never ends once the upstream is gone.
    pub async fn changed(&mut self) {
        if self.template.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether there is newer work than the newest seen.
    pub fn has_news(&self) -> bool {
        self.template.has_changed().unwrap_or(false)
    }

    /// Whether the upstream answers at present.
    pub fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Another receiver of its work, which has seen what this one has.
    fn receiver(&self) -> Receiver<Work> {
        self.template.clone()
    }

    /// What sets a job apart. This connection's place is taken with the first.
    pub fn extranonce(&self, connection: u32, job: u32) -> Extranonce {
        let place = self.place.get_or_init(|| self.places.take());
        Extranonce {
            connection,
            job,
            place: place.number(),
        }
    }

    /// How many hashes a block takes at present, where there are blocks.
    pub fn network_work(&self) -> Option<u64> {
        let template = self.template.borrow();
        template.as_ref()?.network.map(|network| network.work)
    }

    /// What is offered for 10^12 hashes, whether it can be had, and at which port where it has one of its own.
    pub fn offer(&self, algorithm: Algorithm, stratum_port: Option<u16>) -> WorkOffer {
        let template = self.template.borrow().clone();
        let credit = template
            .as_ref()
            .and_then(|template| template.reward.credit(1_000_000_000_000).ok());
        let upstream = template
            .as_ref()
            .map_or(self.upstream, |template| template.upstream);
        WorkOffer {
            algorithm: algorithm.name().to_owned(),
            upstream: upstream.to_owned(),
            credit_per_terahash: credit.map_or(Money::zero(self.asset), Exact::money),
            available: template.is_some() && self.is_reachable(),
            stratum_port,
            stratum_tls_port: None,
        }
    }
}

/// All sources of a hub.
#[derive(Clone, Debug)]
pub struct Sources {
    /// For sha256d.
    pub sha256d: Source<Sha256dWork>,
    /// How its coinbases are split.
    pub split: Split,
    /// For RandomX.
    pub randomx: Source<RandomXWork>,
    /// For the algorithms of the ProgPoW family.
    pub progpow: Vec<ProgPowSource>,
}

/// Work of one algorithm of the ProgPoW family.
#[derive(Clone, Debug)]
pub struct ProgPowSource {
    /// Which one.
    pub algorithm: Algorithm,
    /// Its own port of the Stratum server.
    pub stratum_port: u16,
    /// The work.
    pub work: Source<ProgPowWork>,
}

impl Sources {
    /// What is offered, an entry an algorithm. Whether ports take TLS, too, is the same for all.
    pub fn offers(&self, tls: bool) -> Vec<WorkOffer> {
        let mut offers = vec![
            self.sha256d.offer(Algorithm::Sha256d, None),
            self.randomx.offer(Algorithm::RandomX, None),
        ];
        offers.extend(self.progpow.iter().map(|source| {
            let port = source.stratum_port;
            WorkOffer {
                stratum_tls_port: tls.then_some(port),
                ..source.work.offer(source.algorithm, Some(port))
            }
        }));
        offers
    }
}
