//! Opening the operator's view with a link, and leaving it. The link's page does nothing by itself, so that whoever looks at
//! the link beforehand, such as a messenger's preview, does not use it up.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::OperatorSecret;
use idlewatt_screens::Words;
use idlewatt_screens::shell::rendered;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::portal::visitor::{Visitor, failed};
use crate::portal::{Portal, cookies};
use crate::stratum::limits::network_of;

/// How long the view stays open.
const LASTS: SignedDuration = SignedDuration::from_hours(12);

/// The operator, signed in.
pub(super) struct Operator(pub Visitor);

impl FromRequestParts<Arc<Portal>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let visitor = Visitor::of(parts, portal);
        let known = match &visitor.operator {
            Some(session) => {
                let now = Timestamp::now();
                let known = portal.store.is_operator_session(session, now).await;
                known.map_err(|error| failed(&error))?
            }
            None => false,
        };
        match known {
            true => Ok(Operator(visitor)),
            false => Err(page(portal, &visitor, None, None, StatusCode::FORBIDDEN)),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/operator_open.html")]
struct Page<'a> {
    words: Words,
    form_token: &'a str,
    link: Option<&'a str>,
    error: Option<String>,
}

/// What the link carries.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    link: String,
}

fn page(
    portal: &Portal,
    visitor: &Visitor,
    link: Option<&str>,
    error: Option<String>,
    status: StatusCode,
) -> Response {
    let page = Page {
        words: visitor.words,
        form_token: &visitor.operator_token,
        link,
        error,
    };
    match rendered(&page) {
        Ok(body) => {
            let title = visitor.words.say("operator-title");
            let shell = visitor.shell(portal, "operator");
            (status, shell.page(&title, &body)).into_response()
        }
        Err(failure) => failure,
    }
}

/// `GET /operator/open`.
pub(super) async fn ask(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(link): Query<Link>,
) -> Response {
    page(&portal, &visitor, Some(&link.link), None, StatusCode::OK)
}

/// `POST /operator/open`: uses the link up.
pub(super) async fn open(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Form(link): Form<Link>,
) -> Response {
    let network = network_of(visitor.peer.ip());
    if portal.wrong_keys.check(&network).is_err() {
        let told = visitor.words.say("portal-too-many");
        return page(
            &portal,
            &visitor,
            None,
            Some(told),
            StatusCode::TOO_MANY_REQUESTS,
        );
    }
    let (session, now) = (OperatorSecret::random(), Timestamp::now());
    let opened = match link.link.parse::<OperatorSecret>() {
        Ok(link) => {
            let expires = now + LASTS;
            match portal
                .store
                .open_operator_session(&link, &session, expires, now)
                .await
            {
                Ok(opened) => opened,
                Err(error) => return failed(&error),
            }
        }
        Err(_) => false,
    };
    if !opened {
        portal.wrong_keys.take(network);
        let told = visitor.words.say("operator-link-over");
        return page(&portal, &visitor, None, Some(told), StatusCode::FORBIDDEN);
    }
    tracing::info!("the operator's view was opened");
    let seconds = LASTS.as_secs().unsigned_abs();
    let cookie = portal.set_cookie(cookies::OPERATOR, session.as_str(), Some(seconds));
    let to = format!("{}operator", portal.base);
    ([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}

/// `POST /operator/sign-out`.
pub(super) async fn sign_out(
    State(portal): State<Arc<Portal>>,
    Operator(visitor): Operator,
) -> Response {
    if let Some(session) = &visitor.operator
        && let Err(error) = portal.store.end_operator_session(session).await
    {
        return failed(&error);
    }
    let cookie = portal.set_cookie(cookies::OPERATOR, "", Some(0));
    let to = format!("{}operator", portal.base);
    ([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}
