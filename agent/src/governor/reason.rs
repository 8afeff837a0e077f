//! Why a decision is what it is: a fixed set, so that it can be shown in any language, each naming its signal.

use std::fmt;
use std::time::Duration;

use idlewatt_screens::{Argument, Language, Words};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::Mode;

/// Why a processor may work as hard as it may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Reason {
    /// The owner has not agreed.
    NoConsent,
    /// The owner has paused by hand, for good or until an input.
    PausedByHand,
    /// The owner has paused by hand for a while.
    PausedByHandUntil {
        /// Until when, by the clock on the wall.
        at: DateTime,
    },
    /// The owner has paused by hand until nobody uses the PC any more.
    PausedByHandUntilAway,
    /// The owner has chosen a share by hand.
    ByHand {
        /// It.
        mode: Mode,
    },
    /// A scheduled time.
    Scheduled {
        /// Its mode.
        mode: Mode,
    },
    /// The PC runs on battery, which the owner's settings do not allow.
    OnBattery,
    /// The system saves energy.
    BatterySaver,
    /// A program that pauses everything runs.
    ProgramRuns {
        /// Its file name.
        program: String,
    },
    /// A game or another application has the screen to itself and uses this processor.
    Fullscreen {
        /// Its name; empty if it cannot be told.
        application: String,
    },
    /// A film or a call keeps the display on and uses this processor.
    KeptAwake {
        /// Who keeps it on; empty if it cannot be told.
        application: String,
    },
    /// Input not long ago.
    SomeoneHere,
    /// Input of a game controller not long ago.
    Gamepad,
    /// Another session is being used.
    OtherSession,
    /// Nothing says whether somebody is there.
    UnknownPresence,
    /// Somebody is there and other programs want the processor.
    OthersBusy {
        /// What they use, in percent.
        percent: u8,
    },
    /// The temperature limit.
    Hot {
        /// The temperature.
        celsius: u8,
    },
    /// Nobody is there; going up.
    RampingUp,
    /// Nobody has touched the PC for long.
    Free {
        /// For how long, in whole minutes, at least the policy's; seconds where that is below a minute.
        #[serde(with = "seconds")]
        idle: Duration,
    },
    /// The owner's limit for this kind of processor.
    OwnersLimit {
        /// It, in percent.
        percent: u8,
    },
    /// The account's owner has set a limit at the hub.
    RemoteLimit {
        /// It, in percent.
        percent: u8,
    },
    /// The account's owner has set that limit to nothing.
    RemotePause,
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

