//! Updates as the owner meets them, with a build that has no key: what one with a key does is tested beside its code.

use super::harness::{Home, until};
use super::pages::Session;

#[test]
fn a_build_without_a_key_says_so_and_touches_nothing() {
    let home = Home::new();
    for arguments in [
        &["update"][..],
        &["update", "--check"],
        &["update", "--again", "--json"],
    ] {
        let ended = home.run(arguments);
        ended.failed(1, "this build has no key to check updates with");
        assert_eq!(ended.out, "");
    }
    home.run(&["--language", "ko", "update"])
        .failed(1, "키가 없어");
    home.run(&["update", "--check", "--again"])
        .failed(2, "cannot be used with");
    assert!(!home.file("update").exists());
    home.write("config.toml", "[update]\nurl = \"http://example.net\"\n");
    home.run(&["update"]).failed(2, "update.url");
}

#[test]
fn the_owner_decides_on_the_first_run_and_in_the_settings() {
    let home = Home::new();
    // Nothing to be measured: this is about the box.
    let nothing = "[cpu]\nenabled = false\n[gpu]\nenabled = false\n";
    home.write("config.toml", nothing);
    let daemon = home.daemon(&[]);
    let session = Session::new(&daemon);
    let (_, _, page) = session.get("first-run");
    let start = page.find("id=\"update-automatic\"").expect("a box");
    let tag = page[start..].split('>').next().expect("ends");
    assert!(
        tag.contains("disabled") && !tag.contains("checked"),
        "{tag}"
    );
    assert!(page.contains("This build has no key"), "{page}");
    let token = session.form_token();
    let post = |page: &str, more: &str| {
        let body = format!("form_token={token}{more}");
        let (status, _, text) = session.post(page, &session.origin(), &body);
        assert_eq!(status, 303, "{text}");
    };
    let settings = || std::fs::read_to_string(home.file("config.toml")).expect("there");
    post("consent", "&update_automatic=yes");
    assert!(
        settings().contains("[update]\nautomatic = true"),
        "{}",
        settings()
    );
    assert_eq!(daemon.status()["consent"], true);
    post("update", "");
    assert!(settings().contains("automatic = false"), "{}", settings());
    post("update", "&update_automatic=yes");
    assert!(settings().contains("automatic = true"), "{}", settings());
    // Given once, the answer to the consent's form is not asked for again.
    post("update", "");
    post("consent", "&update_automatic=yes");
    assert!(settings().contains("automatic = false"), "{}", settings());
    let (_, _, page) = session.get("settings");
    assert!(page.contains("This build has no key"), "{page}");
}

#[test]
fn an_update_that_waits_and_one_that_was_put_back_are_shown() {
    let home = Home::new();
    std::fs::create_dir_all(home.file("update/staged")).expect("made");
    let hash = "0".repeat(64);
    let staged = format!(
        r#"{{"version": "99.1.0", "name": "new.exe", "sha256": "{hash}", "bytes": 3, "staged_at": "2026-11-23T00:00:00Z"}}"#
    );
    home.write("update/staged.json", &staged);
    home.write("update/staged/new.exe", "new");
    let checked = r#"{"at": "2026-11-23T00:00:00Z", "outcome": "available", "version": "99.1.0"}"#;
    home.write("update/checked.json", checked);
    // An installer of another version that put it back.
    let applying = format!(
        r#"{{"from": "{}", "to": "99.0.0", "started_at": "2026-11-22T00:00:00Z"}}"#,
        env!("CARGO_PKG_VERSION")
    );
    home.write("update/applying.json", &applying);
    home.write("update/rolled-back.txt", "99.0.0\r\n");
    let daemon = home.daemon(&[]);
    until("it is on record", || {
        !home.file("update/applying.json").exists()
    });
    let status = daemon.status();
    // What waited was fetched before the one that failed was installed: it is fetched anew.
    assert_eq!(status["update"], serde_json::json!({"failed": "99.0.0"}));
    assert!(!home.file("update/staged.json").exists());
    assert!(!home.file("update/staged/new.exe").exists());
    home.write("update/staged.json", &staged);
    let status = daemon.status();
    let both = serde_json::json!({"staged": "99.1.0", "failed": "99.0.0"});
    assert_eq!(status["update"], both);
    let text = home.run(&["status"]).out;
    for told in ["99.1.0 is here", "99.0.0 did not come up", "--again"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let session = Session::new(&daemon);
    let (_, _, page) = session.get("settings");
    for told in [
        "99.1.0 is there",
        "99.1.0 is here",
        "99.0.0 did not come up",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
}

#[test]
fn an_agent_that_is_the_new_version_says_that_it_is_well() {
    let home = Home::new();
    let version = env!("CARGO_PKG_VERSION");
    std::fs::create_dir_all(home.file("update")).expect("made");
    let applying =
        format!(r#"{{"from": "0.0.1", "to": "{version}", "started_at": "2026-11-22T00:00:00Z"}}"#);
    home.write("update/applying.json", &applying);
    let _daemon = home.daemon(&[]);
    until("it says so, and tidies up", || {
        home.file("update/healthy.json").exists() && !home.file("update/applying.json").exists()
    });
    let told = std::fs::read(home.file("update/healthy.json")).expect("there");
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    assert_eq!(told, serde_json::json!({"version": version}));
}
