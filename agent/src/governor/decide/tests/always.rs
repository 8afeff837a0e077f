//! What holds whatever happens.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, Power, Reading};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::pc::{MAINS, Pc, cpu, gpu, seconds};
use crate::engine::{ProcessorId, ProcessorKind};
use crate::governor::{
    ChosenMode, Decision, Limits, Mode, Policy, ProcessorSignals, Rule, Schedule, Signals, Until,
    decide,
};

/// One thing that happens.
#[derive(Clone, Debug)]
struct Step {
    clock: Duration,
    /// What the clock on the wall does, in milliseconds.
    wall: i64,
    reading: Reading,
    processors: Vec<(ProcessorId, ProcessorSignals)>,
    consent: bool,
    remote_limit: Option<u8>,
    choice: Option<(Mode, Option<u32>)>,
}

fn modes() -> impl Strategy<Value = Mode> {
    prop_oneof![
        4 => Just(Mode::Smart),
        3 => (5..=100u8).prop_map(Mode::Percent),
        1 => Just(Mode::Pause),
    ]
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (0..400_000u64).prop_map(Duration::from_millis),
        2 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
    ]
}

fn wild() -> impl Strategy<Value = Option<f32>> {
    prop_oneof![
        1 => Just(None),
        6 => (0.0..110f32).prop_map(Some),
        1 => prop::num::f32::ANY.prop_map(Some),
    ]
}

fn power() -> impl Strategy<Value = Option<Power>> {
    let power = (any::<bool>(), any::<Option<bool>>(), any::<Option<u8>>());
    prop::option::of(power.prop_map(|(on_battery, saver, charge_percent)| Power {
        on_battery,
        saver,
        charge_percent,
    }))
}

prop_compose! {
    fn readings()(
        idle in prop::option::of(durations()),
        gamepad in prop::option::of(prop::option::of(prop::option::of(durations()))),
        locked: Option<bool>,
        remote: Option<bool>,
        others_active in prop::option::of(0..3u32),
        kept_awake in prop::option::of(prop::collection::vec("[a-z]{0,4}", 0..2)),
        front in prop::option::of(prop::option::of("[a-z]{0,4}")),
        power in power(),
        programs in prop::option::of(prop::collection::vec("[a-z]{0,4}", 0..2)),
    ) -> Reading {
        Reading {
            idle,
            gamepad: gamepad.map(|one| one.map_or(Gamepad::Absent, |idle| Gamepad::Present { idle })),
            locked,
            remote,
            others_active,
            kept_awake,
            front: front.map(|one| {
                one.map_or(Front::Windowed, |application| Front::Fullscreen { application })
            }),
            power,
            programs,
            ..Reading::default()
        }
    }
}

fn processors() -> impl Strategy<Value = Vec<(ProcessorId, ProcessorSignals)>> {
    let each = (any::<bool>(), wild(), wild());
    prop::collection::vec(each, 3).prop_map(|each| {
        let kinds = [ProcessorKind::Cpu, ProcessorKind::Gpu, ProcessorKind::Gpu];
        let ids = [cpu(), gpu(0), gpu(1)].into_iter().zip(kinds);
        ids.zip(each)
            .filter(|(_, (there, ..))| *there)
            .map(|((id, kind), (_, others_percent, celsius))| {
                let signals = ProcessorSignals {
                    kind,
                    others_percent,
                    celsius,
                };
                (id, signals)
            })
            .collect()
    })
}

prop_compose! {
    fn steps()(
        clock in prop_oneof![5 => (0..20_000u64).boxed(), 1 => any::<u64>().boxed()],
        wall in prop_oneof![5 => 0..20_000i64, 1 => -400_000_000..400_000_000i64],
        reading in readings(),
        processors in processors(),
        consent in prop::bool::weighted(0.9),
        remote_limit in prop::option::weighted(0.4, prop_oneof![4 => 0..=100u8, 1 => any::<u8>()]),
        choice in prop::option::weighted(0.2, (modes(), prop::option::of(0..100_000u32))),
    ) -> Step {
        Step { clock: Duration::from_millis(clock), wall, reading, processors, consent, remote_limit, choice }
    }
}

prop_compose! {
    fn limits()(most_percent: u8, someone_here_percent: u8, max_celsius: u8) -> Limits {
        Limits { most_percent, someone_here_percent, max_celsius }
    }
}

prop_compose! {
    fn rules()(days: [bool; 7], from in 0..1440u16, to in 0..=1440u16, mode in modes()) -> Rule {
        Rule { days, from, to, mode }
    }
}

prop_compose! {
    fn policies()(
        idle_after in 0..400_000u64,
        ramp in durations(),
        cpu in limits(),
        gpu in limits(),
        on_battery: bool,
        stops: bool,
        rules in prop::collection::vec(rules(), 0..2),
    ) -> Policy {
        Policy {
            idle_after: Duration::from_millis(idle_after),
            ramp,
            cpu,
            gpu,
            on_battery,
            pause_for: if stops { vec!["a*".parse().expect("a pattern")] } else { Vec::new() },
            schedule: Schedule::try_from(rules).unwrap_or_default(),
            ..Policy::default()
        }
    }
}

