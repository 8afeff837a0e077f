//! The numbers of connections, which are in every job's extranonce: no two connections that are open have the same, also
//! of different replicas of the hub, so no two miners ever hash the same.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bits that count connections; the replica's number is above them.
const COUNTER_BITS: u32 = 24;
const COUNTERS: u32 = 1 << COUNTER_BITS;

/// Gives out the numbers of this hub.
#[derive(Debug)]
pub struct Numbers(Mutex<State>);

#[derive(Debug)]
struct State {
    next: u32,
    /// How many there are.
    counters: u32,
    in_use: HashSet<u32>,
}

/// A connection's number; given back when dropped.
#[derive(Debug)]
pub struct Number {
    numbers: Arc<Numbers>,
    replica: u8,
    counter: u32,
}

impl Numbers {
    /// `start` is where the counter begins, of which 24 bits are taken.
    pub fn new(start: u32) -> Arc<Self> {
        Arc::new(Numbers(Mutex::new(State {
            next: start % COUNTERS,
            counters: COUNTERS,
            in_use: HashSet::new(),
        })))
    }

    /// A number of this replica that no open connection has; `None` if all are taken. Numbers that were given back are not given out
    /// again before all others were.
    pub fn take(self: &Arc<Self>, replica: u8) -> Option<Number> {
        let mut state = self.state();
        if state.in_use.len() >= state.counters as usize {
            return None;
        }
        loop {
            let counter = state.next;
            state.next = (counter + 1) % state.counters;
            if state.in_use.insert(counter) {
                let numbers = Arc::clone(self);
                return Some(Number {
                    numbers,
                    replica,
                    counter,
                });
            }
        }
    }

    /// How many are taken.
    pub fn in_use(&self) -> usize {
        self.state().in_use.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Number {
    /// The whole number: the replica's above the counter.
    pub fn get(&self) -> u32 {
        u32::from(self.replica) << COUNTER_BITS | self.counter
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.numbers.state().in_use.remove(&self.counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_wraps_within_its_bits_and_passes_by_what_is_in_use() {
        let numbers = Numbers::new(u32::MAX - 1);
        let take = || numbers.take(0xab).expect("free");
        let (first, second, third) = (take(), take(), take());
        let all = [&first, &second, &third].map(Number::get);
        assert_eq!(all, [0xabff_fffe, 0xabff_ffff, 0xab00_0000]);
        drop(second);
        numbers.state().next = COUNTERS - 2;
        assert_eq!(take().get(), 0xabff_ffff, "the first is in use");
        let next = take();
        assert_eq!(next.get(), 0xab00_0001, "the third is in use");
        assert_eq!(numbers.in_use(), 3);
    }

    #[test]
    fn replicas_have_numbers_of_their_own() {
        let of = |replica| Numbers::new(7).take(replica).expect("free").get();
        assert_ne!(of(0), of(1));
        assert_eq!(of(0), 7);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let numbers = Numbers::new(0);
        numbers.state().counters = 5;
        let mut taken: Vec<Number> = (0..5).map_while(|_| numbers.take(0)).collect();
        assert_eq!(taken.len(), 5);
        assert!(numbers.take(0).is_none());
        taken.remove(3);
        assert_eq!(numbers.take(0).expect("the one").get(), 3);
    }
}
