//! What commands print, and how they end.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use idlewatt_config::{Origin, Problem, SettingsError};
use idlewatt_protocol::Money;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::words;
use crate::control::client::ControlError;
use crate::data_dir::DataDirError;
use crate::earnings;
pub use crate::engine::layout::hash_rate as rate;
use crate::shares::Awaiting;

/// Why a command ends with another code than 0.
#[derive(Debug)]
pub enum Failure {
    /// It was tried and failed, or the answer is no: code 1.
    Failed(String),
    /// The command or a setting is wrong: code 2.
    Usage(String),
    /// It failed and has said so: code 1.
    Told,
}

impl Failure {
    /// It was tried and failed.
    pub fn failed(reason: impl Display) -> Self {
        Failure::Failed(reason.to_string())
    }

    /// The command is wrong.
    pub fn usage(reason: impl Display) -> Self {
        Failure::Usage(reason.to_string())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Failed(message) | Failure::Usage(message) => f.write_str(message),
            Failure::Told => f.write_str("as said above"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Failed(format!("{error:#}"))
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        Failure::failed(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::Unreadable { path, source } => {
                let path = path.display().to_string();
                Failure::Usage(words().say_with(
                    "cli-settings-unreadable",
                    &[("path", path.into()), ("reason", source.to_string().into())],
                ))
            }
            SettingsError::Wrong(problems) => {
                let line =
                    |problem: &Problem| format!("{}: {}", origin(&problem.origin), problem.message);
                let lines: Vec<String> = problems.iter().map(line).collect();
                Failure::Usage(lines.join("\n"))
            }
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            // The agent was asked for something that is not there: this command was wrong.
            ControlError::Refused(answer) if answer.error == "bad_request" => {
                Failure::Usage(answer.message)
            }
            ControlError::NotRunning { data } => {
                Failure::Failed(words().say_with("cli-not-running", &[("data", data.into())]))
            }
            error => Failure::failed(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // Whoever read our output has seen enough.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::Told;
        }
        Failure::failed(error)
    }
}

/// Says what went wrong, and the code that tells programs.
pub fn exit(result: Result<(), Failure>) -> ExitCode {
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Told) => return ExitCode::from(1),
        Err(Failure::Failed(message)) => (1, message),
        Err(Failure::Usage(message)) => (2, message),
    };
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}

/// Prints lines of text.
pub fn text(text: impl Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    Ok(output.flush()?)
}

/// Prints one JSON value.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let written = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    text(written)
}

/// Prints one JSON value, or else text.
pub fn either(
    as_json: bool,
    value: &impl Serialize,
    shown: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if as_json { json(value) } else { text(shown()) }
}

/// Rows under a heading, in columns as wide as need be.
pub fn table(heading: &[impl AsRef<str>], rows: &[Vec<String>]) -> String {
    let heading: Vec<&str> = heading.iter().map(AsRef::as_ref).collect();
    let mut widths: Vec<usize> = heading.iter().map(|cell| width(cell)).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| padded(cell, *width));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(heading)];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    lines.join("\n")
}

/// Where a setting is from.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => words().say("cli-config-default"),
        Origin::File { path, line } => words().say_with(
            "cli-config-line",
            &[
                ("file", path.display().to_string().into()),
                ("line", (*line as u64).into()),
            ],
        ),
        Origin::Flag(flag) => (*flag).to_owned(),
    }
}

/// How many columns of a terminal a text takes: Korean letters take two.
fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text filled up with spaces to so many columns.
pub fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Shares that are verified and not credited yet, in one line; `None` without such.
pub fn awaiting(awaiting: &Awaiting) -> Option<String> {
    let worth = match awaiting.amounts.as_slice() {
        [] => String::new(),
        some => format!(" ({})", amounts(some)),
    };
    if awaiting.shares == 0 {
        return None;
    }
    let told = [("count", awaiting.shares.into()), ("worth", worth.into())];
    Some(words().say_with("cli-status-awaiting", &told))
}

/// Amounts without the zeros at their end; practice says that it is.
pub fn amounts(all: &[Money]) -> String {
    earnings::in_words(all, words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idlewatt_protocol::Asset;

    #[test]
    fn practice_is_never_shown_as_money() {
        let money = |asset, atomic| Money { asset, atomic };
        let shown = amounts(&[
            money(Asset::Practice, 1_500_000_000_000),
            money(Asset::Monero, 10),
            Money::zero(Asset::Bitcoin),
        ]);
        assert_eq!(shown, "1.5 PRACTICE (not money), 0.00000000001 XMR, 0 BTC");
        assert_eq!(amounts(&[]), "nothing yet");
    }

    #[test]
    fn korean_letters_take_two_columns() {
        let rows = [
            vec!["작업 중".to_owned(), "1".to_owned()],
            vec!["cpu".to_owned(), "2".to_owned()],
        ];
        assert_eq!(
            table(&["상태", "n"], &rows),
            "상태     n\n작업 중  1\ncpu      2"
        );
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["a".to_owned(), "1".to_owned()],
            vec!["long".to_owned(), "2".to_owned()],
        ];
        assert_eq!(table(&["id", "n"], &rows), "id    n\na     1\nlong  2");
    }
}