/// Lets everything happen; `check` sees each decision with what was known by then.
fn live(
    policy: &Policy,
    steps: &[Step],
    mut check: impl FnMut(&Signals, &Decision, &ChosenMode) -> Result<(), TestCaseError>,
) -> Result<Pc, TestCaseError> {
    let mut pc = Pc::new();
    pc.policy = policy.clone();
    for step in steps {
        pc.signals.clock = pc.signals.clock.checked_add(step.clock).unwrap_or_default();
        let wall = SignedDuration::from_millis(step.wall);
        pc.signals.now = pc.signals.now.checked_add(wall).expect("in range");
        pc.signals.reading = step.reading.clone();
        pc.signals.processors = step.processors.iter().cloned().collect();
        pc.signals.consent = step.consent;
        pc.signals.remote_limit = step.remote_limit;
        let now = pc.now().timestamp();
        if let Some((mode, length)) = step.choice {
            let until = length.map(|seconds| match seconds {
                0..10_000 => Until::Input { armed: false },
                10_000..20_000 => Until::Away,
                _ => Until::Time {
                    at: now + SignedDuration::from_secs(seconds.into()),
                    left: SignedDuration::from_secs(seconds.into()),
                },
            });
            pc.mode = pc.mode.choose(mode, until, now);
        }
        let before = pc.decision.clone();
        let mode = pc.mode;
        pc.decide();
        let decision = pc.decision.as_ref().expect("just decided");
        let again = decide(&mode, &pc.signals, &pc.policy, before.as_ref());
        prop_assert_eq!(&again, decision, "the same input gave another output");
        check(&pc.signals, decision, &mode)?;
    }
    Ok(pc)
}

proptest! {
    #[test]
    fn never_more_than_anyone_allows(
        policy in policies(),
        steps in prop::collection::vec(steps(), 1..30),
    ) {
        live(&policy, &steps, |signals, decision, mode| {
            prop_assert!(decision.verdicts.keys().eq(signals.processors.keys()));
            prop_assert!(decision.again_within > Duration::ZERO);
            for (id, verdict) in &decision.verdicts {
                let percent = verdict.allowance.percent;
                let limits = policy.limits(signals.processors[id].kind);
                prop_assert!(percent <= limits.most_percent && percent <= 100);
                prop_assert!(percent <= decision.mode.most());
                prop_assert!(percent <= verdict.target_percent);
                prop_assert!(signals.consent || percent == 0);
                prop_assert!(percent <= signals.remote_limit.unwrap_or(100));
                let paused = mode.mode == Mode::Pause && mode.limit.is_none();
                prop_assert!(!paused || percent == 0);
                // Where nobody can tell, somebody is there.
                if decision.mode == Mode::Smart && signals.reading.idle.is_none_or(|idle| idle < seconds(1)) {
                    prop_assert!(percent <= limits.someone_here_percent);
                    prop_assert!(verdict.allowance.dispatch_budget <= policy.dispatch_present);
                }
            }
            prop_assert!(!decision.reason.to_string().is_empty());
            Ok(())
        })?;
    }

    #[test]
    fn a_limit_from_afar_never_raises_anything(
        policy in policies(),
        steps in prop::collection::vec(steps(), 1..30),
    ) {
        let mut limited = Vec::new();
        live(&policy, &steps, |_, decision, _| {
            limited.push(decision.clone());
            Ok(())
        })?;
        let free: Vec<Step> = steps.into_iter().map(|step| Step { remote_limit: None, ..step }).collect();
        let mut limited = limited.into_iter();
        live(&policy, &free, |_, decision, _| {
            let limited = limited.next().expect("as many");
            prop_assert_eq!(limited.mode, decision.mode);
            for (id, verdict) in &limited.verdicts {
                prop_assert!(verdict.allowance.percent <= decision.allowance(id).percent);
                prop_assert!(verdict.target_percent <= decision.verdicts[id].target_percent);
            }
            Ok(())
        })?;
    }

    #[test]
    fn never_on_battery_where_forbidden(
        policy in policies(),
        steps in prop::collection::vec(steps(), 1..30),
    ) {
        let policy = Policy { on_battery: false, ..policy };
        let mut last_known = None;
        live(&policy, &steps, |signals, decision, _| {
            // What is said while nobody asks is not heard.
            if decision.needs_signals() && let Some(power) = signals.reading.power {
                last_known = Some(power.on_battery);
            }
            let works = decision.verdicts.values().any(|verdict| verdict.allowance.percent > 0);
            prop_assert!(!works || last_known != Some(true));
            Ok(())
        })?;
    }

    #[test]
    fn never_stuck(policy in policies(), steps in prop::collection::vec(steps(), 0..30), idle in durations()) {
        let policy = Policy {
            ramp: policy.ramp.min(seconds(60)),
            schedule: Schedule::default(),
            cpu: Limits { max_celsius: policy.cpu.max_celsius.clamp(40, 110), ..policy.cpu },
            gpu: Limits { max_celsius: policy.gpu.max_celsius.clamp(40, 110), ..policy.gpu },
            ..policy
        };
        let mut pc = live(&policy, &steps, |_, _, _| Ok(()))?;
        // From now on all is well.
        let good = Pc::new();
        pc.mode = ChosenMode::lasting(Mode::Smart, Timestamp::UNIX_EPOCH);
        pc.signals = Signals { clock: pc.signals.clock.min(seconds(1 << 40)), ..good.signals };
        pc.reading().power = Some(MAINS);
        pc.reading().programs = Some(Vec::new());
        pc.reading().idle = Some(idle.min(seconds(1 << 40)));
        for id in [cpu(), gpu(0), gpu(1)] {
            pc.processor(&id).celsius = Some(30.0);
        }
        // To notice, 400 s; to be steady, 10 s; to go up, 60 s; to cool, 100 points of 1 a second or so each.
        pc.seconds(600);
        let most = |limits: Limits| limits.most_percent.min(100);
        prop_assert_eq!(pc.percents(), [most(policy.cpu), most(policy.gpu), most(policy.gpu)]);
    }
}
