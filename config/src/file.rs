//! The owner's file: which settings stand in it, and on which lines.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::layers::{Origin, Problem, Setting, SettingsError, flatten};
use crate::{other_pools, schedule};

pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// The file's settings that exist, with their lines; those that do not exist become problems.
pub(crate) fn read_file(
    path: &Path,
    text: &str,
    known: &BTreeMap<String, Value>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Setting>, SettingsError> {
    let at = |offset: usize| Origin::File {
        path: path.to_owned(),
        line: line_of(text, offset),
    };
    let not_toml = |error: toml::de::Error| {
        SettingsError::Wrong(vec![Problem {
            origin: at(error.span().map_or(0, |span| span.start)),
            message: format!("this is not TOML: {}", error.message().trim_end()),
        }])
    };
    let table = text.parse::<Table>().map_err(not_toml)?;
    let values = flatten(&table);
    let spans = DeTable::parse(text).map_err(not_toml)?;
    let mut places = BTreeMap::new();
    locate(spans.get_ref(), "", &mut places);

    let mut settings = Vec::new();
    for (key, (offset, place)) in places {
        let origin = at(offset);
        let is_section = known
            .keys()
            .any(|known| known.starts_with(&format!("{key}.")));
        let tables = match key.as_str() {
            "schedule" => Some(schedule::tables()),
            "other_pools" => Some(other_pools::tables()),
            _ => None,
        };
        if let (Some(tables), Some(list)) = (tables, table.get(&key)) {
            let wrong = tables.mistakes(list, place, offset);
            if !wrong.is_empty() {
                problems.extend(wrong.into_iter().map(|mistake| Problem {
                    origin: at(mistake.offset),
                    message: mistake.message,
                }));
                continue;
            }
        }
        match values.get(&key) {
            Some(value) if known.contains_key(&key) => settings.push(Setting {
                key,
                value: value.clone(),
                origin,
            }),
            None if is_section => {}
            _ if is_section => problems.push(Problem {
                origin,
                message: format!("{key} is a section, written [{key}]"),
            }),
            // What stands in an unknown section is reported by the section.
            _ if parent_is_unknown(&key, known) => {}
            _ => problems.push(Problem {
                origin,
                message: unknown(&key, known),
            }),
        }
    }
    Ok(settings)
}

/// Where each name begins, and the place of what it stands for.
fn locate<'a>(
    table: &'a DeTable<'_>,
    prefix: &str,
    places: &mut BTreeMap<String, (usize, &'a DeValue<'a>)>,
) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        places.insert(key.clone(), (name.span().start, value.get_ref()));
        if let DeValue::Table(inner) = value.get_ref() {
            locate(inner, &format!("{key}."), places);
        }
    }
}

fn parent_is_unknown(key: &str, known: &BTreeMap<String, Value>) -> bool {
    key.rsplit_once('.').is_some_and(|(parent, _)| {
        !known
            .keys()
            .any(|known| known.starts_with(&format!("{parent}.")))
    })
}

/// "unknown setting", with those that may have been meant.
fn unknown(key: &str, known: &BTreeMap<String, Value>) -> String {
    let section = key.rsplit_once('.').map(|(section, _)| section);
    let allowed: Vec<&str> = match section {
        Some(section) => known
            .keys()
            .filter_map(|known| known.strip_prefix(&format!("{section}.")))
            .collect(),
        None => {
            let mut names: Vec<&str> = known
                .keys()
                .map(|known| known.split('.').next().unwrap_or(known))
                .collect();
            names.dedup();
            names
        }
    };
    let place = section.map_or(String::new(), |section| format!(" in [{section}]"));
    format!(
        "unknown setting {key}; allowed{place}: {}",
        allowed.join(", ")
    )
}
