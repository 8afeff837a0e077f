//! The C interface of the reference library (`randomx.h`), and owners that release what they hold.

use std::ffi::{c_int, c_ulong, c_void};
use std::marker::PhantomData;
use std::ops::BitOr;
use std::ptr::{self, NonNull};
use std::sync::{Arc, OnceLock};

use super::system::{self, FloatState, Jit};
use crate::pages::Region;

// Links the static library: nothing else of the crate is used.
extern crate randomx_rs as _;

/// `randomx_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(c_int);

impl Flags {
    pub(super) const DEFAULT: Flags = Flags(0);
    pub(super) const LARGE_PAGES: Flags = Flags(1);
    pub(super) const FULL_MEMORY: Flags = Flags(4);
    pub(super) const JIT: Flags = Flags(8);
    pub(super) const SECURE: Flags = Flags(16);

    /// What the library recommends for this CPU: without pages, full memory and secure.
    pub(super) fn recommended() -> Flags {
        // SAFETY: takes nothing and only asks the CPU.
        Flags(unsafe { randomx_get_flags() })
    }

    pub(super) fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    pub(super) fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The ways to run programs on this system, the fastest first.
pub(super) fn ways_to_run() -> &'static [Flags] {
    const SECURE: Flags = Flags(Flags::JIT.0 | Flags::SECURE.0);
    static WAYS: OnceLock<&[Flags]> = OnceLock::new();
    WAYS.get_or_init(|| match system::probe_jit() {
        Jit::Free => &[Flags::JIT, SECURE, Flags::DEFAULT],
        Jit::Secure => &[SECURE, Flags::DEFAULT],
        Jit::Forbidden => &[Flags::DEFAULT],
    })
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

#[repr(C)]
struct RawCache {
    /// Both structs are asserted to be standard-layout in `dataset.hpp`, with `memory` first: the JIT code relies
    /// on it as well.
    memory: *mut u8,
    _rest: [u8; 0],
    _not_ours: PhantomData<*mut u8>,
}

#[repr(C)]
struct RawDataset {
    _opaque: [u8; 0],
    _not_ours: PhantomData<*mut u8>,
}

#[repr(C)]
struct RawMachine {
    _opaque: [u8; 0],
    _not_ours: PhantomData<*mut u8>,
}

unsafe extern "C" {
    fn randomx_get_flags() -> c_int;
    fn randomx_alloc_cache(flags: c_int) -> *mut RawCache;
    fn randomx_init_cache(cache: *mut RawCache, key: *const c_void, key_size: usize);
    fn randomx_release_cache(cache: *mut RawCache);
    fn randomx_alloc_dataset(flags: c_int) -> *mut RawDataset;
    fn randomx_dataset_item_count() -> c_ulong;
    fn randomx_init_dataset(
        dataset: *mut RawDataset,
        cache: *mut RawCache,
        start_item: c_ulong,
        item_count: c_ulong,
    );
    fn randomx_get_dataset_memory(dataset: *mut RawDataset) -> *mut c_void;
    fn randomx_release_dataset(dataset: *mut RawDataset);
    fn randomx_create_vm(
        flags: c_int,
        cache: *mut RawCache,
        dataset: *mut RawDataset,
    ) -> *mut RawMachine;
    fn randomx_destroy_vm(machine: *mut RawMachine);
    fn randomx_calculate_hash(
        machine: *mut RawMachine,
        input: *const c_void,
        input_size: usize,
        output: *mut c_void,
    );
    fn randomx_calculate_hash_first(
        machine: *mut RawMachine,
        input: *const c_void,
        input_size: usize,
    );
    fn randomx_calculate_hash_next(
        machine: *mut RawMachine,
        next_input: *const c_void,
        next_input_size: usize,
        output: *mut c_void,
    );
    fn randomx_calculate_hash_last(machine: *mut RawMachine, output: *mut c_void);
}

/// `RANDOMX_ARGON_MEMORY` KiB.
const CACHE_BYTES: usize = 256 << 20;
/// `RANDOMX_DATASET_ITEM_SIZE`.
const ITEM_BYTES: usize = 64;

/// A cache, allocated but not filled.
pub(super) struct EmptyCache(Cache);

impl EmptyCache {
    /// `None` if the memory or the flags are not to be had.
    pub(super) fn allocate(flags: Flags) -> Option<Self> {
        // SAFETY: any flags are allowed; the library answers NULL to what it cannot do.
        let raw = NonNull::new(unsafe { randomx_alloc_cache(flags.0) })?;
        Some(Self(Cache { raw }))
    }

