//! Tells the supervisor once a second how it goes. Sleeps while there is nothing to tell.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::control::Control;
use super::output::Output;
use crate::engine::message::Event;

const PERIOD: Duration = Duration::from_secs(1);
/// Progress is shown more often than rates.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

/// A GPU's engine that does not come round for so long waits for its driver.
const ROUND_PATIENCE: Duration = Duration::from_secs(10);

/// Starts the thread.
pub fn start(control: &Arc<Control>, output: &Output) -> io::Result<()> {
    let (control, output) = (Arc::clone(control), output.clone());
    thread::Builder::new()
        .name("reports".into())
        .spawn(move || {
            loop {
                control.wait_active();
                while_active(&control, &output);
            }
        })?;
    Ok(())
}

struct Snapshot {
    at: Instant,
    hashes: u64,
    busy: Duration,
}

impl Snapshot {
    fn take(control: &Control) -> Snapshot {
        Snapshot {
            at: Instant::now(),
            hashes: control.hashes.load(Ordering::Relaxed),
            busy: control.busy(),
        }
    }

    fn rate(&self, last: &Snapshot, longest_dispatch_ms: Option<f64>) -> Event {
        Event::Rate {
            hashes: self.hashes - last.hashes,
            seconds: self.seconds(last),
            busy_seconds: self.busy_seconds(last),
            longest_dispatch_ms,
        }
    }

    fn used(&self, last: &Snapshot, longest_dispatch_ms: Option<f64>) -> Event {
        Event::Used {
            seconds: self.seconds(last),
            busy_seconds: self.busy_seconds(last),
            longest_dispatch_ms,
        }
    }

    fn seconds(&self, last: &Snapshot) -> f64 {
        self.at.duration_since(last.at).as_secs_f64()
    }

    fn busy_seconds(&self, last: &Snapshot) -> f64 {
        self.busy.saturating_sub(last.busy).as_secs_f64()
    }
}

/// Watches a GPU's engine.
struct Rounds {
    seen: u64,
    since: Instant,
}

impl Rounds {
    fn begin(control: &Control) -> Rounds {
        Rounds {
            seen: control.rounds.load(Ordering::Relaxed),
            since: Instant::now(),
        }
    }

    /// Whether it has not come round for a while. A CPU's threads may be held back for long: that is no sign.
    fn has_stopped(&mut self, control: &Control) -> bool {
        let now = Rounds::begin(control);
        if now.seen != self.seen || control.pacer.is_some() {
            *self = now;
        }
        self.since.elapsed() >= ROUND_PATIENCE
    }
}

fn while_active(control: &Control, output: &Output) {
    let mut last = Snapshot::take(control);
    let mut shown = None;
    let mut rounds = Rounds::begin(control);
    while control.is_active() {
        control.wait_inactive_until(
            Instant::now() + PROGRESS_PERIOD.min(PERIOD.saturating_sub(last.at.elapsed())),
        );
        if rounds.has_stopped(control) {
            last = Snapshot::take(control);
            continue;
        }
        let preparation = control.preparation();
        let was_preparing = shown.is_some();
        let is_due = last.at.elapsed() >= PERIOD || !control.is_active();
        if let Some(preparation) = &preparation
            && (shown.as_ref() != Some(preparation) || is_due)
        {
            output.event(&Event::Preparing {
                what: preparation.what.to_owned(),
                done: preparation.done,
                total: preparation.total,
            });
        }
        shown = preparation;
        // What was made and what was hashed is told apart.
        if is_due || was_preparing != shown.is_some() {
            let now = Snapshot::take(control);
            let longest = control.take_longest_dispatch();
            let longest = longest.map(|longest| longest.as_secs_f64() * 1_000.0);
            output.event(&match was_preparing {
                true => now.used(&last, longest),
                false => now.rate(&last, longest),
            });
            last = now;
        }
    }
}
