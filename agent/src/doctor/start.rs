//! Whether the agent runs, and whether it starts by itself.

use super::teller::Teller;
use super::{Agent, Case, Check};
use crate::autostart::{self, State};

pub fn checks(teller: Teller<'_>, case: &Case) -> Vec<Check> {
    vec![agent(teller, &case.agent), autostart(teller)]
}

fn agent(teller: Teller<'_>, agent: &Agent) -> Check {
    match agent {
        Agent::Running(status) => {
            let own = env!("CARGO_PKG_VERSION");
            let told = [
                ("version", status.version.as_str().into()),
                ("own", own.into()),
            ];
            if status.version == own {
                return teller.ok("agent", teller.say_with("doctor-agent-runs", &told));
            }
            let found = teller.say_with("doctor-agent-other-version", &told);
            let advice = teller.say("doctor-agent-other-version-advice");
            teller.worth("agent", found, advice)
        }
        Agent::NotRunning => {
            let advice = teller.say("doctor-agent-stopped-advice");
            teller.worth("agent", teller.say("doctor-agent-stopped"), advice)
        }
        Agent::Silent(reason) => {
            let told = [("reason", reason.as_str().into())];
            let found = teller.say_with("doctor-agent-silent", &told);
            teller.problem("agent", found, teller.say("doctor-agent-silent-advice"))
        }
    }
}

fn autostart(teller: Teller<'_>) -> Check {
    let place = autostart::place().unwrap_or_default();
    let told = [("place", place.as_str().into())];
    match autostart::state() {
        Ok(State::On) => {
            let found = teller.say_with("doctor-autostart-on", &told);
            teller.ok("autostart", found)
        }
        Ok(State::Off) => {
            let advice = teller.say("doctor-autostart-off-advice");
            teller.worth("autostart", teller.say("doctor-autostart-off"), advice)
        }
        Ok(State::TurnedOff) => {
            let found = teller.say_with("doctor-autostart-turned-off", &told);
            let advice = match cfg!(windows) {
                true => teller.say("doctor-autostart-turned-off-windows"),
                false => teller.say("doctor-autostart-turned-off-linux"),
            };
            teller.worth("autostart", found, advice)
        }
        Err(error) => {
            let reason = error.to_string();
            let told = [("reason", reason.as_str().into())];
            let found = teller.say_with("doctor-autostart-unknown", &told);
            let advice = teller.say("doctor-autostart-unknown-advice");
            teller.worth("autostart", found, advice)
        }
    }
}
