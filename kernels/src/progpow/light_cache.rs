//! The light cache of an epoch, and the dataset items that are made of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::epoch::Epoch;
use super::keccak::{keccak512, keccak512_of_seed};
use super::lines::{Item, Lines, WORDS_AN_ITEM};
use super::processor::{Work, prefetch, run};
use super::random::fnv1;

/// Items of 64 bytes an entry.
pub(super) const ITEMS_AN_ENTRY: usize = 4;
/// Words of the cache that programs read: the first 16 KiB of the dataset.
pub const CACHE_WORDS: usize = 4_096;
/// How often the cache is gone through after it was filled.
const PASSES: u32 = 3;

/// An entry of the dataset: the 256 bytes that a search reads at once.
pub type Entry = [Item; ITEMS_AN_ENTRY];

/// The preparation was called off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the light cache is no longer wanted")]
pub struct Cancelled;

/// Everything that is needed to verify, and of which the dataset is made.
pub struct LightCache {
    epoch: Epoch,
    choices: u32,
    lines: Lines,
    remainder: Remainder,
    words: Box<[u32; CACHE_WORDS]>,
}

impl fmt::Debug for LightCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LightCache").field(&self.epoch).finish()
    }
}

impl LightCache {
    /// Builds it, which takes seconds of one processor: each item depends on the one before. Progress is told in
    /// items, of all passes together.
    ///
    /// # Errors
    /// If it is called off meanwhile.
    pub fn build(
        epoch: Epoch,
        progress: &dyn Fn(u64, u64),
        cancel: &AtomicBool,
    ) -> Result<Self, Cancelled> {
        let count = epoch.cache_items();
        let total = u64::from(count) * u64::from(PASSES + 1);
        let told = |pass: u32, index: u32| {
            if index.is_multiple_of(1 << 12) {
                progress(u64::from(pass) * u64::from(count) + u64::from(index), total);
                if cancel.load(Ordering::Relaxed) {
                    return Err(Cancelled);
                }
            }
            Ok(())
        };
        let mut lines = Lines::zeroed(count as usize);
        let items = lines.items_mut();
        let mut last = keccak512_of_seed(&epoch.seed_hash());
        for index in 0..count {
            told(0, index)?;
            if index > 0 {
                last = keccak512(&last);
            }
            items[index as usize] = last;
        }
        let remainder = Remainder::new(count);
        for pass in 0..PASSES {
            for index in 0..count {
                told(pass + 1, index)?;
                let next = items[remainder.of(index + 1) as usize][0];
                prefetch(&items[remainder.of(next) as usize]);
                let other = items[remainder.of(items[index as usize][0]) as usize];
                let mixed = std::array::from_fn(|word| other[word] ^ last[word]);
                last = keccak512(&mixed);
                items[index as usize] = last;
            }
        }
        let mut cache = LightCache {
            epoch,
            choices: epoch.choices(),
            lines,
            remainder,
            words: Box::new([0; CACHE_WORDS]),
        };
        let mut words = [0; CACHE_WORDS];
        for (index, chunk) in words.chunks_exact_mut(64).enumerate() {
            chunk.copy_from_slice(cache.entry(index as u32).as_flattened());
        }
        cache.words = Box::new(words);
        progress(total, total);
        Ok(cache)
    }

    /// The bytes of memory that an epoch's light cache takes.
    pub fn bytes(epoch: &Epoch) -> u64 {
        epoch.cache_bytes() + size_of::<[u32; CACHE_WORDS]>() as u64
    }

    /// Whose it is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// How many places of the dataset a round chooses from.
    pub fn choices(&self) -> u32 {
        self.choices
    }

    /// The items, for whoever makes the dataset of them.
    pub fn items(&self) -> &[Item] {
        self.lines.items()
    }

    /// The words that programs read.
    pub fn words(&self) -> &[u32; CACHE_WORDS] {
        &self.words
    }

    /// An entry of the dataset.
    pub fn entry(&self, index: u32) -> Entry {
        let first = index * ITEMS_AN_ENTRY as u32;
        self.dataset_items(std::array::from_fn(|at| first + at as u32))
    }

