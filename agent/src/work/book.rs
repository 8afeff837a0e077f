//! The jobs of the recent past: a solution names its job, and arrives when the job may be over.

use std::collections::VecDeque;
use std::sync::Arc;

use idlewatt_kernels::{Algorithm, Job, JobInput, Target};

/// How many jobs are remembered an algorithm. A solution is seldom older than its job's successor.
const REMEMBERED: usize = 64;

pub(super) const DISCONNECTED: &str = "the connection that its job came over has ended";
pub(super) const REPLACED: &str = "its job was replaced";

/// What has to be known of a job when a solution arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Our id, the one that engines see.
    pub id: String,
    /// The server's id.
    pub wire_id: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The connection it came over.
    pub generation: u64,
    /// What receipts of its shares are kept under: whoever it came from.
    pub source: Arc<str>,
    /// What a share of it must meet.
    pub target: Target,
    /// How many hashes such a share takes on average; what does not fit is cut to the largest number.
    pub work: u64,
    /// What a share of it repeats.
    pub repeated: Repeated,
    /// Why its shares are worth nothing any more; `None` while they are.
    pub over: Option<&'static str>,
}

/// What a share repeats of its job besides the server's id.
#[derive(Clone, Debug, PartialEq)]
pub enum Repeated {
    /// RandomX's shares name the job alone.
    Nothing,
    /// Bitcoin's.
    Bitcoin {
        /// The header's time.
        time: u32,
        /// Length of extranonce2 in bytes.
        extranonce2_size: u8,
        /// The job's version.
        version: u32,
        /// The bits of it that may be rolled.
        version_mask: u32,
    },
    /// Those of the ProgPoW family.
    ProgPow {
        /// The header's hash.
        header_hash: [u8; 32],
        /// What every nonce begins with.
        nonce_prefix: Vec<u8>,
    },
}

impl Repeated {
    fn of(input: &JobInput) -> Self {
        match input {
            JobInput::Sha256d(job) => Repeated::Bitcoin {
                time: job.time,
                extranonce2_size: job.extranonce2_size,
                version: job.version,
                version_mask: job.version_mask,
            },
            JobInput::RandomX(_) => Repeated::Nothing,
            JobInput::ProgPow(job) => Repeated::ProgPow {
                header_hash: job.header_hash,
                nonce_prefix: job.nonce_prefix.clone(),
            },
        }
    }
}

/// The recent jobs of all algorithms.
#[derive(Debug, Default)]
pub(super) struct JobBook {
    jobs: VecDeque<JobRecord>,
    given: u64,
}

impl JobBook {
    /// Enters a job that came with the server's id, and gives it ours.
    pub fn enter(&mut self, job: &mut Job, generation: u64, source: &Arc<str>) {
        self.given += 1;
        let algorithm = job.algorithm();
        let wire_id = std::mem::take(&mut job.id);
        job.id = format!("{algorithm}-{generation}-{}", self.given);
        let same = self.jobs.iter().filter(|old| old.algorithm == algorithm);
        if same.count() >= REMEMBERED {
            let oldest = self.jobs.iter().position(|old| old.algorithm == algorithm);
            oldest.and_then(|index| self.jobs.remove(index));
        }
        self.jobs.push_back(JobRecord {
            id: job.id.clone(),
            wire_id,
            algorithm,
            generation,
            source: Arc::clone(source),
            target: job.target,
            work: u64::try_from(job.target.work()).unwrap_or(u64::MAX),
            repeated: Repeated::of(&job.input),
            over: None,
        });
    }

    /// All jobs of this algorithm so far are over.
    pub fn end(&mut self, algorithm: Algorithm, reason: &'static str) {
        let still = |job: &&mut JobRecord| job.algorithm == algorithm && job.over.is_none();
        for job in self.jobs.iter_mut().filter(still) {
            job.over = Some(reason);
        }
    }

    pub fn get(&self, id: &str) -> Option<&JobRecord> {
        self.jobs.iter().rev().find(|job| job.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idlewatt_kernels::RandomXJob;

    fn job(wire_id: &str) -> Job {
        Job {
            id: wire_id.into(),
            target: Target::from_work(50).expect("above zero"),
            input: JobInput::RandomX(RandomXJob {
                blob: vec![0; 76],
                nonce_offset: 39,
                fixed_top_byte: None,
                seed_hash: [0; 32],
                height: 1,
            }),
        }
    }

    #[test]
    fn a_job_gets_an_id_of_its_own_and_ends_once() {
        let (mut book, pool) = (JobBook::default(), "pool p:1 u".into());
        let (mut first, mut second) = (job("1"), job("1"));
        book.enter(&mut first, 1, &pool);
        book.end(Algorithm::RandomX, REPLACED);
        book.enter(&mut second, 2, &pool);
        assert_ne!(first.id, second.id);
        let old = book.get(&first.id).expect("remembered");
        assert_eq!(
            (old.wire_id.as_str(), old.work, old.over),
            ("1", 50, Some(REPLACED))
        );
        assert_eq!(book.get(&second.id).expect("remembered").over, None);
        book.end(Algorithm::Sha256d, DISCONNECTED);
        assert_eq!(book.get(&second.id).expect("remembered").over, None);
        book.end(Algorithm::RandomX, DISCONNECTED);
        assert_eq!(
            book.get(&first.id).expect("remembered").over,
            Some(REPLACED)
        );
    }

    #[test]
    fn a_server_cannot_make_it_grow() {
        let (mut book, pool) = (JobBook::default(), "pool p:1 u".into());
        let mut first = job("x");
        book.enter(&mut first, 1, &pool);
        for _ in 0..1_000 {
            book.enter(&mut job("x"), 1, &pool);
        }
        assert_eq!(book.jobs.len(), REMEMBERED);
        assert_eq!(book.get(&first.id), None);
    }
}
