//! Live figures: what a page shows of the present, as texts by key, sent again where they change.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use idlewatt_screens::chart::short;
use idlewatt_screens::{Format, Words};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::page::Page;
use crate::choosing;
use crate::control::answers::{Processor, Status};
use crate::control::guard::Refusal;
use crate::daemon::Daemon;
use crate::tray;

/// How often it is looked whether a figure has changed.
const EVERY: Duration = Duration::from_secs(1);
/// A message has at most about so many bytes: more is sent in several.
const MESSAGE: usize = 900;

/// Texts by the key that elements name.
pub type Figures = BTreeMap<String, String>;

/// Everything that changes by itself on the pages *Now* and *First run*.
pub fn figures(daemon: &Daemon, format: &Format) -> Figures {
    let words = format.words();
    let status = daemon.status();
    let mut figures = Figures::new();
    let mut put = |key: &str, text: String| {
        figures.insert(key.to_owned(), text);
    };
    let state = tray::face::state(&status);
    put("state", state.name().to_owned());
    put("reason", tray::face::line(&status, state, words));
    put("mode", status.mode.clone());
    put("mode-end", mode_end(&status, format));
    put("accepted", format.whole(status.shares.accepted));
    put("stale", format.whole(status.shares.stale));
    put("rejected", format.whole(status.shares.rejected));
    put("pending", format.whole(status.shares.pending));
    let amounts = |amounts: &[_]| match amounts {
        [] => words.say("dashboard-nothing-yet"),
        amounts => {
            let told: Vec<String> = amounts.iter().map(|one| format.money(one)).collect();
            told.join(" + ")
        }
    };
    put("credited", amounts(&status.credited));
    put("today", amounts(&daemon.board().earned.today));
    let waiting = status.awaiting.shares;
    put(
        "awaiting",
        words.say_with("dashboard-awaiting", &[("count", waiting.into())]),
    );
    put("trouble", status.source.trouble.clone().unwrap_or_default());
    let limit = status
        .limit_percent
        .map(|limit| words.say_with("dashboard-remote-limit", &[("percent", limit.into())]));
    put("limit", limit.unwrap_or_default());
    for processor in &status.processors {
        let id = &processor.id;
        put(&format!("rate-{id}"), format.hash_rate(processor.rate));
        put(&format!("algorithm-{id}"), algorithm(processor, words));
        put(
            &format!("used-{id}"),
            format.percent(processor.achieved_percent),
        );
        put(
            &format!("used-value-{id}"),
            format!("{:.0}", processor.achieved_percent),
        );
        put(
            &format!("allowed-{id}"),
            format.percent(processor.allowed_percent.into()),
        );
        put(&format!("reason-{id}"), reason(processor, words));
        put(&format!("phase-{id}"), phase(processor, words));
        put(&format!("detail-{id}"), detail(processor, words));
        put(&format!("celsius-{id}"), celsius(daemon, id, format));
    }
    if let Some(running) = &status.benchmark {
        put("step-progress", format!("{:.2}", running.progress));
    }
    figures
}

fn mode_end(status: &Status, format: &Format) -> String {
    let words = format.words();
    match status.mode_until {
        Some(moment) => words.say_with(
            "dashboard-until",
            &[("moment", format.moment(moment).into())],
        ),
        None if status.mode_until_away => words.say("dashboard-until-away"),
        None if status.mode_until_input => words.say("dashboard-until-input"),
        None => String::new(),
    }
}

fn algorithm(processor: &Processor, words: Words) -> String {
    match processor.algorithm {
        Some(algorithm) => algorithm.to_string(),
        None => words.say("dashboard-no-work"),
    }
}

fn reason(processor: &Processor, words: Words) -> String {
    let because = processor.because.as_ref();
    because
        .map(|because| because.in_words(words))
        .unwrap_or_default()
}

/// What it says beside its phase, and whether its work is worth it.
fn detail(processor: &Processor, words: Words) -> String {
    let choice = processor.choice.as_ref();
    let choice = choice.and_then(|choice| choosing::in_words(choice, words));
    let all: Vec<String> = processor.detail.clone().into_iter().chain(choice).collect();
    all.join(" · ")
}

