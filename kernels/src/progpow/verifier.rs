//! Hashes of single nonces, for whoever checks shares: the light caches of several epochs in bounded memory.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::epoch::{Epoch, HeightError};
use super::hash::{Attempt, Hash, hash, hash_many};
use super::light_cache::LightCache;
use super::parameters::Parameters;
use super::program::Program;

/// Checks shares of any member of the family, from any number of threads at once.
///
/// An epoch's light cache (KawPow's have some 94 MiB in 2026) is built when it is first needed, by one thread, while
/// others that need it wait; then it stays until the bound asks for its room. No lock is held while a cache is built
/// or a hash computed.
pub struct Verifier {
    most_bytes: u64,
    /// Those to be found, the most recently used one last.
    shelf: Mutex<Vec<Arc<Held>>>,
    room: Arc<Room>,
}

/// The bytes of all caches that are there, being built, or taken off the shelf and still in use.
#[derive(Default)]
struct Room {
    used: Mutex<u64>,
    freed: Condvar,
}

/// A light cache that counts towards the bound for as long as anybody has it.
struct Held {
    epoch: Epoch,
    bytes: u64,
    /// Empty until the first user has built it.
    cache: OnceLock<LightCache>,
    room: Arc<Room>,
}

impl Held {
    fn cache(&self) -> &LightCache {
        self.cache.get_or_init(|| {
            LightCache::build(self.epoch, &|_, _| {}, &AtomicBool::new(false))
                .unwrap_or_else(|_| unreachable!("nobody calls it off"))
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.cache.take());
        *locked(&self.room.used) -= self.bytes;
        self.room.freed.notify_all();
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("most_bytes", &self.most_bytes)
            .field("held_bytes", &self.held_bytes())
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier whose light caches together have at most so many bytes, those in use included; a single cache is
    /// allowed to have more. Where more epochs are in use at once than fit, they wait for each other's room and are
    /// built again each time, so leave room for two epochs of each coin.
    pub fn new(most_bytes: u64) -> Self {
        Verifier {
            most_bytes,
            shelf: Mutex::default(),
            room: Arc::default(),
        }
    }

    /// The hash of a header and a nonce: milliseconds if the epoch is there, else seconds more.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn hash(
        &self,
        parameters: &'static Parameters,
        height: u64,
        header: &[u8; 32],
        nonce: u64,
    ) -> Result<Hash, HeightError> {
        let held = self.held(Epoch::of_height(parameters, height)?);
        let program = Program::of_period(parameters, parameters.period_of(height));
        Ok(hash(held.cache(), &program, header, nonce))
    }

    /// The hashes of several attempts at one height, in their order. They take less time together than one by one:
    /// four side by side are done in little more than the time of one.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn hash_many(
        &self,
        parameters: &'static Parameters,
        height: u64,
        attempts: &[Attempt],
    ) -> Result<Vec<Hash>, HeightError> {
        let held = self.held(Epoch::of_height(parameters, height)?);
        let program = Program::of_period(parameters, parameters.period_of(height));
        Ok(hash_many(held.cache(), &program, attempts))
    }

