//! Commands that need no running agent.

use super::harness::Home;
use serde_json::{Value, json};

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_allowed() {
    let home = Home::new();
    for (arguments, told) in [
        (
            &["mode", "fast"][..],
            "unknown mode \"fast\"; allowed: smart, a whole number from 5 to 100, pause",
        ),
        (
            &["mode", "50", "--for", "2x"],
            "allowed: numbers with s, m, h or d",
        ),
        (
            &["mode", "50", "--for", "0s"],
            "allowed: numbers with s, m, h or d",
        ),
        (
            &["mode", "50", "--until", "25:00"],
            "\"25:00\" is not a time; allowed: 00:00 to 23:59",
        ),
        (
            &["pause", "--until", "tomorrow"],
            "or a date with a time such as 2026-11-23T08:00",
        ),
        (
            &["mode", "50", "--for", "1h", "--until", "18:00"],
            "cannot be used with",
        ),
        (
            &["pause", "--for", "1h", "--until-input"],
            "cannot be used with",
        ),
        (&["resume", "--for", "1h"], "--for"),
        (
            &["daemon", "--mode", "101"],
            "unknown mode \"101\"; allowed: smart, a whole number from 5 to 100, pause",
        ),
        (
            &["bench", "--algorithm", "scrypt"],
            "unknown algorithm \"scrypt\"; allowed: sha256d, randomx",
        ),
        (
            &["daemon", "--hub", "hub.example"],
            "--hub: hub.url = \"hub.example\" is not allowed",
        ),
        (&["daemon", "--pool", "stratum+tcp://pool:1"], "--pool-user"),
        (&["pool", "check"], "no pool is named"),
        (
            &["pool", "check", "ftp://pool", "--user", "me"],
            "stratum+tcp://",
        ),
        (
            &[
                "pool",
                "check",
                "pool:1",
                "--user",
                "me",
                "--algorithm",
                "scrypt",
            ],
            "allowed: sha256d",
        ),
        (&["daemon", "--enrol", "ABCDEFGH"], "--enrol needs a hub"),
        (
            &["daemon", "--hub", "http://hub", "--enrol", "x"],
            "an enrolment code is 8 letters or digits",
        ),
        (&["consent"], "--accept"),
        (&["receipts", "list", "--limit", "0"], "1..=1000"),
        (&["nonsense"], "nonsense"),
    ] {
        home.run(arguments).failed(2, told);
    }
    assert!(
        !home.path().exists(),
        "a refused command leaves nothing behind"
    );
}

#[test]
fn without_an_agent_its_clients_say_so() {
    let home = Home::new();
    for arguments in [
        &["status"][..],
        &["mode", "50"],
        &["pause"],
        &["resume"],
        &["earnings"],
        &["receipts", "list"],
        &["receipts", "check"],
        &["stop"],
    ] {
        home.run(arguments).failed(
            1,
            &format!(
                "no idlewatt runs with the data directory {}",
                home.path().display()
            ),
        );
    }
}

