//! What a processor is not asked to compute for now, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::EngineSettings;
use super::backoff::{Faults, Next};
use crate::engine::child::Fault;
use crate::engine::message::FaultKind;
use crate::engine::{Processor, ProcessorKind};

/// An algorithm that a processor is not asked to compute, though the settings allow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmSetAside {
    /// Which.
    pub algorithm: Algorithm,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None` if it does not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What follows from a fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Start again after so long.
    Again(Duration),
    /// The algorithm is set aside.
    AlgorithmAside,
    /// The processor is.
    ProcessorAside,
}

/// How one processor stands.
#[derive(Debug)]
pub struct Standing {
    kind: ProcessorKind,
    /// What the settings allow; empty where nobody has said.
    choices: Vec<Algorithm>,
    /// For as long as the engines are kept.
    by_rule: Vec<AlgorithmSetAside>,
    aside: Vec<Entry>,
    processor: Option<String>,
    faults: BTreeMap<Algorithm, Faults>,
    not_before: Instant,
}

#[derive(Debug)]
struct Entry {
    shown: AlgorithmSetAside,
    ends: Option<Instant>,
    /// The processor failed at it, rather than having no room for it.
    is_failure: bool,
}

impl Standing {
    /// As the settings have it.
    pub fn new(processor: &Processor, settings: &EngineSettings) -> Standing {
        let given = settings.set_aside.get(&processor.id);
        let (passing, by_rule): (Vec<_>, Vec<_>) = given
            .into_iter()
            .flatten()
            .cloned()
            .partition(|one| one.until.is_some());
        let entry = |shown: AlgorithmSetAside| {
            let left = shown
                .until
                .map(|until| Timestamp::now().duration_until(until));
            let left = left.map(|left| Duration::try_from(left).unwrap_or_default());
            Entry {
                ends: left.map(|left| Instant::now() + left),
                shown,
                is_failure: false,
            }
        };
        Standing {
            kind: processor.kind,
            choices: settings
                .algorithms
                .get(&processor.id)
                .cloned()
                .unwrap_or_default(),
            by_rule,
            aside: passing.into_iter().map(entry).collect(),
            processor: None,
            faults: BTreeMap::new(),
            not_before: Instant::now(),
        }
    }

    /// When an engine for this algorithm may be started, or why it may not.
    pub fn may(&self, algorithm: Option<Algorithm>) -> Result<Instant, &str> {
        if let Some(reason) = &self.processor {
            return Err(reason);
        }
        let mut aside = self.aside.iter().map(|entry| &entry.shown);
        match aside.find(|shown| Some(shown.algorithm) == algorithm) {
            Some(shown) => Err(&shown.reason),
            None => Ok(self.not_before),
        }
    }

    /// Everything set aside.
    pub fn set_aside(&self) -> Vec<AlgorithmSetAside> {
        let passing = self.aside.iter().map(|entry| &entry.shown);
        let mut all: Vec<_> = self.by_rule.iter().chain(passing).cloned().collect();
        all.sort_by_key(|one| one.algorithm);
        all
    }

    /// Takes note of an engine that failed. `chance` is random, from 0 to 1.
    pub fn failed(
        &mut self,
        settings: &EngineSettings,
        algorithm: Algorithm,
        fault: &Fault,
        chance: f64,
    ) -> Verdict {
        if self.at_once(settings, algorithm, fault) {
            return match self.processor {
                Some(_) => Verdict::ProcessorAside,
                None => Verdict::AlgorithmAside,
            };
        }
        let now = Instant::now();
        let faults = self.faults.entry(algorithm).or_default();
        match faults.record(settings, now, chance) {
            Next::After(wait) => {
                self.not_before = now + wait;
                Verdict::Again(wait)
            }
            Next::SetAside if self.is_its_own_fault(algorithm) => {
                self.put(algorithm, &fault.message, None, true);
                Verdict::AlgorithmAside
            }
            Next::SetAside => {
                self.processor = Some(fault.message.clone());
                Verdict::ProcessorAside
            }
        }
    }

    /// Takes note of a measurement that failed: only what is certain at once counts.
    pub fn failed_measurement(
        &mut self,
        settings: &EngineSettings,
        algorithm: Algorithm,
        fault: &Fault,
    ) {
        self.at_once(settings, algorithm, fault);
    }

    /// The algorithm works.
    pub fn works(&mut self, algorithm: Algorithm) {
        self.aside
            .retain(|entry| entry.shown.algorithm != algorithm);
        self.faults.remove(&algorithm);
    }

    /// Another chance for everything that the settings allow.
    pub fn forget(&mut self) {
        self.aside.clear();
        self.faults.clear();
        self.processor = None;
        self.not_before = Instant::now();
    }

    /// When something set aside gets another chance by itself.
    pub fn next_end(&self) -> Option<Instant> {
        self.aside.iter().filter_map(|entry| entry.ends).min()
    }

    /// Gives another chance to what it is time for.
    pub fn end_what_is_due(&mut self) {
        let now = Instant::now();
        self.aside
            .retain(|entry| entry.ends.is_none_or(|ends| ends > now));
    }

    /// What needs no second look: wrong results are the processor's fault, and memory that is not there now will not
    /// be in a second. (A CPU's engine makes do with less memory by itself.)
    fn at_once(&mut self, settings: &EngineSettings, algorithm: Algorithm, fault: &Fault) -> bool {
        match (fault.kind, self.kind) {
            (FaultKind::WrongHash, _) => {
                self.processor = Some(fault.message.clone());
                true
            }
            (FaultKind::Memory, ProcessorKind::Gpu) => {
                let wait = settings.memory_patience;
                self.put(algorithm, &fault.message, Some(wait), false);
                true
            }
            _ => false,
        }
    }

    /// Whether repeated faults at this algorithm may be its own: it is the first one, and another one is left.
    fn is_its_own_fault(&self, algorithm: Algorithm) -> bool {
        let is_aside = |other: &Algorithm| {
            self.aside
                .iter()
                .any(|entry| entry.shown.algorithm == *other)
        };
        let mut left = self.choices.iter().filter(|other| **other != algorithm);
        left.any(|other| !is_aside(other)) && !self.aside.iter().any(|entry| entry.is_failure)
    }

    fn put(
        &mut self,
        algorithm: Algorithm,
        reason: &str,
        lasting: Option<Duration>,
        is_failure: bool,
    ) {
        self.works(algorithm);
        let since = Timestamp::now();
        self.aside.push(Entry {
            shown: AlgorithmSetAside {
                algorithm,
                reason: reason.to_owned(),
                since,
                until: lasting.and_then(|lasting| since.checked_add(lasting).ok()),
            },
            ends: lasting.map(|lasting| Instant::now() + lasting),
            is_failure,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ProcessorId;
    use Algorithm::{KawPow, ProgPowZ, Sha256d};

    fn settings() -> EngineSettings {
        let gpu = Processor {
            id: ProcessorId("gpu-1".into()),
            kind: ProcessorKind::Gpu,
            ..Processor::cpu()
        };
        let choices = vec![Sha256d, KawPow, ProgPowZ];
        EngineSettings {
            faults_allowed: 3,
            algorithms: [(gpu.id.clone(), choices)].into(),
            ..EngineSettings::new("idlewatt".into(), vec![gpu])
        }
    }

    fn fault(kind: FaultKind) -> Fault {
        Fault::new(kind, format!("{kind:?}"))
    }

    fn aside(standing: &Standing) -> Vec<Algorithm> {
        let all = standing.set_aside();
        all.iter().map(|one| one.algorithm).collect()
    }

    #[tokio::test]
    async fn too_little_memory_sets_the_algorithm_aside_for_a_while() {
        let settings = settings();
        let mut standing = Standing::new(&settings.processors[0], &settings);
        let memory = fault(FaultKind::Memory);
        let verdict = standing.failed(&settings, KawPow, &memory, 0.5);
        assert_eq!(verdict, Verdict::AlgorithmAside);
        assert_eq!(standing.may(Some(KawPow)), Err("Memory"));
        assert!(standing.may(Some(Sha256d)).is_ok() && standing.may(None).is_ok());
        assert!(standing.set_aside()[0].until > Some(Timestamp::now()));
        // Even if it is so with all of them, the processor is not at fault.
        for algorithm in [ProgPowZ, Sha256d] {
            let verdict = standing.failed(&settings, algorithm, &memory, 0.5);
            assert_eq!(verdict, Verdict::AlgorithmAside);
        }
        standing.end_what_is_due();
        assert_eq!(aside(&standing), [Sha256d, KawPow, ProgPowZ]);
        let end = standing.next_end().expect("it ends");
        assert!(end <= Instant::now() + settings.memory_patience);
        let at_once = EngineSettings {
            memory_patience: Duration::ZERO,
            ..settings
        };
        standing.failed(&at_once, KawPow, &memory, 0.5);
        standing.end_what_is_due();
        assert_eq!(aside(&standing), [Sha256d, ProgPowZ]);
        assert!(standing.may(Some(KawPow)).is_ok());
    }

    #[tokio::test]
    async fn a_wrong_result_sets_the_processor_aside_at_once() {
        let settings = settings();
        for measuring in [false, true] {
            let mut standing = Standing::new(&settings.processors[0], &settings);
            let wrong = fault(FaultKind::WrongHash);
            if measuring {
                standing.failed_measurement(&settings, KawPow, &wrong);
            } else {
                let verdict = standing.failed(&settings, KawPow, &wrong, 0.5);
                assert_eq!(verdict, Verdict::ProcessorAside);
            }
            assert_eq!(standing.may(Some(Sha256d)), Err("WrongHash"));
            standing.forget();
            assert!(standing.may(Some(KawPow)).is_ok());
        }
    }

    #[tokio::test]
    async fn repeated_faults_set_one_algorithm_aside_and_with_the_second_the_processor() {
        let settings = settings();
        let mut standing = Standing::new(&settings.processors[0], &settings);
        let device = fault(FaultKind::Device);
        let fail = |standing: &mut Standing, algorithm| {
            let verdicts: Vec<Verdict> = (0..3)
                .map(|_| standing.failed(&settings, algorithm, &device, 0.5))
                .collect();
            assert!(matches!(
                verdicts[..2],
                [Verdict::Again(_), Verdict::Again(_)]
            ));
            verdicts[2].clone()
        };
        assert_eq!(fail(&mut standing, KawPow), Verdict::AlgorithmAside);
        assert_eq!(aside(&standing), [KawPow]);
        assert!(standing.next_end().is_none());
        assert_eq!(fail(&mut standing, ProgPowZ), Verdict::ProcessorAside);
        assert_eq!(standing.may(Some(Sha256d)), Err("Device"));
        // With another chance, the count begins anew.
        standing.forget();
        assert_eq!(fail(&mut standing, KawPow), Verdict::AlgorithmAside);
        // One that works now is not held against the others.
        standing.works(KawPow);
        assert_eq!(fail(&mut standing, ProgPowZ), Verdict::AlgorithmAside);
    }

    #[tokio::test]
    async fn where_there_is_no_other_algorithm_the_processor_is_set_aside() {
        let device = fault(FaultKind::Device);
        for choices in [vec![], vec![KawPow]] {
            let mut settings = settings();
            let id = settings.processors[0].id.clone();
            settings.algorithms.insert(id, choices);
            let mut standing = Standing::new(&settings.processors[0], &settings);
            for _ in 0..2 {
                standing.failed(&settings, KawPow, &device, 0.5);
            }
            let verdict = standing.failed(&settings, KawPow, &device, 0.5);
            assert_eq!(verdict, Verdict::ProcessorAside);
        }
    }

    #[tokio::test]
    async fn what_a_rule_sets_aside_stays_and_what_failed_before_passes() {
        let mut settings = settings();
        let id = settings.processors[0].id.clone();
        let given = |algorithm, until| AlgorithmSetAside {
            algorithm,
            reason: "as before".into(),
            since: Timestamp::now(),
            until,
        };
        let soon = Timestamp::now() + Duration::from_secs(60);
        let both = vec![given(ProgPowZ, Some(soon)), given(KawPow, None)];
        settings.set_aside.insert(id, both);
        let mut standing = Standing::new(&settings.processors[0], &settings);
        assert_eq!(aside(&standing), [KawPow, ProgPowZ]);
        assert!(standing.next_end().is_some());
        standing.forget();
        assert_eq!(aside(&standing), [KawPow]);
    }
}
