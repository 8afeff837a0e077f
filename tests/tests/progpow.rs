//! A software GPU earns practice credit with ProgPoW: dataset, search, hit, check, share, credit, over periods and
//! epochs. The algorithm is KawPow with a small dataset, since a whole one takes such a GPU hours.

use std::time::Duration;

use idlewatt_tests::agent::{Agent, Answer};
use idlewatt_tests::process::{processes, send};
use idlewatt_tests::wait::until;
use serde_json::Value;

const SETTINGS: &str = "[cpu]\nenabled = false\n[gpu]\nalgorithm = \"kawpow-test\"\n";
/// An epoch of the test parameters has 60 blocks of a second each.
const EPOCH: Duration = Duration::from_secs(60);

fn accepted(status: &Value) -> u64 {
    status["shares"]["accepted"].as_u64().unwrap_or(0)
}

fn gpu(status: &Value) -> &Value {
    let processors = status["processors"].as_array().expect("a list");
    let gpu = processors.iter().find(|one| one["kind"] == "gpu");
    gpu.expect("the software GPU")
}

fn agreement(agent: &Agent) -> Value {
    let check = |answer: Answer| match answer.code {
        0 => Ok(answer.json()),
        _ => Err(format!("{answer:?}\n{}", agent.log())),
    };
    until("agreement", Duration::from_secs(60), || {
        check(agent.command(&["receipts", "check", "--json"]))
    })
}

#[test]
fn a_software_gpu_earns_practice_credit_across_periods_and_epochs() {
    let mut agent = Agent::new();
    agent.settings(SETTINGS);
    agent.consent();
    agent.start(&["--allow-software-gpu", "--mode", "100"]);
    agent.wait_status("accepted shares", Duration::from_secs(240), |status| {
        accepted(status) >= 5 && gpu(status)["algorithm"] == "kawpow-test"
    });

    // Shares of the next epoch, whose dataset is another one, come without a fault in between.
    std::thread::sleep(EPOCH);
    let before = accepted(&agent.json(&["status"]));
    let status = agent.wait_status("shares of another epoch", EPOCH, |status| {
        accepted(status) >= before + 5
    });
    let log = agent.log();
    assert!(!log.contains("the engine failed"), "{status:#}\n{log}");
    assert_eq!(
        status["shares"]["rejected"],
        0,
        "{status:#}\n{}",
        agent.log()
    );

    // An engine that is killed in the middle builds its dataset anew, and nothing is lost or doubled.
    let daemon = agent.daemon().id();
    let engine = processes(" engine ")
        .into_iter()
        .find(|seen| seen.parent == daemon)
        .expect("an engine runs");
    send("KILL", engine.id);
    let before = accepted(&agent.json(&["status"]));
    agent.wait_status("shares after a kill", Duration::from_secs(120), |status| {
        accepted(status) >= before + 3
    });

    agent.command(&["mode", "pause"]);
    let check = agreement(&agent);
    assert!(
        check["compared"].as_u64().expect("a number") >= 13,
        "{check:#}"
    );
    let earnings = agent.settled_earnings();
    assert_eq!(earnings["total"][0]["asset"], "PRACTICE");
    assert_eq!(earnings["total"], earnings["this_device"]);
}
