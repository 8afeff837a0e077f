//! The ProgPoW family over KawPow's dialect: from the first connection to the audit.

use std::collections::HashSet;

use idlewatt_kernels::Algorithm;
use idlewatt_store::Store;
use idlewatt_stratum::kawpow::ServerMessage;
use serde_json::json;

use crate::harness::{Wire, settings, start};
use crate::kawpow_miner::{Miner, address, hub, target};

#[tokio::test]
async fn shares_are_hashed_again_credited_once_and_survive_the_hub() {
    let (hub, folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let (mut mined, mut works) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        works.push(miner.target.expect("set").work());
        mined.push(miner.share().await);
    }
    let verifiers = hub.verifiers.clone().expect("in this process");
    assert_eq!(verifiers.progpow.hashes(), 5);
    let credited = hub.shares(&device).await.shares;
    assert_eq!(credited.len(), 5);
    for ((share, found), work) in credited.iter().zip(&mined).zip(works) {
        assert_eq!(share.digest, String::from(found.hash.number()));
        assert_eq!(share.algorithm, "kawpow-test");
        assert_eq!(u128::from(share.work), work);
        // One practice coin of 10^12 atomic units for 10^6 hashes.
        assert_eq!(share.credit.atomic.unsigned_abs(), work * 1_000_000);
    }
    let total = credited.iter().map(|share| share.credit.atomic).sum();
    let earnings = hub.settled(&device, total).await;

    hub.stop().await;
    miner.wire.closed().await;
    let mut settings = settings(folder.path());
    settings.test_algorithm = true;
    let hub = start(settings).await;
    // The wallet follows in its own time.
    assert_eq!(hub.earnings(&device).await.total, earnings.total);
    let mut miner = Miner::login(&hub, &device).await;
    assert_eq!(
        miner.submit(&mined[4]).await,
        Err(21),
        "a job of the hub before"
    );
    miner.share().await;
    assert_eq!(hub.shares(&device).await.shares.len(), 6);
    hub.stop().await;
    let store = Store::open(&folder.path().join("data/hub.sqlite"))
        .await
        .expect("opens");
    let audit = store.audit().await.expect("reads");
    assert_eq!((audit.shares, audit.faults), (6, Vec::new()));
}

