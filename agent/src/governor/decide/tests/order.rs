//! What stops the whole PC, and in which order.

use std::time::Duration;

use jiff::SignedDuration;

use super::pc::{BATTERY, MAINS, Pc, cpu, seconds};
use crate::governor::{Mode, Reason, Rule, Until};

const HOUR: Duration = Duration::from_secs(3600);
const MODES: [Mode; 4] = [Mode::Smart, Mode::Percent(5), Mode::Percent(50), Mode::FULL];

fn always(mode: Mode) -> Rule {
    Rule {
        days: [true; 7],
        from: 0,
        to: 1440,
        mode,
    }
}

/// Everything that can stop a PC does.
fn stopped_by_all() -> Pc {
    let mut pc = Pc::left_alone();
    pc.policy.pause_for = vec!["game*".parse().expect("a pattern")];
    pc.policy.schedule = vec![always(Mode::Pause)].try_into().expect("a schedule");
    pc.reading().programs = Some(vec!["game.exe".to_owned()]);
    pc.reading().power = Some(BATTERY);
    pc.mode.chosen_at = pc.now().timestamp() - SignedDuration::from_hours(24);
    pc
}

#[test]
fn the_first_that_stops_it_is_the_reason() {
    let mut pc = stopped_by_all();
    let lasting = pc.mode;
    pc.choose(Mode::Pause);
    pc.signals.consent = false;
    assert_eq!(pc.reason(), Reason::NoConsent);
    pc.signals.consent = true;
    assert_eq!(pc.reason(), Reason::PausedByHand);
    pc.mode = lasting;
    assert_eq!(pc.reason(), Reason::Scheduled { mode: Mode::Pause });
    pc.policy.schedule = Default::default();
    let program = "game.exe".to_owned();
    assert_eq!(pc.reason(), Reason::ProgramRuns { program });
    pc.reading().programs = Some(Vec::new());
    pc.seconds(11);
    assert_eq!(pc.reason(), Reason::OnBattery);
    assert_eq!(pc.percents(), [0, 0, 0]);
    pc.reading().power = Some(MAINS);
    pc.seconds(11);
    assert_eq!(pc.reason(), Reason::RampingUp);
}

#[test]
fn without_consent_nothing_runs_in_any_mode() {
    for mode in MODES {
        let mut pc = Pc::left_alone();
        pc.choose(mode);
        pc.signals.consent = false;
        assert_eq!(pc.percents(), [0, 0, 0]);
        let decision = pc.decide();
        assert!(!decision.needs_signals() && !decision.watches_input());
        assert_eq!(decision.again_within, HOUR);
        assert_eq!(decision.mode, mode);
    }
}

#[test]
fn a_pause_by_hand_stops_everything_and_asks_nothing() {
    let mut pc = Pc::left_alone();
    pc.choose(Mode::Pause);
    assert_eq!(pc.percents(), [0, 0, 0]);
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::PausedByHand);
    assert_eq!(decision.again_within, HOUR);
    assert!(!decision.needs_signals() && !decision.watches_input());
    // It outlives every signal, and the clock.
    pc.set_clock("2040-01-01T00:00");
    pc.signals.clock = Duration::ZERO;
    pc.seconds(100);
    assert_eq!(pc.reason(), Reason::PausedByHand);
}

#[test]
fn a_pause_for_a_while_says_until_when_and_ends() {
    let mut pc = Pc::left_alone();
    pc.choose_for(Mode::Pause, SignedDuration::from_secs(90));
    let decision = pc.decide();
    assert_eq!(decision.again_within, seconds(60));
    assert!(!decision.needs_signals());
    let words = decision.reason.to_string();
    assert_eq!(words, "paused by hand until Fri 6 Mar, 14:01");
    assert_eq!(pc.percents(), [0, 0, 0]);
    assert_eq!(
        pc.pass(seconds(60)).again_within,
        Duration::from_millis(30_005)
    );
    assert_eq!(pc.pass(seconds(30)).reason, Reason::RampingUp);
    assert_eq!(pc.decide().chosen.limit, None);
    assert_eq!(pc.seconds(12).allowance(&cpu()).percent, 100);
}

