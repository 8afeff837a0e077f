//! The hub's routes about shares, over books that a test writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State as Books};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use idlewatt_protocol::api::{CreditedShare, CreditedShares, FindShares};
use idlewatt_protocol::{Asset, DeviceToken, Money};
use jiff::Timestamp;

use super::super::HubAccess;
use super::digest;
use crate::work::hub_client::HubClient;

#[derive(Clone, Default)]
pub struct FakeHub {
    shares: Arc<Mutex<Vec<CreditedShare>>>,
    down: Arc<Mutex<bool>>,
}

impl FakeHub {
    pub async fn start() -> (Self, HubAccess) {
        let hub = FakeHub::default();
        let router = Router::new()
            .route("/v1/shares", get(list))
            .route("/v1/shares/find", post(find))
            .with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let access = HubAccess {
            client: HubClient::new(&address).expect("an address"),
            token: DeviceToken::random(),
        };
        (hub, access)
    }

    /// Credits a share with a number of atomic units.
    pub fn credit(&self, number: u8, atomic: i128) {
        self.credit_digest(String::from(digest(number)), atomic);
    }

    pub fn credit_digest(&self, digest: String, atomic: i128) {
        let mut shares = self.shares.lock().expect("no test panics with it");
        // With gaps, as a hub of many devices has them.
        let sequence = shares.last().map_or(1, |last| last.sequence + 3);
        shares.push(CreditedShare {
            sequence,
            digest,
            algorithm: "randomx".into(),
            upstream: "practice".into(),
            work: 50,
            fraction: 0,
            settlement: None,
            receipt: None,
            credit: Money {
                asset: Asset::Practice,
                atomic,
            },
            at: Timestamp::now(),
        });
    }

    pub fn change(&self, change: impl FnOnce(&mut Vec<CreditedShare>)) {
        change(&mut self.shares.lock().expect("no test panics with it"));
    }

    pub fn set_down(&self, down: bool) {
        *self.down.lock().expect("no test panics with it") = down;
    }

    fn answer(
        &self,
        wanted: impl Fn(&CreditedShare) -> bool,
        limit: usize,
    ) -> Result<Json<CreditedShares>, StatusCode> {
        if *self.down.lock().expect("no test panics with it") {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let shares = self.shares.lock().expect("no test panics with it");
        let mut found: Vec<CreditedShare> = shares.iter().filter(|s| wanted(s)).cloned().collect();
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(Json(CreditedShares {
            shares: found,
            more,
        }))
    }
}

async fn list(
    Books(hub): Books<FakeHub>,
    Query(query): Query<HashMap<String, i64>>,
) -> Result<Json<CreditedShares>, StatusCode> {
    // Small pages, so that walking over several is what every test does.
    let limit = usize::try_from(query["limit"])
        .expect("not negative")
        .min(2);
    hub.answer(|share| share.sequence > query["after"], limit)
}

async fn find(
    Books(hub): Books<FakeHub>,
    Json(asked): Json<FindShares>,
) -> Result<Json<CreditedShares>, StatusCode> {
    assert!(asked.digests.len() <= 1_000);
    hub.answer(|share| asked.digests.contains(&share.digest), usize::MAX)
}
