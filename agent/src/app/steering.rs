//! Asks how the PC is used, lets the governor decide, and tells the engines.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_platform::idle::IdleSensor;
use jiff::Timestamp;
use tokio::time::sleep;

use crate::chosen_mode::ChosenMode;
use crate::daemon::Daemon;
use crate::engine::{Allowance, Engines};
use crate::governor::{Decision, Mode, Policy, Signals, decide};

/// How often the signals are read where the decision depends on them.
const READ_EVERY: Duration = Duration::from_secs(1);
/// The longest sleep towards the end of a timed mode: the clock may be set, and the PC may sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Steers the engines for as long as it is polled.
pub async fn steer(daemon: Arc<Daemon>, engines: Arc<Engines>) {
    let policy = Policy {
        idle_after: daemon.settings.smart.idle_after,
        cpu_cap: daemon.settings.cpu.someone_here_percent,
        gpu_cap: daemon.settings.gpu.someone_here_percent,
        ..Policy::default()
    };
    let mut sensor = IdleSensor::new();
    let mut mode = daemon.watch_mode();
    let mut previous: Option<Decision> = None;
    loop {
        mode.mark_unchanged();
        let chosen = daemon.mode_now();
        let idle = match needs_signals(chosen.mode) {
            true => sensor.time_since_input().await,
            false => None,
        };
        let signals = Signals {
            idle,
            consent: daemon.has_consent(),
        };
        let decision = decide(chosen.mode, &signals, &policy, previous.as_ref());
        if previous
            .as_ref()
            .is_none_or(|before| before.reason != decision.reason)
        {
            tracing::info!(reason = %decision.reason, "decided");
        }
        let measuring = daemon.board().measuring.is_some();
        for processor in engines.processors() {
            // A measurement wants the PC to itself.
            let allowance = match measuring {
                true => Allowance::NONE,
                false => decision.allowance(processor.kind),
            };
            engines.set_allowance(&processor.id, allowance);
        }
        daemon.board().reason.clone_from(&decision.reason);
        previous = Some(decision);
        tokio::select! {
            () = sleep(pause(&chosen, Timestamp::now())) => {}
            // The sender lives as long as the daemon.
            _ = mode.changed() => {}
        }
    }
}

/// Whether the decision depends on more than the mode.
fn needs_signals(mode: Mode) -> bool {
    mode != Mode::Pause
}

/// How long nothing can change but by the owner's hand.
fn pause(chosen: &ChosenMode, now: Timestamp) -> Duration {
    if needs_signals(chosen.mode) {
        return READ_EVERY;
    }
    match &chosen.limit {
        // Asked for again when the mode changes.
        None => Duration::from_secs(3_600),
        Some(limit) => {
            let left = limit.until.duration_since(now);
            // Rounded up: waking just before the end would only mean another sleep.
            let left = Duration::try_from(left).unwrap_or_default() + Duration::from_millis(5);
            left.min(LONGEST_SLEEP)
        }
    }
}
