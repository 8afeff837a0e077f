//! RandomX: what pages are worth, `CpuSearch` against direct calls of the C library, the time that a dataset takes,
//! and the time that a check takes: `cargo bench --bench randomx`. It takes some minutes and 4.5 GiB.
//!
//! Each kind of pages is measured in a process of its own, since it is chosen for a whole process.

use std::ffi::{c_int, c_ulong, c_void};
use std::process::Command;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use idlewatt_kernels::randomx::{CpuSearch, Memory, Mode, Verifier};
use idlewatt_kernels::{Batch, BatchInput, Search, Target};

const KEY: [u8; 32] = [0x42; 32];
const BLOB: [u8; 76] = [0x17; 76];
/// Where the nonce is in the blob.
const NONCE_OFFSET: usize = 39;
const HASHES_AT_ONCE: u32 = 64;
/// Candidates take turns, so that whatever else the machine does disturbs all alike.
const TURNS: usize = 7;
const TURN: Duration = Duration::from_secs(4);
/// Names the part that a child process measures.
const PART: &str = "IDLEWATT_BENCH_PART";

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    match std::env::var(PART).as_deref() {
        Ok("small") => {
            forbid_huge_pages();
            let memory = prepare().0;
            let searches = searches(&memory);
            let rates =
                (0..TURNS).map(|_| measure(|thread, nonce| search(&searches, thread, nonce)));
            println!("CpuSearch ({}): {}", memory.pages(), show(rates.collect()));
        }
        Ok("huge") => compare(),
        _ => {
            println!("RandomX, fast mode, {} threads", threads());
            for part in ["small", "huge"] {
                let mut child = Command::new(std::env::current_exe().expect("known"));
                child.arg("--bench").env(PART, part);
                let status = child.status().expect("starts");
                assert!(status.success(), "the part \"{part}\" failed");
            }
            verifier();
        }
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// Our dataset by all threads, and how long it took.
fn prepare() -> (Memory, Duration) {
    let begun = Instant::now();
    let never = AtomicBool::new(false);
    let memory = Memory::prepare(&KEY, Mode::Fast, threads(), &|_, _| {}, &never).expect("2.4 GiB");
    (memory, begun.elapsed())
}

/// A search for each thread.
fn searches(memory: &Memory) -> Vec<Mutex<CpuSearch>> {
    (0..threads())
        .map(|_| Mutex::new(CpuSearch::new(memory).expect("2 MiB")))
        .collect()
}

/// Hashes a second of all threads together, by the wall clock and by the CPU time that they got.
fn measure(hash: impl Fn(usize, u32) + Sync) -> (f64, f64) {
    let next = AtomicU64::new(0);
    let cpu = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads() {
            let (next, cpu, hash) = (&next, &cpu, &hash);
            scope.spawn(move || {
                let before = thread_time();
                while begun.elapsed() < TURN {
                    let batch = next.fetch_add(1, Ordering::Relaxed) as u32;
                    hash(thread, batch.wrapping_mul(HASHES_AT_ONCE));
                }
                let used = thread_time().saturating_sub(before);
                cpu.fetch_add(used.as_nanos() as u64, Ordering::Relaxed);
            });
        }
    });
    let hashes = next.load(Ordering::Relaxed) as f64 * f64::from(HASHES_AT_ONCE);
    (
        hashes / begun.elapsed().as_secs_f64(),
        hashes / (cpu.load(Ordering::Relaxed) as f64 * 1e-9),
    )
}

fn search(searches: &[Mutex<CpuSearch>], thread: usize, first_nonce: u32) {
    let batch = Batch {
        job_id: "bench".into(),
        target: Target::IMPOSSIBLE,
        input: BatchInput::RandomX {
            blob: BLOB.as_slice().into(),
            nonce_offset: NONCE_OFFSET,
            seed_hash: KEY,
        },
        extranonce2: 0,
        first_nonce,
        step: 1,
        count: HASHES_AT_ONCE,
    };
    let mut search = searches[thread].lock().expect("no panic before");
    search.search(&batch).expect("the right key");
}

/// Median rates in words.
fn show(rates: Vec<(f64, f64)>) -> String {
    let (wall, cpu) = medians(&rates);
    format!("{wall:7.1} H/s, {cpu:6.1} H/s for each CPU second")
}

fn medians(rates: &[(f64, f64)]) -> (f64, f64) {
    let median = |pick: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rates.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (median(|rate| rate.0), median(|rate| rate.1))
}

/// Ours against the library, both on huge pages.
fn compare() {
    let (memory, all) = prepare();
    println!("dataset by all threads: {all:.1?}");
    let begun = Instant::now();
    let library = Library::prepare();
    println!("dataset by one thread:  {:.1?}", begun.elapsed());
    let searches = searches(&memory);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        theirs.push(measure(|thread, nonce| library.hash(thread, nonce)));
        ours.push(measure(|thread, nonce| search(&searches, thread, nonce)));
    }
    let ratio = medians(&ours).1 / medians(&theirs).1;
    println!("huge pages, direct calls of the library: {}", show(theirs));
    println!("huge pages, CpuSearch ({}): {}", memory.pages(), show(ours));
    println!("ratio for each CPU second: {ratio:.3}");
}

