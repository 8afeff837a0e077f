//! Modes as the owner chooses them: for good, for a while, paused and resumed, over restarts.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::harness::{Daemon, Home, until};

/// Ends the agent and starts it anew.
fn restarted<'a>(home: &'a Home, mut daemon: Daemon<'a>, arguments: &[&str]) -> Daemon<'a> {
    home.run(&["stop"]);
    assert_eq!(daemon.wait(), Some(0));
    home.daemon(arguments)
}

fn moment(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a time");
    text.parse().expect("RFC 3339")
}

#[test]
fn a_mode_for_a_while_ends_by_itself() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    let answer = home.run(&["mode", "100", "--for", "2s", "--json"]).json();
    assert_eq!(
        (&answer["mode"], &answer["then"]),
        (&json!("100"), &json!("smart"))
    );
    assert!(answer["until"].is_string());
    until("smart holds again", || daemon.status()["mode"] == "smart");
    assert!(daemon.status().get("mode_until").is_none());
}

#[test]
fn a_mode_for_a_while_ends_also_when_the_agent_was_not_running() {
    let home = Home::new();
    let mut daemon = home.daemon(&[]);
    home.run(&["mode", "100", "--for", "1s"]);
    daemon.child.kill().expect("killed");
    daemon.wait();
    until("smart holds again", || {
        home.daemon(&[]).status()["mode"] == "smart"
    });
}

#[test]
fn a_pause_by_hand_outlives_restarts_settings_and_flags() {
    let home = Home::new();
    let mut daemon = home.daemon(&[]);
    home.run(&["mode", "pause"]);
    home.run(&["stop"]);
    assert_eq!(daemon.wait(), Some(0));
    home.write("config.toml", "mode = 90\n");
    let daemon = home.daemon(&["--mode", "100"]);
    assert_eq!(daemon.status()["mode"], "pause");
}

#[test]
fn a_flag_chooses_the_mode_and_the_setting_only_the_first() {
    let home = Home::new();
    home.write("config.toml", "mode = 90\n");
    let mut daemon = home.daemon(&[]);
    assert_eq!(daemon.status()["mode"], "90");
    home.run(&["mode", "50"]);
    home.run(&["stop"]);
    daemon.wait();
    let mut daemon = home.daemon(&[]);
    assert_eq!(daemon.status()["mode"], "50");
    home.run(&["stop"]);
    daemon.wait();
    assert_eq!(home.daemon(&["--mode", "100"]).status()["mode"], "100");
}

#[test]
fn a_mode_until_a_time_ends_when_the_clock_shows_it() {
    let home = Home::new();
    let _daemon = home.daemon(&[]);
    let before = Timestamp::now();
    let answer = home
        .run(&["mode", "77", "--until", "18:00", "--json"])
        .json();
    assert_eq!(answer["mode"], "77");
    assert_eq!(answer["then"], "smart");
    assert_eq!(answer["until_input"], false);
    let end = moment(&answer["until"]);
    let local = end.to_zoned(TimeZone::system());
    assert_eq!(local.strftime("%H:%M:%S").to_string(), "18:00:00");
    assert!(end > before && end.duration_since(before) < SignedDuration::from_hours(26));
    let status = home.run(&["status", "--json"]).json();
    assert_eq!(moment(&status["mode_until"]), end);

    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    let local = tomorrow.to_zoned(TimeZone::system());
    let asked = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let told = home.run(&["mode", "100", "--until", &asked]).out;
    let clock = local.strftime("mode 100 until %Y-%m-%d %H:%M (in ");
    assert!(
        told.starts_with(&clock.to_string()) && told.ends_with("), then smart\n"),
        "{told}"
    );
}

