//! What installers and the desktop call: `idlewatt setup` before a first start, and `daemon --background`.

use std::fs;

use serde_json::json;

use super::harness::{Home, until};

const CODE: &str = "7KE6K9QP";

#[test]
fn what_a_first_start_needs_is_written_down_before_it() {
    let home = Home::new();
    home.write("config.toml", "# the owner's words\n[pool]\nurl = \"stratum+tcp://127.0.0.1:1\"\nuser = \"1B\"\nalgorithm = \"sha256d\"\n");
    let hub = "http://127.0.0.1:1";
    let said = [
        "setup",
        "--json",
        "--hub",
        hub,
        "--enrol",
        CODE,
        "--mode",
        "50",
        "--consent",
    ];
    let done = home.run(&said);
    assert_eq!(
        done.json(),
        json!({"settings": ["hub.url", "mode"], "enrolment": true, "consent": true})
    );
    assert!(!done.out.contains(CODE), "a code is not repeated");
    let settings = fs::read_to_string(home.file("config.toml")).expect("there");
    assert!(settings.contains("# the owner's words"), "{settings}");
    assert!(!settings.contains(CODE), "{settings}");
    let shown = home.run(&["config", "show", "--json"]).json();
    let value = |name: &str| {
        let list = shown.as_array().expect("a list");
        let found = list.iter().find(|entry| entry["setting"] == name);
        found.map_or(json!(null), |entry| entry["value"].clone())
    };
    assert_eq!(value("hub.url"), hub);
    assert_eq!(value("mode").to_string().trim_matches('"'), "50");
    assert_eq!(value("pool.url"), "", "a hub or a pool: {shown:#}");
    let awaited = fs::read_to_string(home.file("identity.json")).expect("there");
    assert!(awaited.contains(CODE), "the next start joins with it");

    // What was said before stays where nothing is said of it.
    let again = home.run(&["setup", "--json", "--mode", "smart"]).json();
    assert_eq!(
        again,
        json!({"settings": ["mode"], "enrolment": false, "consent": true})
    );
    let kept = fs::read_to_string(home.file("identity.json")).expect("there");
    assert_eq!(kept, awaited);
}

#[test]
fn wrong_words_write_nothing_at_all() {
    let home = Home::new();
    let right = ["--hub", "http://127.0.0.1:1", "--consent"];
    for (wrong, told) in [
        (vec!["--enrol", "SHORT"], "8 letters or digits"),
        (vec!["--enrol", "IWE-SHORT"], "32 letters or digits"),
        (vec!["--mode", "often"], "often"),
        (vec!["--hub", "ftp://hub", "--enrol", CODE], "ftp"),
    ] {
        let mut said = vec!["setup"];
        if !wrong.contains(&"--hub") {
            said.extend(right);
        } else {
            said.push("--consent");
        }
        said.extend(wrong);
        home.run(&said).failed(2, told);
        for file in ["config.toml", "identity.json", "consent.json"] {
            assert!(!home.file(file).exists(), "{file} after {said:?}");
        }
    }
    home.run(&["setup", "--enrol", CODE, "--consent"])
        .failed(2, "--hub URL");
    assert!(!home.file("consent.json").exists());

    // An agent that runs has its own ways to change things.
    let _daemon = home.daemon(&["--mode", "pause"]);
    home.run(&["setup", "--consent"])
        .failed(1, "another idlewatt runs");
    assert!(!home.file("consent.json").exists());
}

#[test]
fn in_the_background_it_logs_to_a_file_and_a_second_one_has_nothing_to_do() {
    let home = Home::new();
    home.write("agent.log", "what was before\n");
    let mut daemon = home.daemon(&["--background", "--mode", "pause"]);
    let log = fs::read_to_string(home.file("agent.log")).expect("there");
    assert!(log.contains("consent"), "{log}");
    let before = fs::read_to_string(home.file("agent-before.log")).expect("kept");
    assert_eq!(before, "what was before\n");

    let second = home.run(&["daemon", "--background"]);
    assert_eq!((second.code, second.out.as_str()), (Some(0), ""));
    assert_eq!(second.err, "");
    assert!(home.run(&["status"]).code == Some(0), "the first one stays");

    home.run(&["stop"]);
    assert_eq!(daemon.wait(), Some(0));

    // Settings that are wrong are said where somebody can read them.
    home.write("config.toml", "mode = \"often\"\n");
    let failed = home.run(&["daemon", "--background"]);
    assert_eq!(failed.code, Some(2), "{}", failed.err);
    let log = fs::read_to_string(home.file("agent.log")).expect("there");
    assert!(log.contains("often"), "{log}");
}

#[test]
fn of_two_that_start_at_once_one_stays_and_the_other_has_nothing_to_do() {
    let home = Home::new();
    let start = || {
        let mut command = home.command(&["daemon", "--background", "--mode", "pause"]);
        command.spawn().expect("started")
    };
    let mut both = [start(), start()];
    until("one of them has ended", || {
        let ends = both.each_mut().map(|one| one.try_wait().expect("ours"));
        ends.iter().flatten().next().is_some_and(|end| {
            assert_eq!(end.code(), Some(0));
            true
        })
    });
    until("the other runs", || home.run(&["status"]).code == Some(0));
    let log = fs::read_to_string(home.file("agent.log")).expect("there");
    assert!(!log.contains("could not start"), "{log}");
    assert!(!home.file("agent-before.log").exists());
    home.run(&["stop"]);
    for mut one in both {
        assert_eq!(one.wait().expect("ours").code(), Some(0));
    }
}
