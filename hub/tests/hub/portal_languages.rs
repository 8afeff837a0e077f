//! Every page in both languages: nothing but words, and the reader's.

use std::collections::BTreeSet;
use std::path::Path;

use idlewatt_protocol::OperatorSecret;
use idlewatt_screens::Language;
use idlewatt_store::Store;
use jiff::{SignedDuration, Timestamp};

use crate::browser::Browser;
use crate::harness::{Miner, start};
use crate::withdrawals::{ADDRESS, BTC, earn, with_wallet};

/// The keys of all messages.
fn keys() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/screens/words/en");
    let mut keys = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("words") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("reads");
        let lines = text.lines().filter_map(|line| line.split_once(" ="));
        keys.extend(
            lines
                .map(|(key, _)| key.to_owned())
                .filter(|key| key.contains('-')),
        );
    }
    assert!(
        keys.len() > 200 && keys.contains("devices-title"),
        "{}",
        keys.len()
    );
    keys
}

/// The words with dashes in a page, wherever they stand.
fn dashed(page: &str) -> BTreeSet<&str> {
    page.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '-')
        .filter(|word| word.contains('-'))
        .collect()
}

#[tokio::test]
async fn no_page_shows_a_bare_key_in_either_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = start(with_wallet(folder.path())).await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let mut miner = Miner::login(&hub, &device).await;
    miner.share().await;
    hub.settled(&device, 1).await;
    earn(folder.path(), device.device.clone(), BTC).await;
    let store = Store::open(&folder.path().join("data/hub.sqlite")).await;
    let store = store.expect("opens");
    let keys = keys();
    let mut browser = Browser::signed_in(&hub, &account).await;
    let mut stranger = Browser::new(&hub);
    let asked = [("asset", "BTC"), ("amount", "0.1"), ("address", ADDRESS)];
    for language in Language::ALL {
        browser.language = language.code();
        stranger.language = language.code();
        let mut pages = Vec::new();
        for path in [
            "/",
            "/sign-up",
            "/operator",
            "/operator/open?link=x",
            "/nowhere",
        ] {
            pages.push((path.to_owned(), stranger.get(path).await));
        }
        pages.push((
            "wrong key".into(),
            stranger.post("/sign-in", &[("key", "x")]).await,
        ));
        pages.push((
            "a new key".into(),
            stranger.post("/sign-up", &[("referral", "")]).await,
        ));
        pages.push(("no token".into(), stranger.raw("/sign-up", None, &[]).await));
        let own = format!("/devices/{}", device.device);
        browser.get("/account").await;
        let quote = browser.post("/withdrawals", &asked).await;
        let key = quote.field("request_key");
        pages.push(("a quote".into(), quote));
        let confirmed = [&asked[..], &[("request_key", key.as_str())]].concat();
        assert_eq!(
            browser
                .post("/withdrawals/confirm", &confirmed)
                .await
                .status,
            303
        );
        pages.push(("a code".into(), browser.post("/devices/add", &[]).await));
        let token = [("name", "café"), ("limit", "5")];
        pages.push((
            "a token".into(),
            browser.post("/devices/fleet", &token).await,
        ));
        pages.push((
            "no token".into(),
            browser
                .post("/devices/fleet", &[("name", ""), ("limit", "x")])
                .await,
        ));
        pages.push((
            "an app".into(),
            browser.post("/account/authenticator", &[]).await,
        ));
        pages.push((
            "no deletion".into(),
            browser.post("/account/delete", &[("confirm", "")]).await,
        ));
        pages.push((
            "no referrer".into(),
            browser.post("/referrals", &[("referral", "x")]).await,
        ));
        for path in [
            "/earnings",
            "/earnings?currency=mBTC&days=7",
            "/earnings?currency=USD",
            "/devices?done=changed",
            &own,
            &format!("{own}/remove"),
            "/devices/D00000000000",
            "/devices/fleet?done=token-revoked",
            "/referrals",
            "/withdrawals?done=requested",
            "/account?done=session-ended",
            "/account/delete",
            "/preferences",
        ] {
            pages.push((path.to_owned(), browser.get(path).await));
        }
        let (link, now) = (OperatorSecret::random(), Timestamp::now());
        let expires = now + SignedDuration::from_mins(10);
        store
            .create_operator_link(&link, expires, now)
            .await
            .expect("noted");
        let mut operator = Browser::new(&hub);
        operator.language = language.code();
        operator.get("/operator/open").await;
        let opened = operator
            .post("/operator/open", &[("link", link.as_str())])
            .await;
        assert_eq!(opened.location(), "/operator");
        pages.push((
            "operator".into(),
            operator.get("/operator?done=paused").await,
        ));
        for (name, page) in pages {
            assert!(
                page.text.starts_with("<!doctype html>"),
                "{name}: {}",
                page.text
            );
            let lang = format!("<html lang=\"{}\">", language.code());
            assert!(page.text.contains(&lang), "{name}");
            let bare: Vec<_> = dashed(&page.text)
                .into_iter()
                .filter(|word| keys.contains(*word))
                .collect();
            assert!(bare.is_empty(), "{name} in {language}: {bare:?}");
            assert!(
                !page.text.contains("{ $") && !page.text.contains("{$"),
                "{name}: a name that was not given"
            );
            let hangul = page
                .text
                .chars()
                .filter(|symbol| ('가'..='힣').contains(symbol))
                .count();
            match language {
                Language::Korean => assert!(hangul > 20, "{name}"),
                Language::English => assert!(hangul < 10, "{name}: {hangul}"),
            }
        }
    }
    // The choice at the bottom of each page outlives what the browser asks for.
    browser.language = "en";
    browser.get("/devices").await;
    let chosen = browser
        .post("/language", &[("language", "ko"), ("back", "devices")])
        .await;
    assert_eq!(chosen.location(), "/devices");
    browser.get("/devices").await.shows("내 기기");
    store.close().await;
    hub.stop().await;
}
