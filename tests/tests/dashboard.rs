//! The dashboard as a person uses it: a real browser, a real agent, a real hub.

use std::path::PathBuf;
use std::time::Duration;

use idlewatt_tests::agent::Agent;
use idlewatt_tests::browser::{Browser, Window};
use idlewatt_tests::hub::Hub;
use idlewatt_tests::wait::until;
use serde_json::Value;

/// Nothing that is waited for takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(120);

/// Quick to measure and to earn with.
const QUICK: &str = "[cpu]\nalgorithm = \"sha256d\"\n[gpu]\nenabled = false\n";

/// The pages of a dashboard that works for a hub.
const PAGES: [&str; 10] = [
    "now",
    "earnings",
    "devices",
    "referrals",
    "withdrawals",
    "account",
    "rules",
    "history",
    "settings",
    "doctor",
];

fn link(agent: &Agent) -> String {
    let answer = agent.command(&["open", "--print"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.text.trim().to_owned()
}

/// Where pictures go: into the docs where they are asked for, else beside the other results of tests.
fn picture(name: &str) -> PathBuf {
    let folder = match std::env::var_os("IDLEWATT_SCREENSHOTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots"),
    };
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(format!("{name}.png"))
}

/// An amount of the API as a page writes it.
fn written(amount: &Value) -> String {
    let text = amount["amount"].as_str().expect("a text");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    };
    let code = match amount["practice"] == true {
        true => "practice",
        false => amount["asset"].as_str().expect("a code"),
    };
    format!("{text} {code}")
}

fn amounts(list: &Value) -> String {
    let list = list.as_array().expect("a list");
    match list.is_empty() {
        true => "nothing yet".to_owned(),
        false => list.iter().map(written).collect::<Vec<_>>().join(" + "),
    }
}

/// No page speaks in keys, breaks the policy, stands in anybody's way, or is wider than the window.
fn is_sound(browser: &mut Browser, page: &str) {
    assert_eq!(browser.barriers(), Vec::<String>::new(), "{page}");
    assert_eq!(browser.problems(), Vec::<String>::new(), "{page}");
    let text = browser.text("body");
    let keys: Vec<&str> = text
        .split(|letter: char| {
            !letter.is_ascii_lowercase() && !letter.is_ascii_digit() && letter != '-'
        })
        .filter(|word| {
            [
                "common-",
                "dashboard-",
                "earnings-",
                "devices-",
                "referrals-",
                "withdrawals-",
                "account-",
                "portal-",
                "reasons-",
                "tray-",
                "cli-",
            ]
            .iter()
            .any(|room| word.starts_with(room))
        })
        .collect();
    assert_eq!(keys, Vec::<&str>::new(), "{page}: {text}");
    let wide =
        browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, 0, "{page} is wider than its window");
}

#[test]
fn from_the_first_run_to_earning() {
    let mut agent = Agent::new();
    agent.settings(QUICK);
    agent.start(&[]);
    let mut browser = Browser::start();
    assert_eq!(browser.goto(&link(&agent)), 200);
    browser.see("text=What it will do on this PC");
    is_sound(&mut browser, "first run");
    browser.screenshot(&picture("first-run"));
    // The link has worked once; the session's cookie is for these pages alone.
    let cookies = browser.cookies();
    let cookie = &cookies[0];
    assert_eq!(
        (&cookie["httpOnly"], &cookie["sameSite"]),
        (&true.into(), &"Strict".into())
    );
    assert!(
        browser
            .url()
            .contains(cookie["path"].as_str().expect("a path"))
    );

    let before = agent.json(&["status"]);
    assert_eq!(before["phase"], "waiting_for_consent");
    browser.press_button("I agree: measure this PC");
    browser.see("text=Measured on this PC");
    is_sound(&mut browser, "measured");
    browser.screenshot(&picture("measured"));
    let row = browser.text("table tbody tr");
    assert!(row.contains("sha256d"), "{row}");
    // Nothing works before it is started.
    let status = agent.json(&["status"]);
    assert_eq!(
        (&status["mode"], &status["shares"]["accepted"]),
        (&"pause".into(), &0.into())
    );

    browser.press_button("Start earning");
    browser.see("h1:text('Now')");
    assert_eq!(agent.json(&["status"])["mode"], "smart");
    browser.press_button("100 %");
    let status = agent.wait_status("a credited share", LIMIT, |status| {
        status["credited"]
            .as_array()
            .is_some_and(|sums| !sums.is_empty())
    });
    assert_eq!(status["mode"], "100");
    // Figures move by themselves and are those of the API.
    until("the page to say what the API says", LIMIT, || {
        let status = agent.json(&["status"]);
        let shown = (
            browser.text("[data-live=accepted]"),
            browser.text("[data-live=stale]"),
            browser.text("[data-live=rejected]"),
            browser.text("[data-live=credited]"),
            browser.text("[data-live=allowed-cpu]"),
        );
        let shares = &status["shares"];
        let told = (
            shares["accepted"].to_string(),
            shares["stale"].to_string(),
            shares["rejected"].to_string(),
            amounts(&status["credited"]),
            format!("{} %", status["processors"][0]["allowed_percent"]),
        );
        match shown == told {
            true => Ok(()),
            false => Err(format!("{shown:?} {told:?}")),
        }
    });
    browser.screenshot(&picture("now"));
    // What is changed elsewhere is seen here at once.
    assert_eq!(agent.command(&["mode", "50"]).code, 0);
    browser.see("button[value='50'][aria-pressed=true]");
    browser.see_text("[data-live=reason]", "50 %");
}

