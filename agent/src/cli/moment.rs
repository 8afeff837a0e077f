//! Moments as people write and read them: by the clock on the wall.

use idlewatt_screens::Words;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{RoundMode, SignedDuration, Span, Timestamp, ToSpan, Unit, Zoned, ZonedDifference};

/// The text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a time; allowed: 00:00 to 23:59 for the next time the clock shows that, or a date with a time such \
     as 2026-11-23T08:00"
)]
pub struct MomentError(pub String);

/// Reads `18:00`, which is the next time the clock shows that; `2026-11-23T08:00`, in the zone of `now`; or a time that
/// names its own zone. A time that a change of the clocks leaves out is the moment of the change; one that comes twice is
/// the first of them that is still to come.
///
/// # Errors
/// If the text is none of these.
pub fn parse(text: &str, now: &Zoned) -> Result<Timestamp, MomentError> {
    let refuse = || MomentError(text.chars().take(64).collect());
    let (zone, present) = (now.time_zone(), now.timestamp());
    if let Some(time) = time_of_day(text) {
        let days = (0..=2).filter_map(|days| now.date().checked_add(days.days()).ok());
        let mut moments = days.flat_map(|date| moments(zone, date.to_datetime(time)));
        return moments.find(|moment| *moment > present).ok_or_else(refuse);
    }
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    // What names a zone has one already; a day is no moment.
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-:T ".contains(&byte));
    let local = text
        .parse::<DateTime>()
        .ok()
        .filter(|_| plain && text.contains(':'))
        .ok_or_else(refuse)?;
    let both = moments(zone, local);
    let coming = both.iter().find(|moment| **moment > present);
    coming.or(both.first()).copied().ok_or_else(refuse)
}

/// `HH:MM`.
fn time_of_day(text: &str) -> Option<Time> {
    let plain = text.bytes().enumerate().all(|(place, byte)| match place {
        2 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let plain = plain && text.len() == 5;
    Time::strptime("%H:%M", text).ok().filter(|_| plain)
}

/// When clocks in a zone show a time: once, or twice where they are set back. Where they are set forward past it: then.
fn moments(zone: &TimeZone, local: DateTime) -> Vec<Timestamp> {
    let moments = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset.to_timestamp(local).ok()],
        AmbiguousOffset::Fold { before, after } => {
            vec![
                before.to_timestamp(local).ok(),
                after.to_timestamp(local).ok(),
            ]
        }
        AmbiguousOffset::Gap { after, .. } => {
            let change = after
                .to_timestamp(local)
                .ok()
                .and_then(|earlier| zone.following(earlier).next());
            vec![change.map(|change| change.timestamp())]
        }
    };
    moments.into_iter().flatten().collect()
}

/// `18:00 (in 2h 5m)`, with the date where it is not today.
pub fn shown(moment: Timestamp, now: &Zoned, words: Words) -> String {
    let local = moment.to_zoned(now.time_zone().clone());
    let format = match local.date() == now.date() {
        true => "%H:%M",
        false => "%Y-%m-%d %H:%M",
    };
    let smallest = match moment.duration_since(now.timestamp()) {
        left if left < SignedDuration::from_mins(10) => Unit::Second,
        _ => Unit::Minute,
    };
    let rounded = ZonedDifference::new(&local)
        .largest(Unit::Day)
        .smallest(smallest)
        .mode(RoundMode::HalfExpand);
    let clock = local.strftime(format);
    match now.until(rounded) {
        Ok(left) => words.say_with(
            "cli-moment",
            &[
                ("clock", clock.to_string().into()),
                ("left", in_words(&left, words).into()),
            ],
        ),
        Err(_) => clock.to_string(),
    }
}

