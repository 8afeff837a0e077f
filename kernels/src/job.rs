//! What is searched, and what is found.

use serde::{Deserialize, Serialize};

use crate::progpow::{Epoch, HeightError};
use crate::{Algorithm, Target};

/// The longest hashing blob that is accepted, in bytes. Monero's are about 80, those of its merge-mined kin below 400.
pub const BLOB_LIMIT: usize = 408;
/// The longest coinbase that is accepted, in bytes: consensus rules keep real ones far below.
pub const COINBASE_LIMIT: usize = 100_000;
/// The most Merkle branches that are accepted: enough for 2^32 transactions.
pub const BRANCH_LIMIT: usize = 32;
/// The most bytes that a server may keep of a 64-bit nonce: less than 2^32 nonces would last a card seconds.
pub const PREFIX_LIMIT: usize = 4;

/// A proof-of-work hash as a little-endian number of 256 bits, which is what targets are compared with. sha256d and
/// RandomX write it so; ProgPoW writes the most significant byte first.
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
        match &self.input {
            JobInput::Sha256d(_) => Algorithm::Sha256d,
            JobInput::RandomX(_) => Algorithm::RandomX,
            JobInput::ProgPow(job) => job.algorithm,
        }
    }

    /// Whether the sizes in the job are ones that can be searched.
    ///
    /// # Errors
    /// Names what is out of range, and the range.
    pub fn check(&self) -> Result<(), JobError> {
        match &self.input {
            JobInput::Sha256d(job) => job.check(),
            JobInput::RandomX(job) => job.check(),
            JobInput::ProgPow(job) => job.check(),
        }
    }
}

/// Why a job cannot be searched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// A Bitcoin job whose extranonce2 has an impossible length.
    #[error("extranonce2 has {0} bytes; allowed: 1 to 8")]
    ExtranonceSize(u8),
    /// A Bitcoin job with a coinbase beyond any block.
    #[error("the coinbase has {0} bytes; allowed: up to {COINBASE_LIMIT}")]
    CoinbaseLength(usize),
    /// A Bitcoin job with more Merkle branches than any block has.
    #[error("there are {0} Merkle branches; allowed: up to {BRANCH_LIMIT}")]
    BranchCount(usize),
    /// A Monero job with a blob beyond any block header.
    #[error("the hashing blob has {0} bytes; allowed: 4 to {BLOB_LIMIT}")]
    BlobLength(usize),
    /// A Monero job whose nonce does not lie in the blob.
    #[error("the nonce at byte {offset} does not fit into a hashing blob of {length} bytes; allowed: 0 to {}", length.saturating_sub(4))]
    NonceOffset {
        /// Where the nonce should begin.
        offset: usize,
        /// The length of the blob.
        length: usize,
    },
    /// A ProgPoW job of an algorithm that is none.
    #[error("a ProgPoW job of {0}; allowed: algorithms of that family")]
    Family(Algorithm),
    /// A ProgPoW job whose height has no epoch.
    #[error(transparent)]
    Height(#[from] HeightError),
    /// A ProgPoW job that leaves too few nonces.
    #[error("the server keeps {0} bytes of the nonce for itself; allowed: up to {PREFIX_LIMIT}")]
    PrefixLength(usize),
    /// A processor's number that is not below the count.
    #[error("processor {index} of {count} sharers of a job; allowed: 0 to the count less 1")]
    Space {
        /// The processor's number.
        index: u32,
        /// How many share the job.
        count: u32,
    },
}

/// The part of a job that differs from algorithm to algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase")]
pub enum JobInput {
    /// A Bitcoin header with a coinbase to vary.
    Sha256d(Sha256dJob),
    /// A Monero hashing blob.
    RandomX(RandomXJob),
    /// A header's hash of one of the ProgPoW coins.
    ProgPow(ProgPowJob),
}

/// The pieces of a Bitcoin block header as Stratum hands them out. When the 2^32 nonces of one header are used
/// up, the next extranonce2 makes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sha256dJob {
    /// Block version.
    pub version: u32,
    /// The bits of it that may be rolled (BIP 310), as [`Sha256dJob::version_of`] says; 0 for none.
    #[serde(default)]
    pub version_mask: u32,
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

/// The version of a Bitcoin header whose `mask` bits may be rolled. What of the extranonce2 does not fit into the
/// coinbase's bytes is the number of the version: its bits flip those of the mask, from the lowest on.
pub fn rolled_version(version: u32, mask: u32, extranonce2_size: u8, extranonce2: u64) -> u32 {
    let size = u32::from(extranonce2_size.min(8));
    let mut number = extranonce2.checked_shr(8 * size).unwrap_or(0);
    let mut rolled = 0;
    for bit in (0..u32::BITS).filter(|bit| mask >> bit & 1 == 1) {
        rolled |= ((number & 1) as u32) << bit;
        number >>= 1;
    }
    version ^ rolled
}

