//! Starts the upstreams that the settings name.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_ledger::Reward;
use idlewatt_store::{Engine, Store};
use idlewatt_tls::Trust;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bitcoind::Bitcoind;
use super::chain::Chain;
use super::failover::{self, Patience};
use super::follower::{Fetcher, News, Offerer, Pace};
use super::monerod::Monerod;
use super::outlet::Outlet;
use super::pool::{
    self, Account, BitcoinPool, KawPowPool, MoneroPool, PoolClient, PoolDialect, PoolPace,
};
use super::sha256d_work::{Sha256dWork, Split};
use super::sharing::Sharing;
use super::submission::{LOOK_EVERY, Submitter};
use super::template::{ProgPowWork, RandomXWork};
use super::{ProgPowSource, Source, Sources, practice, source};
use crate::app::StartError;
use crate::bus::Bus;
use crate::settings::{PoolSettings, Settings, UpstreamSettings, place};
use crate::tasks::Tasks;

/// Solved blocks waiting to be handed in.
const SOLVED: usize = 64;
/// Blocks after one until its reward can be spent.
const MONERO_MATURITY: u64 = 60;
const BITCOIN_MATURITY: u64 = 100;
/// What a pool's price is for.
const TERAHASH: u128 = 1_000_000_000_000;

/// What upstreams are started with.
pub struct Launch<'a> {
    /// What the operator wants.
    pub settings: &'a Settings,
    /// Where blocks are noted.
    pub store: &'a Store,
    /// What runs is spawned here.
    pub tasks: &'a TaskTracker,
    /// Whose turn it is to ask a node.
    pub turns: &'a Tasks,
    /// Where replicas hear of its answers.
    pub bus: &'a Bus,
    /// Ends it.
    pub shutdown: &'a CancellationToken,
}

