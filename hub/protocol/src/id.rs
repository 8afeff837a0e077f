//! Names and secrets. All are Crockford's base 32: no letter can be mistaken for a digit, case does not matter.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A text that is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {form}")]
pub struct ParseIdError {
    what: &'static str,
    form: &'static str,
}

fn random_symbols(count: usize) -> String {
    let mut random = rand::rng();
    (0..count)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

/// Upper case, with the letters people confuse put right; `None` for anything else.
fn normalise(text: &str) -> Option<String> {
    text.chars()
        .filter(|symbol| !matches!(symbol, '-' | ' '))
        .map(|symbol| match symbol.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            other if other.is_ascii() && ALPHABET.contains(&(other as u8)) => Some(other),
            _ => None,
        })
        .collect()
}

/// A check symbol over the value: catches every single wrong symbol and every swap of neighbours.
fn check_symbol(symbols: &str) -> char {
    // Weighted sum modulo 37, as Crockford gives it; he writes the values above 31 as these five marks.
    let extra = ['*', '~', '$', '=', 'U'];
    let value = symbols.bytes().fold(0usize, |sum, symbol| {
        let digit = ALPHABET
            .iter()
            .position(|known| *known == symbol)
            .unwrap_or(0);
        (sum * 32 + digit) % 37
    });
    match ALPHABET.get(value) {
        Some(symbol) => char::from(*symbol),
        None => extra[value - ALPHABET.len()],
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $symbols:literal, $what:literal, $form:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new random one.
            pub fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), random_symbols($symbols)))
            }

            /// The text as it is sent and stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let refuse = ParseIdError { what: $what, form: $form };
                let upper = text.trim().to_ascii_uppercase();
                let symbols = upper.strip_prefix($prefix).ok_or(refuse.clone())?;
                let symbols = normalise(symbols).filter(|s| s.len() == $symbols).ok_or(refuse)?;
                Ok(Self(format!(concat!($prefix, "{}"), symbols)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

macro_rules! secret {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    )*};
}

id!(
    /// The public name of an account, such as `A3F7K2M9QX`. It says nothing about its owner.
    AccountId, "A", 11, "an account id", "the letter A and 11 letters or digits"
);
id!(
    /// The public name of a device within a hub, such as `D3F7K2M9QX`.
    DeviceId, "D", 11, "a device id", "the letter D and 11 letters or digits"
);
id!(
    /// What a device proves itself with (160 bits, secret).
    DeviceToken, "IWD-", 32, "a device token", "IWD- and 32 letters or digits"
);
id!(
    /// What adds a device to an account: single use, valid for ten minutes, secret until then.
    EnrolmentCode, "", 8, "an enrolment code", "8 letters or digits"
);
id!(
    /// What adds many devices to an account until it is revoked or used up (160 bits, secret).
    EnrolmentToken, "IWE-", 32, "an enrolment token", "IWE- and 32 letters or digits"
);
id!(
    /// What a signed-in browser or program proves itself with (160 bits, secret).
    SessionToken, "IWS-", 32, "a session token", "IWS- and 32 letters or digits"
);
id!(
    /// What opens the operator's view of a hub (160 bits, secret): in a link, good once; in a session's cookie.
    OperatorSecret, "IWO-", 32, "an operator's secret", "IWO- and 32 letters or digits"
);
id!(
    /// The public name of a session, to end it by.
    SessionId, "S", 11, "a session id", "the letter S and 11 letters or digits"
);
id!(
    /// The public name of an enrolment token, to revoke it by.
    EnrolmentTokenId, "T", 11, "an enrolment token's id", "the letter T and 11 letters or digits"
);
id!(
    /// The public name of a withdrawal, such as `W3F7K2M9QX`.
    WithdrawalId, "W", 11, "a withdrawal id", "the letter W and 11 letters or digits"
);
id!(
    /// What a new account may name to say who sent it.
    ReferralCode, "R", 9, "a referral code", "the letter R and 9 letters or digits"
);
shown!(
    AccountId,
    DeviceId,
    SessionId,
    EnrolmentTokenId,
    WithdrawalId,
    ReferralCode
);
secret!(
    DeviceToken,
    EnrolmentCode,
    EnrolmentToken,
    SessionToken,
    OperatorSecret,
    AccountKey
);

