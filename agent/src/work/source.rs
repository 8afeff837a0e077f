//! Whom the work comes from.

use std::fmt;

use idlewatt_kernels::Algorithm;
use idlewatt_stratum::address::AddressError;

use super::Address;

/// A hub or a pool, with what to log in as.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A hub of ours: work for several algorithms, and shares can be asked for.
    Hub {
        /// Its Stratum server; what it tells later counts instead: see [`super::Addresses`].
        address: Address,
        /// `ACCOUNT.DEVICE`.
        user: String,
        /// The device's token at first: see [`super::Work::set_password`].
        password: String,
    },
    /// Anyone's pool: work for one algorithm.
    Pool {
        /// Its Stratum server.
        address: Address,
        /// As the pool wants it.
        user: String,
        /// As the pool wants it.
        password: String,
        /// What it has work for.
        algorithm: Algorithm,
    },
}

/// An address that nothing can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not host and port, or of a kind that is not spoken.
    #[error(transparent)]
    Address(#[from] AddressError),
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
            address: address.parse()?,
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }

    /// A pool.
    ///
    /// # Errors
    /// If the URL is not `stratum+tcp://HOST:PORT`, `stratum+ssl://HOST:PORT` or plain `HOST:PORT`, or the algorithm exists for tests alone.
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
            address: url.parse()?,
            user: user.to_owned(),
            password: password.to_owned(),
            algorithm,
        })
    }

    /// Where it is, as first given.
    pub fn address(&self) -> &Address {
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
            Source::Pool { address, user, .. } => format!("pool {} {user}", address.authority()),
        }
    }
}

/// Without the password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} at {})", self.name(), self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
