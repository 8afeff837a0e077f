//! The values that stand in a trace, each knowing what is allowed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time since the trace's beginning in whole seconds, written `08:55:12`; hours may be more than 24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct At(u64);

impl At {
    /// What lies between the beginning and this time.
    pub fn since_beginning(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// Parts of a second are left out.
impl From<Duration> for At {
    fn from(since_beginning: Duration) -> At {
        At(since_beginning.as_secs())
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3_600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}")
    }
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<At, String> {
        let read = || {
            let mut parts = text.split(':');
            let hours = number(parts.next()?, 1..=6)?;
            let minutes = number(parts.next()?, 2..=2).filter(|minutes| *minutes < 60)?;
            let seconds = number(parts.next()?, 2..=2).filter(|seconds| *seconds < 60)?;
            (parts.next().is_none()).then_some(At(hours * 3_600 + minutes * 60 + seconds))
        };
        read().ok_or_else(|| format!("\"{}\" is no time", shortened(text)))
    }
}

impl TryFrom<String> for At {
    type Error = String;

    fn try_from(text: String) -> Result<At, String> {
        text.parse()
    }
}

impl From<At> for String {
    fn from(at: At) -> String {
        at.to_string()
    }
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Enough of a text for an error message.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A share in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Percent(f32);

/// A temperature in degrees Celsius, -50 to 150.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Celsius(f32);

macro_rules! number_between {
    ($name:ident, $least:literal, $most:literal) => {
        impl $name {
            /// The nearest whole number that is allowed; a value that is no number is none.
            pub fn rounded(value: f32) -> Option<$name> {
                (!value.is_nan()).then(|| $name(value.round().clamp($least, $most)))
            }

            /// The number.
            pub fn get(self) -> f32 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(value: f64) -> Result<$name, String> {
                match ($least..=$most).contains(&value) {
                    true => Ok($name(value as f32)),
                    false => Err(format!("{value} is out of range")),
                }
            }
        }

        /// Whole numbers without a point, as people write them.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0.fract() == 0.0 {
                    true => serializer.serialize_i64(self.0 as i64),
                    false => serializer.serialize_f32(self.0),
                }
            }
        }
    };
}

number_between!(Percent, 0.0, 100.0);
number_between!(Celsius, -50.0, 150.0);

/// What is in front: `false` for a window among others, or the name of what has the screen to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fullscreen {
    /// Nothing has.
    Nobody,
    /// This application has; empty where its name cannot be told.
    Application(String),
}

impl Serialize for Fullscreen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Fullscreen::Nobody => serializer.serialize_bool(false),
            Fullscreen::Application(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Fullscreen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fullscreen, D::Error> {
        struct NameOrFalse;
        impl Visitor<'_> for NameOrFalse {
            type Value = Fullscreen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an application's name or false")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Fullscreen, E> {
                match value {
                    false => Ok(Fullscreen::Nobody),
                    true => Err(E::custom("true does not say which application")),
                }
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Fullscreen, E> {
                Ok(Fullscreen::Application(name.to_owned()))
            }
        }
        deserializer.deserialize_any(NameOrFalse)
    }
}

/// Game controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Controller {
    /// There is none.
    Absent,
    /// Its input keeps coming.
    Using,
    /// There is one, and no input from it since.
    Idle,
    /// There is one, and nothing tells of its input.
    Present,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for (text, seconds) in [("0:00:00", 0), ("08:55:12", 32_112), ("100:00:01", 360_001)] {
            let at: At = text.parse().expect(text);
            assert_eq!(at.since_beginning(), Duration::from_secs(seconds));
            assert_eq!(at.to_string().parse(), Ok(at));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "8",
            "8:00",
            "8:0:0",
            "08:60:00",
            "08:00:60",
            "-1:00:00",
            "08:00:00:00",
            "1234567:00:00",
            "+8:00:00",
            "０8:00:00",
        ] {
            assert!(text.parse::<At>().is_err(), "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_written_without_a_point() {
        let written = |value| serde_json::to_string(&Percent(value)).expect("JSON");
        assert_eq!((written(38.0), written(37.5)), ("38".into(), "37.5".into()));
        assert_eq!(Percent::rounded(f32::NAN), None);
        assert_eq!(Percent::rounded(250.0), Some(Percent(100.0)));
    }
}
