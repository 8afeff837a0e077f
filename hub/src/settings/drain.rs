//! Where miners are sent when the hub ends.

use serde::Deserialize;

/// Another hub's host and Stratum port, as `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DrainTo {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl TryFrom<String> for DrainTo {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refuse =
            || format!("drain_to: {text:?} is not HOST:PORT, such as \"hub2.example:3480\"");
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
        match port.parse() {
            Ok(port) if port != 0 && !host.is_empty() && host.bytes().all(good) => Ok(DrainTo {
                host: host.to_owned(),
                port,
            }),
            _ => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_and_anything_else_is_refused() {
        for (text, host, port) in [
            ("hub2.example:3480", "hub2.example", 3480),
            ("10.0.0.7:1", "10.0.0.7", 1),
            ("[2001:db8::1]:3480", "2001:db8::1", 3480),
        ] {
            let host = host.to_owned();
            assert_eq!(
                DrainTo::try_from(text.to_owned()),
                Ok(DrainTo { host, port })
            );
        }
        for text in [
            "",
            "hub",
            "hub:",
            ":1",
            "hub:0",
            "hub:65536",
            "a\nb:1",
            "a b:1",
        ] {
            let error = DrainTo::try_from(text.to_owned()).expect_err(text);
            assert!(error.contains("HOST:PORT"), "{error}");
        }
    }
}
