//! When a failed engine is started again, and when no more.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::EngineSettings;

/// The faults of one processor.
#[derive(Debug, Default)]
pub struct Faults {
    recent: VecDeque<Instant>,
}

/// What to do after a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Start again after so long.
    After(Duration),
    /// Leave it alone.
    SetAside,
}

impl Faults {
    /// Notes a fault. `chance` is random, from 0 to 1: engines that fail together are not started together.
    pub fn record(&mut self, settings: &EngineSettings, now: Instant, chance: f64) -> Next {
        self.recent.push_back(now);
        while self
            .recent
            .front()
            .is_some_and(|at| now.duration_since(*at) > settings.fault_window)
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= settings.faults_allowed.max(1) {
            return Next::SetAside;
        }
        let doublings = (self.recent.len() as u32 - 1).min(16);
        let middle = settings.backoff_first.saturating_mul(1 << doublings);
        Next::After(
            middle
                .mul_f64(0.5 + chance.clamp(0.0, 1.0))
                .min(settings.backoff_most),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> EngineSettings {
        EngineSettings::new("idlewatt".into(), Vec::new())
    }

    #[test]
    fn waits_double_and_vary_and_the_fifth_fault_is_the_last() {
        let (settings, now) = (settings(), Instant::now());
        for (chance, factor) in [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)] {
            let mut faults = Faults::default();
            for seconds in [1.0, 2.0, 4.0, 8.0] {
                let expected = Duration::from_secs_f64(seconds * factor);
                assert_eq!(faults.record(&settings, now, chance), Next::After(expected));
            }
            assert_eq!(faults.record(&settings, now, chance), Next::SetAside);
            faults = Faults::default();
            assert!(matches!(
                faults.record(&settings, now, chance),
                Next::After(_)
            ));
        }
    }

    #[test]
    fn faults_far_apart_never_set_aside() {
        let (settings, mut faults, mut now) = (settings(), Faults::default(), Instant::now());
        for _ in 0..100 {
            now += Duration::from_secs(200);
            let next = faults.record(&settings, now, 1.0);
            assert!(
                matches!(next, Next::After(wait) if wait <= settings.backoff_most),
                "{next:?}"
            );
        }
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let settings = EngineSettings {
            faults_allowed: 100,
            ..settings()
        };
        let (mut faults, now) = (Faults::default(), Instant::now());
        let last = (0..90).map(|_| faults.record(&settings, now, 1.0)).last();
        assert_eq!(last, Some(Next::After(Duration::from_secs(60))));
    }
}
