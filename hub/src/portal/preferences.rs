//! How pages are shown: language, currency, clock. Kept in the browser, not in the account.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use idlewatt_screens::account::Currency;
use idlewatt_screens::shell::rendered;
use idlewatt_screens::{Language, Words};
use serde::Deserialize;

use super::Portal;
use super::cookies::{CURRENCY, LANGUAGE, YEAR, ZONE};
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/preferences.html")]
struct Page<'a> {
    words: Words,
    form_token: &'a str,
    currencies: Vec<(&'static str, String, bool)>,
    zones: Vec<(i32, String, bool)>,
}

/// Which language, and the page to go back to.
#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
    #[serde(default)]
    back: String,
}

/// `POST /language`.
pub(super) async fn language(
    State(portal): State<Arc<Portal>>,
    Form(chosen): Form<Chosen>,
) -> Response {
    let language: Language = chosen.language.parse().unwrap_or_default();
    let plain = |symbol: char| symbol.is_ascii_lowercase() || symbol == '-' || symbol == '/';
    let is_page = chosen.back.chars().all(plain) && !chosen.back.starts_with('/');
    let back = if is_page { chosen.back.as_str() } else { "" };
    let cookie = portal.set_cookie(LANGUAGE, language.code(), Some(YEAR));
    let to = format!("{}{back}", portal.base);
    ([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}

/// `GET /preferences`.
pub(super) async fn show(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let words = visitor.words;
    let account = match visitor.account(&portal).await {
        Ok(account) => account,
        Err(failure) => return failure,
    };
    let Some(account) = account else {
        return Redirect::to(&portal.base).into_response();
    };
    let label = |currency: Currency| {
        let is_chosen = currency == visitor.currency;
        (currency.code(), currency.label(words), is_chosen)
    };
    // Every whole hour that somebody lives in, and the half and quarter hours.
    let mut zones: Vec<i32> = (-12..=14).map(|hours| hours * 60).collect();
    zones.extend([
        -570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765,
    ]);
    zones.push(visitor.zone);
    zones.sort_unstable();
    zones.dedup();
    let zone = |minutes: i32| {
        let sign = if minutes < 0 { '−' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        let told = format!("UTC{sign}{hours:02}:{rest:02}");
        (minutes, told, minutes == visitor.zone)
    };
    let page = Page {
        words,
        form_token: &visitor.form_token,
        currencies: Currency::ALL.map(label).to_vec(),
        zones: zones.into_iter().map(zone).collect(),
    };
    match rendered(&page) {
        Ok(body) => {
            let shell = visitor.own_shell(&portal, &account, "preferences");
            shell.page(&words.say("portal-preferences"), &body)
        }
        Err(failure) => failure,
    }
}

/// Currency and clock.
#[derive(Deserialize)]
pub(super) struct Preferred {
    currency: String,
    zone: i32,
}

/// `POST /preferences`.
pub(super) async fn change(
    State(portal): State<Arc<Portal>>,
    Form(preferred): Form<Preferred>,
) -> Response {
    let currency = Currency::from_code(&preferred.currency).unwrap_or_default();
    let zone = preferred.zone.clamp(-1_440, 1_440).to_string();
    let cookies = [
        (
            SET_COOKIE,
            portal.set_cookie(CURRENCY, currency.code(), Some(YEAR)),
        ),
        (SET_COOKIE, portal.set_cookie(ZONE, &zone, Some(YEAR))),
    ];
    let to = format!("{}earnings", portal.base);
    (AppendHeaders(cookies), Redirect::to(&to)).into_response()
}
