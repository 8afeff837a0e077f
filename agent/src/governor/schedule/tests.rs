use jiff::tz::TimeZone;
use jiff::{SignedDuration, civil};
use proptest::prelude::*;

use super::*;

const DAILY: [bool; 7] = [true; 7];

/// Monday is 0.
fn on(days: &[usize]) -> [bool; 7] {
    std::array::from_fn(|day| days.contains(&day))
}

fn rule(days: [bool; 7], from: &str, to: &str) -> Rule {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':').expect("a time");
        60 * hours.parse::<u16>().expect("hours") + minutes.parse::<u16>().expect("minutes")
    };
    Rule {
        days,
        from: minutes(from),
        to: minutes(to),
        mode: Mode::Pause,
    }
}

fn schedule(rules: &[Rule]) -> Schedule {
    rules.to_vec().try_into().expect("a schedule")
}

fn new_york() -> TimeZone {
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a zone")
}

fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
}

/// A moment of 2026, by the clock on the wall; `again`: the second time it shows that.
fn at(zone: &TimeZone, month: i8, day: i8, time: &str, again: bool) -> Zoned {
    let time: civil::Time = time.parse().expect("a time");
    let wall = civil::date(2026, month, day).to_datetime(time);
    let moment = zone.to_ambiguous_timestamp(wall);
    let moment = match again {
        true => moment.later(),
        false => moment.earlier(),
    };
    moment.expect("in range").to_zoned(zone.clone())
}

/// Every minute of 2026 days around a change of clocks in which the schedule holds, as wall time with offset.
fn held(schedule: &Schedule, zone: &TimeZone, month: i8, day: i8) -> Vec<String> {
    let begin = at(zone, month, day, "00:00", false);
    let moments = (0..30 * 60).map(|minute| {
        let moment = begin.timestamp() + SignedDuration::from_mins(minute);
        moment.to_zoned(zone.clone())
    });
    let on_day = moments.filter(|moment| moment.day() == day);
    let holds: Vec<Zoned> = on_day
        .filter(|moment| schedule.in_force(moment).is_some())
        .collect();
    let mut runs: Vec<(Zoned, Zoned)> = Vec::new();
    for moment in holds {
        match runs.last_mut() {
            Some((_, last)) if moment.duration_since(last).as_mins() == 1 => *last = moment,
            _ => runs.push((moment.clone(), moment)),
        }
    }
    let text = |moment: &Zoned| moment.strftime("%H:%M%:z").to_string();
    runs.iter()
        .map(|(from, last)| format!("{} to {}", text(from), text(last)))
        .collect()
}

#[test]
fn it_holds_from_its_begin_up_to_but_not_at_its_end() {
    let office = schedule(&[rule(on(&[0, 2]), "09:00", "17:30")]);
    // 2 March 2026 is a Monday.
    for (day, time, holds) in [
        (2, "08:59:59.999", false),
        (2, "09:00", true),
        (2, "17:29:59.999", true),
        (2, "17:30", false),
        (3, "12:00", false),
        (4, "12:00", true),
        (8, "12:00", false),
    ] {
        let now = at(&berlin(), 3, day, time, false);
        assert_eq!(office.in_force(&now).is_some(), holds, "{now}");
    }
}

#[test]
fn across_midnight_it_belongs_to_the_day_it_began() {
    let night = schedule(&[rule(on(&[4]), "22:00", "06:00")]);
    let zone = berlin();
    for (day, time, holds) in [
        (6, "05:00", false),
        (6, "21:59", false),
        (6, "22:00", true),
        (7, "00:00", true),
        (7, "05:59", true),
        (7, "06:00", false),
        (7, "22:00", false),
    ] {
        let now = at(&zone, 3, day, time, false);
        assert_eq!(night.in_force(&now).is_some(), holds, "{now}");
    }
    let in_force = at(&zone, 3, 7, "01:00", false);
    let in_force = night.in_force(&in_force).expect("in force");
    assert_eq!(in_force.began, at(&zone, 3, 6, "22:00", false).timestamp());
    assert_eq!(in_force.ends, at(&zone, 3, 7, "06:00", false).timestamp());
}

