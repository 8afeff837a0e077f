//! sha256d over the Bitcoin dialect: from the first connection to the audit.

use idlewatt_kernels::Target;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{CreditedShares, FindShares};
use idlewatt_store::Store;

use crate::harness::{Miner, hub, settings, start};

#[tokio::test]
async fn shares_are_credited_once_and_survive_the_hub() {
    let (hub, folder) = hub().await;
    let account = hub.account().await;
    let (first, second) = (hub.enrol(&account).await, hub.enrol(&account).await);
    let mut miner = Miner::login(&hub, &first).await;
    let mut other = Miner::login(&hub, &second).await;
    let (mut mined, mut works) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        mined.push(miner.share().await);
        works.push(
            Target::from_bitcoin_difficulty(miner.difficulty)
                .expect("valid")
                .work(),
        );
    }
    other.share().await;

    let credited = hub.shares(&first).await;
    assert!(!credited.more);
    let digests: Vec<String> = mined.iter().map(|found| found.digest.into()).collect();
    let listed: Vec<&String> = credited.shares.iter().map(|share| &share.digest).collect();
    assert_eq!(listed, digests.iter().collect::<Vec<_>>());
    for (share, work) in credited.shares.iter().zip(works) {
        assert_eq!(u128::from(share.work), work);
        // One practice coin of 10^12 atomic units for 10^15 hashes.
        assert_eq!(share.credit.atomic.unsigned_abs(), work / 1_000);
        assert_eq!(share.algorithm, "sha256d");
    }
    let total: i128 = credited
        .shares
        .iter()
        .map(|share| share.credit.atomic)
        .sum();
    let others: i128 = hub
        .shares(&second)
        .await
        .shares
        .iter()
        .map(|share| share.credit.atomic)
        .sum();
    let earnings = hub.settled(&first, total + others).await;
    // What the shares are worth below the smallest unit may add up to a few of them.
    let over = earnings.this_device[0].atomic - total;
    assert!((0..5).contains(&over), "{over}");
    let total = total + over;
    let credited = hub.shares(&first).await;
    assert!(
        credited
            .shares
            .iter()
            .all(|share| share.settlement.is_some())
    );
    assert_eq!(earnings.this_device[0].asset, Asset::Practice);
    let both = total + earnings.other_devices[0].atomic;
    assert_eq!(earnings.total[0].atomic, both);
    assert_eq!(
        hub.earnings(&second).await.other_devices,
        earnings.this_device
    );

    let found: CreditedShares = hub
        .post(
            "/v1/shares/find",
            first.token.as_str(),
            &FindShares {
                digests: digests.clone(),
            },
        )
        .await;
    assert_eq!(found.shares, credited.shares);
    let none: CreditedShares = hub
        .post(
            "/v1/shares/find",
            second.token.as_str(),
            &FindShares { digests },
        )
        .await;
    assert!(none.shares.is_empty(), "a device sees its own shares only");
    let page: CreditedShares = hub
        .get("/v1/shares?after=0&limit=2", first.token.as_str())
        .await;
    assert!(page.more && page.shares == credited.shares[..2]);

    hub.stop().await;
    let hub = start(settings(folder.path())).await;
    // The wallet follows in its own time.
    assert_eq!(hub.earnings(&first).await.total, earnings.total);
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
    let mut miner = Miner::login(&hub, &device).await;
    let good = miner.share().await;
    assert_eq!(miner.submit(&good).await, Err(22), "duplicate");

    let low = miner.mine(&miner.newest(), false);
    assert_eq!(miner.submit(&low).await, Err(23), "low difficulty");

    // The right digest for another connection's job, and for a worker that is somebody else.
    let mut other = Miner::login(&hub, &stranger).await;
    assert_eq!(
        other.submit(&good).await,
        Err(21),
        "another connection's job"
    );
    let foreign = miner.mine(&miner.newest(), true);
    assert_eq!(
        miner.submit_as(&other.worker, &foreign).await,
        Err(24),
        "another device"
    );
    let mut renamed = foreign.clone();
    renamed.job_id = other.newest().job_id;
    assert_eq!(miner.submit(&renamed).await, Err(21));
    renamed.job_id = "'; DROP TABLE shares; --".into();
    assert_eq!(miner.submit(&renamed).await, Err(21));

    let mut late = foreign.clone();
    late.time += 100_000;
    assert_eq!(miner.submit(&late).await, Err(20), "a time far ahead");
    late.time = foreign.time - 1;
    assert_eq!(
        miner.submit(&late).await,
        Err(20),
        "a time before the job's"
    );
    let parameters = serde_json::json!([miner.worker, foreign.job_id, "00", "zz"]);
    assert_eq!(
        miner.call("mining.submit", parameters).await,
        Err(20),
        "malformed"
    );
    let short = serde_json::json!([miner.worker, foreign.job_id, "00", "00000000", "00000000"]);
    assert_eq!(
        miner.call("mining.submit", short).await,
        Err(20),
        "extranonce2 too short"
    );
    let nothing = serde_json::Value::Null;
    assert_eq!(miner.call("mining.submit", nothing).await, Err(20));
    assert_eq!(
        miner.call("mining.fly", serde_json::json!([])).await,
        Err(20)
    );
    let other_user = serde_json::json!([other.worker, stranger.token]);
    assert_eq!(
        miner.call("mining.authorize", other_user).await,
        Err(24),
        "one device a connection"
    );

    // The session has survived all of it, and only good shares count.
    assert_eq!(miner.submit(&foreign).await, Ok(()));
    assert_eq!(hub.shares(&device).await.shares.len(), 2);
    assert!(hub.shares(&stranger).await.shares.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn a_fast_miner_gets_harder_shares_and_old_jobs_grow_stale() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let easy = miner.difficulty;
    let first_job = miner.newest();
    let kept_back = miner.mine(&first_job, true);
    let mut shares = 0;
    while Target::from_bitcoin_difficulty(miner.difficulty)
        .expect("valid")
        .work()
        < 60_000
    {
        miner.share().await;
        shares += 1;
        assert!(shares < 200, "difficulty stays at {}", miner.difficulty);
    }
    assert!(miner.difficulty > easy * 10.0);
    assert!(
        miner.jobs.len() >= 2,
        "each change comes with a job of its own"
    );
    assert!(miner.jobs[0].clean && !miner.jobs[1].clean);
    // A share of the first job still counts at the difficulty of that job.
    assert_eq!(miner.submit(&kept_back).await, Ok(()));
    let last = hub.shares(&device).await.shares.pop().expect("credited");
    assert_eq!(
        u128::from(last.work),
        Target::from_bitcoin_difficulty(easy).expect("valid").work()
    );
    hub.stop().await;
}

#[tokio::test]
async fn a_device_comes_back_at_the_difficulty_it_left_with() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let easy = miner.difficulty;
    while miner.difficulty == easy {
        miner.share().await;
    }
    let left_with = miner.difficulty;
    drop(miner);
    let deadline = std::time::Instant::now() + crate::harness::DEADLINE;
    loop {
        let back = Miner::login(&hub, &device).await;
        if back.difficulty >= left_with {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "forgotten");
    }
    hub.stop().await;
}
