//! The portal as people use it: an account made, its key kept, its figures read, its devices set.

use idlewatt_hub::Settings;
use idlewatt_protocol::api::{
    AccountEarnings, Devices, EarningsByDay, EarningsByDevice, Referrals, Sessions,
};
use idlewatt_protocol::{Asset, Money};
use idlewatt_screens::{Format, Language};
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::json;

use crate::accounts::ask;
use crate::browser::Browser;
use crate::harness::{Miner, hub, settings, start};
use crate::withdrawals::{BTC, earn, with_wallet};

/// The key on the page that shows it.
fn shown_key(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"new-key\">").expect("a key");
    rest.split('<').next().expect("an end").to_owned()
}

#[tokio::test]
async fn an_account_is_made_and_its_key_kept_before_it_opens() {
    let (hub, _folder) = hub().await;
    let mut browser = Browser::new(&hub);
    let first = browser.get("/").await;
    first.shows("Sign in");
    assert_eq!(
        browser.get("/earnings").await.location(),
        "/",
        "nobody is signed in"
    );
    browser.get("/sign-up").await;
    let made = browser.post("/sign-up", &[("referral", "")]).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.headers["cache-control"], "no-store");
    let key = shown_key(&made.text);
    assert!(
        !browser.cookies.contains_key("idlewatt-session"),
        "the key is not kept yet"
    );

    // Mistyped, and somebody else's nonsense.
    let other = if key.ends_with('X') { 'Y' } else { 'X' };
    for wrong in [
        format!("{}{other}", &key[..key.len() - 1]),
        "IWA-".into(),
        "".into(),
    ] {
        let refused = browser.post("/sign-in", &[("key", &wrong)]).await;
        assert_eq!(refused.status, 403, "{wrong}");
        assert!(!refused.text.contains(&key), "no key in any page");
        refused.shows("This is no account key");
    }
    let opened = browser
        .post("/sign-in", &[("key", &key.to_lowercase())])
        .await;
    assert_eq!(
        (opened.status.as_u16(), opened.location()),
        (303, "/earnings")
    );
    let cookie = opened.set_cookie("idlewatt-session");
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "no browser sends such a cookie over HTTP"
    );
    browser.get("/earnings").await.shows("Earnings");
    assert_eq!(browser.get("/").await.location(), "/earnings");

    // The session is one of the account's, and signing out ends it at the hub.
    let token = browser.cookies["idlewatt-session"].clone();
    let sessions: Sessions = hub.get("/v1/sessions", &token).await;
    assert_eq!(sessions.sessions.len(), 1);
    browser.get("/earnings").await;
    assert_eq!(browser.post("/sign-out", &[]).await.location(), "/");
    assert!(!browser.cookies.contains_key("idlewatt-session"));
    let refused = ask(&hub, Method::GET, "/v1/sessions", &token, json!(null)).await;
    assert_eq!(refused.0, 401);
    hub.stop().await;
}

#[tokio::test]
async fn a_referral_link_leads_to_a_new_account_that_was_referred() {
    let (hub, _folder) = hub().await;
    let top = hub.account().await;
    let seen: Referrals = hub.get("/v1/referrals", top.key.as_str()).await;
    let path = seen.link.strip_prefix(&hub.http).expect("leads here");
    let mut browser = Browser::new(&hub);
    let page = browser.get(path).await;
    page.shows("New account");
    assert!(page.text.contains(&format!("value=\"{}\"", seen.code)));
    let refused = browser
        .post("/sign-up", &[("referral", "R000000000")])
        .await;
    assert_eq!(refused.status, 400);
    refused.shows("Nobody here has this referral code");
    assert!(
        refused.text.contains("value=\"R000000000\""),
        "what was typed stays"
    );
    let made = browser
        .post("/sign-up", &[("referral", seen.code.as_str())])
        .await;
    assert_eq!(made.status, 200);
    let seen: Referrals = hub.get("/v1/referrals", top.key.as_str()).await;
    assert_eq!(seen.tiers[0].accounts, 1);
    hub.stop().await;
}

