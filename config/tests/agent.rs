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
            // The template's rule is commented out.
            .all(|setting| setting.key == "schedule" || setting.origin != Origin::Default)
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
        fallback_urls = ["stratum+tcp://you:hush@pool3.example.net:3333"]
        ca_file = "/etc/pool.pem"
        fingerprint = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
        reconnect_hosts = ["pool2.example.net"]
        user = "me"
        password = "secret"
        algorithm = "sha256d"
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
        // A pool needs a user: that pair is set together.
        let text = match key {
            "pool.url" => format!("{text}user = \"me\"\n"),
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
fn updates_come_from_elsewhere_only_by_https() {
    for right in [
        "https://updates.example.net",
        "https://updates.example.net:8443/a/b/",
        "http://127.0.0.1:8000/x",
        "http://localhost",
        "http://[::1]:80",
        "",
    ] {
        let (_directory, path) = file(&format!("[update]\nurl = \"{right}\"\n"));
        let url = load(Some(&path), &[]).expect(right).settings.update.url;
        let expected = right.trim_end_matches('/');
        assert_eq!(url.unwrap_or_default(), expected);
    }
    for wrong in [
        "http://updates.example.net",
        "http://127.0.0.1.example.net",
        "http://localhost@example.net",
        "https://user@example.net",
        "https://example.net/?x",
        "file:///updates",
        "ftp://127.0.0.1",
    ] {
        let told = refused(&format!("[update]\nurl = \"{wrong}\"\n"));
        assert!(
            told.contains("update.url") && told.contains("https://HOST"),
            "{told}"
        );
    }
}

#[test]
fn a_proxy_is_one_of_two_kinds_and_a_fingerprint_has_64_digits() {
    for right in ["socks5://proxy:1080", "http://me:pass@word@[::1]:3128"] {
        let (_folder, path) = file(&format!("[network]\nproxy = \"{right}\"\n"));
        let settings = load(Some(&path), &[]).expect(right).settings;
        assert_eq!(settings.network.proxy.as_deref(), Some(right));
    }
    for wrong in [
        "proxy:1080",
        "https://proxy:1",
        "socks5://proxy",
        "socks5://:1080",
        "http://proxy:1/path",
        "socks5://a b@proxy:1",
    ] {
        let told = refused(&format!("[network]\nproxy = \"{wrong}\"\n"));
        assert!(told.contains("socks5://HOST:PORT"), "{told}");
    }
    let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let pool = |fingerprint: &str| format!("[pool]\nfingerprint = \"{fingerprint}\"\n");
    let (_folder, path) = file(&pool(digits));
    let settings = load(Some(&path), &[]).expect("good").settings;
    assert_eq!(settings.pool.fingerprint.as_deref(), Some(digits));
    let two = format!("{digits}, {}", digits.to_uppercase());
    let (_folder, path) = file(&pool(&two));
    let settings = load(Some(&path), &[]).expect("good").settings;
    assert_eq!(settings.pool.fingerprint, Some(two));
    let and_nothing = format!("{digits},");
    for wrong in [
        "e3b0",
        &digits[1..],
        &format!("{digits}0"),
        "none",
        &and_nothing,
    ] {
        assert!(refused(&pool(wrong)).contains("64 hexadecimal digits"));
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
         limits, market, mode, network, notifications, pool, schedule, smart, update"
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

#[test]
fn pools_that_stand_in_may_know_the_user_by_another_name() {
    let pools = |list: &str| {
        format!("[pool]\nurl = \"stratum+tcp://a:1\"\nuser = \"me\"\nfallback_urls = {list}\n")
    };
    let (_folder, path) = file(&pools(
        r#"["stratum+tcp://b:2", "stratum+ssl://you@c:3", "stratum+tcp://you.rig:p@s:s@[::1]:4"]"#,
    ));
    let settings = load(Some(&path), &[]).expect("good").settings;
    let read: Vec<_> = settings
        .pool
        .fallback_urls
        .iter()
        .map(|pool| {
            (
                pool.url.as_str(),
                pool.user.as_deref(),
                pool.password.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("stratum+tcp://b:2", None, None),
        ("stratum+ssl://c:3", Some("you"), None),
        ("stratum+tcp://[::1]:4", Some("you.rig"), Some("p@s:s")),
    ];
    assert_eq!(read, expected);
    let many = format!("[{}]", ["\"stratum+tcp://b:2\""; 17].join(", "));
    for wrong in [
        "\"stratum+tcp://b:2\"",
        "[\"b:2\"]",
        "[\"http://b:2\"]",
        "[\"stratum+tcp://b\"]",
        "[\"stratum+tcp://@b:2\"]",
        "[3]",
        &many,
    ] {
        let told = refused(&pools(wrong));
        assert!(
            told.contains("line 4") && told.contains("USER:PASSWORD@ before HOST"),
            "{told}"
        );
    }
}

#[test]
fn sources_of_the_market_are_of_a_known_kind() {
    let market = |list: &str| format!("[market]\nsources = {list}\n");
    let (_folder, path) = file(&market(
        r#"["whattomine", "coingecko http://127.0.0.1:8080/prices"]"#,
    ));
    let settings = load(Some(&path), &[]).expect("good").settings;
    let read = settings.market.sources.iter();
    let read: Vec<_> = read
        .map(|source| (source.shape.as_str(), source.url.as_deref()))
        .collect();
    let here = Some("http://127.0.0.1:8080/prices");
    assert_eq!(read, [("whattomine", None), ("coingecko", here)]);
    for wrong in [
        "\"whattomine\"",
        "[\"binance\"]",
        "[\"coingecko http://prices.example.net\"]",
        "[\"coingecko ftp://127.0.0.1\"]",
        "[1]",
    ] {
        let told = refused(&market(wrong));
        assert!(
            told.contains("line 2") && told.contains("whattomine"),
            "{told}"
        );
    }
    for wrong in ["-1", "51", "\"1 %\"", "nan"] {
        let told = refused(&format!("[market]\npool_fee_percent = {wrong}\n"));
        assert!(told.contains("from 0 to 50"), "{told}");
    }
}
