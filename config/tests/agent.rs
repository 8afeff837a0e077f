//! The agent's settings as an owner meets them: files, flags, mistakes.

use std::path::PathBuf;
use std::time::Duration;

use idlewatt_config::{Origin, Override, SettingsError, load, template};
use tempfile::TempDir;

fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    (directory, path)
}

fn refused(text: &str) -> String {
    let (_directory, path) = file(text);
    match load(Some(&path), &[]) {
        Err(SettingsError::Wrong(problems)) => {
            let shown = SettingsError::Wrong(problems).to_string();
            shown.replace(&path.display().to_string(), "FILE")
        }
        other => panic!("{text} was not refused: {other:?}"),
    }
}

#[test]
fn the_template_as_a_file_changes_nothing() {
    let (_directory, path) = file(template());
    let from_template = load(Some(&path), &[]).expect("the template is valid");
    let defaults = load(None, &[]).expect("the defaults are valid");
    assert_eq!(from_template.settings, defaults.settings);
    assert!(
        from_template
            .each
            .iter()
            // The template's rule and its second pool are commented out.
            .all(|setting| {
                let is_list = ["other_pools", "schedule"].contains(&setting.key.as_str());
                is_list || setting.origin != Origin::Default
            })
    );
    assert!(
        defaults
            .each
            .iter()
            .all(|setting| setting.origin == Origin::Default)
    );
}

#[test]
fn every_setting_is_explained_and_takes_effect() {
    // One other value for each setting there is: the typed settings must differ from the defaults.
    let others = r#"
        mode = 90
        language = "ko"
        currency = "KRW"
        [hub]
        url = "https://hub.example.net/"
        ca_file = "/etc/hub.pem"
        reconnect_hosts = ["hub2.example.net"]
        [pool]
        url = "stratum+ssl://pool.example.net:3333"
        account = "2miners https://rvn.2miners.com RVN"
        fallback_urls = ["stratum+tcp://you:hush@pool3.example.net:3333"]
        ca_file = "/etc/pool.pem"
        fingerprint = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
        reconnect_hosts = ["pool2.example.net"]
        user = "me"
        password = "secret"
        algorithm = "sha256d"
        [[other_pools]]
        url = "stratum+tcp://pool4.example.net:3333"
        user = "us"
        algorithm = "kawpow"
        [network]
        proxy = "socks5://me:secret@proxy.example.net:1080"
        [cpu]
        enabled = false
        threads = 3
        randomx_memory = "light"
        algorithm = "sha256d"
        someone_here_percent = 7
        [gpu]
        enabled = false
        allow_software = true
        algorithm = "sha256d"
        someone_here_percent = 8
        [smart]
        idle_after = "5m"
        [electricity]
        price = 0.25
        currency = "KRW"
        watts = 180
        rest_at_a_loss = true
        [market]
        sources = ["whattomine", "coingecko https://prices.example.net/simple"]
        pool_fee_percent = 0.6
        [notifications]
        first_share = false
        withdrawal_sent = false
        processor_set_aside = false
        update = false
        [update]
        automatic = true
        url = "https://updates.example.net/idlewatt"
        [control]
        port = 4000
        [limits]
        on_battery = true
        max_cpu_celsius = 70
        max_gpu_celsius = 71
        max_cpu_percent = 50
        max_gpu_percent = 51
        pause_for = ["game.exe"]
        [engine]
        release_after = "10s"
        efficient = true
        [[schedule]]
        days = "weekdays"
        from = "22:00"
        to = "06:00"
        mode = 100
    "#;
    let defaults = load(None, &[]).expect("valid");
    let table: toml::Table = others.parse().expect("toml");
    let mut seen = Vec::new();
    let mut check = |key: &str, text: String| {
        // A pool needs a user, and another pool needs a first: those are set together.
        let text = match key {
            "pool.url" => format!("{text}user = \"me\"\n"),
            "other_pools" => {
                format!("{text}[pool]\nurl = \"stratum+tcp://a:1\"\nuser = \"me\"\n")
            }
            _ => text,
        };
        let (_directory, path) = file(&text);
        let changed = load(Some(&path), &[]).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_ne!(
            changed.settings, defaults.settings,
            "{key} reaches no typed setting"
        );
        seen.push(key.to_owned());
    };
    for (name, value) in &table {
        match value {
            toml::Value::Table(inner) => {
                for (key, value) in inner {
                    check(
                        &format!("{name}.{key}"),
                        format!("[{name}]\n{key} = {value}\n"),
                    );
                }
            }
            value => check(name, format!("{name} = {value}\n")),
        }
    }
    seen.sort();
    let all: Vec<String> = defaults.each.iter().map(|each| each.key.clone()).collect();
    assert_eq!(seen, all);
    for line in template().lines().filter(|line| line.contains(" = ")) {
        let before = template().split(line).next().unwrap_or_default();
        assert!(
            before
                .trim_end()
                .lines()
                .last()
                .is_some_and(|above| above.starts_with('#')),
            "no comment above {line}"
        );
    }
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    let (_directory, path) = file("mode = 50\n\n[cpu]\nthreads = 2\n");
    let flags = [Override {
        key: "mode",
        value: "pause".into(),
        flag: "--mode",
    }];
    let layered = load(Some(&path), &flags).expect("valid");
    assert_eq!(layered.settings.mode, "pause");
    assert_eq!(layered.settings.cpu.threads, Some(2));
    assert_eq!(layered.settings.smart.idle_after, Duration::from_secs(120));
    let origin = |key: &str| {
        let found = layered.each.iter().find(|setting| setting.key == key);
        found.expect("listed").origin.clone()
    };
    assert_eq!(origin("mode"), Origin::Flag("--mode"));
    assert_eq!(origin("cpu.threads"), Origin::File { path, line: 4 });
    assert_eq!(origin("cpu.enabled"), Origin::Default);
}

