//! Smart: who is there, what they use, and the way up.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad};

use super::pc::{Pc, cpu, full_screen, gpu, seconds};
use crate::governor::Reason;

fn film() -> Option<Vec<String>> {
    Some(vec!["vlc.exe".to_owned()])
}

fn kept_awake() -> Reason {
    Reason::KeptAwake {
        application: "vlc.exe".to_owned(),
    }
}

fn game() -> Reason {
    Reason::Fullscreen {
        application: "game.exe".to_owned(),
    }
}

#[test]
fn with_somebody_there_each_takes_its_small_share() {
    let mut pc = Pc::new();
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::SomeoneHere);
    assert_eq!(decision.again_within, seconds(1));
    assert!(decision.needs_signals() && !decision.watches_input());
    let budget = decision.allowance(&gpu(0)).dispatch_budget;
    assert_eq!(budget, pc.policy.dispatch_present);
    assert_eq!(pc.percents(), [25, 10, 10]);
}

#[test]
fn nobody_can_tell_is_somebody_there() {
    let mut pc = Pc::left_alone();
    pc.reading().idle = None;
    assert_eq!(pc.decide().reason, Reason::UnknownPresence);
    assert_eq!(pc.percents(), [25, 10, 10]);
    assert!(!pc.decide().watches_input());
}

#[test]
fn left_alone_it_goes_straight_up_within_the_ramp() {
    let mut pc = Pc::new();
    pc.seconds(119);
    assert_eq!(pc.reason(), Reason::SomeoneHere);
    let mut way = Vec::new();
    for second in 120..=130 {
        let decision = pc.pass(seconds(1)).clone();
        way.push(decision.allowance(&cpu()).percent);
        assert!(decision.watches_input());
        let budget = decision.allowance(&gpu(0)).dispatch_budget;
        assert_eq!(budget, pc.policy.dispatch_away);
        if second < 130 {
            assert_eq!(decision.reason, Reason::RampingUp);
            assert_eq!(decision.again_within, Duration::from_millis(250));
        }
    }
    assert_eq!(way, [25, 32, 40, 47, 55, 62, 70, 77, 85, 92, 100]);
    let decision = pc.decide();
    assert_eq!(decision.reason, Reason::Free { idle: seconds(120) });
    assert_eq!(decision.again_within, seconds(1));
}

#[test]
fn an_input_ends_it_at_once_whatever_the_way() {
    for into in [119, 120, 124, 200, 2000] {
        let mut pc = Pc::new();
        pc.seconds(into);
        pc.input();
        assert_eq!(pc.percents(), [25, 10, 10]);
        assert_eq!(pc.reason(), Reason::SomeoneHere);
    }
}

#[test]
fn how_long_it_is_free_is_told_coarsely() {
    let mut pc = Pc::left_alone();
    let idle = |pc: &mut Pc, secs: u64| {
        pc.reading().idle = Some(seconds(secs));
        pc.reason()
    };
    assert_eq!(idle(&mut pc, 659), Reason::Free { idle: seconds(600) });
    assert_eq!(idle(&mut pc, 660), Reason::Free { idle: seconds(660) });
    pc.policy.idle_after = seconds(5);
    assert_eq!(idle(&mut pc, 7), Reason::Free { idle: seconds(7) });
}

#[test]
fn a_locked_pc_is_left_alone_after_seconds() {
    let mut pc = Pc::new();
    pc.reading().locked = Some(true);
    pc.reading().kept_awake = film();
    pc.reading().front = full_screen("game.exe");
    assert_eq!(pc.seconds(14).reason, Reason::SomeoneHere);
    assert_eq!(pc.seconds(1).reason, Reason::RampingUp);
    pc.seconds(12);
    assert_eq!(pc.percents(), [100, 100, 100]);
    // Nor is it longer than the settings say.
    let mut quick = Pc::new();
    quick.policy.idle_after = seconds(5);
    quick.reading().locked = Some(true);
    assert_eq!(quick.seconds(5).reason, Reason::RampingUp);
}