#[test]
fn an_end_in_the_past_or_too_far_away_is_refused() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    for (end, told) in [
        (
            ["--until", "2020-01-01T00:00"],
            "until = 2020-01-01 00:00:00 is in the past; it is ",
        ),
        (
            ["--until", "2999-01-01T00:00"],
            "until = 2999-01-01 00:00:00 is too far away; it is ",
        ),
        (["--for", "367d"], "allowed: 1 to 31622400 (366 days)"),
    ] {
        home.run(&[&["mode", "100"][..], &end].concat())
            .failed(2, told);
    }
    assert_eq!(daemon.status()["mode"], "smart");
}

#[test]
fn a_mode_until_input_is_kept_over_a_restart() {
    let home = Home::new();
    let daemon = home.daemon(&["--mode", "60"]);
    let told = home.run(&["mode", "100", "--until-input"]).out;
    assert_eq!(told, "mode 100 until the next input, then 60\n");
    let daemon = restarted(&home, daemon, &[]);
    let status = daemon.status();
    assert_eq!(
        (&status["mode"], &status["mode_then"]),
        (&json!("100"), &json!("60"))
    );
    let answer = home.run(&["pause", "--until-input", "--json"]).json();
    assert_eq!(
        answer,
        json!({"mode": "pause", "until": null, "until_input": true, "until_away": false, "then": "60"})
    );
}

#[test]
fn a_lasting_pause_is_ended_by_resuming_what_was_before() {
    let home = Home::new();
    let daemon = home.daemon(&[]);
    home.run(&["mode", "50"]);
    assert_eq!(
        home.run(&["pause"]).out,
        "mode pause, for good: `idlewatt resume` ends it\n"
    );
    let daemon = restarted(&home, daemon, &["--mode", "100"]);
    assert_eq!(daemon.status()["mode"], "pause");
    // For a while something else, and then for good again: also over a restart with another mode.
    home.run(&["mode", "90", "--for", "1h"]);
    let daemon = restarted(&home, daemon, &["--mode", "100"]);
    assert_eq!(daemon.status()["mode_then"], "pause");
    home.run(&["pause"]);
    let resumed = home.run(&["resume", "--json"]).json();
    assert_eq!(
        resumed,
        json!({"mode": "50", "until": null, "until_input": false, "until_away": false, "then": null})
    );
    let daemon = restarted(&home, daemon, &[]);
    assert_eq!(daemon.status()["mode"], "50");
    assert_eq!(home.run(&["resume"]).out, "mode 50\n");
}

#[test]
fn resuming_with_nothing_known_before_is_smart() {
    let home = Home::new();
    home.write("config.toml", "mode = \"pause\"\n");
    let daemon = home.daemon(&[]);
    assert_eq!(daemon.status()["mode"], "pause");
    assert_eq!(home.run(&["resume"]).out, "mode smart\n");
}

#[test]
fn a_pause_for_a_while_is_kept_over_a_restart_and_can_be_resumed() {
    let home = Home::new();
    let daemon = home.daemon(&["--mode", "50"]);
    let told = home.run(&["pause", "--for", "1h"]).out;
    assert!(
        told.starts_with("mode pause until ") && told.ends_with(" (in 1h), then 50\n"),
        "{told}"
    );
    let end = daemon.status()["mode_until"].clone();
    let daemon = restarted(&home, daemon, &["--mode", "100"]);
    let status = daemon.status();
    assert_eq!(
        (&status["mode"], &status["mode_until"]),
        (&json!("pause"), &end)
    );
    assert_eq!(home.run(&["resume"]).out, "mode 50\n");
    assert!(daemon.status().get("mode_until").is_none());
}

#[test]
fn a_pause_for_a_while_ends_by_itself_after_a_restart() {
    let home = Home::new();
    let daemon = home.daemon(&["--mode", "50"]);
    home.run(&["pause", "--for", "2s"]);
    let daemon = restarted(&home, daemon, &[]);
    until("50 holds again", || daemon.status()["mode"] == "50");
    let kept = std::fs::read_to_string(home.file("mode.json")).expect("kept");
    assert!(!kept.contains("pause"), "{kept}");
}