#[tokio::test]
async fn every_figure_is_the_api_s() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = start(with_wallet(folder.path())).await;
    let account = hub.account().await;
    let (first, second) = (hub.enrol(&account).await, hub.enrol(&account).await);
    for device in [&first, &second] {
        let mut miner = Miner::login(&hub, device).await;
        for _ in 0..3 {
            miner.share().await;
        }
    }
    hub.settled(&first, 6).await;
    earn(folder.path(), second.device.clone(), BTC + 12_345).await;
    let key = account.key.as_str();
    let mut browser = Browser::signed_in(&hub, &account).await;
    // The API is asked for days of UTC, too.
    browser.cookies.insert("idlewatt-zone".into(), "0".into());
    for language in Language::ALL {
        browser.language = language.code();
        let format = Format::new(language, TimeZone::UTC);
        let told =
            |sums: &[Money]| -> Vec<String> { sums.iter().map(|sum| format.money(sum)).collect() };
        let earned: AccountEarnings = hub.get("/v1/account/earnings", key).await;
        assert_eq!(earned.total.len(), 2, "practice and bitcoins");
        let by_device: EarningsByDevice = hub.get("/v1/account/earnings/devices", key).await;
        let by_day: EarningsByDay = hub.get("/v1/account/earnings/days", key).await;
        let page = browser.get("/earnings").await;
        for sums in [&earned.total, &earned.held, &earned.wallet] {
            told(sums).iter().for_each(|told| page.shows(told));
        }
        for device in &by_device.devices {
            let earned = &device.earned;
            for sums in [
                &earned.today,
                &earned.seven_days,
                &earned.thirty_days,
                &earned.total,
            ] {
                told(sums).iter().for_each(|told| page.shows(told));
            }
        }
        for day in by_day.devices.iter().flat_map(|device| &device.days) {
            page.shows(&format.short_date(day.day));
            told(&day.earned).iter().for_each(|told| page.shows(told));
        }
        let devices: Devices = hub.get("/v1/devices", key).await;
        let page = browser.get("/devices").await;
        for device in &devices.devices {
            page.shows(&device.name);
            for sums in [
                &device.earned_today,
                &device.earned_7_days,
                &device.earned_total,
            ] {
                told(sums).iter().for_each(|told| page.shows(told));
            }
        }
        let page = browser.get("/withdrawals").await;
        let real = earned.wallet.iter().filter(|sum| !sum.asset.is_practice());
        real.for_each(|sum| page.shows(&format.money(sum)));
    }
    // In bitcoins' thousandths, exactly.
    let page = browser.get("/earnings?currency=mBTC").await;
    page.shows("1,000.12345 mBTC");
    page.shows(
        &Format::new(Language::Korean, TimeZone::UTC).money(&Money {
            asset: Asset::Practice,
            atomic: hub
                .earnings(&first)
                .await
                .total
                .iter()
                .find(|sum| sum.asset.is_practice())
                .expect("earned")
                .atomic,
        }),
    );

    let by_day: EarningsByDay = hub.get("/v1/account/earnings/days", key).await;
    let file = browser.get("/earnings.csv?days=30").await;
    assert!(
        file.headers["content-type"]
            .to_str()
            .expect("a text")
            .starts_with("text/csv")
    );
    let mut lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines.remove(0), "day,source,device,name,asset,amount");
    let mut expected = Vec::new();
    for device in &by_day.devices {
        for day in &device.days {
            for sum in &day.earned {
                let (id, amount) = (&device.device, sum.amount());
                expected.push(format!(
                    "{},device,{id},a test's PC,{},{amount}",
                    day.day, sum.asset
                ));
            }
        }
    }
    assert_eq!(lines, expected);
    hub.stop().await;
}

