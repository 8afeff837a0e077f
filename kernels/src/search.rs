//! A job cut into batches: runs of nonces that no two processors share.

use std::sync::Arc;

use crate::job::JobError;
use crate::{Algorithm, Digest, Job, JobInput, NonceSpace, Solution, Target, sha256d};

/// Where the nonce is in a Bitcoin header.
const HEADER_NONCE_OFFSET: usize = 76;

/// A run of nonces over one prepared input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The job's id.
    pub job_id: Arc<str>,
    /// What a digest must meet.
    pub target: Target,
    /// What is hashed.
    pub input: BatchInput,
    /// The extranonce2 that is in the input; 0 for RandomX, the upper half of the nonces for ProgPoW.
    pub extranonce2: u64,
    /// The first nonce to try.
    pub first_nonce: u32,
    /// How far it is from one nonce to the next.
    pub step: u32,
    /// How many nonces to try. The last one does not pass 2^32.
    pub count: u32,
}

/// The prepared input of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchInput {
    /// A Bitcoin header; the nonce in it is overwritten.
    Sha256d {
        /// The 80 bytes.
        header: [u8; 80],
    },
    /// A Monero hashing blob; the nonce in it is overwritten.
    RandomX {
        /// The bytes to hash.
        blob: Arc<[u8]>,
        /// Where the nonce begins in them.
        nonce_offset: usize,
        /// The key of cache and dataset.
        seed_hash: [u8; 32],
    },
    /// A header's hash of the ProgPoW family.
    ProgPow {
        /// Which of the family.
        algorithm: Algorithm,
        /// The hash.
        header_hash: [u8; 32],
        /// The block's height.
        height: u64,
    },
}

impl Batch {
    /// The algorithm that the batch is for.
    pub fn algorithm(&self) -> Algorithm {
        match self.input {
            BatchInput::Sha256d { .. } => Algorithm::Sha256d,
            BatchInput::RandomX { .. } => Algorithm::RandomX,
            BatchInput::ProgPow { algorithm, .. } => algorithm,
        }
    }

    /// Every nonce to try, in order.
    pub fn nonces(&self) -> impl Iterator<Item = u32> + use<> {
        let (first, step) = (self.first_nonce, self.step);
        (0..self.count).map(move |index| first.wrapping_add(index.wrapping_mul(step)))
    }

    /// A nonce of this batch and its digest as a solution.
    pub fn solution(&self, nonce: u32, digest: Digest) -> Solution {
        Solution {
            job_id: self.job_id.as_ref().to_owned(),
            nonce,
            extranonce2: self.extranonce2,
            digest,
            mix: None,
        }
    }
}

/// What a search over a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many nonces were tried.
    pub hashes: u64,
    /// Those whose digest met the target.
    pub found: Vec<Solution>,
    /// How many more a graphics card saw than it had room to report. It happens only where the target is very easy
    /// for the size of the batch.
    pub missed: u64,
}

/// Why a batch could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The batch is for another algorithm.
    #[error("a search of {expected} was given a batch of {given}")]
    Algorithm {
        /// What the search can do.
        expected: Algorithm,
        /// What the batch is for.
        given: Algorithm,
    },
    /// The batch needs a RandomX cache or dataset of another key.
    #[error(
        "the RandomX memory was prepared for key {prepared}, the batch needs {needed}: prepare it again"
    )]
    Key {
        /// The key of the memory, in hex.
        prepared: String,
        /// The key of the batch, in hex.
        needed: String,
    },
    /// The graphics card could not do it.
    #[cfg(feature = "gpu")]
    #[error(transparent)]
    Gpu(#[from] crate::gpu::GpuError),
}

/// Something that can try nonces.
pub trait Search {
    /// Tries every nonce of a batch.
    ///
    /// # Errors
    /// If the batch is for another algorithm or key, or the hardware failed.
    fn search(&mut self, batch: &Batch) -> Result<Outcome, SearchError>;
}

