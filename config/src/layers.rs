//! Defaults, file and flags, one over the other; every value knows where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::AgentSettings;
use crate::file::read_file;

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
    match file {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| SettingsError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
            check(Some((path, &text)), flags)
        }
        None => check(None, flags),
    }
}

/// As [`load`], with a file's content that may not be written yet.
///
/// # Errors
/// With the list of everything wrong in it and in the flags.
pub fn check(file: Option<(&Path, &str)>, flags: &[Override]) -> Result<Layered, SettingsError> {
    let defaults = default_table();
    let mut values = flatten(&defaults);
    let mut problems = Vec::new();
    let mut given = match file {
        Some((path, text)) => read_file(path, text, &values, &mut problems)?,
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
    let problems = check_together(&settings, origin_of);
    if !problems.is_empty() {
        return Err(SettingsError::Wrong(problems));
    }
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
fn check_together(settings: &AgentSettings, origin_of: impl Fn(&str) -> Origin) -> Vec<Problem> {
    let mut problems = Vec::new();
    if settings.hub.url.is_some() && settings.pool.url.is_some() {
        problems.push(Problem {
            origin: origin_of("pool.url"),
            message: format!(
                "pool.url and hub.url ({}) are both set; allowed: one of them, or neither",
                origin_of("hub.url")
            ),
        });
    }
    if settings.pool.url.is_some() && settings.pool.user.is_empty() {
        problems.push(Problem {
            origin: origin_of("pool.url"),
            message: "pool.url is set but pool.user is empty; set pool.user (--pool-user) to \
                      what the pool knows you by"
                .to_owned(),
        });
    }
    problems.extend(of_other_pools(settings, origin_of("other_pools")));
    let shares = [
        (
            "cpu.someone_here_percent",
            settings.cpu.someone_here_percent,
            "limits.max_cpu_percent",
            settings.limits.max_cpu_percent,
        ),
        (
            "gpu.someone_here_percent",
            settings.gpu.someone_here_percent,
            "limits.max_gpu_percent",
            settings.limits.max_gpu_percent,
        ),
    ];
    for (key, percent, limit, most) in shares {
        let origin = origin_of(key);
        // A default that is above the owner's limit contradicts nobody: the limit holds.
        if percent > most && origin != Origin::Default {
            problems.push(Problem {
                origin,
                message: format!(
                    "{key} = {percent} is more than {limit} = {most} ({}); allowed: at most that",
                    origin_of(limit)
                ),
            });
        }
    }
    problems
}

fn of_other_pools(settings: &AgentSettings, origin: Origin) -> Option<Problem> {
    let others = &settings.other_pools;
    if settings.pool.url.is_none() {
        let message =
            "other_pools are set but pool.url is not; write the first of them below [pool]";
        return (!others.is_empty()).then(|| Problem {
            origin,
            message: message.to_owned(),
        });
    }
    let mut has_pool = BTreeSet::new();
    let twice = settings
        .pools()
        .find(|pool| !has_pool.insert(&pool.algorithm))?;
    Some(Problem {
        origin,
        message: format!(
            "there are two pools for {}; allowed: one for each algorithm, of pool and other_pools together (one that stands in \
             for another belongs into its fallback_urls)",
            twice.algorithm
        ),
    })
}

fn default_table() -> Table {
    let mut table: Table = TEMPLATE
        .parse()
        .expect("the embedded template is TOML: a test reads it");
    // An empty list cannot be written in a way that leaves room for tables below it.
    for list in ["other_pools", "schedule"] {
        table.insert(list.to_owned(), Value::Array(Vec::new()));
    }
    table
}

/// `{cpu: {threads: 0}}` as `cpu.threads = 0`.
pub(crate) fn flatten(table: &Table) -> BTreeMap<String, Value> {
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
