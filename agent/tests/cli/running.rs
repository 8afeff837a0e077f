//! The running agent and its clients.

use super::harness::{Home, until};
use serde_json::json;

#[test]
fn nothing_runs_before_consent_nor_after_it() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let status = daemon.status();
    assert_eq!(status["phase"], "waiting_for_consent");
    assert_eq!(status["consent"], false);
    assert_eq!(status["processors"], json!([]));
    let reason = status["reason"].as_str().expect("text");
    assert!(reason.contains("idlewatt consent --accept"), "{reason}");
    #[cfg(target_os = "linux")]
    assert_eq!(daemon.children(), Vec::<String>::new());
    home.run(&["bench"]).failed(1, "consent");
    assert!(!home.file("identity.json").exists() && !home.file("hub").exists());

    home.run(&["mode", "pause"]);
    home.run(&["consent", "--accept"]);
    until("it has begun", || {
        daemon.status()["processors"][0]["id"] == "cpu"
    });
    assert_eq!(daemon.status()["reason"], "paused by hand");
    home.run(&["consent", "--withdraw"]);
    until("it has ended", || {
        daemon.status()["processors"] == json!([])
    });
    assert_eq!(daemon.status()["phase"], "waiting_for_consent");
    assert!(!home.file("consent.json").exists());
}

#[test]
fn the_status_has_what_its_description_promises() {
    let home = Home::new();
    let daemon = home.daemon(&["--mode", "pause"]);
    home.run(&["consent", "--accept"]);
    until("it has begun", || {
        daemon.status()["processors"][0]["id"] == "cpu"
    });
    let status = daemon.status();
    assert_eq!(status["mode"], "pause");
    assert_eq!(
        status["shares"],
        json!({"accepted": 0, "stale": 0, "rejected": 0, "pending": 0, "lost": 0, "unknown": 0, "lost_at_hub": 0})
    );
    assert_eq!(status["source"]["kind"], "embedded_hub");
    let cpu = &status["processors"][0];
    for key in ["id", "kind", "name", "phase", "unit"] {
        assert!(cpu[key].is_string(), "{key} in {cpu}");
    }
    for key in ["rate", "allowed_percent", "achieved_percent"] {
        assert!(cpu[key].is_number(), "{key} in {cpu}");
    }
    assert_eq!(cpu["allowed_percent"], 0);
    let earned = home.run(&["earnings", "--json"]).json();
    for key in [
        "this_device",
        "other_devices",
        "referrals",
        "total",
        "wallet",
    ] {
        assert_eq!(earned[key], json!([]), "{key}");
    }
    let nothing = json!({"shares": 0, "amounts": []});
    assert_eq!(
        (&earned["awaiting"], &status["awaiting"]),
        (&nothing, &nothing)
    );
    assert_eq!(home.run(&["receipts", "list", "--json"]).json(), json!([]));
    home.run(&["receipts", "check"])
        .failed(1, "does not work for a hub yet");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pause_ends_the_first_benchmark_at_once() {
    let home = Home::new();
    home.write(
        "config.toml",
        "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n",
    );
    home.run(&["consent", "--accept"]);
    let daemon = home.daemon(&["--mode", "100"]);
    until("it measures", || {
        daemon.status()["phase"] == "benchmarking" && !daemon.children().is_empty()
    });
    home.run(&["mode", "pause"]);
    until("it has stopped", || {
        let status = daemon.status();
        status.get("benchmark").is_none() && daemon.children().is_empty()
    });
    assert_eq!(daemon.status()["reason"], "paused by hand");
    home.run(&["mode", "100"]);
    until("it measures again", || {
        daemon.status()["phase"] == "benchmarking"
    });
    until("it is done", || daemon.status()["phase"] != "benchmarking");
    let kept = std::fs::read_to_string(home.file("benchmarks.json")).expect("kept");
    assert!(kept.contains("sha256d"), "{kept}");
}

#[test]
fn stop_waits_until_it_has_ended() {
    let home = Home::new();
    let mut daemon = home.daemon(&[]);
    assert_eq!(
        home.run(&["stop", "--json"]).json(),
        json!({"stopped": true})
    );
    assert_eq!(daemon.wait(), Some(0));
    assert!(!home.file("control.json").exists());
    home.run(&["stop"]).failed(1, "no idlewatt runs");
}

#[cfg(unix)]
#[test]
fn every_polite_signal_ends_it() {
    for signal in ["INT", "TERM", "HUP"] {
        let home = Home::new();
        let mut daemon = home.daemon(&[]);
        let id = daemon.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &id])
            .status();
        assert!(sent.expect("kill runs").success());
        assert_eq!(daemon.wait(), Some(0), "{signal}");
        assert!(!home.file("control.json").exists(), "{signal}");
    }
}
