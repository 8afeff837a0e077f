//! What each processor draws at work beyond what it draws idle, from the meters of card and CPU: averages over the last half hour
//! of each, kept over restarts.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::daemon::Daemon;
use crate::data_dir::{DataDir, DataDirError};
use crate::engine::Phase;
use crate::steering::draw_of;

const FILE: &str = "power.json";
/// What the system said longer ago than this is not of the present.
const FRESH: SignedDuration = SignedDuration::from_secs(5);
/// What was seen for less than this is no average.
const ENOUGH_SECONDS: f64 = 60.0;
/// What was seen longer ago counts less and less.
const MEMORY_SECONDS: f64 = 1_800.0;
/// Between two looks nothing counts for longer than this: the PC may have slept.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// A processor works in full if it is this near to its measured rate.
const FULL_WORK: f64 = 0.9;
/// What others use of a processor at most where its draw is taken for ours, or for that of an idle one, in percent.
const OTHERS_AT_MOST: f32 = 10.0;

/// What was measured of all processors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PowerMeter(BTreeMap<String, Meter>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Meter {
    idle: Average,
    work: BTreeMap<Algorithm, Average>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Average {
    watts: f64,
    seconds: f64,
}

/// What a processor did and drew at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which.
    pub processor: String,
    /// What it computes, with how much of the measured rate; `None` for nothing.
    pub work: Option<(Algorithm, f64)>,
    /// What it draws.
    pub watts: f32,
    /// What others use of it, 0 to 100; `None` where that cannot be told while our engine is there, as of cards on Windows.
    pub others_percent: Option<f32>,
}

/// What each processor does and draws at present, where a meter says it.
pub fn looks(daemon: &Daemon) -> Vec<Look> {
    let decided = daemon.decisions().borrow().clone();
    let (Some(decided), Some(engines)) = (decided, daemon.board().engines.clone()) else {
        return Vec::new();
    };
    // Paused for good, nothing is asked of the system: what it said last is of another time.
    let age = Timestamp::now().duration_since(decided.signals.now.timestamp());
    if age > FRESH {
        return Vec::new();
    }
    let benchmarks = daemon.benchmarks();
    let states = engines.states();
    let processors = daemon.board().processors.clone();
    let looks = processors.iter().filter_map(|processor| {
        let (watts, others_percent) = draw_of(processor, &decided.signals.reading)?;
        let state = states.iter().find(|state| state.id == processor.id)?;
        let id = processor.id.as_str();
        let mut its = benchmarks
            .iter()
            .filter(|one| one.processor == id && Some(one.algorithm) == state.algorithm);
        let measured = its.next().map(|one| one.rate);
        Some(Look {
            processor: id.to_owned(),
            work: work_of(&state.phase, state.algorithm, state.rate, measured)?,
            watts,
            others_percent,
        })
    });
    looks.collect()
}

/// What a processor computes, with how much of its measured rate, or nothing; `None` for what is neither work nor rest: what is
/// made ready or measured, and the seconds after either.
fn work_of(
    phase: &Phase,
    algorithm: Option<Algorithm>,
    rate: f64,
    measured: Option<f64>,
) -> Option<Option<(Algorithm, f64)>> {
    match phase {
        Phase::Running => Some(Some((algorithm?, rate / measured?))),
        // The rate is of the last ten seconds: while there is one, it has only just come to rest.
        Phase::Idle | Phase::Paused => (rate == 0.0).then_some(None),
        Phase::Starting
        | Phase::Preparing { .. }
        | Phase::Benchmarking
        | Phase::SetAside { .. } => None,
    }
}

impl Average {
    fn add(&mut self, watts: f64, seconds: f64) {
        self.seconds = (self.seconds + seconds).min(MEMORY_SECONDS);
        self.watts += (watts - self.watts) * (seconds / self.seconds);
    }

    fn told(&self) -> Option<f64> {
        (self.seconds >= ENOUGH_SECONDS).then_some(self.watts)
    }
}

