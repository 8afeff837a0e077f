//! The report as a whole: what it tells, and what it never tells.

use idlewatt_config::{Override, load};
use idlewatt_screens::{Language, Words};
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// Recognisable in any text.
const SECRETS: [&str; 8] = [
    "idw-secret-of-the-account-0123456789",
    "idw-secret-of-the-device-9876543210",
    "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
    "idw-secret-of-control",
    "48AddressForPayouts48AddressForPayouts48",
    "Rig-of-Ann-in-Seoul",
    "PasswordOfThePool",
    "kept-secret-of-another-account",
];

fn case(folder: &TempDir, settings: &str) -> Case {
    let data = DataDir::locate(Some(folder.path().join("data"))).expect("named");
    data.create().expect("made");
    let file = data.file("config.toml");
    std::fs::write(&file, settings).expect("written");
    let [account, device, key, control, .., other] = SECRETS;
    let identity = json!({
        "hubs": {"https://hub.example.org": {
            "account": "A8E8AY2XMBJW", "account_key": account, "device": "DNJHH5MAAHH6",
            "token": device, "private_key": key
        }},
        "keys": {"https://other.example.org": other}
    });
    data.write("identity.json", &identity).expect("written");
    let control = json!({"port": 1, "token": control});
    data.write("control.json", &control).expect("written");
    Case {
        settings: load(Some(&file), &[]).map(|layered| layered.settings),
        file: Some(file),
        named: false,
        agent: Agent::NotRunning,
        program: folder.path().join("idlewatt"),
        hub_program: folder.path().join("idlewatt-hub"),
        proxies: Matcher::builder().build(),
        data,
    }
}

fn pool_settings() -> String {
    let [_, _, _, _, address, rig, password, _] = SECRETS;
    format!(
        "[pool]\nurl = \"stratum+tcp://127.0.0.1:9\"\nuser = \"{address}.{rig}\"\npassword = \"{password}\"\n"
    )
}

/// An agent whose troubles repeat every secret there is.
fn indiscreet() -> Agent {
    let all = SECRETS.join(" ");
    let status = json!({
        "version": "0.0.1", "phase": "running", "mode": "100", "reason": "", "consent": true,
        "source": {
            "kind": "pool", "address": "stratum+tcp://127.0.0.1:9", "trouble": format!("no such user {all}"),
            "connections": {"randomx": format!("trying again: {all}")}
        },
        "processors": [{
            "id": "cpu", "kind": "cpu", "name": "CPU", "software": false, "algorithm": null,
            "phase": "set_aside", "detail": all, "rate": 0.0, "unit": "H/s",
            "allowed_percent": 0, "achieved_percent": 0.0
        }],
        "shares": {"accepted": 0, "stale": 0, "rejected": 0, "pending": 0, "lost": 0, "unknown": 0},
        "credited": [], "uptime_seconds": 1
    });
    Agent::Running(Box::new(serde_json::from_value(status).expect("a status")))
}

fn assert_discreet(report: &Report) {
    let json = serde_json::to_string(report).expect("JSON");
    for language in Language::ALL {
        let text = report.text(Words::of(language));
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret}: {text}");
            assert!(!json.contains(secret), "{secret}: {json}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_it_whatever_is_said_elsewhere() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut right = case(&folder, &pool_settings());
    right.agent = indiscreet();
    for language in Language::ALL {
        let report = examine(&right, Words::of(language)).await;
        assert_discreet(&report);
        assert!(report.text(Words::of(language)).contains("(secret)"));
        let ids: Vec<_> = report.checks.iter().map(|check| check.id).collect();
        for id in ["source", "connection", "processor"] {
            assert!(ids.contains(&id), "{id}: {ids:?}");
        }
    }
    // A password that is no text is a mistake whose own words repeat it.
    let [_, _, _, _, address, _, password, _] = SECRETS;
    let wrong =
        format!("[pool]\nuser = [\"{address}\"]\npassword = {{ {password} = 1 }}\n{address} = 2\n");
    let report = examine(&case(&folder, &wrong), Words::of(Language::English)).await;
    assert_discreet(&report);
    let settings = report.checks.iter().find(|check| check.id == "settings");
    let settings = settings.expect("looked at");
    assert_eq!(settings.verdict, Verdict::Problem);
    assert!(settings.found.contains("line 2 pool.user"), "{settings:?}");
}

#[tokio::test]
async fn what_is_found_counts_and_is_told_group_by_group() {
    let folder = tempfile::tempdir().expect("a directory");
    let report = examine(&case(&folder, ""), Words::of(Language::English)).await;
    let of = |id: &str| {
        let check = report.checks.iter().find(|check| check.id == id);
        check.unwrap_or_else(|| panic!("{id}: {report:?}"))
    };
    // Neither program is there, and without a hub elsewhere both are needed.
    for (id, verdict) in [
        ("data", Verdict::Ok),
        ("settings", Verdict::Ok),
        ("consent", Verdict::WorthKnowing),
        ("program", Verdict::Problem),
        ("hub-program", Verdict::Problem),
        ("graphics", Verdict::Problem),
        ("agent", Verdict::WorthKnowing),
        ("reach", Verdict::Ok),
    ] {
        assert_eq!(of(id).verdict, verdict, "{:?}", of(id));
    }
    assert_eq!(report.problems, 3);
    let text = report.text(Words::of(Language::English));
    assert!(text.contains("3 problems"), "{text}");
    let groups = report.checks.chunk_by(|one, next| one.group == next.group);
    assert_eq!(groups.count(), 5, "each group once, and none about work");
    let line = format!("\n  [PROBLEM] {}\n      → ", of("program").found);
    assert!(text.contains(&line), "{text}");
    let advised = |check: &Check| check.advice.is_some() == (check.verdict != Verdict::Ok);
    assert!(report.checks.iter().all(advised), "{report:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_directory_that_is_a_file_and_a_damaged_consent_are_problems() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut broken = case(&folder, "");
    broken.data.write("consent.json", &"yes").expect("written");
    let report = examine(&broken, Words::of(Language::English)).await;
    let verdict = |report: &Report, id: &str| {
        let check = report.checks.iter().find(|check| check.id == id);
        check.expect("looked at").verdict
    };
    assert_eq!(verdict(&report, "consent"), Verdict::Problem);
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").expect("written");
    broken.data = DataDir::locate(Some(in_the_way.join("data"))).expect("named");
    let report = examine(&broken, Words::of(Language::English)).await;
    assert_eq!(verdict(&report, "data"), Verdict::Problem);
}

#[test]
fn whom_to_look_at_is_whom_the_agent_works_for_unless_another_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut case = case(&folder, "");
    assert_eq!(reach::Target::of(&case), reach::Target::Inside);
    case.agent = indiscreet();
    let works_for = reach::Target::of(&case);
    assert!(
        matches!(works_for, reach::Target::Pools(_)),
        "{works_for:?}"
    );
    case.named = true;
    let flag = Override {
        key: "hub.url",
        value: "https://hub.example.org".into(),
        flag: "--hub",
    };
    case.settings = load(None, &[flag]).map(|layered| layered.settings);
    let named = reach::Target::of(&case);
    assert!(matches!(named, reach::Target::Hub(_)), "{named:?}");
}
