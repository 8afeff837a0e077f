//! The search on the CPU, with the SHA instructions where the CPU has them.

use sha2::block_api::compress256;

use super::{INITIAL_STATE, hash_header};
use crate::search::set_header_nonce;
use crate::{Algorithm, Batch, BatchInput, Outcome, Search, SearchError};

/// Tries nonces on the calling thread.
#[derive(Debug, Default)]
pub struct CpuSearch;

impl Search for CpuSearch {
    fn search(&mut self, batch: &Batch) -> Result<Outcome, SearchError> {
        let BatchInput::Sha256d { header } = &batch.input else {
            return Err(SearchError::Algorithm {
                expected: Algorithm::Sha256d,
                given: batch.algorithm(),
            });
        };
        let prepared = Prepared::new(header);
        let limit = batch.target.words()[7];
        let mut outcome = Outcome {
            hashes: u64::from(batch.count),
            ..Outcome::default()
        };
        for nonce in batch.nonces() {
            if prepared.top_word(nonce) <= limit {
                let mut header = *header;
                set_header_nonce(&mut header, nonce);
                let digest = hash_header(&header);
                if batch.target.is_met_by(&digest.0) {
                    outcome.found.push(batch.solution(nonce, digest));
                }
            }
        }
        Ok(outcome)
    }
}

/// All that does not depend on the nonce.
pub(crate) struct Prepared {
    /// The state after the header's first 64 bytes.
    pub(crate) midstate: [u32; 8],
    /// The header's last 16 bytes, padded to a block.
    block: [u8; 64],
}

impl Prepared {
    pub(crate) fn new(header: &[u8; 80]) -> Self {
        let mut first = [0; 64];
        first.copy_from_slice(&header[..64]);
        let mut midstate = INITIAL_STATE;
        compress256(&mut midstate, &[first]);
        let mut block = [0; 64];
        block[..16].copy_from_slice(&header[64..]);
        block[16] = 0x80;
        block[56..].copy_from_slice(&(80u64 * 8).to_be_bytes());
        Self { midstate, block }
    }

    /// The digest's most significant 32 bits.
    #[inline]
    fn top_word(&self, nonce: u32) -> u32 {
        let mut block = self.block;
        block[12..16].copy_from_slice(&nonce.to_le_bytes());
        let mut state = self.midstate;
        compress256(&mut state, &[block]);

        let mut second = [0; 64];
        for (bytes, word) in second.chunks_exact_mut(4).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        second[32] = 0x80;
        second[56..].copy_from_slice(&(32u64 * 8).to_be_bytes());
        let mut state = INITIAL_STATE;
        compress256(&mut state, &[second]);
        state[7].swap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256d::tests::{BLOCKS, block_100_000, block_header};
    use crate::{Cursor, Digest, NonceSpace, Target};
    use proptest::prelude::*;

    fn batch(header: [u8; 80], first_nonce: u32, count: u32, target: Target) -> Batch {
        Batch {
            job_id: "test".into(),
            target,
            input: BatchInput::Sha256d { header },
            extranonce2: 0,
            first_nonce,
            step: 1,
            count,
        }
    }

    #[test]
    fn real_blocks_are_found_at_their_nonces() {
        for (text, hash) in BLOCKS {
            let header = block_header(text);
            let nonce = u32::from_le_bytes(header[76..].try_into().expect("4 bytes"));
            let bits = u32::from_le_bytes(header[72..76].try_into().expect("4 bytes"));
            let target = Target::from_compact(bits).expect("valid bits");
            let outcome = CpuSearch
                .search(&batch(header, nonce - 2_000, 4_000, target))
                .expect("the right algorithm");
            assert_eq!(outcome.hashes, 4_000);
            let [solution] = outcome.found.as_slice() else {
                panic!("one solution, not {:?}", outcome.found);
            };
            assert_eq!(solution.nonce, nonce);
            assert_eq!(solution.digest.reversed_hex(), hash);
        }
    }

    #[test]
    fn a_real_block_is_found_from_its_job() {
        // 0x0602 is number 6 of those extranonces that leave 2 when divided by 256.
        let space = NonceSpace {
            index: 2,
            count: 256,
        };
        let mut cursor = Cursor::new(&block_100_000(), space, 6).expect("a good job");
        let mut batch = cursor.next_batch(1).expect("not used up");
        batch.first_nonce = 274_148_000;
        batch.count = 200;
        let outcome = CpuSearch.search(&batch).expect("the right algorithm");
        assert_eq!(outcome.found.len(), 1);
        assert_eq!(outcome.found[0].extranonce2, 0x0602);
        assert_eq!(outcome.found[0].nonce, 274_148_111);
        assert_eq!(outcome.found[0].digest.reversed_hex(), BLOCKS[1].1);
    }

    #[test]
    fn the_last_nonce_is_tried() {
        let outcome = CpuSearch
            .search(&batch([0; 80], u32::MAX - 1, 2, Target::MAX))
            .expect("the right algorithm");
        let nonces: Vec<u32> = outcome.found.iter().map(|found| found.nonce).collect();
        assert_eq!(nonces, [u32::MAX - 1, u32::MAX]);
    }

    #[test]
    fn a_batch_of_another_algorithm_is_refused() {
        let job = crate::job::tests::randomx_job(None);
        let batch = Cursor::new(&job, NonceSpace::WHOLE, 0)
            .expect("a good job")
            .next_batch(1)
            .expect("not used up");
        let error = CpuSearch.search(&batch).expect_err("another algorithm");
        assert!(error.to_string().contains("randomx"), "{error}");
    }

    proptest! {
        #[test]
        fn every_digest_at_or_below_the_target_is_found(
            head: [u8; 32], middle: [u8; 32], tail: [u8; 16], first: u32, work in 1u128..64,
        ) {
            let mut header = [0; 80];
            header[..32].copy_from_slice(&head);
            header[32..64].copy_from_slice(&middle);
            header[64..].copy_from_slice(&tail);
            let first = first.min(u32::MAX - 64);
            let batch = batch(header, first, 64, Target::from_work(work).expect("above 0"));
            let expected: Vec<(u32, Digest)> = batch
                .nonces()
                .map(|nonce| {
                    let mut header = header;
                    set_header_nonce(&mut header, nonce);
                    (nonce, hash_header(&header))
                })
                .filter(|(_, digest)| batch.target.is_met_by(&digest.0))
                .collect();
            let found: Vec<(u32, Digest)> = CpuSearch
                .search(&batch)
                .expect("the right algorithm")
                .found
                .into_iter()
                .map(|solution| (solution.nonce, solution.digest))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
