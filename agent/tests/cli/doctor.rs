//! `idlewatt doctor`: what it finds at the real program and a real agent, and what it keeps to itself.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use super::harness::{Ended, Home, until};

/// Without graphics cards, which every machine has others of.
const QUIET: &str = "[gpu]\nenabled = false\n";
/// Recognisable in any text; none is as long as what is taken out for its length alone.
const SECRETS: [&str; 5] = [
    "48PayoutAddress",
    "RigInSeoul",
    "PasswordOfPool",
    "TokenOfDevice",
    "annabelle",
];

/// The doctor of a user called annabelle.
fn doctor(home: &Home, arguments: &[&str]) -> Command {
    let mut all = vec!["doctor"];
    all.extend(arguments);
    let mut command = home.command(&all);
    command
        .env("HOME", home.path().join("annabelle"))
        .env("USER", "annabelle")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("HTTP_PROXY");
    command
}

fn ended(mut command: Command) -> Ended {
    Ended::of(command.output().expect("started"))
}

/// The report, whatever it came to.
fn report(ended: &Ended) -> Value {
    assert!(
        matches!(ended.code, Some(0 | 1)),
        "{}{}",
        ended.out,
        ended.err
    );
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    let expected = if report["problems"] == 0 { 0 } else { 1 };
    assert_eq!(ended.code, Some(expected), "{report:#}");
    report
}

fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {report:#}"))
}

fn assert_discreet(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn a_missing_hub_program_is_a_problem_only_where_it_is_needed() {
    let home = Home::new();
    home.write("config.toml", QUIET);
    let broken = report(&ended(doctor(&home, &["--json"])));
    assert_eq!(check(&broken, "hub-program")["verdict"], "problem");
    assert_eq!(check(&broken, "program")["verdict"], "ok");
    assert_eq!(check(&broken, "agent")["verdict"], "worth_knowing");
    let elsewhere = report(&ended(doctor(
        &home,
        &["--json", "--hub", "http://127.0.0.1:1"],
    )));
    assert_eq!(check(&elsewhere, "hub-program")["verdict"], "worth_knowing");
    assert_eq!(check(&elsewhere, "connection")["verdict"], "problem");
}

#[test]
fn a_pc_where_all_is_well_ends_with_0_in_both_languages() {
    let home = Home::new();
    home.write("config.toml", QUIET);
    let hub = home.file("hub-program");
    let body = format!(
        "#!/bin/sh\necho idlewatt-hub {}\n",
        env!("CARGO_PKG_VERSION")
    );
    std::fs::write(&hub, body).expect("written");
    std::fs::set_permissions(&hub, std::fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let of = |arguments: &[&str]| {
        let mut command = doctor(&home, arguments);
        command.env("IDLEWATT_HUB_EXE", &hub);
        ended(command)
    };
    let found = report(&of(&["--json"]));
    assert_eq!(found["problems"], 0, "{found:#}");
    assert_eq!(check(&found, "hub-program")["verdict"], "ok", "{found:#}");
    let english = of(&["--language", "en"]);
    assert_eq!(english.code, Some(0), "{}", english.out);
    assert!(english.out.contains("no problem, "), "{}", english.out);
    let korean = of(&["--language", "ko"]);
    assert!(korean.out.contains("문제 0개"), "{}", korean.out);
    assert!(!korean.out.contains("{ $") && !korean.out.contains("doctor-"));
}

#[test]
fn autostart_is_told_as_off_on_and_turned_off() {
    let home = Home::new();
    home.write("config.toml", QUIET);
    let verdict = || {
        let report = report(&ended(doctor(&home, &["--json"])));
        let check = check(&report, "autostart");
        (
            check["verdict"].clone(),
            check["found"].as_str().expect("words").to_owned(),
        )
    };
    assert!(verdict().1.contains("does not start by itself"));
    let folder = home.path().join("annabelle/.config/autostart");
    std::fs::create_dir_all(&folder).expect("made");
    let entry = folder.join("idlewatt.desktop");
    std::fs::write(&entry, "[Desktop Entry]\nExec=idlewatt daemon\n").expect("written");
    let (on, told) = verdict();
    assert_eq!(on, "ok");
    assert!(told.contains("~/.config/autostart"), "{told}");
    std::fs::write(
        &entry,
        "[Desktop Entry]\nExec=idlewatt daemon\nHidden=true\n",
    )
    .expect("written");
    let (off, told) = verdict();
    assert_eq!(off, "worth_knowing");
    assert!(told.contains("turned off"), "{told}");
}

#[test]
fn a_running_agents_trouble_is_told_and_its_secrets_are_not() {
    let home = Home::new();
    let [address, rig, password, token, _] = SECRETS;
    // A pool that repeats what it was given.
    let pool = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = pool.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in pool.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream);
            if reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                let refusal = r#"{"id":1,"error":{"code":-1,"message":"no user 48PayoutAddress, password PasswordOfPool"},"result":null}"#;
                // The other side may be gone.
                let _ = writeln!(reader.get_mut(), "{refusal}");
            }
        }
    });
    home.write(
        "config.toml",
        &format!(
            "{QUIET}[cpu]\nalgorithm = \"sha256d\"\n[pool]\nurl = \"stratum+tcp://127.0.0.1:{port}\"\nuser = \"{address}.{rig}\"\npassword = \"{password}\"\nalgorithm = \"sha256d\"\n"
        ),
    );
    let identity = format!(r#"{{"hubs":{{}},"keys":{{}},"note":"{token}"}}"#);
    home.write("identity.json", &identity);
    assert_eq!(home.run(&["consent", "--accept"]).code, Some(0));
    let daemon = home.daemon(&["--mode", "5"]);
    until("the pool has refused", || {
        daemon.status()["source"]["connections"]
            .to_string()
            .contains("no user")
    });
    let told = ended(doctor(&home, &["--json"]));
    let found = report(&told);
    assert_eq!(check(&found, "agent")["verdict"], "ok");
    assert_eq!(check(&found, "pool")["verdict"], "ok");
    let trouble = check(&found, "connection");
    assert!(
        trouble["found"]
            .as_str()
            .expect("words")
            .contains("no user (secret)"),
        "{trouble}"
    );
    assert_discreet(&told.out);
    assert_discreet(&ended(doctor(&home, &[])).out);
    let (_, token) = daemon.control();
    assert!(!told.out.contains(&token));
}

