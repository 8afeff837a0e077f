//! The icon in the tray of the real daemon, as a panel sees it over a real message bus.

use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::desktop::Desktop;
use idlewatt_tests::tray::{ATTENTION, EARNING, MenuItem, OFFLINE, PAUSED, Panel, YIELDING, agent};
use idlewatt_tests::wait::until;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// The CPU alone, on the algorithm that needs no preparation.
const SETTINGS: &str = "[gpu]\nenabled = false\n[cpu]\nalgorithm = \"sha256d\"\n";

/// The labels with a mark.
fn checked(menu: &[MenuItem]) -> Vec<&str> {
    let marked = menu.iter().filter(|item| item.checked == Some(true));
    marked.map(|item| item.label.as_str()).collect()
}

fn has(menu: &[MenuItem], label: &str) -> bool {
    menu.iter().any(|item| item.label == label)
}

fn mode(agent: &Agent, wanted: &str) -> Value {
    agent.wait_status(&format!("mode {wanted}"), PATIENCE, |status| {
        status["mode"] == wanted
    })
}

#[test]
fn the_menu_steers_the_agent_and_shows_what_others_chose() {
    let desktop = Desktop::start();
    let panel = Panel::start(desktop.address());
    let mut agent = agent(&desktop, SETTINGS);
    agent.start(&["--mode", "smart"]);
    let icon = panel.icon();

    // Nothing runs before its owner has agreed.
    icon.wait_colour(ATTENTION, &agent);
    let menu = icon.menu();
    assert!(
        menu[0].label.contains("idlewatt consent --accept") && !menu[0].enabled,
        "{menu:#?}"
    );
    let labels: Vec<&str> = menu.iter().map(|item| item.label.as_str()).collect();
    assert_eq!(
        labels[1..],
        [
            "",
            "Smart",
            "50 %",
            "90 %",
            "100 %",
            "Pause",
            "",
            "Today: nothing yet",
            "Open dashboard",
            "",
            "Start with the system",
            "Quit"
        ]
    );
    assert_eq!(checked(&menu), ["Smart"]);
    agent.consent();

    // Chosen in the menu.
    icon.choose("100 %");
    mode(&agent, "100");
    icon.wait_menu("the mark at 100 %", |menu| checked(menu) == ["100 %"]);
    icon.wait_colour(EARNING, &agent);
    until("the tooltip to say all", PATIENCE, || {
        let tooltip = icon.tooltip();
        let lines: Vec<&str> = tooltip.lines().collect();
        match lines.as_slice() {
            ["100 %: set to 100 % by hand", rate, today]
                if rate.starts_with("CPU ")
                    && rate.ends_with("H/s")
                    && today.starts_with("Today: ") =>
            {
                Ok(())
            }
            _ => Err(tooltip),
        }
    });
    // The same once more changes nothing, and the mark stays.
    icon.choose("100 %");
    icon.wait_menu("the mark at 100 %", |menu| checked(menu) == ["100 %"]);

    // Chosen elsewhere.
    agent.command(&["mode", "50"]);
    let menu = icon.wait_menu("the mark at 50 %", |menu| checked(menu) == ["50 %"]);
    assert!(!has(&menu, "Resume"), "{menu:#?}");
    agent.command(&["pause"]);
    let menu = icon.wait_menu("the pause", |menu| {
        has(menu, "Resume") && menu[0].label == "Paused by hand"
    });
    assert!(checked(&menu).is_empty(), "{menu:#?}");
    icon.wait_colour(PAUSED, &agent);
    assert!(
        icon.tooltip().starts_with("Paused: paused by hand\n"),
        "{}",
        icon.tooltip()
    );
    icon.choose("Resume");
    mode(&agent, "50");
    icon.wait_menu("no more pause", |menu| !has(menu, "Resume"));

    // What was earned today is what the agent says.
    let earned = until("a credit", Duration::from_secs(180), || {
        let earned = agent.json(&["earnings"]);
        let today = earned["today"].as_array().cloned().unwrap_or_default();
        today
            .into_iter()
            .next()
            .ok_or_else(|| format!("{earned:#}"))
    });
    assert_eq!(earned["asset"], "PRACTICE");
    until("the same amount in the menu", PATIENCE, || {
        let earned = agent.json(&["earnings"])["today"][0]["amount"].clone();
        let amount = earned.as_str().expect("an amount").trim_end_matches('0');
        let menu = icon.menu();
        match has(&menu, &format!("Today: {amount} PRACTICE (not money)")) {
            true => Ok(()),
            false => Err(format!("{amount}: {menu:#?}")),
        }
    });

    // It opens the dashboard, by its item and by a click on the icon itself.
    let opened = || std::fs::read_to_string(agent.data().join("opened")).unwrap_or_default();
    icon.choose("Open dashboard");
    until("the browser", PATIENCE, || match opened().lines().count() {
        1 => Ok(()),
        _ => Err(agent.log()),
    });
    icon.click();
    until("the browser", PATIENCE, || match opened().lines().count() {
        2 => Ok(()),
        _ => Err(agent.log()),
    });
    for line in opened().lines() {
        assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    }

    icon.choose("Quit");
    until("the agent to end", PATIENCE, || {
        agent
            .daemon()
            .ended()
            .map(|_| ())
            .ok_or("it runs".to_owned())
    });
}

