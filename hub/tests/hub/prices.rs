//! What coins cost, heard from a server in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use idlewatt_hub::settings::{PoolSettings, PricesSettings, UpstreamSettings};
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::Prices;
use tokio::sync::Mutex;

use crate::browser::Browser;
use crate::harness::{DEADLINE, TestHub, settings, start};
use crate::withdrawals::{BTC, earn};

/// A server of prices: what it answers next, and what it was asked.
#[derive(Clone)]
struct Source {
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicU32>,
    query: Arc<Mutex<String>>,
    url: String,
}

async fn answer(State(source): State<Source>, RawQuery(query): RawQuery) -> impl IntoResponse {
    *source.query.lock().await = query.unwrap_or_default();
    source.asked.fetch_add(1, Ordering::SeqCst);
    source.answer.lock().await.clone()
}

impl Source {
    async fn start(first: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("binds");
        let address = listener.local_addr().expect("an address");
        let source = Source {
            answer: Arc::new(Mutex::new((StatusCode::OK, first.to_owned()))),
            asked: Arc::default(),
            query: Arc::default(),
            url: format!("http://{address}/simple/price"),
        };
        let router = Router::new()
            .route("/simple/price", get(answer))
            .with_state(source.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        source
    }

    /// Waits until it was asked once more, and the answer could be kept.
    async fn asked_again(&self) {
        let (before, began) = (self.asked.load(Ordering::SeqCst), Instant::now());
        while self.asked.load(Ordering::SeqCst) < before + 2 {
            assert!(began.elapsed() < DEADLINE, "nobody asks");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

async fn until(hub: &TestHub, wanted: impl Fn(&Prices) -> bool) -> Prices {
    let began = Instant::now();
    loop {
        let prices: Prices = hub.get("/v1/prices", "").await;
        if wanted(&prices) {
            return prices;
        }
        assert!(began.elapsed() < DEADLINE, "{prices:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn pool(asset: &str) -> UpstreamSettings {
    UpstreamSettings::Pool(PoolSettings {
        name: None,
        url: "stratum+tcp://127.0.0.1:9".into(),
        ca_file: None,
        user: "nobody".into(),
        password: None,
        credit_per_terahash: "0.5".into(),
        asset: asset.into(),
    })
}

#[tokio::test]
async fn prices_of_what_upstreams_pay_are_heard_kept_and_shown() {
    let first = r#"{"bitcoin":{"usd":95000.5,"krw":131000000,"eur":88000,"btc":1.0}}"#;
    let source = Source::start(first).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = settings(folder.path());
    settings.upstreams.sha256d = vec![pool("BTC")];
    settings.prices = PricesSettings {
        url: source.url.clone(),
        every: 1,
    };
    let hub = start(settings).await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    earn(folder.path(), device.device, BTC / 2).await;
    let heard = until(&hub, |prices| !prices.prices.is_empty()).await;
    assert_eq!(heard.source.as_deref(), Some("127.0.0.1"));
    let coin = &heard.prices[&Asset::Bitcoin];
    assert_eq!(coin.usd.as_deref(), Some("95000.5"));
    assert_eq!(coin.btc.as_deref(), Some("1"));
    let query = source.query.lock().await.clone();
    assert!(query.contains("ids=bitcoin&"), "only what is paid: {query}");
    let mut browser = Browser::signed_in(&hub, &account).await;
    let page = browser.get("/earnings?currency=USD").await;
    page.shows("≈ $47,500.25");
    page.shows("1 BTC = $95,000.50");
    page.shows("127.0.0.1");
    browser
        .get("/earnings?currency=KRW")
        .await
        .shows("₩65,500,000");

    // Nonsense and failures change nothing: the old prices stay, with their time.
    let before: Prices = hub.get("/v1/prices", "").await;
    let (status, nonsense) = (StatusCode::OK, r#"{"bitcoin":{"usd":-1}}"#);
    *source.answer.lock().await = (status, nonsense.into());
    source.asked_again().await;
    let settled: Prices = hub.get("/v1/prices", "").await;
    assert_eq!(settled.prices, before.prices);
    let long = "x".repeat(100_000);
    for answer in [
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, "[]"),
        (StatusCode::OK, long.as_str()),
        (StatusCode::TOO_MANY_REQUESTS, first),
        (StatusCode::INTERNAL_SERVER_ERROR, ""),
    ] {
        *source.answer.lock().await = (answer.0, answer.1.to_owned());
        source.asked_again().await;
        let kept: Prices = hub.get("/v1/prices", "").await;
        assert_eq!((kept.at, &kept.prices), (settled.at, &before.prices));
    }
    let again = r#"{"bitcoin":{"usd":96000,"eur":0}}"#;
    *source.answer.lock().await = (StatusCode::OK, again.into());
    let fresh = until(&hub, |prices| prices.at != settled.at).await;
    let coin = &fresh.prices[&Asset::Bitcoin];
    assert_eq!((coin.usd.as_deref(), &coin.eur), (Some("96000"), &None));
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_of_practice_asks_nobody() {
    let source = Source::start("{}").await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = settings(folder.path());
    settings.upstreams.randomx = vec![pool("PRACTICE")];
    settings.prices = PricesSettings {
        url: source.url.clone(),
        every: 1,
    };
    let hub = start(settings).await;
    let device = hub.device().await;
    // Settlements run every second, too: two of them, and it would have been asked.
    let mut miner = crate::harness::Miner::login(&hub, &device).await;
    for total in [1, 2] {
        miner.share().await;
        hub.settled(&device, total).await;
    }
    assert_eq!(source.asked.load(Ordering::SeqCst), 0);
    assert_eq!(hub.get::<Prices>("/v1/prices", "").await, Prices::default());
    hub.stop().await;
}