/// What a new device names its account by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub enum EnrolmentSecret {
    /// For one device.
    Code(EnrolmentCode),
    /// For a fleet.
    Token(EnrolmentToken),
}

impl FromStr for EnrolmentSecret {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_uppercase().starts_with("IWE") {
            true => text.parse().map(EnrolmentSecret::Token),
            false => text.parse().map(EnrolmentSecret::Code),
        }
    }
}

impl TryFrom<String> for EnrolmentSecret {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnrolmentSecret> for String {
    fn from(secret: EnrolmentSecret) -> Self {
        match secret {
            EnrolmentSecret::Code(code) => code.into(),
            EnrolmentSecret::Token(token) => token.into(),
        }
    }
}

impl From<EnrolmentCode> for EnrolmentSecret {
    fn from(code: EnrolmentCode) -> Self {
        EnrolmentSecret::Code(code)
    }
}

/// What opens an account (125 random bits, secret), shown once: `IWA-` and five groups of five, then a check symbol.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct AccountKey(String);

impl AccountKey {
    /// A new random key.
    pub fn random() -> Self {
        let symbols = random_symbols(25);
        Self(Self::written(&symbols))
    }

    /// The text as it is shown and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn written(symbols: &str) -> String {
        let groups: Vec<String> = symbols
            .as_bytes()
            .chunks(5)
            .map(|group| group.iter().map(|symbol| char::from(*symbol)).collect())
            .collect();
        format!("IWA-{}-{}", groups.join("-"), check_symbol(symbols))
    }
}

impl FromStr for AccountKey {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = ParseIdError {
            what: "an account key",
            form: "IWA-, five groups of five letters or digits, and a check symbol; one of them is mistyped",
        };
        let upper = text.trim().to_ascii_uppercase();
        let rest = upper.strip_prefix("IWA").ok_or(refuse.clone())?;
        let mut rest: String = rest.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let check = rest.pop().ok_or(refuse.clone())?;
        let symbols = normalise(&rest)
            .filter(|s| s.len() == 25)
            .ok_or(refuse.clone())?;
        if check_symbol(&symbols) != check {
            return Err(refuse);
        }
        Ok(Self(Self::written(&symbols)))
    }
}

impl TryFrom<String> for AccountKey {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountKey> for String {
    fn from(key: AccountKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn random_ids_read_back_and_differ() {
        assert_ne!(AccountId::random(), AccountId::random());
        let id = AccountId::random();
        assert_eq!(id.as_str().to_lowercase().parse(), Ok(id));
        let code = EnrolmentCode::random();
        assert_eq!(code.as_str().parse(), Ok(code.clone()));
        assert_eq!(code.as_str().len(), 8);
        let token = DeviceToken::random();
        assert_eq!(token.as_str().parse(), Ok(token));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let key = AccountKey::random();
        assert_eq!(format!("{key:?}"), "AccountKey(secret)");
        assert_eq!(
            format!("{:?}", DeviceToken::random()),
            "DeviceToken(secret)"
        );
    }

    #[test]
    fn an_error_says_what_is_allowed() {
        let error = "nope".parse::<EnrolmentCode>().expect_err("too short");
        assert_eq!(
            error.to_string(),
            "an enrolment code is 8 letters or digits"
        );
    }

    proptest! {
        #[test]
        fn one_wrong_symbol_in_a_key_is_found(position in 0usize..25, shift in 1usize..32) {
            let key = AccountKey::random();
            let mut text: Vec<u8> = key.as_str().bytes().collect();
            let position = 4 + position + position / 5;
            let old = ALPHABET.iter().position(|s| *s == text[position]).expect("in the alphabet");
            text[position] = ALPHABET[(old + shift) % 32];
            let text = String::from_utf8(text).expect("ascii");
            prop_assert!(text.parse::<AccountKey>().is_err());
        }
    }

    #[test]
    fn a_key_forgives_case_spaces_and_lookalikes() {
        let key = AccountKey::random();
        let typed = key
            .as_str()
            .to_lowercase()
            .replace('-', " ")
            .replace('0', "o");
        assert_eq!(typed.parse(), Ok(key));
    }
}
