//! The traces that come with the agent, against its default policy: what must hold however it is tuned.

use std::path::Path;
use std::time::Duration;

use crate::chosen_mode;
use crate::engine::ProcessorId;
use crate::governor::{Mode, Policy};
use crate::simulation::{Report, Span, Tally, TraceReader, drive};

/// More changes an hour than this would be noticed. The office's build alone may cause 4 an hour.
const MOST_CHANGES_AN_HOUR: f64 = 12.0;

/// Simulates one of them in Smart.
fn day(name: &str, mut also: impl FnMut(&Span<'_>)) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let mut trace = TraceReader::open(&folder.join(name).with_extension("trace")).expect("read");
    assert_eq!(trace.header().name, name);
    assert!(trace.header().note.is_some(), "it says how it came about");
    let policy = Policy::default();
    let mut tally = Tally::new(&policy, true);
    let driven = drive(
        &mut trace,
        chosen_mode::first(Mode::Smart),
        &policy,
        |span| {
            tally.add(span);
            always(span, &policy);
            also(span);
        },
    );
    driven.expect("a day");
    let report = tally.finish();
    assert_eq!(report.disturbed, report.unsignalled, "{report:?}");
    assert!(!report.free.is_zero());
    for processor in &report.processors {
        let an_hour = report.changes_an_hour(processor);
        assert!(
            an_hour <= MOST_CHANGES_AN_HOUR,
            "{name}, {}: {an_hour}",
            processor.id
        );
        let used = processor.free_used_percent.expect("there is free time");
        assert!(used > 50.0, "{name}, {}: {used} %", processor.id);
    }
    report
}

/// What holds at every moment of every day.
fn always(span: &Span<'_>, policy: &Policy) {
    let Some(decision) = span.decision else {
        return;
    };
    let reading = span.pc.reading(span.at, &[]);
    for (id, verdict) in &decision.verdicts {
        let allowed = verdict.allowance.percent;
        let told = || {
            format!(
                "{id} may use {allowed} % at {:?}: {}",
                span.at, verdict.reason
            )
        };
        if reading.power.is_some_and(|power| power.on_battery) {
            assert_eq!(allowed, 0, "on battery, {}", told());
        }
        let cap = span.pc.cap(id, policy);
        if span.pc.has_someone(span.at) && allowed > cap {
            // Somebody is there whom no signal tells of.
            assert!(!span.pc.is_signalled(span.at), "{}", told());
            assert!(
                reading.idle.is_some_and(|idle| idle >= policy.idle_after),
                "{}",
                told()
            );
        }
    }
}

#[test]
fn an_office_day() {
    let report = day("office-day", |_| {});
    assert_eq!(report.length, Duration::from_secs(10 * 3_600));
    // A specification read for 11:45 and a telephone call of 4:26 with no hand on the PC.
    assert_eq!(report.disturbances, 2, "{:?}", report.listed_disturbances);
    assert!(report.disturbed <= Duration::from_secs(705 + 266 - 2 * 120));
}

#[test]
fn an_evening_of_gaming() {
    let report = day("gaming-evening", |_| {});
    assert_eq!(report.disturbances, 0, "{:?}", report.listed_disturbances);
}

#[test]
fn a_film() {
    let report = day("film", |span| {
        let gpu = ProcessorId("gpu-1".to_owned());
        let allowed = span
            .decision
            .map(|decision| decision.allowance(&gpu).percent);
        if span.pc.screen_is_taken() {
            assert_eq!(allowed, Some(0), "a film runs at {:?}", span.at);
        }
    });
    assert_eq!(report.disturbances, 0, "{:?}", report.listed_disturbances);
    assert!(report.asleep > Duration::from_secs(3_600));
}

#[test]
fn a_laptop_on_the_move() {
    let mut hot = Duration::ZERO;
    let report = day("laptop-on-the-move", |span| {
        let reading = span.pc.reading(span.at, &[]);
        let limit = f32::from(Policy::default().cpu.max_celsius);
        if reading.cpu_celsius.is_some_and(|celsius| celsius > limit) {
            hot += span.length;
        }
    });
    assert!(hot > Duration::from_secs(300), "it gets hot in the sun");
    // Looking out of the window and watching a film happen on battery, where nothing works anyway.
    assert_eq!(report.disturbances, 0, "{:?}", report.listed_disturbances);
    let hours = report.length - report.asleep;
    assert!(
        report.someone + report.free < hours,
        "on battery it could not work"
    );
}