#[test]
fn settings_are_shown_checked_and_explained() {
    let home = Home::new();
    let template = home.run(&["config", "template"]);
    home.write("config.toml", &template.out);
    let checked = home.run(&["config", "check", "--json"]).json();
    assert_eq!(checked["valid"], true);
    assert_eq!(
        checked["file"],
        home.file("config.toml").display().to_string()
    );

    home.write(
        "config.toml",
        "\n[cpu]\nthreads = 2\n[network]\nproxy = \"socks5://ann:hush@proxy:1080\"\n[pool]\nurl = \"stratum+tcp://pool:1\"\n\
         user = \"me\"\npassword = \"hush\"\nfallback_urls = [\"stratum+tcp://you:hush@b:2\", \"stratum+tcp://c:3\"]\n\
         [[schedule]]\ndays = \"weekend\"\nfrom = \"22:00\"\nto = \"06:00\"\nmode = 100\n",
    );
    let shown = home
        .run(&["config", "show", "--json", "--mode", "90"])
        .json();
    let of = |setting: &str| {
        let each = shown.as_array().expect("a list").iter();
        each.clone()
            .find(|one| one["setting"] == setting)
            .expect("listed")
            .clone()
    };
    assert_eq!(of("cpu.threads")["value"], 2);
    let origin = of("cpu.threads")["origin"]
        .as_str()
        .expect("text")
        .to_owned();
    assert!(origin.ends_with("config.toml, line 3"), "{origin}");
    assert_eq!(
        of("mode"),
        json!({"setting": "mode", "value": "90", "origin": "--mode"})
    );
    assert_eq!(of("smart.idle_after")["origin"], "default");
    assert_eq!(of("pool.password")["value"], "(set)");
    let others = json!(["stratum+tcp://(set)@b:2", "stratum+tcp://c:3"]);
    assert_eq!(of("pool.fallback_urls")["value"], others);
    assert_eq!(of("network.proxy")["value"], "socks5://(set)@proxy:1080");
    assert_eq!(
        of("schedule")["value"],
        json!([{"days": "weekend", "from": "22:00", "mode": 100, "to": "06:00"}])
    );
    let text = home.run(&["config", "show"]).out;
    let rule =
        "schedule = [{ days = \"weekend\", from = \"22:00\", mode = 100, to = \"06:00\" }]    # ";
    assert!(text.contains(rule), "{text}");

    for (text, told) in [
        (
            "[cpu]\nthread = 2\n",
            "config.toml, line 2: unknown setting cpu.thread; allowed in [cpu]: algorithm",
        ),
        (
            "[[schedule]]\ndays = \"daily\"\nfrom = \"25:00\"\nto = \"06:00\"\nmode = 5\n",
            "config.toml, line 3: schedule.from = \"25:00\" is not allowed; allowed: a time from \"00:00\"",
        ),
        (
            "\n[limits]\npause_for = [\"obs*\", \"a[b\"]\n",
            "config.toml, line 3: limits.pause_for: \"a[b\" contains",
        ),
        (
            "[[schedule]]\ndays = \"daily\"\nfrom = \"22:00\"\nto = \"06:00\"\nmode = 100\n\
             [[schedule]]\ndays = \"weekend\"\nfrom = \"23:00\"\nto = \"24:00\"\nmode = \"pause\"\n",
            "schedule 1 and schedule 2 both hold on Saturday 23:00",
        ),
    ] {
        home.write("config.toml", text);
        for command in [
            &["config", "check"][..],
            &["config", "show"],
            &["daemon"],
            &["run", "--yes"],
            &["bench"],
        ] {
            home.run(command).failed(2, told);
        }
    }
    home.run(&["config", "check", "--config", "/nonexistent"])
        .failed(2, "/nonexistent");
}

#[test]
fn the_cpu_is_listed() {
    let listed = Home::new().run(&["processors", "--json"]).json();
    let cpu = &listed[0];
    assert_eq!(
        (cpu["id"].as_str(), cpu["kind"].as_str()),
        (Some("cpu"), Some("cpu"))
    );
    assert_eq!(cpu["algorithms"], json!(["sha256d", "randomx"]));
    assert!(cpu["threads"].as_u64() >= Some(1));
    assert_eq!(cpu["software"], false);
}

#[test]
fn a_benchmark_needs_consent_and_is_kept() {
    let home = Home::new();
    let command = [
        "bench",
        "--processor",
        "cpu",
        "--algorithm",
        "sha256d",
        "--seconds",
        "1",
        "--json",
    ];
    home.run(&command).failed(1, "idlewatt consent --accept");
    home.run(&["consent", "--accept"]);
    let results = home.run(&command).json();
    let [result] = results.as_array().expect("a list").as_slice() else {
        panic!("{results}");
    };
    assert_eq!(
        (&result["processor"], &result["algorithm"]),
        (&json!("cpu"), &json!("sha256d"))
    );
    assert_eq!(result["unit"], "H/s");
    assert!(
        result["rate"].as_f64() > Some(0.0) && result["seconds"].as_f64() >= Some(1.0),
        "{result}"
    );
    let kept = std::fs::read(home.file("benchmarks.json")).expect("kept");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept["results"], results);
    home.run(&["bench", "--processor", "gpu-none"])
        .failed(2, "unknown processor \"gpu-none\"; allowed: cpu");
}

#[test]
fn consent_is_recorded_without_an_agent() {
    let home = Home::new();
    assert_eq!(
        home.run(&["consent", "--accept", "--json"]).json(),
        json!({"consent": true})
    );
    assert!(home.file("consent.json").exists());
    assert_eq!(
        home.run(&["consent", "--withdraw", "--json"]).json(),
        json!({"consent": false})
    );
    assert!(!home.file("consent.json").exists());
}

#[test]
fn run_asks_first_and_starts_nothing_without_an_answer() {
    let home = Home::new();
    let ended = home.run(&["run"]);
    ended.failed(1, "--yes");
    assert!(
        ended
            .out
            .contains("You can pause it or take this consent back"),
        "{}",
        ended.out
    );
    assert!(!home.file("receipts.sqlite").exists() && !home.file("consent.json").exists());
}
