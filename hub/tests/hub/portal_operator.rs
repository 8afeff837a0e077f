//! The operator's view: opened once by a link, and nobody's account.

use std::process::Command;

use idlewatt_protocol::OperatorSecret;
use idlewatt_protocol::api::Withdrawals;
use idlewatt_screens::{Format, Language};
use idlewatt_store::Store;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::json;

use crate::accounts::ask;
use crate::browser::Browser;
use crate::harness::start;
use crate::withdrawals::{BTC, earn, with_wallet, withdraw};

/// What the command prints, without the address.
fn link(folder: &std::path::Path) -> String {
    let printed = Command::new(env!("CARGO_BIN_EXE_idlewatt-hub"))
        .args(["operator-link", "--data-dir"])
        .arg(folder.join("data"))
        .output()
        .expect("runs");
    let text = String::from_utf8(printed.stdout).expect("a text");
    assert!(printed.status.success(), "{text}");
    let path = text
        .trim()
        .strip_prefix("http://127.0.0.1:8480")
        .expect("the address");
    path.to_owned()
}

async fn operator(hub: &crate::harness::TestHub, folder: &std::path::Path) -> Browser {
    let mut browser = Browser::new(hub);
    let path = link(folder);
    let page = browser.get(&path).await;
    let secret = page.field("link");
    let opened = browser.post("/operator/open", &[("link", &secret)]).await;
    assert_eq!(
        (opened.status.as_u16(), opened.location()),
        (303, "/operator")
    );
    let cookie = opened.set_cookie("idlewatt-operator");
    for flag in ["HttpOnly", "SameSite=Strict", "Max-Age=43200"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    browser
}

#[tokio::test]
async fn a_link_opens_the_view_once_and_no_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = start(with_wallet(folder.path())).await;
    let account = hub.account().await;
    let mut stranger = Browser::signed_in(&hub, &account).await;
    assert_eq!(
        stranger.get("/operator").await.status,
        403,
        "an account is no operator"
    );

    let path = link(folder.path());
    let mut browser = Browser::new(&hub);
    // Looking at the link uses nothing up.
    for _ in 0..3 {
        assert_eq!(browser.get(&path).await.status, 200);
    }
    let secret = browser.get(&path).await.field("link");
    let opened = browser.post("/operator/open", &[("link", &secret)]).await;
    assert_eq!(opened.location(), "/operator");
    assert_eq!(browser.get("/operator").await.status, 200);
    let mut second = Browser::new(&hub);
    second.get(&path).await;
    for used in [
        secret.as_str(),
        OperatorSecret::random().as_str(),
        "",
        account.key.as_str(),
    ] {
        let refused = second.post("/operator/open", &[("link", used)]).await;
        assert_eq!(refused.status, 403, "{used}");
        assert!(!second.cookies.contains_key("idlewatt-operator"));
    }
    // Its secret is none of the API's, and opens no account's page.
    let own = browser.cookies["idlewatt-operator"].clone();
    for path in ["/v1/devices", "/v1/sessions", "/v1/account/earnings"] {
        assert_eq!(
            ask(&hub, Method::GET, path, &own, json!(null)).await.0,
            401,
            "{path}"
        );
    }
    assert_eq!(browser.get("/earnings").await.location(), "/");
    browser
        .cookies
        .insert("idlewatt-session".into(), own.clone());
    assert_eq!(browser.get("/earnings").await.location(), "/");
    browser.cookies.remove("idlewatt-session");
    let page = browser.get("/operator").await;
    page.shows(account.account.as_str());
    assert!(!page.text.contains("IWA-") && !page.text.contains(account.key.as_str()));
    let left = browser.post("/operator/sign-out", &[]).await;
    assert_eq!(left.location(), "/operator");
    browser.cookies.insert("idlewatt-operator".into(), own);
    assert_eq!(
        browser.get("/operator").await.status,
        403,
        "ended at the hub, too"
    );
    hub.stop().await;
}

#[tokio::test]
async fn the_operator_sees_what_is_owed_and_decides_about_payouts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = with_wallet(folder.path());
    settings.withdrawals.cooling_off = 0;
    if let Some(wallet) = &mut settings.withdrawals.bitcoin {
        wallet.approval = idlewatt_hub::settings::Approval::Operator;
    }
    let hub = start(settings).await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    earn(folder.path(), device.device, BTC).await;
    let key = account.key.as_str();
    let mut browser = operator(&hub, folder.path()).await;
    let format = Format::new(Language::English, TimeZone::UTC);
    let positions = Store::open(&folder.path().join("data/hub.sqlite"))
        .await
        .expect("opens");
    let listed = positions.positions().await.expect("reads");
    let page = browser.get("/operator").await;
    for position in &listed {
        for sum in [
            position.owed(),
            position.upstreams_owe,
            position.withdrawable,
        ] {
            page.shows(&format.money(&sum));
        }
    }
    page.shows("The wallet does not say.");
    page.shows("No withdrawal is open.");

    let mut ids = Vec::new();
    for request in ["first", "second"] {
        let (status, made) = withdraw(&hub, key, request, None).await;
        assert_eq!(status, 200, "{made}");
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    let page = browser.get("/operator").await;
    for id in &ids {
        page.shows(id);
    }
    page.shows("0.4 BTC");
    let path = |number: usize, what: &str| format!("/operator/withdrawals/{}/{what}", ids[number]);
    let approved = browser.post(&path(0, "approve"), &[]).await;
    assert_eq!(approved.location(), "/operator?done=approved");
    browser
        .post(&path(0, "approve"), &[])
        .await
        .shows("could not be approved");
    browser
        .post(&path(1, "refuse"), &[("reason", " ")])
        .await
        .shows("Say why");
    let reason = "<b>not today</b>";
    let refused = browser
        .post(&path(1, "refuse"), &[("reason", reason)])
        .await;
    assert_eq!(refused.location(), "/operator?done=refused");
    browser
        .post(&path(1, "refuse"), &[("reason", "again")])
        .await
        .shows("could not be refused");
    browser
        .post("/operator/withdrawals/'/approve", &[])
        .await
        .shows("could not be approved");
    let seen: Withdrawals = hub.get("/v1/withdrawals", key).await;
    let of = |id: &str| {
        let found = seen.withdrawals.iter().find(|one| one.id.as_str() == id);
        found.expect("listed")
    };
    assert_eq!(of(&ids[0]).state.name(), "approved");
    assert_eq!(of(&ids[1]).state.name(), "refused");
    assert_eq!(of(&ids[1]).reason.as_deref(), Some(reason));
    let mut owner = Browser::signed_in(&hub, &account).await;
    owner.get("/withdrawals").await.shows(reason);

    assert_eq!(
        browser.post("/operator/pause", &[]).await.location(),
        "/operator?done=paused"
    );
    assert!(positions.withdrawals_paused().await.expect("reads"));
    browser
        .get("/operator?done=paused")
        .await
        .shows("Payments are paused.");
    assert_eq!(
        browser.post("/operator/resume", &[]).await.location(),
        "/operator?done=resumed"
    );
    assert!(!positions.withdrawals_paused().await.expect("reads"));
    positions.close().await;
    hub.stop().await;
}