fn verifier() {
    let begun = Instant::now();
    let mut verifier = Verifier::new(&KEY).expect("256 MiB");
    println!("verifier, light mode: ready after {:.0?}", begun.elapsed());
    let begun = Instant::now();
    const CHECKS: u32 = 200;
    for index in 0..CHECKS {
        let mut blob = BLOB;
        blob[NONCE_OFFSET..NONCE_OFFSET + 4].copy_from_slice(&index.to_le_bytes());
        verifier.hash(&blob);
    }
    println!(
        "verifier, light mode: {:.2?} a check",
        begun.elapsed() / CHECKS
    );
}

unsafe extern "C" {
    fn randomx_get_flags() -> c_int;
    fn randomx_alloc_cache(flags: c_int) -> *mut c_void;
    fn randomx_init_cache(cache: *mut c_void, key: *const c_void, key_size: usize);
    fn randomx_release_cache(cache: *mut c_void);
    fn randomx_alloc_dataset(flags: c_int) -> *mut c_void;
    fn randomx_dataset_item_count() -> c_ulong;
    fn randomx_init_dataset(
        dataset: *mut c_void,
        cache: *mut c_void,
        start: c_ulong,
        count: c_ulong,
    );
    fn randomx_get_dataset_memory(dataset: *mut c_void) -> *mut c_void;
    fn randomx_create_vm(flags: c_int, cache: *mut c_void, dataset: *mut c_void) -> *mut c_void;
    fn randomx_calculate_hash_first(machine: *mut c_void, input: *const c_void, size: usize);
    fn randomx_calculate_hash_next(
        machine: *mut c_void,
        input: *const c_void,
        size: usize,
        output: *mut c_void,
    );
}

/// `RANDOMX_FLAG_FULL_MEM`.
const FULL_MEMORY: c_int = 4;

/// The C library as its own benchmark uses it: a machine for each thread, never stopping between hashes. It lives
/// until the process ends.
struct Library {
    machines: Vec<*mut c_void>,
}

// SAFETY: each machine is used by the one thread whose number it has.
unsafe impl Sync for Library {}

impl Library {
    fn prepare() -> Self {
        // SAFETY: the calls follow `randomx.h`: what they return is checked, the key is valid for its length, and
        // the machines' dataset is never released.
        unsafe {
            let flags = randomx_get_flags();
            let cache = randomx_alloc_cache(flags);
            let dataset = randomx_alloc_dataset(0);
            assert!(!cache.is_null() && !dataset.is_null(), "2.4 GiB");
            randomx_init_cache(cache, KEY.as_ptr().cast(), KEY.len());
            let items = randomx_dataset_item_count();
            want_huge_pages(randomx_get_dataset_memory(dataset), items as usize * 64);
            randomx_init_dataset(dataset, cache, 0, items);
            randomx_release_cache(cache);
            let machines = (0..threads())
                .map(|_| {
                    let machine = randomx_create_vm(flags | FULL_MEMORY, ptr::null_mut(), dataset);
                    assert!(!machine.is_null(), "2 MiB");
                    randomx_calculate_hash_first(machine, BLOB.as_ptr().cast(), BLOB.len());
                    machine
                })
                .collect();
            Self { machines }
        }
    }

    fn hash(&self, thread: usize, first_nonce: u32) {
        let mut blob = BLOB;
        let mut output = [0u8; 32];
        for index in 0..HASHES_AT_ONCE {
            let nonce = first_nonce.wrapping_add(index);
            blob[NONCE_OFFSET..NONCE_OFFSET + 4].copy_from_slice(&nonce.to_le_bytes());
            // SAFETY: the machine is live and begun, and no other thread uses it; the buffers are valid.
            unsafe {
                randomx_calculate_hash_next(
                    self.machines[thread],
                    blob.as_ptr().cast(),
                    blob.len(),
                    output.as_mut_ptr().cast(),
                );
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn want_huge_pages(memory: *mut c_void, length: usize) {
    const HUGE: usize = 2 << 20;
    let skip = memory.align_offset(HUGE);
    // SAFETY: advice on pages within one allocation.
    unsafe {
        let start = memory.byte_add(skip);
        libc::madvise(start, (length - skip) / HUGE * HUGE, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
fn want_huge_pages(_memory: *mut c_void, _length: usize) {}

#[cfg(target_os = "linux")]
fn forbid_huge_pages() {
    // SAFETY: a setting of this process, without pointers.
    let answer = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
    assert_eq!(answer, 0, "the system lets a process do without huge pages");
}

#[cfg(not(target_os = "linux"))]
fn forbid_huge_pages() {}

/// The CPU time of the calling thread.
#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time into a struct of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Elsewhere the wall clock has to do.
#[cfg(not(target_os = "linux"))]
fn thread_time() -> Duration {
    use std::sync::LazyLock;
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}
