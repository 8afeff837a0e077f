//! Whose balance an entry changes.

use std::fmt;
use std::str::FromStr;

use idlewatt_protocol::DeviceId;

/// An account of the books. Written `kind:name`, such as `device:D0123456789A` or `upstream:practice`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// What a device has earned; positive.
    Device(DeviceId),
    /// Where the work came from and who therefore owes the earnings; negative.
    Upstream(String),
}

/// A text that names no ledger account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no ledger account (device:ID, or upstream: and 1 to 32 lower-case letters, digits or dashes)"
)]
pub struct ParseLedgerAccountError(String);

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerAccount::Device(device) => write!(f, "device:{device}"),
            LedgerAccount::Upstream(name) => write!(f, "upstream:{name}"),
        }
    }
}

impl FromStr for LedgerAccount {
    type Err = ParseLedgerAccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ParseLedgerAccountError(text.chars().take(64).collect());
        match text.split_once(':') {
            Some(("device", id)) => id.parse().map(LedgerAccount::Device).map_err(|_| refuse()),
            Some(("upstream", name)) if is_plain(name) => {
                Ok(LedgerAccount::Upstream(name.to_owned()))
            }
            _ => Err(refuse()),
        }
    }
}

fn is_plain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for account in [
            LedgerAccount::Device(DeviceId::random()),
            LedgerAccount::Upstream("practice".into()),
        ] {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
    }

    #[test]
    fn other_names_are_refused() {
        let long = format!("upstream:{}", "a".repeat(33));
        for text in [
            "",
            "device:",
            "device:x",
            "upstream:",
            "upstream:A b",
            "wallet:x",
            &long,
        ] {
            let error = text
                .parse::<LedgerAccount>()
                .expect_err("no ledger account");
            assert!(error.to_string().contains("is no ledger account"));
        }
    }
}
