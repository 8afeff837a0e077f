//! How single values are read: each type refuses with the list of what is allowed.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use toml::Value;

use crate::FallbackPool;
use crate::duration::parse_duration;

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

/// Whether an address has a scheme, a host and, where `needs_port`, a port, and nothing that could not be meant.
fn is_address(text: &str, scheme: &str, needs_port: bool) -> bool {
    let Some(rest) = text.strip_prefix(scheme) else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let plain = !rest.chars().any(|c| c.is_whitespace() || c.is_control());
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'));
    let host = port.map_or(authority, |(host, _)| host);
    let port_is_right = match port {
        Some((_, port)) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => !needs_port,
    };
    plain && !host.is_empty() && port_is_right
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

pub(crate) fn hub_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"http://HOST:PORT\", \"https://HOST\" or \"\" for the hub inside the agent";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if is_address(url, "http://", false) || is_address(url, "https://", false) => {
            Some(Some(url.trim_end_matches('/').to_owned()))
        }
        _ => None,
    })
}

/// Of another PC only where its certificate says that it is the one that was meant.
pub(crate) fn update_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"https://HOST/FOLDER\", http:// for this PC alone, or \"\" for where this build looks by itself";
    checked(deserializer, allowed, |value| {
        let url = value.as_str()?;
        let of_this_pc = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let is_of_this_pc = of_this_pc.iter().any(|host| {
            let rest = url.strip_prefix(host);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        match url {
            "" => Some(None),
            _ if url.contains(['@', '?', '#']) => None,
            _ if is_address(url, "https://", false)
                || is_of_this_pc && is_address(url, "http://", false) =>
            {
                Some(Some(url.trim_end_matches('/').to_owned()))
            }
            _ => None,
        }
    })
}

/// With a user's name and password before the host, where the proxy asks for them.
pub(crate) fn proxy<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"socks5://HOST:PORT\", \"http://HOST:PORT\", either with USER:PASSWORD@ before HOST, or \"\" for none";
    let is_proxy = |url: &str| {
        let Some((scheme, rest)) = url.split_once("://") else {
            return false;
        };
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let bare = format!("{scheme}://{place}");
        !place.contains('/')
            && !rest.chars().any(char::is_whitespace)
            && ["socks5://", "http://"]
                .iter()
                .any(|scheme| is_address(&bare, scheme, true))
    };
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if is_proxy(url) => Some(Some(url.to_owned())),
        _ => None,
    })
}

/// As `openssl x509 -fingerprint -sha256` writes it.
pub(crate) fn fingerprint<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons between pairs; several of them \
                   after commas, or \"\" for none";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        text => {
            let is_whole = |one: &str| {
                let digits: String = one.trim().chars().filter(|c| *c != ':').collect();
                digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit())
            };
            text.split(',').all(is_whole).then(|| Some(text.to_owned()))
        }
    })
}

pub(crate) fn pool_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed = "\"stratum+tcp://HOST:PORT\", \"stratum+ssl://HOST:PORT\" or \"\" for none";
    checked(deserializer, allowed, |value| match value.as_str()? {
        "" => Some(None),
        url if ["stratum+tcp://", "stratum+ssl://"]
            .iter()
            .any(|scheme| is_address(url, scheme, true)) =>
        {
            Some(Some(url.to_owned()))
        }
        _ => None,
    })
}

/// With a name, or name and password, before the host, where another pool knows the user by another name.
pub(crate) fn fallback_pools<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FallbackPool>, D::Error> {
    let allowed = "a list of at most 16 of \"stratum+tcp://HOST:PORT\" or \"stratum+ssl://HOST:PORT\", with USER@ or \
                   USER:PASSWORD@ before HOST where they are others";
    checked(deserializer, allowed, |value| {
        let pools = value.as_array().filter(|pools| pools.len() <= 16)?;
        pools
            .iter()
            .map(|pool| fallback_pool(pool.as_str()?))
            .collect()
    })
}

fn fallback_pool(text: &str) -> Option<FallbackPool> {
    let (scheme, rest) = text.split_once("://")?;
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let url = format!("{scheme}://{place}");
    let is_one = ["stratum+tcp://", "stratum+ssl://"]
        .iter()
        .any(|scheme| is_address(&url, scheme, true));
    let is_plain = text.len() <= 1024 && !text.chars().any(char::is_control);
    let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
        None => (None, None),
        Some(Err(user)) => (Some(user), None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
    };
    let fits = is_one && is_plain && user != Some("");
    fits.then(|| FallbackPool {
        url,
        user: user.map(str::to_owned),
        password: password.map(str::to_owned),
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

pub(crate) fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let allowed = "a list of at most 64 names of hosts, such as [\"hub2.example.net\"]";
    checked(deserializer, allowed, |value| {
        let hosts = value.as_array().filter(|hosts| hosts.len() <= 64)?;
        let each = hosts.iter().map(|host| {
            let host = host
                .as_str()
                .filter(|host| !host.is_empty() && host.len() <= 253)?;
            let plain =
                !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@:".contains(c));
            plain.then(|| host.to_owned())
        });
        each.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_what_makes_them_usable() {
        for right in [
            "http://127.0.0.1:80",
            "http://hub",
            "http://[::1]:81/x",
            "http://[::1]",
        ] {
            assert!(is_address(right, "http://", false), "{right}");
        }
        for wrong in [
            "http://",
            "hub",
            "http://:80",
            "http://a b",
            "http://a:0",
            "http://a:x",
            "http://a:99999",
        ] {
            assert!(!is_address(wrong, "http://", false), "{wrong}");
        }
        assert!(!is_address("stratum+tcp://pool", "stratum+tcp://", true));
        assert!(is_address(
            "stratum+tcp://pool:3333",
            "stratum+tcp://",
            true
        ));
    }
}
