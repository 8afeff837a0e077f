//! How single values are read: each type refuses with the list of what is allowed.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use toml::Value;

use crate::duration::parse_duration;

mod address;
mod pool;

pub(crate) use address::*;
pub(crate) use pool::*;

/// Reads a value with `read`, or fails with what is allowed.
fn checked<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    allowed: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    read(&value).ok_or_else(|| de::Error::custom(allowed))
}

fn one_of(value: &Value, names: &[&str]) -> Option<String> {
    let text = value.as_str()?;
    names.contains(&text).then(|| text.to_owned())
}

pub(crate) fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let allowed = "smart, a whole number from 5 to 100, pause";
    checked(deserializer, allowed, |value| {
        let percent = match value {
            Value::Integer(percent) => u8::try_from(*percent).ok(),
            Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()
            }
            _ => return one_of(value, &["smart", "pause"]),
        };
        percent
            .filter(|percent| (5..=100).contains(percent))
            .map(|percent| percent.to_string())
    })
}

pub(crate) fn language<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    chosen(deserializer, &["en", "ko"])
}

pub(crate) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    checked(deserializer, "true, false", Value::as_bool)
}

pub(crate) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    checked(deserializer, "a whole number from 0 to 100", |value| {
        let percent = u8::try_from(value.as_integer()?).ok()?;
        (percent <= 100).then_some(percent)
    })
}

pub(crate) fn celsius<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    checked(deserializer, "a whole number from 40 to 110", |value| {
        let celsius = u8::try_from(value.as_integer()?).ok()?;
        (40..=110).contains(&celsius).then_some(celsius)
    })
}

pub(crate) fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    checked(deserializer, "a number from 0 to 100000", |value| {
        let whole = || value.as_integer().map(|whole| whole as f64);
        let price = value.as_float().or_else(whole)?;
        (0.0..=100_000.0)
            .contains(&price)
            .then_some((price > 0.0).then_some(price))
    })
}

/// In percent; under a hundred, for who keeps everything pays nothing.
pub(crate) fn fee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, "a number from 0 to 50", |value| {
        let whole = || value.as_integer().map(|whole| whole as f64);
        let percent = value.as_float().or_else(whole)?;
        (0.0..=50.0).contains(&percent).then_some(percent)
    })
}

pub(crate) fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, "USD, KRW, EUR", |value| {
        one_of(value, &["USD", "KRW", "EUR"])
    })
}

pub(crate) fn shown_in<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, "coin, mBTC, USD, KRW, EUR", |value| {
        one_of(value, &["coin", "mBTC", "USD", "KRW", "EUR"])
    })
}

pub(crate) fn watts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    checked(deserializer, "a whole number from 0 to 10000", |value| {
        let watts = u16::try_from(value.as_integer()?).ok()?;
        (watts <= 10_000).then_some((watts > 0).then_some(watts))
    })
}

pub(crate) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    checked(deserializer, "a whole number from 0 to 65535", |value| {
        u16::try_from(value.as_integer()?).ok()
    })
}

pub(crate) fn threads<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    checked(deserializer, "a whole number from 0 to 1024", |value| {
        let threads = usize::try_from(value.as_integer()?).ok()?;
        (threads <= 1024).then_some((threads > 0).then_some(threads))
    })
}

/// One of several names, or `auto` for none in particular.
fn chosen<'de, D: Deserializer<'de>>(
    deserializer: D,
    names: &[&str],
) -> Result<Option<String>, D::Error> {
    let allowed = format!("auto, {}", names.join(", "));
    checked(deserializer, &allowed, |value| match value.as_str() {
        Some("auto") => Some(None),
        _ => one_of(value, names).map(Some),
    })
}

pub(crate) fn cpu_algorithm<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    chosen(deserializer, &["randomx", "sha256d"])
}

pub(crate) fn randomx_memory<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    checked(deserializer, "auto, light, fast", |value| {
        one_of(value, &["auto", "light", "fast"])
    })
}

pub(crate) fn gpu_algorithm<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    chosen(
        deserializer,
        &["kawpow", "kawpow-test", "progpowz", "sha256d"],
    )
}

pub(crate) fn pool_algorithm<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let names = ["kawpow", "progpowz", "randomx", "sha256d"];
    checked(deserializer, &names.join(", "), |value| {
        one_of(value, &names)
    })
}

pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let allowed = "a duration from \"1s\" to \"24h\", such as \"90s\" or \"2m\"";
    checked(deserializer, allowed, |value| {
        let duration = parse_duration(value.as_str()?).ok()?;
        let range = Duration::from_secs(1)..=Duration::from_secs(86_400);
        range.contains(&duration).then_some(duration)
    })
}

pub(crate) fn file<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let allowed = "the whole path of a file, or \"\" for none";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        path => {
            let path = PathBuf::from(path);
            path.is_absolute().then_some(Some(path))
        }
    })
}

pub(crate) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        "a text of at most 512 characters on one line",
        |value| {
            let text = value.as_str()?;
            let plain = text.len() <= 512 && !text.chars().any(char::is_control);
            plain.then(|| text.to_owned())
        },
    )
}

/// Which names mean a program is for those to judge who compare them.
pub(crate) fn programs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let allowed = "a list of at most 256 file names of programs, such as [\"game.exe\", \"obs*\"]";
    checked(deserializer, allowed, |value| {
        let names = value.as_array().filter(|names| names.len() <= 256)?;
        let each = names.iter().map(|name| name.as_str().map(str::to_owned));
        each.collect()
    })
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

pub(crate) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[bool; 7], D::Error> {
    let allowed = "a list of \"monday\" to \"sunday\", or \"weekdays\", \"weekend\" or \"daily\"";
    checked(deserializer, allowed, |value| {
        let named = match value {
            Value::Array(names) if !names.is_empty() => names.as_slice(),
            name => std::slice::from_ref(name),
        };
        let mut days = [false; 7];
        for name in named {
            let name = name.as_str()?;
            let meant = match name {
                "weekdays" => 0..5,
                "weekend" => 5..7,
                "daily" => 0..7,
                _ => {
                    let day = WEEKDAYS.iter().position(|day| *day == name)?;
                    day..day + 1
                }
            };
            days[meant].fill(true);
        }
        Some(days)
    })
}

/// `HH:MM` in minutes after midnight.
fn minutes(value: &Value) -> Option<u16> {
    let (hours, minutes) = value.as_str()?.split_once(':')?;
    let number = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| plain)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
}

pub(crate) fn begin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    checked(
        deserializer,
        "a time from \"00:00\" to \"23:59\"",
        |value| minutes(value).filter(|minutes| *minutes < 24 * 60),
    )
}

pub(crate) fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    checked(
        deserializer,
        "a time from \"00:00\" to \"24:00\"",
        |value| minutes(value).filter(|minutes| *minutes <= 24 * 60),
    )
}
