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
    /// Anyone's pools: work for one algorithm.
    Pools {
        /// The one to work for.
        first: StratumServer,
        /// Those to work for while it cannot be: the earlier ones rather.
        others: Vec<StratumServer>,
        /// What they have work for.
        algorithm: Algorithm,
    },
}

/// A Stratum server, with what to log in as.
#[derive(Clone, PartialEq, Eq)]
pub struct StratumServer {
    /// Its Stratum server.
    pub address: Address,
    /// As the pool wants it.
    pub user: String,
    /// As the pool wants it.
    pub password: String,
}

impl StratumServer {
    /// What receipts are kept under.
    fn name(&self) -> String {
        format!("pool {} {}", self.address.authority(), self.user)
    }
}

/// Without the password.
impl fmt::Debug for StratumServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StratumServer({})", self.name())
    }
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
        let first = StratumServer {
            address: url.parse()?,
            user: user.to_owned(),
            password: password.to_owned(),
        };
        Source::pools(first, Vec::new(), algorithm)
    }

    /// Pools, of which the later are for when the earlier cannot be reached.
    ///
    /// # Errors
    /// If the algorithm exists for tests alone.
    pub fn pools(
        first: StratumServer,
        others: Vec<StratumServer>,
        algorithm: Algorithm,
    ) -> Result<Self, SourceError> {
        match algorithm.is_for_tests() {
            true => Err(SourceError::ForTests(algorithm)),
            false => Ok(Source::Pools {
                first,
                others,
                algorithm,
            }),
        }
    }

    /// Where it is, as first given.
    pub fn address(&self) -> &Address {
        match self {
            Source::Hub { address, .. } => address,
            Source::Pools { first, .. } => &first.address,
        }
    }

    pub(super) fn password(&self) -> &str {
        match self {
            Source::Hub { password, .. } => password,
            Source::Pools { first, .. } => &first.password,
        }
    }

    /// The servers to log in at, the one that is wanted most first.
    pub fn servers(&self) -> Vec<StratumServer> {
        match self {
            Source::Hub {
                address,
                user,
                password,
            } => vec![StratumServer {
                address: address.clone(),
                user: user.clone(),
                password: password.clone(),
            }],
            Source::Pools { first, others, .. } => {
                [first].into_iter().chain(others).cloned().collect()
            }
        }
    }

    /// Whether this source may have work for the algorithm.
    pub fn has_work_for(&self, wanted: Algorithm) -> bool {
        match self {
            Source::Hub { .. } => true,
            Source::Pools { algorithm, .. } => *algorithm == wanted,
        }
    }

    /// What receipts are kept under; of pools, those of the first. A hub's does not name its address, for an embedded
    /// hub has another port at each start; device ids are unique.
    pub fn name(&self) -> String {
        self.name_of(0)
    }

    /// What receipts of work from this server are kept under.
    pub(super) fn name_of(&self, server: usize) -> String {
        match self {
            Source::Hub { user, .. } => format!("hub {user}"),
            Source::Pools { first, others, .. } => {
                let other = server.checked_sub(1).and_then(|index| others.get(index));
                other.unwrap_or(first).name()
            }
        }
    }

    /// What receipts of all its servers are kept under.
    pub fn names(&self) -> Vec<String> {
        (0..self.servers().len())
            .map(|server| self.name_of(server))
            .collect()
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
