//! The hub as the client of a pool: another hub, in all three dialects.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use idlewatt_hub::Settings;
use idlewatt_hub::settings::{PoolSettings, UpstreamSettings};
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{CreditedShares, DeviceEnrolled, WorkOffers};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::harness::{DEADLINE, Miner, TestHub, settings, start, user};
use crate::{kawpow_miner, monero};

/// A hub that is a pool, and what the other one is there.
struct Pool {
    hub: TestHub,
    device: DeviceEnrolled,
    _folder: TempDir,
}

impl Pool {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = settings(folder.path());
        settings.test_algorithm = true;
        let hub = start(settings).await;
        let device = hub.device().await;
        Pool {
            hub,
            device,
            _folder: folder,
        }
    }

    fn upstream(&self, name: &str, address: std::net::SocketAddr) -> UpstreamSettings {
        UpstreamSettings::Pool(PoolSettings {
            name: Some(name.into()),
            url: format!("stratum+tcp://{address}"),
            ca_file: None,
            user: user(&self.device),
            password: Some(self.device.token.as_str().into()),
            credit_per_terahash: "0.5".into(),
            asset: "XMR".into(),
        })
    }

    /// Settings of a hub whose work all comes from here.
    async fn client(&self, folder: &Path) -> Settings {
        let mut settings = settings(folder);
        settings.test_algorithm = true;
        let common = self.hub.stratum;
        let own = self.hub.address_of("kawpow-test").await;
        settings.upstreams.sha256d = vec![self.upstream("pool-sha256d", common)];
        settings.upstreams.randomx = vec![self.upstream("pool-randomx", common)];
        settings.upstreams.kawpow_test = vec![self.upstream("pool-kawpow", own)];
        settings
    }

    /// The digests of shares that came up, once there are so many.
    async fn digests(&self, count: usize) -> HashSet<String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let shares = self.hub.shares(&self.device).await.shares;
            if shares.len() >= count {
                return shares.into_iter().map(|share| share.digest).collect();
            }
            assert!(Instant::now() < deadline, "{} of {count}", shares.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Which upstream an algorithm's work comes from, once it can be had from the one expected.
pub async fn wait_for(hub: &TestHub, algorithm: &str, upstream: &str) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let work: WorkOffers = hub.get("/v1/work", "").await;
        let mut offers = work.offers.iter();
        let offer = offers.find(|offer| offer.algorithm == algorithm);
        let offer = offer.expect("offered");
        if offer.available && offer.upstream == upstream {
            return;
        }
        assert!(Instant::now() < deadline, "{offer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All of what was credited here by an upstream's name, and what of it came up.
fn check(shares: &CreditedShares, upstream: &str, up: &HashSet<String>) {
    for share in &shares.shares {
        assert_eq!(share.upstream, upstream);
        assert_eq!(share.credit.asset, Asset::Monero);
        let expected = u128::from(share.work) * 500_000_000_000 / 1_000_000_000_000;
        assert_eq!(share.credit.atomic.unsigned_abs(), expected);
    }
    let here: HashSet<&String> = shares.shares.iter().map(|share| &share.digest).collect();
    assert!(up.iter().all(|digest| here.contains(digest)));
}

#[tokio::test]
async fn shares_of_bitcoin_s_dialect_go_up() {
    let (pool, folder) = (Pool::start().await, tempfile::tempdir().expect("a folder"));
    let hub = start(pool.client(folder.path()).await).await;
    wait_for(&hub, "sha256d", "pool-sha256d").await;
    let device = hub.device().await;
    let mut first = Miner::login(&hub, &device).await;
    let mut second = Miner::login(&hub, &device).await;
    // The pool leaves 4 bytes: two for the connection, two for its miner.
    assert_eq!((first.extranonce1.len(), first.extranonce2_size), (2, 2));
    assert_ne!(first.extranonce1, second.extranonce1);
    for _ in 0..2 {
        first.share().await;
        second.share().await;
    }
    let up = pool.digests(1).await;
    check(&hub.shares(&device).await, "pool-sha256d", &up);
    hub.stop().await;
    pool.hub.stop().await;
}

#[tokio::test]
async fn shares_of_monero_s_dialect_go_up() {
    let (pool, folder) = (Pool::start().await, tempfile::tempdir().expect("a folder"));
    let hub = start(pool.client(folder.path()).await).await;
    wait_for(&hub, "randomx", "pool-randomx").await;
    let device = hub.device().await;
    let mut miner = monero::Miner::login(&hub, &device).await;
    let other = monero::Miner::login(&hub, &device).await;
    // The last byte of the nonce is the connection's; the rest of the blob is the pool's, the same for all.
    let end = miner.job.blob[42];
    assert!(end != 0 && other.job.blob[42] != 0 && end != other.job.blob[42]);
    assert_eq!(miner.job.blob[43..], other.job.blob[43..]);
    let session = miner.session.clone();
    let foreign = miner.mine(u32::from(other.job.blob[42]) << 24, true);
    let job_id = miner.job.job_id.clone();
    let refused = miner.submit(&session, &job_id, foreign.0, foreign.1).await;
    assert!(refused.is_err(), "another connection's nonce");
    let mut from = u32::from(end) << 24;
    for _ in 0..3 {
        let (nonce, digest) = miner.mine(from, true);
        let job_id = miner.job.job_id.clone();
        assert_eq!(miner.submit(&session, &job_id, nonce, digest).await, Ok(()));
        from = nonce + 1;
    }
    let up = pool.digests(1).await;
    check(&hub.shares(&device).await, "pool-randomx", &up);
    hub.stop().await;
    pool.hub.stop().await;
}

#[tokio::test]
async fn shares_of_kawpow_s_dialect_go_up() {
    let (pool, folder) = (Pool::start().await, tempfile::tempdir().expect("a folder"));
    let hub = start(pool.client(folder.path()).await).await;
    wait_for(&hub, "kawpow-test", "pool-kawpow").await;
    let device = hub.device().await;
    let mut miner = kawpow_miner::Miner::login(&hub, &device).await;
    let other = kawpow_miner::Miner::login(&hub, &device).await;
    // Two bytes of the pool's, and two of the hub's.
    assert_eq!((miner.extranonce1.len(), other.extranonce1.len()), (4, 4));
    assert_eq!(miner.extranonce1[..2], other.extranonce1[..2]);
    assert_ne!(miner.extranonce1, other.extranonce1);
    for _ in 0..3 {
        miner.share().await;
    }
    let up = pool.digests(1).await;
    check(&hub.shares(&device).await, "pool-kawpow", &up);
    hub.stop().await;
    pool.hub.stop().await;
}

#[tokio::test]
async fn sessions_stay_when_another_upstream_is_taken() {
    let (pool, folder) = (Pool::start().await, tempfile::tempdir().expect("a folder"));
    let mut settings = pool.client(folder.path()).await;
    settings.upstreams.sha256d.push(UpstreamSettings::Practice);
    settings.upstreams.switch_after = 1;
    settings.upstreams.return_after = 1;
    let hub = start(settings).await;
    wait_for(&hub, "sha256d", "pool-sha256d").await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    miner.share().await;
    let jobs = miner.jobs.len();
    pool.hub.stop().await;
    wait_for(&hub, "sha256d", "practice").await;
    // Whatever the miner asks next, it is answered behind the new job.
    let configure = serde_json::json!([0.5]);
    assert_eq!(
        miner.call("mining.suggest_difficulty", configure).await,
        Ok(())
    );
    assert!(miner.jobs.len() > jobs && miner.newest().clean);
    miner.share().await;
    let shares = hub.shares(&device).await.shares;
    let names: Vec<&str> = shares.iter().map(|share| &*share.upstream).collect();
    assert_eq!(names, ["pool-sha256d", "practice"]);
    assert!(shares[1].credit.asset.is_practice());
    hub.stop().await;
}
