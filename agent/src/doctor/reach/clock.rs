//! This PC's clock, against the one of whoever answers.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use super::certificate::shown;
use crate::doctor::Check;
use crate::doctor::teller::Teller;

/// Clocks are this far apart without anybody having to know: certificates and limits of time do not mind.
const NEAR: SignedDuration = SignedDuration::from_secs(60);

/// Compares with what an answer says its time is (`Date`); `None` where that is no time. `asked` and `answered` are the
/// moments, by this PC's clock, between which the answer was made.
pub fn check(
    teller: Teller<'_>,
    date: &str,
    asked: Timestamp,
    answered: Timestamp,
) -> Option<Check> {
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    let apart = match theirs {
        theirs if theirs < asked => asked.duration_since(theirs),
        theirs if theirs > answered => theirs.duration_since(answered),
        _ => SignedDuration::ZERO,
    };
    let told = [
        ("now", shown(answered).into()),
        ("theirs", shown(theirs).into()),
        ("seconds", apart.as_secs().to_string().into()),
    ];
    Some(match apart > NEAR {
        false => teller.ok("clock", teller.say_with("doctor-clock-right", &told)),
        true => {
            let found = teller.say_with("doctor-clock-wrong", &told);
            teller.worth("clock", found, teller.say("doctor-clock-advice"))
        }
    })
}

#[cfg(test)]
mod tests {
    use idlewatt_screens::{Language, Words};

    use super::*;
    use crate::doctor::{Discretion, Group, Verdict};

    #[test]
    fn more_than_a_minute_is_worth_knowing_and_nonsense_says_nothing() {
        let discretion = Discretion::default();
        let teller = Teller::new(Words::of(Language::English), &discretion, Group::Reach);
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().expect("a time");
        let of = |date: &str| {
            let answered = now + SignedDuration::from_secs(5);
            check(teller, date, now, answered).map(|check| check.verdict)
        };
        assert_eq!(of("Mon, 23 Nov 2026 08:00:03 GMT"), Some(Verdict::Ok));
        assert_eq!(of("Mon, 23 Nov 2026 07:59:01 GMT"), Some(Verdict::Ok));
        let wrong = Some(Verdict::WorthKnowing);
        assert_eq!(of("Mon, 23 Nov 2026 07:58:59 GMT"), wrong);
        assert_eq!(of("Mon, 23 Nov 2026 08:01:06 GMT"), wrong);
        assert_eq!(of("Tue, 23 Nov 2027 08:00:00 GMT"), wrong);
        assert_eq!(of("yesterday"), None);
    }
}