#[test]
fn sunday_night_reaches_into_monday() {
    let night = schedule(&[rule(on(&[6]), "22:00", "06:00")]);
    let monday = |time| at(&berlin(), 3, 9, time, false);
    assert!(night.in_force(&monday("05:59")).is_some());
    assert!(night.in_force(&monday("06:00")).is_none());
    assert!(
        night
            .in_force(&at(&berlin(), 3, 8, "23:00", false))
            .is_some()
    );
}

#[test]
fn midnight_can_be_an_end_written_either_way() {
    for end in ["24:00", "00:00"] {
        let evening = schedule(&[rule(on(&[0]), "20:00", end)]);
        assert!(
            evening
                .in_force(&at(&berlin(), 3, 2, "23:59:59", false))
                .is_some()
        );
        assert!(
            evening
                .in_force(&at(&berlin(), 3, 3, "00:00", false))
                .is_none()
        );
    }
    let whole = schedule(&[rule(on(&[0]), "00:00", "24:00")]);
    assert!(
        whole
            .in_force(&at(&berlin(), 3, 2, "00:00", false))
            .is_some()
    );
    assert!(
        whole
            .in_force(&at(&berlin(), 3, 2, "23:59:59", false))
            .is_some()
    );
    assert!(
        whole
            .in_force(&at(&berlin(), 3, 3, "00:00", false))
            .is_none()
    );
}

#[test]
fn an_hour_left_out_in_spring_is_left_out() {
    // New York: 8 March, 02:00 becomes 03:00. Berlin: 29 March, the same.
    for (zone, day, before, after) in [
        (new_york(), 8, "-05:00", "-04:00"),
        (berlin(), 29, "+01:00", "+02:00"),
    ] {
        let around = schedule(&[rule(DAILY, "01:00", "04:00")]);
        let expected = format!("01:00{before} to 03:59{after}");
        assert_eq!(held(&around, &zone, 3, day), [expected]);
        let from_within = schedule(&[rule(DAILY, "02:30", "05:00")]);
        let expected = format!("03:30{after} to 04:59{after}");
        assert_eq!(held(&from_within, &zone, 3, day), [expected]);
        let to_within = schedule(&[rule(DAILY, "01:00", "02:30")]);
        let expected = format!("01:00{before} to 03:29{after}");
        assert_eq!(held(&to_within, &zone, 3, day), [expected]);
        let up_to_after = schedule(&[rule(DAILY, "02:30", "03:00")]);
        assert_eq!(held(&up_to_after, &zone, 3, day), [""; 0]);
    }
}

#[test]
fn an_hour_that_comes_twice_in_autumn_belongs_twice() {
    // New York: 1 November, 02:00 becomes 01:00. Berlin: 25 October, 03:00 becomes 02:00.
    for (zone, month, day, hour, summer, winter) in [
        (new_york(), 11, 1, 1, "-04:00", "-05:00"),
        (berlin(), 10, 25, 2, "+02:00", "+01:00"),
    ] {
        let text = |minutes: &str| format!("{hour:02}:{minutes}");
        let within = schedule(&[rule(DAILY, &text("15"), &text("45"))]);
        let expected = format!("{hour:02}:15{summer} to {hour:02}:44{winter}");
        assert_eq!(held(&within, &zone, month, day), [expected]);
        let from_within = schedule(&[rule(DAILY, &text("30"), "05:00")]);
        let expected = format!("{hour:02}:30{summer} to 04:59{winter}");
        assert_eq!(held(&from_within, &zone, month, day), [expected]);
        let to_within = schedule(&[rule(DAILY, "00:10", &text("30"))]);
        let expected = format!("00:10{summer} to {hour:02}:29{winter}");
        assert_eq!(held(&to_within, &zone, month, day), [expected]);
    }
}

#[test]
fn of_two_that_an_hour_twice_brings_together_the_later_holds() {
    let early = rule(DAILY, "00:00", "01:30");
    let late = Rule {
        mode: Mode::Smart,
        ..rule(DAILY, "01:30", "03:00")
    };
    let both = schedule(&[late, early]);
    let mode = |time, again| {
        let now = at(&new_york(), 11, 1, time, again);
        both.in_force(&now).map(|one| one.rule.mode)
    };
    assert_eq!(mode("01:20", false), Some(Mode::Pause));
    assert_eq!(mode("01:40", false), Some(Mode::Smart));
    assert_eq!(mode("01:20", true), Some(Mode::Smart));
    assert_eq!(mode("02:59", false), Some(Mode::Smart));
}

