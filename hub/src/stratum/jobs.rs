//! The jobs of one connection: the last few are kept, older ones are stale.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many jobs a connection may still send shares for.
const KEPT: usize = 6;
/// How many shares of one job are remembered. Vardiff keeps an honest miner far below.
const REMEMBERED_SHARES: usize = 4_096;

/// Why there is no job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoJob {
    /// It was one of this connection, but is over.
    Stale,
    /// It never was.
    Unknown,
}

/// The shares of one job that were sent.
#[derive(Debug)]
pub(super) struct Seen<Share>(Arc<Mutex<HashSet<Share>>>);

impl<Share> Clone for Seen<Share> {
    fn clone(&self) -> Self {
        Seen(Arc::clone(&self.0))
    }
}

impl<Share: Hash + Eq> Seen<Share> {
    fn new() -> Self {
        Seen(Arc::new(Mutex::new(HashSet::new())))
    }

    /// Notes a share; `false` if it was seen before, or if there were far too many.
    pub fn note(&self, share: Share) -> bool {
        let mut seen = self.shares();
        seen.len() < REMEMBERED_SHARES && seen.insert(share)
    }

    /// A share that was not credited after all: the next try is not its duplicate.
    pub fn forget(&self, share: &Share) {
        self.shares().remove(share);
    }

    fn shares(&self) -> MutexGuard<'_, HashSet<Share>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job as it was sent.
pub(super) struct Kept<Job, Share> {
    pub job: Job,
    pub number: u32,
    /// Made with the first share: most jobs never see one.
    seen: OnceLock<Seen<Share>>,
}

impl<Job, Share: Hash + Eq> Kept<Job, Share> {
    /// The shares of this job so far.
    pub fn seen(&self) -> &Seen<Share> {
        self.seen.get_or_init(Seen::new)
    }
}

/// The jobs of one connection.
pub(super) struct Jobs<Job, Share> {
    connection: u32,
    kept: VecDeque<Kept<Job, Share>>,
    last_number: u32,
}

impl<Job, Share: Hash + Eq> Jobs<Job, Share> {
    pub fn new(connection: u32) -> Self {
        Jobs {
            connection,
            kept: VecDeque::new(),
            last_number: 0,
        }
    }

    /// The number that the next job gets.
    pub fn next_number(&self) -> u32 {
        self.last_number.wrapping_add(1)
    }

    /// Keeps a job under the next number; gives the id to send.
    pub fn keep(&mut self, job: Job) -> String {
        self.last_number = self.next_number();
        self.kept.truncate(KEPT - 1);
        self.kept.push_front(Kept {
            job,
            number: self.last_number,
            seen: OnceLock::new(),
        });
        self.id(self.last_number)
    }

    /// All jobs are over: their block was mined by somebody.
    pub fn expire(&mut self) {
        self.kept.clear();
    }

    /// The job that a share is for.
    pub fn find(&self, id: &str) -> Result<&Kept<Job, Share>, NoJob> {
        let number = id
            .get(8..)
            .and_then(|number| u32::from_str_radix(number, 16).ok())
            .filter(|number| self.id(*number) == id)
            .ok_or(NoJob::Unknown)?;
        if number == 0 || number > self.last_number {
            return Err(NoJob::Unknown);
        }
        self.kept
            .iter()
            .find(|kept| kept.number == number)
            .ok_or(NoJob::Stale)
    }

    fn id(&self, number: u32) -> String {
        format!("{:08x}{number:08x}", self.connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_found_older_ones_are_stale_others_unknown() {
        let mut jobs: Jobs<u32, u32> = Jobs::new(0xabcd);
        let ids: Vec<String> = (0..KEPT as u32 + 2)
            .map(|number| jobs.keep(number))
            .collect();
        for (index, id) in ids.iter().enumerate() {
            match jobs.find(id) {
                Ok(kept) => assert_eq!(kept.job as usize, index),
                Err(why) => assert!(index < 2 && why == NoJob::Stale, "{index}"),
            }
        }
        let next = jobs.id(jobs.next_number());
        let zero = jobs.id(0);
        let others = Jobs::<u32, u32>::new(0xabce).keep(0);
        for unknown in [
            next.as_str(),
            &zero,
            &others,
            "",
            "1",
            "ä".repeat(9).as_str(),
        ] {
            assert_eq!(jobs.find(unknown).err(), Some(NoJob::Unknown), "{unknown}");
        }
        assert_eq!(
            jobs.find(&ids[3].to_uppercase()).err(),
            Some(NoJob::Unknown)
        );
        jobs.expire();
        assert_eq!(jobs.find(&ids[3]).err(), Some(NoJob::Stale));
    }

    #[test]
    fn a_share_counts_once_and_memory_is_bounded() {
        let mut jobs: Jobs<(), u32> = Jobs::new(1);
        let id = jobs.keep(());
        let kept = jobs.find(&id).expect("kept");
        assert!(kept.seen().note(1));
        assert!(!kept.seen().note(1));
        kept.seen().forget(&1);
        assert!(kept.seen().note(1));
        for share in 0..10_000 {
            kept.seen().note(share);
        }
        assert_eq!(kept.seen().shares().len(), REMEMBERED_SHARES);
    }
}
