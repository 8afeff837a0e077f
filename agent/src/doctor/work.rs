//! How the running agent gets on, as it says itself.

use super::teller::Teller;
use super::{Agent, Case, Check};
use crate::control::answers::{Processor, Source};

pub fn checks(teller: Teller<'_>, case: &Case) -> Vec<Check> {
    let Agent::Running(status) = &case.agent else {
        return Vec::new();
    };
    let mut checks = connections(teller, &status.source);
    checks.extend(
        status
            .processors
            .iter()
            .flat_map(|one| set_aside(teller, one)),
    );
    if let Some(0) = status.limit_percent {
        let advice = teller.say("doctor-paused-from-afar-advice");
        checks.push(teller.worth("limit", teller.say("doctor-paused-from-afar"), advice));
    }
    if checks.is_empty() && status.consent {
        checks.push(teller.ok("work", teller.say("doctor-work-good")));
    }
    checks
}

/// What is wrong with whom it works for.
fn connections(teller: Teller<'_>, source: &Source) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(trouble) = &source.trouble {
        let told = [("reason", trouble.as_str().into())];
        let found = teller.say_with("doctor-source-trouble", &told);
        let advice = teller.say("doctor-source-trouble-advice");
        checks.push(teller.problem("source", found, advice));
    }
    for (algorithm, state) in &source.connections {
        if matches!(state.as_str(), "connected" | "connecting") {
            continue;
        }
        let told = [
            ("algorithm", algorithm.name().into()),
            ("state", state.as_str().into()),
        ];
        let found = teller.say_with("doctor-connection-trouble", &told);
        let advice = teller.say("doctor-source-trouble-advice");
        checks.push(teller.worth("connection", found, advice));
    }
    checks
}

fn set_aside(teller: Teller<'_>, processor: &Processor) -> Vec<Check> {
    let mut checks = Vec::new();
    let id = processor.id.as_str();
    let retry = || teller.say_with("doctor-set-aside-advice", &[("id", id.into())]);
    if processor.phase == "set_aside" {
        let reason = processor.detail.clone().unwrap_or_default();
        let told = [
            ("name", processor.name.as_str().into()),
            ("reason", reason.as_str().into()),
        ];
        let found = teller.say_with("doctor-set-aside", &told);
        checks.push(teller.problem("processor", found, retry()));
    }
    for one in &processor.set_aside {
        let told = [
            ("name", processor.name.as_str().into()),
            ("algorithm", one.algorithm.name().into()),
            ("reason", one.reason.as_str().into()),
        ];
        let found = teller.say_with("doctor-algorithm-set-aside", &told);
        checks.push(teller.worth("algorithm", found, retry()));
    }
    checks
}
