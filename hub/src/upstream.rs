//! Where work comes from: one source an algorithm, each a template that is replaced as its network moves on.

pub mod block_template;
pub mod monerod;
pub mod node_rpc;
pub mod practice;
pub mod submission;
pub mod template;
pub mod tree_hash;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idlewatt_kernels::Algorithm;
use idlewatt_ledger::Exact;
use idlewatt_protocol::api::WorkOffer;
use idlewatt_protocol::{Asset, Money};
use tokio::sync::watch;

use template::{ProgPowWork, RandomXWork, Sha256dWork, Template};

/// The work of one algorithm as its sessions see it.
#[derive(Debug)]
pub struct Source<Work> {
    /// The upstream's name.
    pub upstream: &'static str,
    /// What it pays in.
    pub asset: Asset,
    template: watch::Receiver<Option<Arc<Template<Work>>>>,
    reachable: Arc<AtomicBool>,
}

impl<Work> Clone for Source<Work> {
    fn clone(&self) -> Self {
        Source {
            template: self.template.clone(),
            reachable: Arc::clone(&self.reachable),
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
    };
    (feed, source)
}

impl<Work> Feed<Work> {
    /// New work, in the place of the old.
    pub fn offer(&self, template: Template<Work>) {
        self.reachable.store(true, Ordering::Relaxed);
        self.template.send_replace(Some(Arc::new(template)));
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
        WorkOffer {
            algorithm: algorithm.name().to_owned(),
            upstream: self.upstream.to_owned(),
            credit_per_terahash: credit.map_or(Money::zero(self.asset), Exact::money),
            available: template.is_some() && self.reachable.load(Ordering::Relaxed),
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
    /// What is offered, an entry an algorithm.
    pub fn offers(&self) -> Vec<WorkOffer> {
        let mut offers = vec![
            self.sha256d.offer(Algorithm::Sha256d, None),
            self.randomx.offer(Algorithm::RandomX, None),
        ];
        offers.extend(self.progpow.iter().map(|source| {
            source
                .work
                .offer(source.algorithm, Some(source.stratum_port))
        }));
        offers
    }
}
