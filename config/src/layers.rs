//! Defaults, file and flags, one over the other; every value knows where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::AgentSettings;

const TEMPLATE: &str = include_str!("../agent.toml");

/// The commented file with every setting at its default.
pub fn template() -> &'static str {
    TEMPLATE
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// It stands in a file.
    File {
        /// Which one.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// A flag on the command line, such as `--mode`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One value from the command line.
#[derive(Clone, Debug)]
pub struct Override {
    /// The setting, such as `cpu.threads`.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// The flag it came from.
    pub flag: &'static str,
}

/// One setting as it holds.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name, such as `cpu.threads`.
    pub key: String,
    /// Its value as written in TOML.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// The settings as they hold, typed and one by one.
#[derive(Clone, Debug)]
pub struct Layered {
    /// Typed.
    pub settings: AgentSettings,
    /// One by one, in the order of the template's sections.
    pub each: Vec<Setting>,
}

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or settings in it or in flags are unknown or out of range.
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Problem>),
}

/// Lays the file (if any) over the defaults and the flags over both, and checks every value.
///
/// # Errors
/// If the file cannot be read, or with the list of everything wrong in it and in the flags.
pub fn load(file: Option<&Path>, flags: &[Override]) -> Result<Layered, SettingsError> {
    let defaults = default_table();
    let mut values = flatten(&defaults);
    let mut problems = Vec::new();
    let mut given = match file {
        Some(path) => read_file(path, &values, &mut problems)?,
        None => Vec::new(),
    };
    given.extend(flags.iter().map(|flag| Setting {
        key: flag.key.to_owned(),
        value: flag.value.clone(),
        origin: Origin::Flag(flag.flag),
    }));
    let mut origins = BTreeMap::new();
    for setting in given {
        match refusal(&defaults, &setting) {
            Some(problem) => problems.push(problem),
            None => {
                origins.insert(setting.key.clone(), setting.origin);
                values.insert(setting.key, setting.value);
            }
        }
    }
    if !problems.is_empty() {
        return Err(SettingsError::Wrong(problems));
    }
    let settings = typed(&values).map_err(|message| {
        SettingsError::Wrong(vec![Problem {
            origin: Origin::Default,
            message,
        }])
    })?;
    let origin_of = |key: &str| origins.get(key).cloned().unwrap_or(Origin::Default);
    check_together(&settings, origin_of).map_err(|problem| SettingsError::Wrong(vec![problem]))?;
    let each = values
        .into_iter()
        .map(|(key, value)| Setting {
            origin: origins.remove(&key).unwrap_or(Origin::Default),
            key,
            value,
        })
        .collect();
    Ok(Layered { settings, each })
}

/// What cannot be seen from one setting alone.
fn check_together(
    settings: &AgentSettings,
    origin_of: impl Fn(&str) -> Origin,
) -> Result<(), Problem> {
    if settings.hub.url.is_some() && settings.pool.url.is_some() {
        return Err(Problem {
            origin: origin_of("pool.url"),
            message: format!(
                "pool.url and hub.url ({}) are both set; allowed: one of them, or neither",
                origin_of("hub.url")
            ),
        });
    }
    if settings.pool.url.is_some() && settings.pool.user.is_empty() {
        return Err(Problem {
            origin: origin_of("pool.url"),
            message: "pool.url is set but pool.user is empty; set pool.user (--pool-user) to \
                      what the pool knows you by"
                .to_owned(),
        });
    }
    Ok(())
}

fn default_table() -> Table {
    TEMPLATE
        .parse()
        .expect("the embedded template is TOML: a test reads it")
}

/// `{cpu: {threads: 0}}` as `cpu.threads = 0`.
fn flatten(table: &Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => flat.extend(
                flatten(inner)
                    .into_iter()
                    .map(|(key, value)| (format!("{name}.{key}"), value)),
            ),
            value => {
                flat.insert(name.clone(), value.clone());
            }
        }
    }
    flat
}

fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

fn typed(values: &BTreeMap<String, Value>) -> Result<AgentSettings, String> {
    let mut table = Table::new();
    for (key, value) in values {
        set(&mut table, key, value.clone());
    }
    table.try_into().map_err(|error| error.to_string())
}

/// What is wrong with one setting: found by laying it alone over the defaults.
fn refusal(defaults: &Table, setting: &Setting) -> Option<Problem> {
    let mut table = defaults.clone();
    set(&mut table, &setting.key, setting.value.clone());
    let error = table.try_into::<AgentSettings>().err()?;
    let message = error.message().trim_end();
    Some(Problem {
        origin: setting.origin.clone(),
        message: format!(
            "{} = {} is not allowed; allowed: {message}",
            setting.key, setting.value
        ),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// The file's settings that exist, with their lines; those that do not exist become problems.
fn read_file(
    path: &Path,
    known: &BTreeMap<String, Value>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Setting>, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let at = |offset: usize| Origin::File {
        path: path.to_owned(),
        line: line_of(&text, offset),
    };
    let not_toml = |error: toml::de::Error| {
        SettingsError::Wrong(vec![Problem {
            origin: at(error.span().map_or(0, |span| span.start)),
            message: format!("this is not TOML: {}", error.message().trim_end()),
        }])
    };
    let values = flatten(&text.parse::<Table>().map_err(not_toml)?);
    let spans = toml::de::DeTable::parse(&text).map_err(not_toml)?;
    let mut offsets = BTreeMap::new();
    locate(spans.get_ref(), "", &mut offsets);

    let mut settings = Vec::new();
    for (key, offset) in offsets {
        let origin = at(offset);
        let is_section = known
            .keys()
            .any(|known| known.starts_with(&format!("{key}.")));
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

fn locate(table: &toml::de::DeTable<'_>, prefix: &str, offsets: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        offsets.insert(key.clone(), name.span().start);
        if let toml::de::DeValue::Table(inner) = value.get_ref() {
            locate(inner, &format!("{key}."), offsets);
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
