//! A kernel at work as an engine has it work: two batches in flight, sized to a budget.

use std::time::{Duration, Instant};

use idlewatt_kernels::gpu::{Kernel, Readiness};
use idlewatt_kernels::{Cursor, Job, NonceSpace};

use crate::Failure;

/// How long a job is worked on.
const MEASURED: Duration = Duration::from_millis(1_500);

/// What was measured.
pub struct Rate {
    pub hashes_a_second: f64,
    pub mean_dispatch: Duration,
    pub longest_dispatch: Duration,
    /// The part of the time in which the device computed.
    pub busy: f64,
    /// The longest time from one batch's completion to the next one's, less what that took on the device.
    pub longest_gap: Duration,
    /// The longest time that a job had to wait until it was prepared.
    pub longest_wait: Duration,
    /// This process' part of a core.
    pub of_a_core: f64,
}

/// Works on each job for a while. The first third of the first one is not counted.
pub fn measure(kernel: &mut dyn Kernel, jobs: &[&Job], budget: Duration) -> Result<Rate, Failure> {
    let mut sizer = kernel.sizer();
    let mut rate = Rate {
        hashes_a_second: 0.0,
        mean_dispatch: Duration::ZERO,
        longest_dispatch: Duration::ZERO,
        busy: 0.0,
        longest_gap: Duration::ZERO,
        longest_wait: Duration::ZERO,
        of_a_core: 0.0,
    };
    let (mut hashes, mut dispatches) = (0u64, 0u32);
    let (mut counted, mut busy, mut cpu) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut last: Option<Instant> = None;
    for (number, job) in jobs.iter().enumerate() {
        let asked = Instant::now();
        // As in an engine: what is in flight of the job before computes meanwhile.
        while kernel.prepare(job, budget)? != Readiness::Ready {
            std::thread::yield_now();
        }
        if number > 0 {
            rate.longest_wait = rate.longest_wait.max(asked.elapsed());
        }
        let mut cursor = Cursor::new(job, NonceSpace::WHOLE, 7)?;
        let warm_up = if number == 0 {
            MEASURED / 3
        } else {
            Duration::ZERO
        };
        let start = Instant::now();
        let mut begun: Option<(Instant, Duration)> = None;
        loop {
            if begun.is_none() && start.elapsed() >= warm_up {
                begun = Some((Instant::now(), processor_time()));
            }
            if let Some((begun, _)) = begun
                && begun.elapsed() > MEASURED
                && dispatches > 0
            {
                break;
            }
            while kernel.has_room() {
                let size = sizer.size(budget);
                let batch = cursor.next_batch(size).ok_or("the nonces are used up")?;
                kernel.submit(&batch)?;
            }
            let finished = kernel.wait()?;
            let now = Instant::now();
            let took = finished.device_time;
            sizer.record(finished.outcome.hashes as u32, took);
            kernel.look_ahead(job, budget)?;
            if begun.is_some() {
                hashes += finished.outcome.hashes;
                dispatches += 1;
                busy += took;
                rate.longest_dispatch = rate.longest_dispatch.max(took);
                if let Some(last) = last {
                    let gap = (now - last).saturating_sub(took);
                    rate.longest_gap = rate.longest_gap.max(gap);
                }
            }
            last = Some(now);
        }
        if let Some((begun, before)) = begun {
            counted += begun.elapsed();
            cpu += processor_time().saturating_sub(before);
        }
    }
    while kernel.in_flight() > 0 {
        kernel.wait()?;
    }
    let seconds = counted.as_secs_f64();
    rate.hashes_a_second = hashes as f64 / seconds;
    rate.mean_dispatch = busy / dispatches.max(1);
    rate.busy = busy.as_secs_f64() / seconds;
    rate.of_a_core = cpu.as_secs_f64() / seconds;
    Ok(rate)
}

/// The processor time of this process so far; zero where it is not to be learnt.
fn processor_time() -> Duration {
    let Ok(text) = std::fs::read_to_string("/proc/self/stat") else {
        return Duration::ZERO;
    };
    // After the name, which may contain anything: the 12th and 13th value are ticks of 10 ms.
    let values = text.rsplit(')').next().unwrap_or_default();
    let ticks = values.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}
