//! `idlewatt setup`: what a first start needs, written down before it. For installers and fleets.

use idlewatt_protocol::EnrolmentSecret;
use jiff::Timestamp;
use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, output, values, words};
use crate::app::policy::policy;
use crate::consent;
use crate::daemon::settings::Kept;
use crate::governor::Mode;
use crate::identity;

#[derive(Debug, clap::Args)]
pub struct SetupArguments {
    /// The hub to work for
    #[arg(long, value_name = "URL")]
    hub: Option<String>,
    /// Join the account that this enrolment code, or this fleet's token, belongs to
    #[arg(long, value_name = "CODE|IWE-…")]
    enrol: Option<String>,
    /// The mode of a first start: smart, 5 to 100 (percent) or pause
    #[arg(long, value_name = "MODE", value_parser = values::mode)]
    mode: Option<Mode>,
    /// As this PC's owner: yes, it may work
    #[arg(long)]
    consent: bool,
}

#[derive(Serialize)]
struct SetUp {
    settings: Vec<&'static str>,
    enrolment: bool,
    consent: bool,
}

/// Everything is looked at before anything is written.
pub fn run(common: &Common, arguments: SetupArguments) -> Result<(), Failure> {
    let code = arguments.enrol.as_deref().map(str::parse);
    let code: Option<EnrolmentSecret> = code
        .transpose()
        .map_err(|error| Failure::usage(format!("--enrol: {error}")))?;
    let data = common.data()?;
    // An agent that runs changes these itself.
    let _alone = data.lock()?;
    let loaded = SettingsArguments::default().loaded(&data)?;
    let policy = policy(&loaded.layered.settings).map_err(Failure::usage)?;
    let settings = Kept::new(loaded, policy);
    let mut changes: Vec<(&'static str, Option<toml::Value>)> = Vec::new();
    if let Some(hub) = &arguments.hub {
        changes.push(("hub.url", Some(hub.as_str().into())));
        // One or the other.
        changes.push(("pool.url", None));
    }
    if let Some(mode) = &arguments.mode {
        changes.push(("mode", Some(mode.to_string().into())));
    }
    settings.check(&changes).map_err(Failure::usage)?;
    let hub = match &arguments.hub {
        Some(hub) => Some(hub.clone()),
        None => settings.now().settings.hub.url.clone(),
    };
    let joining = match (code, hub) {
        (None, _) => None,
        (Some(code), Some(hub)) => Some((code, hub)),
        (Some(_), None) => return Err(Failure::usage(words().say("cli-setup-no-hub"))),
    };
    if !changes.is_empty() {
        settings.change(&changes).map_err(Failure::failed)?;
    }
    // As it stands in the settings now, which is what the agent will look for.
    let hub = settings.now().settings.hub.url.clone();
    let joins = joining.is_some();
    if let Some((code, named)) = joining {
        identity::await_enrolment(&data, &hub.unwrap_or(named), Some(code))?;
    }
    if arguments.consent {
        consent::accept(&data, Timestamp::now())?;
    }
    let done = SetUp {
        settings: changes
            .iter()
            .filter_map(|(key, value)| value.as_ref().map(|_| *key))
            .collect(),
        enrolment: joins,
        consent: consent::given(&data)?.is_some(),
    };
    output::either(common.json, &done, || words().say("cli-setup-done"))
}
