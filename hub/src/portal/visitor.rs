//! Who looks at a page, and how it is to be shown to them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::{AccountId, OperatorSecret, SessionToken};
use idlewatt_screens::account::{Currency, Viewer, navigation};
use idlewatt_screens::{Language, Link, Shell, Words};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use sha2::{Digest, Sha256};

use super::{Portal, cookies};

/// The secret of a browser that had none, made for this request.
#[derive(Clone)]
pub(super) struct NewVisit(pub String);

/// Whoever asks.
#[derive(Clone)]
pub(super) struct Visitor {
    pub peer: SocketAddr,
    pub words: Words,
    pub currency: Currency,
    /// Minutes east of UTC.
    pub zone: i32,
    /// As it was sent; it may not be good any more.
    pub session: Option<SessionToken>,
    /// As it was sent; it may not be good any more.
    pub operator: Option<OperatorSecret>,
    /// What forms prove themselves with.
    pub form_token: String,
    /// The same for the operator's forms.
    pub operator_token: String,
}

/// What a form of the holder of a secret proves itself with.
fn token_of(secret: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"Idlewatt form token\n");
    hash.update(secret.as_bytes());
    hex::encode(hash.finalize())
}

impl FromRequestParts<Arc<Portal>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        Ok(Visitor::of(parts, portal))
    }
}

impl Visitor {
    /// Reads what a request says of whoever sent it.
    pub fn of(parts: &Parts, portal: &Portal) -> Self {
        let cookie = |name| portal.cookie(&parts.headers, name);
        let language = cookie(cookies::LANGUAGE).and_then(|code| code.parse().ok());
        let language = language.unwrap_or_else(|| preferred(&parts.headers));
        let zone = cookie(cookies::ZONE).and_then(|minutes| minutes.parse().ok());
        let zone: Option<i32> = zone.filter(|minutes| (-1_440..=1_440).contains(minutes));
        let currency = cookie(cookies::CURRENCY);
        let currency = currency.and_then(|code| Currency::from_code(&code));
        let new = parts.extensions.get::<NewVisit>();
        let visit = new.map(|new| new.0.clone()).or(cookie(cookies::VISIT));
        let visit = visit.unwrap_or_default();
        let session: Option<SessionToken> =
            cookie(cookies::SESSION).and_then(|text| text.parse().ok());
        let operator: Option<OperatorSecret> =
            cookie(cookies::OPERATOR).and_then(|text| text.parse().ok());
        let own = session
            .as_ref()
            .map_or(visit.as_str(), SessionToken::as_str);
        let operators = operator
            .as_ref()
            .map_or(visit.as_str(), OperatorSecret::as_str);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Visitor {
            peer: peer.map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |peer| peer.0),
            words: Words::of(language),
            currency: currency.unwrap_or_default(),
            // Where nothing was chosen: Korea has one time zone, English is spoken in all of them.
            zone: zone.unwrap_or(match language {
                Language::Korean => 9 * 60,
                Language::English => 0,
            }),
            form_token: token_of(own),
            operator_token: token_of(operators),
            session,
            operator,
        }
    }

    /// The reader's clock.
    pub fn zone(&self) -> TimeZone {
        let offset = Offset::from_seconds(self.zone * 60);
        offset.map_or(TimeZone::UTC, TimeZone::fixed)
    }

    /// The frame of a page that nobody needs to be signed in for.
    pub fn shell(&self, portal: &Portal, current: &'static str) -> Shell {
        Shell {
            words: self.words,
            base: portal.base.clone(),
            navigation: Vec::new(),
            place: self.words.say("portal-place"),
            current,
            form_token: self.form_token.clone(),
            live: "",
            can_sign_out: false,
            notice: None,
        }
    }

    /// The frame of an account's page.
    pub fn own_shell(&self, portal: &Portal, account: &AccountId, current: &'static str) -> Shell {
        let mut navigation = navigation(self.words);
        navigation.push(Link {
            href: "preferences",
            label: self.words.say("portal-preferences"),
        });
        Shell {
            navigation,
            place: account.to_string(),
            can_sign_out: true,
            ..self.shell(portal, current)
        }
    }

    /// The account that the session opens.
    ///
    /// # Errors
    /// With a page that says so, if the database fails.
    pub async fn account(&self, portal: &Portal) -> Result<Option<AccountId>, Response> {
        let Some(session) = &self.session else {
            return Ok(None);
        };
        let known = portal
            .store
            .session_of_token(session, Timestamp::now())
            .await;
        let known = known.map_err(|error| failed(&error))?;
        Ok(known.map(|(account, _)| account))
    }
}

/// Says that the hub itself failed, and tells the log how.
pub(super) fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a page failed");
    let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
    (status, "the hub failed; its log says how\n").into_response()
}

fn preferred(headers: &HeaderMap) -> Language {
    let asked = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|asked| asked.to_str().ok());
    Language::preferred(asked.unwrap_or_default())
}

/// Lets only those through who are signed in, and tells the pages who they are.
pub(super) async fn signed_in(
    State(portal): State<Arc<Portal>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::of(&parts, &portal);
    let account = match visitor.account(&portal).await {
        Ok(account) => account,
        Err(failure) => return failure,
    };
    let (Some(account), Some(session)) = (account, &visitor.session) else {
        return Redirect::to(&portal.base).into_response();
    };
    parts.extensions.insert(Viewer {
        shell: visitor.own_shell(&portal, &account, ""),
        secret: session.as_str().to_owned(),
        currency: visitor.currency,
        zone: visitor.zone(),
        this_device: None,
        estimate: Vec::new(),
        outlook: String::new(),
        peer: Some(visitor.peer),
        hub_url: portal.hub_url.clone(),
    });
    next.run(Request::from_parts(parts, body)).await
}
