//! The task that keeps one processor's engine.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use idlewatt_platform::process::ChildGroup;
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::child::{EngineChild, Layout};
use super::preparation::Preparation;
use super::rate::RateWindow;
use super::standing::{Standing, Verdict};
use super::state::{Phase, StateHandle};
use super::wanted::{Wanted, tell};
use super::{BenchError, EngineSettings, Found, bench};
use crate::engine::Processor;
use crate::engine::child::Fault;
use crate::engine::message::{Event, FaultKind};

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
    /// What there was no room for yet. Its engine waits, but not what the owner wants.
    pub undelivered: Option<Found>,
    pub cancel: CancellationToken,
    pub preparation: Preparation,
    pub standing: Standing,
    /// Whether the engine prepares something: what it does meanwhile says nothing of its rate.
    pub is_preparing: bool,
}

/// Why an engine's time is over.
enum Ended {
    /// It has had nothing to do for a while.
    Released,
    /// The work is for another algorithm now.
    OtherAlgorithm,
    Bench(bench::Request),
    Fault(Algorithm, Fault),
    Shutdown,
}

/// What ended a wait.
enum Woken {
    Wanted,
    Request(Request),
    /// For what is undelivered.
    Room(OwnedPermit<Found>),
    Due,
    Shutdown,
}

impl Keeper {
    /// Keeps the engine until shut down.
    pub async fn run(mut self) {
        loop {
            self.standing.end_what_is_due();
            let wanted = self.wanted.borrow_and_update().clone();
            self.show(&wanted);
            let due = self.standing.may(wanted.algorithm()).ok();
            match self.wait(due.filter(|_| wanted.is_active())).await {
                Woken::Shutdown => return,
                Woken::Wanted => {}
                Woken::Room(permit) => hand_over(permit, &mut self.undelivered),
                Woken::Request(Request::Retry) => self.standing.forget(),
                Woken::Request(Request::Bench(request)) => self.bench(request).await,
                Woken::Due => match self.serve().await {
                    Ended::Shutdown => return,
                    Ended::Released | Ended::OtherAlgorithm => {}
                    Ended::Bench(request) => self.bench(request).await,
                    Ended::Fault(algorithm, fault) => self.after_fault(algorithm, &fault),
                },
            }
        }
    }

    /// Publishes how things stand while no engine runs.
    fn show(&self, wanted: &Wanted) {
        self.state.update(|state| {
            state.algorithm = wanted.algorithm();
            state.allowed_percent = wanted.allowance.percent;
            (state.rate, state.achieved_percent) = (0.0, 0.0);
            state.engine_process = None;
            state.resume_seconds = wanted
                .algorithm()
                .and_then(|algorithm| self.preparation.whole(algorithm, wanted.allowance.percent));
            state.set_aside = self.standing.set_aside();
            state.phase = match (self.standing.may(wanted.algorithm()), wanted.phase()) {
                (Err(reason), _) => Phase::SetAside {
                    reason: reason.to_owned(),
                },
                (Ok(_), Phase::Running) => Phase::Starting,
                (Ok(_), phase) => phase,
            };
        });
    }

    fn after_fault(&mut self, algorithm: Algorithm, fault: &Fault) {
        let processor = self.processor.id.as_str();
        let reason = fault.message.as_str();
        let chance = rand::random();
        let verdict = self
            .standing
            .failed(&self.settings, algorithm, fault, chance);
        match verdict {
            Verdict::Again(wait) => {
                tracing::warn!(processor, reason, wait = ?wait, "the engine failed and will be started again");
            }
            Verdict::AlgorithmAside => {
                tracing::error!(processor, %algorithm, reason, "the algorithm is set aside on this processor");
            }
            Verdict::ProcessorAside => {
                tracing::error!(processor, reason, "the processor is set aside");
            }
        }
        self.state.update(|state| {
            state.faults += 1;
            if matches!(verdict, Verdict::Again(_)) {
                state.note = Some(format!("started again after a fault: {reason}"));
            }
        });
    }

