//! A new account. Its key is in the answer to the form and nowhere else; whoever enters it again has kept it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use idlewatt_protocol::api::AccountCreated;
use idlewatt_screens::Words;
use idlewatt_screens::account::{Asking, HubApi};
use idlewatt_screens::shell::rendered;
use serde::Deserialize;
use serde_json::json;

use super::Portal;
use super::sign_in::LARGEST_ANSWER;
use super::visitor::{Visitor, failed};

#[derive(Template)]
#[template(path = "portal/sign_up.html")]
struct Page<'a> {
    words: Words,
    form_token: &'a str,
    referral: &'a str,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/new_key.html")]
struct NewKey<'a> {
    words: Words,
    form_token: &'a str,
    key: &'a str,
    account: String,
}

/// Who sent the new account here.
#[derive(Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    referral: String,
}

/// `GET /sign-up`.
pub(super) async fn show(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(typed): Query<Typed>,
) -> Response {
    asking(&portal, &visitor, typed.referral, None)
}

pub(super) fn asking(
    portal: &Portal,
    visitor: &Visitor,
    referral: String,
    error: Option<(StatusCode, String)>,
) -> Response {
    let (status, error) = match error {
        Some((status, error)) => (status, Some(error)),
        None => (StatusCode::OK, None),
    };
    let page = Page {
        words: visitor.words,
        form_token: &visitor.form_token,
        referral: &referral,
        error,
    };
    match rendered(&page) {
        Ok(body) => {
            let title = visitor.words.say("portal-sign-up");
            (status, visitor.shell(portal, "sign-up").page(&title, &body)).into_response()
        }
        Err(failure) => failure,
    }
}

/// `POST /sign-up`.
pub(super) async fn sign_up(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Form(typed): Form<Typed>,
) -> Response {
    let words = visitor.words;
    let referral = typed.referral.trim();
    let body = match referral {
        "" => json!({}),
        code => json!({ "referral": code }),
    };
    let asking_api = Asking {
        method: Method::POST,
        path: "/v1/accounts".to_owned(),
        body: Some(body),
        secret: String::new(),
        peer: Some(visitor.peer),
    };
    let answer = match portal.api.call(asking_api).await {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    let told = match answer.status() {
        StatusCode::OK => None,
        StatusCode::TOO_MANY_REQUESTS => Some(words.say("portal-too-many")),
        StatusCode::BAD_REQUEST => Some(words.say("portal-referral-unknown")),
        status => return failed(&format!("the API made no account: {status}")),
    };
    if let Some(told) = told {
        let error = Some((answer.status(), told));
        return asking(&portal, &visitor, typed.referral, error);
    }
    let body = axum::body::to_bytes(answer.into_body(), LARGEST_ANSWER).await;
    let made: Option<AccountCreated> = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    let Some(made) = made else {
        return failed(&"the API made no account");
    };
    let page = NewKey {
        words,
        form_token: &visitor.form_token,
        key: made.key.as_str(),
        account: made.account.to_string(),
    };
    match rendered(&page) {
        Ok(body) => {
            let shell = visitor.shell(&portal, "sign-up");
            shell.page(&words.say("portal-new-key"), &body)
        }
        Err(failure) => failure,
    }
}
