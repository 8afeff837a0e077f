//! The task that keeps one processor's engine.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::{Algorithm, Job, NonceSpace};
use idlewatt_platform::process::ChildGroup;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backoff::{Faults, Next};
use super::child::EngineChild;
use super::preparation::Preparation;
use super::rate::RateWindow;
use super::state::{Phase, StateHandle};
use super::{Allowance, EngineSettings, Found, bench};
use crate::engine::Processor;
use crate::engine::message::{Command, Event};

/// What the callers want of a processor.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub work: Option<Arc<(Job, NonceSpace)>>,
    pub allowance: Allowance,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            work: None,
            allowance: Allowance::NONE,
        }
    }
}

impl Wanted {
    fn algorithm(&self) -> Option<Algorithm> {
        self.work.as_ref().map(|work| work.0.algorithm())
    }

    fn is_active(&self) -> bool {
        self.work.is_some() && self.allowance.percent > 0
    }

    /// What there is to say about it while nothing hinders.
    fn phase(&self) -> Phase {
        match (&self.work, self.allowance.percent) {
            (None, _) => Phase::Idle,
            (Some(_), 0) => Phase::Paused,
            (Some(_), _) => Phase::Running,
        }
    }
}

/// Something asked of a keeper once.
pub enum Request {
    Bench(bench::Request),
    Retry,
}

pub struct Keeper {
    pub processor: Processor,
    pub settings: Arc<EngineSettings>,
    pub group: Arc<ChildGroup>,
    pub wanted: watch::Receiver<Wanted>,
    pub requests: mpsc::Receiver<Request>,
    pub state: StateHandle,
    pub found: mpsc::Sender<Found>,
    pub cancel: CancellationToken,
    pub preparation: Preparation,
}

/// Why an engine's time is over.
enum Ended {
    /// It has had nothing to do for a while.
    Released,
    /// The work is for another algorithm now.
    OtherAlgorithm,
    Bench(bench::Request),
    Fault(String),
    Shutdown,
}

/// What ended a wait.
enum Woken {
    Wanted,
    Request(Request),
    Due,
    Shutdown,
}

