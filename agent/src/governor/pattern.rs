//! Names of programs as owners write them: `game.exe`, `obs*`.

use std::fmt;

/// A program's file name, in which `*` stands for anything; capitals do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// The text names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{pattern}\" {why}; allowed: a program's file name such as \"game.exe\", with * for anything"
)]
pub struct PatternError {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Pattern, PatternError> {
        Ok(Pattern(text.to_owned()))
    }
}

impl Pattern {
    /// Whether a program's file name is meant.
    pub fn matches(&self, name: &str) -> bool {
        self.0 == name
    }
}