#[test]
fn wrong_settings_are_named_without_their_values() {
    let home = Home::new();
    let [address, _, password, ..] = SECRETS;
    home.write(
        "config.toml",
        &format!(
            "{QUIET}[pool]\nuser = [\"{address}\"]\npassword = 7\n[hub]\nurl = \"{password}\"\n"
        ),
    );
    let told = ended(doctor(&home, &["--json"]));
    let found = report(&told);
    let settings = check(&found, "settings");
    assert_eq!(settings["verdict"], "problem");
    let words = settings["found"].as_str().expect("words");
    for named in ["line 4 pool.user", "line 5 pool.password", "line 7 hub.url"] {
        assert!(words.contains(named), "{words}");
    }
    assert_discreet(&told.out);
}

#[test]
fn through_a_proxy_a_hub_is_looked_at_and_the_proxys_login_is_not_told() {
    let home = Home::new();
    home.write("config.toml", QUIET);
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = proxy.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in proxy.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream);
            if reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                assert!(line.starts_with("GET http://hub.invalid/v1/work"), "{line}");
                // What is left unread would end the connection before the answer is read.
                while line.trim_end() != "" {
                    line.clear();
                    reader.read_line(&mut line).expect("the request's head");
                }
                let body = r#"{"stratum_port":9,"offers":[]}"#;
                let _ = write!(
                    reader.get_mut(),
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        }
    });
    let mut command = doctor(&home, &["--json", "--hub", "http://hub.invalid"]);
    command.env(
        "HTTP_PROXY",
        format!("http://annabelle:PasswordOfPool@127.0.0.1:{port}"),
    );
    let told = ended(command);
    let found = report(&told);
    assert_eq!(check(&found, "proxy")["verdict"], "ok");
    assert_eq!(check(&found, "connection")["verdict"], "ok");
    // It answers as a hub does; work goes straight, and nothing leads there.
    assert_eq!(check(&found, "hub")["verdict"], "worth_knowing");
    assert_eq!(check(&found, "name")["verdict"], "problem");
    assert_discreet(&told.out);
}