#[test]
fn a_pause_until_input_ends_with_it() {
    let mut pc = Pc::new();
    let now = pc.now().timestamp();
    pc.mode = pc
        .mode
        .choose(Mode::Pause, Some(Until::Input { armed: false }), now);
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::PausedByHand);
    assert!(decision.needs_signals() && !decision.watches_input());
    pc.reading().power = Some(BATTERY);
    pc.seconds(12);
    assert_eq!(pc.percents(), [0, 0, 0]);
    assert_eq!(pc.reason(), Reason::PausedByHand);
    assert!(pc.decide().watches_input());
    // What was seen meanwhile is known.
    pc.reading().power = None;
    assert_eq!(pc.input().reason, Reason::OnBattery);
}

#[test]
fn a_pause_until_away_ends_when_nobody_is_there_any_more() {
    let mut pc = Pc::new();
    let now = pc.now().timestamp();
    pc.mode = pc.mode.choose(Mode::Pause, Some(Until::Away), now);
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::PausedByHandUntilAway);
    assert!(decision.needs_signals() && !decision.watches_input());
    pc.seconds(100);
    pc.input();
    pc.seconds(100);
    assert_eq!(pc.percents(), [0, 0, 0]);
    assert_eq!(pc.reason(), Reason::PausedByHandUntilAway);
    pc.seconds(40);
    assert_eq!(pc.mode.limit, None);
    assert_eq!(pc.percents(), [100, 100, 100]);
}

#[test]
fn nobody_is_away_while_a_film_plays() {
    let mut pc = Pc::new();
    let now = pc.now().timestamp();
    pc.mode = pc.mode.choose(Mode::Pause, Some(Until::Away), now);
    pc.reading().kept_awake = Some(vec!["vlc".to_owned()]);
    pc.seconds(4_000);
    assert_eq!(pc.reason(), Reason::PausedByHandUntilAway);
    pc.reading().kept_awake = Some(Vec::new());
    pc.seconds(200);
    assert_eq!(pc.mode.limit, None);
}

#[test]
fn full_until_input_ends_with_it() {
    let mut pc = Pc::new();
    let now = pc.now().timestamp();
    pc.mode = pc
        .mode
        .choose(Mode::FULL, Some(Until::Input { armed: false }), now);
    assert_eq!(pc.percents(), [100, 100, 100]);
    pc.input();
    assert_eq!(pc.percents(), [100, 100, 100]);
    pc.seconds(500);
    assert!(pc.decide().watches_input());
    pc.input();
    assert_eq!(pc.percents(), [25, 10, 10]);
    assert_eq!(pc.mode.limit, None);
}

#[test]
fn a_scheduled_pause_is_looked_at_again_at_its_end() {
    let mut pc = Pc::left_alone();
    let mut night = always(Mode::Pause);
    night.to = 14 * 60 + 3;
    pc.policy.schedule = vec![night].try_into().expect("a schedule");
    pc.mode.chosen_at = pc.now().timestamp() - SignedDuration::from_hours(24);
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::Scheduled { mode: Mode::Pause });
    assert_eq!(
        (decision.mode, decision.again_within),
        (Mode::Pause, seconds(60))
    );
    assert!(!decision.needs_signals());
    // It began at 14:00:15.
    assert_eq!(
        pc.pass(seconds(150)).again_within,
        Duration::from_millis(15_005)
    );
    assert_eq!(pc.pass(seconds(15)).reason, Reason::RampingUp);
}

#[test]
fn on_battery_nothing_runs_in_any_mode_unless_allowed() {
    for mode in MODES {
        let mut pc = Pc::left_alone();
        pc.choose(mode);
        pc.reading().power = Some(BATTERY);
        assert_eq!(pc.decide().reason, Reason::OnBattery);
        assert_eq!(pc.percents(), [0, 0, 0]);
        assert!(pc.decide().needs_signals());
        let mut allowed = Pc::left_alone();
        allowed.policy.on_battery = true;
        allowed.choose(mode);
        allowed.reading().power = Some(BATTERY);
        assert_eq!(allowed.percents(), [mode.most(); 3]);
    }
}

