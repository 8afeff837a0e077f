//! What each processor is worth: measured once, kept, measured again when the processor changes.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::control::answers::{Benchmark, BenchmarkProgress};
use crate::data_dir::{DataDir, DataDirError};
use crate::engine::{
    AlgorithmSetAside, BenchError, BenchOrder, BenchProgress, Engines, Pace, Processor,
    ProcessorKind, Tuned,
};
use crate::tuning::Tunings;

mod plan;

pub use plan::{
    Measurement, algorithms, allowed_algorithms, chosen, engine_settings, kind_name, listing, plan,
    to_tune,
};

const FILE: &str = "benchmarks.json";
/// However often a measurement has failed, it is tried again after a week.
const FAILED_MOST_HOURS: i64 = 7 * 24;
/// How long a measurement takes where nothing is said.
pub const DURATION: Duration = Duration::from_secs(6);

/// Everything measured on this PC.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmarks {
    /// By the processor's id, what it was when it was measured.
    measured_on: BTreeMap<String, String>,
    results: Vec<Benchmark>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Failure>,
}

/// A measurement that failed. After the first time it is tried again at the next start; after that, not at every one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    processor: String,
    /// What it was measured on.
    measured_on: String,
    algorithm: Algorithm,
    reason: String,
    /// When it failed last.
    at: Timestamp,
    /// How often in a row.
    times: u32,
}

impl Failure {
    /// When it is to be tried again.
    fn until(&self) -> Timestamp {
        let hours = match self.times {
            0 | 1 => 0,
            times => (1 << (times - 2).min(8)).min(FAILED_MOST_HOURS),
        };
        let until = self.at.checked_add(SignedDuration::from_hours(hours));
        until.unwrap_or(self.at)
    }
}

impl Benchmarks {
    /// What was kept.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load(data: &DataDir) -> Result<Self, DataDirError> {
        Ok(data.read(FILE)?.unwrap_or_default())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// Takes a result in place of an earlier one.
    pub fn put(&mut self, settings: &AgentSettings, processor: &Processor, result: Benchmark) {
        let now = description(settings, processor);
        let before = self
            .measured_on
            .insert(result.processor.clone(), now.clone());
        self.failures.retain(|failure| {
            failure.processor != result.processor || failure.algorithm != result.algorithm
        });
        // Figures of another processor that had this id say nothing about this one.
        let changed = before.is_some_and(|before| before != now);
        self.results.retain(|old| {
            old.processor != result.processor || (!changed && old.algorithm != result.algorithm)
        });
        self.results.push(result);
        self.results.sort_by(|left, right| {
            (&left.processor, left.algorithm).cmp(&(&right.processor, right.algorithm))
        });
    }

    /// Takes note of a measurement that failed.
    pub fn failed(
        &mut self,
        settings: &AgentSettings,
        processor: &Processor,
        algorithm: Algorithm,
        reason: &str,
    ) {
        let measured_on = full_description(settings, processor);
        let is_it = |failure: &Failure| {
            failure.processor == processor.id.as_str() && failure.algorithm == algorithm
        };
        let before = self.failures.iter().find(|failure| is_it(failure));
        let before = before.filter(|failure| failure.measured_on == measured_on);
        let times = before.map_or(0, |failure| failure.times);
        self.failures.retain(|failure| !is_it(failure));
        self.failures.push(Failure {
            processor: processor.id.to_string(),
            measured_on,
            algorithm,
            reason: reason.to_owned(),
            at: Timestamp::now(),
            times: times.saturating_add(1),
        });
    }

    /// What failed before on a processor as it is, and is not to be tried again yet.
    pub fn set_aside(
        &self,
        settings: &AgentSettings,
        processor: &Processor,
    ) -> Vec<AlgorithmSetAside> {
        let (now, measured_on) = (Timestamp::now(), full_description(settings, processor));
        let holds = |failure: &&Failure| {
            failure.processor == processor.id.as_str()
                && failure.measured_on == measured_on
                && failure.until() > now
        };
        let held = self.failures.iter().filter(holds);
        held.map(|failure| AlgorithmSetAside {
            algorithm: failure.algorithm,
            reason: failure.reason.clone(),
            since: failure.at,
            until: Some(failure.until()),
        })
        .collect()
    }

