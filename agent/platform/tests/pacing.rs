//! Real threads, really stopped and released. How exactly the percentage is met is printed by the example
//! `pacing_report`; here is only what holds on any machine, however busy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use idlewatt_platform::pacing::Pacer;

/// Threads that count as fast as they may.
struct Counters {
    counts: Vec<Arc<AtomicU64>>,
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Counters {
    fn start(pacer: &Pacer, threads: usize) -> Counters {
        let end = Arc::new(AtomicBool::new(false));
        let counts: Vec<_> = (0..threads).map(|_| Arc::new(AtomicU64::new(0))).collect();
        let threads = counts
            .iter()
            .map(|count| {
                let (pacer, count, end) = (pacer.clone(), Arc::clone(count), Arc::clone(&end));
                thread::spawn(move || {
                    let paced = pacer.register().unwrap();
                    while !end.load(Ordering::Relaxed) {
                        paced.run(|| {
                            for _ in 0..10_000 {
                                count.fetch_add(1, Ordering::Relaxed);
                            }
                        });
                    }
                })
            })
            .collect();
        Counters {
            counts,
            end,
            threads,
        }
    }

    fn read(&self) -> Vec<u64> {
        self.counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }

    fn end(self, pacer: &Pacer) {
        self.end.store(true, Ordering::Relaxed);
        pacer.set_percent(100);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn all_move_on(counters: &Counters) {
    let before = counters.read();
    until("every thread has counted on", || {
        counters
            .read()
            .iter()
            .zip(&before)
            .all(|(now, before)| now > before)
    });
}

/// Something that takes real time, whatever that is on this machine: this thread's own work.
fn some_time() {
    let began = Instant::now();
    let mut count = 0u64;
    while began.elapsed() < Duration::from_millis(200) {
        count = std::hint::black_box(count + 1);
    }
}

/// It may still be on its way from the last change to its bed.
fn pacer_sleeps(pacer: &Pacer) {
    let mut rounds = pacer.rounds();
    until("the pacer sleeps", || {
        some_time();
        let before = std::mem::replace(&mut rounds, pacer.rounds());
        before == rounds
    });
}

#[test]
fn at_zero_nothing_runs_and_the_pacer_sleeps() {
    let pacer = Pacer::start(100).unwrap();
    let counters = Counters::start(&pacer, 3);
    all_move_on(&counters);
    for from in [100, 30] {
        pacer.set_percent(from);
        all_move_on(&counters);
        pacer.set_percent(0);
        until("all are parked", || pacer.usage().parked == 3);
        pacer_sleeps(&pacer);
        let (counts, used, rounds) = (counters.read(), pacer.usage().cpu, pacer.rounds());
        some_time();
        assert_eq!(counters.read(), counts);
        assert_eq!(pacer.usage().cpu, used);
        assert_eq!(pacer.rounds(), rounds);
    }
    pacer.set_percent(100);
    all_move_on(&counters);
    assert_eq!(pacer.usage().parked, 0);
    counters.end(&pacer);
    assert_eq!(pacer.usage().threads, 0);
}

#[test]
fn in_between_every_thread_runs_and_rests_in_turn() {
    let pacer = Pacer::start(0).unwrap();
    let counters = Counters::start(&pacer, 2);
    until("both have come to their gate", || pacer.usage().parked == 2);
    assert_eq!(counters.read(), [0, 0]);
    pacer.set_percent(40);
    let rounds = pacer.rounds();
    for _ in 0..10 {
        until("one rests", || pacer.usage().parked > 0);
        all_move_on(&counters);
    }
    assert!(pacer.rounds() > rounds + 10);
    counters.end(&pacer);
}

#[test]
fn full_speed_needs_no_pacer() {
    let pacer = Pacer::start(100).unwrap();
    let counters = Counters::start(&pacer, 2);
    all_move_on(&counters);
    pacer_sleeps(&pacer);
    let rounds = pacer.rounds();
    some_time();
    all_move_on(&counters);
    assert_eq!(pacer.rounds(), rounds);
    counters.end(&pacer);
}

/// What a stopped thread was doing goes on as if nothing had been: a system call is not cut short, floating point
/// registers and errno are as they were.
#[test]
fn stopped_threads_come_to_no_harm() {
    let pacer = Pacer::start(50).unwrap();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let of_thread = pacer.clone();
    let worker = thread::spawn(move || {
        let paced = of_thread.register().unwrap();
        let mut results = Vec::new();
        for _ in 0..20 {
            let mut byte = [0];
            let mut sum = 0.0f64;
            paced.run(|| {
                reader.read_exact(&mut byte).unwrap();
                for term in 0..200_000 {
                    sum += f64::from(term).sqrt();
                }
            });
            results.push((byte[0], sum));
        }
        results
    });
    let expected: f64 = (0..200_000).fold(0.0, |sum, term| sum + f64::from(term).sqrt());
    for byte in 0..20 {
        let rounds = pacer.rounds();
        until("it was stopped and released while it waited", || {
            pacer.rounds() > rounds + 4
        });
        writer.write_all(&[byte]).unwrap();
    }
    let results = worker.join().unwrap();
    for (index, (byte, sum)) in results.into_iter().enumerate() {
        assert_eq!(usize::from(byte), index);
        assert_eq!(sum.to_bits(), expected.to_bits());
    }
}

#[test]
fn threads_come_and_go_at_any_percentage() {
    let pacer = Pacer::start(50).unwrap();
    let mut used = Duration::ZERO;
    for percent in [5, 95, 50, 100, 1] {
        pacer.set_percent(percent);
        let counters = Counters::start(&pacer, 12);
        all_move_on(&counters);
        counters.end(&pacer);
        // The time of threads that are gone stays counted.
        let now = pacer.usage();
        assert!(now.cpu > used && now.threads == 0);
        used = now.cpu;
    }
}

#[test]
fn without_a_pacer_nobody_is_left_waiting() {
    let pacer = Pacer::start(0).unwrap();
    let (of_thread, ran) = (pacer.clone(), Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&ran);
    let worker = thread::spawn(move || {
        of_thread
            .register()
            .unwrap()
            .run(|| flag.store(true, Ordering::Relaxed))
    });
    until("it waits", || pacer.usage().parked == 1);
    assert!(!ran.load(Ordering::Relaxed));
    pacer.set_percent(1);
    worker.join().unwrap();
    assert!(ran.load(Ordering::Relaxed));
}
