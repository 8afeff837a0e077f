//! `idlewatt update`

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, bar, output, words};
use crate::update::{Found, Offer, RUNNING, UpdateError, Updater, apply, health};

#[derive(Debug, clap::Args)]
pub struct UpdateArguments {
    /// Only look whether there is a newer version
    #[arg(long)]
    check: bool,
    /// Try a version once more that was put back, as it did not come up
    #[arg(long, conflicts_with = "check")]
    again: bool,
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What came of it.
#[derive(Serialize)]
struct Updated {
    outcome: &'static str,
    running: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl Updated {
    fn of(outcome: &'static str, offer: Option<&Offer>) -> Self {
        Updated {
            outcome,
            running: RUNNING,
            version: offer.map(|offer| offer.version.to_string()),
        }
    }

    fn shown(&self) -> String {
        let key = match self.outcome {
            "up_to_date" => "cli-update-up-to-date",
            "available" => "cli-update-available",
            "elsewhere" => "cli-update-elsewhere",
            _ => "cli-update-applying",
        };
        let told = [
            ("running", self.running.into()),
            ("version", self.version.clone().unwrap_or_default().into()),
        ];
        words().say_with(key, &told)
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::NoKey => Failure::Failed(words().say("cli-update-no-key")),
            UpdateError::NoAddress => Failure::Failed(words().say("cli-update-no-address")),
            error => Failure::failed(error),
        }
    }
}

pub async fn run(common: &Common, arguments: UpdateArguments) -> Result<(), Failure> {
    let data = common.data()?;
    let settings = SettingsArguments::of_file(arguments.config).load(&data)?;
    let updater = Updater::of_this_build(&data, &settings.settings)?;
    let updated = match updater.check().await? {
        Found::UpToDate => Updated::of("up_to_date", None),
        Found::Newer(offer) if arguments.check => Updated::of("available", Some(&offer)),
        Found::Newer(offer) if !apply::POSSIBLE => Updated::of("elsewhere", Some(&offer)),
        Found::Newer(mut offer) => {
            if arguments.again {
                updater.again(&mut offer)?;
            }
            install(common, &updater, &offer).await?;
            Updated::of("applying", Some(&offer))
        }
    };
    output::either(common.json, &updated, || updated.shown())
}

/// Fetches it and starts its installer, which asks the running agent to end.
async fn install(common: &Common, updater: &Updater, offer: &Offer) -> Result<(), Failure> {
    let bar = bar::on_stderr(1);
    bar.set_message(words().say_with(
        "cli-update-fetching",
        &[("version", offer.version.to_string().into())],
    ));
    let staged = updater.stage(offer, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    let staged = staged.await;
    bar.finish_and_clear();
    let staged = staged?;
    let aside = match common.running().await? {
        Some(agent) => health::set_aside(&agent.status().await?),
        None => BTreeSet::new(),
    };
    Ok(updater
        .apply(&staged, aside, std::env::current_exe()?)
        .await?)
}
