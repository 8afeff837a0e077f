//! Addresses of requests.

use super::AccountError;
use crate::json::excerpt;

const LONGEST_BASE: usize = 512;
const LONGEST_ADDRESS: usize = 256;

/// A base URL without a slash at its end.
pub(super) fn base(text: &str) -> Result<String, AccountError> {
    let base = text.trim().trim_end_matches('/');
    let rest = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"))
        .unwrap_or_default();
    let strange =
        |symbol: char| symbol.is_whitespace() || symbol.is_control() || "?#\\".contains(symbol);
    let fits = base.len() <= LONGEST_BASE && !base.contains(strange);
    match fits && !rest.is_empty() && !rest.starts_with('/') {
        true => Ok(base.to_owned()),
        false => Err(AccountError::BaseUrl(excerpt(text))),
    }
}

/// An address as it stands in a URL.
pub(super) fn address(text: &str) -> Result<String, AccountError> {
    let text = text.trim();
    let strange = |symbol: char| symbol.is_whitespace() || symbol.is_control();
    // A path of dots means another place.
    let dots = text.chars().all(|symbol| symbol == '.');
    match dots || text.len() > LONGEST_ADDRESS || text.contains(strange) {
        true => Err(AccountError::Address(excerpt(text))),
        false => Ok(encode(text)),
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded_or_refused() {
        assert_eq!(
            address(" 4ABC.rig+1/x?é ").as_deref(),
            Ok("4ABC.rig%2B1%2Fx%3F%C3%A9")
        );
        for bad in ["", " ", ".", "..", "a b", "a\u{0}b", &"a".repeat(257)] {
            let error = address(bad).expect_err(bad).to_string();
            assert!(error.contains("1 to 256 bytes"), "{error}");
        }
    }

    #[test]
    fn base_urls_are_of_http_and_bare() {
        assert_eq!(
            base("https://rvn.2miners.com/").as_deref(),
            Ok("https://rvn.2miners.com")
        );
        for bad in [
            "",
            "rvn.2miners.com",
            "ftp://a",
            "https://",
            "https:///a",
            "http://a?b",
            "http://a b",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