#[test]
fn mistakes_name_setting_file_line_and_what_is_allowed() {
    assert_eq!(
        refused("mode = \"fast\"\n"),
        "FILE, line 1: mode = \"fast\" is not allowed; allowed: smart, a whole number from 5 to 100, pause"
    );
    assert_eq!(
        refused("\n[cpu]\nthread = 2\n"),
        "FILE, line 3: unknown setting cpu.thread; allowed in [cpu]: algorithm, enabled, \
         randomx_memory, someone_here_percent, threads"
    );
    assert_eq!(
        refused("[cpus]\nthreads = 2\n"),
        "FILE, line 1: unknown setting cpus; allowed: control, cpu, currency, electricity, engine, gpu, hub, language, \
         limits, market, mode, network, notifications, other_pools, pool, schedule, smart, update"
    );
    assert_eq!(
        refused("cpu = 3\n"),
        "FILE, line 1: cpu is a section, written [cpu]"
    );
    assert_eq!(
        refused("[gpu]\nsomeone_here_percent = 101"),
        "FILE, line 2: gpu.someone_here_percent = 101 is not allowed; allowed: a whole number \
         from 0 to 100"
    );
    assert!(refused("[cpu\n").starts_with("FILE, line 1: this is not TOML: "));
    assert!(refused("mode = 50\nmode = 90\n").starts_with("FILE, line 2: this is not TOML: "));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = refused("mode = 4\n[control]\nport = 70000\n[engine]\nrelease_after = \"0s\"\n");
    assert_eq!(told.lines().count(), 3, "{told}");
}