impl Reason {
    /// The signal that decided: a fixed word.
    pub fn signal(&self) -> &'static str {
        match self {
            Reason::NoConsent => "consent",
            Reason::PausedByHand
            | Reason::PausedByHandUntil { .. }
            | Reason::PausedByHandUntilAway
            | Reason::ByHand { .. } => "owner",
            Reason::Scheduled { .. } => "schedule",
            Reason::OnBattery | Reason::BatterySaver => "power",
            Reason::ProgramRuns { .. } => "programs",
            Reason::Fullscreen { .. } => "front",
            Reason::KeptAwake { .. } => "kept_awake",
            Reason::SomeoneHere | Reason::Free { .. } | Reason::RampingUp => "idle",
            Reason::Gamepad => "gamepad",
            Reason::OtherSession => "sessions",
            Reason::UnknownPresence => "idle_unknown",
            Reason::OthersBusy { .. } => "load",
            Reason::Hot { .. } => "temperature",
            Reason::OwnersLimit { .. } => "limit",
            Reason::RemoteLimit { .. } | Reason::RemotePause => "remote",
        }
    }

    /// In words that say nothing of who is at the PC but that somebody is, and of no program its name.
    pub fn for_others(&self) -> String {
        let words = Words::of(Language::English);
        match self {
            Reason::ProgramRuns { .. } => words.say("reasons-program-runs-unnamed"),
            Reason::Fullscreen { .. } => words.say("reasons-fullscreen-unnamed"),
            Reason::KeptAwake { .. } => words.say("reasons-kept-awake-unnamed"),
            Reason::Free { .. } => words.say("reasons-free-for-others"),
            Reason::PausedByHandUntil { .. } | Reason::PausedByHandUntilAway => {
                words.say("reasons-paused-by-hand")
            }
            other => other.to_string(),
        }
    }

    /// In the reader's language.
    pub fn in_words(&self, words: Words) -> String {
        let say = |key| words.say(key);
        let of_mode =
            |key, mode: &Mode| words.say_with(key, &[("mode", mode_in_words(*mode, words).into())]);
        let of_percent = |key, percent: &u8| words.say_with(key, &[("percent", (*percent).into())]);
        match self {
            Reason::NoConsent => say("reasons-no-consent"),
            Reason::PausedByHand => say("reasons-paused-by-hand"),
            Reason::PausedByHandUntil { at } => words.say_with(
                "reasons-paused-by-hand-until",
                &[
                    ("weekday", at.weekday().to_monday_one_offset().into()),
                    ("day", at.day().into()),
                    ("month", at.month().into()),
                    ("time", at.strftime("%H:%M").to_string().into()),
                ],
            ),
            Reason::PausedByHandUntilAway => say("reasons-paused-by-hand-until-away"),
            Reason::ByHand { mode } => of_mode("reasons-by-hand", mode),
            Reason::Scheduled { mode } => of_mode("reasons-scheduled", mode),
            Reason::OnBattery => say("reasons-on-battery"),
            Reason::BatterySaver => say("reasons-battery-saver"),
            Reason::ProgramRuns { program } => {
                words.say_with("reasons-program-runs", &[("program", name(program))])
            }
            Reason::Fullscreen { application } if application.is_empty() => {
                say("reasons-fullscreen-unnamed")
            }
            Reason::Fullscreen { application } => {
                words.say_with("reasons-fullscreen", &[("application", name(application))])
            }
            Reason::KeptAwake { application } if application.is_empty() => {
                say("reasons-kept-awake-unnamed")
            }
            Reason::KeptAwake { application } => {
                words.say_with("reasons-kept-awake", &[("application", name(application))])
            }
            Reason::SomeoneHere => say("reasons-someone-here"),
            Reason::Gamepad => say("reasons-gamepad"),
            Reason::OtherSession => say("reasons-other-session"),
            Reason::UnknownPresence => say("reasons-unknown-presence"),
            Reason::OthersBusy { percent } => of_percent("reasons-others-busy", percent),
            Reason::Hot { celsius } => {
                words.say_with("reasons-hot", &[("celsius", (*celsius).into())])
            }
            Reason::RampingUp => say("reasons-ramping-up"),
            Reason::Free { idle } => words.say_with(
                "reasons-free",
                &[("time", time_in_words(*idle, words).into())],
            ),
            Reason::OwnersLimit { percent } => of_percent("reasons-owners-limit", percent),
            Reason::RemoteLimit { percent } => of_percent("reasons-remote-limit", percent),
            Reason::RemotePause => say("reasons-remote-pause"),
        }
    }
}

/// In English: what is logged, and what programs have always read.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Words::of(Language::English)))
    }
}

fn name(text: &str) -> Argument<'_> {
    Argument::from(text)
}

/// A mode as a person reads it.
pub fn mode_in_words(mode: Mode, words: Words) -> String {
    match mode {
        Mode::Percent(percent) => {
            words.say_with("reasons-mode-percent", &[("percent", percent.into())])
        }
        Mode::Smart => words.say("reasons-mode-smart"),
        Mode::Pause => words.say("reasons-mode-pause"),
    }
}

