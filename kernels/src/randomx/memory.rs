//! The memory that machines share: a cache (light) or a dataset (fast) made from a key.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::binding::{self, Cache, Dataset, EmptyCache, Flags, Machine, Storage};
use crate::pages::{self, Pages};

/// How many dataset items a thread computes before it looks whether it should go on: 1 MiB, some 30 ms.
const ITEMS_AT_ONCE: u64 = 1 << 14;

/// How much memory is spent on speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 256 MiB: enough to check hashes.
    Light,
    /// 2.1 GiB: about ten times as fast, after a minute of CPU time to build the dataset.
    Fast,
}

/// Why the memory could not be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The system gave no memory.
    #[error("the system gave no memory for RandomX's {what}, {size} MiB")]
    Allocation {
        /// What it was for.
        what: &'static str,
        /// How much, in MiB.
        size: u64,
    },
    /// The caller no longer wanted it.
    #[error("preparing RandomX's memory was cancelled")]
    Cancelled,
}

/// Filled memory, ready for any number of machines. It is freed with its last user.
#[derive(Clone)]
pub struct Memory {
    storage: Arc<Storage>,
    key: Vec<u8>,
    mode: Mode,
    pages: Pages,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("key", &hex::encode(&self.key))
            .field("mode", &self.mode)
            .field("pages", &self.pages)
            .finish()
    }
}

impl Memory {
    /// Prepares the memory of a key with `threads` threads (at least one) of its own. `progress` is called from
    /// any of them with how many parts are done and how many there are; setting `cancel` ends it within a
    /// fraction of a second. Callers that have threads use [`Builder`].
    ///
    /// # Errors
    /// If there is not enough memory, or it was cancelled.
    pub fn prepare(
        key: &[u8],
        mode: Mode,
        threads: usize,
        progress: &(dyn Fn(u64, u64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<Self, MemoryError> {
        let builder = Builder::new(key, mode)?;
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| builder.work(progress, cancel));
            }
            builder.work(progress, cancel);
        });
        builder.finish()
    }

    /// The key it was made from.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Light or fast.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// In which kind of pages it lies.
    pub fn pages(&self) -> Pages {
        self.pages
    }

    /// A machine on this memory, the fastest that the system allows.
    pub(super) fn machine(&self) -> Result<Machine, MemoryError> {
        let base = Flags::recommended().without(Flags::JIT | Flags::SECURE);
        let paged: &[Flags] = match self.pages {
            Pages::Large => &[Flags::LARGE_PAGES, Flags::DEFAULT],
            Pages::Small | Pages::Transparent => &[Flags::DEFAULT],
        };
        for jit in binding::ways_to_run() {
            for pages in paged {
                if let Some(machine) = Machine::create(base | *jit | *pages, &self.storage) {
                    if !jit.has(Flags::JIT) {
                        tracing::warn!("RandomX runs without its compiler, many times slower");
                    }
                    return Ok(machine);
                }
            }
        }
        Err(MemoryError::Allocation {
            what: "scratchpad",
            size: 2,
        })
    }
}

/// Memory in the making. Any number of threads may [`Builder::work`] on it at once.
pub struct Builder {
    key: Vec<u8>,
    cache: Cache,
    cache_pages: Pages,
    /// The dataset in fast mode, and whether it lies in large pages.
    dataset: Option<(Dataset, bool)>,
    next: AtomicU64,
    done: AtomicU64,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("key", &hex::encode(&self.key))
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Allocates the memory and fills the cache, which takes half a second.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn new(key: &[u8], mode: Mode) -> Result<Self, MemoryError> {
        let dataset = match mode {
            Mode::Light => None,
            Mode::Fast => Some(allocate_dataset()?),
        };
        let (cache, large) = allocate_cache()?;
        let cache = cache.fill(key);
        let cache_pages = if large {
            Pages::Large
        } else {
            pages::granted(cache.region())
        };
        Ok(Self {
            key: key.to_vec(),
            cache,
            cache_pages,
            dataset,
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
        })
    }

    /// How many parts are done, and how many there are: dataset items, or 1 in light mode.
    pub fn progress(&self) -> (u64, u64) {
        let total = match self.dataset {
            Some(_) => Dataset::item_count(),
            None => 1,
        };
        (self.done.load(Ordering::Acquire).min(total), total)
    }

