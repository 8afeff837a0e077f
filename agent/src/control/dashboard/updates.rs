//! What the settings page says of the program's own updates, and the switch for them.

use axum::extract::Form;
use axum::response::Response;

use super::page::Page;
use super::rules::Fields;
use super::settings::{field, render};
use crate::update;
use crate::update::records::{Outcome, Records};

/// What stands there about the program's own updates.
pub struct Updates {
    pub has_key: bool,
    pub automatic: bool,
    pub told: Vec<String>,
}

impl Updates {
    /// As it is set, and as it stands.
    pub fn of(page: &Page) -> Self {
        let (words, daemon) = (page.words, page.daemon());
        let records = Records::of(&daemon.data);
        let checked = records.checked().ok().flatten().map(|checked| {
            let version = |version: &semver::Version| [("version", version.to_string().into())];
            let reason = |reason: &String| [("reason", reason.clone().into())];
            let result = match &checked.outcome {
                Outcome::UpToDate => words.say("dashboard-update-up-to-date"),
                Outcome::Available { version: newer } => {
                    words.say_with("dashboard-update-available", &version(newer))
                }
                Outcome::Refused { reason: why } => {
                    words.say_with("dashboard-update-refused", &reason(why))
                }
                Outcome::Unreachable { reason: why } => {
                    words.say_with("dashboard-update-unreachable", &reason(why))
                }
            };
            let when = page.format.moment(checked.at);
            words.say_with(
                "dashboard-update-checked",
                &[("when", when.into()), ("result", result.into())],
            )
        });
        let state = records.state().unwrap_or_default();
        let told = |key: &str, version: String| words.say_with(key, &[("version", version.into())]);
        let staged = state
            .staged
            .map(|version| told("dashboard-update-staged", version));
        let failed = state
            .failed
            .map(|version| told("dashboard-update-failed", version));
        Updates {
            has_key: update::KEY.is_some(),
            automatic: daemon.settings().update.automatic,
            told: checked.into_iter().chain(staged).chain(failed).collect(),
        }
    }
}

/// `POST update`: whether it updates itself.
pub async fn change(page: Page, Form(fields): Form<Fields>) -> Response {
    let automatic = field(&fields, "update_automatic") == "yes";
    let change = [("update.automatic", Some(toml::Value::from(automatic)))];
    match page.daemon().change_settings(&change) {
        Ok(()) => page.back_to("settings"),
        Err(error) => render(&page, Some(error.to_string())),
    }
}
