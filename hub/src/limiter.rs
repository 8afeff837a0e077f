//! How often somebody may do something: so many at once, then one more after each pause.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// No more are remembered than this; the longest quiet ones are forgotten first.
const REMEMBERED: usize = 10_000;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// How many without a pause.
    pub at_once: u32,
    /// The pause after which there is one more.
    pub one_more_after: Duration,
}

/// Counts what each one did. Keeps, for each, the time at which all of it will be forgiven.
#[derive(Debug)]
pub struct Limiter<Who> {
    allowance: Allowance,
    forgiven_at: Mutex<HashMap<Who, Instant>>,
}

impl<Who: Hash + Eq + Clone> Limiter<Who> {
    /// Nobody has done anything yet.
    pub fn new(allowance: Allowance) -> Self {
        Limiter {
            allowance,
            forgiven_at: Mutex::default(),
        }
    }

    /// Whether one more is allowed now.
    ///
    /// # Errors
    /// How long to wait, if it is not.
    pub fn check(&self, who: &Who) -> Result<(), Duration> {
        self.check_at(who, Instant::now())
    }

    /// Counts one.
    pub fn take(&self, who: Who) {
        self.take_at(who, Instant::now());
    }

    fn check_at(&self, who: &Who, now: Instant) -> Result<(), Duration> {
        let known = self
            .forgiven_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(forgiven_at) = known.get(who) else {
            return Ok(());
        };
        let Allowance {
            at_once,
            one_more_after,
        } = self.allowance;
        // With one more, this much would be open.
        let open = forgiven_at.saturating_duration_since(now) + one_more_after;
        match open.checked_sub(one_more_after * at_once) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(()),
        }
    }

    fn take_at(&self, who: Who, now: Instant) {
        let mut known = self
            .forgiven_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED && !known.contains_key(&who) {
            known.retain(|_, forgiven_at| *forgiven_at > now);
            if known.len() >= REMEMBERED {
                let first = known.iter().min_by_key(|(_, forgiven_at)| **forgiven_at);
                if let Some(first) = first.map(|(who, _)| who.clone()) {
                    known.remove(&first);
                }
            }
        }
        let forgiven_at = known.entry(who).or_insert(now);
        *forgiven_at = (*forgiven_at).max(now) + self.allowance.one_more_after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn limiter() -> Limiter<u32> {
        Limiter::new(Allowance {
            at_once: 3,
            one_more_after: PAUSE,
        })
    }

    #[test]
    fn three_at_once_then_one_after_each_pause() {
        let (limiter, start) = (limiter(), Instant::now());
        for _ in 0..3 {
            assert_eq!(limiter.check_at(&1, start), Ok(()));
            limiter.take_at(1, start);
        }
        assert_eq!(limiter.check_at(&1, start), Err(PAUSE));
        assert_eq!(
            limiter.check_at(&2, start),
            Ok(()),
            "others are not touched"
        );
        let later = start + PAUSE / 2;
        assert_eq!(limiter.check_at(&1, later), Err(PAUSE / 2));
        let later = start + PAUSE;
        assert_eq!(limiter.check_at(&1, later), Ok(()));
        limiter.take_at(1, later);
        assert_eq!(limiter.check_at(&1, later), Err(PAUSE));
        let forgiven = later + PAUSE * 10;
        for _ in 0..3 {
            assert_eq!(limiter.check_at(&1, forgiven), Ok(()));
            limiter.take_at(1, forgiven);
        }
        assert!(limiter.check_at(&1, forgiven).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (limiter, now) = (limiter(), Instant::now());
        for who in 0..REMEMBERED as u32 + 10 {
            limiter.take_at(who, now);
        }
        let known = limiter.forgiven_at.lock().expect("not poisoned");
        assert_eq!(known.len(), REMEMBERED);
        assert!(known.contains_key(&(REMEMBERED as u32 + 9)));
    }
}
