//! The default: no hub and no pool configured. The agent's own hub gives practice work and credits it.

use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::process::{processes, resident_kib};
use idlewatt_tests::wait::until;
use serde_json::Value;

fn accepted(status: &Value) -> u64 {
    status["shares"]["accepted"].as_u64().unwrap_or(0)
}

#[test]
fn a_software_gpu_earns_practice_credit_with_sha256d() {
    let mut agent = Agent::new();
    agent.settings("[cpu]\nenabled = false\n");
    agent.consent();
    agent.start(&["--allow-software-gpu", "--mode", "100"]);
    let worked = "three accepted shares of a processor that works";
    let status = agent.wait_status(worked, Duration::from_secs(180), |s| {
        let rates = s["processors"].as_array().into_iter().flatten();
        let mut rates = rates.map(|p| p["rate"].as_f64().unwrap_or(0.0));
        accepted(s) >= 3 && rates.any(|rate| rate > 0.0)
    });
    let processors = status["processors"].as_array().expect("a list");
    let gpu = processors
        .iter()
        .find(|p| p["kind"] == "gpu")
        .expect("the software GPU");
    assert_eq!(gpu["algorithm"], "sha256d");
    assert!(gpu["rate"].as_f64().expect("a number") > 0.0, "{gpu:#}");
    // What it is never given, and why.
    let aside = gpu["set_aside"].as_array().expect("a list");
    let aside = aside.iter().map(|one| one["algorithm"].as_str());
    assert!(aside.eq([Some("kawpow"), Some("progpowz")]), "{gpu:#}");

    agent.command(&["mode", "pause"]);
    let check = until("agreement", Duration::from_secs(60), || {
        let answer = agent.command(&["receipts", "check", "--json"]);
        if answer.code == 0 {
            Ok(answer.json())
        } else {
            Err(format!("{answer:?}\n{}", agent.log()))
        }
    });
    assert!(
        check["compared"].as_u64().expect("a number") >= 3,
        "{check:#}"
    );
    let earnings = agent.settled_earnings();
    assert_eq!(earnings["total"][0]["asset"], "PRACTICE");
    assert_eq!(earnings["total"][0]["practice"], true);
    assert_eq!(earnings["total"], earnings["this_device"]);
}

#[test]
fn without_gpu_permission_software_adapters_stay_unused() {
    let mut agent = Agent::new();
    agent.settings("[cpu]\nenabled = false\n");
    agent.consent();
    agent.start(&["--mode", "100"]);
    let listed = agent.json(&["processors"]);
    let listed = listed.as_array().expect("a list").clone();
    assert!(listed.iter().all(|p| p["software"] != true), "{listed:#?}");
}

#[test]
fn nothing_runs_before_consent_and_everything_ends_with_it() {
    let mut agent = Agent::new();
    agent.settings("[cpu]\nrandomx_memory = \"light\"\n[gpu]\nenabled = false\n");
    agent.start(&["--mode", "100"]);
    let status = agent.json(&["status"]);
    assert!(
        status["reason"].as_str().expect("text").contains("consent"),
        "{status:#}"
    );
    let data = agent.data().to_str().expect("utf-8").to_owned();
    let daemon = agent.daemon().id();
    let engines = |daemon: u32| {
        processes("engine")
            .into_iter()
            .filter(|seen| seen.parent == daemon)
            .collect::<Vec<_>>()
    };
    assert!(engines(daemon).is_empty());

    agent.consent();
    agent.wait_status("an accepted share", Duration::from_secs(180), |s| {
        accepted(s) >= 1
    });
    assert!(
        !engines(daemon).is_empty(),
        "the engine is a child of the daemon"
    );

    // Withdrawn: the engine goes, and its memory with it.
    let answer = agent.command(&["consent", "--withdraw"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    until("the engine to be gone", Duration::from_secs(20), || {
        let left = engines(daemon);
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    });
    let resident = resident_kib(daemon).expect("the daemon runs on");
    assert!(
        resident < 64 * 1024,
        "{resident} KiB: an engine's memory stayed in the daemon"
    );

    // A polite end leaves no process behind.
    let ended = agent.daemon().signal("TERM", Duration::from_secs(10));
    assert!(ended.success(), "{ended}\n{}", agent.log());
    until("no process left", Duration::from_secs(5), || {
        let left = processes(&data);
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    });
}
