//! Where a Stratum server is, and whether it is spoken to under TLS.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use idlewatt_kernels::Algorithm;

use super::SourceError;

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
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let refuse = || SourceError::Address(text.to_owned());
        let (tls, rest) = match text.split_once("://") {
            Some(("stratum+tcp" | "tcp", rest)) => (false, rest),
            Some(("stratum+ssl" | "stratum+tls" | "ssl" | "tls", rest)) => (true, rest),
            Some(_) => return Err(SourceError::Scheme(text.to_owned())),
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
pub(super) fn is_host(host: &str) -> bool {
    let strange = |symbol: char| symbol.is_whitespace() || "/@?#".contains(symbol);
    let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    !host.is_empty() && !bare_ipv6 && !host.contains(strange)
}

/// Where a hub's Stratum server is for each algorithm: dialects that begin with the same line have a port each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For every algorithm that has none of its own.
    pub common: Address,
    /// Of those that do.
    pub own: BTreeMap<Algorithm, Address>,
}

impl Addresses {
    /// For an algorithm.
    pub fn of(&self, algorithm: Algorithm) -> &Address {
        self.own.get(&algorithm).unwrap_or(&self.common)
    }
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

    #[test]
    fn an_algorithm_has_its_own_address_or_the_common_one() {
        let addresses = Addresses {
            common: Address::plain("hub", 1),
            own: [(Algorithm::KawPow, Address::plain("hub", 2))].into(),
        };
        assert_eq!(addresses.of(Algorithm::KawPow).authority(), "hub:2");
        assert_eq!(addresses.of(Algorithm::ProgPowZ).authority(), "hub:1");
    }
}
