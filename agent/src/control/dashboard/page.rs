//! What every page of the dashboard begins with: who looks, in which language, and the frame around it.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::AccountKey;
use idlewatt_screens::account;
use idlewatt_screens::shell::rendered;
use idlewatt_screens::{Format, Link, Shell, Words};
use jiff::tz::TimeZone;

use super::Dashboard;
use crate::daemon::Daemon;

/// Who looks: a session that was let in.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What its forms prove themselves with.
    pub form_token: String,
    /// The account key that it was opened with, if it was.
    pub account_key: Option<AccountKey>,
}

/// One page being made.
pub struct Page {
    /// The dashboard.
    pub dashboard: Arc<Dashboard>,
    /// Who looks.
    pub visitor: Visitor,
    /// The reader's words.
    pub words: Words,
    /// The reader's numbers.
    pub format: Format,
}

impl FromRequestParts<Arc<Dashboard>> for Page {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        dashboard: &Arc<Dashboard>,
    ) -> Result<Self, StatusCode> {
        // The gate has put it there.
        let visitor = parts.extensions.get::<Visitor>();
        let visitor = visitor.ok_or(StatusCode::UNAUTHORIZED)?.clone();
        let format = format(&dashboard.daemon);
        Ok(Page {
            dashboard: dashboard.clone(),
            visitor,
            words: format.words(),
            format,
        })
    }
}

impl Page {
    /// The agent.
    pub fn daemon(&self) -> &Arc<Daemon> {
        &self.dashboard.daemon
    }

    /// Back to a page, after a change.
    pub fn back_to(&self, page: &str) -> Response {
        Redirect::to(&format!("{}{page}", self.daemon().entrance.base())).into_response()
    }

    /// The whole page.
    pub fn show(
        &self,
        current: &'static str,
        live: &'static str,
        title: &str,
        body: &impl Template,
    ) -> Response {
        match rendered(body) {
            Ok(body) => self.shell(current, live).page(title, &body),
            Err(failed) => failed,
        }
    }

    /// The frame.
    pub fn shell(&self, current: &'static str, live: &'static str) -> Shell {
        let daemon = self.daemon();
        Shell {
            words: self.words,
            base: daemon.entrance.base(),
            navigation: navigation(daemon, self.words),
            place: daemon.board().name.clone().unwrap_or_default(),
            current,
            form_token: self.visitor.form_token.clone(),
            live,
            can_sign_out: false,
            notice: None,
        }
    }
}

/// How numbers and times are written for this PC's owner.
pub fn format(daemon: &Daemon) -> Format {
    Format::new(daemon.language(), TimeZone::system())
}

/// The pages there are; before the first start there is one.
fn navigation(daemon: &Daemon, words: Words) -> Vec<Link> {
    if super::first_run::is_open(daemon) {
        return Vec::new();
    }
    let link = |href, label| Link { href, label };
    let mut links = vec![link("now", words.say("dashboard-now"))];
    let settings = daemon.settings();
    match &settings.pool.url {
        None => links.extend(account::navigation(words)),
        Some(_) => links.extend([
            link("earnings", words.say("dashboard-earnings")),
            link("devices", words.say("devices-title")),
        ]),
    }
    links.extend([
        link("rules", words.say("dashboard-rules")),
        link("history", words.say("dashboard-history")),
        link("settings", words.say("dashboard-settings")),
    ]);
    links
}

#[derive(Template)]
#[template(path = "dashboard/outside.html")]
struct Outside {
    words: Words,
}

/// What whoever comes without a session sees.
pub fn outside(dashboard: &Dashboard) -> String {
    let words = format(&dashboard.daemon).words();
    Outside { words }.render().unwrap_or_default()
}
