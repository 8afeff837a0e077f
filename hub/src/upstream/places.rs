//! A pool gives all of the hub's connections one space of nonces together: each connection gets a place in it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gives out numbers from 0 on, the lowest free one first, so that they fit into as few bits as there are connections.
#[derive(Debug, Default)]
pub struct Places(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    /// So many were given out at some time.
    count: u32,
    /// Those that were given back.
    free: BTreeSet<u32>,
}

/// A number that nobody else has; given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u32,
}

impl Places {
    /// The lowest free number.
    pub fn take(self: &Arc<Self>) -> Place {
        let mut taken = self.taken();
        let number = taken.free.pop_first().unwrap_or_else(|| {
            taken.count += 1;
            taken.count - 1
        });
        Place {
            places: Arc::clone(self),
            number,
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The number.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().free.insert(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let places = Arc::new(Places::default());
        let mut taken: Vec<Place> = (0..5).map(|_| places.take()).collect();
        let numbers: Vec<u32> = taken.iter().map(Place::number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        drop(taken.remove(3));
        drop(taken.remove(1));
        assert_eq!(places.take().number(), 1);
        taken.push(places.take());
        assert_eq!(taken.last().map(Place::number), Some(1), "given back again");
        assert_eq!([places.take(), places.take()].map(|p| p.number()), [3, 5]);
    }
}
