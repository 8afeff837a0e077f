//! How long a processor takes before it hashes, learnt from the last time.

use std::collections::BTreeMap;
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use tokio::time::Instant;

/// Reports farther apart than this belong to a PC that slept.
const LONGEST_STEP: Duration = Duration::from_secs(5);
/// A stage says nothing about its length before this much of it is done.
const TELLING: f64 = 0.05;

/// Follows one preparation, in seconds at all of the processor's time.
#[derive(Debug, Default)]
pub struct Preparation {
    learnt: BTreeMap<Algorithm, f64>,
    /// So far, all stages together.
    spent: f64,
    heard: Option<Instant>,
    stage: Option<Stage>,
}

#[derive(Debug)]
struct Stage {
    what: String,
    spent: f64,
    done: f64,
}

impl Preparation {
    /// An engine is started: whatever there is to prepare begins anew.
    pub fn begin(&mut self, now: Instant) {
        (self.spent, self.heard, self.stage) = (0.0, Some(now), None);
    }

    /// How far a stage is, at a share of the processor's time.
    pub fn progress(&mut self, what: &str, done: u64, total: u64, percent: u8, now: Instant) {
        let stage = self.stage.take().filter(|stage| stage.what == what);
        let mut stage = stage.unwrap_or_else(|| Stage {
            what: what.to_owned(),
            spent: 0.0,
            done: 0.0,
        });
        let heard = self.heard.replace(now).unwrap_or(now);
        let step = now.duration_since(heard).min(LONGEST_STEP);
        let spent = step.as_secs_f64() * f64::from(percent) / 100.0;
        stage.spent += spent;
        self.spent += spent;
        stage.done = done as f64 / total.max(1) as f64;
        self.stage = Some(stage);
    }

    /// It hashes.
    pub fn end(&mut self, algorithm: Algorithm) {
        if self.stage.take().is_some() {
            self.learnt.insert(algorithm, self.spent);
        }
    }

    /// About how many seconds are left of the one under way, at a share of the processor's time.
    pub fn left(&self, algorithm: Algorithm, percent: u8) -> Option<f64> {
        let stage = self.stage.as_ref()?;
        let learnt = self.learnt.get(&algorithm);
        let learnt = learnt.map(|whole| (whole - self.spent).max(0.0));
        let of_stage =
            (stage.done >= TELLING).then(|| stage.spent * (1.0 - stage.done) / stage.done);
        // Where others use the PC as well it takes longer than the last time, as the stage under way shows.
        let left = match (learnt, of_stage) {
            (Some(learnt), Some(of_stage)) => learnt.max(of_stage),
            (learnt, of_stage) => learnt.or(of_stage)?,
        };
        Some(at(left, percent))
    }

    /// About how many seconds a new one would take; at full speed where nothing is allowed now.
    pub fn whole(&self, algorithm: Algorithm, percent: u8) -> Option<f64> {
        self.learnt.get(&algorithm).map(|whole| at(*whole, percent))
    }

    /// How many seconds each took the last time.
    pub fn learnt(&self) -> BTreeMap<Algorithm, f64> {
        self.learnt.clone()
    }
}

fn at(seconds: f64, percent: u8) -> f64 {
    match percent {
        0 => seconds,
        _ => seconds * 100.0 / f64::from(percent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_time_it_knows() {
        let mut preparation = Preparation::default();
        let begun = Instant::now();
        let second = |second: u64| begun + Duration::from_secs(second);
        preparation.begin(begun);
        for step in 0..=10 {
            preparation.progress("the cache", step, 10, 100, second(step));
        }
        assert_eq!(preparation.whole(Algorithm::RandomX, 0), None);
        for step in 0..=5 {
            preparation.progress("the dataset", step, 10, 50, second(10 + 2 * step));
        }
        // Five of ten steps took 5 seconds of all the time; at half the time the rest takes 10.
        let left = preparation.left(Algorithm::RandomX, 50).expect("known");
        assert!((left - 10.0).abs() < 0.1, "{left}");
        preparation.end(Algorithm::RandomX);
        assert_eq!(preparation.left(Algorithm::RandomX, 50), None);
        // 10 s for the cache and 5 s for the part seen of the dataset.
        assert_eq!(preparation.whole(Algorithm::RandomX, 0), Some(15.0));
        assert_eq!(preparation.whole(Algorithm::RandomX, 25), Some(60.0));
        assert_eq!(preparation.whole(Algorithm::Sha256d, 25), None);

        preparation.begin(begun);
        preparation.progress("the cache", 0, 10, 100, second(0));
        preparation.progress("the cache", 3, 10, 100, second(3));
        assert_eq!(preparation.left(Algorithm::RandomX, 100), Some(12.0));
        // Slower than the last time.
        preparation.progress("the cache", 4, 10, 100, second(6));
        preparation.progress("the cache", 5, 10, 100, second(11));
        preparation.progress("the cache", 6, 10, 100, second(16));
        let left = preparation.left(Algorithm::RandomX, 100).expect("known");
        assert!((left - 16.0 * 4.0 / 6.0).abs() < 0.1, "{left}");
        // Another algorithm's is learnt beside it.
        preparation.end(Algorithm::KawPow);
        let learnt = preparation.learnt();
        assert_eq!(learnt.get(&Algorithm::RandomX), Some(&15.0));
        assert_eq!(learnt.get(&Algorithm::KawPow), Some(&16.0));
        // Ending without having prepared anything teaches nothing.
        preparation.begin(begun);
        preparation.end(Algorithm::RandomX);
        assert_eq!(preparation.whole(Algorithm::RandomX, 100), Some(15.0));
    }
}
