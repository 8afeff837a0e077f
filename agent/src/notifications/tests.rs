use idlewatt_protocol::api::WithdrawalState;
use idlewatt_protocol::{Asset, Money, WithdrawalId};
use serde_json::json;

use super::*;

fn processors(phases: &[(&str, &str, &str)]) -> Status {
    let processors: Vec<_> = phases
        .iter()
        .map(|(id, phase, detail)| {
            json!({
                "id": id, "kind": "cpu", "name": id, "software": false, "algorithm": null, "phase": phase,
                "detail": detail, "rate": 0.0, "unit": "H/s", "allowed_percent": 0, "achieved_percent": 0.0,
            })
        })
        .collect();
    let status = json!({
        "version": "0", "phase": "running", "mode": "smart", "reason": "", "consent": true,
        "source": {"kind": "hub", "address": "", "connections": {}},
        "processors": processors,
        "shares": {"accepted": 0, "stale": 0, "rejected": 0, "pending": 0, "lost": 0, "unknown": 0},
        "credited": [], "uptime_seconds": 0,
    });
    serde_json::from_value(status).expect("a status")
}

#[test]
fn the_first_share_is_first_once() {
    let mut told = Told::default();
    assert!(!told.is_first(0));
    assert!(told.is_first(2));
    // The hub may lose it again.
    assert!(!told.is_first(0) && !told.is_first(1));
}

#[test]
fn a_processor_is_told_again_only_after_it_worked_or_for_another_reason() {
    let mut told = Told::default();
    let mut new = |phase, detail| {
        let status = processors(&[("cpu", "running", ""), ("gpu", phase, detail)]);
        told.newly_set_aside(&status)
    };
    assert_eq!(new("set_aside", "it fell over"), [1]);
    assert!(new("set_aside", "it fell over").is_empty());
    assert!(new("starting", "").is_empty());
    assert!(new("set_aside", "it fell over").is_empty());
    assert_eq!(new("set_aside", "it computed wrongly"), [1]);
    assert!(new("running", "").is_empty());
    assert_eq!(new("set_aside", "it computed wrongly"), [1]);
}

#[test]
fn withdrawals_are_told_when_they_are_sent_and_not_those_of_before() {
    let second = |second: i64| Timestamp::from_second(second).expect("in range");
    let one = |sent: Option<i64>| Withdrawal {
        id: WithdrawalId::random(),
        state: WithdrawalState::Sent,
        reason: None,
        amount: Money::zero(Asset::Monero),
        fee: Money::zero(Asset::Monero),
        arrives: Money::zero(Asset::Monero),
        address: "4…".to_owned(),
        requested_at: second(0),
        earliest: second(0),
        approved_at: None,
        sent_at: sent.map(second),
        transaction_id: None,
        confirmed_at: None,
    };
    let mut told = Told::default();
    let old = one(Some(10));
    assert!(told.newly_sent(&[old.clone(), one(None)]).is_empty());
    let (third, second_one) = (one(Some(30)), one(Some(20)));
    let all = [third.clone(), second_one.clone(), old];
    assert_eq!(told.newly_sent(&all), [second_one, third]);
    assert!(told.newly_sent(&all).is_empty());
    assert!(told.newly_sent(&[]).is_empty());
    // The first that ever is.
    let mut told = Told::default();
    assert!(told.newly_sent(&[]).is_empty());
    assert_eq!(told.newly_sent(&[one(Some(5))]).len(), 1);
}

#[test]
fn what_was_told_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
    assert_eq!(Told::load(&data).expect("none yet"), None);
    let mut told = Told::default();
    told.is_first(1);
    told.newly_set_aside(&processors(&[("gpu", "set_aside", "it fell over")]));
    data.write(FILE, &told).expect("written");
    assert_eq!(Told::load(&data).expect("read"), Some(told));
}