#[tokio::test]
async fn what_is_not_good_is_refused_in_the_dialect_s_words() {
    let (hub, _folder) = hub().await;
    let (device, stranger) = (hub.device().await, hub.device().await);
    let mut other = Miner::login(&hub, &stranger).await;
    let mut miner = Miner::login(&hub, &device).await;
    let good = miner.share().await;
    assert_eq!(miner.submit(&good).await, Err(22), "duplicate");

    let job = miner.newest();
    let low = miner.mine(&job, false);
    assert_eq!(miner.submit(&low).await, Err(23), "low difficulty");

    let good = miner.mine(&job, true);
    let mut wrong = good.clone();
    wrong.header[31] ^= 1;
    assert_eq!(miner.submit(&wrong).await, Err(20), "another header");
    wrong = good.clone();
    wrong.nonce ^= 1 << 48;
    assert_eq!(miner.submit(&wrong).await, Err(20), "another's nonces");
    assert_eq!(
        other.submit(&good).await,
        Err(21),
        "another connection's job"
    );
    wrong = good.clone();
    wrong.job_id = other.newest().job_id;
    assert_eq!(other.submit(&wrong).await, Err(20), "of another header");
    wrong = good.clone();
    wrong.job_id = "'; DROP TABLE shares; --".into();
    assert_eq!(miner.submit(&wrong).await, Err(21));

    // None of it was worth a hash, and all of it leaves the good one good.
    let verifiers = hub.verifiers.clone().expect("in this process");
    assert_eq!(verifiers.progpow.hashes(), 1);
    assert_eq!(miner.submit(&good).await, Ok(()));
    assert_eq!(hub.shares(&device).await.shares.len(), 2);
    assert!(hub.shares(&stranger).await.shares.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn messages_are_read_as_miners_write_them_and_refused_where_they_are_none() {
    let (hub, _folder) = hub().await;
    let (device, stranger) = (hub.device().await, hub.device().await);
    let mut miner = Miner::login(&hub, &device).await;
    let found = miner.mine(&miner.newest(), true);
    let (worker, job) = (miner.worker.clone(), found.job_id.clone());
    let nonce = format!("{:016x}", found.nonce);
    let (header, mix) = (hex::encode(found.header), hex::encode(found.hash.mix));
    let with_0x = |text: &str| format!("0x{text}");
    for parameters in [
        json!([worker, job]),
        json!([worker, job, "0x12", with_0x(&header), with_0x(&mix)]),
        json!([worker, job, 7, with_0x(&header), with_0x(&mix)]),
        json!([
            worker,
            job,
            with_0x(&nonce),
            with_0x(&header[2..]),
            with_0x(&mix)
        ]),
        json!([worker, job, with_0x(&nonce), with_0x(&header), "0x"]),
        json!([
            worker,
            job,
            with_0x(&nonce),
            with_0x(&header),
            with_0x(&mix[1..])
        ]),
        json!([worker, job, with_0x(&nonce), "zz", null]),
        json!([worker, job, format!("00{nonce}"), header, mix]),
        json!({}),
        json!(null),
    ] {
        let refused = miner.call("mining.submit", parameters.clone()).await;
        assert_eq!(refused, Err(20), "{parameters}");
    }
    assert_eq!(miner.call("mining.fly", json!([])).await, Err(20));
    let subscribed = miner.call("mining.extranonce.subscribe", json!([])).await;
    assert_eq!(subscribed, Ok(()));
    let rate = miner
        .call("eth_submitHashrate", json!(["0x1", "0x2"]))
        .await;
    assert_eq!(rate, Ok(()), "not relied upon, but not held against it");
    let again = json!([worker, device.token]);
    assert_eq!(miner.call("mining.authorize", again).await, Ok(()));
    let other = json!([crate::harness::user(&stranger), stranger.token]);
    assert_eq!(
        miner.call("mining.authorize", other).await,
        Err(24),
        "one device a connection"
    );
    let renamed = json!([crate::harness::user(&stranger), job, nonce, header, mix]);
    assert_eq!(miner.call("mining.submit", renamed).await, Err(24));

    // Without 0x, and in capitals.
    let bare = json!([worker, job, nonce.to_uppercase(), header, mix]);
    assert_eq!(miner.call("mining.submit", bare).await, Ok(()));
    let twice = json!([
        worker,
        job,
        with_0x(&nonce),
        with_0x(&header),
        with_0x(&mix)
    ]);
    assert_eq!(miner.call("mining.submit", twice).await, Err(22));
    assert_eq!(hub.shares(&device).await.shares.len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn nobody_works_without_logging_in() {
    let (hub, _folder) = hub().await;
    let (device, stranger) = (hub.device().await, hub.device().await);
    let at = address(&hub).await;
    let submit = json!({"id": 1, "method": "mining.submit", "params":
        ["x", "y", "0x0000000000000000", "0".repeat(64), "0".repeat(64)]});
    let subscribe = json!({"id": 2, "method": "mining.subscribe", "params": []});
    let mut wire = Wire::connect(at).await;
    let mut code = async |line: serde_json::Value| {
        wire.send(&line.to_string()).await;
        match ServerMessage::parse(&wire.line().await.expect("an answer")) {
            Ok(ServerMessage::Error { code, .. }) => Some(code),
            _ => None,
        }
    };
    let user = crate::harness::user(&device);
    let authorize = json!({"id": 3, "method": "mining.authorize", "params": [user, device.token]});
    assert_eq!(code(submit.clone()).await, Some(25), "not subscribed");
    assert_eq!(code(authorize).await, Some(25), "not subscribed");
    assert_eq!(code(subscribe).await, None);
    assert_eq!(code(submit).await, Some(24), "not authorised");
    let wrong = json!({"id": 3, "method": "mining.authorize", "params": [user, stranger.token]});
    assert_eq!(code(wrong).await, Some(24), "another device's token");
    wire.closed().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_fast_miner_gets_harder_shares_and_is_paid_by_the_job() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let (easy, mut shares) = (miner.target.expect("set").work(), 0);
    assert_eq!(easy, 4);
    // Each time one more share of the job is kept back.
    let kept_back = loop {
        let job = miner.newest();
        let kept_back = miner.mine(&job, true);
        miner.share().await;
        shares += 1;
        if miner.newest().target != job.target {
            break kept_back;
        }
        assert!(shares < 200, "targets stay at {:?}", miner.target);
    };
    let harder = target(&miner.newest().target.expect("its own"));
    miner.share().await;
    let last = hub.shares(&device).await.shares.pop().expect("credited");
    assert!(last.work >= 16);
    assert_eq!(u128::from(last.work), harder.work());
    // That share still counts, at its own job's difficulty.
    assert_eq!(miner.submit(&kept_back).await, Ok(()));
    let last = hub.shares(&device).await.shares.pop().expect("credited");
    assert_eq!(u128::from(last.work), easy);
    hub.stop().await;
}

#[tokio::test]
async fn no_two_connections_hash_the_same() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut headers = HashSet::new();
    let mut prefixes = HashSet::new();
    let mut miners = Vec::new();
    for _ in 0..20 {
        let miner = Miner::login(&hub, &device).await;
        assert!(headers.insert(miner.newest().header_hash));
        assert!(prefixes.insert(miner.extranonce1.clone()));
        miners.push(miner);
    }
    for miner in &mut miners {
        miner.until_jobs(2).await;
        assert!(headers.insert(miner.newest().header_hash));
    }
    hub.stop().await;
}

/// With light caches of real size, at heights of today: seconds for each.
#[tokio::test]
async fn the_real_algorithms_are_verified_at_the_practice_s_heights() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    for (algorithm, least) in [
        (Algorithm::ProgPowZ, 3_960_000),
        (Algorithm::KawPow, 4_650_000),
    ] {
        let at = hub.address_of(algorithm.name()).await;
        let mut miner = Miner::login_at(at, algorithm, &device)
            .await
            .expect("let in");
        let job = miner.newest();
        assert!(job.height >= least);
        let found = miner.mine(&job, true);
        let mut wrong = found.clone();
        wrong.hash.mix[0] ^= 1;
        assert_eq!(miner.submit(&wrong).await, Err(20), "wrong mix");
        assert_eq!(miner.submit(&found).await, Ok(()));
        let share = hub.shares(&device).await.shares.pop().expect("credited");
        assert_eq!(share.algorithm, algorithm.name());
        assert_eq!(share.digest, String::from(found.hash.number()));
        // One practice coin for 4 × 10^9 hashes.
        assert_eq!((share.work, share.credit.atomic), (1, 250));
    }
    let verifier = hub.verifiers.clone().expect("in this process").progpow;
    assert_eq!(verifier.hashes(), 4);
    assert!(verifier.held_bytes() < 384 << 20);
    hub.stop().await;
}
