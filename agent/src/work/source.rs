//! Whom the work comes from.

use std::collections::BTreeSet;
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
    /// Anyone's pools, each with work for an algorithm of its own. Never none.
    Pools(Vec<Pool>),
}

/// A pool, with those that stand in for it: work for one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What it has work for.
    pub algorithm: Algorithm,
    /// The one to work for.
    pub first: StratumServer,
    /// Those to work for while it cannot be: the earlier ones rather.
    pub others: Vec<StratumServer>,
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
    /// Two pools, or none, for one algorithm.
    #[error("each pool has an algorithm of its own, and there is one at least")]
    NotOneEach,
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
        let others = Vec::new();
        Source::pools(vec![Pool {
            algorithm,
            first,
            others,
        }])
    }

    /// Pools, each with an algorithm of its own.
    ///
    /// # Errors
    /// If an algorithm exists for tests alone, or is there twice, or there is no pool.
    pub fn pools(pools: Vec<Pool>) -> Result<Self, SourceError> {
        if let Some(of_tests) = pools.iter().find(|pool| pool.algorithm.is_for_tests()) {
            return Err(SourceError::ForTests(of_tests.algorithm));
        }
        let algorithms: BTreeSet<Algorithm> = pools.iter().map(|pool| pool.algorithm).collect();
        match algorithms.len() == pools.len() && !pools.is_empty() {
            true => Ok(Source::Pools(pools)),
            false => Err(SourceError::NotOneEach),
        }
    }

    /// Where it is for an algorithm, as first given.
    pub(super) fn address(&self, algorithm: Algorithm) -> &Address {
        match self {
            Source::Hub { address, .. } => address,
            Source::Pools(pools) => &of(pools, algorithm).first.address,
        }
    }

    /// What to log in at a hub with, at first; pools have theirs with their servers.
    pub(super) fn password(&self) -> &str {
        match self {
            Source::Hub { password, .. } => password,
            Source::Pools(_) => "",
        }
    }

    /// The servers to log in at for an algorithm, the one that is wanted most first.
    pub fn servers(&self, algorithm: Algorithm) -> Vec<StratumServer> {
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
            Source::Pools(pools) => of(pools, algorithm).servers().cloned().collect(),
        }
    }

    /// Whether this source may have work for the algorithm.
    pub fn has_work_for(&self, wanted: Algorithm) -> bool {
        match self {
            Source::Hub { .. } => true,
            Source::Pools(pools) => pools.iter().any(|pool| pool.algorithm == wanted),
        }
    }

    /// What receipts are kept under; of pools, those of the first. A hub's does not name its address, for an embedded
    /// hub has another port at each start; device ids are unique.
    pub fn name(&self) -> String {
        match self {
            Source::Hub { user, .. } => format!("hub {user}"),
            Source::Pools(pools) => pools[0].first.name(),
        }
    }

    /// What receipts of work for an algorithm from this server are kept under.
    pub(super) fn name_of(&self, algorithm: Algorithm, server: usize) -> String {
        match self {
            Source::Hub { .. } => self.name(),
            Source::Pools(pools) => {
                let pool = of(pools, algorithm);
                pool.servers().nth(server).unwrap_or(&pool.first).name()
            }
        }
    }

    /// What receipts of all its servers are kept under.
    pub fn names(&self) -> Vec<String> {
        match self {
            Source::Hub { .. } => vec![self.name()],
            Source::Pools(pools) => {
                let servers = pools.iter().flat_map(Pool::servers);
                servers.map(StratumServer::name).collect()
            }
        }
    }
}

impl Pool {
    fn servers(&self) -> impl Iterator<Item = &StratumServer> {
        [&self.first].into_iter().chain(&self.others)
    }
}

/// The pool with work for it; the first where there is none, which nobody asks for.
fn of(pools: &[Pool], algorithm: Algorithm) -> &Pool {
    let mut its = pools.iter().filter(|pool| pool.algorithm == algorithm);
    its.next().unwrap_or(&pools[0])
}

/// Without the password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.names().join(", "))
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
    fn each_algorithm_has_its_own_pool() {
        let pool = |algorithm, at: &str| {
            let server = |at: &str| StratumServer {
                address: at.parse().expect("an address"),
                user: "u".into(),
                password: "x".into(),
            };
            Pool {
                algorithm,
                first: server(at),
                others: vec![server("z:9")],
            }
        };
        let (a, b) = (
            pool(Algorithm::RandomX, "a:1"),
            pool(Algorithm::KawPow, "b:2"),
        );
        let both = Source::pools(vec![a.clone(), b]).expect("two");
        assert!(both.has_work_for(Algorithm::KawPow) && !both.has_work_for(Algorithm::Sha256d));
        assert_eq!(both.address(Algorithm::KawPow).authority(), "b:2");
        assert_eq!(both.name_of(Algorithm::KawPow, 0), "pool b:2 u");
        assert_eq!(both.name_of(Algorithm::RandomX, 1), "pool z:9 u");
        assert_eq!(both.servers(Algorithm::RandomX).len(), 2);
        let names = ["pool a:1 u", "pool z:9 u", "pool b:2 u", "pool z:9 u"];
        assert_eq!(both.names(), names);
        assert!(Source::pools(vec![a.clone(), a]).is_err(), "twice");
        assert!(Source::pools(Vec::new()).is_err(), "none");
    }

    #[test]
    fn the_password_does_not_show() {
        let source = Source::hub("127.0.0.1:1", "A.D", "hush").expect("good");
        assert_eq!(format!("{source:?}"), "Source(hub A.D)");
    }
}
