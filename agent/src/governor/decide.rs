//! From mode and signals to allowances, with the reason in words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Mode;
use crate::engine::{Allowance, ProcessorKind};

/// What the system says about the PC and whoever may be at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// The time since the last input; `None` if nothing can tell, which is never taken for absence.
    pub idle: Option<Duration>,
    /// Whether the owner has agreed that this PC works.
    pub consent: bool,
}

/// The owner's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Without input for so long, the PC is free.
    pub idle_after: Duration,
    /// The most of the CPU's time in Smart while somebody is, or may be, there, in percent.
    pub cpu_cap: u8,
    /// The same of a GPU's time.
    pub gpu_cap: u8,
    /// The longest GPU dispatch while somebody is, or may be, there.
    pub dispatch_present: Duration,
    /// The longest GPU dispatch while nobody is there.
    pub dispatch_away: Duration,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            idle_after: Duration::from_secs(120),
            cpu_cap: 25,
            gpu_cap: 10,
            dispatch_present: Duration::from_millis(4),
            dispatch_away: Duration::from_millis(50),
        }
    }
}

/// How hard the processors may work, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What the CPU may do.
    pub cpu: Allowance,
    /// What each GPU may do.
    pub gpu: Allowance,
    /// Why, in words.
    pub reason: String,
}

impl Decision {
    /// What processors of a kind may do.
    pub fn allowance(&self, kind: ProcessorKind) -> Allowance {
        match kind {
            ProcessorKind::Cpu => self.cpu,
            ProcessorKind::Gpu => self.gpu,
        }
    }

    fn nothing(reason: &str) -> Decision {
        Decision {
            cpu: Allowance::NONE,
            gpu: Allowance::NONE,
            reason: reason.to_owned(),
        }
    }
}

/// What is known about the person at the PC.
enum Person {
    Away(Duration),
    Present,
    Unknown,
}

/// How hard the PC may work. The same input gives the same output. `previous` is what was decided last; what is
/// decided now does not depend on it yet, as nothing here flaps: idleness only ever ends by an input.
pub fn decide(
    mode: Mode,
    signals: &Signals,
    policy: &Policy,
    _previous: Option<&Decision>,
) -> Decision {
    if !signals.consent {
        return Decision::nothing("the owner of this PC has not agreed yet");
    }
    if mode == Mode::Pause {
        return Decision::nothing("paused by hand");
    }
    let person = match signals.idle {
        None => Person::Unknown,
        Some(idle) if idle >= policy.idle_after => Person::Away(idle),
        Some(_) => Person::Present,
    };
    let dispatch_budget = match person {
        Person::Away(_) => policy.dispatch_away,
        Person::Present | Person::Unknown => policy.dispatch_present,
    };
    let allow = |percent: u8| Allowance {
        percent: percent.min(mode.most()),
        dispatch_budget,
    };
    if mode != Mode::Smart {
        let reason = format!("set to {mode} % by hand");
        return Decision {
            cpu: allow(100),
            gpu: allow(100),
            reason,
        };
    }
    match person {
        Person::Away(idle) => Decision {
            cpu: allow(100),
            gpu: allow(100),
            reason: format!("nobody has used this PC for {}", in_words(idle)),
        },
        Person::Present => Decision {
            cpu: allow(policy.cpu_cap),
            gpu: allow(policy.gpu_cap),
            reason: "someone is using this PC".to_owned(),
        },
        Person::Unknown => Decision {
            cpu: allow(policy.cpu_cap),
            gpu: allow(policy.gpu_cap),
            reason: "nothing says whether someone is here, so assuming yes".to_owned(),
        },
    }
}

