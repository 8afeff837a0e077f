//! Modes for hours of the week: the list of rules written as `[[schedule]]`.

use serde::Deserialize;
use toml::de::DeValue;
use toml::{Table, Value};

use crate::value;

const NOT_A_LIST: &str = "schedule is a list of rules, each written below a line [[schedule]]";

/// A mode for certain hours of certain weekdays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRule {
    /// On which days it begins, Monday first.
    #[serde(deserialize_with = "value::days")]
    pub days: [bool; 7],
    /// When it begins, in minutes after midnight.
    #[serde(deserialize_with = "value::begin")]
    pub from: u16,
    /// When it ends, in minutes after midnight, up to 1440; not after `from`: on the next day. Never `from` itself.
    #[serde(deserialize_with = "value::end")]
    pub to: u16,
    /// What holds meanwhile: `smart`, a whole number from 5 to 100, or `pause`.
    #[serde(deserialize_with = "value::mode")]
    pub mode: String,
}

/// What is wrong at one place of a file.
pub(crate) struct Mistake {
    /// Where, in bytes from the file's beginning.
    pub offset: usize,
    /// What, and what is allowed.
    pub message: String,
}

/// What is wrong with the setting `schedule`; `place` is where it begins, `places` where everything in it stands.
pub(crate) fn mistakes(schedule: &Value, places: &DeValue<'_>, place: usize) -> Vec<Mistake> {
    let not_a_list = |offset| Mistake {
        offset,
        message: NOT_A_LIST.to_owned(),
    };
    let (Value::Array(rules), DeValue::Array(places)) = (schedule, places) else {
        return vec![not_a_list(place)];
    };
    let each = rules.iter().zip(places).flat_map(|(rule, place)| {
        let begin = place.span().start;
        match (rule, place.get_ref()) {
            (Value::Table(rule), DeValue::Table(keys)) => {
                let offset_of = |name: &str| {
                    let key = keys.keys().find(|key| key.get_ref() == name);
                    key.map_or(begin, |key| key.span().start)
                };
                in_rule(rule, offset_of, begin)
            }
            _ => vec![not_a_list(begin)],
        }
    });
    each.collect()
}

/// A rule with nothing wrong: each part of another is tried in it alone.
fn right() -> Table {
    [
        ("days", "daily"),
        ("from", "00:00"),
        ("mode", "smart"),
        ("to", "24:00"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.into()))
    .collect()
}

fn in_rule(rule: &Table, offset_of: impl Fn(&str) -> usize, begin: usize) -> Vec<Mistake> {
    let right = right();
    let names = right.keys().map(String::as_str).collect::<Vec<_>>();
    let names = names.join(", ");
    let missing = right.keys().filter(|name| !rule.contains_key(*name));
    let mut found: Vec<Mistake> = missing
        .map(|name| Mistake {
            offset: begin,
            message: format!("this [[schedule]] has no {name}; needed: {names}"),
        })
        .collect();
    for (name, value) in rule {
        let message = if right.contains_key(name) {
            let mut tried = right.clone();
            tried.insert(name.clone(), value.clone());
            let Err(error) = tried.try_into::<ScheduleRule>() else {
                continue;
            };
            let allowed = error.message().trim_end();
            format!("schedule.{name} = {value} is not allowed; allowed: {allowed}")
        } else {
            format!("unknown setting schedule.{name}; allowed in [[schedule]]: {names}")
        };
        found.push(Mistake {
            offset: offset_of(name),
            message,
        });
    }
    // Each time has one spelling: the texts can be compared.
    if found.is_empty() && rule.get("from") == rule.get("to") {
        found.push(Mistake {
            offset: offset_of("to"),
            message: "schedule.to is the same as schedule.from; allowed: another time, or \"00:00\" to \"24:00\" for \
                      a whole day"
                .to_owned(),
        });
    }
    found.sort_by_key(|mistake| mistake.offset);
    found
}
