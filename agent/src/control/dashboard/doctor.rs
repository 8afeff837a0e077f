//! *Doctor*: what keeps this PC from working, as `idlewatt doctor` says it.

use askama::Template;
use axum::response::Response;
use hyper_util::client::proxy::matcher::Matcher;
use idlewatt_screens::Words;

use super::page::Page;
use crate::doctor::{self, Agent, Case, Check, Report, Verdict};
use crate::hub_child;

/// The checks about one thing.
struct Group {
    name: String,
    checks: Vec<Line>,
}

struct Line {
    look: &'static str,
    verdict: String,
    found: String,
    advice: Option<String>,
}

#[derive(Template)]
#[template(path = "dashboard/doctor.html")]
struct Doctor {
    words: Words,
    summary: String,
    groups: Vec<Group>,
    text: String,
}

/// `GET doctor`: looks, which takes as long as what does not answer.
pub async fn show(page: Page) -> Response {
    let (words, daemon) = (page.words, page.daemon());
    let file = daemon.settings_file().to_owned();
    let case = Case {
        data: daemon.data.clone(),
        settings: Ok((*daemon.settings()).clone()),
        file: file.exists().then_some(file),
        named: false,
        agent: Agent::Running(Box::new(daemon.status())),
        program: daemon.program.clone(),
        hub_program: hub_child::program(),
        proxies: Matcher::from_system(),
    };
    let report = doctor::examine(&case, words).await;
    let body = Doctor {
        words,
        summary: report.summary(words),
        groups: groups(&report, words),
        text: report.text(words),
    };
    page.show("doctor", "", &words.say("doctor-title"), &body)
}

fn groups(report: &Report, words: Words) -> Vec<Group> {
    let each = report
        .checks
        .chunk_by(|one, next| one.group == next.group)
        .filter_map(|checks| {
            Some(Group {
                name: checks.first()?.group.name(words),
                checks: checks.iter().map(|check| line(check, words)).collect(),
            })
        });
    each.collect()
}

fn line(check: &Check, words: Words) -> Line {
    Line {
        look: match check.verdict {
            Verdict::Ok => "good",
            Verdict::WorthKnowing => "warn",
            Verdict::Problem => "bad",
        },
        verdict: check.verdict.name(words),
        found: check.found.clone(),
        advice: check.advice.clone(),
    }
}