/// A time in words, coarse enough not to change every second.
fn in_words(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        0 => format!("{} s", time.as_secs()),
        1..120 => format!("{minutes} min"),
        _ => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PRESENT: Duration = Duration::from_millis(4);
    const AWAY: Duration = Duration::from_millis(50);

    #[test]
    fn each_mode_with_each_kind_of_presence() {
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        let table = [
            (
                Mode::Smart,
                minutes(12),
                100,
                100,
                AWAY,
                "nobody has used this PC for 12 min",
            ),
            (
                Mode::Smart,
                minutes(2),
                100,
                100,
                AWAY,
                "nobody has used this PC for 2 min",
            ),
            (
                Mode::Smart,
                minutes(300),
                100,
                100,
                AWAY,
                "nobody has used this PC for 5 h",
            ),
            (
                Mode::Smart,
                minutes(1),
                25,
                10,
                PRESENT,
                "someone is using this PC",
            ),
            (
                Mode::Smart,
                minutes(0),
                25,
                10,
                PRESENT,
                "someone is using this PC",
            ),
            (
                Mode::Smart,
                None,
                25,
                10,
                PRESENT,
                "nothing says whether someone is here, so assuming yes",
            ),
            (
                Mode::Half,
                minutes(0),
                50,
                50,
                PRESENT,
                "set to 50 % by hand",
            ),
            (Mode::Most, minutes(9), 90, 90, AWAY, "set to 90 % by hand"),
            (Mode::Full, None, 100, 100, PRESENT, "set to 100 % by hand"),
        ];
        for (mode, idle, cpu, gpu, dispatch_budget, reason) in table {
            let decision = decide(
                mode,
                &Signals {
                    idle,
                    consent: true,
                },
                &Policy::default(),
                None,
            );
            let expected = Decision {
                cpu: Allowance {
                    percent: cpu,
                    dispatch_budget,
                },
                gpu: Allowance {
                    percent: gpu,
                    dispatch_budget,
                },
                reason: reason.to_owned(),
            };
            assert_eq!(decision, expected);
        }
        let paused = decide(
            Mode::Pause,
            &Signals {
                idle: minutes(9),
                consent: true,
            },
            &Policy::default(),
            None,
        );
        assert_eq!(paused, Decision::nothing("paused by hand"));
    }

    #[test]
    fn a_short_idle_after_is_told_in_seconds() {
        let policy = Policy {
            idle_after: Duration::from_secs(5),
            ..Policy::default()
        };
        let signals = Signals {
            idle: Some(Duration::from_secs(7)),
            consent: true,
        };
        assert_eq!(
            decide(Mode::Smart, &signals, &policy, None).reason,
            "nobody has used this PC for 7 s"
        );
    }

    fn modes() -> impl Strategy<Value = Mode> {
        prop::sample::select(Mode::ALL.to_vec())
    }

    prop_compose! {
        fn policies()(
            idle_after in 0u64..100_000,
            cpu_cap: u8,
            gpu_cap: u8,
            present in 1u64..10,
            away in 10u64..100,
        ) -> Policy {
            Policy {
                idle_after: Duration::from_secs(idle_after),
                cpu_cap,
                gpu_cap,
                dispatch_present: Duration::from_millis(present),
                dispatch_away: Duration::from_millis(away),
            }
        }
    }

    prop_compose! {
        fn signals()(idle in prop::option::of(0u64..1_000_000), consent: bool) -> Signals {
            Signals { idle: idle.map(Duration::from_secs), consent }
        }
    }

    proptest! {
        #[test]
        fn never_above_the_mode_and_never_without_consent(
            mode in modes(), signals in signals(), policy in policies(),
        ) {
            let decision = decide(mode, &signals, &policy, None);
            for kind in [ProcessorKind::Cpu, ProcessorKind::Gpu] {
                let percent = decision.allowance(kind).percent;
                prop_assert!(percent <= mode.most());
                prop_assert!(signals.consent || percent == 0);
                prop_assert!(mode != Mode::Pause || percent == 0);
            }
            prop_assert!(!decision.reason.is_empty());
        }

        #[test]
        fn unknown_is_treated_like_someone_there(mode in modes(), policy in policies(), consent: bool) {
            let unknown = decide(mode, &Signals { idle: None, consent }, &policy, None);
            if mode == Mode::Smart {
                prop_assert!(unknown.cpu.percent <= policy.cpu_cap && unknown.gpu.percent <= policy.gpu_cap);
            }
            if policy.idle_after > Duration::ZERO {
                let present = decide(mode, &Signals { idle: Some(Duration::ZERO), consent }, &policy, None);
                prop_assert_eq!((unknown.cpu, unknown.gpu), (present.cpu, present.gpu));
            }
            prop_assert!(unknown.gpu.dispatch_budget <= policy.dispatch_present.max(Allowance::NONE.dispatch_budget));
        }

        #[test]
        fn the_same_input_gives_the_same_output(
            mode in modes(), one in signals(), other in signals(), policy in policies(),
        ) {
            let previous = decide(mode, &other, &policy, None);
            let decided = decide(mode, &one, &policy, Some(&previous));
            prop_assert_eq!(decide(mode, &one, &policy, Some(&previous)), decided);
        }
    }
}
