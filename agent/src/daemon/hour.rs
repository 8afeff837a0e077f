//! What each processor did in the last hour: one value every ten seconds, in memory only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::{ProcessorId, ProcessorState};

/// How far the values are apart.
pub const EVERY: Duration = Duration::from_secs(10);
/// How many make an hour.
pub const LENGTH: usize = 360;

/// The last hour. A processor that came later has fewer values.
#[derive(Default)]
pub struct Hour(Mutex<Values>);

#[derive(Default)]
struct Values {
    count: u64,
    rates: BTreeMap<ProcessorId, VecDeque<f64>>,
}

impl Hour {
    /// Adds what the processors do now.
    pub fn add(&self, states: &[ProcessorState]) {
        let mut values = self.values();
        values.count += 1;
        let known = |id: &ProcessorId| states.iter().any(|state| state.id == *id);
        values.rates.retain(|id, _| known(id));
        for state in states {
            let rates = values.rates.entry(state.id.clone()).or_default();
            rates.push_back(state.rate);
            if rates.len() > LENGTH {
                rates.pop_front();
            }
        }
    }

    /// The hashes a second of one processor, oldest first.
    pub fn rates(&self, processor: &str) -> Vec<f64> {
        let values = self.values();
        let known = values.rates.iter().find(|(id, _)| id.as_str() == processor);
        known.map_or_else(Vec::new, |(_, rates)| rates.iter().copied().collect())
    }

    /// How many times something was added, and each processor's newest value.
    pub fn newest(&self) -> (u64, Vec<(String, f64)>) {
        let values = self.values();
        let newest = values.rates.iter().filter_map(|(id, rates)| {
            let rate = rates.back().copied()?;
            Some((id.to_string(), rate))
        });
        (values.count, newest.collect())
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