#[test]
fn a_film_or_a_game_is_somebody_there_until_it_is_gone_for_ten_seconds() {
    for (reason, is_film) in [(kept_awake(), true), (game(), false)] {
        let mut pc = Pc::new();
        let set = |pc: &mut Pc, on: bool| match is_film {
            true => pc.reading().kept_awake = if on { film() } else { Some(Vec::new()) },
            false if on => pc.reading().front = full_screen("game.exe"),
            false => pc.reading().front = Some(Front::Windowed),
        };
        set(&mut pc, true);
        assert_eq!(pc.seconds(7200).reason, reason);
        for _ in 0..20 {
            set(&mut pc, false);
            assert_eq!(pc.seconds(9).reason, reason);
            set(&mut pc, true);
            pc.seconds(1);
        }
        set(&mut pc, false);
        assert_eq!(pc.seconds(10).reason, reason);
        assert_eq!(pc.seconds(1).reason, Reason::RampingUp);
        // And back at once.
        pc.seconds(20);
        set(&mut pc, true);
        assert_eq!(pc.decide().reason, reason);
    }
}

#[test]
fn a_sensor_that_falls_silent_is_believed_for_a_minute() {
    let mut pc = Pc::new();
    pc.reading().kept_awake = film();
    pc.seconds(600);
    pc.reading().kept_awake = None;
    assert_eq!(pc.seconds(59).reason, kept_awake());
    assert_eq!(pc.seconds(12).reason, Reason::RampingUp);

    let mut locked = Pc::new();
    locked.reading().locked = Some(true);
    locked.reading().kept_awake = film();
    locked.seconds(140);
    locked.reading().locked = None;
    locked.seconds(59);
    assert_eq!(locked.percents(), [100, 100, 100]);
    assert_eq!(locked.seconds(2).reason, kept_awake());
}

#[test]
fn another_session_and_a_controller_are_somebody_there() {
    let mut pc = Pc::left_alone();
    pc.reading().others_active = Some(2);
    assert_eq!(pc.decide().reason, Reason::OtherSession);
    assert_eq!(pc.percents(), [25, 10, 10]);
    pc.reading().others_active = Some(0);
    assert_eq!(pc.seconds(10).reason, Reason::OtherSession);
    assert_eq!(pc.seconds(1).reason, Reason::RampingUp);

    let mut pc = Pc::left_alone();
    pc.reading().gamepad = Some(Gamepad::Present { idle: None });
    assert_eq!(pc.seconds(20).reason.signal(), "idle");
    pc.reading().gamepad = Some(Gamepad::Present {
        idle: Some(seconds(0)),
    });
    assert_eq!(pc.decide().reason, Reason::Gamepad);
    assert_eq!(pc.seconds(119).reason, Reason::Gamepad);
    assert_eq!(pc.seconds(1).reason, Reason::RampingUp);
}

#[test]
fn a_remote_session_is_used_as_any_other() {
    let mut pc = Pc::left_alone();
    pc.reading().remote = Some(true);
    assert_eq!(pc.percents(), [100, 100, 100]);
    pc.input();
    assert_eq!(pc.percents(), [25, 10, 10]);
}

#[test]
fn what_a_game_or_film_uses_is_left_to_it() {
    for (reason, is_film) in [(kept_awake(), true), (game(), false)] {
        let mut pc = Pc::new();
        match is_film {
            true => pc.reading().kept_awake = film(),
            false => pc.reading().front = full_screen("game.exe"),
        }
        assert_eq!(pc.percents(), [25, 10, 10]);
        pc.load(&gpu(0), 3.0);
        assert_eq!(pc.percents(), [25, 0, 10]);
        assert_eq!(pc.verdict(&gpu(0)).reason, reason);
        pc.load(&cpu(), 10.0);
        assert_eq!(pc.percents(), [0, 0, 10]);
        assert_eq!(pc.reason(), reason);
        // Between the two levels it stays.
        pc.load(&cpu(), 6.0);
        pc.load(&gpu(0), 2.0);
        pc.seconds(60);
        assert_eq!(pc.percents(), [0, 0, 10]);
        pc.load(&cpu(), 4.0);
        pc.load(&gpu(0), 1.0);
        pc.seconds(10);
        assert_eq!(pc.percents(), [0, 0, 10]);
        pc.seconds(1);
        assert_eq!(pc.percents(), [25, 10, 10]);
    }
}

#[test]
fn what_a_game_uses_is_unknown_so_it_uses_it() {
    let mut pc = Pc::new();
    pc.reading().front = full_screen("game.exe");
    for wrong in [None, Some(f32::NAN), Some(-50.0), Some(1e9)] {
        for id in [cpu(), gpu(0), gpu(1)] {
            pc.processor(&id).others_percent = wrong;
        }
        assert_eq!(pc.percents(), [0, 0, 0]);
    }
}

