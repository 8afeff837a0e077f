//! Whose balance an entry changes.

use std::fmt;
use std::str::FromStr;

use idlewatt_protocol::{AccountId, DeviceId, WithdrawalId};

/// An account of the books. Written `kind:name`, such as `device:D0123456789A`, `upstream:practice` or `operator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// What a device has earned since it was added; positive and only grows.
    Device(DeviceId),
    /// What an account has earned by referrals; positive and only grows.
    Referrals(AccountId),
    /// What of a device's earnings has gone to its account's wallet; negative.
    ReleasedDevice(DeviceId),
    /// What of an account's referral earnings has gone to its wallet; negative.
    ReleasedReferrals(AccountId),
    /// What an account can withdraw; positive.
    Wallet(AccountId),
    /// What is set aside for a withdrawal on its way; positive.
    Withdrawal(WithdrawalId),
    /// The operator's fees, less referrals and network fees.
    Operator,
    /// Where the work came from and who therefore owes the earnings; negative until it has paid.
    Upstream(String),
    /// What the hub holds in a wallet of its own, such as `monero`; negative, as it is owed to the others.
    Vault(String),
}

/// A text that names no ledger account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no ledger account (device:, released:, referrals:, wallet: or withdrawal: and an id; operator; upstream: or vault: and 1 to 32 lower-case letters, digits or dashes)"
)]
pub struct ParseLedgerAccountError(String);

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerAccount::Device(device) => write!(f, "device:{device}"),
            LedgerAccount::Referrals(account) => write!(f, "referrals:{account}"),
            LedgerAccount::ReleasedDevice(device) => write!(f, "released:{device}"),
            LedgerAccount::ReleasedReferrals(account) => write!(f, "released:{account}"),
            LedgerAccount::Wallet(account) => write!(f, "wallet:{account}"),
            LedgerAccount::Withdrawal(withdrawal) => write!(f, "withdrawal:{withdrawal}"),
            LedgerAccount::Operator => f.write_str("operator"),
            LedgerAccount::Upstream(name) => write!(f, "upstream:{name}"),
            LedgerAccount::Vault(name) => write!(f, "vault:{name}"),
        }
    }
}

impl FromStr for LedgerAccount {
    type Err = ParseLedgerAccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = match text.split_once(':') {
            None if text == "operator" => Some(LedgerAccount::Operator),
            Some(("device", id)) => id.parse().ok().map(LedgerAccount::Device),
            Some(("referrals", id)) => id.parse().ok().map(LedgerAccount::Referrals),
            Some(("released", id)) => match id.parse() {
                Ok(device) => Some(LedgerAccount::ReleasedDevice(device)),
                Err(_) => id.parse().ok().map(LedgerAccount::ReleasedReferrals),
            },
            Some(("wallet", id)) => id.parse().ok().map(LedgerAccount::Wallet),
            Some(("withdrawal", id)) => id.parse().ok().map(LedgerAccount::Withdrawal),
            Some(("upstream", name)) if is_plain(name) => {
                Some(LedgerAccount::Upstream(name.to_owned()))
            }
            Some(("vault", name)) if is_plain(name) => Some(LedgerAccount::Vault(name.to_owned())),
            _ => None,
        };
        known.ok_or_else(|| ParseLedgerAccountError(text.chars().take(64).collect()))
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
            LedgerAccount::ReleasedDevice(DeviceId::random()),
            LedgerAccount::Referrals(AccountId::random()),
            LedgerAccount::ReleasedReferrals(AccountId::random()),
            LedgerAccount::Wallet(AccountId::random()),
            LedgerAccount::Withdrawal(WithdrawalId::random()),
            LedgerAccount::Operator,
            LedgerAccount::Vault("monero".into()),
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
            "operator:",
            &long,
        ] {
            let error = text
                .parse::<LedgerAccount>()
                .expect_err("no ledger account");
            assert!(error.to_string().contains("is no ledger account"));
        }
    }
}
