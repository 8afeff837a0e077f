//! Graphics cards: which there are, by what they are reached, and what is in the way.

use idlewatt_platform::system;

use super::teller::Teller;
use super::{Case, Check};
use crate::engine::{self, Processor};

pub async fn checks(teller: Teller<'_>, case: &Case) -> Vec<Check> {
    let settings = case.settings.as_ref().ok().map(|settings| &settings.gpu);
    if settings.is_some_and(|settings| !settings.enabled) {
        return vec![teller.ok("graphics", teller.say("doctor-graphics-unwanted"))];
    }
    let allowed = settings.is_some_and(|settings| settings.allow_software);
    let listed = engine::graphics(&case.program, true).await;
    told(teller, listed, &system::graphics_cards(), allowed)
}

/// `adapters` are those that can compute, `cards` those that are plugged in.
fn told(
    teller: Teller<'_>,
    adapters: anyhow::Result<Vec<Processor>>,
    cards: &[String],
    software_allowed: bool,
) -> Vec<Check> {
    let driver_advice = || match cfg!(windows) {
        true => teller.say("doctor-graphics-driver-windows"),
        false => teller.say("doctor-graphics-driver-linux"),
    };
    let adapters = match adapters {
        Ok(adapters) => adapters,
        Err(error) => {
            let reason = format!("{error:#}");
            let told = [("reason", reason.as_str().into())];
            let found = teller.say_with("doctor-graphics-failed", &told);
            return vec![teller.problem("graphics", found, driver_advice())];
        }
    };
    let mut checks: Vec<Check> = adapters
        .iter()
        .filter(|adapter| !adapter.software || software_allowed)
        .map(|adapter| {
            let told = [
                ("name", adapter.name.as_str().into()),
                ("driver", adapter.driver.as_str().into()),
                ("id", adapter.id.as_str().into()),
            ];
            teller.ok("adapter", teller.say_with("doctor-adapter", &told))
        })
        .collect();
    if adapters.iter().any(|adapter| !adapter.software) {
        return checks;
    }
    let names = cards.join(", ");
    let told = [("cards", names.as_str().into())];
    let software = adapters.first().map(|adapter| adapter.name.as_str());
    checks.push(match (cards.is_empty(), software) {
        (false, None) => {
            let found = teller.say_with("doctor-graphics-no-driver", &told);
            teller.problem("graphics", found, driver_advice())
        }
        (false, Some(name)) => {
            let told = [("cards", names.as_str().into()), ("name", name.into())];
            let found = teller.say_with("doctor-graphics-only-software", &told);
            teller.problem("graphics", found, driver_advice())
        }
        (true, Some(name)) => {
            let told = [("name", name.into())];
            let found = teller.say_with("doctor-graphics-emulated", &told);
            teller.worth("graphics", found, teller.say("doctor-graphics-none-advice"))
        }
        (true, None) => {
            let found = teller.say("doctor-graphics-none");
            teller.worth("graphics", found, teller.say("doctor-graphics-none-advice"))
        }
    });
    checks
}

#[cfg(test)]
mod tests {
    use idlewatt_screens::{Language, Words};

    use super::super::{Discretion, Group, Verdict};
    use super::*;
    use crate::engine::{ProcessorId, ProcessorKind};

    fn adapter(name: &str, software: bool) -> Processor {
        Processor {
            id: ProcessorId("gpu-00000000".to_owned()),
            kind: ProcessorKind::Gpu,
            name: name.to_owned(),
            bus: None,
            memory: None,
            software,
            threads: 1,
            driver: "vulkan 1.2".to_owned(),
        }
    }

    fn verdicts(
        adapters: anyhow::Result<Vec<Processor>>,
        cards: &[&str],
        software_allowed: bool,
    ) -> Vec<(Verdict, String)> {
        let discretion = Discretion::default();
        let teller = Teller::new(Words::of(Language::English), &discretion, Group::Graphics);
        let cards: Vec<String> = cards.iter().map(|&card| card.to_owned()).collect();
        let checks = told(teller, adapters, &cards, software_allowed);
        checks
            .into_iter()
            .map(|check| (check.verdict, check.found))
            .collect()
    }

    #[test]
    fn a_card_without_a_driver_is_a_problem_and_no_card_is_none() {
        let card = || adapter("GeForce", false);
        let software = || adapter("llvmpipe", true);
        let good = verdicts(Ok(vec![card(), software()]), &["NVIDIA"], false);
        assert_eq!(good.len(), 1);
        assert_eq!(good[0].0, Verdict::Ok);
        assert!(good[0].1.contains("GeForce") && good[0].1.contains("vulkan 1.2"));
        for (adapters, cards, verdict, told) in [
            (
                Ok(vec![]),
                &["NVIDIA (0000:01:00.0)"][..],
                Verdict::Problem,
                "NVIDIA",
            ),
            (Ok(vec![software()]), &["AMD"], Verdict::Problem, "llvmpipe"),
            (Ok(vec![software()]), &[], Verdict::WorthKnowing, "llvmpipe"),
            (Ok(vec![]), &[], Verdict::WorthKnowing, "no graphics card"),
            (
                Err(anyhow::anyhow!("signal: 11 (SIGSEGV)")),
                &["AMD"],
                Verdict::Problem,
                "SIGSEGV",
            ),
        ] {
            let found = verdicts(adapters, cards, false);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, verdict, "{found:?}");
            assert!(found[0].1.contains(told), "{found:?}");
        }
        let allowed = verdicts(Ok(vec![software()]), &[], true);
        assert_eq!(allowed[0].0, Verdict::Ok);
    }
}