impl Sha256dJob {
    /// The version of a header with this extranonce2: see [`rolled_version`].
    pub fn version_of(&self, extranonce2: u64) -> u32 {
        let size = self.extranonce2_size;
        rolled_version(self.version, self.version_mask, size, extranonce2)
    }

    /// How many different headers there are, for all numbers that an extranonce2 can be.
    pub fn headers(&self) -> u128 {
        let bits = 8 * u32::from(self.extranonce2_size) + self.version_mask.count_ones();
        1 << bits.min(u64::BITS)
    }

    fn check(&self) -> Result<(), JobError> {
        if !(1..=8).contains(&self.extranonce2_size) {
            return Err(JobError::ExtranonceSize(self.extranonce2_size));
        }
        let coinbase = self
            .coinbase_prefix
            .len()
            .saturating_add(self.coinbase_suffix.len());
        if coinbase > COINBASE_LIMIT {
            return Err(JobError::CoinbaseLength(coinbase));
        }
        if self.merkle_branches.len() > BRANCH_LIMIT {
            return Err(JobError::BranchCount(self.merkle_branches.len()));
        }
        Ok(())
    }
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

impl RandomXJob {
    fn check(&self) -> Result<(), JobError> {
        let length = self.blob.len();
        if !(4..=BLOB_LIMIT).contains(&length) {
            return Err(JobError::BlobLength(length));
        }
        if self.nonce_offset > length - 4 {
            return Err(JobError::NonceOffset {
                offset: self.nonce_offset,
                length,
            });
        }
        Ok(())
    }
}

/// A job of the ProgPoW family: the hash of a header whose nonce has 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgPowJob {
    /// Which of the family.
    pub algorithm: Algorithm,
    /// The hash of the header without nonce and mix.
    #[serde(with = "hex::serde")]
    pub header_hash: [u8; 32],
    /// Height of the block: dataset and program follow from it.
    pub height: u64,
    /// The nonce's most significant bytes, which the server keeps for itself; at most [`PREFIX_LIMIT`].
    #[serde(with = "hex::serde")]
    pub nonce_prefix: Vec<u8>,
}

impl ProgPowJob {
    /// The epoch of its height.
    ///
    /// # Errors
    /// If the algorithm is not of the family, or the height beyond any epoch.
    pub fn epoch(&self) -> Result<Epoch, JobError> {
        let parameters = self.algorithm.progpow();
        let parameters = parameters.ok_or(JobError::Family(self.algorithm))?;
        Ok(Epoch::of_height(parameters, self.height)?)
    }

    fn check(&self) -> Result<(), JobError> {
        self.epoch()?;
        match self.nonce_prefix.len() {
            0..=PREFIX_LIMIT => Ok(()),
            length => Err(JobError::PrefixLength(length)),
        }
    }
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

impl NonceSpace {
    /// The whole job for one processor.
    pub const WHOLE: NonceSpace = NonceSpace { index: 0, count: 1 };

    /// Whether the processor's number is below the count.
    ///
    /// # Errors
    /// If it is not.
    pub fn check(&self) -> Result<(), JobError> {
        if self.index < self.count {
            return Ok(());
        }
        Err(JobError::Space {
            index: self.index,
            count: self.count,
        })
    }
}

/// A digest that met its job's target, and how it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// The job's id.
    pub job_id: String,
    /// The nonce as a number; it is written little-endian into header or blob. ProgPoW's lower half.
    pub nonce: u32,
    /// The extranonce2 as a number, written big-endian over `extranonce2_size` bytes; 0 for RandomX, the upper half of
    /// the nonce for ProgPoW.
    pub extranonce2: u64,
    /// The proof-of-work hash.
    pub digest: Digest,
    /// ProgPoW's mix, in the order in which it is written; `None` for the others.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex_option")]
    pub mix: Option<[u8; 32]>,
}

impl Solution {
    /// ProgPoW's nonce of 64 bits.
    pub fn wide_nonce(&self) -> u64 {
        self.extranonce2 << 32 | u64::from(self.nonce)
    }
}

/// 32 bytes as hex, or nothing.
mod hex_option {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(
        value: &Option<[u8; 32]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(bytes) => hex::serde::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let decode = |text: String| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(text, &mut bytes)
                .map(|()| bytes)
                .map_err(de::Error::custom)
        };
        text.map(decode).transpose()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A job with a made-up coinbase and two branches.
    pub(crate) fn sha256d_job() -> Job {
        Job {
            id: "bitcoin".into(),
            target: Target::MAX,
            input: JobInput::Sha256d(Sha256dJob {
                version: 0x2000_0000,
                version_mask: 0,
                previous_hash: [7; 32],
                coinbase_prefix: vec![1; 60],
                coinbase_suffix: vec![2; 70],
                extranonce2_size: 4,
                merkle_branches: vec![Digest([3; 32]), Digest([4; 32])],
                time: 1_700_000_000,
                bits: 0x207f_ffff,
            }),
        }
    }

