//! The work of a program that is not ours: arithmetic, memory at random, and sorting, a third of the time each.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// So much memory is walked through: more than the caches of most PCs.
const MEMORY: usize = 64 << 20;
/// One step a cache line.
const LINE: usize = 64 / size_of::<u32>();
const SORTED: usize = 3_000;

/// The work, and what it works on.
pub struct Job {
    state: u64,
    /// For each cache line, where the next one is: one ring through all of them, in random order.
    ring: Vec<u32>,
    place: usize,
    numbers: Vec<u64>,
}

impl Job {
    pub fn new() -> Job {
        let mut job = Job {
            state: 0x9e37_79b9_7f4a_7c15,
            ring: vec![0; MEMORY / size_of::<u32>()],
            place: 0,
            numbers: vec![0; SORTED],
        };
        let lines = job.ring.len() / LINE;
        let mut next: Vec<u32> = (0..lines as u32).collect();
        // Sattolo's shuffle gives a single ring.
        for index in (1..lines).rev() {
            let other = (job.random() % index as u64) as usize;
            next.swap(index, other);
        }
        for (line, next) in next.into_iter().enumerate() {
            job.ring[line * LINE] = next * LINE as u32;
        }
        job
    }

    /// Works for `time`. Returns how many units a second.
    pub fn speed(&mut self, time: Duration) -> f64 {
        let (begun, mut units) = (Instant::now(), 0u32);
        while begun.elapsed() < time {
            self.arithmetic();
            self.walk();
            self.sort();
            units += 1;
        }
        f64::from(units) / begun.elapsed().as_secs_f64()
    }

    /// How many times the arithmetic fits in `time`, as far as the fastest of a few tries tells.
    pub fn units_in(&mut self, time: Duration) -> u32 {
        let tries = (0..50).map(|_| {
            let begun = Instant::now();
            self.arithmetic();
            begun.elapsed()
        });
        let one = tries.min().unwrap_or(time).max(Duration::from_nanos(1));
        time.div_duration_f64(one).round().clamp(1.0, 1e6) as u32
    }

    /// Some 50 µs.
    pub fn arithmetic(&mut self) {
        for _ in 0..25_000 {
            self.random();
        }
        black_box(self.state);
    }

    fn walk(&mut self) {
        for _ in 0..1_000 {
            self.place = self.ring[self.place] as usize;
        }
        black_box(self.place);
    }

    fn sort(&mut self) {
        for index in 0..self.numbers.len() {
            self.numbers[index] = self.random();
        }
        self.numbers.sort_unstable();
        black_box(&self.numbers);
    }

    /// Marsaglia's xorshift.
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_goes_through_every_line_of_its_memory() {
        let job = Job::new();
        let lines = MEMORY / 64;
        let (mut place, mut steps) = (0, 0);
        loop {
            place = job.ring[place] as usize;
            steps += 1;
            if place == 0 || steps > lines {
                break;
            }
        }
        assert_eq!(steps, lines);
    }

    #[test]
    fn it_works_and_is_counted() {
        let mut job = Job::new();
        assert!(job.speed(Duration::from_millis(5)) > 0.0);
        assert!(job.units_in(Duration::from_millis(2)) >= 1);
        assert!(job.numbers.is_sorted());
    }
}
