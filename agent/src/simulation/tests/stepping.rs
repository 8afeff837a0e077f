//! How a day is stepped through and added up.

use std::time::Duration;

use super::{simulate, trace, written};
use crate::chosen_mode;
use crate::engine::ProcessorId;
use crate::governor::{Mode, Policy};
use crate::simulation::{Report, drive};

/// A quiet PC on mains, on which somebody types.
const TYPING: &str = "{\"at\":\"00:00:00\",\"using\":true,\"gamepad\":\"absent\",\"locked\":false,\"remote\":false,\
\"others_active\":0,\"kept_awake\":[],\"fullscreen\":false,\"battery\":false,\"saver\":false,\"cpu_others\":5,\
\"gpu_others\":[0],\"cpu_celsius\":50,\"gpu_celsius\":[40],\"programs\":[]}\n";

fn smart(length: &str, lines: &str) -> Report {
    let text = written(length, &format!("{TYPING}{lines}"));
    simulate(&text, Mode::Smart, &Policy::default()).expect("a day")
}

#[test]
fn spans_follow_each_other_without_a_gap_and_end_with_the_day() {
    let lines = "{\"at\":\"00:10:00\",\"using\":false}\n{\"at\":\"00:20:00\",\"asleep\":true}\n\
                 {\"at\":\"00:40:00\",\"asleep\":false,\"using\":true}\n";
    let mut read = trace(&written("1h", &format!("{TYPING}{lines}"))).expect("a trace");
    let mut at = Duration::ZERO;
    let policy = Policy::default();
    let length = drive(
        &mut read,
        chosen_mode::first(Mode::Smart),
        &policy,
        |span| {
            assert_eq!(span.at, at);
            assert!(!span.length.is_zero());
            assert_eq!(span.decision.is_none(), span.pc.is_asleep());
            at += span.length;
        },
    );
    assert_eq!(length.expect("a day"), at);
    assert_eq!(at, Duration::from_secs(3_600));
}

#[test]
fn every_second_is_counted_once() {
    let report = smart(
        "2h",
        "{\"at\":\"00:10:00\",\"using\":false}\n{\"at\":\"01:00:00\",\"asleep\":true}\n",
    );
    // Somebody is there until two minutes after the last input.
    assert_eq!(report.someone, Duration::from_secs(12 * 60));
    assert_eq!(report.free, Duration::from_secs(48 * 60));
    assert_eq!(report.asleep, Duration::from_secs(3_600));
    for processor in &report.processors {
        let spent: Duration = processor.spent.iter().map(|spent| spent.time).sum();
        assert_eq!(spent, Duration::from_secs(3_600), "{}", processor.id);
    }
}

#[test]
fn an_input_ends_the_work_within_the_same_instant() {
    let report = smart(
        "1h",
        "{\"at\":\"00:10:00\",\"using\":false}\n{\"at\":\"00:30:00\",\"using\":true}\n",
    );
    assert_eq!((report.disturbances, report.disturbed), (0, Duration::ZERO));
    let mut back = report.listed_changes.iter();
    assert!(back.any(|change| change.at == Duration::from_secs(1_800) && change.to_percent <= 25));
}

#[test]
fn who_reads_without_a_signal_is_disturbed_and_told_so() {
    let report = smart(
        "1h",
        "{\"at\":\"00:10:00\",\"using\":false,\"someone\":true}\n\
         {\"at\":\"00:30:00\",\"using\":true}\n{\"at\":\"00:40:00\",\"using\":false}\n\
         {\"at\":\"00:50:00\",\"using\":true}\n",
    );
    assert_eq!(report.disturbances, 2);
    assert_eq!(report.disturbed, report.unsignalled);
    assert!(report.disturbed > Duration::from_secs(20 * 60));
    assert!(report.disturbed <= Duration::from_secs((18 + 8) * 60));
    let listed: Duration = report
        .listed_disturbances
        .iter()
        .map(|each| each.length)
        .sum();
    assert_eq!(listed, report.disturbed);
    assert_eq!(report.free, Duration::ZERO);
    assert!(
        report
            .processors
            .iter()
            .all(|each| each.free_used_percent.is_none())
    );
}

#[test]
fn a_share_by_hand_above_the_cap_disturbs_and_a_pause_never_does() {
    let text = written("10m", TYPING);
    let policy = Policy::default();
    let by_hand = simulate(&text, Mode::Percent(90), &policy).expect("a day");
    assert_eq!(
        (by_hand.disturbances, by_hand.disturbed.as_secs()),
        (1, 600)
    );
    assert_eq!(by_hand.unsignalled, Duration::ZERO);
    let paused = simulate(&text, Mode::Pause, &policy).expect("a day");
    assert_eq!(paused.disturbances, 0);
    let reasons: Vec<&str> = paused.processors[0]
        .spent
        .iter()
        .map(|spent| spent.because.as_str())
        .collect();
    assert_eq!(reasons, ["paused_by_hand"]);
}

#[test]
fn free_time_counts_only_where_the_pc_could_work() {
    let away = "{\"at\":\"00:00:01\",\"someone\":false,\"using\":false,\"idle_seconds\":3600}\n";
    let free = |line: &str| {
        let line = format!("{away}{{\"at\":\"00:30:00\",{line}}}\n");
        let policy = Policy {
            pause_for: vec!["obs64.exe".parse().expect("a pattern")],
            ..Policy::default()
        };
        let text = written("1h", &format!("{TYPING}{line}"));
        let report = simulate(&text, Mode::Smart, &policy).expect("a day");
        report.free.as_secs()
    };
    assert_eq!(free("\"note\":\"nothing\""), 3_599);
    for line in [
        "\"battery\":true",
        "\"saver\":true",
        "\"programs\":[\"obs64.exe\"]",
        "\"asleep\":true",
        "\"someone\":true",
    ] {
        assert_eq!(free(line), 1_799, "{line}");
    }
    assert_eq!(free("\"programs\":[\"other.exe\"]"), 3_599);
}

#[test]
fn a_load_that_comes_and_goes_changes_at_most_once_an_edge() {
    const EDGE: u64 = 15;
    const EDGES: u64 = 40;
    let lines: Vec<String> = (0..EDGES)
        .map(|edge| {
            let at = crate::simulation::At::from(Duration::from_secs(60 + edge * EDGE));
            let load = if edge % 2 == 0 { 100 } else { 4 };
            format!("{{\"at\":\"{at}\",\"cpu_others\":{load}}}\n")
        })
        .collect();
    let report = smart("12m", &lines.concat());
    let changes = |processor: &ProcessorId, from: u64, to: u64| {
        let changes = report.listed_changes.iter();
        let between = Duration::from_secs(from)..Duration::from_secs(to);
        changes
            .filter(|change| change.processor == *processor && between.contains(&change.at))
            .count()
    };
    let cpu = ProcessorId::cpu();
    for edge in 0..EDGES {
        let from = 60 + edge * EDGE;
        let count = changes(&cpu, from, from + EDGE);
        assert!(
            count <= 1,
            "{count} changes after the edge at {from} s: {report:?}"
        );
    }
    // The first of them takes what the CPU has left over; a GPU has nothing to do with it.
    assert!(changes(&cpu, 60, 720) >= 1, "{report:?}");
    assert_eq!(changes(&ProcessorId("gpu-1".to_owned()), 60, 720), 0);
    assert_eq!(report.disturbances, 0);
}