#[test]
fn a_system_that_saves_energy_is_left_in_peace() {
    for mode in MODES {
        let mut pc = Pc::left_alone();
        pc.policy.on_battery = true;
        pc.choose(mode);
        let saving = |saver| idlewatt_platform::signals::Power { saver, ..MAINS };
        pc.reading().power = Some(saving(Some(true)));
        assert_eq!(pc.decide().reason, Reason::BatterySaver);
        assert_eq!(pc.percents(), [0, 0, 0]);
        // It no longer says so: after a minute that is no saving, and after ten more seconds that is steady.
        pc.reading().power = Some(saving(None));
        assert_eq!(pc.seconds(59).reason, Reason::BatterySaver);
        assert_ne!(pc.seconds(12).reason, Reason::BatterySaver);
    }
}

#[test]
fn back_on_mains_it_waits_ten_steady_seconds() {
    let mut pc = Pc::left_alone();
    pc.reading().power = Some(BATTERY);
    pc.seconds(5);
    for _ in 0..5 {
        pc.reading().power = Some(MAINS);
        assert_eq!(pc.seconds(9).reason, Reason::OnBattery);
        pc.reading().power = Some(BATTERY);
        assert_eq!(pc.seconds(1).reason, Reason::OnBattery);
    }
    pc.reading().power = Some(MAINS);
    assert_eq!(pc.seconds(10).reason, Reason::OnBattery);
    assert_eq!(pc.seconds(1).reason, Reason::RampingUp);
}

#[test]
fn unknown_power_is_what_it_was_and_never_known_is_mains() {
    let mut pc = Pc::left_alone();
    pc.reading().power = Some(BATTERY);
    pc.seconds(1);
    pc.reading().power = None;
    assert_eq!(pc.seconds(3600).reason, Reason::OnBattery);
    assert_eq!(pc.pass(seconds(1_000_000)).reason, Reason::OnBattery);

    let mut desktop = Pc::new();
    desktop.reading().power = None;
    assert_eq!(desktop.percents(), [25, 10, 10]);
}

#[test]
fn a_program_of_the_owners_list_stops_everything_until_it_is_gone() {
    for mode in MODES {
        let mut pc = Pc::left_alone();
        pc.policy.pause_for = vec!["game*".parse().expect("a pattern")];
        pc.choose(mode);
        // Nobody could list them yet.
        pc.reading().programs = None;
        assert_eq!(pc.seconds(12).allowance(&cpu()).percent, mode.most());
        pc.reading().programs = Some(vec!["game2.exe".to_owned(), "game1.exe".to_owned()]);
        let program = "game1.exe".to_owned();
        let runs = Reason::ProgramRuns { program };
        assert_eq!(pc.decide().reason, runs);
        assert_eq!(pc.percents(), [0, 0, 0]);
        // A list that cannot be read does not end a program.
        pc.reading().programs = None;
        assert_eq!(pc.seconds(600).reason, runs);
        pc.reading().programs = Some(Vec::new());
        assert_eq!(pc.seconds(10).reason, runs);
        assert_ne!(pc.seconds(1).reason, runs);
        // The owner takes it off the list: at once.
        pc.reading().programs = Some(vec!["game1.exe".to_owned()]);
        assert_eq!(pc.decide().reason, runs);
        pc.policy.pause_for.clear();
        assert_ne!(pc.decide().reason, runs);
    }
}

#[test]
fn after_a_stop_smart_goes_up_from_nothing() {
    let mut pc = Pc::left_alone();
    assert_eq!(pc.percents(), [100, 100, 100]);
    pc.reading().power = Some(BATTERY);
    pc.seconds(3);
    pc.reading().power = Some(MAINS);
    pc.seconds(11);
    assert_eq!(pc.percents(), [0, 0, 0]);
    pc.seconds(5);
    assert_eq!(pc.percents(), [50, 50, 50]);
}