#[test]
fn pauses_end_when_their_words_say_so() {
    let desktop = Desktop::start();
    let panel = Panel::start(desktop.address());
    let mut agent = agent(
        &desktop,
        &format!("{SETTINGS}[smart]\nidle_after = \"2s\"\n"),
    );
    agent.consent();
    agent.start(&["--mode", "90"]);
    let icon = panel.icon();

    icon.choose("1 hour");
    let status = mode(&agent, "pause");
    let end: jiff::Timestamp = status["mode_until"]
        .as_str()
        .expect("an end")
        .parse()
        .expect("a time");
    let left = end.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3_500..=3_600).contains(&left), "{status:#}");
    assert_eq!(status["mode_then"], "90");

    let tomorrow = until("the item", PATIENCE, || {
        let pause = icon.find("Pause").below;
        let item = pause
            .iter()
            .find(|item| item.label == "Until tomorrow, 08:00");
        item.cloned().ok_or_else(|| format!("{pause:#?}"))
    });
    icon.choose(&tomorrow.label);
    let status = agent.wait_status("another end", PATIENCE, |status| {
        status["mode_until"] != end.to_string()
    });
    let end: jiff::Timestamp = status["mode_until"]
        .as_str()
        .expect("an end")
        .parse()
        .expect("a time");
    let end = end.to_zoned(jiff::tz::TimeZone::system());
    let today = jiff::Zoned::now().date();
    assert_eq!(end.time(), jiff::civil::time(8, 0, 0, 0));
    assert_eq!(end.date(), today.tomorrow().expect("in range"));

    icon.choose("Until I resume");
    agent.wait_status("a pause for good", PATIENCE, |status| {
        status["mode"] == "pause" && status["mode_until"].is_null()
    });

    // Nobody touches this desktop.
    icon.choose("Resume");
    mode(&agent, "90");
    until("something that tells of input", PATIENCE, || {
        match icon.find("Until I'm away").enabled {
            true => Ok(()),
            false => Err(agent.log()),
        }
    });
    icon.choose("Until I'm away");
    let status = agent.wait_status("a pause until away", PATIENCE, |status| {
        status["mode_until_away"] == true || status["mode"] == "90"
    });
    // It may be over already.
    assert!(
        status["mode"] == "pause" || agent.log().contains("limit=Some(Limit { until: Away"),
        "{status:#}"
    );
    mode(&agent, "90");
}

#[test]
fn who_gives_way_and_who_has_nobody_to_work_for_look_different() {
    let desktop = Desktop::start();
    let panel = Panel::start(desktop.address());
    let mut here = agent(&desktop, SETTINGS);
    here.consent();
    here.start(&["--mode", "smart"]);
    desktop.input(&["mousemove", "--", "17", "23"]);
    let icon = panel.icon();
    // On a busy machine the other programs are named too.
    here.wait_status("someone here", PATIENCE, |status| {
        let reason = status["reason"].as_str().unwrap_or_default();
        reason.starts_with("someone is ")
    });
    icon.wait_colour(YIELDING, &here);
    icon.wait_menu("the reason", |menu| {
        menu[0].label.starts_with("Someone is ") && !menu[0].enabled
    });
    drop(here);
    drop(panel);

    let panel = Panel::start(desktop.address());
    let nowhere = "[hub]\nurl = \"http://127.0.0.1:9\"\n";
    let mut alone = agent(&desktop, &format!("{SETTINGS}{nowhere}"));
    alone.consent();
    alone.start(&["--mode", "100"]);
    let icon = panel.icon();
    icon.wait_colour(OFFLINE, &alone);
    icon.wait_menu("what is wrong", |menu| {
        menu[0].label.starts_with("No connection: ")
    });
}

