//! `kill -9` of agent, engine and hub at any moment: nothing earned is lost and nothing is credited twice.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::process::{processes, send};
use idlewatt_tests::wait::until;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

const KILLS: usize = 54;

/// Easy shares, so that many are in flight whenever something dies.
const HUB_SETTINGS: &str = "[difficulty]\nsha256d = { start = 300000, least = 65536, most = 600000 }\n[earnings]\nsettle_every = 5\n";
const AGENT_SETTINGS: &str = "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n";

#[test]
fn random_kills_lose_nothing_and_double_nothing() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut hub = Hub::start_with(HUB_SETTINGS, &[]);
    let (_, code) = hub.enrolment();
    let url = hub.url();
    let mut agent = Agent::new();
    agent.settings(AGENT_SETTINGS);
    agent.consent();
    agent.start(&["--hub", &url, "--enrol", &code, "--mode", "100"]);
    agent.wait_status("first shares", Duration::from_secs(120), |status| {
        status["shares"]["accepted"].as_u64().unwrap_or(0) >= 5
    });

    let mut killed = BTreeMap::new();
    for _ in 0..KILLS {
        thread::sleep(Duration::from_millis(random.random_range(0..1_500)));
        let daemon = agent.daemon().id();
        let engine = processes(" engine ")
            .into_iter()
            .find(|seen| seen.parent == daemon);
        let victim = match (random.random_range(0..3), engine) {
            (0, Some(engine)) => {
                send("KILL", engine.id);
                "engine"
            }
            (1, _) => {
                hub.kill();
                thread::sleep(Duration::from_millis(random.random_range(0..500)));
                hub.restart();
                "hub"
            }
            _ => {
                agent.daemon().kill();
                agent.start(&["--hub", &url]);
                "agent"
            }
        };
        *killed.entry(victim).or_insert(0) += 1;
    }
    println!("{killed:?}");
    assert_eq!(killed.values().sum::<usize>(), KILLS);
    assert_eq!(killed.len(), 3, "each of the three was killed: {killed:?}");

    // It still earns after all that.
    agent.daemon().kill();
    agent.start(&["--hub", &url]);
    let before = accepted(&agent);
    // On a busy machine few were found between the kills.
    let enough = before.max(KILLS as u64);
    until("another share", Duration::from_secs(120), || {
        let now = accepted(&agent);
        if now > enough {
            Ok(())
        } else {
            Err(format!("{now}\n{}\n{}", agent.log(), hub.log()))
        }
    });

    // Quiet, then both books are compared: by the program, and here from the databases themselves.
    assert_eq!(agent.command(&["mode", "pause"]).code, 0);
    until("agreement", Duration::from_secs(60), || {
        let answer = agent.command(&["receipts", "check", "--json"]);
        let open = agent.json(&["status"])["shares"]["pending"].as_u64();
        if answer.code == 0 && open == Some(0) {
            Ok(())
        } else {
            Err(format!("{open:?} {answer:?}"))
        }
    });
    agent.settled_earnings();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (ours, theirs, credited, entries) = runtime.block_on(async {
        let receipts = agent.data().join("receipts.sqlite");
        let ours = digests(
            &receipts,
            "SELECT lower(digest) FROM receipts WHERE state = 'accepted'",
        )
        .await;
        let database = hub.database();
        let theirs = digests(&database, "SELECT lower(hex(digest)) FROM shares").await;
        let credited = number(
            &database,
            "SELECT sum(credit) + sum(credit_fraction) / 1000000000000 FROM shares",
        )
        .await;
        let entries = number(
            &database,
            "SELECT sum(amount) FROM entries WHERE ledger_account LIKE 'device:%'",
        )
        .await;
        (ours, theirs, credited, entries)
    });
    assert!(ours.len() > KILLS, "{}", ours.len());
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "{only_ours:?} {only_theirs:?}"
    );
    assert_eq!(
        credited, entries,
        "what was credited is what the ledger holds"
    );
}

fn accepted(agent: &Agent) -> u64 {
    agent.json(&["status"])["shares"]["accepted"]
        .as_u64()
        .expect("a number")
}

async fn open(path: &std::path::Path) -> SqliteConnection {
    use sqlx::ConnectOptions;
    let options = SqliteConnectOptions::new().filename(path);
    options
        .connect()
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn digests(path: &std::path::Path, query: &'static str) -> BTreeSet<String> {
    let rows = sqlx::query(query)
        .fetch_all(&mut open(path).await)
        .await
        .expect("the query runs");
    let all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(
        all.len(),
        set.len(),
        "a share stands twice in {}",
        path.display()
    );
    set
}

async fn number(path: &std::path::Path, query: &'static str) -> i64 {
    sqlx::query(query)
        .fetch_one(&mut open(path).await)
        .await
        .expect("the query runs")
        .get(0)
}
