//! `idlewatt pool list` and `idlewatt pool use`

use std::path::PathBuf;

use idlewatt_config::PoolPreset;
use idlewatt_market::coin::Coin;
use serde::Serialize;

use crate::app::policy::policy;
use crate::cli::settings::SettingsArguments;
use crate::cli::{Common, Failure, output, words};
use crate::daemon::settings::Kept;
use crate::presets;

#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// Only those that have work for this
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct UseArguments {
    /// Which, as `idlewatt pool list` names it
    #[arg(value_name = "ID")]
    id: String,
    /// The address that the pool is to pay to
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// What the pool is to call this PC; anybody who knows the address can see it there [default: pc- and four random digits]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Beside the pool there is, for another algorithm: each processor then does what brings most
    #[arg(long)]
    beside: bool,
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// One pool in JSON.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    website: &'a str,
    algorithm: &'a str,
    coin: &'a str,
    servers: &'a [String],
    fee_percent: Option<f64>,
    payout_threshold: Option<&'a str>,
    account: Option<String>,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    pool: String,
    url: String,
    user: String,
    file: String,
    /// The coin that the address looks like, where the pool pays another.
    #[serde(skip_serializing_if = "Option::is_none")]
    address_of: Option<Coin>,
}

pub fn list(common: &Common, arguments: &ListArguments) -> Result<(), Failure> {
    let mut presets = presets::known(&common.data()?)?;
    let algorithms: Vec<String> = presets.iter().map(|one| one.algorithm.clone()).collect();
    if let Some(wanted) = &arguments.algorithm {
        presets.retain(|preset| preset.algorithm == *wanted);
    }
    if presets.is_empty() {
        let mut allowed = algorithms;
        allowed.sort();
        allowed.dedup();
        let wanted = arguments.algorithm.as_deref().unwrap_or_default();
        return Err(Failure::usage(format!(
            "--algorithm {wanted}; allowed: {}",
            allowed.join(", ")
        )));
    }
    let listed: Vec<Listed<'_>> = presets.iter().map(listed).collect();
    output::either(common.json, &listed, || shown(&listed))
}

fn listed(preset: &PoolPreset) -> Listed<'_> {
    Listed {
        id: &preset.id,
        name: &preset.name,
        website: &preset.website,
        algorithm: &preset.algorithm,
        coin: &preset.coin,
        servers: &preset.servers,
        fee_percent: preset.fee_percent,
        payout_threshold: preset.payout_threshold.as_deref(),
        account: preset.account.as_ref().map(ToString::to_string),
    }
}

fn shown(listed: &[Listed<'_>]) -> String {
    let words = words();
    let unknown = || words.say("cli-pool-not-published");
    let heading = [
        "cli-pool-column-id",
        "cli-pool-column-name",
        "cli-pool-column-algorithm",
        "cli-pool-column-fee",
        "cli-pool-column-payout",
        "cli-pool-column-server",
    ];
    let heading: Vec<String> = heading.into_iter().map(|key| words.say(key)).collect();
    let row = |one: &Listed<'_>| {
        let fee = one.fee_percent.map(|percent| format!("{percent} %"));
        let payout = one
            .payout_threshold
            .map(|threshold| format!("{threshold} {}", one.coin));
        vec![
            one.id.to_owned(),
            one.name.to_owned(),
            one.algorithm.to_owned(),
            fee.unwrap_or_else(unknown),
            payout.unwrap_or_else(unknown),
            one.servers.first().cloned().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = listed.iter().map(row).collect();
    format!(
        "{}\n\n{}",
        output::table(&heading, &rows),
        words.say("cli-pool-list-note")
    )
}

pub fn work_for(common: &Common, arguments: &UseArguments) -> Result<(), Failure> {
    let known = presets::known(&common.data()?)?;
    let Some(preset) = known.iter().find(|preset| preset.id == arguments.id) else {
        let ids: Vec<&str> = known.iter().map(|preset| preset.id.as_str()).collect();
        return Err(Failure::usage(format!(
            "pool {}; allowed: {}",
            arguments.id,
            ids.join(", ")
        )));
    };
    let device = arguments.device.clone();
    let device = device.unwrap_or_else(presets::some_device);
    let data = common.data()?;
    data.create()?;
    let loaded = SettingsArguments::of_file(arguments.config.clone()).loaded(&data)?;
    let beside = Some(&loaded.layered.settings).filter(|_| arguments.beside);
    let mut changes = presets::changes(preset, &arguments.address, &device, beside)
        .map_err(|refused| Failure::usage(words().say(refused.key())))?;
    if !arguments.beside {
        // One that stood beside another with the same work makes room.
        changes.extend(presets::without(
            &loaded.layered.settings,
            &preset.algorithm,
        ));
    }
    let meaning = policy(&loaded.layered.settings).map_err(Failure::usage)?;
    let kept = Kept::new(loaded, meaning);
    kept.change(&changes).map_err(Failure::usage)?;
    let (user, _) = preset.login(&arguments.address, &device);
    let written = Written {
        pool: preset.id.clone(),
        url: preset.servers.first().cloned().unwrap_or_default(),
        user,
        file: kept.file().display().to_string(),
        address_of: presets::of_another_coin(preset, &arguments.address),
    };
    output::either(common.json, &written, || {
        let told = [
            ("pool", preset.name.as_str().into()),
            ("url", written.url.as_str().into()),
            ("user", written.user.as_str().into()),
            ("file", written.file.as_str().into()),
        ];
        let used = words().say_with("cli-pool-used", &told);
        match written.address_of {
            None => used,
            Some(coin) => format!("{used}\n{}", presets::warning(preset, coin, words())),
        }
    })
}
