//! Choosing a mode: for good or until something, and resuming after a pause.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Daemon, status};
use crate::chosen_mode;
use crate::control::answers::{ModeAnswer, ModeRequest};
use crate::control::guard::Refusal;
use crate::governor::{ChosenMode, Mode, UnknownMode, Until};
use crate::steering::Decided;

/// The longest time for which a mode can be chosen.
const LONGEST_DAYS: i64 = 366;
const LONGEST: SignedDuration = SignedDuration::from_hours(LONGEST_DAYS * 24);

/// What is asked for instead of a mode to take back a pause.
const RESUME: &str = "resume";

pub fn choose(daemon: &Daemon, asked: &ModeRequest) -> Result<ModeAnswer, Refusal> {
    let _alone = daemon.keep_mode();
    let now = Timestamp::now();
    let until = until(asked, now)?;
    let held = daemon.mode.borrow().at(now);
    let chosen = if asked.mode == RESUME {
        if until.is_some() {
            return Err(Refusal::bad_request(
                "resume is for good; allowed: without for_seconds, until, until_input and until_away",
            ));
        }
        resumed(&held, now)
    } else {
        let refuse = |error: UnknownMode| {
            Refusal::bad_request(format!("{error}, or {RESUME} after a pause"))
        };
        held.choose(asked.mode.parse().map_err(refuse)?, until, now)
    };
    let waits = asked.until_input || asked.until_away;
    if waits && !daemon.tells_of_input() {
        return Err(Refusal::conflict(
            "nothing on this PC tells of input, so the time would never end; use --for or --until",
        ));
    }
    chosen_mode::save(&chosen, &daemon.data).map_err(Refusal::failed)?;
    daemon.mode.send_replace(chosen);
    tracing::info!(mode = %chosen.mode, limit = ?chosen.limit, "the owner chose a mode");
    Ok(ModeAnswer {
        mode: chosen.mode.to_string(),
        until: status::until(&chosen),
        until_input: status::until_input(&chosen),
        until_away: chosen.waits_for_absence(),
        then: chosen.limit.map(|limit| limit.then.to_string()),
    })
}

/// What the mode asked for is to end at.
fn until(asked: &ModeRequest, now: Timestamp) -> Result<Option<Until>, Refusal> {
    let left = match (
        asked.for_seconds,
        asked.until,
        asked.until_input,
        asked.until_away,
    ) {
        (None, None, false, false) => return Ok(None),
        (None, None, true, false) => return Ok(Some(Until::Input { armed: false })),
        (None, None, false, true) => return Ok(Some(Until::Away)),
        (Some(seconds), None, false, false) => {
            let left = i64::try_from(seconds).ok().map(SignedDuration::from_secs);
            left.filter(|left| left.is_positive() && *left <= LONGEST)
                .ok_or_else(|| {
                    Refusal::bad_request(format!(
                        "for_seconds = {seconds}; allowed: 1 to {} ({LONGEST_DAYS} days)",
                        LONGEST.as_secs()
                    ))
                })?
        }
        (None, Some(at), false, false) => {
            let left = at.duration_since(now);
            let refuse = |what: &str| {
                Refusal::bad_request(format!(
                    "until = {} is {what}; it is {} now; allowed: at most {LONGEST_DAYS} days from now",
                    on_the_wall(at),
                    on_the_wall(now)
                ))
            };
            if !left.is_positive() {
                return Err(refuse("in the past"));
            }
            if left > LONGEST {
                return Err(refuse("too far away"));
            }
            left
        }
        _ => {
            return Err(Refusal::bad_request(
                "a mode ends only once; allowed: one of for_seconds, until, until_input and until_away, or none",
            ));
        }
    };
    let at = now.checked_add(left).map_err(Refusal::bad_request)?;
    Ok(Some(Until::Time { at, left }))
}

