//! Fixed shares, limits, temperature, and which of hand and schedule holds.

use std::time::Duration;

use idlewatt_platform::signals::Gamepad;
use jiff::SignedDuration;

use super::pc::{Pc, cpu, full_screen, gpu, seconds};
use crate::governor::{Mode, Reason, Rule};

const HALF: Mode = Mode::Percent(50);

fn rule(from: u16, to: u16, mode: Mode) -> Rule {
    Rule {
        days: [true; 7],
        from: from * 60,
        to: to * 60,
        mode,
    }
}

/// Fixed at 14:00, with a schedule that says 70 % from 16:00 to 18:00.
fn scheduled() -> Pc {
    let mut pc = Pc::new();
    let rule = rule(16, 18, Mode::Percent(70));
    pc.policy.schedule = vec![rule].try_into().expect("a schedule");
    pc.choose(HALF);
    pc
}

#[test]
fn a_share_is_a_share_whoever_is_there_and_whatever_runs() {
    let mut pc = Pc::new();
    pc.choose(HALF);
    pc.load(&cpu(), 100.0);
    pc.load(&gpu(0), 100.0);
    pc.reading().front = full_screen("game.exe");
    for idle in [None, Some(seconds(0)), Some(seconds(100_000))] {
        pc.reading().idle = idle;
        pc.seconds(3);
        assert_eq!(pc.percents(), [50, 50, 50]);
        assert_eq!(pc.reason(), Reason::ByHand { mode: HALF });
        assert_eq!(pc.decide().again_within, seconds(1));
    }
}

#[test]
fn a_share_without_anybody_there_takes_longer_dispatches_and_minds_input() {
    let mut pc = Pc::left_alone();
    pc.choose(HALF);
    let decision = pc.decide();
    assert_eq!(
        decision.allowance(&gpu(0)).dispatch_budget,
        Duration::from_millis(50)
    );
    assert!(decision.watches_input());
    let decision = pc.input();
    assert_eq!(
        decision.allowance(&gpu(0)).dispatch_budget,
        Duration::from_millis(4)
    );
    assert!(!decision.watches_input());
}

#[test]
fn the_owners_limit_binds_in_every_mode_and_says_so_where_it_takes_something() {
    let mut pc = Pc::left_alone();
    pc.policy.cpu.most_percent = 40;
    pc.policy.gpu.most_percent = 0;
    assert_eq!(pc.percents(), [40, 0, 0]);
    assert_eq!(pc.reason(), Reason::OwnersLimit { percent: 40 });
    pc.choose(Mode::Percent(40));
    assert_eq!(
        pc.reason(),
        Reason::ByHand {
            mode: Mode::Percent(40)
        }
    );
    pc.choose(HALF);
    assert_eq!(pc.reason(), Reason::OwnersLimit { percent: 40 });
    assert_eq!(pc.percents(), [40, 0, 0]);
    // With somebody there less is the rule, and the reason is who is there.
    pc.policy.cpu.most_percent = 20;
    pc.choose(Mode::Smart);
    pc.input();
    assert_eq!(pc.percents(), [20, 0, 0]);
    assert_eq!(pc.reason(), Reason::SomeoneHere);
}

#[test]
fn heat_takes_away_in_every_mode_and_only_then_is_the_reason() {
    for mode in [Mode::Smart, HALF] {
        let mut pc = Pc::left_alone();
        pc.choose(mode);
        pc.processor(&gpu(0)).celsius = Some(100.0);
        pc.seconds(30);
        let hot = pc.verdict(&gpu(0));
        assert_eq!(hot.reason, Reason::Hot { celsius: 100 });
        assert_eq!((hot.allowance.percent, hot.target_percent), (0, 0));
        assert_eq!(pc.verdict(&gpu(1)).allowance.percent, mode.most());
        pc.processor(&gpu(0)).celsius = Some(60.0);
        pc.seconds(120);
        assert_eq!(pc.verdict(&gpu(0)).allowance.percent, mode.most());
        assert_ne!(pc.verdict(&gpu(0)).reason.signal(), "temperature");
    }
}

#[test]
fn heat_that_takes_less_than_anyway_is_no_reason() {
    let mut pc = Pc::new();
    for second in 0..200 {
        pc.processor(&cpu()).celsius = Some(94.0);
        pc.pass(seconds(1));
        pc.input();
        let verdict = pc.verdict(&cpu());
        match verdict.allowance.percent {
            25 => assert_eq!(verdict.reason, Reason::SomeoneHere),
            _ => assert_eq!(verdict.reason, Reason::Hot { celsius: 94 }, "{second}"),
        }
    }
    assert_eq!(pc.percents()[0], 0);
}

#[test]
fn whichever_came_last_holds() {
    let mut pc = scheduled();
    assert_eq!(pc.reason(), Reason::ByHand { mode: HALF });
    pc.set_clock("2026-03-06T16:00");
    let mode = Mode::Percent(70);
    assert_eq!(pc.reason(), Reason::Scheduled { mode });
    assert_eq!(pc.decide().mode, mode);
    assert_eq!(pc.percents(), [70, 70, 70]);
    pc.set_clock("2026-03-06T17:00");
    pc.choose(Mode::Percent(30));
    assert_eq!(pc.percents(), [30, 30, 30]);
    // Beyond its time the last choice holds, until it begins again.
    pc.set_clock("2026-03-07T10:00");
    assert_eq!(pc.percents(), [30, 30, 30]);
    pc.set_clock("2026-03-07T16:00");
    assert_eq!(pc.percents(), [70, 70, 70]);
}