    /// A job with a made-up blob.
    pub(crate) fn randomx_job(fixed_top_byte: Option<u8>) -> Job {
        Job {
            id: "monero".into(),
            target: Target::MAX,
            input: JobInput::RandomX(RandomXJob {
                blob: (0..76).collect(),
                nonce_offset: 39,
                fixed_top_byte,
                seed_hash: [9; 32],
                height: 1,
            }),
        }
    }

    /// A job of the ProgPoW family with a made-up header.
    pub(crate) fn progpow_job(algorithm: Algorithm, height: u64) -> Job {
        Job {
            id: "progpow".into(),
            target: Target::MAX,
            input: JobInput::ProgPow(ProgPowJob {
                algorithm,
                header_hash: [0x5a; 32],
                height,
                nonce_prefix: vec![0xc0, 0xde],
            }),
        }
    }

    #[test]
    fn a_progpow_job_out_of_range_is_refused_with_the_range() {
        let with = |change: &dyn Fn(&mut ProgPowJob)| {
            let mut job = progpow_job(Algorithm::KawPow, 4_650_000);
            if let JobInput::ProgPow(input) = &mut job.input {
                change(input);
            }
            job.check()
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(
            with(&|job| job.algorithm = Algorithm::RandomX),
            Err(JobError::Family(Algorithm::RandomX))
        );
        let error = with(&|job| job.height = u64::MAX).expect_err("too high");
        assert!(error.to_string().contains("0 to 244799999"), "{error}");
        let error = with(&|job| job.nonce_prefix = vec![0; 5]).expect_err("too long");
        assert!(error.to_string().contains("up to 4"), "{error}");
    }

    #[test]
    fn a_solution_reads_back_with_and_without_a_mix() {
        for mix in [None, Some([0xab; 32])] {
            let solution = Solution {
                job_id: "a".into(),
                nonce: 0x0123_4567,
                extranonce2: 0x89ab_cdef,
                digest: Digest([1; 32]),
                mix,
            };
            let text = serde_json::to_string(&solution).expect("serialises");
            assert_eq!(text.contains("abab"), mix.is_some());
            let read: Solution = serde_json::from_str(&text).expect("reads");
            assert_eq!(read, solution);
            assert_eq!(read.wide_nonce(), 0x89ab_cdef_0123_4567);
        }
    }

    fn with_sha256d(change: impl FnOnce(&mut Sha256dJob)) -> Result<(), JobError> {
        let mut job = sha256d_job();
        if let JobInput::Sha256d(input) = &mut job.input {
            change(input);
        }
        job.check()
    }

    fn with_randomx(change: impl FnOnce(&mut RandomXJob)) -> Result<(), JobError> {
        let mut job = randomx_job(None);
        if let JobInput::RandomX(input) = &mut job.input {
            change(input);
        }
        job.check()
    }

    #[test]
    fn sizes_out_of_range_are_refused_with_the_range() {
        for size in [0, 9, 255] {
            let error = with_sha256d(|job| job.extranonce2_size = size).expect_err("out of range");
            assert_eq!(error, JobError::ExtranonceSize(size));
            assert!(error.to_string().contains("1 to 8"));
        }
        assert_eq!(
            with_sha256d(|job| job.coinbase_suffix = vec![0; COINBASE_LIMIT]),
            Err(JobError::CoinbaseLength(COINBASE_LIMIT + 60))
        );
        assert_eq!(
            with_sha256d(|job| job.merkle_branches = vec![Digest([0; 32]); 33]),
            Err(JobError::BranchCount(33))
        );
        for length in [0, 3, BLOB_LIMIT + 1] {
            assert_eq!(
                with_randomx(|job| job.blob = vec![0; length]),
                Err(JobError::BlobLength(length))
            );
        }
        for offset in [73, usize::MAX] {
            let error = with_randomx(|job| job.nonce_offset = offset).expect_err("beyond the blob");
            assert_eq!(error, JobError::NonceOffset { offset, length: 76 });
            assert!(error.to_string().contains("0 to 72"));
        }
        assert_eq!(with_randomx(|job| job.nonce_offset = 72), Ok(()));
        for (index, count) in [(0, 0), (3, 3)] {
            assert_eq!(
                NonceSpace { index, count }.check(),
                Err(JobError::Space { index, count })
            );
        }
    }
}