    /// Where it lies.
    pub(super) fn region(&self) -> Region {
        self.0.region()
    }

    /// Fills it from the key; half a second of one thread.
    pub(super) fn fill(self, key: &[u8]) -> Cache {
        // SAFETY: the cache is allocated and ours alone; the key is valid for its length.
        unsafe { randomx_init_cache(self.0.raw.as_ptr(), key.as_ptr().cast(), key.len()) };
        self.0
    }
}

/// A filled cache. It is only read from now on.
pub(super) struct Cache {
    raw: NonNull<RawCache>,
}

// SAFETY: after filling, the library only reads caches, and hands none of their contents out.
unsafe impl Send for Cache {}
// SAFETY: as above.
unsafe impl Sync for Cache {}

impl Cache {
    pub(super) fn region(&self) -> Region {
        // SAFETY: `raw` points to a live cache, whose first member is `memory` (see `RawCache`).
        let memory = unsafe { (*self.raw.as_ptr()).memory };
        Region::new(memory.addr(), CACHE_BYTES)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `randomx_alloc_cache` and is released once; machines hold an `Arc` to it.
        unsafe { randomx_release_cache(self.raw.as_ptr()) };
    }
}

/// A dataset's memory. Its items may be computed by several threads at once.
pub(super) struct Dataset {
    raw: NonNull<RawDataset>,
}

// SAFETY: the library writes only the items it is asked for, and `fill` is told by its callers to keep those
// apart; machines only read.
unsafe impl Send for Dataset {}
// SAFETY: as above.
unsafe impl Sync for Dataset {}

impl Dataset {
    /// `None` if the memory is not to be had. Flags other than [`Flags::LARGE_PAGES`] have no effect.
    pub(super) fn allocate(flags: Flags) -> Option<Self> {
        // SAFETY: any flags are allowed; the library answers NULL to what it cannot do.
        let raw = NonNull::new(unsafe { randomx_alloc_dataset(flags.0) })?;
        Some(Self { raw })
    }

    /// How many items a dataset has.
    pub(super) fn item_count() -> u64 {
        // SAFETY: returns a constant.
        let count = unsafe { randomx_dataset_item_count() };
        #[allow(clippy::useless_conversion)] // 32 bits on Windows
        u64::from(count)
    }

    pub(super) fn region(&self) -> Region {
        // SAFETY: `raw` points to a live dataset.
        let memory = unsafe { randomx_get_dataset_memory(self.raw.as_ptr()) };
        Region::new(memory.addr(), Self::item_count() as usize * ITEM_BYTES)
    }

    /// Computes `count` items from `start` on.
    ///
    /// # Safety
    /// No other thread may be computing or reading any of these items.
    ///
    /// # Panics
    /// If the items lie beyond the dataset's end.
    pub(super) unsafe fn fill(&self, cache: &Cache, start: u64, count: u64) {
        let end = start.checked_add(count).expect("item numbers are small");
        assert!(end <= Self::item_count(), "items beyond the dataset");
        // SAFETY: both objects are live, the range was checked, and the caller keeps others away from it.
        unsafe {
            randomx_init_dataset(
                self.raw.as_ptr(),
                cache.raw.as_ptr(),
                start as c_ulong,
                count as c_ulong,
            );
        }
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `randomx_alloc_dataset` and is released once; machines hold an `Arc` to it.
        unsafe { randomx_release_dataset(self.raw.as_ptr()) };
    }
}

/// What a machine reads.
pub(super) enum Storage {
    /// 256 MiB; items of the dataset are computed as they are needed.
    Cache(Cache),
    /// 2.1 GiB, all items filled.
    Dataset(Dataset),
}

/// A virtual machine with its scratchpad: computes one hash at a time.
pub(super) struct Machine {
    raw: NonNull<RawMachine>,
    /// Keeps what the machine points to alive.
    _storage: Arc<Storage>,
}

// SAFETY: a machine has no ties to the thread that made it.
unsafe impl Send for Machine {}

impl Machine {
    /// `None` if the scratchpad or the flags are not to be had.
    pub(super) fn create(flags: Flags, storage: &Arc<Storage>) -> Option<Self> {
        let (flags, cache, dataset) = match storage.as_ref() {
            Storage::Cache(cache) => (
                flags.without(Flags::FULL_MEMORY),
                cache.raw.as_ptr(),
                ptr::null_mut(),
            ),
            Storage::Dataset(dataset) => (
                flags | Flags::FULL_MEMORY,
                ptr::null_mut(),
                dataset.raw.as_ptr(),
            ),
        };
        // SAFETY: what the flags ask for is there, filled, and kept alive by `_storage`.
        let raw = NonNull::new(unsafe { randomx_create_vm(flags.0, cache, dataset) })?;
        Some(Self {
            raw,
            _storage: storage.clone(),
        })
    }

