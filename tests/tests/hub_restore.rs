//! A hub is lost with everything on its machine, and comes back from its last backup on another: with the same addresses in
//! front of it, its agents reconnect by themselves, and their receipts bring back what was mined since the backup.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::agent::Agent;
use idlewatt_tests::books::Books;
use idlewatt_tests::hub::Hub;
use idlewatt_tests::wait::until;

/// Easy shares, so that there are many.
const HUB_SETTINGS: &str = "[difficulty]\nsha256d = { start = 300000, least = 65536, most = 600000 }\n[earnings]\nsettle_every = 2\n";
const AGENT_SETTINGS: &str = "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n";
/// In so long a restored hub is to have everything again.
const LIMIT: Duration = Duration::from_secs(300);
/// Shares that the hub loses, at least: more than an agent asks for at a login.
const LOST: usize = 40;

#[test]
fn a_restored_hub_gets_back_what_it_lost() {
    restore(|_| {});
}

#[test]
fn a_hub_restored_into_postgresql_gets_back_what_it_lost() {
    restore(|hub| hub.keep_in(&PostgresServer::shared().database()));
}

fn restore(move_to: impl FnOnce(&mut Hub)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut hub = Hub::start_with(HUB_SETTINGS, &[]);
    let (_, code) = hub.enrolment();
    let mut agent = Agent::new();
    agent.settings(AGENT_SETTINGS);
    agent.consent();
    let address = hub.url();
    agent.start(&["--hub", &address, "--enrol", &code, "--mode", "100"]);
    let wait_accepted = |least: usize| {
        agent.wait_status("shares", LIMIT, |status| {
            status["shares"]["accepted"].as_u64() >= Some(least as u64)
        })
    };
    wait_accepted(10);

    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let backup = elsewhere.path().join("hub.backup");
    let file = backup.to_str().expect("a path in Unicode");
    hub.look_after(&["backup", file]);
    let saved = runtime.block_on(Books::File(backup.clone()).digests());
    assert!(!saved.is_empty(), "there were shares before");
    wait_accepted(saved.len() + LOST);
    hub.lose_everything();
    let accepted = runtime.block_on(agent.accepted());
    let since = |books: &BTreeMap<_, _>| -> usize {
        let missing = accepted
            .iter()
            .filter(|digest| !books.contains_key(*digest));
        missing.count()
    };
    let lost = since(&saved);
    assert!(lost >= LOST, "{lost} shares were accepted since the backup");

    let began = Instant::now();
    move_to(&mut hub);
    let told = hub.look_after(&["restore", file]);
    assert!(told.ends_with("the books add up\n"), "{told}");
    let restored = began.elapsed();
    hub.restart();
    until("the hub to have everything again", LIMIT, || {
        match since(&runtime.block_on(hub.books().digests())) {
            0 => Ok(()),
            missing => Err(format!("{missing}\n{}\n{}", agent.log(), hub.log())),
        }
    });
    println!(
        "restored in {restored:.1?}; {lost} lost shares were back after {:.1?}",
        began.elapsed()
    );
    wait_accepted(accepted.len() + 10);

    // Quiet, then both books are compared: by the programs, and here from the databases themselves.
    assert_eq!(agent.command(&["mode", "pause"]).code, 0);
    until("agreement", LIMIT, || {
        let answer = agent.command(&["receipts", "check", "--json"]);
        let open = agent.json(&["status"])["shares"]["pending"].as_u64();
        match (answer.code, open) {
            (0, Some(0)) => Ok(()),
            _ => Err(format!("{open:?} {answer:?}\n{}", hub.log())),
        }
    });
    agent.settled_earnings();
    let check = agent.json(&["receipts", "check"]);
    assert_eq!(check["agree"], true, "{check:#}");
    hub.stop();
    assert!(hub.look_after(&["audit"]).ends_with("the books add up\n"));
    let accepted = runtime.block_on(agent.accepted());
    assert_eq!(
        check["compared"].as_u64(),
        Some(accepted.len() as u64),
        "{check:#}"
    );
    let held = runtime.block_on(hub.books().hold(&accepted));
    let receipts: BTreeSet<_> = accepted.iter().collect();
    assert_eq!(held, receipts.len(), "no share without a receipt");
}