#[test]
fn a_second_device_joins_by_its_code_and_both_earn() {
    let hub = Hub::start(&[]);
    let url = hub.url();
    let mut first = Agent::new();
    first.settings(QUICK);
    first.consent();
    first.start(&["--hub", &url, "--mode", "100"]);
    let mut browser = Browser::start();
    browser.goto(&link(&first));
    first.wait_status("a share", LIMIT, |status| {
        status["shares"]["accepted"].as_u64() > Some(0)
    });
    browser.visit("devices");
    browser.press_button("Add a device");
    browser.see(".qr svg");
    let code = browser.text("#code");
    is_sound(&mut browser, "a device's code");

    let mut second = Agent::new();
    second.settings(QUICK);
    second.consent();
    second.start(&["--hub", &url, "--mode", "100", "--enrol", code.trim()]);
    second.wait_status("a share of the second", LIMIT, |status| {
        status["shares"]["accepted"].as_u64() > Some(0)
    });
    let earned = until("both to earn", LIMIT, || {
        let earned = first.json(&["earnings"]);
        let some = |part: &str| earned[part].as_array().is_some_and(|sums| !sums.is_empty());
        match some("this_device") && some("other_devices") {
            true => Ok(earned),
            false => Err(format!("{earned:#}")),
        }
    });
    // Paused, nothing more is credited soon: the figures stand still.
    for agent in [&first, &second] {
        assert_eq!(agent.command(&["pause"]).code, 0);
    }
    drop(earned);
    let still = first.settled_earnings();
    browser.visit("earnings");
    let page = browser.text("main");
    for part in ["this_device", "other_devices", "total"] {
        for amount in still[part].as_array().expect("a list") {
            let told = written(amount);
            let told = told.trim_end_matches(" practice");
            assert!(
                page.contains(told),
                "{part}: {told} is not on the page: {page}"
            );
        }
    }
    browser.visit("devices");
    assert_eq!(browser.texts("li.card h3").len(), 2);

    // Whatever a device is called stays text.
    browser.click("li.card h3 a");
    browser.fill("Name", "<script>alert(1)</script>");
    browser.press_button("Save");
    browser.see_text("main", "<script>alert(1)</script>");
    for page in ["devices", "earnings", "now"] {
        browser.visit(page);
        let scripts = browser
            .run("[...document.scripts].filter((one) => !one.src.endsWith('/live.js')).length");
        assert_eq!(scripts, 0, "{page}");
    }

    // Every page, in both languages, light and dark, on a telephone and on a desk.
    for (scheme, width, language) in [
        ("light", 1_440, "English"),
        ("dark", 1_440, "한국어"),
        ("light", 360, "한국어"),
        ("dark", 360, "English"),
    ] {
        browser.open(Window {
            scheme,
            width,
            ..Window::default()
        });
        browser.goto(&link(&first));
        browser.press_button(language);
        let code = if language == "English" { "en" } else { "ko" };
        for page in PAGES {
            assert_eq!(browser.visit(page), 200, "{page}");
            assert_eq!(browser.run("document.documentElement.lang"), code, "{page}");
            is_sound(
                &mut browser,
                &format!("{page}, {scheme}, {width}, {language}"),
            );
            browser.screenshot(&picture(&format!("{page}-{code}-{scheme}-{width}")));
        }
    }
}

