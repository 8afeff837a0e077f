//! What the real daemon has the desktop tell, over a real message bus.

use std::time::Duration;

use idlewatt_tests::desktop::Desktop;
use idlewatt_tests::process::{processes, send};
use idlewatt_tests::tray::{ATTENTION, Notifications, Panel, agent};
use idlewatt_tests::wait::until;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// The CPU alone, on the algorithm that needs no preparation.
const SETTINGS: &str = "[gpu]\nenabled = false\n[cpu]\nalgorithm = \"sha256d\"\n";

#[test]
fn the_first_share_is_told_once_in_a_life() {
    let desktop = Desktop::start();
    let notifications = Notifications::start(desktop.address());
    let mut agent = agent(&desktop, SETTINGS);
    agent.consent();
    agent.start(&["--mode", "100"]);
    let told = until(
        "the first share to be told",
        Duration::from_secs(180),
        || {
            let told = notifications.told();
            told.first().cloned().ok_or_else(|| agent.log())
        },
    );
    assert_eq!(told.title, "The first share was accepted");
    let status = agent.json(&["status"]);
    let name = status["processors"][0]["name"].as_str().expect("a name");
    assert!(
        told.text.starts_with(&format!("{name} found it.")),
        "{told:?}"
    );
    let accepted = |status: &Value| status["shares"]["accepted"].as_u64().unwrap_or(0);
    let before = accepted(&status);
    agent.daemon().signal("TERM", PATIENCE);
    agent.start(&["--mode", "100"]);
    agent.wait_status("more shares", Duration::from_secs(180), |status| {
        accepted(status) > before
    });
    assert_eq!(notifications.told().len(), 1);
}

#[test]
fn a_processor_that_was_set_aside_is_told_and_what_is_switched_off_is_not() {
    let desktop = Desktop::start();
    let notifications = Notifications::start(desktop.address());
    let panel = Panel::start(desktop.address());
    let off = "[notifications]\nfirst_share = false\n";
    let mut agent = agent(&desktop, &format!("{SETTINGS}{off}"));
    agent.consent();
    agent.start(&["--mode", "100"]);
    agent.wait_status("a share", Duration::from_secs(180), |status| {
        status["shares"]["accepted"].as_u64() >= Some(1)
    });
    // Its engine fails whenever it is started, until it is left alone.
    let id = agent.daemon_id();
    until("it to be set aside", PATIENCE, || {
        for engine in processes("engine --processor cpu") {
            if engine.parent == id {
                send("KILL", engine.id);
            }
        }
        let status = agent.json(&["status"]);
        match status["processors"][0]["phase"] == "set_aside" {
            true => Ok(()),
            false => Err(format!("{status:#}")),
        }
    });
    let told = until("it to be told", PATIENCE, || {
        let told = notifications.told();
        told.first().cloned().ok_or_else(|| agent.log())
    });
    let status = agent.json(&["status"]);
    let name = status["processors"][0]["name"].as_str().expect("a name");
    assert_eq!(told.title, format!("{name} was set aside"));
    let icon = panel.icon();
    icon.wait_colour(ATTENTION, &agent);
    icon.wait_menu("the reason", |menu| {
        menu[0].label.contains("was set aside: ")
    });
    assert_eq!(
        notifications.told().len(),
        1,
        "the first share was switched off"
    );
}
