//! The CPU at work: as many threads as asked for, each on its own part of the job.

mod memory;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use idlewatt_kernels::{Algorithm, Cursor, NonceSpace, Search, randomx, sha256d};
use idlewatt_platform::pacing::{PacedThread, Pacer};
use idlewatt_platform::{priority, system};

use super::check::Checker;
use super::control::{Control, Work};
use super::output::Output;
use super::{Args, Fault};
use crate::engine::message::{Event, FaultKind};

/// Works until there is a fault.
pub fn run(
    control: &Control,
    output: &Output,
    algorithm: Algorithm,
    args: &Args,
) -> Result<Infallible, Fault> {
    // This thread hands its class on to all it starts. Wished for, not needed.
    if let Err(error) = priority::idle_thread() {
        tracing::warn!(%error, "the lowest scheduling class was refused");
    }
    let threads = args.threads.map_or_else(system::thread_count, usize::from);
    control.threads.store(threads as u64, Ordering::Relaxed);
    let pacer = control
        .pacer
        .as_ref()
        .ok_or_else(|| Fault::new(FaultKind::Usage, "a CPU engine needs a pacer"))?;
    let engine = Engine {
        control,
        output,
        pacer,
        threads,
    };
    loop {
        // From here until its key changes, everything is for this work's key.
        let work = control.next_work(0);
        let memory = match (algorithm, work.key()) {
            (Algorithm::RandomX, Some(key)) => {
                match memory::prepare(&engine, key, args.memory)? {
                    Some(memory) => Some(memory),
                    // Other work came meanwhile.
                    None => continue,
                }
            }
            _ => None,
        };
        engine.search(memory.as_ref(), work.key())?;
    }
}

/// What all threads of the engine share.
pub struct Engine<'a> {
    control: &'a Control,
    output: &'a Output,
    pacer: &'a Pacer,
    threads: usize,
}

impl Engine<'_> {
    fn register(&self) -> Result<PacedThread, Fault> {
        self.pacer
            .register()
            .map_err(|error| Fault::new(FaultKind::System, error))
    }

    /// Searches with all threads until work for another key comes.
    fn search(&self, memory: Option<&randomx::Memory>, key: Option<[u8; 32]>) -> Result<(), Fault> {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads)
                .map(|index| {
                    let name = format!("worker-{index}");
                    let worker = move || self.worker(index, memory, key);
                    let started = thread::Builder::new()
                        .name(name)
                        .spawn_scoped(scope, worker);
                    started.map_err(|error| Fault::new(FaultKind::System, error))
                })
                .collect();
            let mut result = Ok(());
            for worker in workers {
                // A fault ends the whole process; the other workers are not waited for.
                let ended = match worker?.join() {
                    Ok(ended) => ended,
                    Err(_) => Err(Fault::new(FaultKind::System, "a worker panicked")),
                };
                result = result.and(ended);
            }
            result
        })
    }

    fn worker(
        &self,
        index: usize,
        memory: Option<&randomx::Memory>,
        key: Option<[u8; 32]>,
    ) -> Result<(), Fault> {
        let result = self.work(index, memory, key);
        if let Err(fault) = &result {
            // The others work on and would keep the scope open.
            super::end_with(self.output, fault.clone());
        }
        result
    }

    fn work(
        &self,
        index: usize,
        memory: Option<&randomx::Memory>,
        key: Option<[u8; 32]>,
    ) -> Result<(), Fault> {
        let mut search: Box<dyn Search> = match memory {
            None => Box::new(sha256d::CpuSearch),
            Some(memory) => {
                let made = randomx::CpuSearch::new(memory);
                Box::new(made.map_err(|error| Fault::new(FaultKind::Memory, error))?)
            }
        };
        let mut checker = Checker::new(memory.cloned());
        let mut sizer = Sizer::new();
        let paced = self.register()?;
        let mut seen = 0;
        loop {
            let work = self.control.next_work(seen);
            if work.key() != key {
                return Ok(());
            }
            seen = work.generation;
            let space = part(work.space, index, self.threads);
            let mut cursor = Cursor::new(&work.job, space, rand::random())
                .map_err(|error| Fault::new(FaultKind::Usage, error))?;
            while self.control.generation() == seen {
                let Some(batch) = cursor.next_batch(sizer.size) else {
                    break;
                };
                let before = paced.cpu_time();
                let outcome = paced.run(|| search.search(&batch));
                let outcome = outcome.map_err(|error| Fault::new(FaultKind::System, error))?;
                sizer.measured(outcome.hashes, paced.cpu_time().saturating_sub(before));
                self.control
                    .hashes
                    .fetch_add(outcome.hashes, Ordering::Relaxed);
                self.report(&work, outcome.found, &mut checker, &paced)?;
            }
        }
    }

    fn report(
        &self,
        work: &Arc<Work>,
        found: Vec<idlewatt_kernels::Solution>,
        checker: &mut Checker,
        paced: &PacedThread,
    ) -> Result<(), Fault> {
        for solution in found {
            paced.run(|| checker.check(&work.job, &solution))?;
            self.output.event(&Event::Found { solution });
        }
        Ok(())
    }
}

/// A thread's part of this processor's part of the job.
fn part(space: NonceSpace, index: usize, threads: usize) -> NonceSpace {
    NonceSpace {
        index: space
            .count
            .saturating_mul(index as u32)
            .saturating_add(space.index),
        count: space.count.saturating_mul(threads as u32),
    }
}

/// How many hashes a batch has: so many that it takes a thread a few milliseconds, and at least one. Between batches
/// a worker looks for other work.
struct Sizer {
    size: u32,
}

impl Sizer {
    const AIM: Duration = Duration::from_millis(8);

    fn new() -> Sizer {
        Sizer { size: 1 }
    }

    fn measured(&mut self, hashes: u64, used: Duration) {
        let rate = hashes as f64 / used.as_secs_f64().max(1e-6);
        let wanted = (rate * Self::AIM.as_secs_f64()).clamp(1.0, 4e6) as u32;
        // A single measurement may be off: no faster than doubling.
        self.size = wanted.min(self.size.saturating_mul(2)).max(1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn threads_parts_make_up_the_processors_part() {
        let space = NonceSpace { index: 2, count: 5 };
        let parts: Vec<_> = (0..3).map(|index| part(space, index, 3)).collect();
        let mut seen = HashSet::new();
        for number in 0..150u32 {
            let mine = parts
                .iter()
                .filter(|part| number % part.count == part.index)
                .count();
            assert_eq!(mine, usize::from(number % 5 == 2), "{number}");
            seen.extend(parts.iter().map(|part| part.index));
        }
        assert_eq!(seen.len(), 3);
        assert!(parts.iter().all(|part| part.check().is_ok()));
    }

    #[test]
    fn batches_grow_to_milliseconds_and_never_vanish() {
        let mut sizer = Sizer::new();
        for _ in 0..40 {
            let used = Duration::from_nanos(u64::from(sizer.size) * 100);
            sizer.measured(u64::from(sizer.size), used);
        }
        assert!((79_000..=81_000).contains(&sizer.size), "{}", sizer.size);
        // Hashes of 50 ms each.
        sizer.measured(1, Duration::from_millis(50));
        assert_eq!(sizer.size, 1);
        sizer.measured(1, Duration::ZERO);
        assert_eq!(sizer.size, 2);
    }
}