/// A place in one processor's part of a job. It hands out batches that never overlap, its own or those of
/// another [`NonceSpace::index`] of the same job, until the part is used up.
#[derive(Clone, Debug)]
pub struct Cursor {
    job_id: Arc<str>,
    target: Target,
    source: Source,
    space: NonceSpace,
    /// How many positions the outer counter has: extranonces for sha256d, nonces for RandomX, blocks of nonces for ProgPoW.
    positions: u128,
    /// Where the counter began.
    start: u128,
    /// How many positions were handed out completely.
    used: u128,
}

#[derive(Clone, Debug)]
enum Source {
    Sha256d {
        job: Box<crate::Sha256dJob>,
        /// The header of the current extranonce2 and how many of its nonces were handed out.
        current: Option<([u8; 80], u64)>,
    },
    RandomX {
        blob: Arc<[u8]>,
        nonce_offset: usize,
        seed_hash: [u8; 32],
        /// The top byte in its place, 0 if it is free.
        base: u32,
    },
    ProgPow {
        job: crate::ProgPowJob,
        /// The server's part of the nonce, in its place.
        base: u64,
        /// How many nonces of the current block were handed out.
        done: u32,
    },
}

/// 64-bit nonces are dealt out in blocks of 2^24, which last any card some milliseconds.
const BLOCK_BITS: u32 = 24;

impl Cursor {
    /// Begins at a place of the caller's choice: a random `start` keeps a search that is begun anew from
    /// repeating what it did before.
    ///
    /// # Errors
    /// If the job's sizes or the space are out of range.
    pub fn new(job: &Job, space: NonceSpace, start: u64) -> Result<Self, JobError> {
        job.check()?;
        space.check()?;
        let (domain, source) = match &job.input {
            JobInput::Sha256d(job) => (
                job.headers(),
                Source::Sha256d {
                    job: Box::new(job.clone()),
                    current: None,
                },
            ),
            JobInput::RandomX(job) => (
                1u128 << if job.fixed_top_byte.is_some() { 24 } else { 32 },
                Source::RandomX {
                    blob: job.blob.as_slice().into(),
                    nonce_offset: job.nonce_offset,
                    seed_hash: job.seed_hash,
                    base: u32::from(job.fixed_top_byte.unwrap_or(0)) << 24,
                },
            ),
            JobInput::ProgPow(job) => {
                let kept = 8 * job.nonce_prefix.len() as u32;
                let prefix = job.nonce_prefix.iter();
                let prefix = prefix.fold(0u64, |prefix, byte| prefix << 8 | u64::from(*byte));
                let source = Source::ProgPow {
                    base: prefix.checked_shl(64 - kept).unwrap_or(0),
                    job: job.clone(),
                    done: 0,
                };
                (1u128 << (64 - kept - BLOCK_BITS), source)
            }
        };
        let positions = domain
            .saturating_sub(u128::from(space.index))
            .div_ceil(u128::from(space.count));
        Ok(Self {
            job_id: job.id.as_str().into(),
            target: job.target,
            source,
            space,
            positions,
            start: u128::from(start).checked_rem(positions).unwrap_or(0),
            used: 0,
        })
    }

