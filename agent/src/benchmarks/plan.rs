//! What there is to measure, and how engines are run.

use std::path::PathBuf;

use idlewatt_config::AgentSettings;
use idlewatt_kernels::Algorithm;
use idlewatt_kernels::progpow::Epoch;
use jiff::Timestamp;

use crate::control::answers::{BenchRequest, ProcessorListing, TuneRequest};
use crate::engine::child::MemoryChoice;
use crate::engine::{AlgorithmSetAside, EngineSettings, Processor, ProcessorId, ProcessorKind};

/// One thing to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// On which processor.
    pub processor: ProcessorId,
    /// What.
    pub algorithm: Algorithm,
}

impl Measurement {
    /// Whether a dataset has to be made first, which takes a minute or more.
    pub fn takes_long(&self) -> bool {
        self.algorithm.progpow().is_some()
    }
}

/// What a processor can work on.
pub fn algorithms(processor: &Processor) -> Vec<Algorithm> {
    let suits = |algorithm: &Algorithm| match processor.kind {
        ProcessorKind::Cpu => algorithm.runs_on_cpu(),
        ProcessorKind::Gpu => algorithm.runs_on_gpu() && !takes_hours(processor, *algorithm),
    };
    Algorithm::offered().filter(suits).collect()
}

/// What a processor may work on under these settings. The algorithm for tests has to be asked for by name, and then it
/// is the only one.
pub fn allowed_algorithms(settings: &AgentSettings, processor: &Processor) -> Vec<Algorithm> {
    let chosen = match processor.kind {
        ProcessorKind::Cpu => &settings.cpu.algorithm,
        ProcessorKind::Gpu => &settings.gpu.algorithm,
    };
    let Some(name) = chosen else {
        return algorithms(processor);
    };
    let chosen = name.parse().ok();
    if let Some(algorithm) = chosen.filter(|algorithm: &Algorithm| {
        algorithm.is_for_tests() && algorithm.runs_on_gpu() && processor.kind == ProcessorKind::Gpu
    }) {
        return vec![algorithm];
    }
    let mut allowed = algorithms(processor);
    allowed.retain(|algorithm| Some(*algorithm) == chosen);
    allowed
}

/// A dataset of gigabytes, made by a GPU that is a program on the CPU.
fn takes_hours(processor: &Processor, algorithm: Algorithm) -> bool {
    processor.software && algorithm.progpow().is_some() && !algorithm.is_for_tests()
}

/// What a processor is never given though its kind could, with the reason.
pub fn ruled_out(processor: &Processor) -> Vec<AlgorithmSetAside> {
    if processor.kind == ProcessorKind::Cpu {
        return Vec::new();
    }
    let since = Timestamp::now();
    let ruled_out = Algorithm::offered().filter(|algorithm| takes_hours(processor, *algorithm));
    ruled_out
        .filter_map(|algorithm| {
            let parameters = algorithm.progpow()?;
            let epoch = Epoch::of_height(parameters, parameters.recent_height).ok()?;
            let gibibytes = epoch.dataset_bytes() as f64 / f64::from(1 << 30);
            Some(AlgorithmSetAside {
                algorithm,
                reason: format!("a dataset of {gibibytes:.1} GiB takes an emulated GPU hours"),
                since,
                until: None,
            })
        })
        .collect()
}