    async fn wait(&mut self, due: Option<Instant>) -> Woken {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Woken::Shutdown,
            request = self.requests.recv() => request.map_or(Woken::Shutdown, Woken::Request),
            changed = self.wanted.changed() => if changed.is_ok() { Woken::Wanted } else { Woken::Shutdown },
            // The loop looks again at what may be done.
            () = at(self.standing.next_end()) => Woken::Wanted,
            permit = room(&self.found, &self.undelivered) => Woken::Room(permit),
            () = at(due) => Woken::Due,
        }
    }

    async fn bench(&mut self, request: bench::Request) {
        let bench::Request {
            order,
            progress,
            mut reply,
        } = request;
        self.state.update(|state| {
            state.phase = Phase::Benchmarking;
            state.algorithm = Some(order.algorithm);
            (state.rate, state.achieved_percent) = (0.0, 0.0);
            state.engine_process = None;
        });
        let bench = bench::Bench {
            settings: &self.settings,
            processor: &self.processor,
            group: &self.group,
            order: &order,
            progress,
            wanted: self.wanted.clone(),
        };
        let result = tokio::select! {
            result = bench.run() => result,
            () = self.cancel.cancelled() => Err(BenchError::Ended),
            () = reply.closed() => return,
        };
        match &result {
            Ok(_) => self.standing.works(order.algorithm),
            Err(BenchError::Failed { fault, .. }) => {
                self.standing
                    .failed_measurement(&self.settings, order.algorithm, fault);
            }
            Err(_) => {}
        }
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }

    /// Starts the engine and keeps it at its work until its time is over.
    async fn serve(&mut self) -> Ended {
        let Some(algorithm) = self.wanted.borrow().algorithm() else {
            return Ended::Released;
        };
        let tuning = self.wanted.borrow().tunings.get(&algorithm).copied();
        let layout = Layout::of(tuning);
        let started = EngineChild::start(
            &self.settings,
            &self.processor,
            algorithm,
            &layout,
            &self.group,
        );
        let mut engine = match started {
            Ok(engine) => engine,
            Err(fault) => return Ended::Fault(algorithm, fault),
        };
        self.preparation.begin(Instant::now());
        self.is_preparing = false;
        self.state.update(|state| {
            state.engine_process = engine.id();
            state.resume_seconds = None;
        });
        let ended = self.attend(&mut engine, algorithm).await;
        match ended {
            Ended::Fault(..) => engine.kill().await,
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
                    Some(Request::Retry) => {
                        self.standing.forget();
                        self.show_aside();
                    }
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
                        return Ended::Fault(algorithm, last_words(engine, &error).await);
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
                permit = room(&self.found, &self.undelivered) => {
                    last_heard = Instant::now();
                    hand_over(permit, &mut self.undelivered);
                }
                event = engine.event(), if self.undelivered.is_none() => {
                    last_heard = Instant::now();
                    match event {
                        Ok(event) => if let Some(fault) = self.take(event, &mut rates, &sent) {
                            return Ended::Fault(algorithm, fault);
                        },
                        Err(fault) => return Ended::Fault(algorithm, fault),
                    }
                }
                () = at(self.standing.next_end()) => {
                    self.standing.end_what_is_due();
                    self.show_aside();
                }
                () = sleep_until(deadline), if self.undelivered.is_none() => {
                    return match idle_since {
                        Some(_) => Ended::Released,
                        None => Ended::Fault(algorithm, hangs()),
                    };
                }
            }
        }
    }

    /// Publishes what is set aside while the engine runs on something else.
    fn show_aside(&self) {
        let set_aside = self.standing.set_aside();
        self.state.update(|state| state.set_aside = set_aside);
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

    /// Deals with an event. Returns the fault if it was one.
    fn take(&mut self, event: Event, rates: &mut RateWindow, sent: &Wanted) -> Option<Fault> {
        let active = sent.is_active();
        let percent = sent.allowance.percent;
        match event {
            Event::Ready => {}
            Event::Preparing { what, done, total } if active => {
                self.is_preparing = true;
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
            Event::Used {
                seconds,
                busy_seconds,
                longest_dispatch_ms,
            } if active => {
                let (_, achieved) = rates.push(0, seconds, busy_seconds);
                self.state.update(|state| {
                    state.longest_dispatch_ms = longest_dispatch_ms;
                    (state.rate, state.achieved_percent) = (0.0, achieved);
                });
            }
            Event::Rate {
                hashes,
                seconds,
                busy_seconds,
                longest_dispatch_ms,
            } if active => {
                if std::mem::take(&mut self.is_preparing) {
                    rates.restart();
                }
                let (rate, achieved) = rates.push(hashes, seconds, busy_seconds);
                if let Some(algorithm) = sent.algorithm() {
                    self.preparation.end(algorithm);
                }
                self.state.update(|state| {
                    state.resume_seconds = None;
                    state.prepared = self.preparation.learnt();
                    state.longest_dispatch_ms = longest_dispatch_ms;
                    state.phase = Phase::Running;
                    (state.rate, state.achieved_percent) = (rate, achieved);
                });
            }
            // The last ones before a pause arrive when it has begun.
            Event::Preparing { .. } | Event::Used { .. } | Event::Rate { .. } => {}
            Event::Found { solution } => {
                tracing::debug!(processor = self.processor.id.as_str(), "solution found");
                let found = Found {
                    processor: self.processor.id.clone(),
                    solution,
                };
                if let Err(TrySendError::Full(found)) = self.found.try_send(found) {
                    self.undelivered = Some(found);
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
            // Only of a benchmark.
            Event::Trying { .. } | Event::Tuned { .. } => {}
            Event::Fault { kind, message } => return Some(Fault::new(kind, message)),
        }
        None
    }
}

/// A pipe that broke because the engine ended: what it said before says more than the pipe's error.
async fn last_words(engine: &mut EngineChild, error: &std::io::Error) -> Fault {
    let words = tokio::time::timeout(Duration::from_secs(1), async {
        loop {
            match engine.event().await {
                Ok(Event::Fault { kind, message }) => return Fault::new(kind, message),
                Ok(_) => {}
                Err(fault) => return fault,
            }
        }
    });
    words
        .await
        .unwrap_or_else(|_| Fault::new(FaultKind::System, error))
}

/// The fault of an engine that says nothing.
pub fn hangs() -> Fault {
    let message = "the engine hangs: it has not reported for a while";
    Fault::new(FaultKind::Device, message)
}

/// Room for what is undelivered. Never, where nothing is or nobody reads any more.
async fn room(found: &mpsc::Sender<Found>, undelivered: &Option<Found>) -> OwnedPermit<Found> {
    if undelivered.is_some()
        && let Ok(permit) = found.clone().reserve_owned().await
    {
        return permit;
    }
    pending().await
}

fn hand_over(permit: OwnedPermit<Found>, undelivered: &mut Option<Found>) {
    if let Some(found) = undelivered.take() {
        permit.send(found);
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
