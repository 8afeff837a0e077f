//! *Now*: what this PC does and why, and the switch.

use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use idlewatt_screens::Words;
use idlewatt_screens::chart::Line;
use jiff::Zoned;
use serde::Deserialize;

use super::live::{Figures, figures};
use super::page::Page;
use crate::control::answers::ModeRequest;
use crate::control::guard::Refusal;
use crate::daemon::hour;
use crate::tray;

/// `GET /…/`: where the owner is.
pub async fn home(page: Page) -> Response {
    match super::first_run::is_open(page.daemon()) {
        true => page.back_to("first-run"),
        false => page.back_to("now"),
    }
}

/// One processor.
struct Card {
    id: String,
    name: String,
    software: bool,
    chart: String,
}

#[derive(Template)]
#[template(path = "dashboard/now.html")]
struct Now<'a> {
    words: Words,
    form_token: &'a str,
    figures: Figures,
    modes: Vec<(String, String)>,
    can_pause_until_away: bool,
    processors: Vec<Card>,
    whom: String,
}

impl Now<'_> {
    /// What stands at a key now.
    fn at(&self, key: &str) -> &str {
        self.figures.get(key).map_or("", String::as_str)
    }

    fn of(&self, key: &str, id: &str) -> &str {
        self.at(&format!("{key}-{id}"))
    }
}

/// `GET now`.
pub async fn show(page: Page) -> Response {
    let daemon = page.daemon();
    if super::first_run::is_open(daemon) {
        return page.back_to("first-run");
    }
    let words = page.words;
    let status = daemon.status();
    let processors = status.processors.iter().map(|processor| {
        let rates = daemon.hour.rates(&processor.id);
        let highest = rates.iter().copied().fold(0.0, f64::max);
        let chart = Line {
            title: words.say_with(
                "dashboard-hour-of",
                &[("name", processor.name.clone().into())],
            ),
            live: format!("line-{}", processor.id),
            values: rates,
            length: hour::LENGTH,
            scale: 0.0,
            ends: (
                words.say("dashboard-hour-ago"),
                words.say("dashboard-hour-now"),
            ),
            most: page.format.hash_rate(highest),
        };
        Card {
            id: processor.id.clone(),
            name: processor.name.clone(),
            software: processor.software,
            chart: chart.html(),
        }
    });
    let percent = |percent: u8| (percent.to_string(), page.format.percent(percent.into()));
    let body = Now {
        words,
        form_token: &page.visitor.form_token,
        processors: processors.collect(),
        figures: figures(daemon, &page.format),
        modes: vec![
            ("smart".to_owned(), words.say("dashboard-smart")),
            percent(50),
            percent(90),
            percent(100),
            ("pause".to_owned(), words.say("dashboard-pause")),
        ],
        can_pause_until_away: daemon.tells_of_input(),
        whom: match status.source.kind.as_str() {
            "embedded_hub" => words.say("dashboard-embedded-hub"),
            _ => status.source.address.clone(),
        },
    };
    page.show("now", "live", &words.say("dashboard-now"), &body)
}

/// What the switch sends.
#[derive(Deserialize)]
pub struct Chosen {
    mode: String,
    /// `hour`, `away`, `tomorrow` or nothing for good.
    #[serde(default)]
    until: String,
}

/// `POST mode`.
pub async fn choose_mode(page: Page, Form(chosen): Form<Chosen>) -> Result<Response, Refusal> {
    let asked = ModeRequest {
        mode: chosen.mode,
        ..ModeRequest::default()
    };
    let asked = match chosen.until.as_str() {
        "" => asked,
        "hour" => ModeRequest {
            for_seconds: Some(3_600),
            ..asked
        },
        "away" => ModeRequest {
            until_away: true,
            ..asked
        },
        "tomorrow" => ModeRequest {
            until: tray::face::tomorrow(&Zoned::now()).map(|at| at.timestamp()),
            ..asked
        },
        other => {
            return Err(Refusal::bad_request(format!(
                "until = {other}; allowed: hour, away, tomorrow, or nothing"
            )));
        }
    };
    page.daemon().set_mode(&asked)?;
    Ok(page.back_to("now"))
}
