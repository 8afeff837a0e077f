//! The hub's routes about shares and closings, over books that a test writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State as Books};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use idlewatt_protocol::api::{
    Closing, ClosingProof, ClosingProofs, Closings, CreditedShare, CreditedShares, FindShares,
    ResendShares, Resent,
};
use idlewatt_protocol::{AccountId, Asset, DeviceId, DeviceToken, Money};
use jiff::Timestamp;

use super::digest;
use crate::hub_access::HubAccess;
use crate::identity::Identity;
use crate::work::hub_client::HubClient;

#[derive(Clone, Default)]
pub struct FakeHub {
    books: Arc<Mutex<Entries>>,
    asked: Arc<AtomicU64>,
}

#[derive(Default)]
pub struct Entries {
    pub shares: Vec<CreditedShare>,
    /// The number that the next share gets; goes on where shares are taken away.
    pub next: i64,
    pub closings: Vec<Closing>,
    pub leaves: HashMap<i64, Vec<ClosingProof>>,
    pub resent: Vec<String>,
    /// Whether shares are settled as they are credited.
    pub settles: bool,
    /// Whether shares are listed with receipts.
    pub gives_receipts: bool,
    pub down: bool,
}

impl FakeHub {
    pub async fn start() -> (Self, HubAccess) {
        let hub = FakeHub::default();
        hub.books().settles = true;
        let router = Router::new()
            .route("/v1/shares", get(list))
            .route("/v1/shares/find", post(find))
            .route("/v1/shares/resend", post(resend))
            .route("/v1/closings", get(closings))
            .route("/v1/closings/{number}/leaves", get(leaves))
            .with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let identity = Identity {
            account: AccountId::random(),
            account_key: None,
            device: DeviceId::random(),
            token: DeviceToken::random(),
            private_key: None,
        };
        let client = HubClient::new(&address).expect("an address");
        (hub, HubAccess::new(client, &identity, None))
    }

    pub fn books(&self) -> MutexGuard<'_, Entries> {
        self.books.lock().expect("no test panics with it")
    }

    /// How many requests there were.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// Credits a share with a number of atomic units.
    pub fn credit(&self, number: u8, atomic: i128) {
        self.credit_digest(String::from(digest(number)), atomic);
    }

    pub fn credit_digest(&self, digest: String, atomic: i128) {
        self.books().credit(digest, atomic);
    }

    pub fn change(&self, change: impl FnOnce(&mut Vec<CreditedShare>)) {
        change(&mut self.books().shares);
    }

    pub fn set_down(&self, down: bool) {
        self.books().down = down;
    }

    fn answer(
        &self,
        wanted: impl Fn(&CreditedShare) -> bool,
        limit: usize,
    ) -> Result<Json<CreditedShares>, StatusCode> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let books = self.books();
        if books.down {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let mut found: Vec<CreditedShare> =
            books.shares.iter().filter(|s| wanted(s)).cloned().collect();
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(Json(CreditedShares {
            shares: found,
            more,
        }))
    }
}

/// What a share can be claimed with.
pub fn receipt(digest: &str, atomic: i128) -> String {
    format!("receipt {digest} {atomic}")
}

impl Entries {
    pub fn credit(&mut self, digest: String, atomic: i128) {
        // With gaps, as a hub of many devices has them.
        self.next += 3;
        let receipt = self.gives_receipts.then(|| receipt(&digest, atomic));
        let last = self.closings.last();
        let settlement = last.map_or(0, |last| last.last_settlement) + 1;
        self.shares.push(CreditedShare {
            sequence: self.next,
            digest,
            algorithm: "randomx".into(),
            upstream: "practice".into(),
            work: 50,
            fraction: 500_000_000_000,
            settlement: self.settles.then_some(settlement),
            receipt,
            credit: Money {
                asset: Asset::Practice,
                atomic,
            },
            at: Timestamp::now(),
        });
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

async fn resend(Books(hub): Books<FakeHub>, Json(sent): Json<ResendShares>) -> Json<Resent> {
    hub.asked.fetch_add(1, Ordering::SeqCst);
    let mut books = hub.books();
    let mut answer = Resent::default();
    for line in sent.receipts {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["receipt", digest, _] if books.shares.iter().any(|s| s.digest == *digest) => {
                answer.known += 1;
            }
            ["receipt", digest, atomic] => {
                answer.credited += 1;
                let atomic = atomic.parse().expect("our own");
                books.credit((*digest).to_owned(), atomic);
            }
            _ => answer.refused += 1,
        }
        books.resent.push(line);
    }
    Json(answer)
}

async fn closings(
    Books(hub): Books<FakeHub>,
    Query(query): Query<HashMap<String, i64>>,
) -> Json<Closings> {
    let books = hub.books();
    let behind = books.closings.iter().filter(|c| c.number > query["after"]);
    Json(Closings {
        closings: behind.take(2).cloned().collect(),
    })
}

async fn leaves(
    Books(hub): Books<FakeHub>,
    Path(number): Path<i64>,
) -> Result<Json<ClosingProofs>, StatusCode> {
    let proofs = hub.books().leaves.get(&number).cloned();
    let answer = proofs.map(|proofs| Json(ClosingProofs { proofs }));
    answer.ok_or(StatusCode::NOT_FOUND)
}
