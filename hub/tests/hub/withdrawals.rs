//! Withdrawals over HTTP: what is asked before anything leaves an account.

use std::path::Path;

use idlewatt_hub::Settings;
use idlewatt_ledger::Exact;
use idlewatt_protocol::api::{SessionCreated, TotpBegun, TotpState, Withdrawals};
use idlewatt_protocol::{Asset, DeviceId};
use idlewatt_store::{Store, Terms, VerifiedShare};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::ask;
use crate::harness::{TestHub, settings, start};

/// Of the main network.
pub const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
pub const BTC: i128 = 100_000_000;

/// A hub that pays Bitcoin out, from a wallet that never answers.
pub fn with_wallet(folder: &Path) -> Settings {
    let text = "[withdrawals.bitcoin]\nurl = \"http://127.0.0.1:9\"\n";
    let file = folder.join("wallet.toml");
    std::fs::write(&file, text).expect("written");
    Settings {
        withdrawals: Settings::read(&file).expect("valid").withdrawals,
        ..settings(folder)
    }
}

/// Has the account's device earn so much, all of it released.
pub async fn earn(folder: &Path, device: DeviceId, atomic: i128) {
    let file = folder.join("data/hub.sqlite");
    let store = Store::open(&file).await.expect("opens");
    let credit = Exact::try_of(Asset::Bitcoin, atomic, 0).expect("small");
    let fee = Exact::zero(Asset::Bitcoin);
    let share = VerifiedShare::try_new(device, [7; 32], "sha256d", "bitcoind", 1, credit, fee);
    let batch = [share.expect("valid")];
    let credited = store.credit_shares(&batch, Timestamp::now()).await;
    assert!(credited.expect("written")[0].is_ok());
    let settled = store.settle(&Terms::default(), Timestamp::now()).await;
    settled.expect("settled");
    let later = Timestamp::now();
    let released = store.release(Asset::Bitcoin, later, later).await;
    released.expect("released");
    store.close().await;
}

pub async fn withdraw(hub: &TestHub, secret: &str, key: &str, totp: Option<&str>) -> (u16, Value) {
    let mut body = json!({"asset": "BTC", "amount": "0.4", "address": ADDRESS, "request_key": key});
    if let Some(totp) = totp {
        body["totp"] = json!(totp);
    }
    ask(hub, Method::POST, "/v1/withdrawals", secret, body).await
}

#[tokio::test]
async fn a_withdrawal_asks_for_the_authenticator_s_code_and_takes_each_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = start(with_wallet(folder.path())).await;
    let account = hub.account().await;
    let enrolled = hub.enrol(&account).await;
    earn(folder.path(), enrolled.device, BTC).await;
    let key = account.key.as_str();
    let quote = json!({"asset": "BTC", "amount": "0.4", "address": ADDRESS});
    let quote = async || -> Value { hub.post("/v1/withdrawals/quote", key, &quote).await };
    assert_eq!(quote().await["totp"], false);

    let begun: TotpBegun = hub.post("/v1/account/totp", key, &()).await;
    let secret = totp_rs::Secret::try_from_base32(&begun.secret).expect("base 32");
    let app = totp_rs::Builder::new()
        .with_secret(secret)
        .build()
        .expect("valid");
    let now = || Timestamp::now().as_second().unsigned_abs();
    let code = app.generate(now()).to_string();
    let confirmed: TotpState = hub
        .post("/v1/account/totp/confirm", key, &json!({"totp": code}))
        .await;
    assert!(confirmed.on);
    assert_eq!(quote().await["totp"], true);

    // Without a code, also with a session's token; with one that was used before; with one that never was.
    let session: SessionCreated = hub.post("/v1/sessions", key, &()).await;
    let near: Vec<String> = (0..8)
        .map(|step| app.generate(now() + 30 * step - 90).to_string())
        .collect();
    let wrong = (0..)
        .map(|number: u32| format!("{number:06}"))
        .find(|wrong| !near.contains(wrong))
        .expect("one of them");
    for (secret, totp) in [
        (key, None),
        (session.token.as_str(), None),
        (key, Some(code.as_str())),
        (key, Some(wrong.as_str())),
        (key, Some("")),
    ] {
        let (status, answer) = withdraw(&hub, secret, "first", totp).await;
        assert_eq!(
            (status, &answer["error"]),
            (403, &json!("totp")),
            "{answer}"
        );
    }
    let none: Withdrawals = hub.get("/v1/withdrawals", key).await;
    assert!(none.withdrawals.is_empty());

    // With the right one; the same request again is the same withdrawal, and needs none.
    let next = app.generate(now() + 30).to_string();
    let (status, first) = withdraw(&hub, session.token.as_str(), "first", Some(&next)).await;
    assert_eq!((status, &first["state"]), (200, &json!("requested")));
    let (status, again) = withdraw(&hub, key, "first", None).await;
    assert_eq!((status, &again["id"]), (200, &first["id"]));
    // The same code buys no second one.
    let (status, second) = withdraw(&hub, key, "second", Some(&next)).await;
    assert_eq!(
        (status, &second["error"]),
        (403, &json!("totp")),
        "{second}"
    );
    let one: Withdrawals = hub.get("/v1/withdrawals", key).await;
    assert_eq!(one.withdrawals.len(), 1);
    let earnings: Value = hub.get("/v1/account/earnings", key).await;
    assert_eq!(earnings["wallet"][0]["amount"], "0.60000000", "{earnings}");
    hub.stop().await;
}
