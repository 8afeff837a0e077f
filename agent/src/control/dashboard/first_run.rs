//! The first run: what it will do, consent, what this PC is worth, and *Start earning*.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use idlewatt_protocol::Money;
use idlewatt_protocol::api::Prices;
use idlewatt_screens::{Fiat, Format, Words};

use super::page::Page;
use super::rules::Fields;
use crate::control::answers::{BenchRequest, ModeRequest, Status};
use crate::control::guard::Refusal;
use crate::daemon::Daemon;
use crate::earnings::projection::{Hours, Projection, project};
use crate::first_run;
use crate::update;

/// How often it is looked whether there is something to measure with.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Whether the owner has not been through it yet.
pub fn is_open(daemon: &Daemon) -> bool {
    !daemon.has_consent() || first_run::is_open(&daemon.data).unwrap_or(false)
}

/// One line of what is measured.
pub struct Measured {
    name: String,
    algorithm: String,
    rate: String,
    note: String,
}

/// One line of the projection.
struct Worth {
    hours: String,
    earned: String,
    worth: Option<String>,
    electricity: Option<String>,
    left: Option<String>,
}

#[derive(Template)]
#[template(path = "dashboard/first_run.html")]
struct FirstRun<'a> {
    words: Words,
    form_token: &'a str,
    has_consent: bool,
    can_update: bool,
    busy: bool,
    step: Option<Step>,
    measured: Vec<Measured>,
    worth: Vec<Worth>,
    practice: bool,
    has_prices: bool,
    settings: Electricity,
    trouble: Option<String>,
}

/// The measurement that is running.
struct Step {
    name: String,
    algorithm: String,
    what: String,
    progress: String,
    number: u64,
    of: u64,
}

/// What stands in the form about electricity.
pub struct Electricity {
    pub price: String,
    pub currency: String,
    pub watts: String,
    pub rest_at_a_loss: bool,
}

impl Electricity {
    /// As it is set.
    pub fn of(daemon: &Daemon) -> Self {
        let settings = daemon.settings();
        let electricity = &settings.electricity;
        Electricity {
            price: electricity
                .price
                .map(|price| price.to_string())
                .unwrap_or_default(),
            currency: electricity.currency.clone(),
            watts: electricity
                .watts
                .map(|watts| watts.to_string())
                .unwrap_or_default(),
            rest_at_a_loss: electricity.rest_at_a_loss,
        }
    }
}

/// `GET first-run`.
pub async fn show(page: Page) -> Response {
    let daemon = page.daemon();
    if !is_open(daemon) {
        return page.back_to("now");
    }
    let status = daemon.status();
    let measured = measured(daemon, &status);
    let projection = project(daemon);
    let words = page.words;
    let step = status.benchmark.as_ref().map(|running| Step {
        name: name_of(&status, &running.processor),
        algorithm: running.algorithm.to_string(),
        what: match running.step.as_str() {
            "measuring" => words.say("dashboard-measuring"),
            _ => words.say("dashboard-preparing"),
        },
        progress: format!("{:.2}", running.progress),
        number: running.number as u64,
        of: running.of as u64,
    });
    // Only where it is about money is anything to be asked.
    let prices = match projection.as_ref().is_none_or(Projection::is_practice) {
        true => Prices::default(),
        false => super::account::prices(daemon).await,
    };
    let fiat = Fiat::from_code(&daemon.settings().electricity.currency).unwrap_or(Fiat::Usd);
    let body = FirstRun {
        words,
        form_token: &page.visitor.form_token,
        has_consent: status.consent,
        can_update: update::KEY.is_some(),
        busy: daemon.is_measuring(),
        step,
        measured,
        practice: projection.as_ref().is_some_and(Projection::is_practice),
        has_prices: !prices.prices.is_empty(),
        worth: projection
            .map(|one| worth(&one, &prices, fiat, &page.format))
            .unwrap_or_default(),
        settings: Electricity::of(daemon),
        trouble: status.source.trouble.clone(),
    };
    page.show(
        "first-run",
        "live",
        &words.say("dashboard-first-title"),
        &body,
    )
}

