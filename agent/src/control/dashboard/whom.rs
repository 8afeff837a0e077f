//! For whom this PC works: a part of the page *Settings*. Whoever is paid by it is shown once more before anything changes.

use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use idlewatt_config::{Origin, PoolPreset};
use idlewatt_screens::Words;

use super::page::Page;
use super::rules::Fields;
use super::settings::{field, render};
use crate::presets::{self, Changes};

/// What there is work for.
pub const ALGORITHMS: [&str; 4] = ["randomx", "kawpow", "progpowz", "sha256d"];

/// What stands in the form.
pub struct Whom {
    pub kind: &'static str,
    pub hub_url: String,
    pub pool_url: String,
    pub pool_user: String,
    pub pool_password: String,
    pub pool_algorithm: String,
    /// Id and description of each well-known pool.
    pub presets: Vec<(String, String)>,
    /// Algorithm and address of each pool beside the first.
    pub others: Vec<(String, String)>,
    /// What a pool is to call this PC if its owner says nothing else.
    pub device: String,
    pub fixed_by: Option<String>,
}

impl Whom {
    pub fn of(page: &Page) -> Whom {
        let layered = page.daemon().layered_settings();
        let settings = &layered.settings;
        let is_flag = |key: &str| {
            let setting = layered.each.iter().find(|setting| setting.key == key)?;
            match &setting.origin {
                Origin::Flag(flag) => Some((*flag).to_owned()),
                _ => None,
            }
        };
        Whom {
            kind: match (&settings.hub.url, &settings.pool.url) {
                (Some(_), _) => "hub",
                (None, Some(_)) => "pool",
                (None, None) => "embedded",
            },
            hub_url: settings.hub.url.clone().unwrap_or_default(),
            pool_url: settings.pool.url.clone().unwrap_or_default(),
            pool_user: settings.pool.user.clone(),
            pool_password: settings.pool.password.clone(),
            pool_algorithm: settings.pool.algorithm.clone(),
            presets: listed(page),
            others: settings
                .other_pools
                .iter()
                .map(|pool| (pool.algorithm.clone(), pool.url.clone().unwrap_or_default()))
                .collect(),
            device: presets::some_device(),
            fixed_by: is_flag("hub.url").or_else(|| is_flag("pool.url")),
        }
    }
}

/// The well-known pools in the reader's words; what is wrong in the owner's file is told by the command line.
fn listed(page: &Page) -> Vec<(String, String)> {
    let known = presets::known(&page.daemon().data).or_else(|error| {
        tracing::warn!(%error, "the owner's own pools are left out");
        idlewatt_config::pool_presets(None)
    });
    let describe = |preset: PoolPreset| (preset.id.clone(), described(&preset, page));
    known
        .unwrap_or_default()
        .into_iter()
        .map(describe)
        .collect()
}

fn described(preset: &PoolPreset, page: &Page) -> String {
    let words = page.words;
    let mut parts = vec![format!("{} ({})", preset.name, preset.algorithm)];
    parts.extend(preset.fee_percent.map(|percent| {
        let percent = format!("{percent} %");
        words.say_with("dashboard-preset-fee", &[("percent", percent.into())])
    }));
    parts.extend(preset.payout_threshold.as_ref().map(|threshold| {
        let amount = format!("{threshold} {}", preset.coin);
        words.say_with("dashboard-preset-payout", &[("amount", amount.into())])
    }));
    parts.join(", ")
}

#[derive(Template)]
#[template(path = "dashboard/confirm_source.html")]
struct Confirm<'a> {
    words: Words,
    form_token: &'a str,
    fields: Fields,
    told: Vec<(String, String)>,
}

/// What a form asks for, and what is shown of it before it is done.
struct Wanted {
    changes: Changes,
    told: Vec<(String, String)>,
}

/// `POST source`.
pub async fn change(page: Page, Form(fields): Form<Fields>) -> Response {
    let wanted = match wanted(&page, &fields) {
        Ok(wanted) => wanted,
        Err(error) => return render(&page, Some(error)),
    };
    let daemon = page.daemon();
    if let Err(error) = daemon.check_settings(&wanted.changes) {
        return render(&page, Some(error.to_string()));
    }
    if field(&fields, "confirmed") != "yes" {
        let title = page.words.say("dashboard-confirm-source");
        let body = Confirm {
            words: page.words,
            form_token: &page.visitor.form_token,
            told: wanted.told,
            fields: fields
                .iter()
                .filter(|(name, _)| name != "form_token" && name != "confirmed")
                .cloned()
                .collect(),
        };
        return page.show("settings", "", &title, &body);
    }
    match daemon.change_settings(&wanted.changes) {
        Ok(()) => page.back_to("settings"),
        Err(error) => render(&page, Some(error.to_string())),
    }
}