    /// The next batch, of at most `size` nonces (and at least one); `None` when the part is used up. A batch can
    /// be smaller than asked for where one header ends.
    pub fn next_batch(&mut self, size: u32) -> Option<Batch> {
        if self.used >= self.positions {
            return None;
        }
        let size = size.max(1);
        let position = (self.start + self.used) % self.positions;
        let number = u128::from(self.space.index) + u128::from(self.space.count) * position;
        match &mut self.source {
            Source::Sha256d { job, current } => {
                let extranonce2 = number as u64;
                let (header, done) =
                    current.get_or_insert_with(|| (sha256d::header(job, extranonce2), 0));
                let count = u64::from(size).min((1 << 32) - *done) as u32;
                let batch = Batch {
                    job_id: self.job_id.clone(),
                    target: self.target,
                    input: BatchInput::Sha256d { header: *header },
                    extranonce2,
                    first_nonce: *done as u32,
                    step: 1,
                    count,
                };
                *done += u64::from(count);
                if *done == 1 << 32 {
                    *current = None;
                    self.used += 1;
                }
                Some(batch)
            }
            Source::RandomX {
                blob,
                nonce_offset,
                seed_hash,
                base,
            } => {
                // Up to the end of the counter; what lies before its start comes as another batch.
                let count = u128::from(size)
                    .min(self.positions - self.used)
                    .min(self.positions - position) as u32;
                self.used += u128::from(count);
                Some(Batch {
                    job_id: self.job_id.clone(),
                    target: self.target,
                    input: BatchInput::RandomX {
                        blob: blob.clone(),
                        nonce_offset: *nonce_offset,
                        seed_hash: *seed_hash,
                    },
                    extranonce2: 0,
                    first_nonce: *base | number as u32,
                    step: self.space.count,
                    count,
                })
            }
            Source::ProgPow { job, base, done } => {
                let nonce = *base | (number as u64) << BLOCK_BITS | u64::from(*done);
                let count = size.min((1 << BLOCK_BITS) - *done);
                *done += count;
                if *done == 1 << BLOCK_BITS {
                    *done = 0;
                    self.used += 1;
                }
                Some(Batch {
                    job_id: self.job_id.clone(),
                    target: self.target,
                    input: BatchInput::ProgPow {
                        algorithm: job.algorithm,
                        header_hash: job.header_hash,
                        height: job.height,
                    },
                    extranonce2: nonce >> 32,
                    first_nonce: nonce as u32,
                    step: 1,
                    count,
                })
            }
        }
    }
}