    /// Sees to it that the epoch of a height is there; returns when it is.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn prepare(&self, parameters: &'static Parameters, height: u64) -> Result<(), HeightError> {
        self.held(Epoch::of_height(parameters, height)?).cache();
        Ok(())
    }

    /// Gives everything back; what is in use goes when its user is done.
    pub fn release(&self) {
        let unused = std::mem::take(&mut *locked(&self.shelf));
        drop(unused);
    }

    /// The bytes of all light caches that are there, in use or being built.
    pub fn held_bytes(&self) -> u64 {
        *locked(&self.room.used)
    }

    /// The place of an epoch, perhaps still empty; waits until there is room for it.
    fn held(&self, epoch: Epoch) -> Arc<Held> {
        loop {
            let mut shelf = locked(&self.shelf);
            if let Some(at) = shelf.iter().position(|held| held.epoch == epoch) {
                shelf[at..].rotate_left(1);
                return Arc::clone(&shelf[shelf.len() - 1]);
            }
            let bytes = LightCache::bytes(&epoch);
            let mut used = locked(&self.room.used);
            if *used == 0 || *used + bytes <= self.most_bytes {
                *used += bytes;
                let held = Arc::new(Held {
                    epoch,
                    bytes,
                    cache: OnceLock::new(),
                    room: Arc::clone(&self.room),
                });
                shelf.push(Arc::clone(&held));
                return held;
            }
            if shelf.is_empty() {
                // All is in use by others: each of them ends, and tells.
                drop(shelf);
                drop(
                    self.room
                        .freed
                        .wait(used)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            } else {
                drop(used);
                let oldest = shelf.remove(0);
                drop(shelf);
                // Gives its room back, for which it takes the room's lock, unless somebody uses it.
                drop(oldest);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::progpow::vectors::light_cache;
    use crate::progpow::{KAWPOW, KAWPOW_TEST, PROGPOWZ};

    const HEADER: [u8; 32] = [0x5a; 32];

    fn epoch(number: u32) -> Epoch {
        let parameters = &KAWPOW_TEST;
        Epoch { parameters, number }
    }

    fn first_height(number: u32) -> u64 {
        u64::from(number) * KAWPOW_TEST.epoch_length
    }

    /// The bytes of the largest one that the tests here use.
    fn bytes_of_one() -> u64 {
        LightCache::bytes(&epoch(9))
    }

    fn expected(number: u32, nonce: u64) -> Hash {
        let height = first_height(number);
        let program = Program::of_period(&KAWPOW_TEST, KAWPOW_TEST.period_of(height));
        hash(&light_cache(&KAWPOW_TEST, height), &program, &HEADER, nonce)
    }

    fn shelved(verifier: &Verifier) -> Vec<u32> {
        let shelf = locked(&verifier.shelf);
        shelf.iter().map(|held| held.epoch.number).collect()
    }

    #[test]
    fn hashes_are_those_of_the_epoch_and_period() {
        let verifier = Verifier::new(u64::MAX);
        for (number, nonce) in [(0, 1), (3, 2), (0, 3), (7, u64::MAX)] {
            let height = first_height(number);
            let found = verifier.hash(&KAWPOW_TEST, height, &HEADER, nonce);
            assert_eq!(found, Ok(expected(number, nonce)), "epoch {number}");
        }
        let last = first_height(4) - 1;
        let program = Program::of_period(&KAWPOW_TEST, last / KAWPOW_TEST.period);
        let direct = hash(&light_cache(&KAWPOW_TEST, last), &program, &HEADER, 5);
        let found = verifier.hash(&KAWPOW_TEST, last, &HEADER, 5);
        assert_eq!(found, Ok(direct));
    }

    #[test]
    fn coins_with_the_same_epoch_number_do_not_mix() {
        let verifier = Verifier::new(u64::MAX);
        for parameters in [&KAWPOW, &PROGPOWZ] {
            let program = Program::of_period(parameters, 0);
            let direct = hash(&light_cache(parameters, 0), &program, &HEADER, 9);
            assert_eq!(verifier.hash(parameters, 0, &HEADER, 9), Ok(direct));
        }
    }

    #[test]
    fn a_height_without_an_epoch_is_refused() {
        let verifier = Verifier::new(u64::MAX);
        let height = KAWPOW.last_height() + 1;
        let error = verifier
            .hash(&KAWPOW, height, &HEADER, 0)
            .expect_err("too high");
        assert_eq!((error.height, error.last), (height, height - 1));
        assert_eq!(verifier.prepare(&KAWPOW, height), Err(error));
        assert_eq!(verifier.held_bytes(), 0);
    }

    #[test]
    fn the_least_recently_used_one_goes_first() {
        let verifier = Verifier::new(3 * bytes_of_one());
        let prepare = |number| {
            let prepared = verifier.prepare(&KAWPOW_TEST, first_height(number));
            prepared.expect("an epoch");
            assert!(verifier.held_bytes() <= 3 * bytes_of_one());
        };
        (0..3).for_each(prepare);
        assert_eq!(shelved(&verifier), [0, 1, 2]);
        prepare(0);
        prepare(3);
        assert_eq!(shelved(&verifier), [2, 0, 3]);
        let held: u64 = [2, 0, 3].map(|n| LightCache::bytes(&epoch(n))).iter().sum();
        assert_eq!(verifier.held_bytes(), held);

        let in_use = verifier.held(epoch(0));
        verifier.release();
        assert_eq!(shelved(&verifier), [0; 0]);
        assert_eq!(verifier.held_bytes(), in_use.bytes);
        drop(in_use);
        assert_eq!(verifier.held_bytes(), 0);
    }

    #[test]
    fn one_fits_even_if_the_bound_is_nothing() {
        let verifier = Verifier::new(0);
        for number in [0, 1, 0] {
            let found = verifier.hash(&KAWPOW_TEST, first_height(number), &HEADER, 4);
            assert_eq!(found, Ok(expected(number, 4)));
            assert_eq!(verifier.held_bytes(), LightCache::bytes(&epoch(number)));
        }
    }

    #[test]
    fn many_threads_get_the_right_hashes_within_the_bound() {
        const EPOCHS: u32 = 5;
        let expected: Vec<Hash> = (0..EPOCHS).map(|number| expected(number, 6)).collect();
        for fitting in [1, 2] {
            let bound = fitting * bytes_of_one();
            let verifier = Verifier::new(bound);
            thread::scope(|scope| {
                for thread in 0..4 {
                    let (verifier, expected) = (&verifier, &expected);
                    scope.spawn(move || {
                        for step in 0..10 {
                            let number = (thread + step * (thread + 1)) % EPOCHS;
                            let height = first_height(number);
                            let found = verifier.hash(&KAWPOW_TEST, height, &HEADER, 6);
                            assert_eq!(found, Ok(expected[number as usize]));
                            assert!(verifier.held_bytes() <= bound);
                        }
                    });
                }
            });
            verifier.release();
            assert_eq!(verifier.held_bytes(), 0);
        }
    }

    #[test]
    fn an_epoch_is_built_once_for_all_who_wait_for_it() {
        let verifier = Verifier::new(u64::MAX);
        let together = Barrier::new(4);
        let addresses: Vec<usize> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        std::ptr::from_ref(verifier.held(epoch(2)).cache()).addr()
                    })
                })
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|address| address.expect("no panic")).collect()
        });
        assert!(addresses.iter().all(|address| *address == addresses[0]));
        assert_eq!(verifier.held_bytes(), LightCache::bytes(&epoch(2)));
    }

    #[test]
    fn others_hash_while_an_epoch_is_being_built() {
        let verifier = Verifier::new(u64::MAX);
        let (begun, has_begun) = mpsc::channel();
        let (finish, may_finish) = mpsc::channel();
        thread::scope(|scope| {
            let verifier = &verifier;
            scope.spawn(move || {
                let held = verifier.held(epoch(1));
                held.cache.get_or_init(|| {
                    begun.send(()).expect("awaited");
                    may_finish.recv().expect("sent below");
                    light_cache(&KAWPOW_TEST, first_height(1))
                });
            });
            has_begun.recv().expect("sent");
            let found = verifier.hash(&KAWPOW_TEST, 0, &HEADER, 7);
            assert_eq!(found, Ok(expected(0, 7)));
            assert!(verifier.held_bytes() > LightCache::bytes(&epoch(0)));
            finish.send(()).expect("awaited");
        });
    }
}