#[tokio::test]
async fn devices_are_named_limited_added_and_removed() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let key = account.key.as_str();
    let mut browser = Browser::signed_in(&hub, &account).await;
    let name = "<script>alert(1)</script>";
    let path = format!("/devices/{}", device.device);
    browser.get(&path).await;
    let wrong = [("name", name), ("group", "café"), ("limit", "300")];
    let refused = browser.post(&path, &wrong).await;
    refused.shows("whole number from 0 to 100");
    refused.shows(name);
    assert!(
        refused.text.contains("value=\"300\""),
        "what was typed stays"
    );
    let too_long = "x".repeat(65);
    let refused = browser
        .post(&path, &[("name", &too_long), ("limit", "")])
        .await;
    refused.shows("1 to 64 characters");
    let changed = browser
        .post(&path, &[("name", name), ("group", "café"), ("limit", "30")])
        .await;
    assert_eq!(changed.location(), "/devices?done=changed");
    let devices: Devices = hub.get("/v1/devices", key).await;
    let known = &devices.devices[0];
    assert_eq!((known.name.as_str(), known.group.as_str()), (name, "café"));
    assert_eq!(known.limit_percent, Some(30));
    for path in [
        "/devices?done=changed",
        "/devices?group=caf%C3%A9",
        path.as_str(),
        &format!("{path}/remove"),
        "/earnings",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<script>alert"), "{path}");
        if path != "/earnings" {
            page.shows(name);
        }
    }
    let limited = browser
        .post("/devices/limit", &[("group", "café"), ("limit", "")])
        .await;
    assert_eq!(limited.location(), "/devices?done=limited");
    let devices: Devices = hub.get("/v1/devices", key).await;
    assert_eq!(devices.devices[0].limit_percent, None);

    // The code that is shown adds a device.
    let page = browser.post("/devices/add", &[]).await;
    let (_, rest) = page.text.split_once("id=\"code\">").expect("a code");
    let code = rest.split('<').next().expect("an end").replace(' ', "");
    assert!(page.text.contains("<svg") && page.headers["cache-control"] == "no-store");
    let body = json!({"code": code, "name": "second", "public_key": "11".repeat(32)});
    let added = ask(&hub, Method::POST, "/v1/devices", "", body).await;
    assert_eq!(added.0, 200, "{}", added.1);

    let fields = [
        ("name", "office"),
        ("group", "desk"),
        ("limit", "2"),
        ("days", "30"),
    ];
    let page = browser.post("/devices/fleet", &fields).await;
    let (_, rest) = page.text.split_once("id=\"token\">").expect("a token");
    let token = rest.split('<').next().expect("an end").to_owned();
    let body = json!({"code": token, "name": "third", "public_key": "11".repeat(32)});
    let added = ask(&hub, Method::POST, "/v1/devices", "", body.clone()).await;
    assert_eq!(added.0, 200, "{}", added.1);
    let page = browser.get("/devices/fleet").await;
    page.shows("1 / 2");
    assert!(!page.text.contains(&token), "it was shown once");
    let (_, rest) = page
        .text
        .split_once("action=\"devices/fleet/")
        .expect("a form");
    let id = rest.split('/').next().expect("an id").to_owned();
    let revoked = browser
        .post(&format!("/devices/fleet/{id}/revoke"), &[])
        .await;
    assert_eq!(revoked.location(), "/devices/fleet?done=token-revoked");
    assert_eq!(
        ask(&hub, Method::POST, "/v1/devices", "", body).await.0,
        401
    );

    let page = browser.get(&format!("{path}/remove")).await;
    page.shows("Remove");
    let removed = browser.post(&format!("{path}/remove"), &[]).await;
    assert_eq!(removed.location(), "/devices?done=removed");
    let devices: Devices = hub.get("/v1/devices", key).await;
    assert_eq!(devices.devices.len(), 2);
    assert_eq!(browser.get(&path).await.status, 404);
    hub.stop().await;
}

#[tokio::test]
async fn behind_tls_cookies_are_secure_and_this_host_s_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        public_url: Some("https://hub.example".into()),
        ..settings(folder.path())
    };
    let hub = start(settings).await;
    let account = hub.account().await;
    let mut browser = Browser::new(&hub);
    let first = browser.get("/").await;
    assert!(
        first
            .set_cookie("__Host-idlewatt-visit")
            .contains("; Secure")
    );
    // As it comes through a proxy that serves TLS.
    let token = browser.form_token.clone();
    let fields = [
        ("form_token", token.as_str()),
        ("key", account.key.as_str()),
    ];
    let opened = browser
        .raw("/sign-in", Some("https://hub.example"), &fields)
        .await;
    assert_eq!(opened.location(), "/earnings");
    let cookie = opened.set_cookie("__Host-idlewatt-session");
    assert!(
        cookie.contains("; Secure") && cookie.contains("; HttpOnly"),
        "{cookie}"
    );
    hub.stop().await;
}