/// Writes a nonce into a header.
pub(crate) fn set_header_nonce(header: &mut [u8; 80], nonce: u32) {
    header[HEADER_NONCE_OFFSET..].copy_from_slice(&nonce.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::tests::{randomx_job, sha256d_job};
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn a_used_up_extranonce_ends_the_cursor() {
        let mut job = sha256d_job();
        let JobInput::Sha256d(input) = &mut job.input else {
            unreachable!("it is a sha256d job");
        };
        input.extranonce2_size = 1;
        let space = NonceSpace { index: 1, count: 3 };
        let mut cursor = Cursor::new(&job, space, 84).expect("a good job");
        let mut extranonces = Vec::new();
        let mut tried = 0u128;
        while let Some(batch) = cursor.next_batch(u32::MAX) {
            assert_eq!(batch.step, 1);
            extranonces.push(batch.extranonce2);
            tried += u128::from(batch.count);
        }
        // 1, 4, …, 253: each header in two batches, as 2^32 does not fit into one; begun at the 85th.
        extranonces.dedup();
        assert_eq!(extranonces.len(), 85);
        assert_eq!(extranonces[..2], [253, 1]);
        assert!(extranonces.iter().all(|value| value % 3 == 1));
        assert_eq!(tried, 85 << 32);
        assert_eq!(cursor.next_batch(1), None);
    }

    #[test]
    fn a_processor_beyond_the_extranonces_has_nothing_to_do() {
        let mut job = sha256d_job();
        let JobInput::Sha256d(input) = &mut job.input else {
            unreachable!("it is a sha256d job");
        };
        input.extranonce2_size = 1;
        let space = NonceSpace {
            index: 256,
            count: 300,
        };
        let mut cursor = Cursor::new(&job, space, 5).expect("a good job");
        assert_eq!(cursor.next_batch(10), None);
    }

    #[test]
    fn eight_bytes_of_extranonce_do_not_overflow() {
        let mut job = sha256d_job();
        let JobInput::Sha256d(input) = &mut job.input else {
            unreachable!("it is a sha256d job");
        };
        input.extranonce2_size = 8;
        let space = NonceSpace {
            index: u32::MAX - 1,
            count: u32::MAX,
        };
        let mut cursor = Cursor::new(&job, space, u64::MAX).expect("a good job");
        for _ in 0..4 {
            assert!(cursor.next_batch(u32::MAX).is_some());
        }
    }

    #[test]
    fn the_fixed_top_byte_ends_after_its_own_nonces() {
        let job = randomx_job(Some(0xa5));
        let space = NonceSpace { index: 2, count: 5 };
        let mut cursor = Cursor::new(&job, space, 1_000_000).expect("a good job");
        let mut tried = 0u64;
        while let Some(batch) = cursor.next_batch(100_000) {
            for nonce in [batch.first_nonce, batch.nonces().last().expect("not empty")] {
                assert_eq!(nonce >> 24, 0xa5);
                assert_eq!((nonce & 0xff_ffff) % 5, 2);
            }
            tried += u64::from(batch.count);
        }
        assert_eq!(tried, ((1 << 24) - 2u64).div_ceil(5));
    }

    #[test]
    fn every_nonce_that_the_server_leaves_is_tried_once() {
        let mut job = crate::job::tests::progpow_job(crate::Algorithm::KawPow, 1);
        let JobInput::ProgPow(input) = &mut job.input else {
            unreachable!("it is a ProgPoW job");
        };
        input.nonce_prefix = vec![1, 2, 3, 4];
        let mut blocks = HashSet::new();
        for index in 0..3 {
            let space = NonceSpace { index, count: 3 };
            let mut cursor = Cursor::new(&job, space, 7).expect("a good job");
            while let Some(batch) = cursor.next_batch(1 << 23) {
                assert_eq!(batch.extranonce2, 0x0102_0304);
                assert_eq!(batch.count, 1 << 23);
                assert!(blocks.insert(batch.first_nonce), "tried twice");
            }
        }
        assert_eq!(blocks.len(), 512);
        for prefix in [vec![], vec![0xff; 4]] {
            if let JobInput::ProgPow(input) = &mut job.input {
                input.nonce_prefix = prefix.clone();
            }
            let mut cursor = Cursor::new(&job, NonceSpace::WHOLE, u64::MAX).expect("a good job");
            let batch = cursor.next_batch(5).expect("far from used up");
            assert!(prefix.is_empty() || batch.extranonce2 == 0xffff_ffff);
            assert_eq!(
                cursor.next_batch(5).expect("more").first_nonce,
                batch.first_nonce + 5
            );
        }
    }

    proptest! {
        #[test]
        fn batches_never_overlap(
            count in 1u32..6,
            start: u64,
            sizes in proptest::collection::vec(1u32..200, 1..20),
            randomx: bool,
            top in proptest::option::of(any::<u8>()),
        ) {
            let job = if randomx { randomx_job(top) } else { sha256d_job() };
            let mut seen = HashSet::new();
            for index in 0..count {
                let space = NonceSpace { index, count };
                let mut cursor = Cursor::new(&job, space, start).expect("a good job");
                for size in &sizes {
                    let batch = cursor.next_batch(*size).expect("far from used up");
                    prop_assert!(batch.count <= *size && batch.count > 0);
                    prop_assert_eq!(batch.algorithm(), job.algorithm());
                    for nonce in batch.nonces() {
                        prop_assert!(seen.insert((batch.extranonce2, nonce)), "tried twice");
                        let number = match (randomx, top) {
                            (false, _) => batch.extranonce2,
                            (true, None) => u64::from(nonce),
                            (true, Some(byte)) => {
                                prop_assert_eq!(nonce >> 24, u32::from(byte));
                                u64::from(nonce & 0xff_ffff)
                            }
                        };
                        prop_assert_eq!(number % u64::from(count), u64::from(index));
                    }
                }
            }
        }
    }
}
