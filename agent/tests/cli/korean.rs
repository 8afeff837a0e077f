//! What people read, in Korean; what programs read, as ever.

use super::harness::{Ended, Home};
use serde_json::Value;

fn korean(home: &Home, arguments: &[&str]) -> Ended {
    let mut all = vec!["--language", "ko"];
    all.extend(arguments);
    let mut command = home.command(&all);
    command
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME");
    Ended::of(command.output().expect("started"))
}

/// Asserts that nothing in a text is the name of a message instead of the message.
fn has_no_bare_key(text: &str) {
    for room in ["cli-", "reasons-", "tray-", "common-"] {
        let rest = text.split(room).skip(1);
        for rest in rest {
            let next = rest.chars().next();
            // Flags such as --data-dir have no letter before their dashes; a name in the middle of one is none.
            assert!(
                !next.is_some_and(|letter| letter.is_ascii_lowercase()),
                "{room}{rest}"
            );
        }
    }
    assert!(!text.contains("{$") && !text.contains("{ $"), "{text}");
}

fn says(ended: &Ended, told: &str) {
    assert_eq!(ended.out, format!("{told}\n"), "{}", ended.err);
    assert_eq!(ended.code, Some(0));
}

#[test]
fn commands_without_an_agent_answer_in_korean() {
    let home = Home::new();
    says(
        &korean(&home, &["config", "check"]),
        "설정 파일이 없어 기본값을 써요",
    );
    says(
        &korean(&home, &["autostart", "status"]),
        "에이전트가 저절로 시작되지 않아요",
    );
    says(
        &korean(&home, &["why"]),
        "지난 24시간 동안 결정된 것이 없어요",
    );
    says(
        &korean(&home, &["consent", "--accept"]),
        "동의가 기록됐어요. 철회하려면 `idlewatt consent --withdraw`",
    );
    says(
        &korean(&home, &["consent", "--withdraw"]),
        "동의를 철회했어요. 아무것도 실행되지 않아요",
    );
    let asked = korean(&home, &["run"]);
    assert!(
        asked.out.contains("채굴 허브나 풀을 위해 일하게 해요."),
        "{}",
        asked.out
    );
    asked.failed(1, "동의 없이는 아무것도 실행되지 않아요.");
    assert!(!home.file("consent.json").exists());
}

#[test]
fn mistakes_are_told_in_korean_with_the_same_codes() {
    let home = Home::new();
    let status = korean(&home, &["status"]);
    status.failed(
        1,
        "에서 실행 중인 idlewatt가 없어요. `idlewatt daemon`으로 시작하세요",
    );
    for (arguments, told) in [
        (
            &["mode", "fast"][..],
            "알 수 없는 모드 \"fast\". 쓸 수 있는 값: smart, 5부터 100까지의 정수, pause",
        ),
        (&["mode", "50", "--for", "2x"], "\"2x\"는 기간이 아니에요."),
        (
            &["mode", "50", "--until", "25:00"],
            "\"25:00\"는 시각이 아니에요.",
        ),
        (
            &["pause", "--until-input", "--until-away"],
            "와(과) 함께 쓸 수 없어요",
        ),
        (&["nonsense"], "\"nonsense\" 명령은 없어요"),
        (&["status", "--nonsense"], "알 수 없는 인수: \"--nonsense\""),
        (&["consent"], "빠진 인수: "),
    ] {
        let ended = korean(&home, arguments);
        ended.failed(2, told);
        assert!(!ended.err.contains("Usage"), "{}", ended.err);
        has_no_bare_key(&ended.err);
    }
    home.run(&["--language", "fr", "status"]).failed(2, "'fr'");
}

#[test]
fn help_is_in_korean_and_no_text_is_missing() {
    let home = Home::new();
    let commands = [
        "run",
        "daemon",
        "status",
        "why",
        "signals",
        "mode",
        "pause",
        "resume",
        "bench",
        "tune",
        "processors",
        "earnings",
        "receipts",
        "simulate",
        "record",
        "consent",
        "config",
        "open",
        "autostart",
        "stop",
        "kernel",
    ];
    for command in commands {
        let help = korean(&home, &[command, "--help"]);
        assert_eq!(help.code, Some(0), "{}", help.err);
        assert!(help.out.contains("사용법: "), "{}", help.out);
        for english in [
            "Usage:",
            "Options:",
            "Commands:",
            "Arguments:",
            "Print help",
        ] {
            assert!(!help.out.contains(english), "{}", help.out);
        }
        has_no_bare_key(&help.out);
    }
    let all = korean(&home, &["--help"]).out;
    for command in commands {
        let line = all
            .lines()
            .find(|line| line.trim().starts_with(&format!("{command} ")));
        let line = line.unwrap_or_else(|| panic!("{command}: {all}"));
        assert!(!line.is_ascii(), "{line}");
    }
}

#[test]
fn a_running_agent_is_shown_in_korean_and_its_json_stays() {
    let home = Home::new();
    home.write("config.toml", "[gpu]\nenabled = false\n");
    let daemon = home.daemon(&["--mode", "50"]);
    let status = korean(&home, &["status"]);
    let first = status.out.lines().next().expect("a line");
    assert_eq!(
        first,
        "모드         50: 동의를 기다리고 있어요: `idlewatt consent --accept`"
    );
    assert!(
        status
            .out
            .contains("\n작업 대상    이 에이전트에 내장된 허브(연습용, 실제 돈 아님)"),
        "{}",
        status.out
    );
    assert!(
        status.out.contains("\n적립         아직 없음"),
        "{}",
        status.out
    );
    has_no_bare_key(&status.out);

    says(&korean(&home, &["mode", "90"]), "모드 90");
    says(
        &korean(&home, &["pause"]),
        "모드 pause, 계속 유지돼요. 끝내려면 `idlewatt resume`",
    );
    let timed = korean(&home, &["pause", "--for", "2h"]);
    assert!(
        timed.out.starts_with("모드 pause, ") && timed.out.contains("(2시간 뒤)까지. 그다음은 "),
        "{}",
        timed.out
    );
    says(&korean(&home, &["resume"]), "모드 90");
    says(
        &korean(&home, &["receipts", "list"]),
        "아직 영수증이 없어요",
    );
    let earnings = korean(&home, &["earnings"]);
    assert!(
        earnings
            .out
            .starts_with("이 기기        아직 없음\n그중 오늘      아직 없음\n"),
        "{}",
        earnings.out
    );
    assert!(
        earnings
            .out
            .ends_with("참고: 이 기기는 아직 허브에 등록되지 않았어요\n"),
        "{}",
        earnings.out
    );

    // For programs nothing changes.
    let told = korean(&home, &["status", "--json"]).json();
    let reason = daemon.status()["reason"].clone();
    assert_eq!(told["reason"], reason);
    assert!(reason.as_str().is_some_and(str::is_ascii), "{reason}");
    let plain: Value = home.run(&["earnings", "--json"]).json();
    let korean_json = korean(&home, &["earnings", "--json"]).json();
    assert_eq!(korean_json["note"], plain["note"]);
}

#[test]
fn the_language_of_the_settings_holds_for_the_command_line() {
    let home = Home::new();
    home.write("config.toml", "language = \"ko\"\n");
    let checked = home.run(&["config", "check"]);
    assert_eq!(
        checked.out,
        format!("{}에 문제가 없어요\n", home.file("config.toml").display())
    );
    let english = home.run(&["--language", "en", "config", "check"]);
    assert_eq!(
        english.out,
        format!("{} is right\n", home.file("config.toml").display())
    );
}
