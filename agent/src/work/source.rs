//! Whom the work comes from.

use std::collections::BTreeMap;
use std::fmt;

use idlewatt_kernels::Algorithm;

/// A hub or a pool, with what to log in as.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A hub of ours: work for several algorithms, and shares can be asked for.
    Hub {
        /// Host and port of its Stratum server; what it tells later counts instead: see [`Addresses`].
        address: String,
        /// `ACCOUNT.DEVICE`.
        user: String,
        /// The device's token.
        password: String,
    },
    /// Anyone's pool: work for one algorithm.
    Pool {
        /// Host and port.
        address: String,
        /// As the pool wants it.
        user: String,
        /// As the pool wants it.
        password: String,
        /// What it has work for.
        algorithm: Algorithm,
    },
}

/// Where a hub's Stratum server is for each algorithm: dialects that begin with the same line have a port each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Host and port for every algorithm that has none of its own.
    pub common: String,
    /// Host and port of those that do.
    pub own: BTreeMap<Algorithm, String>,
}

impl Addresses {
    /// Host and port for an algorithm.
    pub fn of(&self, algorithm: Algorithm) -> &str {
        self.own.get(&algorithm).unwrap_or(&self.common)
    }
}

/// An address that nothing can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not host and port.
    #[error(
        "\"{0}\" is no Stratum address; it should look like stratum+tcp://pool.example.org:3333"
    )]
    Address(String),
    /// Of a kind that is not spoken.
    #[error("\"{0}\": only stratum+tcp:// is spoken, without encryption")]
    Scheme(String),
    /// An algorithm that no pool has.
    #[error(
        "{0} exists for tests alone and is no pool's algorithm; allowed: {names}",
        names = Algorithm::offered().map(Algorithm::name).collect::<Vec<_>>().join(", ")
    )]
    ForTests(Algorithm),
}

impl Source {
    /// A hub.
    ///
    /// # Errors
    /// If the address is not host and port.
    pub fn hub(address: &str, user: &str, password: &str) -> Result<Self, SourceError> {
        Ok(Source::Hub {
            address: parse_address(address)?,
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// A pool.
    ///
    /// # Errors
    /// If the URL is not `stratum+tcp://HOST:PORT` or plain `HOST:PORT`, or the algorithm exists for tests alone.
    pub fn pool(
        url: &str,
        user: &str,
        password: &str,
        algorithm: Algorithm,
    ) -> Result<Self, SourceError> {
        if algorithm.is_for_tests() {
            return Err(SourceError::ForTests(algorithm));
        }
        Ok(Source::Pool {
            address: parse_address(url)?,
            user: user.to_owned(),
            password: password.to_owned(),
            algorithm,
        })
    }

    /// Host and port, as first given.
    pub fn address(&self) -> &str {
        match self {
            Source::Hub { address, .. } | Source::Pool { address, .. } => address,
        }
    }

    /// What to log in as.
    pub fn user(&self) -> &str {
        match self {
            Source::Hub { user, .. } | Source::Pool { user, .. } => user,
        }
    }

    pub(super) fn password(&self) -> &str {
        match self {
            Source::Hub { password, .. } | Source::Pool { password, .. } => password,
        }
    }

    /// Whether this source may have work for the algorithm.
    pub fn has_work_for(&self, wanted: Algorithm) -> bool {
        match self {
            Source::Hub { .. } => true,
            Source::Pool { algorithm, .. } => *algorithm == wanted,
        }
    }

    /// What receipts are kept under. A hub's does not name its address, for an embedded hub has another port at
    /// each start; device ids are unique.
    pub fn name(&self) -> String {
        match self {
            Source::Hub { user, .. } => format!("hub {user}"),
            Source::Pool { address, user, .. } => format!("pool {address} {user}"),
        }
    }
}

/// Without the password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} at {})", self.name(), self.address())
    }
}

/// Host and port out of `stratum+tcp://HOST:PORT`, `tcp://HOST:PORT` or `HOST:PORT`.
///
/// # Errors
/// If it is none of these.
pub fn parse_address(text: &str) -> Result<String, SourceError> {
    let refuse = || SourceError::Address(text.to_owned());
    let rest = match text.split_once("://") {
        Some(("stratum+tcp" | "tcp", rest)) => rest,
        Some(_) => return Err(SourceError::Scheme(text.to_owned())),
        None => text,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = rest.rsplit_once(':').ok_or_else(refuse)?;
    let strange = |symbol: char| symbol.is_whitespace() || "/@?#".contains(symbol);
    let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    match port.parse::<u16>() {
        Ok(1..) if !host.is_empty() && !bare_ipv6 && !host.contains(strange) => Ok(rest.to_owned()),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_the_form() {
        for (text, expected) in [
            (
                "stratum+tcp://pool.example.org:3333",
                "pool.example.org:3333",
            ),
            ("tcp://127.0.0.1:1/", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
        ] {
            assert_eq!(parse_address(text).as_deref(), Ok(expected));
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
            let error = parse_address(text).expect_err(text);
            assert!(
                error
                    .to_string()
                    .contains("stratum+tcp://pool.example.org:3333")
            );
        }
        let error = parse_address("stratum+ssl://pool:1").expect_err("encrypted");
        assert!(error.to_string().contains("only stratum+tcp://"));
    }

    #[test]
    fn an_algorithm_has_its_own_address_or_the_common_one() {
        let addresses = Addresses {
            common: "hub:1".into(),
            own: [(Algorithm::KawPow, "hub:2".to_owned())].into(),
        };
        assert_eq!(addresses.of(Algorithm::KawPow), "hub:2");
        assert_eq!(addresses.of(Algorithm::ProgPowZ), "hub:1");
    }

    #[test]
    fn no_pool_has_the_test_algorithm() {
        let pool = |algorithm| Source::pool("pool:1", "u", "x", algorithm);
        assert!(pool(Algorithm::ProgPowZ).is_ok());
        let told = pool(Algorithm::KawPowTest)
            .expect_err("for tests")
            .to_string();
        let allowed = "allowed: sha256d, randomx, kawpow, progpowz";
        assert!(
            told.starts_with("kawpow-test") && told.ends_with(allowed),
            "{told}"
        );
    }

    #[test]
    fn the_password_does_not_show() {
        let source = Source::hub("127.0.0.1:1", "A.D", "hush").expect("good");
        assert_eq!(format!("{source:?}"), "Source(hub A.D at 127.0.0.1:1)");
    }
}
