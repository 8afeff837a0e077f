//! Several upstreams for one algorithm, in the order in which they are wanted: sessions see one source, and work for the
//! first that is well.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Feed, Source};

/// How patient the choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long the chosen upstream may give no sign of life until the next one is taken. One that has no work at all is
    /// left at once.
    pub switch_after: Duration,
    /// How long a better one must have been well until it is taken again.
    pub return_after: Duration,
}

/// How one upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// It has work, and answers since then.
    Well(Instant),
    /// It has work, but does not answer since then.
    Silent(Instant),
    /// It has no work.
    None,
}

impl Health {
    /// What it is now, when it was this before.
    fn next(self, has_work: bool, answers: bool, now: Instant) -> Self {
        match (has_work, answers, self) {
            (false, ..) => Health::None,
            (true, true, Health::Well(since)) => Health::Well(since),
            (true, true, _) => Health::Well(now),
            (true, false, Health::Silent(since)) => Health::Silent(since),
            (true, false, _) => Health::Silent(now),
        }
    }

    /// Whether it is worth working for, a stranger to the choice.
    fn is_well(self) -> bool {
        matches!(self, Health::Well(_))
    }
}

/// Which upstream to work for: `current` as long as there is no reason against it.
fn choose(
    healths: &[Health],
    current: Option<usize>,
    patience: Patience,
    now: Instant,
) -> Option<usize> {
    let first_well = healths.iter().position(|health| health.is_well());
    let Some(current) = current else {
        // At the start, or when there was nothing: whatever has work is better than none.
        let any = healths.iter().position(|health| *health != Health::None);
        return first_well.or(any);
    };
    let any_other = || {
        let any = healths.iter().position(|health| *health != Health::None);
        first_well.or(any)
    };
    match healths[current] {
        Health::None => any_other(),
        Health::Silent(since) if now.duration_since(since) >= patience.switch_after => {
            first_well.or(Some(current))
        }
        Health::Silent(_) | Health::Well(_) => {
            let long_well = |health: &Health| match health {
                Health::Well(since) => now.duration_since(*since) >= patience.return_after,
                Health::Silent(_) | Health::None => false,
            };
            let better = healths[..current].iter().position(long_well);
            better.or(Some(current))
        }
    }
}

/// Passes on the work of the upstream that is chosen, until nobody takes it any more. Sessions stay: they get new jobs.
pub async fn run<Work: Send + Sync>(
    mut candidates: Vec<Source<Work>>,
    feed: Feed<Work>,
    patience: Patience,
) {
    let mut healths = vec![Health::None; candidates.len()];
    let mut current: Option<usize> = None;
    // The choice depends on how long things last, so it is looked at from time to time also when nothing happens.
    let look_every = patience.switch_after.min(patience.return_after) / 4;
    let look_every = look_every.clamp(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        let now = Instant::now();
        let mut works = Vec::with_capacity(candidates.len());
        for (health, candidate) in healths.iter_mut().zip(&mut candidates) {
            let is_new = candidate.has_news();
            let work = candidate.newest();
            *health = health.next(work.is_some(), candidate.is_reachable(), now);
            works.push((is_new, work));
        }
        let chosen = choose(&healths, current, patience, now);
        let switched = chosen != current;
        if switched {
            let name =
                |index: Option<usize>| index.map_or("none", |index| candidates[index].upstream);
            let (from, to) = (name(current), name(chosen));
            tracing::info!(from, to, "another upstream");
            metrics::counter!("idlewatt_hub_upstream_switches_total", "to" => to).increment(1);
            current = chosen;
        }
        match current {
            None => feed.withdraw(),
            Some(index) => {
                if let (is_new, Some(work)) = works.swap_remove(index)
                    && (is_new || switched)
                {
                    feed.offer_shared(work);
                }
                feed.set_reachable(candidates[index].is_reachable());
            }
        }
        tokio::select! {
            () = feed.closed() => return,
            () = any_changed(&candidates) => {}
            () = tokio::time::sleep(look_every) => {}
        }
    }
}

/// Waits until one of them has news.
async fn any_changed<Work: Send + Sync>(candidates: &[Source<Work>]) {
    let mut waits: Vec<watch::Receiver<_>> = candidates.iter().map(Source::receiver).collect();
    let changes = waits.iter_mut().map(|wait| {
        Box::pin(async move {
            if wait.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    });
    futures_util::future::select_all(changes).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        switch_after: Duration::from_secs(30),
        return_after: Duration::from_secs(60),
    };

    fn choice(healths: &[Health], current: Option<usize>, now: Instant) -> Option<usize> {
        choose(healths, current, PATIENCE, now)
    }

    #[test]
    fn the_first_that_is_well_is_taken_and_kept() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let (well, silent) = (Health::Well(start), Health::Silent(start));
        assert_eq!(choice(&[Health::None, Health::None], None, start), None);
        assert_eq!(choice(&[Health::None, well], None, start), Some(1));
        assert_eq!(choice(&[silent, well], None, start), Some(1));
        assert_eq!(choice(&[silent, Health::None], None, start), Some(0));
        // One that falls silent for a moment is kept, one without work is not.
        assert_eq!(choice(&[silent, well], Some(0), later(29)), Some(0));
        assert_eq!(choice(&[silent, well], Some(0), later(30)), Some(1));
        assert_eq!(choice(&[Health::None, well], Some(0), start), Some(1));
        // Its last work is better than none.
        assert_eq!(choice(&[silent, Health::None], Some(0), later(99)), Some(0));
        assert_eq!(choice(&[silent, silent], Some(0), later(99)), Some(0));
        assert_eq!(choice(&[Health::None, silent], Some(0), start), Some(1));
        assert_eq!(choice(&[Health::None, Health::None], Some(0), start), None);
        // The better one is taken again once it has been well for a while.
        assert_eq!(choice(&[well, well], Some(1), later(59)), Some(1));
        assert_eq!(choice(&[well, well], Some(1), later(60)), Some(0));
        assert_eq!(choice(&[silent, well], Some(1), later(999)), Some(1));
        assert_eq!(choice(&[well, silent], Some(1), later(31)), Some(0));
        assert_eq!(choice(&[well, well, well], Some(2), later(60)), Some(0));
    }

    #[test]
    fn health_is_counted_from_its_last_change() {
        let start = Instant::now();
        let later = start + Duration::from_secs(5);
        let well = Health::None.next(true, true, start);
        assert_eq!(well, Health::Well(start));
        assert_eq!(well.next(true, true, later), well);
        let silent = well.next(true, false, later);
        assert_eq!(silent, Health::Silent(later));
        assert_eq!(silent.next(true, true, later), Health::Well(later));
        assert_eq!(silent.next(false, true, later), Health::None);
    }
}
