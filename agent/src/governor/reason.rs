//! Why a decision is what it is: a fixed set, so that it can be shown in any language, each naming its signal.

use std::fmt;
use std::time::Duration;

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
            Reason::PausedByHand | Reason::PausedByHandUntil { .. } | Reason::ByHand { .. } => {
                "owner"
            }
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
        match self {
            Reason::ProgramRuns { .. } => "a program that pauses everything is running".to_owned(),
            Reason::Fullscreen { .. } => Reason::Fullscreen {
                application: String::new(),
            }
            .to_string(),
            Reason::KeptAwake { .. } => Reason::KeptAwake {
                application: String::new(),
            }
            .to_string(),
            Reason::Free { .. } => "nobody is using this PC".to_owned(),
            Reason::PausedByHandUntil { .. } => Reason::PausedByHand.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoConsent => f.write_str("the owner of this PC has not agreed yet"),
            Reason::PausedByHand => f.write_str("paused by hand"),
            Reason::PausedByHandUntil { at } => {
                write!(
                    f,
                    "paused by hand until {}",
                    at.strftime("%a %-d %b, %H:%M")
                )
            }
            Reason::ByHand { mode } => write!(f, "set to {} by hand", in_percent(*mode)),
            Reason::Scheduled { mode } => write!(f, "the schedule says {}", in_percent(*mode)),
            Reason::OnBattery => f.write_str("on battery"),
            Reason::BatterySaver => f.write_str("the system is saving energy"),
            Reason::ProgramRuns { program } => write!(f, "{program} is running"),
            Reason::Fullscreen { application } if application.is_empty() => {
                f.write_str("an application is using the whole screen")
            }
            Reason::Fullscreen { application } => {
                write!(f, "{application} is using the whole screen")
            }
            Reason::KeptAwake { application } if application.is_empty() => {
                f.write_str("an application keeps the display on")
            }
            Reason::KeptAwake { application } => write!(f, "{application} keeps the display on"),
            Reason::SomeoneHere => f.write_str("someone is using this PC"),
            Reason::Gamepad => f.write_str("someone is using a game controller"),
            Reason::OtherSession => f.write_str("someone is using another session of this PC"),
            Reason::UnknownPresence => {
                f.write_str("nothing says whether someone is here, so assuming yes")
            }
            Reason::OthersBusy { percent } => {
                write!(f, "someone is here and other programs use {percent} %")
            }
            Reason::Hot { celsius } => write!(f, "{celsius} °C"),
            Reason::RampingUp => f.write_str("nobody is using this PC: going up to full speed"),
            Reason::Free { idle } => write!(f, "nobody has used this PC for {}", in_words(*idle)),
            Reason::OwnersLimit { percent } => write!(f, "limited to {percent} % by the settings"),
            Reason::RemoteLimit { percent } => {
                write!(f, "limited to {percent} % by the account's owner")
            }
            Reason::RemotePause => f.write_str("paused by the account's owner"),
        }
    }
}

fn in_percent(mode: Mode) -> String {
    match mode {
        Mode::Percent(percent) => format!("{percent} %"),
        Mode::Smart | Mode::Pause => mode.to_string(),
    }
}

/// A time in words, coarse enough not to change every second.
fn in_words(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        0 => format!("{} s", time.as_secs()),
        1..120 => format!("{minutes} min"),
        _ => format!("{} h", minutes / 60),
    }
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
}
