//! What each processor is worth: measured once, kept, measured again when the processor changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::control::answers::{BenchRequest, Benchmark, BenchmarkProgress, ProcessorListing};
use crate::data_dir::{DataDir, DataDirError};
use crate::engine::child::MemoryChoice;
use crate::engine::{
    BenchError, BenchProgress, EngineSettings, Engines, Processor, ProcessorId, ProcessorKind,
};

const FILE: &str = "benchmarks.json";
/// How long a measurement takes where nothing is said.
pub const DURATION: Duration = Duration::from_secs(6);

/// One thing to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// On which processor.
    pub processor: ProcessorId,
    /// What.
    pub algorithm: Algorithm,
}

/// Everything measured on this PC.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmarks {
    /// By the processor's id, what it was when it was measured.
    measured_on: BTreeMap<String, String>,
    results: Vec<Benchmark>,
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

/// What a processor can work on.
pub fn algorithms(kind: ProcessorKind) -> Vec<Algorithm> {
    let suits = |algorithm: &Algorithm| match kind {
        ProcessorKind::Cpu => algorithm.runs_on_cpu(),
        ProcessorKind::Gpu => algorithm.runs_on_gpu(),
    };
    Algorithm::offered().filter(suits).collect()
}

/// What a processor may work on under these settings.
pub fn allowed_algorithms(settings: &AgentSettings, kind: ProcessorKind) -> Vec<Algorithm> {
    let chosen = match kind {
        ProcessorKind::Cpu => &settings.cpu.algorithm,
        ProcessorKind::Gpu => &settings.gpu.algorithm,
    };
    let mut allowed = algorithms(kind);
    allowed.retain(|algorithm| chosen.as_ref().is_none_or(|name| name == algorithm.name()));
    allowed
}

/// A processor as `idlewatt processors` lists it.
pub fn listing(processor: &Processor) -> ProcessorListing {
    ProcessorListing {
        id: processor.id.to_string(),
        kind: kind_name(processor.kind).to_owned(),
        name: processor.name.clone(),
        software: processor.software,
        threads: (processor.kind == ProcessorKind::Cpu).then_some(processor.threads),
        algorithms: algorithms(processor.kind),
    }
}

/// The name of a kind in every JSON.
pub fn kind_name(kind: ProcessorKind) -> &'static str {
    match kind {
        ProcessorKind::Cpu => "cpu",
        ProcessorKind::Gpu => "gpu",
    }
}

/// Everything there is to measure on these processors.
pub fn plan(settings: &AgentSettings, processors: &[Processor]) -> Vec<Measurement> {
    let each = processors.iter().flat_map(|processor| {
        allowed_algorithms(settings, processor.kind)
            .into_iter()
            .map(|algorithm| Measurement {
                processor: processor.id.clone(),
                algorithm,
            })
    });
    each.collect()
}

/// What of the plan is asked for.
///
/// # Errors
/// With what there is, if something else is asked for.
pub fn chosen(
    settings: &AgentSettings,
    processors: &[Processor],
    asked: &BenchRequest,
) -> Result<Vec<Measurement>, String> {
    let mut wanted = match asked.algorithm {
        // An algorithm asked for by name is measured though the settings leave it out.
        Some(algorithm) => processors
            .iter()
            .filter(|processor| algorithms(processor.kind).contains(&algorithm))
            .map(|processor| Measurement {
                processor: processor.id.clone(),
                algorithm,
            })
            .collect(),
        None => plan(settings, processors),
    };
    if let Some(id) = &asked.processor {
        if !processors
            .iter()
            .any(|processor| processor.id.as_str() == id)
        {
            let all: Vec<&str> = processors.iter().map(|one| one.id.as_str()).collect();
            return Err(format!(
                "unknown processor \"{id}\"; allowed: {}",
                all.join(", ")
            ));
        }
        wanted.retain(|one| one.processor.as_str() == id);
    }
    match (wanted.is_empty(), asked.algorithm) {
        (true, Some(algorithm)) => Err(format!("{algorithm} does not run on that processor")),
        _ => Ok(wanted),
    }
}

/// How engines are run under these settings.
pub fn engine_settings(
    settings: &AgentSettings,
    program: PathBuf,
    processors: Vec<Processor>,
) -> EngineSettings {
    EngineSettings {
        allow_software_gpu: settings.gpu.allow_software,
        efficient: settings.engine.efficient,
        threads: settings
            .cpu
            .threads
            .and_then(|threads| u16::try_from(threads).ok()),
        memory: match settings.cpu.randomx_memory.as_str() {
            "light" => MemoryChoice::Light,
            "fast" => MemoryChoice::Fast,
            _ => MemoryChoice::Auto,
        },
        release_after: settings.engine.release_after,
        ..EngineSettings::new(program, processors)
    }
}

/// Measures one after the other: at the same time they would disturb each other. Progress is told as it comes.
pub async fn measure(
    engines: &Engines,
    wanted: &[Measurement],
    duration: Duration,
    tell: impl Fn(BenchmarkProgress),
) -> Vec<Result<Benchmark, BenchError>> {
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
        let bench = engines.bench(&one.processor, one.algorithm, duration, sender);
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
        results.push(result.map(|result| Benchmark {
            processor: result.processor.to_string(),
            algorithm: result.algorithm,
            rate: result.rate,
            unit: result.unit,
            seconds: result.seconds,
            note: result.note,
            measured_at: Timestamp::now(),
        }));
    }
    results
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
    fn the_plan_follows_the_settings() {
        let mut settings = settings();
        let cpu = Processor::cpu();
        assert_eq!(plan(&settings, std::slice::from_ref(&cpu)).len(), 2);
        settings.cpu.algorithm = Some("randomx".into());
        let planned = plan(&settings, &[cpu]);
        assert_eq!(planned.len(), 1);
        assert_eq!(planned[0].algorithm, Algorithm::RandomX);
        assert_eq!(
            allowed_algorithms(&settings, ProcessorKind::Gpu),
            [Algorithm::Sha256d]
        );
    }
}
