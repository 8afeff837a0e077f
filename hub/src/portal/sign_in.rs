//! Signing in with the account key, and out. What the browser keeps is a session's token, always a new one.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use idlewatt_protocol::AccountKey;
use idlewatt_protocol::api::SessionCreated;
use idlewatt_screens::Words;
use idlewatt_screens::account::{Asking, HubApi};
use idlewatt_screens::shell::rendered;
use jiff::Timestamp;
use serde::Deserialize;

use super::visitor::{Visitor, failed};
use super::{Portal, cookies, sign_up};
use crate::stratum::limits::network_of;

/// The largest answer of the API here, in bytes.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct Page<'a> {
    words: Words,
    form_token: &'a str,
    error: Option<String>,
}

/// What stands behind the address of the first page.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    referral: Option<String>,
}

/// `GET /`: the sign-in page, for those who came with a referral link the one for a new account.
pub(super) async fn home(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    match visitor.account(&portal).await {
        Ok(Some(_)) => Redirect::to(&format!("{}earnings", portal.base)).into_response(),
        Ok(None) => match asked.referral {
            Some(referral) => sign_up::asking(&portal, &visitor, referral, None),
            None => asking(&portal, &visitor, None, StatusCode::OK),
        },
        Err(failure) => failure,
    }
}

fn asking(
    portal: &Portal,
    visitor: &Visitor,
    error: Option<String>,
    status: StatusCode,
) -> Response {
    let page = Page {
        words: visitor.words,
        form_token: &visitor.form_token,
        error,
    };
    match rendered(&page) {
        Ok(body) => {
            let title = visitor.words.say("portal-sign-in");
            (status, visitor.shell(portal, "").page(&title, &body)).into_response()
        }
        Err(failure) => failure,
    }
}

/// The account key as it was typed.
#[derive(Deserialize)]
pub(super) struct Typed {
    key: String,
}

/// `POST /sign-in`. Wrong keys are few for each network: nobody guesses one, but nobody is let try, either.
pub(super) async fn sign_in(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Form(typed): Form<Typed>,
) -> Response {
    let network = network_of(visitor.peer.ip());
    if portal.wrong_keys.check(&network).is_err() {
        let told = visitor.words.say("portal-too-many");
        return asking(&portal, &visitor, Some(told), StatusCode::TOO_MANY_REQUESTS);
    }
    let refuse = |told: String| {
        portal.wrong_keys.take(network);
        asking(&portal, &visitor, Some(told), StatusCode::FORBIDDEN)
    };
    let Ok(key) = typed.key.parse::<AccountKey>() else {
        return refuse(visitor.words.say("portal-key-mistyped"));
    };
    let asking = Asking {
        method: Method::POST,
        path: "/v1/sessions".to_owned(),
        body: None,
        secret: key.as_str().to_owned(),
        peer: Some(visitor.peer),
    };
    let answer = match portal.api.call(asking).await {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    if answer.status() == StatusCode::UNAUTHORIZED {
        return refuse(visitor.words.say("portal-key-unknown"));
    }
    let body = axum::body::to_bytes(answer.into_body(), LARGEST_ANSWER).await;
    let made: Option<SessionCreated> = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    let Some(made) = made else {
        return failed(&"the API made no session");
    };
    let lasts = made.expires.duration_since(Timestamp::now()).as_secs();
    let cookie = portal.set_cookie(
        cookies::SESSION,
        made.token.as_str(),
        Some(lasts.unsigned_abs()),
    );
    let to = format!("{}earnings", portal.base);
    ([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}

/// `POST /sign-out`: ends the session itself, not only the cookie.
pub(super) async fn sign_out(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    if let Some(session) = &visitor.session {
        let asking = Asking {
            method: Method::DELETE,
            path: "/v1/sessions/current".to_owned(),
            body: None,
            secret: session.as_str().to_owned(),
            peer: Some(visitor.peer),
        };
        if let Err(error) = portal.api.call(asking).await {
            return failed(&error);
        }
    }
    let cookie = portal.set_cookie(cookies::SESSION, "", Some(0));
    ([(SET_COOKIE, cookie)], Redirect::to(&portal.base)).into_response()
}
