//! Measuring on behalf of the agent: at its start, beside its work, and when its owner asks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Daemon;
use crate::benchmarks::{self, Manner, Measurement};
use crate::control::answers::{BenchRequest, Benchmark, TuneRequest, TunedKernel};
use crate::control::guard::Refusal;
use crate::engine::{Allowance, BenchError, Engines, Pace, Processor};

impl Daemon {
    /// What was measured on the processors as they are.
    pub fn benchmarks(&self) -> Vec<Benchmark> {
        let board = self.board();
        board.benchmarks.of(&self.settings(), &board.processors)
    }

    /// Every layout that was chosen, and why.
    pub fn tunings(&self) -> Vec<TunedKernel> {
        self.board().tunings.all().to_vec()
    }

    /// Told of each measurement.
    pub fn watch_measured(&self) -> watch::Receiver<()> {
        self.measured.subscribe()
    }

    /// Measures what is asked for; the usual work rests meanwhile.
    ///
    /// # Errors
    /// If nothing may run, what is asked for does not exist, or a measurement fails.
    pub async fn bench(&self, asked: &BenchRequest) -> Result<Vec<Benchmark>, Refusal> {
        let (engines, processors) = self.measurable()?;
        let plan = benchmarks::chosen(&self.settings(), &processors, asked)
            .map_err(Refusal::bad_request)?;
        let duration = match asked.seconds {
            None => benchmarks::DURATION,
            Some(seconds @ 1..=600) => Duration::from_secs(seconds),
            Some(seconds) => {
                return Err(Refusal::bad_request(format!(
                    "seconds = {seconds}; allowed: 1 to 600"
                )));
            }
        };
        let _asking = Asking::new(&self.asked);
        let manner = Manner {
            duration,
            pace: Pace::Full,
            tune: &self.untuned(&plan),
        };
        let measured = self.measure(&engines, &plan, &manner).await;
        let measured: Result<Vec<_>, _> = measured.into_iter().collect();
        measured.map_err(Refusal::failed)
    }

    /// Measures layouts anew, and the rates with the best ones; the usual work rests meanwhile.
    ///
    /// # Errors
    /// If nothing may run, what is asked for does not exist, or a measurement fails.
    pub async fn tune(&self, asked: &TuneRequest) -> Result<Vec<TunedKernel>, Refusal> {
        let (engines, processors) = self.measurable()?;
        let plan = benchmarks::to_tune(&self.settings(), &processors, asked)
            .map_err(Refusal::bad_request)?;
        let _asking = Asking::new(&self.asked);
        let manner = Manner {
            duration: benchmarks::DURATION,
            pace: Pace::Full,
            tune: &plan,
        };
        let measured = self.measure(&engines, &plan, &manner).await;
        let measured: Result<Vec<_>, _> = measured.into_iter().collect();
        measured.map_err(Refusal::failed)?;
        let is_asked_for = |one: &TunedKernel| {
            plan.iter().any(|measured| {
                measured.processor.as_str() == one.processor && measured.algorithm == one.algorithm
            })
        };
        let mut tunings = self.tunings();
        tunings.retain(is_asked_for);
        Ok(tunings)
    }

    fn measurable(&self) -> Result<(Arc<Engines>, Vec<Processor>), Refusal> {
        let board = self.board();
        match &board.engines {
            Some(engines) => Ok((engines.clone(), board.processors.clone())),
            None => Err(Refusal::conflict(match self.has_consent() {
                true => "the agent is still starting",
                false => "nothing runs before consent: `idlewatt consent --accept`",
            })),
        }
    }

    /// Measures while everything else rests, and keeps the results.
    pub async fn measure(
        &self,
        engines: &Engines,
        plan: &[Measurement],
        manner: &Manner<'_>,
    ) -> Vec<Result<Benchmark, BenchError>> {
        let _alone = self.measuring.lock().await;
        // Also when whoever asked goes away meanwhile.
        let _told = Told(self);
        self.resting.send_replace(true);
        // Also the processors that are not being measured: they would disturb it. Steering leaves it at that.
        for processor in engines.processors() {
            engines.set_allowance(&processor.id, Allowance::NONE);
        }
        self.measure_and_keep(engines, plan, manner).await
    }

    /// Measures one thing while everything else goes on, as hard as is allowed at the time; gives way to what the owner
    /// asks for, and begins anew after that. Keeps the result.
    pub async fn measure_beside(
        &self,
        engines: &Engines,
        one: &Measurement,
    ) -> Option<Result<Benchmark, BenchError>> {
        let plan = std::slice::from_ref(one);
        let mut asked = self.asked.subscribe();
        loop {
            // The sender lives as long as the daemon.
            let _ = asked.wait_for(|waiting| *waiting == 0).await;
            let measured = async {
                let _alone = self.measuring.lock().await;
                let _told = Told(self);
                let manner = Manner {
                    duration: benchmarks::DURATION,
                    pace: Pace::AsAllowed,
                    tune: &self.untuned(plan),
                };
                self.measure_and_keep(engines, plan, &manner).await
            };
            tokio::select! {
                measured = measured => return measured.into_iter().next(),
                _ = asked.wait_for(|waiting| *waiting > 0) => {}
            }
        }
    }

    async fn measure_and_keep(
        &self,
        engines: &Engines,
        plan: &[Measurement],
        manner: &Manner<'_>,
    ) -> Vec<Result<Benchmark, BenchError>> {
        let tell = |progress| self.board().measuring = Some(progress);
        let measured = benchmarks::measure(engines, plan, manner, tell).await;
        let mut results = Vec::new();
        let (benchmarks, tunings) = {
            let mut board = self.board();
            let board = &mut *board;
            for (one, result) in plan.iter().zip(measured) {
                let of = |processor: &&Processor| processor.id == one.processor;
                if let Some(processor) = board.processors.iter().find(of) {
                    benchmarks::keep(
                        &self.settings(),
                        (processor, one.algorithm),
                        &result,
                        (&mut board.benchmarks, &mut board.tunings),
                    );
                }
                results.push(result.map(|(benchmark, _)| benchmark));
            }
            for processor in &board.processors {
                engines.set_tunings(&processor.id, board.tunings.of(processor));
            }
            (board.benchmarks.clone(), board.tunings.clone())
        };
        let kept = benchmarks
            .save(&self.data)
            .and_then(|()| tunings.save(&self.data));
        if let Err(error) = kept {
            tracing::warn!(%error, "what was measured could not be kept");
        }
        self.measured.send_replace(());
        results
    }

    /// What of a plan is for a graphics card whose layout was not measured.
    pub fn untuned(&self, plan: &[Measurement]) -> Vec<Measurement> {
        let board = self.board();
        benchmarks::untuned(plan, &board.processors, &board.tunings)
    }
}

/// Counts what the owner waits for.
struct Asking<'a>(&'a watch::Sender<usize>);

impl<'a> Asking<'a> {
    fn new(asked: &'a watch::Sender<usize>) -> Asking<'a> {
        asked.send_modify(|waiting| *waiting += 1);
        Asking(asked)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// Takes the progress of a measurement away when it is over in any way.
struct Told<'a>(&'a Daemon);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.board().measuring = None;
        self.0.resting.send_replace(false);
    }
}
