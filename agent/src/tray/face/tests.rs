use idlewatt_protocol::{Asset, Money};
use idlewatt_screens::Language;
use serde_json::json;

use super::*;

fn status(change: impl FnOnce(&mut serde_json::Value)) -> Status {
    let mut status = json!({
        "version": "0.1.0",
        "phase": "running",
        "mode": "100",
        "reason": "",
        "because": {"because": "by_hand", "mode": "100"},
        "consent": true,
        "source": {"kind": "hub", "address": "http://hub", "connections": {"sha256d": "connected"}},
        "processors": [{
            "id": "cpu",
            "kind": "cpu",
            "name": "A CPU",
            "software": false,
            "algorithm": "sha256d",
            "phase": "running",
            "rate": 4_210_000.0,
            "unit": "H/s",
            "allowed_percent": 100,
            "achieved_percent": 99.0,
        }],
        "shares": {"accepted": 0, "stale": 0, "rejected": 0, "pending": 0, "lost": 0, "unknown": 0},
        "credited": [],
        "uptime_seconds": 1,
    });
    change(&mut status);
    serde_json::from_value(status).expect("a status")
}

fn surroundings() -> Surroundings {
    Surroundings {
        now: "2026-03-06T23:30:00+01:00[+01:00]".parse().expect("a time"),
        today: Some(vec![Money {
            asset: Asset::Monero,
            atomic: 1_500_000_000,
        }]),
        autostart: true,
        tells_of_input: true,
    }
}

fn face(change: impl FnOnce(&mut serde_json::Value)) -> Face {
    let words = Words::of(Language::English);
    Face::of(&status(change), &surroundings(), words)
}

#[test]
fn the_icon_says_what_matters_most() {
    let because = |reason: &str| {
        let reason = json!({"because": reason});
        move |status: &mut serde_json::Value| status["because"] = reason
    };
    assert_eq!(face(|_| {}).icon, State::Earning);
    assert_eq!(face(because("ramping_up")).icon, State::Earning);
    for reason in [
        "someone_here",
        "gamepad",
        "other_session",
        "unknown_presence",
        "on_battery",
        "battery_saver",
    ] {
        assert_eq!(face(because(reason)).icon, State::Yielding, "{reason}");
    }
    assert_eq!(face(because("remote_pause")).icon, State::Paused);
    let scheduled = face(|status| {
        status["because"] = json!({"because": "scheduled", "mode": "pause"});
    });
    assert_eq!(scheduled.icon, State::Paused);
    assert!(!scheduled.paused, "there is nothing to resume");
    assert_eq!(
        face(|status| status["phase"] = json!("benchmarking")).icon,
        State::Yielding
    );
    assert_eq!(
        face(|status| status["processors"][0]["allowed_percent"] = json!(0)).icon,
        State::Yielding
    );
    let aside = face(|status| {
        status["processors"][0]["phase"] = json!("set_aside");
        status["processors"][0]["detail"] = json!("it fell over");
    });
    assert_eq!(aside.icon, State::Attention);
    assert_eq!(
        aside.label(Item::Status),
        "A CPU was set aside: it fell over"
    );
    let paused = face(|status| {
        status["mode"] = json!("pause");
        status["source"]["trouble"] = json!("gone");
    });
    assert!(paused.icon == State::Paused && paused.paused);
    assert_eq!(
        face(|status| status["consent"] = json!(false)).icon,
        State::Attention
    );
}

#[test]
fn nobody_to_work_for_is_said() {
    let offline = face(|status| status["source"]["trouble"] = json!("the hub is away"));
    assert_eq!(offline.icon, State::Offline);
    assert_eq!(
        offline.label(Item::Status),
        "No connection: the hub is away"
    );
    let retrying = face(|status| {
        status["source"]["connections"]["sha256d"] = json!("trying again: refused");
    });
    assert_eq!(retrying.icon, State::Offline);
    // One connection is enough, and a host that was not followed is no trouble.
    let one = face(|status| {
        status["source"]["connections"] = json!({
            "randomx": "connecting",
            "sha256d": "connected (it wanted to send this device to x, which was not followed)",
        });
    });
    assert_eq!(one.icon, State::Earning);
}

#[test]
fn the_tooltip_has_mode_reason_rate_and_today() {
    assert_eq!(
        face(|_| {}).tooltip,
        "100 %: set to 100 % by hand\nCPU 4.21 MH/s\nToday: 0.0015 XMR"
    );
    let idle = face(|status| {
        status["mode"] = json!("smart");
        status["processors"][0]["rate"] = json!(0.0);
    });
    assert_eq!(
        idle.tooltip,
        "Smart: set to 100 % by hand\nToday: 0.0015 XMR"
    );
    let words = Words::of(Language::English);
    let of_pool = Surroundings {
        today: None,
        ..surroundings()
    };
    let of_pool = Face::of(&status(|_| {}), &of_pool, words);
    assert_eq!(of_pool.label(Item::Today), "Today: see your pool's pages");
}

#[test]
fn marks_stand_at_the_chosen_mode_and_where_the_system_starts_it() {
    assert_eq!(face(|_| {}).checked, [Item::Full, Item::Autostart]);
    let other = face(|status| status["mode"] = json!("37"));
    assert_eq!(other.checked, [Item::Autostart]);
    let words = Words::of(Language::English);
    let blind = Surroundings {
        tells_of_input: false,
        ..surroundings()
    };
    let blind = Face::of(&status(|_| {}), &blind, words);
    assert!(blind.disabled.contains(&Item::UntilAway));
}

#[test]
fn what_is_chosen_is_asked_as_the_control_api_is() {
    let now = surroundings().now;
    let asked = |item: Item| {
        let request = item.request(&now);
        serde_json::to_value(request).expect("JSON")
    };
    assert_eq!(asked(Item::Most)["mode"], "90");
    assert_eq!(asked(Item::Resume)["mode"], "resume");
    assert_eq!(asked(Item::ForAnHour)["for_seconds"], 3_600);
    assert_eq!(asked(Item::UntilAway)["until_away"], true);
    // The next day by the clock on the wall, though it is half an hour away.
    assert_eq!(asked(Item::UntilTomorrow)["until"], "2026-03-07T07:00:00Z");
    assert!(asked(Item::ForGood)["until"].is_null());
    for item in [Item::Status, Item::Today, Item::Dashboard, Item::Quit] {
        assert!(item.request(&now).is_none());
    }
}

#[test]
fn a_long_line_is_cut_between_letters() {
    let long = face(|status| status["source"]["trouble"] = json!("é".repeat(200)));
    let label = long.label(Item::Status);
    assert_eq!(label.chars().count(), LONGEST_LINE);
    assert!(label.ends_with('…'));
}