#[test]
fn a_choice_from_before_the_clock_was_set_back_is_earlier_than_the_schedule() {
    let mut pc = scheduled();
    pc.set_clock("2026-03-06T20:00");
    pc.choose(Mode::Percent(30));
    pc.set_clock("2026-03-06T17:00");
    assert_eq!(pc.percents(), [70, 70, 70]);
    pc.set_clock("2026-03-06T18:00");
    assert_eq!(pc.percents(), [30, 30, 30]);
}

#[test]
fn a_choice_for_a_while_holds_for_its_time_and_then_what_is_scheduled() {
    let mut pc = scheduled();
    pc.set_clock("2026-03-06T16:30");
    pc.choose_for(Mode::Percent(20), SignedDuration::from_mins(30));
    assert_eq!(pc.percents(), [20, 20, 20]);
    pc.set_clock("2026-03-06T17:00");
    assert_eq!(pc.percents(), [70, 70, 70]);
    pc.set_clock("2026-03-06T18:00");
    assert_eq!(pc.percents(), [50, 50, 50]);
}

#[test]
fn a_pause_for_good_holds_whatever_is_scheduled() {
    let mut pc = scheduled();
    pc.choose(Mode::Pause);
    for now in ["2026-03-06T16:30", "2026-03-06T23:00", "2026-03-09T17:00"] {
        pc.set_clock(now);
        assert_eq!(pc.reason(), Reason::PausedByHand, "{now}");
        assert_eq!(pc.percents(), [0, 0, 0]);
    }
}

#[test]
fn smart_can_be_scheduled() {
    let mut pc = Pc::left_alone();
    let night = rule(15, 18, Mode::Smart);
    pc.policy.schedule = vec![night].try_into().expect("a schedule");
    pc.choose(HALF);
    pc.decide();
    pc.set_clock("2026-03-06T15:00");
    assert_eq!(pc.reason(), Reason::RampingUp);
    assert_eq!(pc.percents(), [50, 50, 50]);
    pc.seconds(12);
    assert_eq!(pc.percents(), [100, 100, 100]);
}

#[test]
fn the_headline_is_the_cpus() {
    let mut pc = Pc::left_alone();
    pc.policy.cpu.most_percent = 10;
    assert_eq!(pc.reason(), Reason::OwnersLimit { percent: 10 });
    pc.signals.processors.remove(&cpu());
    assert_eq!(pc.reason().signal(), "idle");
    pc.signals.processors.clear();
    assert_eq!(pc.reason().signal(), "idle");
    pc.reading().gamepad = Some(Gamepad::Present {
        idle: Some(seconds(1)),
    });
    assert_eq!(pc.reason(), Reason::Gamepad);
    pc.choose(HALF);
    assert_eq!(pc.reason(), Reason::ByHand { mode: HALF });
}

#[test]
fn what_is_worth_writing_down() {
    let mut pc = Pc::left_alone();
    let mut written = pc.decide().clone();
    // An hour goes by, and the temperature with it.
    for celsius in [60.0, 88.5, 89.0] {
        pc.processor(&cpu()).celsius = Some(celsius);
        pc.seconds(30);
        assert!(!pc.decide().differs_from(&written), "{celsius}");
    }
    assert_eq!(pc.reason(), Reason::Hot { celsius: 89 });
    pc.processor(&cpu()).celsius = Some(100.0);
    pc.seconds(10);
    assert!(pc.decide().differs_from(&written));
    pc.processor(&cpu()).celsius = Some(45.0);
    pc.seconds(100);
    assert!(!pc.decide().differs_from(&written));
    // Everything else is.
    let mut is_news = |pc: &mut Pc, what: &str| {
        assert!(pc.decide().differs_from(&written), "{what}");
        written = pc.decide().clone();
    };
    pc.input();
    is_news(&mut pc, "an input");
    pc.choose(Mode::Percent(25));
    is_news(&mut pc, "a mode");
    pc.signals.processors.remove(&gpu(1));
    is_news(&mut pc, "a processor");
    pc.choose(Mode::Smart);
    is_news(&mut pc, "a mode");
    pc.load(&gpu(0), 60.0);
    pc.seconds(3);
    is_news(&mut pc, "a busy GPU");
    pc.reading().power = Some(super::pc::BATTERY);
    is_news(&mut pc, "the battery");
    pc.choose(Mode::Pause);
    is_news(&mut pc, "a pause");
    pc.signals.consent = false;
    is_news(&mut pc, "no consent");
}

#[test]
fn on_the_way_up_the_target_stands() {
    let mut pc = Pc::new();
    pc.seconds(121);
    let begin = pc.decide().clone();
    let cpu = begin.verdicts[&cpu()].clone();
    assert!(cpu.allowance.percent < 100);
    assert_eq!((cpu.target_percent, cpu.reason), (100, Reason::RampingUp));
    assert!(!pc.seconds(3).differs_from(&begin));
}
