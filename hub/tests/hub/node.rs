//! A Monero node that fails in every way that a real one will not on request. What a real one does is tested
//! with a real one, in the crate `tests`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use idlewatt_hub::Settings;
use idlewatt_hub::settings::MonerodSettings;
use idlewatt_hub::upstream;
use idlewatt_hub::upstream::follower::{Fetcher, News, Offerer, Pace};
use idlewatt_hub::upstream::monerod::Monerod;
use idlewatt_hub::upstream::outlet::Outlet;
use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{Block, BlockState, Blocks, WorkOffers};
use idlewatt_stratum::monero::{Refusal, ServerMessage};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::harness::{DEADLINE, TestHub, settings, start, user};
use crate::monero::Miner;

const TEMPLATE: &str = include_str!("../data/block-template-four-transactions.json");
const HEIGHT: u64 = 91;
const WALLET: &str = "45cuDy6d1SmYjC3sGfNKuccHZR5gE6zJMiC4WowLpqHiChb2Nr1r6SH1ziZxt4qYtFiC6jSrpMA6z3WtShUmtaYmEEC11T4";

/// How the node behaves at present.
struct Behaviour {
    /// Sent instead of any answer.
    instead: Option<(StatusCode, String)>,
    /// The hash of the chain's last block.
    tip: String,
    /// The chain's blocks that can be asked for.
    chain: HashMap<u64, String>,
    /// The error code of `submit_block`.
    submit_error: Option<i64>,
    spoil_template: bool,
    submitted: Vec<String>,
}

#[derive(Clone)]
struct FakeNode {
    behaviour: Arc<Mutex<Behaviour>>,
    url: String,
}

impl FakeNode {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let node = FakeNode {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            behaviour: Arc::new(Mutex::new(Behaviour {
                instead: None,
                tip: "b1".repeat(32),
                chain: HashMap::new(),
                submit_error: None,
                spoil_template: false,
                submitted: Vec::new(),
            })),
        };
        let router = Router::new()
            .route("/json_rpc", post(respond))
            .with_state(Arc::clone(&node.behaviour));
        tokio::spawn(async move { axum::serve(listener, router).await });
        node
    }

    fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().expect("not poisoned"));
    }

    fn submitted(&self) -> usize {
        self.behaviour.lock().expect("not poisoned").submitted.len()
    }

    fn settings(&self, folder: &std::path::Path) -> Settings {
        Settings {
            monerod: Some(MonerodSettings::new(self.url.clone(), WALLET.into())),
            ..settings(folder)
        }
    }
}

async fn respond(
    State(behaviour): State<Arc<Mutex<Behaviour>>>,
    Json(request): Json<Value>,
) -> (StatusCode, String) {
    let mut node = behaviour.lock().expect("not poisoned");
    if let Some(instead) = &node.instead {
        return instead.clone();
    }
    let refuse = |code: i64| json!({"error": {"code": code, "message": "no"}});
    let answer = match request["method"].as_str().expect("a method") {
        "get_last_block_header" => {
            let header = json!({"hash": node.tip, "height": HEIGHT - 1});
            json!({"result": {"block_header": header, "status": "OK"}})
        }
        "get_block_template" => {
            assert_eq!(request["params"]["wallet_address"], WALLET);
            let old = "b14cadbd7498f78cc1eb5ea9edd1976f6d30770e1c3aac87035c9c3691a066b8";
            let mut text = TEMPLATE.replace(old, &node.tip);
            if node.spoil_template {
                text = text.replace("\"blockhashing_blob\": \"10", "\"blockhashing_blob\": \"11");
            }
            json!({"result": serde_json::from_str::<Value>(&text).expect("JSON")})
        }
        "get_block_header_by_height" => {
            let height = request["params"]["height"].as_u64().expect("a height");
            match node.chain.get(&height) {
                Some(hash) => {
                    let header = json!({"hash": hash, "height": height});
                    json!({"result": {"block_header": header, "status": "OK"}})
                }
                None => refuse(-2),
            }
        }
        "submit_block" => {
            let block = request["params"][0].as_str().expect("a block").to_owned();
            node.submitted.push(block);
            match node.submit_error {
                Some(code) => refuse(code),
                None => json!({"result": {"status": "OK"}}),
            }
        }
        other => panic!("not expected: {other}"),
    };
    (StatusCode::OK, answer.to_string())
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what}: not in time"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn available(hub: &TestHub) -> bool {
    let work: WorkOffers = hub.get("/v1/work", "").await;
    let offer = work
        .offers
        .iter()
        .find(|offer| offer.algorithm == "randomx");
    let offer = offer.expect("always listed");
    assert_eq!(offer.upstream, "monerod");
    assert_eq!(offer.credit_per_terahash.asset, Asset::Monero);
    offer.available
}