    /// The results that hold for these processors as they are, under these settings.
    pub fn of(&self, settings: &AgentSettings, processors: &[Processor]) -> Vec<Benchmark> {
        let holds = |result: &&Benchmark| {
            processors.iter().any(|processor| {
                processor.id.as_str() == result.processor
                    && self.measured_on.get(&result.processor)
                        == Some(&description(settings, processor))
            })
        };
        self.results.iter().filter(holds).cloned().collect()
    }
}

/// What a rate depends on.
fn description(settings: &AgentSettings, processor: &Processor) -> String {
    match processor.kind {
        ProcessorKind::Gpu => processor.name.clone(),
        ProcessorKind::Cpu => format!(
            "{}, {} threads, {} memory",
            processor.name,
            settings.cpu.threads.unwrap_or(processor.threads),
            settings.cpu.randomx_memory
        ),
    }
}

/// What whether it works depends on: for a GPU its driver too.
fn full_description(settings: &AgentSettings, processor: &Processor) -> String {
    match processor.kind {
        ProcessorKind::Cpu => description(settings, processor),
        ProcessorKind::Gpu => format!("{}, {}", processor.name, processor.driver),
    }
}

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// For how long each.
    pub duration: Duration,
    /// How hard.
    pub pace: Pace,
    /// Where the layouts of a kernel are measured first.
    pub tune: &'a [Measurement],
}

/// What was measured, and the layout where that was measured too.
pub type Measured = (Benchmark, Option<Tuned>);

/// Measures one after the other: at the same time they would disturb each other. Progress is told as it comes.
pub async fn measure(
    engines: &Engines,
    wanted: &[Measurement],
    manner: &Manner<'_>,
    tell: impl Fn(BenchmarkProgress),
) -> Vec<Result<Measured, BenchError>> {
    let mut results = Vec::new();
    for (index, one) in wanted.iter().enumerate() {
        let told = |step: &str, progress: f64| {
            tell(BenchmarkProgress {
                processor: one.processor.to_string(),
                algorithm: one.algorithm,
                step: step.to_owned(),
                progress,
                number: index + 1,
                of: wanted.len(),
            });
        };
        told("starting", 0.0);
        let (sender, mut progress) = mpsc::channel(16);
        let order = BenchOrder {
            algorithm: one.algorithm,
            duration: manner.duration,
            pace: manner.pace,
            tune: manner.tune.contains(one),
        };
        let bench = engines.bench(&one.processor, order, sender);
        let listen = async {
            while let Some(progress) = progress.recv().await {
                match progress {
                    BenchProgress::Preparing { what, done, total } => {
                        told(&what, done as f64 / total.max(1) as f64);
                    }
                    BenchProgress::Measuring { seconds, of, .. } => told("measuring", seconds / of),
                }
            }
        };
        let (result, ()) = tokio::join!(bench, listen);
        results.push(result.map(|result| {
            let benchmark = Benchmark {
                processor: result.processor.to_string(),
                algorithm: result.algorithm,
                rate: result.rate,
                unit: result.unit,
                seconds: result.seconds,
                note: result.note,
                measured_at: Timestamp::now(),
            };
            (benchmark, result.tuned)
        }));
    }
    results
}

/// Keeps what came of a measurement.
pub fn keep(
    settings: &AgentSettings,
    (processor, algorithm): (&Processor, Algorithm),
    result: &Result<Measured, BenchError>,
    (benchmarks, tunings): (&mut Benchmarks, &mut Tunings),
) {
    match result {
        Ok((benchmark, tuned)) => {
            benchmarks.put(settings, processor, benchmark.clone());
            if let Some(tuned) = tuned {
                tunings.put(processor, algorithm, tuned.clone());
            }
        }
        Err(BenchError::Failed { fault, .. }) => {
            benchmarks.failed(settings, processor, algorithm, &fault.message);
        }
        Err(_) => {}
    }
}

