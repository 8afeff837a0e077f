use proptest::prelude::*;

use super::*;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn idle(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn smart() -> ChosenMode {
    ChosenMode::lasting(Mode::Smart, second(-50))
}

/// Chosen at 0.
fn paused_for(length: i64) -> ChosenMode {
    let until = Until::Time {
        at: second(length),
        left: seconds(length),
    };
    smart().choose(Mode::Pause, Some(until), second(0))
}

fn full_until_input() -> ChosenMode {
    let until = Until::Input { armed: false };
    smart().choose(Mode::FULL, Some(until), second(0))
}

fn left(chosen: &ChosenMode) -> Option<SignedDuration> {
    match chosen.limit?.until {
        Until::Time { left, .. } => Some(left),
        Until::Input { .. } | Until::Away => None,
    }
}

fn is_armed(chosen: &ChosenMode) -> bool {
    matches!(
        chosen.limit,
        Some(Limit {
            until: Until::Input { armed: true },
            ..
        })
    )
}

#[test]
fn a_mode_for_a_while_gives_way_to_the_lasting_one_as_it_was() {
    let paused = paused_for(100);
    assert_eq!(paused.at(second(0)), paused);
    assert_eq!(paused.at(second(99)).mode, Mode::Pause);
    assert_eq!(paused.at(second(100)), smart());
    assert_eq!(paused.at(second(1_000_000)), smart());
}

#[test]
fn two_in_a_row_still_end_at_the_lasting_one() {
    let until = Until::Time {
        at: second(30),
        left: seconds(20),
    };
    let second_one = paused_for(100).choose(Mode::FULL, Some(until), second(10));
    assert_eq!(second_one.at(second(29)).mode, Mode::FULL);
    assert_eq!(second_one.at(second(30)), smart());
}

#[test]
fn a_lasting_choice_ends_a_timed_one() {
    let paused = paused_for(100).choose(Mode::Pause, None, second(10));
    assert_eq!(paused.at(second(1_000)), paused);
    assert_eq!((paused.mode, paused.limit), (Mode::Pause, None));
    assert_eq!(paused.before, Some(Mode::Smart));
}

#[test]
fn a_lasting_pause_outlives_everything() {
    let paused = ChosenMode::lasting(Mode::Pause, second(0));
    for moment in [Timestamp::MIN, second(-1), second(1), Timestamp::MAX] {
        for idle in [None, idle(0), idle(100_000)] {
            assert_eq!(paused.at(moment).with_idle(moment, idle), paused);
        }
    }
}

#[test]
fn a_pause_survives_an_update_from_records_without_a_time() {
    let paused: ChosenMode = serde_json::from_str(r#"{"mode": "pause"}"#).expect("read");
    assert_eq!(
        paused,
        ChosenMode::lasting(Mode::Pause, Timestamp::UNIX_EPOCH)
    );
}

#[test]
fn a_clock_set_back_does_not_lengthen_it() {
    let paused = paused_for(100).at(second(40));
    assert_eq!(left(&paused), Some(seconds(60)));
    let day_before = second(-86_400);
    let set_back = paused.at(day_before);
    assert_eq!(left(&set_back), Some(seconds(60)));
    assert_eq!(set_back.at(day_before + seconds(59)).mode, Mode::Pause);
    assert_eq!(set_back.at(day_before + seconds(60)), smart());
}

#[test]
fn what_was_waited_counts_over_a_restart() {
    let mut paused = paused_for(100);
    // Every day of this PC's begins in 1970.
    for _ in 0..10 {
        let text = serde_json::to_string(&paused).expect("written");
        paused = serde_json::from_str(&text).expect("read");
        paused = paused.at(second(-1_000));
        paused = paused.at(second(-990));
    }
    assert_eq!(paused, smart());
}

#[test]
fn until_input_waits_until_whoever_chose_has_left() {
    let chosen = full_until_input();
    let typing = chosen.with_idle(second(1), idle(0));
    assert!(typing.mode == Mode::FULL && !is_armed(&typing));
    let still_there = typing.with_idle(second(30), idle(9));
    assert!(still_there.mode == Mode::FULL && !is_armed(&still_there));
    let left = still_there.with_idle(second(31), idle(10));
    assert!(left.mode == Mode::FULL && is_armed(&left));
    let long = left.with_idle(second(5_000), idle(4_979));
    assert!(long.mode == Mode::FULL && is_armed(&long));
    assert_eq!(long.with_idle(second(5_001), idle(0)), smart());
    assert_eq!(long.with_idle(second(5_001), idle(9)), smart());
}

#[test]
fn an_idle_time_from_before_the_choice_does_not_arm_it() {
    let chosen = full_until_input().with_idle(second(1), idle(600));
    assert!(!is_armed(&chosen));
    assert!(is_armed(&chosen.with_idle(second(10), idle(609))));
}

#[test]
fn a_clock_set_back_does_not_keep_it_from_being_armed() {
    assert!(is_armed(
        &full_until_input().with_idle(second(-9_000), idle(10))
    ));
}

#[test]
fn until_away_ends_when_nobody_is_there_and_the_choice_is_old_enough() {
    let paused = smart().choose(Mode::Pause, Some(Until::Away), second(0));
    let absence = Duration::from_secs(120);
    assert_eq!(paused.at(Timestamp::MAX), paused);
    assert_eq!(paused.with_idle(second(5_000), idle(0)), paused);
    assert_eq!(paused.with_idle(second(5_000), None), paused);
    assert_eq!(paused.with_nobody_there(second(119), absence), paused);
    assert_eq!(paused.with_nobody_there(second(120), absence), smart());
    // The clock was set back since.
    assert_eq!(paused.with_nobody_there(second(-9_000), absence), smart());
    for other in [smart(), paused_for(100), full_until_input()] {
        assert_eq!(other.with_nobody_there(second(5_000), absence), other);
    }
    let text = serde_json::to_string(&paused).expect("written");
    assert_eq!(
        serde_json::from_str::<ChosenMode>(&text).expect("read"),
        paused
    );
}

#[test]
fn where_nobody_can_tell_until_input_ends() {
    assert_eq!(full_until_input().with_idle(second(1), None), smart());
    let armed = full_until_input().with_idle(second(100), idle(100));
    assert_eq!(armed.with_idle(second(101), None), smart());
}

proptest! {
    #[test]
    fn a_timed_pause_ends_whatever_the_clock_does(
        length in 1..10_000i64,
        jumps in prop::collection::vec((0..100usize, -1_000_000_000..1_000_000_000i64), 0..10),
    ) {
        let mut chosen = paused_for(length);
        let mut now = second(0);
        // A look every hundredth of its time, from which the clock jumps now and then.
        for look in 0..=100 + jumps.len() {
            for (_, jump) in jumps.iter().filter(|(at, _)| *at == look) {
                now = now.checked_add(seconds(*jump)).expect("in range");
            }
            chosen = chosen.at(now);
            now += SignedDuration::from_millis(length * 10);
        }
        prop_assert_eq!(chosen.at(now), smart());
    }

    #[test]
    fn any_time_can_be_looked_at(at: i64, look: i64, left: i64, nanosecond in 0..1_000_000_000i32) {
        let range = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
        let clamp = |second: i64| second.clamp(*range.start(), *range.end());
        let until = Until::Time {
            at: second(clamp(at)),
            left: SignedDuration::new(left, nanosecond * left.signum() as i32),
        };
        let chosen = smart().choose(Mode::Pause, Some(until), second(clamp(look)));
        let held = chosen.at(second(clamp(look)));
        prop_assert_eq!(held.at(second(clamp(look))), held);
    }
}
