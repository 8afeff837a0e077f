//! A withdrawal on the portal: shown again before it is asked for, and asked for once.

use idlewatt_protocol::api::{AccountEarnings, WithdrawalQuote, Withdrawals};
use idlewatt_screens::{Format, Language};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::browser::Browser;
use crate::harness::start;
use crate::withdrawals::{ADDRESS, BTC, earn, with_wallet};

#[tokio::test]
async fn a_withdrawal_is_confirmed_and_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = start(with_wallet(folder.path())).await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    earn(folder.path(), device.device, BTC).await;
    let key = account.key.as_str();
    let mut browser = Browser::signed_in(&hub, &account).await;
    browser.get("/withdrawals").await.shows("1 BTC");

    // What cannot be: said at the form, with what was typed.
    for (asset, amount, address, told) in [
        ("BTC", "x", ADDRESS, "This is no amount"),
        ("BTC", "0.123456789", ADDRESS, "at most 8 decimals"),
        ("DOGE", "1", ADDRESS, "Choose a coin"),
        ("BTC", "0.4", " ", "Enter the address"),
        (
            "BTC",
            "0.4",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "The hub does not take this as it is",
        ),
        (
            "BTC",
            "0.0000001",
            ADDRESS,
            "The hub does not take this as it is",
        ),
    ] {
        let fields = [("asset", asset), ("amount", amount), ("address", address)];
        let page = browser.post("/withdrawals", &fields).await;
        page.shows(told);
        assert!(
            page.text.contains(&format!("value=\"{amount}\"")),
            "{amount} is kept"
        );
        assert!(!page.text.contains("request_key"));
    }
    let asked = [("asset", "BTC"), ("amount", "0,4"), ("address", ADDRESS)];
    let body = json!({"asset": "BTC", "amount": "0.4", "address": ADDRESS});
    let quote: WithdrawalQuote = hub.post("/v1/withdrawals/quote", key, &body).await;
    let page = browser.post("/withdrawals", &asked).await;
    let format = Format::new(Language::English, TimeZone::UTC);
    for sum in [quote.amount, quote.fee, quote.arrives] {
        page.shows(&format.money(&sum));
    }
    assert_eq!(page.field("address"), ADDRESS);
    let none: Withdrawals = hub.get("/v1/withdrawals", key).await;
    assert!(none.withdrawals.is_empty(), "nothing is done yet");

    // The button pressed twice, and once more in another tab: one withdrawal.
    let confirmed = |request_key: String| async move {
        [
            ("asset", "BTC".to_owned()),
            ("amount", "0.4".to_owned()),
            ("address", ADDRESS.to_owned()),
            ("request_key", request_key),
        ]
    };
    let first = confirmed(page.field("request_key")).await;
    let first: Vec<(&str, &str)> = first
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    for _ in 0..3 {
        let done = browser.post("/withdrawals/confirm", &first).await;
        assert_eq!(done.location(), "/withdrawals?done=requested");
    }
    let one: Withdrawals = hub.get("/v1/withdrawals", key).await;
    assert_eq!(one.withdrawals.len(), 1);
    let again = browser.post("/withdrawals", &asked).await;
    assert_ne!(again.field("request_key"), page.field("request_key"));

    // More than there is: said where it is confirmed.
    let more = [("asset", "BTC"), ("amount", "0.9"), ("address", ADDRESS)];
    let page = browser.post("/withdrawals", &more).await;
    let request_key = page.field("request_key");
    let more = [&more[..], &[("request_key", request_key.as_str())]].concat();
    let refused = browser.post("/withdrawals/confirm", &more).await;
    refused.shows("less than this withdrawal takes");
    assert_eq!(refused.field("request_key"), request_key);

    let listed = browser.get("/withdrawals?done=requested").await;
    let made = &one.withdrawals[0];
    for told in [
        "The withdrawal was requested.".to_owned(),
        made.id.to_string(),
        format.money(&made.arrives),
        format.moment(made.earliest),
        made.address.clone(),
    ] {
        listed.shows(&told);
    }
    let path = format!("/withdrawals/{}/cancel", made.id);
    assert_eq!(
        browser.post(&path, &[]).await.location(),
        "/withdrawals?done=cancelled"
    );
    browser
        .post(&path, &[])
        .await
        .shows("called off only while it is requested");
    let earnings: AccountEarnings = hub.get("/v1/account/earnings", key).await;
    assert_eq!(format.money(&earnings.wallet[0]), "1 BTC");
    hub.stop().await;
}