/// What of a plan is for a graphics card whose layout was not measured. An emulated one is only tuned when asked.
pub fn untuned(
    plan: &[Measurement],
    processors: &[Processor],
    tunings: &Tunings,
) -> Vec<Measurement> {
    let is_untuned = |one: &&Measurement| {
        let processor = processors.iter().find(|it| it.id == one.processor);
        processor.is_some_and(|processor| {
            processor.kind == ProcessorKind::Gpu
                && !processor.software
                && !tunings.of(processor).contains_key(&one.algorithm)
        })
    };
    plan.iter().filter(is_untuned).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(algorithm: Algorithm, rate: f64) -> Benchmark {
        Benchmark {
            processor: "cpu".into(),
            algorithm,
            rate,
            unit: "H/s".into(),
            seconds: 1.0,
            note: None,
            measured_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn settings() -> AgentSettings {
        idlewatt_config::load(None, &[]).expect("valid").settings
    }

    #[test]
    fn results_hold_for_the_processor_they_were_measured_on() {
        let mut cpu = Processor::cpu();
        let mut kept = Benchmarks::default();
        kept.put(&settings(), &cpu, result(Algorithm::RandomX, 1.0));
        kept.put(&settings(), &cpu, result(Algorithm::Sha256d, 2.0));
        kept.put(&settings(), &cpu, result(Algorithm::RandomX, 3.0));
        let held = kept.of(&settings(), std::slice::from_ref(&cpu));
        let rates: Vec<f64> = held.iter().map(|result| result.rate).collect();
        assert_eq!(rates, [2.0, 3.0]);
        let mut other = settings();
        other.cpu.threads = Some(1_000);
        assert!(kept.of(&other, std::slice::from_ref(&cpu)).is_empty());
        cpu.name = "another".into();
        assert!(kept.of(&settings(), std::slice::from_ref(&cpu)).is_empty());
        kept.put(&settings(), &cpu, result(Algorithm::RandomX, 4.0));
        assert_eq!(kept.of(&settings(), &[cpu]).len(), 1);
    }

    #[test]
    fn they_are_kept() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        let cpu = Processor::cpu();
        let mut kept = Benchmarks::load(&data).expect("none yet");
        kept.put(&settings(), &cpu, result(Algorithm::RandomX, 1.5));
        kept.save(&data).expect("written");
        let read = Benchmarks::load(&data).expect("readable");
        assert_eq!(
            read.of(&settings(), &[cpu]),
            [result(Algorithm::RandomX, 1.5)]
        );
    }

    #[test]
    fn what_fails_again_and_again_is_not_tried_at_every_start() {
        let (mut kept, mut gpu) = (Benchmarks::default(), Processor::cpu());
        gpu.kind = ProcessorKind::Gpu;
        let algorithm = Algorithm::KawPow;
        let fail = |kept: &mut Benchmarks, gpu: &Processor| {
            kept.failed(&settings(), gpu, algorithm, "too little memory");
            kept.set_aside(&settings(), gpu)
        };
        assert_eq!(fail(&mut kept, &gpu), [], "the next start tries again");
        let mut waits = Vec::new();
        for _ in 0..12 {
            let aside = fail(&mut kept, &gpu);
            assert_eq!((aside[0].algorithm, aside.len()), (algorithm, 1));
            assert_eq!(aside[0].reason, "too little memory");
            let wait = aside[0].since.duration_until(aside[0].until.expect("ends"));
            waits.push(wait.as_hours());
        }
        assert_eq!(waits[..4], [1, 2, 4, 8]);
        assert_eq!(waits[11], FAILED_MOST_HOURS);
        let mut with_another_driver = gpu.clone();
        with_another_driver.driver = "newer".into();
        assert_eq!(kept.set_aside(&settings(), &with_another_driver), []);
        kept.put(
            &settings(),
            &gpu,
            Benchmark {
                processor: gpu.id.to_string(),
                ..result(algorithm, 1.0)
            },
        );
        assert_eq!(kept.set_aside(&settings(), &gpu), []);
    }
}