impl Launch<'_> {
    /// Starts the upstreams of all algorithms; those of the ProgPoW family come with their ports.
    ///
    /// # Errors
    /// If an upstream cannot be set up. Whether it can be reached shows later.
    pub fn all(
        &self,
        ports: impl Iterator<Item = (Algorithm, u16)>,
    ) -> Result<Sources, StartError> {
        let progpow = ports
            .map(|(algorithm, stratum_port)| {
                Ok(ProgPowSource {
                    algorithm,
                    stratum_port,
                    work: self.progpow(algorithm)?,
                })
            })
            .collect::<Result<_, StartError>>()?;
        let sha256d = self.settings.upstreams_of(Algorithm::Sha256d);
        let is_pool = |upstream: &UpstreamSettings| matches!(upstream, UpstreamSettings::Pool(_));
        Ok(Sources {
            split: match sha256d.iter().any(is_pool) {
                true => Split::NARROW,
                false => Split::WIDE,
            },
            sha256d: self.sha256d(&sha256d)?,
            randomx: self.randomx()?,
            progpow,
        })
    }

    fn sha256d(&self, list: &[UpstreamSettings]) -> Result<Source<Sha256dWork>, StartError> {
        let mut sources = Vec::new();
        for (index, upstream) in list.iter().enumerate() {
            let name = lasting(upstream.name());
            sources.push(match upstream {
                UpstreamSettings::Bitcoind(node) => {
                    let chain = Bitcoind::new(&node.url, node.credentials(), &node.address)?;
                    self.chain(name, chain, node.maturity.unwrap_or(BITCOIN_MATURITY))
                }
                UpstreamSettings::Pool(pool) => {
                    self.pool::<BitcoinPool>(name, pool, (Algorithm::Sha256d, index))?
                }
                UpstreamSettings::Practice | UpstreamSettings::Monerod(_) => {
                    let (source, renew) = practice::sha256d(practice::RENEW_AFTER)?;
                    self.until_shutdown(renew);
                    source
                }
            });
        }
        Ok(self.in_order(sources))
    }

    fn randomx(&self) -> Result<Source<RandomXWork>, StartError> {
        let mut sources = Vec::new();
        let list = self.settings.upstreams_of(Algorithm::RandomX);
        for (index, upstream) in list.iter().enumerate() {
            let name = lasting(upstream.name());
            sources.push(match upstream {
                UpstreamSettings::Monerod(node) => {
                    let chain = Monerod::new(&node.url, &node.wallet)?;
                    self.chain(name, chain, node.maturity.unwrap_or(MONERO_MATURITY))
                }
                UpstreamSettings::Pool(pool) => {
                    self.pool::<MoneroPool>(name, pool, (Algorithm::RandomX, index))?
                }
                UpstreamSettings::Practice | UpstreamSettings::Bitcoind(_) => {
                    let (source, renew) = practice::randomx(practice::RENEW_AFTER)?;
                    self.until_shutdown(renew);
                    source
                }
            });
        }
        Ok(self.in_order(sources))
    }

    fn progpow(&self, algorithm: Algorithm) -> Result<Source<ProgPowWork>, StartError> {
        let mut sources = Vec::new();
        let list = self.settings.upstreams_of(algorithm);
        for (index, upstream) in list.iter().enumerate() {
            let name = lasting(upstream.name());
            match (upstream, algorithm.progpow()) {
                (UpstreamSettings::Pool(pool), Some(_)) => {
                    sources.push(self.pool::<KawPowPool>(name, pool, (algorithm, index))?);
                }
                (_, Some(parameters)) => {
                    let renew_after = practice::RENEW_AFTER;
                    let (source, renew) =
                        practice::progpow(algorithm, parameters, renew_after, Timestamp::now)?;
                    self.until_shutdown(renew);
                    sources.push(source);
                }
                (_, None) => {}
            }
        }
        Ok(self.in_order(sources))
    }

    /// One source for sessions: the first that is well.
    fn in_order<Work: Send + Sync + 'static>(
        &self,
        mut sources: Vec<Source<Work>>,
    ) -> Source<Work> {
        if sources.len() == 1 {
            return sources.remove(0);
        }
        let first = &sources[0];
        let (feed, source) = source(first.upstream, first.asset);
        let upstreams = &self.settings.upstreams;
        let patience = Patience {
            switch_after: Duration::from_secs(upstreams.switch_after),
            return_after: Duration::from_secs(upstreams.return_after),
        };
        self.until_shutdown(failover::run(sources, feed, patience));
        source
    }

    fn chain<C: Chain>(&self, name: &'static str, chain: C, maturity: u64) -> Source<C::Work> {
        let (feed, source) = source(name, C::ASSET);
        let (look_again, grown) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (blocks, solved) = mpsc::channel(SOLVED);
        let (answers, news) = watch::channel(News::default());
        let pace = Pace::default();
        let submitter = Submitter {
            name,
            chain: chain.clone(),
            maturity,
            look_every: LOOK_EVERY,
            store: self.store.clone(),
            solved,
            grown: Arc::clone(&grown),
            look_again: Arc::clone(&look_again),
            shutdown: self.shutdown.clone(),
        };
        // Not cut off at the shutdown: the last blocks are to be handed in.
        self.tasks.spawn(submitter.run());
        let offerer = Offerer {
            name,
            chain: chain.clone(),
            withdraw_after: pace.withdraw_after,
            news,
            feed,
            outlet: Outlet::Chain(blocks),
            grown,
        };
        self.until_shutdown(offerer.run());
        let fetch = move |news| {
            let fetcher = Fetcher {
                name,
                chain: chain.clone(),
                pace,
                news,
                look_again: Arc::clone(&look_again),
            };
            fetcher.run()
        };
        match self.store.engine() {
            Engine::Sqlite => self.until_shutdown(fetch(answers)),
            Engine::Postgres => {
                let sharing = Sharing {
                    name,
                    store: self.store.clone(),
                    turns: self.turns.clone(),
                    bus: self.bus.clone(),
                    withdraw_after: pace.withdraw_after,
                    news: answers,
                };
                self.until_shutdown(sharing.run(fetch));
            }
        }
        source
    }

    fn pool<D: PoolDialect>(
        &self,
        name: &'static str,
        settings: &PoolSettings,
        (algorithm, index): (Algorithm, usize),
    ) -> Result<Source<D::Work>, StartError> {
        let place = place(algorithm, index);
        let (address, credit) = settings.checked(&place)?;
        let trust = Trust::load(settings.ca_file.as_deref());
        let trust = trust.map_err(|source| StartError::Trust { place, source })?;
        let (feed, source) = source(name, credit.asset);
        let (outlet, shares) = mpsc::channel(pool::WAITING);
        let client = PoolClient::<D> {
            name,
            algorithm,
            account: Account {
                address,
                trust,
                user: settings.user.clone(),
                password: settings.password.clone().unwrap_or_else(|| "x".into()),
            },
            reward: Reward::try_new(credit, TERAHASH)?,
            pace: PoolPace::default(),
            feed,
            shares,
            outlet,
        };
        self.until_shutdown(client.run());
        Ok(source)
    }

    fn until_shutdown(&self, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = task => {}
            }
        });
    }
}

/// A name that lasts as long as the program: there are a few, and they are in every share.
fn lasting(name: &str) -> &'static str {
    let known = [
        practice::NAME,
        super::monerod::NAME,
        super::bitcoind::NAME,
        pool::NAME,
    ];
    let known = known.into_iter().find(|known| *known == name);
    known.unwrap_or_else(|| name.to_owned().leak())
}
