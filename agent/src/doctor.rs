//! What keeps this PC from working, and what its owner can do about it: looked at whether the agent runs or not, and told
//! in words that can be copied to anybody.
//!
//! Nothing is changed and nothing is sent but questions that need no secret. Every value in the report goes through
//! `discretion`.

use std::fmt::Write as _;
use std::path::PathBuf;

use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_config::{AgentSettings, SettingsError};
use idlewatt_screens::Words;
use serde::Serialize;

use crate::control::answers::Status;
use crate::data_dir::DataDir;

mod discretion;
mod graphics;
mod keeping;
mod pool;
mod programs;
mod reach;
mod start;
mod teller;
mod work;

pub use discretion::Discretion;
pub use pool::{PoolCase, PoolReport, examine_pool};

use teller::Teller;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works so, but not as well as it could, or not as its owner may think.
    WorthKnowing,
    /// Something does not work.
    Problem,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What the agent keeps: its data, its settings, its owner's yes.
    Keeping,
    /// The program's own files.
    Programs,
    /// Graphics cards and their drivers.
    Graphics,
    /// Whether the agent runs, and by itself.
    Start,
    /// The way to the hub or pool.
    Reach,
    /// How the running agent gets on.
    Work,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A fixed word. Several graphics cards or ports have a check of the same word each.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it came to.
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: String,
    /// What the owner can do, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Everything that was looked at. `doctor --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Version of the program that looked.
    pub version: &'static str,
    /// The system and its processor's kind, such as `windows x86_64`.
    pub system: String,
    /// How many checks came to a problem.
    pub problems: usize,
    /// How many came to something worth knowing.
    pub worth_knowing: usize,
    /// The checks, group by group.
    pub checks: Vec<Check>,
}

/// The agent with the data directory in question.
pub enum Agent {
    /// It answers.
    Running(Box<Status>),
    /// None runs.
    NotRunning,
    /// One should run, but does not answer as it should.
    Silent(String),
}

/// What is looked at.
pub struct Case {
    /// The data directory.
    pub data: DataDir,
    /// The settings, or what is wrong with them.
    pub settings: Result<AgentSettings, SettingsError>,
    /// The owner's file of settings, if there is one.
    pub file: Option<PathBuf>,
    /// Whether the hub or pool was named for this look alone: then it is looked at, whomever a running agent works for.
    pub named: bool,
    /// The agent.
    pub agent: Agent,
    /// This program, which engines are made of.
    pub program: PathBuf,
    /// The embedded hub's program.
    pub hub_program: PathBuf,
    /// Which proxies the environment names.
    pub proxies: Matcher,
}

/// Looks at everything. Takes as long as the slowest of what does not answer, at most about a minute.
pub async fn examine(case: &Case, words: Words) -> Report {
    let discretion = Discretion::of_this_pc(case);
    let teller = |group| Teller::new(words, &discretion, group);
    let target = reach::Target::of(case);
    let (programs, graphics, reach) = tokio::join!(
        programs::checks(teller(Group::Programs), case, &target),
        graphics::checks(teller(Group::Graphics), case),
        reach::checks(teller(Group::Reach), &target, &case.proxies),
    );
    let keeping = keeping::checks(teller(Group::Keeping), case);
    let start = start::checks(teller(Group::Start), case);
    let work = work::checks(teller(Group::Work), case);
    let checks = [keeping, programs, graphics, start, reach, work].concat();
    let count = |verdict| checks.iter().filter(|one| one.verdict == verdict).count();
    Report {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        problems: count(Verdict::Problem),
        worth_knowing: count(Verdict::WorthKnowing),
        checks,
    }
}

impl Group {
    /// What people call it.
    pub fn name(self, words: Words) -> String {
        match self {
            Group::Keeping => words.say("doctor-group-keeping"),
            Group::Programs => words.say("doctor-group-programs"),
            Group::Graphics => words.say("doctor-group-graphics"),
            Group::Start => words.say("doctor-group-start"),
            Group::Reach => words.say("doctor-group-reach"),
            Group::Work => words.say("doctor-group-work"),
        }
    }
}

impl Verdict {
    /// What people call it.
    pub fn name(self, words: Words) -> String {
        match self {
            Verdict::Ok => words.say("doctor-ok"),
            Verdict::WorthKnowing => words.say("doctor-worth-knowing"),
            Verdict::Problem => words.say("doctor-problem"),
        }
    }
}

impl Report {
    /// The outcome in one line.
    pub fn summary(&self, words: Words) -> String {
        words.say_with(
            "doctor-summary",
            &[
                ("problems", (self.problems as u64).into()),
                ("worth", (self.worth_knowing as u64).into()),
            ],
        )
    }

    /// The whole report as text, to be read and to be copied.
    pub fn text(&self, words: Words) -> String {
        let mut text = format!("Idlewatt {} ({})\n", self.version, self.system);
        text.push_str(&self.summary(words));
        for group in self.checks.chunk_by(|one, next| one.group == next.group) {
            let Some(first) = group.first() else { continue };
            // Writing to a text does not fail; so below.
            let _ = write!(text, "\n\n{}", first.group.name(words));
            write_checks(&mut text, group, words);
        }
        text
    }
}

fn write_checks(text: &mut String, checks: &[Check], words: Words) {
    for check in checks {
        let verdict = check.verdict.name(words);
        let _ = write!(text, "\n  [{verdict}] {}", check.found);
        if let Some(advice) = &check.advice {
            let _ = write!(text, "\n      → {advice}");
        }
    }
}

#[cfg(test)]
mod tests;
