//! Straight for pools: hubs of our own, which are pools to whoever has an account there and no device.

use std::collections::BTreeSet;
use std::time::Duration;

use idlewatt::shares::{FoundShare, ListQuery, Receipt, Receipts, State, Submitter};
use idlewatt::work::{Source, Timing, Ways, Work};
use idlewatt_kernels::sha256d::CpuSearch;
use idlewatt_kernels::{Algorithm, Cursor, NonceSpace, Search};
use idlewatt_tests::agent::Agent;
use idlewatt_tests::chaos::Chaos;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::wait::until;
use rand::RngExt;
use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::mpsc;

const RECONNECTS: usize = 1_000;

/// Many shares a second.
const EASY: &str = "[difficulty]\nsha256d = { start = 100000, least = 65536, most = 200000 }\n";

/// An account's name on the wire, with a worker.
fn user(hub: &Hub) -> String {
    let account = hub.post("/v1/accounts", None, &serde_json::json!({}));
    let account = account.expect("an account");
    let id = account["account"].as_str().expect("an id");
    format!("{id}.rig1")
}

/// Everything that the pool's books hold.
async fn credited(hub: &Hub) -> BTreeSet<String> {
    let options = SqliteConnectOptions::new().filename(hub.database());
    let mut books = options.read_only(true).connect().await.expect("opens");
    let digests: Vec<String> = sqlx::query_scalar("SELECT lower(hex(digest)) FROM shares")
        .fetch_all(&mut books)
        .await
        .expect("readable");
    digests.into_iter().collect()
}

/// Every receipt that there is.
async fn all(receipts: &Receipts) -> Vec<Receipt> {
    let mut all: Vec<Receipt> = Vec::new();
    loop {
        let query = ListQuery {
            before: all.last().map(|receipt| receipt.id),
            limit: 1_000,
            ..ListQuery::default()
        };
        match receipts.list(query).await.expect("readable") {
            page if page.is_empty() => return all,
            page => all.extend(page),
        }
    }
}

#[test]
fn a_thousand_reconnects_lose_no_share_and_send_none_twice() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let hub = Hub::start_with(EASY, &[]);
    let user = user(&hub);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let chaos = Chaos::before(hub.stratum_address(), seed).await;
        let address = chaos.address().to_string();
        let source = Source::pool(&address, &user, "x", Algorithm::Sha256d).expect("a pool");
        let timing = Timing {
            login: Duration::from_millis(400),
            answer: Duration::from_millis(300),
            silence_without_keep_alive: Duration::from_millis(400),
            retry: (Duration::from_millis(1), Duration::from_millis(5)),
            spread: Duration::from_millis(2),
            stable: Duration::ZERO,
            ..Timing::default()
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("receipts.sqlite");
        let receipts = Receipts::open(&file).await.expect("receipts");
        let work = Work::start(source, Ways::default(), timing);
        let (found, shares) = mpsc::channel(64);
        let submitter = Submitter::start(receipts.clone(), work.clone(), None, shares);
        work.set_algorithms(&[Algorithm::Sha256d]);
        let mine = tokio::spawn(search(work.clone(), found));
        let begun = std::time::Instant::now();
        while chaos.connections() <= RECONNECTS {
            assert!(begun.elapsed() < Duration::from_secs(900), "too slow");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        work.shutdown().await;
        let searched = mine.await.expect("the search ended well");
        submitter.shutdown().await;
        // What the pool has taken, it has written down before it said so; what it did not answer may come later.
        tokio::time::sleep(Duration::from_secs(1)).await;

        let ours = all(&receipts).await;
        let of = |state: State| -> BTreeSet<String> {
            let those = ours.iter().filter(|receipt| receipt.state == state);
            those.map(|receipt| receipt.digest.clone()).collect()
        };
        let theirs = credited(&hub).await;
        let (accepted, unknown, stale) = (of(State::Accepted), of(State::Unknown), of(State::Stale));
        let seen = chaos.seen();
        println!(
            "{} connections, {searched} shares: {} accepted, {} without an answer, {} of jobs that were over",
            seen.faults.len(), accepted.len(), unknown.len(), stale.len()
        );
        let status = submitter.status().borrow().clone();
        assert_eq!((status.not_written, status.dropped), (0, 0), "{status:?}");
        assert_eq!(ours.len(), searched, "each share has its receipt");
        assert_eq!(of(State::Pending), BTreeSet::new());
        let rejected: Vec<_> = ours
            .iter()
            .filter(|receipt| receipt.state == State::Rejected)
            .map(|receipt| (&receipt.digest, &receipt.reason))
            .collect();
        assert!(rejected.is_empty(), "{rejected:?}");
        assert!(accepted.is_subset(&theirs), "accepted, and not in the pool's books");
        let known: BTreeSet<String> = accepted.union(&unknown).cloned().collect();
        assert!(theirs.is_subset(&known), "in the pool's books, and not known here");
        assert!(accepted.len() > RECONNECTS / 10, "the network was too bad to prove anything");

        let submits = seen.lines.iter().filter(|(_, line)| line.contains("mining.submit"));
        let mut sent = BTreeSet::new();
        for (_, line) in submits {
            let message: Value = serde_json::from_str(line).expect("JSON");
            // Over whichever connection: job, nonces and time make the share.
            let share = message["params"].to_string();
            assert!(sent.insert(share), "sent twice: {line}");
        }
        assert!(sent.len() >= theirs.len());
        let kinds: BTreeSet<_> = seen.faults.iter().collect();
        assert_eq!(kinds.len(), 6, "every fault happened: {kinds:?}");
        assert!(seen.overtaken > 0, "answers came in another order");
        assert!(seen.garbage > 0, "garbage came");
    });
}

