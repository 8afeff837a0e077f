//! The dashboard: pages for the person at this PC, made by the agent and served on loopback.
//!
//! A link that works once opens it (`entrance`); `gate` stands before every page. Pages are whole without a
//! script; one of ours keeps figures current (`live`).

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use idlewatt_screens::account as screens;
use idlewatt_screens::{Format, shell};
use tokio::sync::Semaphore;

use super::guard::Guard;
use crate::daemon::Daemon;

mod account;
mod doctor;
pub mod entrance;
mod first_run;
mod gate;
mod history;
mod leaving;
mod live;
mod now;
mod outlook;
mod page;
mod pool;
mod rules;
mod settings;
mod updates;
mod week;
mod whom;

/// The most browsers' windows that figures are sent to at once.
const MOST_STREAMS: usize = 32;

/// What all pages use.
pub struct Dashboard {
    /// The agent.
    pub daemon: Arc<Daemon>,
    /// Which hosts and origins are ours.
    pub guard: Arc<Guard>,
    /// One permit a stream of live figures.
    streams: Arc<Semaphore>,
}

/// Everything under the dashboard's path, and the links that lead there.
pub fn routes(daemon: Arc<Daemon>, guard: Arc<Guard>) -> Router {
    let base = daemon.entrance.base();
    let dashboard = Arc::new(Dashboard {
        daemon,
        guard,
        streams: Arc::new(Semaphore::new(MOST_STREAMS)),
    });
    let viewer = middleware::from_fn_with_state(dashboard.clone(), account::viewer);
    let of_account = screens::router(account::Hub(dashboard.daemon.clone())).layer(viewer);
    let at = |path: &str| format!("{base}{path}");
    let pages = Router::new()
        .route(&base, get(now::home))
        .route(&at("now"), get(now::show))
        .route(&at("live"), get(live::stream))
        .route(&at("mode"), post(now::choose_mode))
        .route(&at("first-run"), get(first_run::show))
        .route(&at("consent"), post(first_run::consent))
        .route(&at("measure"), post(first_run::measure))
        .route(&at("electricity"), post(settings::electricity))
        .route(&at("start"), post(first_run::start))
        .route(&at("account-key"), post(account::open))
        .route(&at("rules"), get(rules::show).post(rules::change))
        .route(&at("schedule"), post(rules::schedule))
        .route(&at("history"), get(history::show))
        .route(&at("check"), post(history::check))
        .route(&at("doctor"), get(doctor::show))
        .route(&at("settings"), get(settings::show))
        .route(&at("source"), post(whom::change))
        .route(&at("switches"), post(settings::switches_changed))
        .route(&at("update"), post(updates::change))
        .route(&at("language"), post(settings::language))
        .route(&at("withdraw-consent"), post(settings::withdraw_consent))
        .route(
            &at("remove"),
            get(settings::ask_remove).post(settings::remove),
        )
        .with_state(dashboard.clone())
        .nest(base.trim_end_matches('/'), of_account)
        .layer(middleware::from_fn_with_state(
            dashboard.clone(),
            gate::check,
        ));
    let files = Router::new()
        .route(&at(shell::STYLE), get(shell::style))
        .route(&at(shell::SCRIPT), get(shell::script))
        .route(&at("icon.svg"), get(shell::icon))
        .layer(middleware::map_response(async |response| {
            gate::with_headers(response)
        }));
    Router::new()
        .route("/open/{code}", get(gate::open))
        .with_state(dashboard)
        .merge(pages)
        .merge(files)
}

/// A mode's name for people.
pub(crate) fn mode_name(mode: &str, format: &Format) -> String {
    let words = format.words();
    match mode {
        "smart" => words.say("dashboard-smart"),
        "pause" => words.say("dashboard-pause"),
        percent => match percent.parse::<f64>() {
            Ok(percent) => format.percent(percent),
            Err(_) => percent.to_owned(),
        },
    }
}
