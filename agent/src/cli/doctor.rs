//! `idlewatt doctor`

use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_screens::{Language, Words};

use super::settings::SettingsArguments;
use super::{Common, Failure, output, words};
use crate::control::client::{ControlClient, ControlError};
use crate::data_dir::DataDir;
use crate::doctor::{self, Agent, Case};
use crate::hub_child;

#[derive(Debug, clap::Args)]
pub struct DoctorArguments {
    #[command(flatten)]
    settings: SettingsArguments,
}

pub async fn run(common: &Common, arguments: DoctorArguments) -> Result<(), Failure> {
    let data = common.data()?;
    let case = Case {
        settings: arguments.settings.read(&data),
        file: arguments.settings.file(&data),
        named: arguments.settings.names_a_source(),
        agent: agent(&data).await,
        program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("idlewatt")),
        hub_program: hub_child::program(),
        proxies: Matcher::from_system(),
        data,
    };
    // The JSON is in one language, whoever reads it.
    let words = match common.json {
        true => Words::of(Language::English),
        false => words(),
    };
    let report = doctor::examine(&case, words).await;
    output::either(common.json, &report, || report.text(words))?;
    match report.problems {
        0 => Ok(()),
        _ => Err(Failure::Told),
    }
}

async fn agent(data: &DataDir) -> Agent {
    let answer = match ControlClient::find(data) {
        Ok(client) => client.status().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(status) => Agent::Running(Box::new(status)),
        Err(ControlError::NotRunning { .. }) => Agent::NotRunning,
        Err(error) => Agent::Silent(error.to_string()),
    }
}
