//! All that leaves this PC, line by line: a part of the page *Settings*.

use idlewatt_config::AgentSettings;
use idlewatt_screens::Words;
use serde_json::Value;

use super::page::Page;
use crate::app::pools::pool;
use crate::control::answers::Status;
use crate::data_dir::DataDir;
use crate::{market, reports, update};

/// One thing that leaves this PC.
pub struct Leaving {
    pub what: String,
    pub whom: String,
    pub value: String,
}

/// Everything, as it would be sent now: the report is the one that is sent.
pub fn all(page: &Page) -> Vec<Leaving> {
    let (words, daemon) = (page.words, page.daemon());
    let (status, settings) = (daemon.status(), daemon.settings());
    let whom = match status.source.kind.as_str() {
        "pool" => words.say("dashboard-to-pool"),
        "hub" => words.say("dashboard-to-hub"),
        _ => words.say("dashboard-to-own-hub"),
    };
    let line = |what: String, value: String| Leaving {
        what,
        whom: whom.clone(),
        value,
    };
    let mut lines = vec![line(
        words.say("dashboard-leaves-address"),
        words.say("dashboard-leaves-address-value"),
    )];
    lines.push(line(
        words.say("dashboard-leaves-user"),
        user(&settings, &status),
    ));
    lines.push(line(
        words.say("dashboard-leaves-shares"),
        words.say("dashboard-leaves-shares-value"),
    ));
    if status.source.kind != "pool" {
        let report = serde_json::to_value(reports::report(daemon)).unwrap_or_default();
        let fields = fields_of("", &report).into_iter();
        lines.extend(fields.map(|(name, value)| {
            let what = words.say_with("dashboard-leaves-report", &[("field", name.into())]);
            line(what, value)
        }));
    }
    lines.extend(to_others(&settings, &page.daemon().data, words));
    lines
}

fn user(settings: &AgentSettings, status: &Status) -> String {
    if let Some(pool) = settings.pools().next() {
        return pool.user.clone();
    }
    let parts = [
        status.source.account.as_ref().map(ToString::to_string),
        status.source.device.as_ref().map(ToString::to_string),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// What others than the hub or the first pool are told and asked, as its owner has set it.
fn to_others(settings: &AgentSettings, data: &DataDir, words: Words) -> Vec<Leaving> {
    let mut lines = Vec::new();
    let mut line = |key: &str, whom: String, value: String| {
        lines.push(Leaving {
            what: words.say(key),
            whom,
            value,
        });
    };
    for (place, settings) in settings.pools().enumerate() {
        let Ok(pool) = pool(settings) else { continue };
        if place > 0 {
            let whom = pool.first.address.to_string();
            line("dashboard-leaves-user", whom, pool.first.user);
        }
        for other in pool.others {
            let whom = other.address.to_string();
            line("dashboard-leaves-stand-in", whom, other.user);
        }
        if let Some(account) = &settings.account {
            let value = settings.user.clone();
            line("dashboard-leaves-account", account.url.clone(), value);
        }
    }
    let nothing = || words.say("dashboard-leaves-nothing-of-you");
    // What is wrong in the owner's own file is asked of nobody.
    let sources = market::sources(&settings.market.sources, data);
    let sources = sources.unwrap_or_else(|_| market::of_settings(&settings.market.sources));
    for host in market::hosts(&sources) {
        line("dashboard-leaves-market", host, nothing());
    }
    let updates = update::address(settings).filter(|_| settings.update.automatic);
    if let Some(address) = updates {
        line("dashboard-leaves-update", address, nothing());
    }
    lines
}

/// Every field of a value by its path, as text.
fn fields_of(path: &str, value: &Value) -> Vec<(String, String)> {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, value)| fields_of(&below(name), value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(place, value)| fields_of(&below(&(place + 1).to_string()), value))
            .collect(),
        Value::String(text) => vec![(path.to_owned(), text.clone())],
        Value::Null => vec![(path.to_owned(), "–".to_owned())],
        other => vec![(path.to_owned(), other.to_string())],
    }
}