/// A length in its units, without those of which there are none.
fn in_words(length: &Span, words: Words) -> String {
    let units = [
        ("cli-days", i64::from(length.get_days())),
        ("cli-hours", i64::from(length.get_hours())),
        ("cli-minutes", length.get_minutes()),
        ("cli-seconds", length.get_seconds()),
    ];
    let some = units.iter().filter(|(_, count)| *count != 0);
    let parts: Vec<String> = some
        .map(|(key, count)| words.say_with(key, &[("count", (*count).into())]))
        .collect();
    match parts.is_empty() {
        true => words.say_with("cli-seconds", &[("count", 0.into())]),
        false => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_screens::Language;

    use super::*;

    /// New York, where clocks go forward on 2026-03-08 and back on 2026-11-01, both at 2 o'clock.
    fn at(local: &str) -> Zoned {
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a zone");
        let local: DateTime = local.parse().expect("a time");
        local.to_zoned(zone).expect("in range")
    }

    fn parsed(text: &str, now: &Zoned) -> String {
        parse(text, now)
            .unwrap_or_else(|error| panic!("{error}"))
            .to_string()
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now = at("2026-07-01T15:55");
        for (text, moment) in [
            ("18:00", "2026-07-01T22:00:00Z"),
            ("15:56", "2026-07-01T19:56:00Z"),
            ("15:55", "2026-07-02T19:55:00Z"),
            ("00:00", "2026-07-02T04:00:00Z"),
        ] {
            assert_eq!(parsed(text, &now), moment, "{text}");
        }
    }

    #[test]
    fn a_date_is_in_the_zone_of_the_clock_unless_it_names_its_own() {
        let now = at("2026-07-01T15:55");
        for (text, moment) in [
            ("2026-11-23T08:00", "2026-11-23T13:00:00Z"),
            ("2026-11-23 08:00", "2026-11-23T13:00:00Z"),
            ("2026-11-23T08:00:30", "2026-11-23T13:00:30Z"),
            ("2026-11-23T08:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T08:00+01:00", "2026-11-23T07:00:00Z"),
            ("2020-01-01T00:00", "2020-01-01T05:00:00Z"),
        ] {
            assert_eq!(parsed(text, &now), moment, "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_when_they_are_set() {
        for (text, now) in [
            ("02:30", "2026-03-07T12:00"),
            ("02:30", "2026-03-08T01:59"),
            ("2026-03-08T02:30", "2026-03-01T12:00"),
        ] {
            assert_eq!(parsed(text, &at(now)), "2026-03-08T07:00:00Z", "{text}");
        }
        // The change is over: tomorrow.
        assert_eq!(
            parsed("02:30", &at("2026-03-08T03:10")),
            "2026-03-09T06:30:00Z"
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_the_next_of_them() {
        assert_eq!(
            parsed("01:30", &at("2026-10-31T12:00")),
            "2026-11-01T05:30:00Z"
        );
        assert_eq!(
            parsed("2026-11-01T01:30", &at("2026-10-01T12:00")),
            "2026-11-01T05:30:00Z"
        );
        // 1:45 in summer time: the clock shows 1:30 once more.
        assert_eq!(
            parsed("01:30", &at("2026-11-01T01:45")),
            "2026-11-01T06:30:00Z"
        );
    }

    #[test]
    fn what_is_no_moment_is_refused_with_what_is_allowed() {
        let now = at("2026-07-01T15:55");
        for text in [
            "",
            "18",
            "1800",
            "6:00",
            "24:00",
            "18:60",
            "18:0x",
            "+8:00",
            " 8:00",
            "1é:00",
            "soon",
            "2026-11-23",
            "2026-13-01T00:00",
            "2026-11-23T08:00[Europe/Berlin]",
        ] {
            let error = parse(text, &now).expect_err(text);
            assert!(error.to_string().contains("allowed: 00:00"), "{error}");
        }
    }

    #[test]
    fn moments_are_shown_by_the_clock_and_by_how_far_away_they_are() {
        let english = Words::of(Language::English);
        let now = at("2026-07-01T15:55");
        for (seconds, told) in [
            (45, "15:55 (in 45s)"),
            (90, "15:56 (in 1m 30s)"),
            (2 * 3_600 + 5 * 60, "18:00 (in 2h 5m)"),
            (8 * 3_600 + 5 * 60, "2026-07-02 00:00 (in 8h 5m)"),
            (50 * 3_600, "2026-07-03 17:55 (in 2d 2h)"),
        ] {
            let moment = now.timestamp() + SignedDuration::from_secs(seconds);
            assert_eq!(shown(moment, &now, english), told);
            // The answer takes a moment to arrive.
            let before = SignedDuration::from_millis(20);
            let later = now.checked_add(before).expect("in range");
            assert_eq!(shown(moment, &later, english), told);
        }
        let moment = now.timestamp() + SignedDuration::from_secs(2 * 3_600 + 5 * 60);
        let korean = Words::of(Language::Korean);
        assert_eq!(shown(moment, &now, korean), "18:00 (2시간 5분 뒤)");
    }
}