fn wanted(page: &Page, fields: &Fields) -> Result<Wanted, String> {
    let words = page.words;
    let said = |name: &str| field(fields, name).to_owned();
    let value = |name: &str| Some(toml::Value::from(said(name)));
    let no_pool = || {
        let keys = [
            "pool.url",
            "pool.user",
            "pool.password",
            "pool.algorithm",
            presets::OTHERS,
        ];
        keys.map(|key| (key, None))
    };
    let shown = |key: &str, value: &str| (words.say(key), value.to_owned());
    match field(fields, "kind") {
        "hub" if said("hub_url").is_empty() => Err(words.say("dashboard-hub-url-missing")),
        "hub" => {
            let mut changes = vec![("hub.url", value("hub_url"))];
            changes.extend(no_pool());
            let told = vec![shown("dashboard-hub-url", &said("hub_url"))];
            Ok(Wanted { changes, told })
        }
        "pool" if said("pool_url").is_empty() => Err(words.say("dashboard-pool-url-missing")),
        "pool" => {
            let mut changes = vec![
                ("hub.url", None),
                ("pool.url", value("pool_url")),
                ("pool.user", value("pool_user")),
                ("pool.password", value("pool_password")),
                ("pool.algorithm", value("pool_algorithm")),
            ];
            let before = page.daemon().settings().pool.url.clone();
            if before != Some(said("pool_url")) {
                // Who stands in for another pool, and tells of an account there, does not for this one.
                changes.extend([("pool.fallback_urls", None), ("pool.account", None)]);
            }
            let told = vec![
                shown("dashboard-pool-url", &said("pool_url")),
                shown("dashboard-pool-user", &said("pool_user")),
                shown("dashboard-pool-algorithm", &said("pool_algorithm")),
            ];
            Ok(Wanted { changes, told })
        }
        "preset" => {
            let known = presets::known(&page.daemon().data).map_err(|error| error.to_string())?;
            let preset = known.iter().find(|preset| preset.id == said("preset"));
            let preset = preset.ok_or_else(|| words.say("dashboard-preset-missing"))?;
            let (address, device) = (said("preset_address"), said("preset_device"));
            let settings = page.daemon().settings();
            let beside = Some(&*settings).filter(|_| said("preset_beside") == "yes");
            let mut changes = presets::changes(preset, &address, &device, beside)
                .map_err(|refused| words.say(refused.key()))?;
            if beside.is_none() {
                changes.push(("hub.url", None));
                // One that stood beside another with the same work makes room.
                changes.extend(presets::without(&settings, &preset.algorithm));
            }
            let url = preset.servers.first().map(String::as_str);
            let mut told = vec![
                shown("dashboard-preset", &described(preset, page)),
                shown("dashboard-pool-url", url.unwrap_or_default()),
                shown("dashboard-preset-address", &address),
                shown("dashboard-preset-device", &device),
            ];
            if let Some(coin) = presets::of_another_coin(preset, &address) {
                told.push(shown(
                    "dashboard-warning",
                    &presets::warning(preset, coin, words),
                ));
            }
            if beside.is_some() {
                let first = settings.pool.url.clone().unwrap_or_default();
                told.push(shown("dashboard-preset-beside-short", &first));
            }
            Ok(Wanted { changes, told })
        }
        "without" => {
            let algorithm = said("algorithm");
            let settings = page.daemon().settings();
            let mut others = settings.other_pools.iter();
            let leaving = others.find(|pool| pool.algorithm == algorithm);
            let leaving = leaving.ok_or_else(|| words.say("dashboard-preset-missing"))?;
            let url = leaving.url.clone().unwrap_or_default();
            Ok(Wanted {
                changes: presets::without(&settings, &algorithm),
                told: vec![shown("dashboard-pool-leave", &url)],
            })
        }
        _ => {
            let mut changes = vec![("hub.url", None)];
            changes.extend(no_pool());
            let told = vec![shown(
                "dashboard-whom",
                &words.say("dashboard-embedded-hub"),
            )];
            Ok(Wanted { changes, told })
        }
    }
}
