//! What the books show over HTTP: earnings, closings, and receipts that come back.

use std::time::{Duration, Instant};

use idlewatt_protocol::api::{
    AccountEarnings, ClosingProofs, Closings, EarningsByDevice, ErrorAnswer, ResendShares, Resent,
};
use idlewatt_store::Store;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

use crate::harness::{DEADLINE, Miner, TestHub, hub, settings, start};

async fn refused(hub: &TestHub, path: &str, secret: &str) -> (StatusCode, String) {
    let request = hub.client.get(format!("{}{path}", hub.http));
    let answer = request.bearer_auth(secret).send().await.expect("answers");
    let status = answer.status();
    let error: ErrorAnswer = answer.json().await.expect("an error answer");
    (status, error.message)
}

#[tokio::test]
async fn shares_become_earnings_and_receipts_are_known() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let (key, device) = (account.key.as_str(), hub.enrol(&account).await);
    let other = hub.enrol(&account).await;
    let token = device.token.as_str();
    let mut miner = Miner::login(&hub, &device).await;
    for _ in 0..3 {
        miner.share().await;
    }
    let shares = hub.shares(&device).await.shares;
    let credited: i128 = shares.iter().map(|share| share.credit.atomic).sum();
    let began = Instant::now();
    let earnings = loop {
        let earnings: AccountEarnings = hub.get("/v1/account/earnings", key).await;
        // Fractions of a unit may add up to one more.
        if earnings.wallet.iter().any(|sum| sum.atomic >= credited) {
            break earnings;
        }
        assert!(began.elapsed() < DEADLINE, "{earnings:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        earnings.devices, earnings.wallet,
        "practice is released at once"
    );
    assert_eq!(
        (&earnings.total, earnings.held.len()),
        (&earnings.devices, 0)
    );
    let path = "/v1/account/earnings/devices?utc_offset_minutes=-300";
    let by_device: EarningsByDevice = hub.get(path, key).await;
    assert_eq!(by_device.devices.len(), 1);
    assert_eq!(by_device.devices[0].device, device.device);
    assert_eq!(by_device.devices[0].earned.total, earnings.total);
    assert_eq!(by_device.devices[0].earned.seven_days, earnings.total);
    let (status, message) = refused(
        &hub,
        "/v1/account/earnings/devices?utc_offset_minutes=1441",
        key,
    )
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message.contains("-1,440 to 1,440"), "{message}");
    assert_eq!(
        refused(&hub, "/v1/account/earnings", token).await.0,
        StatusCode::UNAUTHORIZED
    );

    let receipts: Vec<String> = shares
        .iter()
        .filter_map(|share| share.receipt.clone())
        .collect();
    assert_eq!(receipts.len(), 3);
    // A thousand are taken, more than a usual body has room for.
    let forged = receipts[0].replacen("|sha256d|", "|randomx|", 1);
    let mut many = receipts.clone();
    many.resize(1_000, forged);
    let body = ResendShares { receipts: many };
    assert!(serde_json::to_string(&body).expect("JSON").len() > 128 * 1024);
    let resent: Resent = hub.post("/v1/shares/resend", token, &body).await;
    assert_eq!((resent.credited, resent.known, resent.refused), (0, 3, 997));
    let body = ResendShares { receipts };
    let resent: Resent = hub
        .post("/v1/shares/resend", other.token.as_str(), &body)
        .await;
    assert_eq!(resent.refused, 3, "another device's");
    for (count, length, secret, expected) in [
        (1_001, 1, token, StatusCode::BAD_REQUEST),
        (1, 600_000, token, StatusCode::PAYLOAD_TOO_LARGE),
        (1, 1, key, StatusCode::UNAUTHORIZED),
    ] {
        let body = ResendShares {
            receipts: vec!["x".repeat(length); count],
        };
        let request = hub.client.post(format!("{}/v1/shares/resend", hub.http));
        let answer = request
            .bearer_auth(secret)
            .json(&body)
            .send()
            .await
            .expect("answers");
        assert_eq!(answer.status(), expected);
        let error: ErrorAnswer = answer.json().await.expect("an error answer");
        assert!(!error.message.is_empty());
    }
    hub.stop().await;
}

#[tokio::test]
async fn yesterday_is_closed_and_provable() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    // A share of yesterday, settled yesterday.
    let first = start(settings.clone()).await;
    let account = first.account().await;
    let device = first.enrol(&account).await;
    let mut miner = Miner::login(&first, &device).await;
    miner.share().await;
    let receipt = first.shares(&device).await.shares[0].receipt.clone();
    first.stop().await;
    let store = Store::open(&settings.data_dir.join("hub.sqlite"))
        .await
        .expect("opens");
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    let closing = store
        .close_day(tomorrow)
        .await
        .expect("closed")
        .expect("a day");
    store.close().await;

    let hub = start(settings).await;
    let Closings { closings } = hub.get("/v1/closings?after=0", "").await;
    assert_eq!(closings, std::slice::from_ref(&closing));
    let Closings { closings } = hub.get("/v1/closings?after=1", "").await;
    assert!(closings.is_empty());
    for secret in [device.token.as_str(), account.key.as_str()] {
        let ClosingProofs { proofs } = hub.get("/v1/closings/1/leaves", secret).await;
        let own = format!("device:{}", device.device);
        let leaf = proofs.iter().find(|proof| proof.leaf.ledger_account == own);
        assert_eq!(leaf.expect("a leaf").leaf.shares, 1);
        for proof in &proofs {
            assert_eq!(proof.root().map(hex::encode).as_ref(), Some(&closing.root));
        }
    }
    let stranger = hub.account().await;
    let ClosingProofs { proofs } = hub
        .get("/v1/closings/1/leaves", stranger.key.as_str())
        .await;
    assert!(proofs.is_empty());
    let key = account.key.as_str();
    for (path, secret, status) in [
        ("/v1/closings/1/leaves", "", StatusCode::UNAUTHORIZED),
        ("/v1/closings/2/leaves", key, StatusCode::BAD_REQUEST),
        ("/v1/closings/x/leaves", key, StatusCode::BAD_REQUEST),
        ("/v1/closings?after=x", key, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(refused(&hub, path, secret).await.0, status, "{path}");
    }
    // The key for receipts is the database's: after a restart the same receipt is known.
    let body = ResendShares {
        receipts: receipt.into_iter().collect(),
    };
    let resent: Resent = hub
        .post("/v1/shares/resend", device.token.as_str(), &body)
        .await;
    assert_eq!((resent.known, resent.refused), (1, 0));
    hub.stop().await;
}
