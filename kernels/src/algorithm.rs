//! The algorithms by name. To add one, see `kernels/README.md`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::progpow::{self, Parameters};
use crate::{randomx, sha256d};

/// What the rest of the program has to know of an algorithm. Each is written down in the algorithm's folder.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// The name used everywhere.
    pub name: &'static str,
    /// Whether a CPU is worth working with it.
    pub on_cpu: bool,
    /// Whether a WGSL kernel exists.
    pub on_gpu: bool,
    /// The parameters, if it is of the ProgPoW family.
    pub progpow: Option<&'static Parameters>,
    /// Whether it exists for tests alone: no coin has it, and no pool's job may be of it.
    pub for_tests: bool,
}

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident = $traits:expr,)*) => {
        /// A proof-of-work algorithm. Its name is the same in settings, on the screen and in every JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Algorithm {
            $($(#[$doc])* $name,)*
        }

        impl Algorithm {
            /// Every algorithm, in the order in which they are listed.
            pub const ALL: [Algorithm; [$(Algorithm::$name),*].len()] = [$(Algorithm::$name),*];

            /// What is known of it.
            pub const fn traits(self) -> Traits {
                match self {
                    $(Algorithm::$name => $traits,)*
                }
            }
        }
    };
}

algorithms! {
    /// Double SHA-256 of an 80-byte header (Bitcoin).
    Sha256d = sha256d::TRAITS,
    /// RandomX with Monero's parameters, `rx/0`.
    RandomX = randomx::TRAITS,
    /// KawPow (Ravencoin, Quai).
    KawPow = progpow::traits(&progpow::KAWPOW),
    /// ProgPoWZ (Zano).
    ProgPowZ = progpow::traits(&progpow::PROGPOWZ),
    /// KawPow with a small dataset, for tests.
    KawPowTest = Traits { for_tests: true, ..progpow::traits(&progpow::KAWPOW_TEST) },
}

impl Algorithm {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        self.traits().name
    }

    /// Whether a CPU is worth working with it.
    pub const fn runs_on_cpu(self) -> bool {
        self.traits().on_cpu
    }

    /// Whether a WGSL kernel exists.
    pub const fn runs_on_gpu(self) -> bool {
        self.traits().on_gpu
    }

    /// The parameters, if it is of the ProgPoW family.
    pub const fn progpow(self) -> Option<&'static Parameters> {
        self.traits().progpow
    }

    /// Whether it exists for tests alone: no coin has it, and no pool's job may be of it.
    pub const fn is_for_tests(self) -> bool {
        self.traits().for_tests
    }

    /// The algorithms that are offered to users.
    pub fn offered() -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL
            .into_iter()
            .filter(|algorithm| !algorithm.is_for_tests())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm \"{0}\"; allowed: {names}", names = names())]
pub struct UnknownAlgorithm(pub String);

fn names() -> String {
    let names: Vec<&str> = Algorithm::offered().map(Algorithm::name).collect();
    names.join(", ")
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

impl From<Algorithm> for String {
    fn from(algorithm: Algorithm) -> Self {
        algorithm.name().to_owned()
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownAlgorithm;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_the_error_lists_what_is_offered() {
        let error = UnknownAlgorithm("x".into()).to_string();
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            let json = serde_json::to_string(&algorithm).expect("a name serialises");
            assert_eq!(json, format!("\"{algorithm}\""));
            let listed = error.split([' ', ',']).any(|name| name == algorithm.name());
            assert_eq!(listed, !algorithm.is_for_tests(), "{algorithm}");
        }
        assert_eq!(
            "scrypt".parse::<Algorithm>(),
            Err(UnknownAlgorithm("scrypt".into()))
        );
    }
}