/// A moment as the owner's clock shows it.
fn on_the_wall(moment: Timestamp) -> String {
    let local = moment.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What holds after `resume`: what was chosen for good before the pause. With no pause, the same mode, chosen anew: it
/// takes the place of one that a schedule has begun meanwhile.
fn resumed(held: &ChosenMode, now: Timestamp) -> ChosenMode {
    let mode = match (held.mode, held.for_good()) {
        (Mode::Pause, Mode::Pause) => held.before.unwrap_or_default(),
        (Mode::Pause, working) => working,
        (_, _) if held.limit.is_some() => return *held,
        (working, _) => working,
    };
    held.choose(mode, None, now)
}

/// Whether input is heard of, as far as is known. Paused for good, nobody has listened.
pub fn tells_of_input(decided: Option<&Decided>) -> bool {
    decided.is_none_or(|decided| {
        decided.decision.chosen.mode == Mode::Pause || decided.signals.reading.idle.is_some()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use idlewatt_platform::signals::Reading;
    use jiff::Zoned;

    use super::*;
    use crate::governor::{Policy, Signals, decide};

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).expect("in range")
    }

    fn until_hour(end: i64, now: i64) -> Option<Until> {
        let (at, now) = (hour(end), hour(now));
        let left = at.duration_since(now);
        Some(Until::Time { at, left })
    }

    const FIFTY: Mode = Mode::Percent(50);

    fn fifty() -> ChosenMode {
        ChosenMode::lasting(FIFTY, hour(0))
    }

    #[test]
    fn resuming_brings_back_what_was_chosen_for_good_before_the_pause() {
        let for_good = fifty().choose(Mode::Pause, None, hour(1));
        let twice = for_good.choose(Mode::Pause, None, hour(2));
        let on_top = for_good.choose(Mode::Pause, until_hour(9, 2), hour(2));
        let over = for_good
            .choose(Mode::FULL, until_hour(3, 2), hour(2))
            .at(hour(3));
        assert_eq!(over.mode, Mode::Pause);
        let for_a_while = fifty().choose(Mode::Pause, until_hour(9, 1), hour(1));
        let of_a_while = fifty()
            .choose(Mode::FULL, until_hour(9, 1), hour(1))
            .choose(Mode::Pause, None, hour(2));
        for paused in [for_good, twice, on_top, over, for_a_while, of_a_while] {
            assert_eq!(
                resumed(&paused, hour(4)),
                ChosenMode::lasting(FIFTY, hour(4)),
                "{paused:?}"
            );
        }
        let unknown = ChosenMode::lasting(Mode::Pause, hour(0));
        assert_eq!(resumed(&unknown, hour(4)).mode, Mode::Smart);
    }

    #[test]
    fn resuming_without_a_pause_keeps_the_mode() {
        assert_eq!(
            resumed(&fifty(), hour(4)),
            ChosenMode::lasting(FIFTY, hour(4))
        );
        let for_a_while = fifty().choose(Mode::FULL, until_hour(9, 1), hour(1));
        assert_eq!(resumed(&for_a_while, hour(4)), for_a_while);
    }

    #[test]
    fn an_end_is_in_the_future_and_only_one() {
        let now = hour(1_000);
        let asked = ModeRequest::default();
        let told = |asked: ModeRequest| until(&asked, now).expect_err("refused").message;
        let last = LONGEST.as_secs().unsigned_abs();
        for (seconds, right) in [
            (0, false),
            (1, true),
            (last, true),
            (last + 1, false),
            (u64::MAX, false),
        ] {
            let asked = ModeRequest {
                for_seconds: Some(seconds),
                ..asked.clone()
            };
            assert_eq!(until(&asked, now).is_ok(), right, "{seconds}");
        }
        let at = |moment| ModeRequest {
            until: Some(moment),
            ..asked.clone()
        };
        assert_eq!(
            until(&at(hour(1_002)), now).ok(),
            Some(until_hour(1_002, 1_000))
        );
        for past in [now, hour(0), Timestamp::MIN] {
            assert!(told(at(past)).contains("in the past"));
        }
        assert!(until(&at(now + LONGEST), now).is_ok());
        for far in [now + LONGEST + SignedDuration::from_secs(1), Timestamp::MAX] {
            assert!(told(at(far)).contains("at most 366 days"));
        }
        let both = ModeRequest {
            until_input: true,
            ..at(hour(1_002))
        };
        assert!(told(both).contains("one of"));
        let away = ModeRequest {
            until_away: true,
            ..asked
        };
        assert_eq!(until(&away, now).ok(), Some(Some(Until::Away)));
        let coming_and_going = ModeRequest {
            until_input: true,
            ..away
        };
        assert!(told(coming_and_going).contains("one of"));
    }

    #[test]
    fn a_pc_that_tells_of_no_input_is_known_by_what_was_decided() {
        let decided = |mode: ChosenMode, idle: Option<Duration>| {
            let signals = Signals {
                now: Zoned::now(),
                clock: Duration::ZERO,
                consent: true,
                remote_limit: None,
                reading: Reading {
                    idle,
                    ..Reading::default()
                },
                processors: BTreeMap::new(),
            };
            let decision = decide(&mode, &signals, &Policy::default(), None);
            Decided { decision, signals }
        };
        assert!(tells_of_input(None));
        assert!(tells_of_input(Some(&decided(
            fifty(),
            Some(Duration::ZERO)
        ))));
        assert!(!tells_of_input(Some(&decided(fifty(), None))));
        let paused = fifty().choose(Mode::Pause, None, hour(1));
        assert!(tells_of_input(Some(&decided(paused, None))));
    }
}
