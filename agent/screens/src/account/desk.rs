//! What every handler works at: the viewer, and the hub's API asked in the viewer's name.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::api::ErrorAnswer;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::trouble::Trouble;
use super::{Asking, HubApi, Viewer};
use crate::shell::rendered;
use crate::{Format, Words};

/// No answer that a page shows is longer, in bytes.
const LARGEST_ANSWER: usize = 16 << 20;

/// See the module.
pub(super) struct Desk<H> {
    pub hub: H,
    pub viewer: Viewer,
}

impl<H: HubApi> FromRequestParts<H> for Desk<H> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hub: &H) -> Result<Self, Response> {
        match parts.extensions.get::<Viewer>() {
            Some(viewer) => Ok(Desk {
                hub: hub.clone(),
                viewer: viewer.clone(),
            }),
            None => Err(StatusCode::UNAUTHORIZED.into_response()),
        }
    }
}

/// What a page says when it has nothing else to show.
#[derive(Template)]
#[template(path = "account/trouble.html")]
struct TroublePage<'a> {
    words: Words,
    told: String,
    detail: Option<&'a str>,
    signed_out: bool,
}

impl<H: HubApi> Desk<H> {
    pub fn words(&self) -> Words {
        self.viewer.shell.words
    }

    pub fn format(&self) -> Format {
        Format::new(self.words().language(), self.viewer.zone.clone())
    }

    /// How far the viewer's clock is from UTC now, in minutes.
    pub fn utc_offset_minutes(&self) -> i64 {
        let now = jiff::Timestamp::now();
        i64::from(self.viewer.zone.to_offset(now).seconds()) / 60
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for a change.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: impl Serialize,
    ) -> Result<T, Trouble> {
        let body = serde_json::to_value(body).map_err(|_| Trouble::Garbage)?;
        self.ask(method, path, Some(body)).await
    }

    /// Reads something with another secret than the viewer's own.
    pub async fn get_as<T: DeserializeOwned>(
        &self,
        secret: &str,
        path: &str,
    ) -> Result<T, Trouble> {
        let asking = Asking {
            secret: secret.to_owned(),
            ..self.asking(Method::GET, path, None)
        };
        self.read(asking).await
    }

    /// Asks for a change with another secret than the viewer's own.
    pub async fn send_as<T: DeserializeOwned>(
        &self,
        secret: &str,
        method: Method,
        path: &str,
        body: impl Serialize,
    ) -> Result<T, Trouble> {
        let body = serde_json::to_value(body).map_err(|_| Trouble::Garbage)?;
        let asking = Asking {
            secret: secret.to_owned(),
            ..self.asking(method, path, Some(body))
        };
        self.read(asking).await
    }

    fn asking(&self, method: Method, path: &str, body: Option<serde_json::Value>) -> Asking {
        Asking {
            method,
            path: path.to_owned(),
            body,
            secret: self.viewer.secret.clone(),
            peer: self.viewer.peer,
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<T, Trouble> {
        self.read(self.asking(method, path, body)).await
    }

    async fn read<T: DeserializeOwned>(&self, asking: Asking) -> Result<T, Trouble> {
        let answer = self.answer(asking).await?;
        let body = axum::body::to_bytes(answer.into_body(), LARGEST_ANSWER).await;
        let body = body.map_err(|_| Trouble::Garbage)?;
        serde_json::from_slice(&body).map_err(|_| Trouble::Garbage)
    }

    /// An answer that is passed on as it comes.
    pub async fn download(&self, path: &str) -> Result<Response, Trouble> {
        self.answer(self.asking(Method::GET, path, None)).await
    }

    async fn answer(&self, asking: Asking) -> Result<Response, Trouble> {
        let answer = self.hub.call(asking).await;
        let answer = answer.map_err(|_| Trouble::Unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = axum::body::to_bytes(answer.into_body(), LARGEST_ANSWER).await;
        let refusal = body
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok());
        let answer: ErrorAnswer = refusal.ok_or(Trouble::Garbage)?;
        Err(Trouble::Refused { status, answer })
    }

    /// A page of the navigation's entry `current`. `done` is the word for what was just done.
    pub fn page(
        &self,
        current: &'static str,
        title: &str,
        done: Option<&str>,
        body: &impl Template,
    ) -> Response {
        let mut shell = self.viewer.shell.clone();
        shell.current = current;
        shell.notice = done.and_then(|done| self.notice(done));
        match rendered(body) {
            Ok(body) => shell.page(title, &body),
            Err(failure) => failure,
        }
    }

    /// Instead of a page that cannot be shown.
    pub fn trouble(&self, current: &'static str, trouble: &Trouble) -> Response {
        let page = TroublePage {
            words: self.words(),
            told: trouble.told(self.words()),
            detail: trouble.detail(),
            signed_out: trouble.is_signed_out(),
        };
        let title = self.words().say("account-error-title");
        let response = self.page(current, &title, None, &page);
        (trouble.status(), response).into_response()
    }

    /// Where to go after a change, with the word for it.
    pub fn go(&self, path: &str) -> Response {
        Redirect::to(&format!("{}{path}", self.viewer.shell.base)).into_response()
    }

    /// The sentence for what was just done. Only these: what stands in an address may come from anybody.
    fn notice(&self, done: &str) -> Option<String> {
        let words = self.words();
        Some(match done {
            "changed" => words.say("devices-done-changed"),
            "removed" => words.say("devices-done-removed"),
            "limited" => words.say("devices-done-limited"),
            "token-revoked" => words.say("devices-done-token-revoked"),
            "referrer" => words.say("referrals-done-set"),
            "requested" => words.say("withdrawals-done-requested"),
            "cancelled" => words.say("withdrawals-done-cancelled"),
            "session-ended" => words.say("account-done-session-ended"),
            "authenticator-on" => words.say("account-done-authenticator-on"),
            "authenticator-off" => words.say("account-done-authenticator-off"),
            _ => return None,
        })
    }
}

/// What stands behind the address of a page that a change led to.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    pub done: Option<String>,
}