async fn wait_for(hub: &TestHub, expected: bool) {
    until("availability", async || {
        (available(hub).await == expected).then_some(())
    })
    .await;
}

async fn only_block(hub: &TestHub) -> Option<Block> {
    let blocks: Blocks = hub.get("/v1/blocks", "").await;
    assert!(blocks.blocks.len() <= 1);
    blocks.blocks.into_iter().next()
}

async fn wait_for_state(hub: &TestHub, expected: BlockState) {
    until("the block's fate", async || {
        only_block(hub)
            .await
            .filter(|block| block.state == expected)
    })
    .await;
}

/// Mines the only block of the template: its difficulty is 1.
async fn mine(miner: &mut Miner) -> Result<(), Option<Refusal>> {
    let (session, job_id) = (miner.session.clone(), miner.job.job_id.clone());
    let (nonce, digest) = miner.mine(0, true);
    miner.submit(&session, &job_id, nonce, digest).await
}

#[tokio::test]
async fn a_block_counts_only_once_the_chain_has_it() {
    for (fate, expected) in [
        ("ours", BlockState::Found),
        ("another", BlockState::Orphaned),
    ] {
        let (node, folder) = (
            FakeNode::start().await,
            tempfile::tempdir().expect("a folder"),
        );
        let hub = start(node.settings(folder.path())).await;
        wait_for(&hub, true).await;
        let device = hub.device().await;
        let mut miner = Miner::login(&hub, &device).await;
        assert_eq!(miner.job.height, Some(HEIGHT));
        assert_eq!(mine(&mut miner).await, Ok(()));
        let block = until("the block", async || only_block(&hub).await).await;
        assert_eq!((block.height, block.state), (HEIGHT, BlockState::Submitted));
        until("its submission", async || {
            (node.submitted() == 1).then_some(())
        })
        .await;
        assert_eq!(
            only_block(&hub).await.expect("there").state,
            BlockState::Submitted
        );

        let hash = match fate {
            "ours" => block.hash.clone(),
            _ => "ee".repeat(32),
        };
        let old_job = miner.job.clone();
        node.set(|node| {
            node.chain.insert(HEIGHT, hash.clone());
            node.tip = hash;
        });
        wait_for_state(&hub, expected).await;
        // Work on the old tip is over.
        let line = miner.wire.line().await.expect("a job");
        let Ok(ServerMessage::Job(job)) = ServerMessage::parse(&line) else {
            panic!("not a job: {line}");
        };
        assert_ne!(job.blob, old_job.blob);
        miner.job = old_job;
        let (nonce, digest) = miner.mine(1_000, true);
        let session = miner.session.clone();
        let stale = miner
            .submit(&session, &miner.job.job_id.clone(), nonce, digest)
            .await;
        assert_eq!(stale, Err(Some(Refusal::Stale)));
        // The share is paid whatever became of the block.
        let shares = hub.shares(&device).await.shares;
        assert_eq!((shares.len(), shares[0].work), (1, 1));
        assert_eq!(shares[0].credit.to_string(), "35.188720055010 XMR");
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_block_that_the_node_refuses_is_refused() {
    let (node, folder) = (
        FakeNode::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    node.set(|node| node.submit_error = Some(-7));
    let hub = start(node.settings(folder.path())).await;
    wait_for(&hub, true).await;
    let device = hub.device().await;
    assert_eq!(mine(&mut Miner::login(&hub, &device).await).await, Ok(()));
    wait_for_state(&hub, BlockState::Refused).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_block_that_could_not_be_handed_in_is_handed_in_by_the_next_run() {
    let (node, folder) = (
        FakeNode::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let hub = start(node.settings(folder.path())).await;
    wait_for(&hub, true).await;
    let device = hub.device().await;
    let mut miner = Miner::login(&hub, &device).await;
    node.set(|node| node.instead = Some((StatusCode::BAD_GATEWAY, "down".into())));
    assert_eq!(
        mine(&mut miner).await,
        Ok(()),
        "the share is good all the same"
    );
    let block = until("the block", async || only_block(&hub).await).await;
    hub.stop().await;
    assert_eq!(node.submitted(), 0);

    node.set(|node| {
        node.instead = None;
        node.chain.insert(HEIGHT, block.hash);
    });
    let hub = start(node.settings(folder.path())).await;
    wait_for_state(&hub, BlockState::Found).await;
    assert_eq!(node.submitted(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_node_that_answers_nonsense_gives_no_work_until_it_recovers() {
    let (node, folder) = (
        FakeNode::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    node.set(|node| node.spoil_template = true);
    let hub = start(node.settings(folder.path())).await;
    let device = hub.device().await;
    assert!(!available(&hub).await);
    let mut wire = hub.connect().await;
    let login = json!({"id": 1, "method": "login", "params": {"login": user(&device), "pass": device.token}});
    wire.send(&login.to_string()).await;
    let answer = ServerMessage::parse(&wire.line().await.expect("an answer")).expect("readable");
    assert_eq!(
        answer,
        ServerMessage::refusal(1.into(), Refusal::Unavailable)
    );
    wire.closed().await;

    node.set(|node| node.spoil_template = false);
    wait_for(&hub, true).await;
    for (status, nonsense) in [
        (StatusCode::OK, "hello".to_owned()),
        (StatusCode::OK, "{}".to_owned()),
        (
            StatusCode::OK,
            json!({"result": {"status": "BUSY"}}).to_string(),
        ),
        (
            StatusCode::OK,
            json!({"error": {"code": -9, "message": "busy"}}).to_string(),
        ),
        (StatusCode::OK, "[".repeat(100_000)),
        (StatusCode::OK, " ".repeat(17 << 20)),
        (StatusCode::MOVED_PERMANENTLY, String::new()),
        (StatusCode::INTERNAL_SERVER_ERROR, "<html>".to_owned()),
    ] {
        node.set(|node| node.instead = Some((status, nonsense)));
        wait_for(&hub, false).await;
        node.set(|node| node.instead = None);
        wait_for(&hub, true).await;
    }
    Miner::login(&hub, &device).await;
    hub.stop().await;
}

#[tokio::test]
async fn old_work_is_withdrawn_when_the_node_stays_away() {
    let node = FakeNode::start().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (feed, mut source) = upstream::source("monerod", Asset::Monero);
    let chain = Monerod::new(&node.url, WALLET).expect("builds");
    let pace = Pace {
        poll_every: Duration::from_millis(5),
        refresh_after: Duration::from_millis(20),
        withdraw_after: Duration::from_millis(500),
        longest_wait: Duration::from_millis(20),
    };
    let (answers, news) = watch::channel(News::default());
    let offerer = Offerer {
        name: "monerod",
        chain: chain.clone(),
        withdraw_after: pace.withdraw_after,
        news,
        feed,
        outlet: Outlet::Nowhere,
        grown: Arc::new(Notify::new()),
    };
    let fetcher = Fetcher {
        name: "monerod",
        chain,
        pace,
        news: answers,
        look_again: Arc::new(Notify::new()),
    };
    let fetching = tokio::spawn(fetcher.run());
    let offering = tokio::spawn(offerer.run());
    let wait = tokio::time::timeout(DEADLINE, source.changed());
    wait.await.expect("work");
    assert!(source.newest().is_some());
    node.set(|node| node.instead = Some((StatusCode::OK, "gone".into())));
    let withdrawn = async {
        while source.newest().is_some() {
            source.changed().await
        }
    };
    let wait = tokio::time::timeout(DEADLINE, withdrawn);
    wait.await.expect("withdrawn");
    assert!(!source.is_reachable());
    node.set(|node| node.instead = None);
    let wait = tokio::time::timeout(DEADLINE, source.changed());
    wait.await.expect("work again");
    assert!(source.newest().is_some());
    drop(source);
    offering.await.expect("ends with its last taker");
    fetching.await.expect("ends with the offerer");
}
