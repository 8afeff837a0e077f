//! KawPow on the CPU against the Ravencoin node's own code (`hasherkawpow-sys`), at today's epoch: how long a check
//! takes, alone and on all processors at once, and how long the light cache: `cargo bench --bench progpow`. It takes
//! about two minutes and 300 MiB.

#[cfg(target_os = "linux")]
fn main() {
    if std::env::args().any(|argument| argument == "--bench") {
        linux::main();
    }
}

/// The code to compare with is built on Linux alone.
#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use hasherkawpow_sys::hash_kawpow;
    use idlewatt_kernels::progpow::{
        Epoch, Hash, KAWPOW, LightCache, Program, digest_of_mix, hash,
    };

    const HEADER: [u8; 32] = [0x42; 32];
    /// Candidates take turns, so that whatever else the machine does disturbs all alike.
    const TURNS: usize = 7;
    const HASHES_A_TURN: u64 = 150;

    pub fn main() {
        let height = KAWPOW.recent_height;
        let cache = light_caches(height);
        let program = Program::of_period(&KAWPOW, KAWPOW.period_of(height));
        let ours = |nonce| hash(&cache, &program, &HEADER, nonce);
        let theirs = |nonce| of_reference(height, nonce);
        for threads in [1, processors()] {
            compare(threads, &ours, &theirs);
        }
        let mix = ours(0).mix;
        let begun = Instant::now();
        const DIGESTS: u64 = 100_000;
        for nonce in 0..DIGESTS {
            std::hint::black_box(digest_of_mix(&KAWPOW, &HEADER, nonce, &mix));
        }
        let each = begun.elapsed() / DIGESTS as u32;
        println!("digest of a mix: {each:.2?}");
    }

    fn processors() -> usize {
        std::thread::available_parallelism().map_or(1, |count| count.get())
    }

    /// Builds the cache of a height by both, in turns.
    fn light_caches(height: u64) -> LightCache {
        let epoch = Epoch::of_height(&KAWPOW, height).expect("a height of 2026");
        let never = AtomicBool::new(false);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..3 {
            drop(last.take());
            let begun = thread_time();
            last = LightCache::build(epoch, &|_, _| {}, &never).ok();
            ours.push(thread_time().saturating_sub(begun).as_secs_f64());
            of_reference(0, 0);
            let begun = thread_time();
            of_reference(height, 0);
            theirs.push(thread_time().saturating_sub(begun).as_secs_f64());
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "light cache of epoch {}: {ours:.2} s, reference {theirs:.2} s, ratio {:.2}",
            epoch.number,
            theirs / ours
        );
        last.expect("nobody called it off")
    }

    fn of_reference(height: u64, nonce: u64) -> Hash {
        let (mix, digest) = hash_kawpow(&HEADER, &nonce, height as i32);
        Hash { mix, digest }
    }

    type Hashing<'a> = &'a (dyn Fn(u64) -> Hash + Sync);

    fn compare(threads: usize, ours: Hashing, theirs: Hashing) {
        let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let first = turn as u64 * HASHES_A_TURN;
            assert_eq!(ours(first), theirs(first));
            of_theirs.push(milliseconds(threads, first, theirs));
            of_ours.push(milliseconds(threads, first, ours));
        }
        let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        let (least_ours, least_theirs) = (least(&of_ours), least(&of_theirs));
        let (ours, theirs) = (median(of_ours), median(of_theirs));
        println!(
            "a check, {threads} at once: {ours:.2} ms (at best {least_ours:.2}), reference {theirs:.2} ms \
             (at best {least_theirs:.2}), ratio {:.2}",
            theirs / ours
        );
    }

    /// Milliseconds of a processor for a hash.
    fn milliseconds(threads: usize, first: u64, hash: Hashing) -> f64 {
        let next = AtomicU64::new(first);
        let used = AtomicU64::new(0);
        let end = first + HASHES_A_TURN;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let begun = thread_time();
                    loop {
                        let nonce = next.fetch_add(1, Ordering::Relaxed);
                        if nonce >= end {
                            break;
                        }
                        std::hint::black_box(hash(nonce));
                    }
                    let time = thread_time().saturating_sub(begun);
                    used.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
                });
            }
        });
        used.load(Ordering::Relaxed) as f64 * 1e-6 / HASHES_A_TURN as f64
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    /// The CPU time of the calling thread.
    fn thread_time() -> Duration {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: writes the time into a struct of ours.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}
