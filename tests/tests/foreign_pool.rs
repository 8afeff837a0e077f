//! Shares for a pool that others wrote: it checks every one of them in its own way, and both books agree.

use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::bitcoind::BitcoinNode;
use idlewatt_tests::pool::ForeignPool;
use idlewatt_tests::wait::until;

const LIMIT: Duration = Duration::from_secs(120);
/// About four million hashes a share.
const DIFFICULTY: f64 = 0.001;
/// So many, over more than one job and a new block.
const SHARES: u64 = 20;

#[test]
fn a_pool_that_others_wrote_takes_every_share() {
    let node = BitcoinNode::start();
    let pool = ForeignPool::start(&node, DIFFICULTY);
    let mut agent = Agent::new();
    agent.settings("[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n");
    agent.consent();
    let url = format!("stratum+tcp://{}", pool.address());
    let checked = agent.command(&[
        "pool",
        "check",
        &url,
        "--user",
        "1Wallet.attic",
        "--algorithm",
        "sha256d",
    ]);
    assert_eq!(checked.code, 0, "{checked:?}\n{}", pool.log());
    agent.start(&[
        "--pool",
        &url,
        "--pool-user",
        "1Wallet.attic",
        "--pool-algorithm",
        "sha256d",
        "--mode",
        "100",
    ]);
    let accepted = |least: u64| {
        agent.wait_status("shares", LIMIT, |status| {
            status["shares"]["accepted"].as_u64() >= Some(least)
        })
    };
    accepted(SHARES / 2);
    node.mine(1);
    accepted(SHARES);
    assert_eq!(agent.command(&["mode", "pause"]).code, 0);
    until("both books to agree", LIMIT, || {
        let shares = agent.json(&["status"])["shares"].clone();
        let judged = pool.shares();
        let valid = judged.iter().filter(|share| share.valid).count() as u64;
        let settled = shares["pending"] == 0 && shares["accepted"].as_u64() == Some(valid);
        settled
            .then_some(())
            .ok_or_else(|| format!("{shares:#}\n{judged:?}"))
    });
    let judged = pool.shares();
    for share in &judged {
        assert_eq!(share.worker, "1Wallet.attic");
        // A share of a job that a new block ended on the way is late, and no mistake.
        let late = share.error.as_deref() == Some("job not found");
        assert!(share.valid || late, "{share:?}\n{}", pool.log());
    }
}