impl PowerMeter {
    /// What was kept. A file that cannot be read costs minutes of measuring.
    pub fn load(data: &DataDir) -> Self {
        let kept = data.read(FILE).unwrap_or_else(|error| {
            tracing::warn!(%error, "what the processors drew cannot be read");
            None
        });
        kept.unwrap_or_default()
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// Takes a look that stands for the time since the one before. Half work, and work of others, say nothing.
    pub fn add(&mut self, look: &Look, since: Duration) {
        let watts = f64::from(look.watts);
        let is_shared = |percent| percent > OTHERS_AT_MOST;
        if look.others_percent.is_some_and(is_shared) || !watts.is_finite() {
            return;
        }
        let seconds = since.min(LONGEST_LOOK).as_secs_f64();
        let meter = self.0.entry(look.processor.clone()).or_default();
        match look.work {
            // Others may be at work: the least that was seen is what an idle one draws.
            None if look.others_percent.is_none() && meter.idle.seconds > 0.0 => {
                let least = watts.min(meter.idle.watts);
                meter.idle.watts = least;
                meter.idle.seconds = (meter.idle.seconds + seconds).min(MEMORY_SECONDS);
            }
            None => meter.idle.add(watts, seconds),
            Some((algorithm, part)) if part >= FULL_WORK => {
                meter.work.entry(algorithm).or_default().add(watts, seconds);
            }
            Some(_) => {}
        }
    }

    /// What an algorithm at full work draws beyond an idle processor; `None` before both were seen for a minute.
    pub fn watts(&self, processor: &str, algorithm: Algorithm) -> Option<f64> {
        let meter = self.0.get(processor)?;
        let more = meter.work.get(&algorithm)?.told()? - meter.idle.told()?;
        (more > 0.0).then_some(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    fn look(work: Option<f64>, watts: f32) -> Look {
        Look {
            processor: "cpu".into(),
            work: work.map(|part| (Algorithm::RandomX, part)),
            watts,
            others_percent: Some(3.0),
        }
    }

    fn seen(meter: &mut PowerMeter, look: &Look, times: usize) {
        for _ in 0..times {
            meter.add(look, TEN);
        }
    }

    #[test]
    fn what_work_draws_is_the_difference_to_idle_once_both_were_seen() {
        let mut meter = PowerMeter::default();
        let draws = |meter: &PowerMeter| meter.watts("cpu", Algorithm::RandomX);
        seen(&mut meter, &look(Some(1.0), 95.0), 6);
        assert_eq!(draws(&meter), None, "idle is not known");
        seen(&mut meter, &look(None, 20.0), 5);
        assert_eq!(draws(&meter), None, "too short");
        seen(&mut meter, &look(None, 20.0), 1);
        assert_eq!(draws(&meter), Some(75.0));
        assert_eq!(meter.watts("cpu", Algorithm::Sha256d), None);
        // Half work and busy others change nothing.
        seen(&mut meter, &look(Some(0.5), 50.0), 100);
        let busy = Look {
            others_percent: Some(60.0),
            ..look(None, 60.0)
        };
        seen(&mut meter, &busy, 100);
        assert_eq!(draws(&meter), Some(75.0));
        // What changed for good is believed after a while.
        seen(&mut meter, &look(Some(1.0), 115.0), 180 * 5);
        let now = draws(&meter).expect("known");
        assert!((94.0..=95.0).contains(&now), "{now}");
    }

    #[test]
    fn what_is_made_ready_is_neither_work_nor_rest() {
        let randomx = Some(Algorithm::RandomX);
        let of = |phase: Phase, rate| work_of(&phase, randomx, rate, Some(200.0));
        let working = Some(Some((Algorithm::RandomX, 0.5)));
        assert_eq!(of(Phase::Running, 100.0), working);
        assert_eq!(of(Phase::Paused, 0.0), Some(None));
        assert_eq!(of(Phase::Idle, 0.0), Some(None));
        assert_eq!(of(Phase::Paused, 40.0), None, "only just paused");
        let preparing = Phase::Preparing {
            what: "the dataset".into(),
            done: 1,
            total: 2,
        };
        for neither in [preparing, Phase::Starting, Phase::Benchmarking] {
            assert_eq!(of(neither, 0.0), None);
        }
        assert_eq!(work_of(&Phase::Running, randomx, 9.0, None), None);
    }

    #[test]
    fn where_others_cannot_be_told_the_least_is_idle() {
        let mut meter = PowerMeter::default();
        let unknown = |work, watts| Look {
            others_percent: None,
            ..look(work, watts)
        };
        for watts in [180.0, 30.0, 210.0, 31.0, 150.0, 35.0] {
            seen(&mut meter, &unknown(None, watts), 1);
        }
        seen(&mut meter, &unknown(Some(1.0), 130.0), 6);
        assert_eq!(meter.watts("cpu", Algorithm::RandomX), Some(100.0));
    }

    #[test]
    fn what_was_seen_outlives_a_restart_and_nonsense_is_no_measurement() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        let mut meter = PowerMeter::default();
        seen(&mut meter, &look(Some(1.0), 30.0), 6);
        seen(&mut meter, &look(None, 40.0), 6);
        assert_eq!(
            meter.watts("cpu", Algorithm::RandomX),
            None,
            "less than idle"
        );
        seen(&mut meter, &look(None, f32::NAN), 6);
        meter.save(&data).expect("kept");
        assert_eq!(PowerMeter::load(&data), meter);
        std::fs::write(data.file(FILE), "{").expect("written");
        assert_eq!(PowerMeter::load(&data), PowerMeter::default());
    }
}