    /// Computes parts on this thread until none is left or `cancel` is set. Other threads may still be at theirs
    /// when it returns.
    pub fn work(&self, progress: &(dyn Fn(u64, u64) + Sync), cancel: &AtomicBool) {
        let total = self.progress().1;
        while !cancel.load(Ordering::Relaxed) {
            let start = self.next.fetch_add(ITEMS_AT_ONCE, Ordering::Relaxed);
            if start >= total {
                return;
            }
            let count = ITEMS_AT_ONCE.min(total - start);
            if let Some((dataset, _)) = &self.dataset {
                fill(dataset, &self.cache, start, count);
            }
            let done = self.done.fetch_add(count, Ordering::AcqRel) + count;
            progress(done, total);
        }
    }

    /// The memory, once every thread has returned from [`Builder::work`].
    ///
    /// # Errors
    /// If parts are missing because the work was cancelled.
    pub fn finish(self) -> Result<Memory, MemoryError> {
        let (done, total) = self.progress();
        if done < total {
            return Err(MemoryError::Cancelled);
        }
        let (storage, mode, pages) = match self.dataset {
            None => (Storage::Cache(self.cache), Mode::Light, self.cache_pages),
            Some((dataset, large)) => {
                let pages = if large {
                    Pages::Large
                } else {
                    pages::granted(dataset.region())
                };
                (Storage::Dataset(dataset), Mode::Fast, pages)
            }
        };
        tracing::info!(%pages, mode = ?mode, "RandomX memory is ready");
        Ok(Memory {
            storage: Arc::new(storage),
            key: self.key,
            mode,
            pages,
        })
    }
}

/// Fills items that a counter gave to this thread alone.
#[allow(unsafe_code)]
fn fill(dataset: &Dataset, cache: &Cache, start: u64, count: u64) {
    // SAFETY: `start` came from an atomic counter that moves on by at least `count`, so no other thread has these
    // items; machines read the dataset only after `finish`, which owns the builder and so outlives all work.
    unsafe { dataset.fill(cache, start, count) };
}

fn allocate_cache() -> Result<(EmptyCache, bool), MemoryError> {
    let recommended = Flags::recommended();
    // The cache's own code is written once and then made executable: never both at the same time.
    let jit = binding::ways_to_run()
        .iter()
        .any(|flags| flags.has(Flags::JIT));
    let flags = if jit {
        recommended
    } else {
        recommended.without(Flags::JIT)
    };
    if let Some(cache) = EmptyCache::allocate(flags | Flags::LARGE_PAGES) {
        return Ok((cache, true));
    }
    let cache = EmptyCache::allocate(flags)
        .or_else(|| EmptyCache::allocate(flags.without(Flags::JIT)))
        .ok_or(MemoryError::Allocation {
            what: "cache",
            size: 256,
        })?;
    pages::advise_huge_pages(cache.region());
    Ok((cache, false))
}

fn allocate_dataset() -> Result<(Dataset, bool), MemoryError> {
    if let Some(dataset) = Dataset::allocate(Flags::LARGE_PAGES) {
        return Ok((dataset, true));
    }
    let dataset = Dataset::allocate(Flags::DEFAULT).ok_or(MemoryError::Allocation {
        what: "dataset",
        size: (Dataset::item_count() * 64) >> 20,
    })?;
    pages::advise_huge_pages(dataset.region());
    Ok((dataset, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_ends_the_build_early() {
        let cancel = AtomicBool::new(false);
        let seen = AtomicU64::new(0);
        let result = Memory::prepare(
            b"cancelled",
            Mode::Fast,
            2,
            &|done, total| {
                assert!(done <= total);
                seen.fetch_max(done, Ordering::Relaxed);
                cancel.store(true, Ordering::Relaxed);
            },
            &cancel,
        );
        assert_eq!(result.map(|_| ()), Err(MemoryError::Cancelled));
        let seen = seen.into_inner();
        assert!(seen > 0 && seen <= 2 * ITEMS_AT_ONCE, "{seen} items");
    }

    #[test]
    fn light_memory_says_what_it_is() {
        let memory = Memory::prepare(
            b"light",
            Mode::Light,
            1,
            &|done, total| assert_eq!((done, total), (1, 1)),
            &AtomicBool::new(false),
        )
        .expect("256 MiB");
        assert_eq!((memory.key(), memory.mode()), (&b"light"[..], Mode::Light));
        let huge_pages = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        if huge_pages.is_ok_and(|modes| !modes.contains("[never]")) {
            assert_ne!(memory.pages(), Pages::Small);
        }
    }
}