fn name_of(status: &Status, id: &str) -> String {
    let known = status.processors.iter().find(|one| one.id == id);
    known.map_or_else(|| id.to_owned(), |one| one.name.clone())
}

/// Every processor and algorithm that was measured, best first within a processor.
pub fn measured(daemon: &Daemon, status: &Status) -> Vec<Measured> {
    let format = super::page::format(daemon);
    let mut results = daemon.benchmarks();
    results.sort_by(|one, other| one.processor.cmp(&other.processor));
    let lines = results.into_iter().map(|result| Measured {
        name: name_of(status, &result.processor),
        algorithm: result.algorithm.to_string(),
        rate: format.hash_rate(result.rate),
        note: result.note.unwrap_or_default(),
    });
    lines.collect()
}

/// A year's projection in lines, from few hours a day to all of them.
fn worth(projection: &Projection, prices: &Prices, fiat: Fiat, format: &Format) -> Vec<Worth> {
    let words = format.words();
    let lines = Hours::ALL.into_iter().map(|hours| {
        let electricity = projection.electricity(hours);
        let worth = projection.worth(hours, prices, fiat);
        let left = worth
            .zip(electricity)
            .map(|(worth, (cost, _))| worth - cost);
        Worth {
            hours: words.say_with("dashboard-hours-a-day", &[("count", hours.a_day().into())]),
            earned: amounts(&projection.earned(hours), format),
            worth: worth.map(|worth| format.fiat(worth, fiat)),
            electricity: electricity.map(|(cost, fiat)| format.fiat(cost, fiat)),
            left: left.map(|left| format.fiat(left, fiat)),
        }
    });
    lines.collect()
}

fn amounts(amounts: &[Money], format: &Format) -> String {
    let told: Vec<String> = amounts.iter().map(|one| format.money(one)).collect();
    told.join(" + ")
}

/// `POST consent`: the owner's yes, and the measurement.
pub async fn consent(page: Page, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    let daemon = page.daemon();
    if !daemon.has_consent() {
        // A box without a tick is not sent: nothing was asked for, and nothing changes.
        let ticked = ("update_automatic".to_owned(), "yes".to_owned());
        if fields.contains(&ticked) {
            let change = [("update.automatic", Some(toml::Value::from(true)))];
            daemon.change_settings(&change).map_err(Refusal::failed)?;
        }
        // Nothing works before *Start earning*: whatever happens in between, it stays paused.
        first_run::begin(&daemon.data).map_err(Refusal::failed)?;
        pause(daemon)?;
        daemon.set_consent(true)?;
    }
    start_measuring(daemon.clone());
    Ok(page.back_to("first-run"))
}

/// `POST measure`: once more.
pub async fn measure(page: Page) -> Response {
    start_measuring(page.daemon().clone());
    page.back_to("first-run")
}

/// `POST start`: *Start earning*.
pub async fn start(page: Page) -> Result<Response, Refusal> {
    let daemon = page.daemon();
    if daemon.has_consent() {
        let smart = ModeRequest {
            mode: "smart".to_owned(),
            ..ModeRequest::default()
        };
        daemon.set_mode(&smart)?;
        first_run::end(&daemon.data).map_err(Refusal::failed)?;
    }
    Ok(page.back_to(""))
}

fn pause(daemon: &Daemon) -> Result<(), Refusal> {
    let asked = ModeRequest {
        mode: "pause".to_owned(),
        ..ModeRequest::default()
    };
    daemon.set_mode(&asked).map(|_| ())
}

/// Measures everything as soon as there is something to measure with. A page does not wait for it.
fn start_measuring(daemon: Arc<Daemon>) {
    if daemon.is_measuring() {
        return;
    }
    tokio::spawn(async move {
        while daemon.board().engines.is_none() {
            if !daemon.has_consent() || daemon.wait_stopping(LOOK_EVERY).await {
                return;
            }
        }
        let stopping = daemon.stopping().clone();
        let measured = stopping
            .run_until_cancelled(daemon.bench(&BenchRequest::default()))
            .await;
        if let Some(Err(refused)) = measured {
            tracing::warn!(reason = %refused.message, "not everything could be measured");
        }
    });
}
