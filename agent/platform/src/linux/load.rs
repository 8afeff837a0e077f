//! What all other programs take of the CPU, from `/proc/stat`.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// Between two looks there must be as much, for the kernel counts in ticks of 10 ms.
const LEAST: Duration = Duration::from_millis(200);

/// Compares what was taken at each look with the one before.
#[derive(Default)]
pub struct Load {
    before: Option<Look>,
    percent: Option<f32>,
}

struct Look {
    at: Instant,
    total: Ticks,
    own: HashMap<u32, u64>,
}

/// Of all CPUs together since the start of the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    busy: u64,
    all: u64,
}

impl Load {
    /// The share of the whole CPU that processes other than these took since the last look, 0 to 100; `None` at the
    /// first.
    pub fn look(&mut self, own: &[u32]) -> Option<f32> {
        if self
            .before
            .as_ref()
            .is_some_and(|look| look.at.elapsed() < LEAST)
        {
            return self.percent;
        }
        let now = fs::read_to_string("/proc/stat").ok().and_then(|text| {
            Some(Look {
                at: Instant::now(),
                total: total(&text)?,
                own: own
                    .iter()
                    .filter_map(|id| Some((*id, ticks(*id)?)))
                    .collect(),
            })
        });
        self.percent = match (&self.before, &now) {
            (Some(before), Some(now)) => others(before, now),
            _ => None,
        };
        self.before = now;
        self.percent
    }
}

/// A process that has gone counts no more. One that is new counts from its start, unless it took more than there was
/// since the last look: then it is only new to us. Counters of the whole that went back, as the one of waiting for
/// disks may, make no share.
fn others(before: &Look, now: &Look) -> Option<f32> {
    let all = now.total.all.checked_sub(before.total.all)?;
    let busy = now.total.busy.checked_sub(before.total.busy)?;
    let own: u64 = now
        .own
        .iter()
        .map(|(id, ticks)| match before.own.get(id) {
            Some(before) => ticks.saturating_sub(*before),
            None if *ticks <= all => *ticks,
            None => 0,
        })
        .sum();
    let percent = busy.saturating_sub(own) as f32 * 100.0 / all as f32;
    (all > 0).then(|| percent.clamp(0.0, 100.0))
}

/// The first line: user, nice, system, idle, waiting for disks, interrupts of two kinds, and what a host took away.
/// Guests, which come last, are part of the user's share already.
fn total(stat: &str) -> Option<Ticks> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = numbers
        .split_whitespace()
        .take(8)
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let all: u64 = numbers
        .iter()
        .fold(0, |sum, next| sum.saturating_add(*next));
    let idle = numbers.get(3)?.saturating_add(*numbers.get(4)?);
    Some(Ticks {
        busy: all.saturating_sub(idle),
        all,
    })
}

/// What one process took, in its own code and in the kernel.
fn ticks(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything, so count from its closing bracket: fields 14 and 15, the first behind it being 3.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(14 - 3);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::linux::testing::Ended;

    #[test]
    fn a_busy_process_is_the_others_unless_it_is_ours() {
        let busy = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn();
        let busy = Ended(busy.unwrap());
        let id = busy.0.id();
        let (mut with, mut without) = (Load::default(), Load::default());
        assert_eq!(with.look(&[id]), None);
        assert_eq!(without.look(&[]), None);
        let start = ticks(id).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        // Until it has had a good second of the processor.
        while ticks(id).unwrap() < start + 100 {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(50));
        }
        let (with, without) = (with.look(&[id]).unwrap(), without.look(&[]).unwrap());
        for percent in [with, without] {
            assert!((0.0..=100.0).contains(&percent), "{percent}");
        }
        assert!(without > with + 1.0, "{without} with it, {with} without it");
    }

    #[test]
    fn looks_in_haste_give_what_was_known() {
        let mut load = Load::default();
        assert_eq!(load.look(&[]), None);
        assert_eq!(load.look(&[]), None);
        load.percent = Some(42.0);
        assert_eq!(load.look(&[std::process::id()]), Some(42.0));
    }

    #[test]
    fn odd_counters_make_no_share() {
        let look = |busy, all, own: &[(u32, u64)]| Look {
            at: Instant::now(),
            total: Ticks { busy, all },
            own: own.iter().copied().collect(),
        };
        let share = |before, now| others(&before, &now);
        assert_eq!(
            share(look(100, 1000, &[]), look(150, 1100, &[])),
            Some(50.0)
        );
        // One of ours went, one came, one stayed.
        let (before, now) = ([(1, 500), (2, 7)], [(2, 17), (3, 20)]);
        assert_eq!(
            share(look(100, 1000, &before), look(150, 1100, &now)),
            Some(20.0)
        );
        // One of ours that ran for long before we were told of it.
        let now = [(4, 9000)];
        assert_eq!(
            share(look(100, 1000, &[]), look(150, 1100, &now)),
            Some(50.0)
        );
        // Rounding makes ours more than the whole.
        assert_eq!(
            share(look(0, 0, &[(1, 0)]), look(10, 100, &[(1, 12)])),
            Some(0.0)
        );
        assert_eq!(share(look(100, 1000, &[]), look(100, 1000, &[])), None);
        assert_eq!(share(look(100, 1000, &[]), look(90, 1100, &[])), None);
        assert_eq!(share(look(100, 1000, &[]), look(110, 900, &[])), None);

        let stat = "cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3\n";
        assert_eq!(total(stat), Some(Ticks { busy: 81, all: 531 }));
        for odd in [
            "",
            "cpu ",
            "cpu  1 2 3",
            "cpu  1 2 3 x 5",
            "cpu0 1 2 3 4 5 6 7 8",
        ] {
            assert_eq!(total(odd), None, "{odd:?}");
        }
        assert_eq!(ticks(u32::MAX), None);
    }
}