fn phase(processor: &Processor, words: Words) -> String {
    match processor.phase.as_str() {
        "starting" => words.say("dashboard-phase-starting"),
        "preparing" => words.say("dashboard-phase-preparing"),
        "running" => words.say("dashboard-phase-running"),
        "paused" => words.say("dashboard-phase-paused"),
        "benchmarking" => words.say("dashboard-phase-benchmarking"),
        "set_aside" => words.say("dashboard-phase-set-aside"),
        _ => words.say("dashboard-phase-idle"),
    }
}

/// What the system says of one processor's temperature.
pub fn celsius(daemon: &Daemon, id: &str, format: &Format) -> String {
    let decided = daemon.decisions().borrow();
    let signals = decided.as_ref().and_then(|decided| {
        let mut each = decided.signals.processors.iter();
        each.find(|(known, _)| known.as_str() == id)
    });
    match signals.and_then(|(_, signals)| signals.celsius) {
        Some(celsius) => format!("{} °C", format.decimal(celsius.into(), 0)),
        None => format.words().say("dashboard-not-told"),
    }
}

/// What was sent of one stream.
struct Sent {
    daemon: Arc<Daemon>,
    format: Format,
    figures: Figures,
    /// How many values the last hour had.
    samples: u64,
    /// What the page itself was made for: another page is needed where it changes.
    made_for: String,
    waiting: Vec<String>,
    _permit: OwnedSemaphorePermit,
}

/// `GET live`: one message for each second in which a figure changed.
pub async fn stream(page: Page) -> Result<Response, Refusal> {
    let permit = page.dashboard.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        error: "too_many_requests",
        message: "as many windows as there may be show live figures already".to_owned(),
    })?;
    let daemon = page.daemon().clone();
    let stopping = daemon.stopping().clone();
    let sent = Sent {
        made_for: made_for(&daemon),
        samples: daemon.hour.newest().0,
        figures: Figures::new(),
        waiting: Vec::new(),
        format: page.format.clone(),
        daemon,
        _permit: permit,
    };
    let messages = stream::unfold(sent, async |mut sent| {
        let message = sent.next().await;
        let event = Ok::<Event, Infallible>(Event::default().data(message));
        Some((event, sent))
    });
    let messages = stream::StreamExt::take_until(messages, stopping.cancelled_owned());
    Ok(Sse::new(messages)
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response())
}

impl Sent {
    async fn next(&mut self) -> String {
        loop {
            if let Some(message) = self.waiting.pop() {
                return message;
            }
            self.look();
            if self.waiting.is_empty() {
                sleep(EVERY).await;
            }
        }
    }

    /// Looks what has changed, and cuts it into messages; the first of them is the last in the list.
    fn look(&mut self) {
        let now = made_for(&self.daemon);
        if now != self.made_for {
            self.made_for = now;
            self.waiting.push(r#"{"reload":"yes"}"#.to_owned());
            return;
        }
        let figures = figures(&self.daemon, &self.format);
        let mut changes: Vec<(String, String)> = figures
            .iter()
            .filter(|(key, text)| self.figures.get(*key) != Some(text))
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect();
        self.figures = figures;
        let (samples, newest) = self.daemon.hour.newest();
        if samples > self.samples {
            self.samples = samples;
            for (id, rate) in newest {
                let highest = self.daemon.hour.rates(&id).into_iter().fold(0.0, f64::max);
                changes.push((format!("line-{id}"), short(rate)));
                changes.push((format!("most-line-{id}"), self.format.hash_rate(highest)));
            }
        }
        let mut message = serde_json::Map::new();
        let mut size = 0;
        for (key, text) in changes {
            if size > 0 && size + key.len() + text.len() > MESSAGE {
                self.waiting.insert(
                    0,
                    serde_json::Value::Object(std::mem::take(&mut message)).to_string(),
                );
                size = 0;
            }
            size += key.len() + text.len() + 6;
            message.insert(key, text.into());
        }
        if !message.is_empty() {
            self.waiting
                .insert(0, serde_json::Value::Object(message).to_string());
        }
    }
}

/// What a page is made for beside its live figures.
fn made_for(daemon: &Daemon) -> String {
    let status = daemon.status();
    let ids: Vec<&str> = status
        .processors
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    let running = status.benchmark.as_ref();
    let step = running.map(|one| {
        (
            one.processor.clone(),
            one.algorithm,
            one.step == "measuring",
        )
    });
    format!(
        "{:?} {} {:?} {:?} {} {}",
        status.phase == crate::control::answers::Phase::WaitingForConsent,
        super::first_run::is_open(daemon),
        ids,
        step,
        daemon.benchmarks().len(),
        daemon.language()
    )
}
