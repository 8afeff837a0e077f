//! KawPow on the CPU against the Ravencoin node's own code (`hasherkawpow-sys`), at today's epoch: how long the light
//! cache takes, and a check: one by one and four side by side, on one processor and on all at once.
//! `cargo bench --bench progpow`; it takes two minutes and 300 MiB.

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
    use std::hint::black_box;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::Duration;

    use hasherkawpow_sys::hash_kawpow;
    use idlewatt_kernels::progpow::{
        Attempt, Epoch, Hash, KAWPOW, LightCache, Program, digest_of_mix, hash, hash_many,
    };

    const HEADER: [u8; 32] = [0x42; 32];
    /// Candidates take turns, so that whatever else the machine does disturbs all alike.
    const TURNS: usize = 9;
    /// Hashes that a thread takes at once.
    const AT_ONCE: usize = 4;
    const HASHES_A_TURN: u64 = 120;

    pub fn main() {
        let height = KAWPOW.recent_height;
        let cache = light_caches(height);
        let program = Program::of_period(&KAWPOW, KAWPOW.period_of(height));
        let one_by_one = |attempts: Attempts| {
            attempts.map(|attempt| hash(&cache, &program, &attempt.header, attempt.nonce))
        };
        let side_by_side = |attempts: Attempts| {
            let hashes = hash_many(&cache, &program, &attempts);
            std::array::from_fn(|at| hashes[at])
        };
        let reference =
            |attempts: Attempts| attempts.map(|attempt| of_reference(height, attempt.nonce));
        let candidates: [(&str, Hashing); 3] = [
            ("reference", &reference),
            ("one by one", &one_by_one),
            ("side by side", &side_by_side),
        ];
        compare(1, &candidates);
        compare(processors(), &candidates);
        digests(hash(&cache, &program, &HEADER, 0).mix);
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
            ours.push(seconds_since(begun));
            of_reference(0, 0);
            let begun = thread_time();
            of_reference(height, 0);
            theirs.push(seconds_since(begun));
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        let ratio = theirs / ours;
        println!(
            "light cache of epoch {}: {ours:.2} s, reference {theirs:.2} s: {ratio:.2} times as fast",
            epoch.number,
        );
        last.expect("nobody called it off")
    }

    fn of_reference(height: u64, nonce: u64) -> Hash {
        let (mix, digest) = hash_kawpow(&HEADER, &nonce, height as i32);
        Hash { mix, digest }
    }

    type Attempts = [Attempt; AT_ONCE];
    type Hashing<'a> = &'a (dyn Fn(Attempts) -> [Hash; AT_ONCE] + Sync);

    fn attempts(first: u64) -> Attempts {
        std::array::from_fn(|at| Attempt {
            header: HEADER,
            nonce: first + at as u64,
        })
    }

    fn compare(threads: usize, candidates: &[(&str, Hashing)]) {
        let mut times = vec![Vec::new(); candidates.len()];
        for turn in 0..TURNS {
            let first = turn as u64 * HASHES_A_TURN;
            let expected = (candidates[0].1)(attempts(first));
            for ((_, hashing), times) in candidates.iter().zip(&mut times) {
                assert_eq!(hashing(attempts(first)), expected);
                times.push(milliseconds(threads, first, *hashing));
            }
        }
        println!("a check, milliseconds of a processor, {threads} working:");
        let reference = median(&mut times[0]);
        for ((name, _), times) in candidates.iter().zip(&mut times) {
            let middle = median(times);
            let (least, ratio) = (times[0], reference / middle);
            println!("  {name:12}: {middle:5.2}, at best {least:5.2}: {ratio:.2} times as fast");
        }
    }

    /// Milliseconds of a processor for a hash.
    fn milliseconds(threads: usize, first: u64, hashing: Hashing) -> f64 {
        let next = AtomicU64::new(first);
        let used = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let begun = thread_time();
                    loop {
                        let nonce = next.fetch_add(AT_ONCE as u64, Ordering::Relaxed);
                        if nonce >= first + HASHES_A_TURN {
                            break;
                        }
                        black_box(hashing(attempts(nonce)));
                    }
                    let time = thread_time().saturating_sub(begun);
                    used.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
                });
            }
        });
        used.load(Ordering::Relaxed) as f64 * 1e-6 / HASHES_A_TURN as f64
    }

    /// The first step of a check, which needs no cache.
    fn digests(mix: [u8; 32]) {
        const COUNT: u64 = 100_000;
        let begun = thread_time();
        for nonce in 0..COUNT {
            black_box(digest_of_mix(&KAWPOW, &HEADER, nonce, &mix));
        }
        let each = seconds_since(begun) / COUNT as f64 * 1e6;
        println!("the digest that follows from a mix: {each:.2} µs");
    }

    fn seconds_since(begun: Duration) -> f64 {
        thread_time().saturating_sub(begun).as_secs_f64()
    }

    /// Sorts them.
    fn median(values: &mut [f64]) -> f64 {
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