#[test]
fn the_only_gpu_draws_what_is_on_the_screen() {
    let mut pc = Pc::with_one_gpu();
    assert_eq!(pc.percents(), [25, 10]);
    pc.reading().front = full_screen("game.exe");
    assert_eq!(pc.percents(), [25, 0]);
    assert_eq!(pc.verdict(&gpu(0)).reason, game());
}

#[test]
fn other_programs_want_the_cpu() {
    let mut pc = Pc::new();
    // Starting anything at all shows in one reading.
    pc.load(&cpu(), 70.0);
    assert_eq!(pc.decide().allowance(&cpu()).percent, 25);
    pc.load(&cpu(), 1.0);
    assert_eq!(pc.decide().allowance(&cpu()).percent, 25);
    pc.load(&cpu(), 40.0);
    assert_eq!(pc.decide().allowance(&cpu()).percent, 25);
    assert_eq!(pc.decide().allowance(&cpu()).percent, 5);
    assert_eq!(pc.reason(), Reason::OthersBusy { percent: 40 });
    pc.load(&cpu(), 100.0);
    pc.seconds(60);
    assert_eq!(pc.percents(), [5, 10, 10]);
    pc.load(&cpu(), 29.0);
    pc.seconds(10);
    assert_eq!(pc.reason(), Reason::OthersBusy { percent: 100 });
    pc.input();
    pc.pass(seconds(1));
    assert_eq!(pc.percents(), [25, 10, 10]);
}

#[test]
fn other_programs_want_a_gpu() {
    let mut pc = Pc::new();
    pc.load(&gpu(1), 10.0);
    assert_eq!(pc.decide().allowance(&gpu(1)).percent, 10);
    pc.seconds(1);
    assert_eq!(pc.percents(), [25, 10, 0]);
    let percent = 10;
    assert_eq!(pc.verdict(&gpu(1)).reason, Reason::OthersBusy { percent });
    pc.load(&gpu(1), 4.0);
    pc.seconds(11);
    assert_eq!(pc.percents(), [25, 10, 10]);
}

#[test]
fn a_load_that_is_unknown_for_long_is_no_load() {
    let mut pc = Pc::new();
    pc.load(&cpu(), 80.0);
    pc.seconds(5);
    pc.processor(&cpu()).others_percent = None;
    pc.seconds(59);
    assert_eq!(pc.percents(), [5, 10, 10]);
    pc.seconds(12);
    assert_eq!(pc.percents(), [25, 10, 10]);
}

#[test]
fn a_share_is_never_less_than_one_unless_the_owner_says_none() {
    for (cap, busy) in [(0, 0), (1, 1), (4, 1), (10, 2), (100, 20)] {
        let mut pc = Pc::new();
        pc.policy.cpu.someone_here_percent = cap;
        assert_eq!(pc.percents()[0], cap);
        pc.load(&cpu(), 50.0);
        pc.seconds(3);
        assert_eq!(pc.percents()[0], busy);
    }
}

#[test]
fn with_nobody_there_other_programs_do_not_matter() {
    let mut pc = Pc::left_alone();
    for id in [cpu(), gpu(0), gpu(1)] {
        pc.load(&id, 100.0);
    }
    pc.seconds(60);
    assert_eq!(pc.percents(), [100, 100, 100]);
    // Back, they do at once.
    pc.input();
    assert_eq!(pc.percents(), [5, 0, 0]);
}

#[test]
fn a_clock_that_begins_anew_loses_nothing() {
    let mut pc = Pc::left_alone();
    pc.reading().kept_awake = film();
    pc.seconds(1);
    pc.reading().kept_awake = Some(Vec::new());
    pc.seconds(5);
    pc.signals.clock = Duration::ZERO;
    assert_eq!(pc.seconds(5).reason, kept_awake());
    pc.seconds(1);
    pc.seconds(5);
    assert!(pc.percents()[0] > 25 && pc.percents()[0] < 100);
    pc.signals.clock = Duration::ZERO;
    pc.seconds(7);
    assert_eq!(pc.percents(), [100, 100, 100]);
}

#[test]
fn a_pc_that_slept_has_not_seen_the_film_end() {
    let mut pc = Pc::left_alone();
    pc.reading().kept_awake = film();
    pc.seconds(10);
    pc.reading().kept_awake = Some(Vec::new());
    pc.pass(seconds(1));
    assert_eq!(pc.pass(seconds(30_000)).reason, kept_awake());
    assert_eq!(pc.pass(seconds(30_000)).reason, Reason::RampingUp);
}
