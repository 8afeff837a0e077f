//! The cookies of the portal: all `HttpOnly` and `SameSite=Strict`, and `Secure` where the hub is reached over TLS.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::Portal;

/// A signed-in account: a session's token.
pub(super) const SESSION: &str = "idlewatt-session";
/// A random text, so that forms of people who are not signed in have a token, too.
pub(super) const VISIT: &str = "idlewatt-visit";
/// A signed-in operator.
pub(super) const OPERATOR: &str = "idlewatt-operator";
/// `en` or `ko`.
pub(super) const LANGUAGE: &str = "idlewatt-language";
/// What amounts are shown in.
pub(super) const CURRENCY: &str = "idlewatt-currency";
/// Minutes east of UTC.
pub(super) const ZONE: &str = "idlewatt-zone";

/// How long a choice is remembered, in seconds.
pub(super) const YEAR: u64 = 365 * 86_400;

impl Portal {
    /// A cookie's whole name: with the prefix browsers let nobody but this very host set it.
    fn cookie_name(&self, name: &str) -> String {
        match self.secure && self.base == "/" {
            true => format!("__Host-{name}"),
            false => name.to_owned(),
        }
    }

    /// What a browser sent under this name.
    pub(super) fn cookie(&self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.cookie_name(name);
        let sent = headers.get_all(COOKIE).iter();
        let mut pairs = sent
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// A header that sets a cookie: for so many seconds, or as long as the browser runs. The value is made of letters,
    /// digits and dashes.
    pub(super) fn set_cookie(&self, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
        let mut cookie = format!(
            "{}={value}; Path={}; HttpOnly; SameSite=Strict",
            self.cookie_name(name),
            self.base
        );
        if let Some(seconds) = seconds {
            cookie += &format!("; Max-Age={seconds}");
        }
        if self.secure {
            cookie += "; Secure";
        }
        HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
