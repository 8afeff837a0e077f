//! Where a Stratum server is, and whether it is spoken to under TLS.

use std::fmt;
use std::str::FromStr;

/// An address that nothing can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not host and port.
    #[error(
        "\"{0}\" is no Stratum address; it should look like stratum+tcp://pool.example.org:3333"
    )]
    Form(String),
    /// Of a kind that is not spoken.
    #[error("\"{0}\": only stratum+tcp:// and, under TLS, stratum+ssl:// are spoken")]
    Scheme(String),
}

/// Host and port of a Stratum server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As it is written before a port: an IPv6 address stands in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl Address {
    /// Without TLS.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Address {
            host: host.into(),
            port,
            tls: false,
        }
    }

    /// Host and port alone.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// As it is read again: `HOST:PORT`, or `stratum+ssl://HOST:PORT`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "stratum+ssl://" } else { "" };
        write!(f, "{scheme}{}:{}", self.host, self.port)
    }
}

/// Out of `stratum+tcp://HOST:PORT`, `stratum+ssl://HOST:PORT`, the other names that these schemes have, or `HOST:PORT`.
impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refuse = || AddressError::Form(text.to_owned());
        let (tls, rest) = match text.split_once("://") {
            Some(("stratum+tcp" | "tcp", rest)) => (false, rest),
            Some(("stratum+ssl" | "stratum+tls" | "ssl" | "tls", rest)) => (true, rest),
            Some(_) => return Err(AddressError::Scheme(text.to_owned())),
            None => (false, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':').ok_or_else(refuse)?;
        let port = port.parse().map_err(|_| refuse())?;
        match port > 0 && is_host(host) {
            true => Ok(Address {
                host: host.to_owned(),
                port,
                tls,
            }),
            false => Err(refuse()),
        }
    }
}

/// Whether this is a name or an address that may stand before a port.
pub fn is_host(host: &str) -> bool {
    let strange = |symbol: char| symbol.is_whitespace() || "/@?#".contains(symbol);
    let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    !host.is_empty() && !bare_ipv6 && !host.contains(strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_the_form() {
        for (text, expected, tls) in [
            (
                "stratum+tcp://pool.example.org:3333",
                "pool.example.org:3333",
                false,
            ),
            ("tcp://127.0.0.1:1/", "127.0.0.1:1", false),
            ("[::1]:65535", "[::1]:65535", false),
            (
                "stratum+ssl://pool.example.org:443",
                "stratum+ssl://pool.example.org:443",
                true,
            ),
            ("tls://[::1]:9", "stratum+ssl://[::1]:9", true),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!((address.to_string().as_str(), address.tls), (expected, tls));
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        for text in [
            "",
            "pool",
            ":1",
            "pool:0",
            "pool:65536",
            "a b:1",
            "::1:5",
            "u@h:1",
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(
                error
                    .to_string()
                    .contains("stratum+tcp://pool.example.org:3333")
            );
        }
        let error = "http://pool:1".parse::<Address>().expect_err("no Stratum");
        assert!(error.to_string().contains("stratum+ssl://"));
    }
}