impl Keeper {
    /// Keeps the engine until shut down.
    pub async fn run(mut self) {
        let mut faults = Faults::default();
        // When the engine may be started, or why it is set aside.
        let mut standing = Ok(Instant::now());
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            self.show(&wanted, &standing);
            let due = standing
                .as_ref()
                .ok()
                .copied()
                .filter(|_| wanted.is_active());
            match self.wait(due).await {
                Woken::Shutdown => return,
                Woken::Wanted => {}
                Woken::Request(Request::Retry) => {
                    faults.forget();
                    standing = Ok(Instant::now());
                }
                Woken::Request(Request::Bench(request)) => self.bench(request).await,
                Woken::Due => match self.serve().await {
                    Ended::Shutdown => return,
                    Ended::Released | Ended::OtherAlgorithm => {}
                    Ended::Bench(request) => self.bench(request).await,
                    Ended::Fault(reason) => {
                        let next = faults.record(&self.settings, Instant::now(), rand::random());
                        standing = self.after_fault(next, reason);
                    }
                },
            }
        }
    }

    /// Publishes how things stand while no engine runs.
    fn show(&self, wanted: &Wanted, standing: &Result<Instant, String>) {
        self.state.update(|state| {
            state.algorithm = wanted.algorithm();
            state.allowed_percent = wanted.allowance.percent;
            (state.rate, state.achieved_percent) = (0.0, 0.0);
            state.engine_process = None;
            state.resume_seconds = wanted
                .algorithm()
                .and_then(|algorithm| self.preparation.whole(algorithm, wanted.allowance.percent));
            state.phase = match (standing, wanted.phase()) {
                (Err(reason), _) => Phase::SetAside {
                    reason: reason.clone(),
                },
                (Ok(_), Phase::Running) => Phase::Starting,
                (Ok(_), phase) => phase,
            };
        });
    }

    fn after_fault(&self, next: Next, reason: String) -> Result<Instant, String> {
        let processor = self.processor.id.as_str();
        match next {
            Next::After(wait) => {
                tracing::warn!(processor, reason, wait = ?wait, "the engine failed and will be started again");
                self.state.update(|state| {
                    state.faults += 1;
                    state.note = Some(format!("started again after a fault: {reason}"));
                });
                Ok(Instant::now() + wait)
            }
            Next::SetAside => {
                tracing::error!(
                    processor,
                    reason,
                    "the engine failed too often: the processor is set aside"
                );
                self.state.update(|state| state.faults += 1);
                Err(reason)
            }
        }
    }

    async fn wait(&mut self, due: Option<Instant>) -> Woken {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Woken::Shutdown,
            request = self.requests.recv() => request.map_or(Woken::Shutdown, Woken::Request),
            changed = self.wanted.changed() => if changed.is_ok() { Woken::Wanted } else { Woken::Shutdown },
            () = at(due) => Woken::Due,
        }
    }

    async fn bench(&mut self, request: bench::Request) {
        self.state.update(|state| {
            state.phase = Phase::Benchmarking;
            state.algorithm = Some(request.algorithm);
            state.engine_process = None;
        });
        bench::run(
            &self.settings,
            &self.processor,
            &self.group,
            request,
            &self.cancel,
        )
        .await;
    }

    /// Starts the engine and keeps it at its work until its time is over.
    async fn serve(&mut self) -> Ended {
        let Some(algorithm) = self.wanted.borrow().algorithm() else {
            return Ended::Released;
        };
        let mut engine =
            match EngineChild::start(&self.settings, &self.processor, algorithm, &self.group) {
                Ok(engine) => engine,
                Err(error) => {
                    return Ended::Fault(format!(
                        "{} cannot be started: {error}",
                        self.settings.exe.display()
                    ));
                }
            };
        self.preparation.begin(Instant::now());
        self.state.update(|state| {
            state.engine_process = engine.id();
            state.resume_seconds = None;
        });
        let ended = self.attend(&mut engine, algorithm).await;
        match ended {
            Ended::Fault(_) => engine.kill().await,
            _ => engine.stop().await,
        }
        ended
    }

    async fn attend(&mut self, engine: &mut EngineChild, algorithm: Algorithm) -> Ended {
        let mut sent = Wanted::default();
        let mut rates = RateWindow::default();
        self.wanted.mark_changed();
        let mut last_heard = Instant::now();
        let mut idle_since = None;
        loop {
            let deadline = match idle_since {
                Some(since) => since + self.settings.release_after,
                None => last_heard + self.settings.silence_allowed,
            };
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Ended::Shutdown,
                request = self.requests.recv() => match request {
                    Some(Request::Bench(request)) => return Ended::Bench(request),
                    Some(Request::Retry) => {}
                    None => return Ended::Shutdown,
                },
                changed = self.wanted.changed() => {
                    if changed.is_err() {
                        return Ended::Shutdown;
                    }
                    let wanted = self.wanted.borrow_and_update().clone();
                    if wanted.algorithm().is_some_and(|wanted| wanted != algorithm) {
                        return Ended::OtherAlgorithm;
                    }
                    if let Err(error) = tell(engine, &sent, &wanted).await {
                        return Ended::Fault(self.last_words(engine, &error.to_string()).await);
                    }
                    if wanted.allowance != sent.allowance {
                        rates.restart();
                    }
                    (idle_since, last_heard) = match (wanted.is_active(), idle_since) {
                        (true, Some(_)) => (None, Instant::now()),
                        (true, None) => (None, last_heard),
                        (false, since) => (since.or_else(|| Some(Instant::now())), last_heard),
                    };
                    self.show_wanted(&wanted);
                    sent = wanted;
                }
                event = engine.event() => {
                    last_heard = Instant::now();
                    match event {
                        Ok(event) => if let Some(reason) = self.take(event, &mut rates, &sent).await {
                            return Ended::Fault(reason);
                        },
                        Err(reason) => return Ended::Fault(reason),
                    }
                }
                () = sleep_until(deadline) => {
                    return match idle_since {
                        Some(_) => Ended::Released,
                        None => Ended::Fault("the engine hangs: it has not reported for a while".to_owned()),
                    };
                }
            }
        }
    }

    /// A pipe that broke because the engine ended: what it said before says more than the pipe's error.
    async fn last_words(&self, engine: &mut EngineChild, error: &str) -> String {
        let words = tokio::time::timeout(Duration::from_secs(1), async {
            loop {
                match engine.event().await {
                    Ok(Event::Fault { message, .. }) => return message,
                    Ok(_) => {}
                    Err(reason) => return reason,
                }
            }
        });
        words.await.unwrap_or_else(|_| error.to_owned())
    }

    /// Publishes a new wish while the engine runs. What it is doing beyond that, it says itself.
    fn show_wanted(&self, wanted: &Wanted) {
        self.state.update(|state| {
            state.algorithm = wanted.algorithm();
            state.allowed_percent = wanted.allowance.percent;
            match wanted.phase() {
                Phase::Running
                    if matches!(state.phase, Phase::Preparing { .. } | Phase::Starting) => {}
                phase => state.phase = phase,
            }
            if !wanted.is_active() {
                (state.rate, state.achieved_percent) = (0.0, 0.0);
            }
        });
    }

    /// Deals with an event. Returns the reason if it was a fault.
    async fn take(
        &mut self,
        event: Event,
        rates: &mut RateWindow,
        sent: &Wanted,
    ) -> Option<String> {
        let active = sent.is_active();
        let percent = sent.allowance.percent;
        match event {
            Event::Ready => {}
            Event::Preparing { what, done, total } if active => {
                self.preparation
                    .progress(&what, done, total, percent, Instant::now());
                let left = sent
                    .algorithm()
                    .and_then(|algorithm| self.preparation.left(algorithm, percent));
                self.state.update(|state| {
                    state.phase = Phase::Preparing { what, done, total };
                    state.resume_seconds = left;
                });
            }
            Event::Rate {
                hashes,
                seconds,
                busy_seconds,
                longest_dispatch_ms,
            } if active => {
                let (rate, achieved) = rates.push(hashes, seconds, busy_seconds);
                if let Some(algorithm) = sent.algorithm() {
                    self.preparation.end(algorithm);
                }
                self.state.update(|state| {
                    state.resume_seconds = None;
                    state.longest_dispatch_ms = longest_dispatch_ms;
                    state.phase = Phase::Running;
                    (state.rate, state.achieved_percent) = (rate, achieved);
                });
            }
            // The last ones before a pause arrive when it has begun.
            Event::Preparing { .. } | Event::Rate { .. } => {}
            Event::Found { solution } => {
                let found = Found {
                    processor: self.processor.id.clone(),
                    solution,
                };
                tracing::debug!(processor = self.processor.id.as_str(), "solution found");
                // Nobody reads any more only while everything ends.
                tokio::select! {
                    _ = self.found.send(found) => {}
                    () = self.cancel.cancelled() => {}
                }
            }
            Event::Note { text } => {
                tracing::info!(
                    processor = self.processor.id.as_str(),
                    note = text,
                    "engine note"
                );
                self.state.update(|state| state.note = Some(text));
            }
            Event::Fault { message, .. } => return Some(message),
        }
        None
    }
}

/// Sends what differs.
async fn tell(engine: &mut EngineChild, sent: &Wanted, wanted: &Wanted) -> std::io::Result<()> {
    if wanted.allowance != sent.allowance {
        let budget_ms = wanted
            .allowance
            .dispatch_budget
            .as_millis()
            .min(u128::from(u32::MAX)) as u32;
        engine
            .send(&Command::Allow {
                percent: wanted.allowance.percent,
                budget_ms,
            })
            .await?;
    }
    if wanted.work != sent.work {
        let command = match &wanted.work {
            Some(work) => Command::Job {
                job: work.0.clone(),
                space: work.1,
            },
            None => Command::NoJob,
        };
        engine.send(&command).await?;
    }
    Ok(())
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
