//! What tells one coin's proof of work from another's.

use std::fmt;

/// The parameters of a member of the family. Rounds (64) are the same for all; ProgPoW's lanes (16), registers a lane (32),
/// loads a lane and round (4 words) and cache (16 KiB, the dataset's beginning) as well.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// The algorithm's name.
    pub name: &'static str,
    /// How a hash is computed of what the dataset holds.
    pub mixing: Mixing,
    /// So many blocks share a program; an epoch's, where there is only one.
    pub period: u64,
    /// So many blocks share a dataset.
    pub epoch_length: u64,
    /// By how many hashes the light cache's seed goes on each epoch.
    pub seed_hashes: u32,
    /// Random reads of the cache, each round.
    pub cache_reads: usize,
    /// Random arithmetic, each round.
    pub math_operations: usize,
    /// Which of the eleven operations the random number 0 chooses, in the order add, multiply, multiply high, minimum,
    /// rotate left, rotate right, and, or, xor, leading zeros, ones; 1 chooses the next one, and so on.
    pub first_operation: u32,
    /// How many items of the light cache each dataset item is made of.
    pub parents: u32,
    /// Bytes that the dataset of epoch 0 may have at most.
    pub dataset_bytes: u64,
    /// By how many bytes that grows each epoch.
    pub dataset_growth: u64,
    /// Bytes that the light cache of epoch 0 may have at most.
    pub cache_bytes: u64,
    /// By how many bytes that grows each epoch.
    pub cache_growth: u64,
    /// A height of late 2026, for measurements and practice.
    pub recent_height: u64,
    /// Seconds from one block to the next, on average.
    pub block_seconds: u64,
    /// What fills Keccak's state up, where ProgPoW is that of version 0.9.3 or later; there the first hash, and not the
    /// header, goes into the last one. `None` for earlier versions.
    pub padding: Option<Padding>,
}

/// How a hash is computed of what the dataset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mixing {
    /// ProgPoW's: random programs, which read entries of 256 bytes.
    ProgPow,
    /// Ethash's: nothing but FNV, over halves of entries. Cache reads, mathematics and padding mean nothing to it.
    Hashimoto,
}

/// What fills Keccak's state of 25 words up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Padding {
    /// Behind header and nonce.
    pub first: [u32; 15],
    /// Behind the first hash and the mix.
    pub last: [u32; 9],
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameters({})", self.name)
    }
}

/// `rAVENCOINKAWPOW`, a letter a word.
const RAVENCOIN: Padding = Padding {
    first: letters(*b"rAVENCOINKAWPOW"),
    last: letters(*b"rAVENCOIN"),
};

const fn letters<const N: usize>(text: [u8; N]) -> [u32; N] {
    let mut words = [0; N];
    let mut at = 0;
    while at < N {
        words[at] = text[at] as u32;
        at += 1;
    }
    words
}

/// Ravencoin and Quai: ProgPoW 0.9.4 with words of its own (`github.com/RavenCommunity/cpp-kawpow`).
pub const KAWPOW: Parameters = Parameters {
    name: "kawpow",
    mixing: Mixing::ProgPow,
    period: 3,
    epoch_length: 7_500,
    seed_hashes: 1,
    cache_reads: 11,
    math_operations: 18,
    first_operation: 0,
    parents: 512,
    dataset_bytes: 1 << 30,
    dataset_growth: 1 << 23,
    cache_bytes: 1 << 24,
    cache_growth: 1 << 17,
    recent_height: 4_650_000,
    block_seconds: 60,
    padding: Some(RAVENCOIN),
};

/// Zano: ProgPoW 0.9.2 (`github.com/hyle-team/zano`, contrib/ethereum/libethash).
pub const PROGPOWZ: Parameters = Parameters {
    name: "progpowz",
    period: 50,
    epoch_length: 30_000,
    cache_reads: 12,
    math_operations: 20,
    first_operation: 9,
    parents: 256,
    recent_height: 3_960_000,
    padding: None,
    ..KAWPOW
};

/// KawPow with a dataset of 4 MiB and an epoch of a minute's blocks: for tests on processors that are slow at building one.
/// No coin uses it.
pub const KAWPOW_TEST: Parameters = Parameters {
    name: "kawpow-test",
    epoch_length: 60,
    dataset_bytes: 1 << 22,
    dataset_growth: 1 << 12,
    cache_bytes: 1 << 16,
    cache_growth: 1 << 8,
    recent_height: 0,
    block_seconds: 1,
    ..KAWPOW
};

impl Parameters {
    /// The last epoch whose dataset can be numbered: the same bound as in the reference implementations.
    pub const LAST_EPOCH: u32 = 32_639;

    /// The height of the last block of the last epoch.
    pub const fn last_height(&self) -> u64 {
        self.epoch_length * (Self::LAST_EPOCH as u64 + 1) - 1
    }

    /// Which program a height has: its number is all that the program depends on.
    pub const fn period_of(&self, height: u64) -> u64 {
        height / self.period
    }
}
