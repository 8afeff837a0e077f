//! Every hit is computed once more before it is reported: a processor that is overclocked too far, or a driver that
//! miscompiles, would otherwise only show at the pool, as refused shares.

use idlewatt_kernels::randomx::{Memory, Verifier};
use idlewatt_kernels::{Digest, Job, JobInput, Solution, progpow, sha256d};

use super::Fault;
use crate::engine::message::FaultKind;

/// Computes hashes one at a time, on the CPU.
pub struct Checker {
    /// RandomX's memory, and a verifier on it from the first hit on.
    memory: Option<Memory>,
    verifier: Option<Verifier>,
}

impl Checker {
    /// A checker; RandomX needs its memory.
    pub fn new(memory: Option<Memory>) -> Checker {
        Checker {
            memory,
            verifier: None,
        }
    }

    /// Whether the solution is one.
    ///
    /// # Errors
    /// If it is not, or cannot be checked.
    pub fn check(&mut self, job: &Job, solution: &Solution) -> Result<(), Fault> {
        let digest = self.digest(job, solution)?;
        if digest == solution.digest && job.target.is_met_by(&digest.0) {
            return Ok(());
        }
        let message = format!(
            "the processor computed a wrong hash for nonce {:08x}: {} instead of {}",
            solution.nonce,
            String::from(solution.digest),
            String::from(digest),
        );
        Err(Fault::new(FaultKind::WrongHash, message))
    }

    fn digest(&mut self, job: &Job, solution: &Solution) -> Result<Digest, Fault> {
        match &job.input {
            JobInput::Sha256d(input) => {
                let header =
                    sha256d::header_with_nonce(input, solution.extranonce2, solution.nonce);
                Ok(sha256d::hash_header(&header))
            }
            // The kernel has computed the mix on the CPU, with the light cache that is its own.
            JobInput::ProgPow(input) => {
                let epoch = input
                    .epoch()
                    .map_err(|error| Fault::new(FaultKind::Usage, error))?;
                let mix = solution.mix.ok_or_else(|| {
                    Fault::new(FaultKind::WrongHash, "a solution without its mix")
                })?;
                let nonce = solution.wide_nonce();
                let mut digest =
                    progpow::digest_of_mix(epoch.parameters, &input.header_hash, nonce, &mix);
                digest.reverse();
                Ok(Digest(digest))
            }
            JobInput::RandomX(input) => {
                let mut blob = input.blob.clone();
                let end = input.nonce_offset + 4;
                let nonce = blob.get_mut(input.nonce_offset..end);
                let nonce = nonce.ok_or_else(|| {
                    Fault::new(FaultKind::Usage, "the nonce lies outside the blob")
                })?;
                nonce.copy_from_slice(&solution.nonce.to_le_bytes());
                Ok(self.verifier()?.hash(&blob))
            }
        }
    }

    fn verifier(&mut self) -> Result<&mut Verifier, Fault> {
        if self.verifier.is_none() {
            let memory = self.memory.clone();
            let memory = memory.ok_or_else(|| {
                Fault::new(FaultKind::Usage, "RandomX has no memory to check with")
            })?;
            let made = Verifier::with_memory(memory)
                .map_err(|error| Fault::new(FaultKind::Memory, error))?;
            self.verifier = Some(made);
        }
        self.verifier
            .as_mut()
            .ok_or_else(|| Fault::new(FaultKind::Memory, "no verifier"))
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::{Sha256dJob, Target};

    use super::*;

    #[test]
    fn a_wrong_digest_and_a_missed_target_are_faults() {
        let input = Sha256dJob {
            version: 2,
            version_mask: 0,
            previous_hash: [3; 32],
            coinbase_prefix: vec![1; 40],
            coinbase_suffix: vec![2; 40],
            extranonce2_size: 4,
            merkle_branches: vec![],
            time: 1_700_000_000,
            bits: 0x1d00_ffff,
        };
        let digest = sha256d::hash_header(&sha256d::header_with_nonce(&input, 9, 77));
        let job = |target| Job {
            id: "j".into(),
            target,
            input: JobInput::Sha256d(input.clone()),
        };
        let solution = Solution {
            job_id: "j".into(),
            nonce: 77,
            extranonce2: 9,
            digest,
            mix: None,
        };
        let mut checker = Checker::new(None);
        assert_eq!(checker.check(&job(Target::MAX), &solution), Ok(()));

        let refused = [
            (Target::IMPOSSIBLE, solution.clone()),
            (
                Target::MAX,
                Solution {
                    nonce: 78,
                    ..solution.clone()
                },
            ),
            (
                Target::MAX,
                Solution {
                    extranonce2: 8,
                    ..solution
                },
            ),
        ];
        for (target, solution) in refused {
            let fault = checker
                .check(&job(target), &solution)
                .expect_err("not a solution");
            assert_eq!(fault.kind, FaultKind::WrongHash);
        }
    }
}