#[test]
fn without_anybody_who_shows_icons_it_says_so_once_and_appears_when_somebody_does() {
    let desktop = Desktop::start();
    let mut agent = agent(&desktop, SETTINGS);
    agent.start(&["--mode", "pause"]);
    let told = || {
        agent
            .log()
            .matches("this desktop shows no icons of programs")
            .count()
    };
    until("it to be said", PATIENCE, || match told() {
        0 => Err(agent.log()),
        _ => Ok(()),
    });
    assert_eq!(agent.json(&["mode", "50"])["mode"], "50");
    let panel = Panel::start(desktop.address());
    let icon = panel.icon();
    icon.wait_menu("the mark at 50 %", |menu| checked(menu) == ["50 %"]);
    drop(panel);
    agent.json(&["mode", "90"]);
    // The panel was only started anew.
    let panel = Panel::start(desktop.address());
    let icon = panel.icon();
    icon.wait_menu("the mark at 90 %", |menu| checked(menu) == ["90 %"]);
    assert_eq!(told(), 1, "{}", agent.log());
}

#[test]
fn without_a_session_it_says_so_once_and_works() {
    let mut agent = Agent::new();
    agent.settings(SETTINGS);
    let nowhere = "unix:path=/nonexistent/bus".to_owned();
    agent.environment(&[("DBUS_SESSION_BUS_ADDRESS", nowhere)]);
    agent.start(&["--mode", "pause"]);
    let told = || {
        agent
            .log()
            .matches("there is no desktop session to show an icon in")
            .count()
    };
    until("it to be said", PATIENCE, || match told() {
        0 => Err(agent.log()),
        _ => Ok(()),
    });
    assert_eq!(agent.json(&["mode", "50"])["mode"], "50");
    assert_eq!(told(), 1);
}

#[test]
fn everything_is_there_in_korean() {
    let desktop = Desktop::start();
    let panel = Panel::start(desktop.address());
    let mut agent = agent(&desktop, &format!("language = \"ko\"\n{SETTINGS}"));
    agent.consent();
    agent.start(&["--mode", "pause"]);
    let icon = panel.icon();
    let menu = icon.wait_menu("the pause", |menu| has(menu, "직접 일시정지했어요"));
    let labels: Vec<&str> = menu.iter().map(|item| item.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "직접 일시정지했어요",
            "",
            "스마트",
            "50%",
            "90%",
            "100%",
            "일시정지",
            "다시 시작",
            "",
            "오늘: 아직 없음",
            "대시보드 열기",
            "",
            "시스템 시작 시 실행",
            "종료"
        ]
    );
    let pause = menu.iter().find(|item| item.label == "일시정지");
    let pauses = pause.expect("found").below.iter();
    let pauses: Vec<&str> = pauses.map(|item| item.label.as_str()).collect();
    assert_eq!(
        pauses,
        [
            "1시간",
            "자리를 비울 때까지",
            "내일 08:00까지",
            "다시 시작할 때까지"
        ]
    );
    assert!(
        icon.tooltip().starts_with("일시정지: 직접 일시정지했어요"),
        "{}",
        icon.tooltip()
    );
}

#[test]
fn starting_with_the_system_is_what_the_system_says() {
    let desktop = Desktop::start();
    let panel = Panel::start(desktop.address());
    let mut agent = agent(&desktop, SETTINGS);
    agent.start(&["--mode", "pause"]);
    let icon = panel.icon();
    let entry = agent
        .data()
        .join("home/configuration/autostart/idlewatt.desktop");
    assert_eq!(icon.find("Start with the system").checked, Some(false));
    icon.choose("Start with the system");
    icon.wait_menu("the mark", |menu| {
        checked(menu) == ["Start with the system"]
    });
    let text = std::fs::read_to_string(&entry).expect("an entry");
    let command = text.lines().find_map(|line| line.strip_prefix("Exec="));
    assert!(
        command.expect("a command").ends_with("/idlewatt\" daemon"),
        "{text}"
    );
    assert_eq!(agent.json(&["autostart", "status"])["autostart"], true);
    icon.choose("Start with the system");
    icon.wait_menu("no mark", |menu| checked(menu).is_empty());
    assert!(!entry.exists());
    assert_eq!(agent.json(&["autostart", "on"])["autostart"], true);
    // Told by nobody: seen with the next change.
    agent.command(&["mode", "50"]);
    icon.wait_menu("the mark", |menu| {
        checked(menu) == ["50 %", "Start with the system"]
    });
    let off = agent.json(&["autostart", "off"]);
    assert_eq!(
        (&off["autostart"], entry.exists()),
        (&Value::from(false), false)
    );
}
