//! Shares that nobody should be paid for.

use idlewatt_stratum::bitcoin::ServerMessage;
use serde_json::json;

use crate::harness::{Miner, hub};

/// What a miner asks for by any of the ways that pools know does not make its shares easier or dearer.
#[tokio::test]
async fn difficulty_is_the_hub_s_alone() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let plain = Miner::login_on(hub.connect().await, account.account.as_str(), "x").await;
    for password in ["d=0.000000001", "d=1000000", "x,d=1e300;c=BTC", "md=-1"] {
        let user = format!("{}.{password}", account.account);
        let mut miner = Miner::login_on(hub.connect().await, &user, password).await;
        for difficulty in [json!(1e-12), json!(1e300), json!(-1), json!(0)] {
            let told = miner.call("mining.suggest_difficulty", json!([difficulty]));
            assert_eq!(told.await, Ok(()));
        }
        assert_eq!(miner.difficulty, plain.difficulty, "{password}");
        let low = miner.mine(&miner.newest(), false);
        assert_eq!(miner.submit(&low).await, Err(23));
        miner.share().await;
    }
    hub.stop().await;
}

/// A share counts for one connection and one job: sent by another device, on another connection of the same device,
/// under another job's id, twice, or after a new login, it is worth nothing.
#[tokio::test]
async fn a_share_is_one_connection_s_one_job_s_and_once() {
    let (hub, _folder) = hub().await;
    let (device, other) = (hub.device().await, hub.device().await);
    let mut miner = Miner::login(&hub, &device).await;
    let found = miner.mine(&miner.newest(), true);
    let mut second = Miner::login(&hub, &device).await;
    let mut thief = Miner::login(&hub, &other).await;
    for stranger in [&mut second, &mut thief] {
        assert_eq!(stranger.submit(&found).await, Err(21), "the job's id");
        let mut renamed = found.clone();
        renamed.job_id = stranger.newest().job_id;
        assert_eq!(stranger.submit(&renamed).await, Err(23), "the extranonce");
    }
    // In the name of the one that found it, too.
    let named = miner.worker.clone();
    assert_eq!(thief.submit_as(&named, &found).await, Err(24));
    assert_eq!(miner.submit(&found).await, Ok(()));
    assert_eq!(miner.submit(&found).await, Err(22));
    let mut shouted = found.clone();
    shouted.job_id = shouted.job_id.to_uppercase();
    let shouted = miner.submit(&shouted).await;
    assert!(matches!(shouted, Err(21 | 22)), "{shouted:?}");
    let mut again = Miner::login(&hub, &device).await;
    assert_eq!(again.submit(&found).await, Err(21), "replayed");
    assert_eq!(hub.shares(&device).await.shares.len(), 1);
    assert!(hub.shares(&other).await.shares.is_empty());
    hub.stop().await;
}

/// A miner that makes up what it never had: jobs of other connections, times far away, version bits it was not given,
/// an extranonce of another length.
#[tokio::test]
async fn forged_fields_are_refused_by_name() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    let found = miner.mine(&miner.newest(), true);
    for job_id in ["", "0", "0000000000000000", "ffffffffffffffff", "../../x"] {
        let mut forged = found.clone();
        forged.job_id = job_id.to_owned();
        assert_eq!(miner.submit(&forged).await, Err(21), "{job_id}");
    }
    for time in [0, found.time - 1, found.time + 7_201, u32::MAX] {
        let mut forged = found.clone();
        forged.time = time;
        assert_eq!(miner.submit(&forged).await, Err(20), "{time}");
    }
    for extranonce2 in ["", "00", "0000000700"] {
        let parameters = json!([
            miner.worker,
            found.job_id,
            extranonce2,
            "00000000",
            "00000000"
        ]);
        assert_eq!(miner.call("mining.submit", parameters).await, Err(20));
    }
    let bits = json!([
        miner.worker,
        found.job_id,
        hex::encode(&found.extranonce2),
        format!("{:08x}", found.time),
        format!("{:08x}", found.nonce),
        "1fffe000"
    ]);
    assert_eq!(
        miner.call("mining.submit", bits).await,
        Err(20),
        "not agreed"
    );
    assert_eq!(
        miner.submit(&found).await,
        Ok(()),
        "and the true one is good"
    );
    hub.stop().await;
}

/// An answer to a share that was credited carries a receipt, which says what was credited, to whom.
#[tokio::test]
async fn receipts_come_with_credited_shares_alone() {
    let (hub, _folder) = hub().await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    assert_eq!(miner.receipt, None);
    let found = miner.share().await;
    let receipt = miner.receipt.take().expect("a receipt");
    let fields: Vec<&str> = receipt.split('|').collect();
    assert_eq!(
        fields[..4],
        [
            "1",
            device.device.as_str(),
            &String::from(found.digest),
            "sha256d"
        ]
    );
    let worker = miner.worker.clone();
    let again = miner.call("mining.authorize", json!([worker, "x"])).await;
    assert_eq!((again, miner.receipt.take()), (Ok(()), None));
    assert_eq!(miner.submit(&found).await, Err(22));
    assert_eq!(miner.receipt, None);
    let line = ServerMessage::Ok {
        id: 1.into(),
        result: true,
        receipt: Some("r".into()),
    };
    let sent: serde_json::Value = serde_json::from_str(&line.to_line()).expect("JSON");
    assert_eq!(
        sent,
        json!({"id": 1, "result": true, "error": null, "receipt": "r"})
    );
    hub.stop().await;
}