#[test]
fn rules_that_nobody_could_follow_are_refused_by_number() {
    let good = rule(on(&[0]), "01:00", "02:00");
    let minutes = |from, to| Rule {
        from,
        to,
        ..good.clone()
    };
    for (bad, message) in [
        (
            rule([false; 7], "10:00", "12:00"),
            "schedule 2 names no day",
        ),
        (
            rule(DAILY, "10:00", "10:00"),
            "schedule 2 begins and ends at 10:00",
        ),
        (minutes(1440, 60), "schedule 2 begins 1440 minutes"),
        (minutes(u16::MAX, 60), "schedule 2 begins 65535 minutes"),
        (minutes(60, 1441), "schedule 2 ends 1441 minutes"),
        (minutes(60, u16::MAX), "schedule 2 ends 65535 minutes"),
    ] {
        let error = Schedule::try_from(vec![good.clone(), bad]).expect_err(message);
        let text = error.to_string();
        assert!(
            text.starts_with(message) && text.contains("allowed: "),
            "{text}"
        );
    }
}

#[test]
fn overlaps_are_refused_with_the_time() {
    for (first, second, when) in [
        (
            rule(on(&[1]), "20:00", "23:00"),
            rule(DAILY, "22:00", "06:00"),
            "Tuesday 22:00",
        ),
        (
            rule(on(&[6]), "22:00", "06:00"),
            rule(on(&[0]), "05:59", "07:00"),
            "Monday 05:59",
        ),
        (
            rule(on(&[0]), "00:00", "01:00"),
            rule(on(&[6]), "22:00", "00:01"),
            "Monday 00:00",
        ),
        (
            rule(on(&[3]), "00:00", "24:00"),
            rule(on(&[3]), "12:00", "13:00"),
            "Thursday 12:00",
        ),
    ] {
        let error = Schedule::try_from(vec![first, second]).expect_err(when);
        assert_eq!(error, ScheduleError::Overlap(1, 2, when.to_owned()));
        let message =
            format!("schedule 1 and schedule 2 both hold on {when}; allowed: one at a time");
        assert_eq!(error.to_string(), message);
    }
    schedule(&[
        rule(on(&[6]), "22:00", "06:00"),
        rule(on(&[0]), "06:00", "22:00"),
        rule(on(&[0]), "22:00", "24:00"),
        rule(on(&[1]), "00:00", "24:00"),
    ]);
    schedule(&[rule(DAILY, "10:00", "09:59")]);
}

prop_compose! {
    fn rules()(days: [bool; 7], from in 0..1500u16, to in 0..1500u16) -> Rule {
        Rule { days, from, to, mode: Mode::Smart }
    }
}

proptest! {
    #[test]
    fn a_rule_in_force_holds_now(rules in prop::collection::vec(rules(), 0..4), second in 0..400_000_000i64) {
        let Ok(schedule) = Schedule::try_from(rules) else { return Ok(()) };
        let now = Timestamp::from_second(1_700_000_000 + second).expect("in range").to_zoned(berlin());
        if let Some(found) = schedule.in_force(&now) {
            prop_assert!(found.began <= now.timestamp() && now.timestamp() < found.ends);
            prop_assert!(found.ends.duration_since(found.began) <= SignedDuration::from_hours(25));
            // It is in force all the time in between, unless the next took over where an hour came twice.
            let again = found.began.to_zoned(berlin());
            prop_assert_eq!(schedule.in_force(&again).map(|one| one.began), Some(found.began));
        }
    }

    #[test]
    fn no_date_is_too_far_away(rule in rules(), second in prop::sample::select(
        vec![Timestamp::MIN.as_second() + 100_000, Timestamp::MAX.as_second() - 100_000, Timestamp::MAX.as_second()])) {
        let Ok(schedule) = Schedule::try_from(vec![rule]) else { return Ok(()) };
        let now = Timestamp::from_second(second).expect("in range").to_zoned(berlin());
        schedule.in_force(&now);
    }
}