    /// The hash of an input.
    pub(super) fn hash(&mut self, input: &[u8]) -> [u8; 32] {
        let mut output = [0; 32];
        // SAFETY: the machine is live and ours alone, the input valid for its length, the output 32 bytes.
        unsafe {
            randomx_calculate_hash(
                self.raw.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
            );
        }
        output
    }

    /// Hashes inputs one after the other, each overlapped with the start of the next: `prepare` writes input
    /// number `index` into the buffer, `finished` is given its digest.
    pub(super) fn hash_each(
        &mut self,
        count: u32,
        input: &mut [u8],
        mut prepare: impl FnMut(u32, &mut [u8]),
        mut finished: impl FnMut(u32, [u8; 32]),
    ) {
        let Some(last) = count.checked_sub(1) else {
            return;
        };
        let _rounding = FloatState::save();
        let mut output = [0; 32];
        prepare(0, input);
        // SAFETY: here and below the machine is live and ours alone, the input valid for its length (the library
        // does not keep it), the output 32 bytes; `next` and `last` follow a `first`.
        unsafe {
            randomx_calculate_hash_first(self.raw.as_ptr(), input.as_ptr().cast(), input.len());
        }
        for index in 0..last {
            prepare(index + 1, input);
            // SAFETY: as above.
            unsafe {
                randomx_calculate_hash_next(
                    self.raw.as_ptr(),
                    input.as_ptr().cast(),
                    input.len(),
                    output.as_mut_ptr().cast(),
                );
            }
            finished(index, output);
        }
        // SAFETY: as above.
        unsafe { randomx_calculate_hash_last(self.raw.as_ptr(), output.as_mut_ptr().cast()) };
        finished(last, output);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: `raw` came from `randomx_create_vm` and is destroyed once.
        unsafe { randomx_destroy_vm(self.raw.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashing_leaves_the_rounding_as_it_was() {
        let rounding = || FloatState::save().rounding();
        let before = rounding();
        let cache = EmptyCache::allocate(Flags::recommended())
            .expect("256 MiB")
            .fill(b"rounding");
        let storage = Arc::new(Storage::Cache(cache));
        let mut machine = Machine::create(Flags::recommended(), &storage).expect("2 MiB");
        let mut input = [0; 76];
        let mut digests = Vec::new();
        machine.hash_each(
            3,
            &mut input,
            |index, input| input[39] = index as u8,
            |_, digest| digests.push(digest),
        );
        assert_eq!(rounding(), before);
        for (index, digest) in digests.into_iter().enumerate() {
            input[39] = index as u8;
            assert_eq!(machine.hash(&input), digest);
        }
    }

    #[test]
    fn every_way_to_run_computes_the_same() {
        let flags = Flags::recommended().without(Flags::JIT);
        let cache = EmptyCache::allocate(flags | Flags::JIT).expect("256 MiB");
        let storage = Arc::new(Storage::Cache(cache.fill(b"test key 000")));
        for way in [Flags::JIT, Flags::JIT | Flags::SECURE, Flags::DEFAULT] {
            let mut machine = Machine::create(flags | way, &storage).expect("2 MiB");
            assert_eq!(
                hex::encode(machine.hash(b"This is a test")),
                "639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f",
                "{way:?}"
            );
        }
    }
}
