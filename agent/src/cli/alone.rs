//! Measuring without a running agent: `idlewatt bench` and `idlewatt tune`.

use std::time::Duration;

use idlewatt_config::AgentSettings;
use tokio_util::sync::CancellationToken;

use super::bench::Bar;
use super::daemon::end_when_asked;
use super::settings::SettingsArguments;
use super::{Common, Failure, words};
use crate::benchmarks::{self, Benchmarks, Manner, Measurement};
use crate::consent;
use crate::control::answers::{Benchmark, TunedKernel};
use crate::data_dir::{DataDir, Lock};
use crate::engine::{self, Engines, Pace, Processor};
use crate::tuning::Tunings;

/// What is needed to measure.
pub struct Alone {
    data: DataDir,
    /// How the agent is set.
    pub settings: AgentSettings,
    /// What there is.
    pub processors: Vec<Processor>,
    /// The layouts known so far.
    pub tunings: Tunings,
    /// Held while measuring: an agent that starts now would disturb the figures.
    _lock: Lock,
}

impl Alone {
    /// Looks at what there is.
    pub async fn begin(common: &Common, settings: &SettingsArguments) -> Result<Self, Failure> {
        let data = common.data()?;
        let settings = settings.load(&data)?.settings;
        if consent::given(&data)?.is_none() {
            return Err(Failure::Failed(words().say("cli-no-consent")));
        }
        let lock = data.lock()?;
        let exe = std::env::current_exe()?;
        Ok(Alone {
            processors: engine::processors(&exe, settings.gpu.allow_software).await,
            tunings: Tunings::load(&data)?,
            settings,
            data,
            _lock: lock,
        })
    }

    /// Measures, and keeps the results: the rates, and the layouts of what is to be tuned.
    pub async fn measure(
        mut self,
        plan: &[Measurement],
        duration: Duration,
        tune: &[Measurement],
        bar: &Bar,
    ) -> Result<(Vec<Benchmark>, Vec<TunedKernel>), Failure> {
        let exe = std::env::current_exe()?;
        let settings = benchmarks::engine_settings(&self.settings, exe, self.processors.clone());
        let (engines, _found) = Engines::start(settings)?;
        for processor in &self.processors {
            engines.set_tunings(&processor.id, self.tunings.of(processor));
        }
        let asked_to_end = CancellationToken::new();
        end_when_asked(asked_to_end.clone())?;
        let manner = Manner {
            duration,
            pace: Pace::Full,
            tune,
        };
        let measured = tokio::select! {
            measured = benchmarks::measure(&engines, plan, &manner, |progress| bar.show(&progress)) => measured,
            () = asked_to_end.cancelled() => Vec::new(),
        };
        engines.shutdown().await;
        if asked_to_end.is_cancelled() {
            return Err(Failure::Failed(words().say("cli-bench-interrupted")));
        }
        let mut kept = Benchmarks::load(&self.data)?;
        for (one, result) in plan.iter().zip(&measured) {
            let of = |processor: &&Processor| processor.id == one.processor;
            if let Some(processor) = self.processors.iter().find(of) {
                benchmarks::keep(
                    &self.settings,
                    (processor, one.algorithm),
                    result,
                    (&mut kept, &mut self.tunings),
                );
            }
        }
        kept.save(&self.data)?;
        self.tunings.save(&self.data)?;
        let measured: Result<Vec<_>, _> = measured.into_iter().collect();
        let measured = measured.map_err(Failure::failed)?;
        let is_new = |one: &&TunedKernel| {
            tune.iter().any(|tuned| {
                tuned.processor.as_str() == one.processor && tuned.algorithm == one.algorithm
            })
        };
        let tuned = self.tunings.all().iter().filter(is_new).cloned().collect();
        let benchmarks = measured.into_iter().map(|(benchmark, _)| benchmark);
        Ok((benchmarks.collect(), tuned))
    }
}
