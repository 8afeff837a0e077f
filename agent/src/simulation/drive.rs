//! Steps through a trace as steering steps through a real day: the same readings, the same decisions, no waiting.

use std::io::BufRead;
use std::time::Duration;

use idlewatt_platform::signals::Reading;
use jiff::{SignedDuration, Zoned};

use super::pc::{Pc, gpu};
use super::reader::{TraceError, TraceReader};
use crate::engine::{ProcessorId, ProcessorKind};
use crate::governor::{ChosenMode, Decision, Policy, ProcessorSignals, Signals, decide};

/// Signals are read at least this often.
const EVERY: Duration = Duration::from_secs(1);

/// The shortest step, lest a decision that wants to be made again at once stands still.
const SHORTEST: Duration = Duration::from_millis(10);

/// A time during which nothing changed.
#[derive(Debug)]
pub struct Span<'a> {
    /// When it began, since the trace's beginning.
    pub at: Duration,
    /// How long it was; never zero.
    pub length: Duration,
    /// The PC meanwhile.
    pub pc: &'a Pc,
    /// What held; `None` while the PC slept.
    pub decision: Option<&'a Decision>,
}

/// Drives the governor through a trace and shows each span of it, in order and without gaps. Returns its length.
///
/// # Errors
/// If the trace is wrong.
pub fn drive<R: BufRead>(
    trace: &mut TraceReader<R>,
    mode: ChosenMode,
    policy: &Policy,
    mut observe: impl FnMut(&Span<'_>),
) -> Result<Duration, TraceError> {
    let header = trace.header().clone();
    let begins = header
        .beginning()
        .map_err(|error| trace.wrong_file(format!("the header: begins: {error}")))?;
    let mut steering = Steering {
        begins,
        policy,
        gpus: (1..=header.gpus.get()).map(gpu).collect(),
        mode,
        previous: None,
    };
    let mut pc = Pc::unknown(header.gpus.get());
    let mut known = pc.reading(Duration::ZERO, &policy.pause_for);
    let mut next = trace.read()?;
    let mut at = Duration::ZERO;
    loop {
        let mut input = false;
        while let Some(change) = next.take_if(|change| change.at.since_beginning() <= at) {
            input |= pc.apply(&change);
            next = trace.read()?;
        }
        let end = match (header.length, &next) {
            (Some(length), _) => Some(length.0),
            (None, None) => Some(trace.last().since_beginning()),
            (None, Some(_)) => None,
        };
        if end.is_some_and(|end| at >= end) {
            break;
        }
        let change = next.as_ref().map(|change| change.at.since_beginning());
        // There is always one of them: without a next line the end is known.
        let limit = change.into_iter().chain(end).min().unwrap_or(at + EVERY);
        let until = if pc.is_asleep() {
            limit
        } else {
            if input
                && steering
                    .previous
                    .as_ref()
                    .is_some_and(Decision::watches_input)
            {
                // As the first sign of a return: acted on at once, with what was known before.
                known.idle = Some(Duration::ZERO);
                steering.decide(&known, at);
            }
            known = pc.reading(at, &policy.pause_for);
            limit.min(at + steering.decide(&known, at).clamp(SHORTEST, EVERY))
        };
        observe(&Span {
            at,
            length: until - at,
            pc: &pc,
            decision: steering.previous.as_ref().filter(|_| !pc.is_asleep()),
        });
        at = until;
    }
    if at.is_zero() {
        return Err(trace.wrong_file(
            "a trace of zero length says nothing; allowed: a length in the header, or a line after 00:00:00"
                .to_owned(),
        ));
    }
    Ok(at)
}

/// What is known from one step to the next.
struct Steering<'a> {
    begins: Zoned,
    policy: &'a Policy,
    gpus: Vec<ProcessorId>,
    mode: ChosenMode,
    previous: Option<Decision>,
}

impl Steering<'_> {
    /// Decides. Returns how long nothing needs to be decided.
    fn decide(&mut self, reading: &Reading, at: Duration) -> Duration {
        let cpu = ProcessorSignals {
            kind: ProcessorKind::Cpu,
            others_percent: reading.cpu_others_percent,
            celsius: reading.cpu_celsius,
        };
        let gpus = reading.gpus.iter().map(|gpu| ProcessorSignals {
            kind: ProcessorKind::Gpu,
            others_percent: gpu.others_percent,
            celsius: gpu.celsius,
        });
        let processors = std::iter::once((ProcessorId::cpu(), cpu));
        // A time beyond the calendar's end is its end.
        let passed = SignedDuration::try_from(at).unwrap_or(SignedDuration::MAX);
        let signals = Signals {
            now: self.begins.saturating_add(passed),
            clock: at,
            consent: true,
            remote_limit: None,
            reading: reading.clone(),
            processors: processors
                .chain(self.gpus.iter().cloned().zip(gpus))
                .collect(),
        };
        let decision = decide(&self.mode, &signals, self.policy, self.previous.as_ref());
        self.mode = decision.chosen;
        let again = decision.again_within;
        self.previous = Some(decision);
        again
    }
}