/// A processor as `idlewatt processors` lists it.
pub fn listing(processor: &Processor) -> ProcessorListing {
    ProcessorListing {
        id: processor.id.to_string(),
        kind: kind_name(processor.kind).to_owned(),
        name: processor.name.clone(),
        software: processor.software,
        threads: (processor.kind == ProcessorKind::Cpu).then_some(processor.threads),
        memory_bytes: processor.memory,
        algorithms: algorithms(processor),
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
        allowed_algorithms(settings, processor)
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
            .filter(|processor| {
                algorithms(processor).contains(&algorithm)
                    || allowed_algorithms(settings, processor).contains(&algorithm)
            })
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
    let Some(algorithm) = asked.algorithm.filter(|_| wanted.is_empty()) else {
        return Ok(wanted);
    };
    let asked_for = |processor: &&Processor| {
        let id = asked.processor.as_deref();
        id.is_none_or(|id| id == processor.id.as_str())
    };
    let ruled_out = processors.iter().filter(asked_for).flat_map(ruled_out);
    let mut reasons = ruled_out.filter(|one| one.algorithm == algorithm);
    Err(match reasons.next() {
        Some(one) => format!("{algorithm} does not run there: {}", one.reason),
        None => format!("{algorithm} does not run on that processor"),
    })
}

/// What of the plan is asked for whose layouts can be measured: what graphics cards do.
///
/// # Errors
/// With what there is, if something else is asked for.
pub fn to_tune(
    settings: &AgentSettings,
    processors: &[Processor],
    asked: &TuneRequest,
) -> Result<Vec<Measurement>, String> {
    let is_gpu = |processor: &&Processor| processor.kind == ProcessorKind::Gpu;
    let cards: Vec<Processor> = processors.iter().filter(is_gpu).cloned().collect();
    if cards.is_empty() {
        return Err("there is no graphics card here".to_owned());
    }
    let asked = BenchRequest {
        processor: asked.processor.clone(),
        algorithm: asked.algorithm,
        seconds: None,
    };
    chosen(settings, &cards, &asked)
}

/// How engines are run under these settings.
pub fn engine_settings(
    settings: &AgentSettings,
    program: PathBuf,
    processors: Vec<Processor>,
) -> EngineSettings {
    let algorithms = processors.iter().map(|processor| {
        let allowed = allowed_algorithms(settings, processor);
        (processor.id.clone(), allowed)
    });
    // What the owner has left out needs no other reason.
    let wished = |one: &AlgorithmSetAside| {
        let name = settings.gpu.algorithm.as_ref();
        name.is_none_or(|name| name == one.algorithm.name())
    };
    let set_aside = processors.iter().map(|processor| {
        let ruled_out = ruled_out(processor).into_iter().filter(wished);
        (processor.id.clone(), ruled_out.collect())
    });
    EngineSettings {
        algorithms: algorithms.collect(),
        set_aside: set_aside.collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AgentSettings {
        idlewatt_config::load(None, &[]).expect("valid").settings
    }

    fn gpu(software: bool) -> Processor {
        Processor {
            id: ProcessorId("gpu-1".into()),
            kind: ProcessorKind::Gpu,
            software,
            ..Processor::cpu()
        }
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
            allowed_algorithms(&settings, &gpu(false)),
            [Algorithm::Sha256d, Algorithm::KawPow, Algorithm::ProgPowZ]
        );
        settings.gpu.algorithm = Some("progpowz".into());
        assert_eq!(
            allowed_algorithms(&settings, &gpu(false)),
            [Algorithm::ProgPowZ]
        );
    }

    #[test]
    fn an_emulated_gpu_gets_no_dataset_of_gigabytes_and_says_why() {
        let settings = settings();
        assert_eq!(
            allowed_algorithms(&settings, &gpu(true)),
            [Algorithm::Sha256d]
        );
        assert_eq!(ruled_out(&gpu(false)), []);
        let ruled_out = ruled_out(&gpu(true));
        let kawpow = ruled_out
            .iter()
            .find(|one| one.algorithm == Algorithm::KawPow)
            .expect("listed");
        assert_eq!(
            kawpow.reason,
            "a dataset of 5.8 GiB takes an emulated GPU hours"
        );
        assert_eq!(kawpow.until, None);
        for (wished, shown) in [(None, 2), (Some("progpowz"), 1), (Some("sha256d"), 0)] {
            let mut settings = settings.clone();
            settings.gpu.algorithm = wished.map(str::to_owned);
            let made = engine_settings(&settings, "idlewatt".into(), vec![gpu(true)]);
            let set_aside = &made.set_aside[&ProcessorId("gpu-1".into())];
            assert_eq!(set_aside.len(), shown, "{set_aside:?}");
        }
        let asked = BenchRequest {
            algorithm: Some(Algorithm::KawPow),
            ..BenchRequest::default()
        };
        let error = chosen(&settings, &[gpu(true)], &asked).expect_err("refused");
        assert!(error.contains("5.8 GiB"), "{error}");
    }

    #[test]
    fn the_algorithm_for_tests_is_asked_for_by_name_and_then_the_only_one() {
        let mut settings = settings();
        let test = Algorithm::KawPowTest;
        for software in [false, true] {
            assert!(!allowed_algorithms(&settings, &gpu(software)).contains(&test));
        }
        settings.gpu.algorithm = Some(test.name().to_owned());
        for software in [false, true] {
            assert_eq!(allowed_algorithms(&settings, &gpu(software)), [test]);
        }
        let planned = plan(&settings, &[gpu(true)]);
        assert_eq!(planned.len(), 1);
        assert!(planned[0].takes_long());
        settings.cpu.algorithm = Some(test.name().to_owned());
        assert_eq!(allowed_algorithms(&settings, &Processor::cpu()), []);
    }
}
