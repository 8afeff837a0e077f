//! What is searched, and what is found.

use serde::{Deserialize, Serialize};

use crate::{Algorithm, Target};

/// The 32 bytes of a proof-of-work hash, in the order in which the algorithm writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The order in which Bitcoin writes block hashes: last byte first.
    pub fn reversed_hex(&self) -> String {
        let mut bytes = self.0;
        bytes.reverse();
        hex::encode(bytes)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        hex::encode(digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Digest(bytes))
    }
}

/// Work for one processor: find nonces whose digest meets the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Named by whoever gave the job; goes back with each solution.
    pub id: String,
    /// What a digest must meet to be worth reporting.
    pub target: Target,
    /// What is hashed.
    pub input: JobInput,
}

impl Job {
    /// The algorithm that the job is for.
    pub fn algorithm(&self) -> Algorithm {
        match self.input {
            JobInput::Sha256d(_) => Algorithm::Sha256d,
            JobInput::RandomX(_) => Algorithm::RandomX,
        }
    }
}

/// The part of a job that differs from algorithm to algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "lowercase")]
pub enum JobInput {
    /// A Bitcoin header with a coinbase to vary.
    Sha256d(Sha256dJob),
    /// A Monero hashing blob.
    RandomX(RandomXJob),
}

/// The pieces of a Bitcoin block header as Stratum hands them out. When the 2^32 nonces of one header are used
/// up, the next extranonce2 makes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sha256dJob {
    /// Block version.
    pub version: u32,
    /// Hash of the previous block, in header byte order.
    #[serde(with = "hex::serde")]
    pub previous_hash: [u8; 32],
    /// The coinbase up to where extranonce2 goes (extranonce1 is its end).
    #[serde(with = "hex::serde")]
    pub coinbase_prefix: Vec<u8>,
    /// The coinbase behind extranonce2.
    #[serde(with = "hex::serde")]
    pub coinbase_suffix: Vec<u8>,
    /// Length of extranonce2 in bytes, 1 to 8.
    pub extranonce2_size: u8,
    /// The hashes that lead from the coinbase to the Merkle root, in byte order of hashing.
    pub merkle_branches: Vec<Digest>,
    /// Seconds since 1970, as written into the header.
    pub time: u32,
    /// The network's target in compact form, as written into the header.
    pub bits: u32,
}

/// A Monero job: a hashing blob with a 4-byte nonce in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomXJob {
    /// What is hashed, with the nonce still to be filled in.
    #[serde(with = "hex::serde")]
    pub blob: Vec<u8>,
    /// Where the nonce begins, in bytes.
    pub nonce_offset: usize,
    /// The top byte of the nonce where the pool keeps it for itself ("nicehash" mode).
    pub fixed_top_byte: Option<u8>,
    /// The key of cache and dataset.
    #[serde(with = "hex::serde")]
    pub seed_hash: [u8; 32],
    /// Height of the block, for display; 0 where the pool does not say.
    pub height: u64,
}

/// Which part of a job's nonces is one processor's: those extranonces (for RandomX: nonces) that leave `index`
/// when divided by `count`. Processors on the same job never repeat each other's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceSpace {
    /// This processor's number, below `count`.
    pub index: u32,
    /// How many share the job; at least 1.
    pub count: u32,
}

/// A digest that met its job's target, and how it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// The job's id.
    pub job_id: String,
    /// The nonce as a number; it is written little-endian into header or blob.
    pub nonce: u32,
    /// The extranonce2 as a number, written big-endian over `extranonce2_size` bytes; 0 for RandomX.
    pub extranonce2: u64,
    /// The proof-of-work hash.
    pub digest: Digest,
}
