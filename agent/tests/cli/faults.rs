//! What can be wrong when the agent starts: each is told, and nothing is lost.

use std::net::TcpListener;

use super::harness::{Home, until};

/// The record of a pause.
const PAUSED: &str = r#"{"mode": "pause", "chosen_at": "2026-11-22T04:30:00Z"}"#;

#[test]
fn a_second_agent_is_refused() {
    let home = Home::new();
    let _first = home.daemon(&[]);
    home.run(&["daemon"])
        .failed(1, "another idlewatt runs with the data directory");
    home.run(&["run", "--yes"])
        .failed(1, "another idlewatt runs with the data directory");
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    home.write("config.toml", &format!("[control]\nport = {port}\n"));
    home.run(&["daemon"])
        .failed(1, &format!("control.port = {port}"));
}

#[test]
fn a_data_directory_that_cannot_be_is_named() {
    let home = Home::new();
    home.write("file", "");
    let inside = home.file("file").join("data").display().to_string();
    for command in ["daemon", "run"] {
        let ended = home.run(&[command, "--data-dir", &inside]);
        ended.failed(1, &inside);
        assert!(ended.err.contains("--data-dir"), "{}", ended.err);
    }
}

#[test]
fn damaged_receipts_are_named_and_kept() {
    let home = Home::new();
    let garbage = "this is no database ".repeat(100);
    home.write("receipts.sqlite", &garbage);
    let path = home.file("receipts.sqlite");
    let ended = home.run(&["daemon"]);
    ended.failed(1, &path.display().to_string());
    assert!(ended.err.contains("Move it aside"), "{}", ended.err);
    assert_eq!(std::fs::read_to_string(path).expect("kept"), garbage);
}

#[test]
fn damaged_records_are_named_and_kept() {
    for name in [
        "consent.json",
        "mode.json",
        "benchmarks.json",
        "tuning.json",
    ] {
        let home = Home::new();
        home.write(name, "{");
        home.run(&["daemon"])
            .failed(1, &format!("{name} is damaged"));
        assert_eq!(std::fs::read_to_string(home.file(name)).expect("kept"), "{");
    }
}

#[test]
fn a_killed_agent_leaves_no_false_trail() {
    let home = Home::new();
    let mut daemon = home.daemon(&[]);
    daemon.child.kill().expect("killed");
    daemon.wait();
    assert!(home.file("control.json").exists());
    home.run(&["status"]).failed(1, "no idlewatt runs");
    let next = home.daemon(&[]);
    assert_eq!(next.status()["phase"], "waiting_for_consent");
}

#[test]
fn a_hub_that_cannot_be_reached_is_told_and_tried_again() {
    let home = Home::new();
    home.run(&["consent", "--accept"]);
    home.write("mode.json", PAUSED);
    let daemon = home.daemon(&["--hub", "http://127.0.0.1:1"]);
    until("the trouble is told", || {
        let trouble = daemon.status()["source"]["trouble"].to_string();
        trouble.contains("http://127.0.0.1:1 cannot be reached")
    });
    assert_eq!(daemon.status()["source"]["kind"], "hub");
}

#[test]
fn a_hub_program_that_is_missing_is_told() {
    let home = Home::new();
    home.run(&["consent", "--accept"]);
    home.write("mode.json", PAUSED);
    let daemon = home.daemon(&[]);
    until("the trouble is told", || {
        let trouble = daemon.status()["source"]["trouble"].to_string();
        trouble.contains("no-hub-here cannot be started")
    });
}

#[test]
fn another_chance_needs_an_agent_and_a_processor_that_it_has() {
    let home = Home::new();
    let retry = ["processors", "--retry", "gpu-0", "--json"];
    home.run(&retry).failed(1, "the agent is not running");
    home.run(&["consent", "--accept"]);
    home.write("config.toml", "[gpu]\nenabled = false\n");
    let _agent = home.daemon(&["--mode", "pause"]);
    until("the processors are known", || {
        home.run(&retry).err.contains("allowed: cpu")
    });
    home.run(&retry).failed(2, "unknown processor \"gpu-0\"");
    let listed = home.run(&["processors", "--retry", "cpu", "--json"]).json();
    assert_eq!(listed[0]["id"], "cpu");
}
