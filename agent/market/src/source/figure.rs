//! What a source can say of a coin, and what its difficulty means.

use serde::{Deserialize, Serialize};

use super::bounds;
use super::{Currency, FieldError};
use crate::coin::Coin;

/// How many hashes one unit of a coin's difficulty stands for. Bitcoin's way, which Ravencoin has kept, counts from the
/// easiest target of 2^224: 2^32 hashes. The CryptoNote family, Monero and Zano, counts hashes themselves.
pub fn hashes_per_difficulty(coin: Coin) -> f64 {
    match coin {
        Coin::Bitcoin | Coin::Ravencoin => 4_294_967_296.0,
        Coin::Monero | Coin::Zano => 1.0,
    }
}

/// How many hashes a block of this difficulty takes on average.
pub fn expected_hashes(coin: Coin, difficulty: f64) -> f64 {
    difficulty * hashes_per_difficulty(coin)
}

/// How many seconds a coin's blocks are meant to be apart. Of Zano only those found by work count: every second one.
pub(crate) fn usual_block_seconds(coin: Coin) -> f64 {
    match coin {
        Coin::Bitcoin => 600.0,
        Coin::Monero | Coin::Zano => 120.0,
        Coin::Ravencoin => 60.0,
    }
}

/// How hard a coin's blocks are, and what they bring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The difficulty as this coin counts it.
    pub difficulty: f64,
    /// How many hashes one unit of that is: [`hashes_per_difficulty`].
    pub hashes_per_difficulty: f64,
    /// What a block brings who finds it, in whole coins.
    pub block_reward: f64,
    /// How many seconds are between two blocks.
    pub block_seconds: f64,
    /// The hashes a second of all miners, where the source says it.
    pub network_hash_rate: Option<f64>,
}

impl Network {
    /// How many hashes a block takes on average.
    pub fn expected_hashes(&self) -> f64 {
        self.difficulty * self.hashes_per_difficulty
    }

    /// How many hashes one whole coin takes on average.
    pub fn hashes_per_coin(&self) -> f64 {
        self.expected_hashes() / self.block_reward
    }
}

/// One thing said of a coin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// What one whole coin costs.
    Price {
        /// In this currency.
        currency: Currency,
        /// So many of it.
        value: f64,
    },
    /// How hard its blocks are, and what they bring.
    Network(Network),
}

impl Figure {
    /// Checks that the figure can be true of the coin: every number within its bounds, and difficulty and hash rate of
    /// all miners in agreement.
    ///
    /// # Errors
    /// If it cannot be true.
    pub fn check(&self, coin: Coin) -> Result<(), FieldError> {
        match self {
            Figure::Price { currency, value } => bounds::price("price", *value, *currency),
            Figure::Network(network) => bounds::network(coin, network),
        }
    }
}