#[test]
fn algorithms_are_those_that_suit_the_processor_and_pools_never_get_the_test_one() {
    let read = |text: &str| {
        let (_directory, path) = file(text);
        let layered = load(Some(&path), &[]).unwrap_or_else(|error| panic!("{text}: {error}"));
        layered.settings
    };
    for name in ["kawpow", "kawpow-test", "progpowz", "sha256d"] {
        let settings = read(&format!("[gpu]\nalgorithm = \"{name}\"\n"));
        assert_eq!(settings.gpu.algorithm.as_deref(), Some(name));
    }
    for name in ["kawpow", "progpowz", "randomx", "sha256d"] {
        let settings = read(&format!("[pool]\nalgorithm = \"{name}\"\n"));
        assert_eq!(settings.pool.algorithm, name);
    }
    for (section, name, allowed) in [
        ("pool", "kawpow-test", "kawpow, progpowz, randomx, sha256d"),
        ("pool", "auto", "kawpow, progpowz, randomx, sha256d"),
        (
            "gpu",
            "randomx",
            "auto, kawpow, kawpow-test, progpowz, sha256d",
        ),
        ("cpu", "kawpow", "auto, randomx, sha256d"),
    ] {
        assert_eq!(
            refused(&format!("[{section}]\nalgorithm = \"{name}\"\n")),
            format!(
                "FILE, line 2: {section}.algorithm = \"{name}\" is not allowed; allowed: {allowed}"
            )
        );
    }
}

#[test]
fn hub_and_pool_together_are_refused() {
    let told =
        refused("[hub]\nurl = \"https://a\"\n[pool]\nurl = \"stratum+tcp://b:1\"\nuser = \"u\"\n");
    assert!(
        told.starts_with("FILE, line 4: pool.url and hub.url (FILE, line 2)"),
        "{told}"
    );
    assert!(refused("[pool]\nurl = \"stratum+tcp://b:1\"\n").contains("--pool-user"));
}

#[test]
fn limits_are_refused_outside_their_range() {
    for (line, allowed) in [
        ("on_battery = 1", "true, false"),
        ("max_cpu_celsius = 39", "a whole number from 40 to 110"),
        ("max_gpu_celsius = 111", "a whole number from 40 to 110"),
        ("max_gpu_celsius = 83.5", "a whole number from 40 to 110"),
        ("max_cpu_percent = -1", "a whole number from 0 to 100"),
        ("max_gpu_percent = 101", "a whole number from 0 to 100"),
        (
            "pause_for = \"game.exe\"",
            "a list of at most 256 file names of programs",
        ),
        (
            "pause_for = [\"game.exe\", 1]",
            "a list of at most 256 file names of programs",
        ),
    ] {
        let told = refused(&format!("[limits]\n{line}\n"));
        let begin = format!("FILE, line 2: limits.{line} is not allowed; allowed: {allowed}");
        assert!(told.starts_with(&begin), "{told}");
    }
}

#[test]
fn a_share_above_the_limit_that_the_owner_has_set_is_refused() {
    let told = refused("[cpu]\nsomeone_here_percent = 60\n[limits]\nmax_cpu_percent = 50\n");
    assert_eq!(
        told,
        "FILE, line 2: cpu.someone_here_percent = 60 is more than limits.max_cpu_percent = 50 \
         (FILE, line 4); allowed: at most that"
    );
    assert!(
        refused("[limits]\nmax_gpu_percent = 0\n[gpu]\nsomeone_here_percent = 1\n")
            .starts_with("FILE, line 4: gpu.someone_here_percent = 1 is more than")
    );
    // The default share above the owner's limit is no mistake of theirs.
    let (_directory, path) = file("[limits]\nmax_cpu_percent = 5\n");
    load(Some(&path), &[]).expect("valid");
}

#[test]
fn a_flag_is_named_in_its_error() {
    let flags = [Override {
        key: "hub.url",
        value: "hub.example.net".into(),
        flag: "--hub",
    }];
    let error = load(None, &flags).expect_err("no scheme").to_string();
    assert!(error.starts_with("--hub: hub.url = "), "{error}");
}

#[test]
fn an_unreadable_file_is_named() {
    let error = load(Some("/nonexistent/config.toml".as_ref()), &[]).expect_err("not there");
    assert!(error.to_string().contains("/nonexistent/config.toml"));
}
