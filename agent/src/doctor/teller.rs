//! Puts what a check found into words, with nothing in them that is nobody else's business.

use idlewatt_screens::{Argument, Words};

use super::{Check, Discretion, Group, Verdict};

/// The reader's words for one group of checks.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    words: Words,
    discretion: &'a Discretion,
    group: Group,
}

impl<'a> Teller<'a> {
    /// For a group.
    pub fn new(words: Words, discretion: &'a Discretion, group: Group) -> Self {
        Teller {
            words,
            discretion,
            group,
        }
    }

    /// A message without values.
    pub fn say(self, key: &str) -> String {
        self.words.say(key)
    }

    /// A message; each text that is filled in loses what is secret in it.
    pub fn say_with(self, key: &str, values: &[(&str, Argument<'_>)]) -> String {
        let discreet: Vec<(&str, Argument<'_>)> = values
            .iter()
            .map(|(name, value)| match value {
                Argument::String(text) => (*name, self.discretion.kept(text).into()),
                other => (*name, other.clone()),
            })
            .collect();
        self.words.say_with(key, &discreet)
    }

    /// As it should be.
    pub fn ok(self, id: &'static str, found: String) -> Check {
        self.check(id, Verdict::Ok, found, None)
    }

    /// Worth knowing.
    pub fn worth(self, id: &'static str, found: String, advice: String) -> Check {
        self.check(id, Verdict::WorthKnowing, found, Some(advice))
    }

    /// A problem.
    pub fn problem(self, id: &'static str, found: String, advice: String) -> Check {
        self.check(id, Verdict::Problem, found, Some(advice))
    }

    fn check(
        self,
        id: &'static str,
        verdict: Verdict,
        found: String,
        advice: Option<String>,
    ) -> Check {
        Check {
            id,
            group: self.group,
            verdict,
            found,
            advice,
        }
    }
}