#[test]
fn the_keyboard_alone_is_enough() {
    let mut agent = Agent::new();
    agent.settings(QUICK);
    agent.start(&[]);
    let mut browser = Browser::start();
    browser.goto(&link(&agent));
    let reach = |browser: &mut Browser, name: &str| {
        for _ in 0..60 {
            browser.press("Tab");
            let focused = browser.run("document.activeElement.innerText");
            if focused.as_str().is_some_and(|text| text.trim() == name) {
                return;
            }
        }
        panic!("{name} cannot be reached by the keyboard");
    };
    reach(&mut browser, "I agree: measure this PC");
    browser.press("Enter");
    browser.see("text=Measured on this PC");
    reach(&mut browser, "Start earning");
    browser.press("Enter");
    browser.see("h1:text('Now')");
    reach(&mut browser, "Pause");
    browser.press("Space");
    browser.see("button[value=pause][aria-pressed=true]");
    assert_eq!(agent.json(&["status"])["mode"], "pause");
    // The first stop is the way past the navigation.
    browser.visit("now");
    browser.press("Tab");
    assert_eq!(browser.run("document.activeElement.className"), "skip");
    browser.press("Enter");
    assert_eq!(browser.run("document.activeElement.id"), "content");
}

#[test]
fn without_scripts_everything_but_live_figures_works() {
    let mut agent = Agent::new();
    agent.settings(QUICK);
    agent.consent();
    agent.start(&["--mode", "50"]);
    agent.wait_status("a processor", LIMIT, |status| {
        status["processors"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    });
    let mut browser = Browser::start();
    browser.open(Window {
        script: false,
        ..Window::default()
    });
    browser.goto(&link(&agent));
    browser.press_button("Smart");
    browser.see("button[value=smart][aria-pressed=true]");
    assert_eq!(agent.json(&["status"])["mode"], "smart");
    // A night for every day of the week.
    browser.click("text=Schedule and rules");
    for day in ["Monday", "Friday"] {
        browser.check(day);
    }
    browser.choose("Mode", "90");
    browser.press_button("Set");
    browser.see("td.full");
    let text = std::fs::read_to_string(agent.data().join("config.toml")).expect("written");
    assert!(
        text.contains("[[schedule]]") && text.contains("\"friday\""),
        "{text}"
    );
}

#[test]
fn what_is_set_on_the_pages_reaches_the_engine_and_removing_leaves_nothing() {
    let hub = Hub::start(&[]);
    let mut agent = Agent::new();
    agent.settings(QUICK);
    agent.consent();
    agent.start(&["--mode", "100"]);
    agent.wait_status("work", LIMIT, |status| {
        status["processors"][0]["allowed_percent"] == 100
    });
    let mut browser = Browser::start();
    browser.goto(&link(&agent));
    // A limit: at once, while it works.
    browser.visit("rules");
    browser.fill("Counts as free after", "soon");
    browser.press_button("Save");
    browser.see_text(".error", "idle_after");
    browser.fill("Counts as free after", "5m");
    browser.run("document.getElementById('cpu-most').value = '30'");
    browser.press_button("Save");
    agent.wait_status("the limit", LIMIT, |status| {
        status["processors"][0]["allowed_percent"] == 30
    });
    // For whom it works: after a second look.
    browser.visit("settings");
    browser.check("A hub");
    browser.fill("Address of the hub", &hub.url());
    browser.press_button("Change");
    browser.see("text=Is this right?");
    assert_eq!(agent.json(&["status"])["source"]["kind"], "embedded_hub");
    browser.press_button("Yes, change it");
    let url = hub.url();
    agent.wait_status("work for the other hub", LIMIT, |status| {
        status["source"]["kind"] == "hub"
            && status["source"]["address"] == url.as_str()
            && status["source"]["connections"]["sha256d"] == "connected"
    });
    let kept = std::fs::read_to_string(agent.data().join("config.toml")).expect("there");
    assert!(
        kept.contains(&url) && kept.contains("max_cpu_percent = 30"),
        "{kept}"
    );

    browser.visit("settings");
    browser.follow("Remove everything");
    browser.check("I am sure");
    browser.press_button("Remove everything");
    browser.see("h1:text('Removed')");
    let folder = agent.data().to_owned();
    until("everything to be gone", LIMIT, || {
        // The test itself keeps the output there.
        let left = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        match left.is_empty() {
            true => Ok(()),
            false => Err(format!("{left:?}\n{}", agent.log())),
        }
    });
}
