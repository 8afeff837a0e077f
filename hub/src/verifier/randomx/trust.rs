//! Which devices may be checked by sample, and only while more shares come than can be verified.
//!
//! Shares are paid one by one, so an unverified one is a risk of the operator's. It is bounded like this. A device may
//! pass unchecked only after [`SHARES`] verified shares without a wrong one, and only with shares that are worth a
//! thousandth at most of what those were worth together. Even then each share is verified with a chance of one in
//! [`ONE_IN`], which the device cannot foresee, and at the latest after [`IN_A_ROW`] that were not. The first wrong one
//! found takes all trust away. So a device that turns to sending wrong shares gets (`ONE_IN` − 1) of them paid on
//! average, 0.3 % of what it had to earn for them, and never more than `IN_A_ROW` if it sends nothing else: 1.5 %. What
//! was not verified earns no trust. The record is kept in memory alone: after a restart all shares are verified.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use idlewatt_protocol::DeviceId;
use rand::RngExt;

/// Verified shares without a wrong one that make a good record.
pub const SHARES: u64 = 1_000;
/// A share that may pass is worth so small a part of the record, at most.
pub const PART: u64 = 1_000;
/// One of so many is verified all the same.
pub const ONE_IN: u32 = 4;
/// After so many unverified ones the next is verified.
pub const IN_A_ROW: u32 = 15;
/// How many devices' records are kept at most: who has none is verified.
const REMEMBERED: usize = 100_000;

/// What is known of a device since its last wrong share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    /// Shares that were verified.
    shares: u64,
    /// Hashes that they stand for.
    work: u64,
    /// Shares since then that were not.
    unverified: u32,
}

/// The records of all devices.
#[derive(Debug, Default)]
pub struct Trust {
    records: Mutex<HashMap<DeviceId, Record>>,
}

impl Trust {
    /// Notes what came of a share of `work` hashes that was verified.
    pub fn note(&self, device: &DeviceId, work: u64, right: bool) {
        let mut records = self.records();
        if !right {
            records.remove(device);
            return;
        }
        if records.len() >= REMEMBERED && !records.contains_key(device) {
            records.retain(|_, record| record.shares >= SHARES);
            if records.len() >= REMEMBERED {
                return;
            }
        }
        let record = records.entry(device.clone()).or_default();
        record.shares = record.shares.saturating_add(1);
        record.work = record.work.saturating_add(work);
        record.unverified = 0;
    }

    /// Whether a share of `work` hashes may pass unverified, this once.
    pub fn may_pass(&self, device: &DeviceId, work: u64) -> bool {
        let mut records = self.records();
        let Some(record) = records.get_mut(device) else {
            return false;
        };
        let good = record.shares >= SHARES && work <= record.work / PART;
        if !good || record.unverified >= IN_A_ROW || rand::rng().random_ratio(1, ONE_IN) {
            return false;
        }
        record.unverified += 1;
        true
    }

    fn records(&self) -> MutexGuard<'_, HashMap<DeviceId, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> (Trust, DeviceId) {
        let (trust, device) = (Trust::default(), DeviceId::random());
        for _ in 0..SHARES {
            assert!(!trust.may_pass(&device, 1), "not yet");
            trust.note(&device, 500, true);
        }
        (trust, device)
    }

    #[test]
    fn a_good_record_lets_some_pass_and_never_many_in_a_row() {
        let (trust, device) = trusted();
        let (mut passed, mut longest, mut row) = (0, 0, 0);
        for _ in 0..40_000 {
            if trust.may_pass(&device, 500) {
                passed += 1;
                row += 1;
                longest = longest.max(row);
            } else {
                trust.note(&device, 500, true);
                row = 0;
            }
        }
        assert!(longest <= IN_A_ROW, "{longest} in a row");
        // Three of four, less those that come after a long row; 10,000 would be thirteen deviations off.
        assert!((28_000..31_000).contains(&passed), "{passed} of 40,000");
    }

    #[test]
    fn one_wrong_share_takes_it_all() {
        let (trust, device) = trusted();
        trust.note(&device, 500, false);
        for _ in 0..SHARES {
            assert!(!trust.may_pass(&device, 1));
            trust.note(&device, 500, true);
        }
        assert!((0..100).any(|_| trust.may_pass(&device, 1)));
    }

    #[test]
    fn cheap_shares_buy_no_trust_for_dear_ones() {
        let (trust, device) = trusted();
        assert!((0..1_000).all(|_| !trust.may_pass(&device, 501)));
        assert!((0..1_000).all(|_| !trust.may_pass(&DeviceId::random(), 1)));
    }

    #[test]
    fn memory_is_bounded_and_good_records_are_kept() {
        let (trust, device) = trusted();
        for _ in 0..REMEMBERED {
            trust.note(&DeviceId::random(), 1, true);
        }
        assert!(trust.records().len() <= REMEMBERED);
        assert!(trust.records().contains_key(&device));
    }
}
