//! The account itself: who is signed in, the authenticator app, what is held about it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::try_join;
use idlewatt_protocol::api::{Sessions, TotpState};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::HubApi;
use super::desk::{Desk, Done};
use super::devices::in_query;
use crate::Words;

pub(super) const PAGE: &str = "account";
/// The parts that are files of their own.
const PARTS: [&str; 10] = [
    "account",
    "sessions",
    "devices",
    "enrolment_tokens",
    "enrolment_codes",
    "addresses",
    "withdrawals",
    "balances",
    "entries",
    "shares",
];

/// Somebody who is signed in.
struct Line {
    id: String,
    created: String,
    expires: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct Page {
    words: Words,
    form_token: String,
    sessions: Vec<Line>,
    totp: bool,
    parts: [&'static str; 10],
    authenticator_error: Option<(String, Option<String>)>,
}

/// `GET /account`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(done): Query<Done>) -> Response {
    shown(&desk, None, done.done.as_deref()).await
}

pub(super) async fn shown<H: HubApi>(
    desk: &Desk<H>,
    authenticator_error: Option<(String, Option<String>)>,
    done: Option<&str>,
) -> Response {
    let read = try_join!(
        desk.get::<Sessions>("/v1/sessions"),
        desk.get::<TotpState>("/v1/account/totp"),
    );
    let (sessions, totp) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let format = desk.format();
    let sessions = sessions.sessions.into_iter().map(|session| Line {
        id: session.session.to_string(),
        created: format.moment(session.created),
        expires: format.moment(session.expires),
        current: session.current,
    });
    let page = Page {
        words: desk.words(),
        form_token: desk.viewer.shell.form_token.clone(),
        sessions: sessions.collect(),
        totp: totp.on,
        parts: PARTS,
        authenticator_error,
    };
    desk.page(PAGE, &desk.words().say("account-title"), done, &page)
}

/// `POST /account/sessions/ID/end`.
pub(super) async fn end<H: HubApi>(desk: Desk<H>, Path(id): Path<String>) -> Response {
    let path = format!("/v1/sessions/{}", in_query(&id));
    match desk
        .send::<Map<String, Value>>(Method::DELETE, &path, ())
        .await
    {
        Ok(_) => desk.go("account?done=session-ended"),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

/// `POST /account/sessions/end`: the viewer's own, too.
pub(super) async fn end_all<H: HubApi>(desk: Desk<H>) -> Response {
    let path = "/v1/sessions";
    match desk
        .send::<Map<String, Value>>(Method::DELETE, path, ())
        .await
    {
        Ok(_) => desk.go("account?done=session-ended"),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

/// What is downloaded.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    part: Option<String>,
}

/// `GET /account/export`: everything as JSON, or `?part=NAME` as CSV. It is passed on as it comes.
pub(super) async fn export<H: HubApi>(desk: Desk<H>, Query(wanted): Query<Wanted>) -> Response {
    let (path, kind, name) = match &wanted.part {
        None => (
            "/v1/account/export".to_owned(),
            "application/json",
            "idlewatt.json".to_owned(),
        ),
        Some(part) => {
            let part = PARTS.into_iter().find(|known| known == part);
            let part = part.unwrap_or(PARTS[0]);
            (
                format!("/v1/account/export?format=csv&part={part}"),
                "text/csv; charset=utf-8",
                format!("idlewatt-{part}.csv"),
            )
        }
    };
    let answer = match desk.download(&path).await {
        Ok(answer) => answer,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    if let Ok(name) = format!("attachment; filename=\"{name}\"").parse() {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    (headers, answer.into_body()).into_response()
}
