//! `idlewatt config show|check|template`

use idlewatt_config::{Layered, template};
use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, output, words};
use crate::presets;

#[derive(Debug, clap::Args)]
pub struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Every setting as it holds, and where it comes from
    Show(SettingsArguments),
    /// Whether the settings are right; exit code 2 if not
    Check(SettingsArguments),
    /// A file of settings with every default, explained
    Template,
}

/// One setting in JSON.
#[derive(Serialize)]
struct Shown {
    setting: String,
    value: toml::Value,
    origin: String,
    /// The same in the reader's language.
    #[serde(skip)]
    told_origin: String,
}

/// The answer of `config check`.
#[derive(Serialize)]
struct Checked {
    valid: bool,
    file: Option<String>,
}

pub fn run(common: &Common, arguments: ConfigArguments) -> Result<(), Failure> {
    let data = common.data()?;
    match arguments.command {
        ConfigCommand::Template if common.json => output::json(&template()),
        ConfigCommand::Template => output::text(template().trim_end()),
        ConfigCommand::Check(settings) => {
            settings.load(&data)?;
            let file = settings.file(&data).map(|path| path.display().to_string());
            let checked = Checked { valid: true, file };
            output::either(common.json, &checked, || match &checked.file {
                Some(file) => {
                    words().say_with("cli-config-right", &[("file", file.as_str().into())])
                }
                None => words().say("cli-config-none"),
            })
        }
        ConfigCommand::Show(settings) => {
            let each = shown(settings.load(&data)?);
            output::either(common.json, &each, || {
                let lines = each.iter().map(|each| {
                    format!(
                        "{} = {}    # {}",
                        each.setting, each.value, each.told_origin
                    )
                });
                lines.collect::<Vec<_>>().join("\n")
            })
        }
    }
}

/// The address of a proxy or pool, which may have a login before its host.
fn without_login(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://(set)@{place}"),
        _ => url.to_owned(),
    }
}

/// The list of pools beside the first.
fn without_passwords(mut pools: toml::Value) -> toml::Value {
    let each = pools.as_array_mut().into_iter().flatten();
    for pool in each.filter_map(toml::Value::as_table_mut) {
        if let Some(password) = pool.get_mut("password") {
            *password = "(set)".into();
        }
        let urls = pool
            .get_mut("fallback_urls")
            .and_then(toml::Value::as_array_mut);
        for url in urls.into_iter().flatten() {
            *url = without_login(url.as_str().unwrap_or_default()).into();
        }
    }
    pools
}

fn shown(layered: Layered) -> Vec<Shown> {
    let each = layered.each.into_iter().map(|setting| Shown {
        // A password has no place on a screen.
        value: match (setting.key.as_str(), setting.value.as_str()) {
            ("pool.password", Some(text)) if text != "x" && !text.is_empty() => "(set)".into(),
            ("network.proxy", Some(text)) => without_login(text).into(),
            ("pool.fallback_urls", None) => {
                let urls = setting.value.as_array().into_iter().flatten();
                let urls = urls.filter_map(toml::Value::as_str).map(without_login);
                urls.collect::<Vec<_>>().into()
            }
            (presets::OTHERS, None) => without_passwords(setting.value),
            _ => setting.value,
        },
        setting: setting.key,
        told_origin: output::origin(&setting.origin),
        origin: setting.origin.to_string(),
    });
    each.collect()
}