/// A time in words, coarse enough not to change every second.
fn time_in_words(time: Duration, words: Words) -> String {
    let minutes = time.as_secs() / 60;
    let (key, count) = match minutes {
        0 => ("reasons-seconds", time.as_secs()),
        1..120 => ("reasons-minutes", minutes),
        _ => ("reasons-hours", minutes / 60),
    };
    words.say_with(key, &[("count", count.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_not_told_what_runs_and_how_long_nobody_was_there() {
        let name = || "Diary of Ann.exe".to_owned();
        let at = jiff::civil::date(2026, 3, 6).at(14, 5, 9, 0);
        for reason in [
            Reason::ProgramRuns { program: name() },
            Reason::Fullscreen {
                application: name(),
            },
            Reason::KeptAwake {
                application: name(),
            },
            Reason::Free {
                idle: Duration::from_secs(7_260),
            },
            Reason::PausedByHandUntil { at },
            Reason::PausedByHandUntilAway,
        ] {
            let told = reason.for_others();
            assert!(
                !told.contains("Ann") && !told.contains(['2', '4']),
                "{told}"
            );
        }
        let limited = Reason::RemoteLimit { percent: 30 };
        assert_eq!(limited.for_others(), limited.to_string());
    }

    #[test]
    fn each_reads_as_words_and_reads_back() {
        let application = || "Cyberpunk2077.exe".to_owned();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let at = jiff::civil::date(2026, 3, 6).at(14, 5, 9, 0);
        let percent = Mode::Percent(50);
        for (reason, words, signal) in [
            (
                Reason::NoConsent,
                "the owner of this PC has not agreed yet",
                "consent",
            ),
            (Reason::PausedByHand, "paused by hand", "owner"),
            (
                Reason::PausedByHandUntil { at },
                "paused by hand until Fri 6 Mar, 14:05",
                "owner",
            ),
            (
                Reason::PausedByHandUntilAway,
                "paused by hand until nobody is using this PC",
                "owner",
            ),
            (
                Reason::ByHand { mode: percent },
                "set to 50 % by hand",
                "owner",
            ),
            (
                Reason::Scheduled { mode: percent },
                "the schedule says 50 %",
                "schedule",
            ),
            (
                Reason::Scheduled { mode: Mode::Pause },
                "the schedule says pause",
                "schedule",
            ),
            (Reason::OnBattery, "on battery", "power"),
            (Reason::BatterySaver, "the system is saving energy", "power"),
            (
                Reason::ProgramRuns {
                    program: application(),
                },
                "Cyberpunk2077.exe is running",
                "programs",
            ),
            (
                Reason::Fullscreen {
                    application: application(),
                },
                "Cyberpunk2077.exe is using the whole screen",
                "front",
            ),
            (
                Reason::Fullscreen {
                    application: String::new(),
                },
                "an application is using the whole screen",
                "front",
            ),
            (
                Reason::KeptAwake {
                    application: "vlc".to_owned(),
                },
                "vlc keeps the display on",
                "kept_awake",
            ),
            (Reason::Hot { celsius: 82 }, "82 °C", "temperature"),
            (
                Reason::Free {
                    idle: Duration::from_secs(20),
                },
                "nobody has used this PC for 20 s",
                "idle",
            ),
            (
                Reason::Free { idle: minutes(12) },
                "nobody has used this PC for 12 min",
                "idle",
            ),
            (
                Reason::Free { idle: minutes(300) },
                "nobody has used this PC for 5 h",
                "idle",
            ),
            (
                Reason::OwnersLimit { percent: 40 },
                "limited to 40 % by the settings",
                "limit",
            ),
            (
                Reason::RemoteLimit { percent: 30 },
                "limited to 30 % by the account's owner",
                "remote",
            ),
            (
                Reason::RemotePause,
                "paused by the account's owner",
                "remote",
            ),
        ] {
            assert_eq!(reason.to_string(), words);
            assert_eq!(reason.signal(), signal);
            let json = serde_json::to_string(&reason).expect("written");
            assert_eq!(
                serde_json::from_str::<Reason>(&json).expect("read"),
                reason,
                "{json}"
            );
        }
    }

    #[test]
    fn korean_says_the_same() {
        let words = Words::of(Language::Korean);
        let at = jiff::civil::date(2026, 3, 6).at(14, 5, 9, 0);
        for (reason, told) in [
            (
                Reason::PausedByHandUntil { at },
                "3월 6일(금) 14:05까지 일시정지했어요",
            ),
            (
                Reason::ByHand {
                    mode: Mode::Percent(50),
                },
                "직접 50%로 설정했어요",
            ),
            (
                Reason::Scheduled { mode: Mode::Pause },
                "예약에 따라 일시정지 모드예요",
            ),
            (
                Reason::Fullscreen {
                    application: "vlc".to_owned(),
                },
                "vlc 앱이 전체 화면을 쓰고 있어요",
            ),
            (
                Reason::Free {
                    idle: Duration::from_secs(18_000),
                },
                "5시간 동안 아무도 이 PC를 쓰지 않았어요",
            ),
        ] {
            assert_eq!(reason.in_words(words), told);
        }
    }
}
