//! The algorithms by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A proof-of-work algorithm. Its name is the same in settings, on the screen and in every JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Double SHA-256 of an 80-byte header (Bitcoin).
    Sha256d,
    /// RandomX with Monero's parameters, `rx/0`.
    RandomX,
}

impl Algorithm {
    /// Every algorithm, in the order in which they are listed.
    pub const ALL: [Algorithm; 2] = [Algorithm::Sha256d, Algorithm::RandomX];

    /// The name used everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256d => "sha256d",
            Algorithm::RandomX => "randomx",
        }
    }

    /// Whether a WGSL kernel exists.
    pub fn runs_on_gpu(self) -> bool {
        match self {
            Algorithm::Sha256d => true,
            Algorithm::RandomX => false,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm \"{0}\"; allowed: sha256d, randomx")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_the_error_lists_all() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            let json = serde_json::to_string(&algorithm).expect("a name serialises");
            assert_eq!(json, format!("\"{algorithm}\""));
            assert!(
                UnknownAlgorithm("x".into())
                    .to_string()
                    .contains(algorithm.name())
            );
        }
        assert_eq!(
            "scrypt".parse::<Algorithm>(),
            Err(UnknownAlgorithm("scrypt".into()))
        );
    }
}
