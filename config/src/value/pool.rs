//! What is told of a pool: by what it is known, where its servers are, what it pays and keeps.

use serde::Deserializer;
use toml::Value;

use super::address::{is_address, is_web_address};
use super::{checked, one_of};

pub(crate) fn pool_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let allowed = "up to 64 small letters, digits and hyphens";
    checked(deserializer, allowed, |value| {
        let id = value.as_str()?;
        let is_of_it = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=64).contains(&id.len()) && id.chars().all(is_of_it);
        fits.then(|| id.to_owned())
    })
}

pub(crate) fn website<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, "\"https://HOST\"", |value| {
        let url = value.as_str()?;
        is_web_address(url).then(|| url.to_owned())
    })
}

pub(crate) fn coin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let names = ["BTC", "XMR", "RVN", "ZANO"];
    checked(deserializer, &names.join(", "), |value| {
        one_of(value, &names)
    })
}

pub(crate) fn pool_servers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let allowed = "a list of 1 to 16 of \"stratum+tcp://HOST:PORT\" or \"stratum+ssl://HOST:PORT\"";
    checked(deserializer, allowed, |value| {
        let servers = value.as_array()?;
        let each = servers.iter().map(|server| {
            let url = server.as_str()?;
            let is_one = super::address::POOL_SCHEMES
                .iter()
                .any(|scheme| is_address(url, scheme, true));
            is_one.then(|| url.to_owned())
        });
        let servers: Vec<String> = each.collect::<Option<_>>()?;
        (1..=16).contains(&servers.len()).then_some(servers)
    })
}

pub(crate) fn pool_user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let allowed = "a text of at most 512 characters on one line, with ADDRESS where the address for payouts goes and DEVICE where \
                   this PC's name goes";
    checked(deserializer, allowed, |value| {
        let user = value.as_str()?;
        let fits =
            user.len() <= 512 && user.contains("ADDRESS") && !user.chars().any(char::is_control);
        fits.then(|| user.to_owned())
    })
}

pub(crate) fn pool_fee<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    super::fee(deserializer).map(Some)
}

/// As text, so that no digit is lost.
pub(crate) fn coins<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let allowed =
        "a number of coins as text, with at most 12 digits behind the point, such as \"0.003\"";
    checked(deserializer, allowed, |value: &Value| {
        let text = value.as_str()?;
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_some = text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        let fits = are_digits(whole, 9) && are_digits(part, 12) && is_some;
        fits.then(|| Some(text.to_owned()))
    })
}