/// Works on whatever job there is, until the work has ended; says how many shares it handed over.
async fn search(work: Work, found: mpsc::Sender<FoundShare>) -> usize {
    let mut jobs = work.jobs(Algorithm::Sha256d);
    let mut shares = 0;
    loop {
        let current = jobs.borrow_and_update().clone();
        let Some(current) = current else {
            // Over when there is none for long.
            match tokio::time::timeout(Duration::from_secs(3), jobs.changed()).await {
                Ok(Ok(())) => continue,
                _ => return shares,
            }
        };
        let cursor = Cursor::new(&current.job, NonceSpace::WHOLE, rand::random());
        let mut cursor = cursor.expect("a job that can be searched");
        while !jobs.has_changed().unwrap_or(true) {
            let batch = cursor.next_batch(20_000).expect("not used up so soon");
            let outcome = tokio::task::spawn_blocking(move || CpuSearch.search(&batch));
            let outcome = outcome.await.expect("no panic").expect("of this kind");
            for solution in outcome.found {
                let share = FoundShare {
                    processor: "cpu".into(),
                    solution,
                };
                if found.send(share).await.is_err() {
                    return shares;
                }
                shares += 1;
            }
        }
    }
}

#[test]
fn another_pool_is_worked_for_while_the_first_is_away_and_both_books_agree() {
    let (mut first, second) = (Hub::start_with(EASY, &[]), Hub::start_with(EASY, &[]));
    let (user, other) = (user(&first), user(&second));
    let mut agent = Agent::new();
    agent.settings(&format!(
        "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n[pool]\nurl = \"stratum+tcp://{}\"\nuser = \"{user}\"\n\
         fallback_urls = [\"stratum+tcp://{other}@{}\"]\nalgorithm = \"sha256d\"\n",
        first.stratum(),
        second.stratum()
    ));
    let checked = agent.json(&["pool", "check"]);
    for (report, hub) in checked
        .as_array()
        .expect("a list")
        .iter()
        .zip([&first, &second])
    {
        assert_eq!(report["problems"], 0, "{checked:#}");
        assert_eq!(report["address"], hub.stratum());
    }
    agent.consent();
    agent.start(&["--mode", "100"]);
    let accepted = |status: &Value| status["shares"]["accepted"].as_u64().unwrap_or(0);
    let limit = Duration::from_secs(120);
    agent.wait_status("shares at the first", limit, |status| accepted(status) >= 5);
    first.kill();
    let stands_in = |status: &Value| {
        let connection = status["source"]["connections"]["sha256d"].as_str();
        connection.is_some_and(|told| told.starts_with("connected to") && told.contains("instead"))
    };
    let told = agent.wait_status("the second to stand in", limit, stands_in);
    let before = accepted(&told);
    agent.wait_status("shares at the second", limit, |status| {
        stands_in(status) && accepted(status) >= before + 5
    });
    let told = told["source"]["connections"]["sha256d"].to_string();
    assert!(
        told.contains(&second.stratum()) && told.contains(&first.stratum()),
        "{told}"
    );
    let checked = agent.command(&["pool", "check", "--json"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert_eq!(agent.command(&["stop"]).code, 0);
    until("the agent's end", limit, || match agent.daemon().ended() {
        Some(_) => Ok(()),
        None => Err("it runs".into()),
    });
    first.restart();

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let receipts = Receipts::open(&agent.data().join("receipts.sqlite")).await;
        let all = all(&receipts.expect("receipts")).await;
        for (hub, user) in [(&first, &user), (&second, &other)] {
            let source = format!("pool {} {user}", hub.stratum());
            let here = all.iter().filter(|receipt| receipt.source == source);
            let accepted: BTreeSet<String> = here
                .filter(|receipt| receipt.state == State::Accepted)
                .map(|receipt| receipt.digest.clone())
                .collect();
            assert!(!accepted.is_empty(), "{source}");
            let theirs = credited(hub).await;
            assert!(accepted.is_subset(&theirs), "{source}");
        }
    });
}