    /// Items of the dataset, made side by side: each waits for memory most of the time.
    pub(super) fn dataset_items<const N: usize>(&self, indexes: [u32; N]) -> [Item; N] {
        let cache = self.lines.items();
        let mut items: [Item; N] = indexes.map(|index| {
            let mut item = cache[self.remainder.of(index) as usize];
            item[0] ^= index;
            keccak512(&item)
        });
        run(Mix {
            cache,
            remainder: self.remainder,
            parents: self.epoch.parameters.parents,
            indexes: &indexes,
            items: &mut items,
        });
        items.map(|item| keccak512(&item))
    }
}

/// Mixes the parents into items. The loops are written out plainly over arrays of known length, which the compiler
/// turns into vector instructions.
struct Mix<'a, const N: usize> {
    cache: &'a [Item],
    remainder: Remainder,
    parents: u32,
    indexes: &'a [u32; N],
    items: &'a mut [Item; N],
}

impl<const N: usize> Work for Mix<'_, N> {
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "loops over known lengths become vector code"
    )]
    fn run(self) {
        // A copy, of which the compiler sees that nothing else points there.
        let mut items = *self.items;
        for parent in 0..self.parents {
            for at in 0..N {
                let own = items[at][parent as usize % WORDS_AN_ITEM];
                let chosen = fnv1(self.indexes[at] ^ parent, own);
                let other = &self.cache[self.remainder.of(chosen) as usize];
                for word in 0..WORDS_AN_ITEM {
                    items[at][word] = fnv1(items[at][word], other[word]);
                }
            }
        }
        *self.items = items;
    }
}

/// Remainders by a fixed number above 1 without dividing (Lemire, Kaser, Kurz 2019).
#[derive(Clone, Copy, Debug)]
struct Remainder {
    by: u32,
    inverse: u64,
}

impl Remainder {
    fn new(by: u32) -> Self {
        Remainder {
            by,
            inverse: u64::MAX / u64::from(by) + 1,
        }
    }

    #[inline(always)]
    fn of(self, number: u32) -> u32 {
        let fraction = self.inverse.wrapping_mul(u64::from(number));
        ((u128::from(fraction) * u128::from(self.by)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::progpow::vectors::light_cache;
    use crate::progpow::{KAWPOW, KAWPOW_TEST, PROGPOWZ};

    proptest! {
        #[test]
        fn remainders_are_those_of_dividing(by in 2u32.., number: u32) {
            prop_assert_eq!(Remainder::new(by).of(number), number % by);
        }

        #[test]
        fn remainders_by_the_sizes_of_caches(epoch in 0u32..2_000, number: u32) {
            for parameters in [&KAWPOW, &PROGPOWZ, &KAWPOW_TEST] {
                let by = Epoch { parameters, number: epoch }.cache_items();
                for number in [number, u32::MAX, by - 1, by, 0] {
                    prop_assert_eq!(Remainder::new(by).of(number), number % by);
                }
            }
        }

        #[test]
        fn extensions_of_the_processor_change_nothing(first: u32, own: [u32; 16]) {
            let cache = light_cache(&KAWPOW_TEST, 0);
            let (mut with, mut without) = ([own; 4], [own; 4]);
            let indexes = [first, first ^ 1, first ^ 2, first ^ 3];
            let mix = |items| Mix {
                cache: cache.items(),
                remainder: cache.remainder,
                parents: 64,
                indexes: &indexes,
                items,
            };
            run(mix(&mut with));
            mix(&mut without).run();
            prop_assert_eq!(with, without);
        }
    }

    #[test]
    fn building_tells_how_far_it_is_and_can_be_called_off() {
        let epoch = Epoch::of_height(&KAWPOW_TEST, 0).expect("the first");
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |done, total| told.borrow_mut().push((done, total));
        LightCache::build(epoch, &tell, &AtomicBool::new(false)).expect("wanted");
        let total = u64::from(epoch.cache_items()) * 4;
        let told = told.into_inner();
        assert!(told.is_sorted() && told.iter().all(|(_, of)| *of == total));
        assert_eq!(told.last(), Some(&(total, total)));
        let cancelled = LightCache::build(epoch, &|_, _| {}, &AtomicBool::new(true));
        assert_eq!(cancelled.err(), Some(Cancelled));
    }
}
