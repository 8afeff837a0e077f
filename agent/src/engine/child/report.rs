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

    fn since(&self, last: &Snapshot, longest: Option<Duration>) -> Event {
        Event::Rate {
            hashes: self.hashes - last.hashes,
            seconds: self.at.duration_since(last.at).as_secs_f64(),
            busy_seconds: self.busy.saturating_sub(last.busy).as_secs_f64(),
            longest_dispatch_ms: longest.map(|longest| longest.as_secs_f64() * 1_000.0),
        }
    }
}

fn while_active(control: &Control, output: &Output) {
    let mut last = Snapshot::take(control);
    let mut shown = None;
    while control.is_active() {
        control.wait_inactive_until(
            Instant::now() + PROGRESS_PERIOD.min(PERIOD.saturating_sub(last.at.elapsed())),
        );
        let preparation = control.preparation();
        if let Some(preparation) = preparation {
            if shown.as_ref() != Some(&preparation) || last.at.elapsed() >= PERIOD {
                output.event(&Event::Preparing {
                    what: preparation.what.to_owned(),
                    done: preparation.done,
                    total: preparation.total,
                });
                shown = Some(preparation);
                last = Snapshot::take(control);
            }
        } else if last.at.elapsed() >= PERIOD || !control.is_active() {
            let now = Snapshot::take(control);
            output.event(&now.since(&last, control.take_longest_dispatch()));
            last = now;
        }
    }
}
