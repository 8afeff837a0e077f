//! The search for shares: one machine a thread, on memory that all threads share.

use std::fmt;

use super::binding::Machine;
use super::memory::{Memory, MemoryError};
use crate::{Algorithm, Batch, BatchInput, Digest, Outcome, Search, SearchError};

/// Tries nonces on the calling thread.
pub struct CpuSearch {
    machine: Machine,
    memory: Memory,
}

impl fmt::Debug for CpuSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuSearch")
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl CpuSearch {
    /// A machine of 2 MiB on the memory (which is shared, not copied).
    ///
    /// # Errors
    /// If the system gives no memory for the scratchpad.
    pub fn new(memory: &Memory) -> Result<Self, MemoryError> {
        Ok(Self {
            machine: memory.machine()?,
            memory: memory.clone(),
        })
    }
}

impl Search for CpuSearch {
    fn search(&mut self, batch: &Batch) -> Result<Outcome, SearchError> {
        let BatchInput::RandomX {
            blob,
            nonce_offset,
            seed_hash,
        } = &batch.input
        else {
            return Err(SearchError::Algorithm {
                expected: Algorithm::RandomX,
                given: batch.algorithm(),
            });
        };
        if self.memory.key() != seed_hash {
            return Err(SearchError::Key {
                prepared: hex::encode(self.memory.key()),
                needed: hex::encode(seed_hash),
            });
        }
        let nonce = |index: u32| {
            batch
                .first_nonce
                .wrapping_add(index.wrapping_mul(batch.step))
        };
        let mut outcome = Outcome {
            hashes: u64::from(batch.count),
            ..Outcome::default()
        };
        let mut input = blob.to_vec();
        self.machine.hash_each(
            batch.count,
            &mut input,
            |index, input| {
                if let Some(bytes) = input.get_mut(*nonce_offset..nonce_offset + 4) {
                    bytes.copy_from_slice(&nonce(index).to_le_bytes());
                }
            },
            |index, digest| {
                if batch.target.is_met_by(&digest) {
                    outcome
                        .found
                        .push(batch.solution(nonce(index), Digest(digest)));
                }
            },
        );
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::job::tests::{randomx_job, sha256d_job};
    use crate::randomx::{Mode, Verifier};
    use crate::{Cursor, NonceSpace, Target};

    #[test]
    fn a_search_finds_what_the_verifier_confirms() {
        let mut job = randomx_job(Some(0x7f));
        job.target = Target::from_work(3).expect("above 0");
        let memory = Memory::prepare(
            &[9; 32],
            Mode::Light,
            1,
            &|_, _| {},
            &AtomicBool::new(false),
        )
        .expect("256 MiB");
        let mut search = CpuSearch::new(&memory).expect("2 MiB");
        let mut verifier = Verifier::with_memory(memory).expect("2 MiB");
        let space = NonceSpace { index: 1, count: 7 };
        let mut cursor = Cursor::new(&job, space, 1 << 20).expect("a good job");
        let batch = cursor.next_batch(24).expect("not used up");
        let outcome = search.search(&batch).expect("the right key");
        assert_eq!(outcome.hashes, 24);

        let mut expected = Vec::new();
        for nonce in batch.nonces() {
            assert_eq!((nonce >> 24, (nonce & 0xff_ffff) % 7), (0x7f, 1));
            let BatchInput::RandomX { blob, .. } = &batch.input else {
                unreachable!("it is a RandomX batch");
            };
            let mut blob = blob.to_vec();
            blob[39..43].copy_from_slice(&nonce.to_le_bytes());
            let digest = verifier.hash(&blob);
            if batch.target.is_met_by(&digest.0) {
                expected.push(batch.solution(nonce, digest));
            }
        }
        assert!(!expected.is_empty() && expected.len() < 24);
        assert_eq!(outcome.found, expected);

        let mut other = randomx_job(None);
        if let crate::JobInput::RandomX(input) = &mut other.input {
            input.seed_hash = [8; 32];
        }
        for (job, word) in [(other, "0808"), (sha256d_job(), "sha256d")] {
            let batch = Cursor::new(&job, NonceSpace::WHOLE, 0)
                .expect("a good job")
                .next_batch(1)
                .expect("not used up");
            let error = search.search(&batch).expect_err("not its memory");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
