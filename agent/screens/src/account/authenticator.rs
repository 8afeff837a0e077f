//! Setting up an authenticator app, and removing it. Its secret is shown by the answer to the form and nowhere else; the
//! form that confirms it carries it along, so that a mistyped code does not mean beginning anew.

use askama::Template;
use axum::Form;
use axum::http::Method;
use axum::response::Response;
use idlewatt_protocol::api::{TotpBegun, TotpCode, TotpState};
use serde::Deserialize;

use super::HubApi;
use super::desk::Desk;
use super::home::{PAGE, shown};
use super::trouble::Trouble;
use crate::{Words, qr};

/// A code, and what it is a code of.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    totp: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    url: String,
}

impl Typed {
    fn code(&self) -> TotpCode {
        let digits: String = self.totp.chars().filter(char::is_ascii_digit).collect();
        TotpCode {
            totp: (!digits.is_empty()).then_some(digits),
        }
    }
}

#[derive(Template)]
#[template(path = "account/authenticator.html")]
struct Page {
    words: Words,
    form_token: String,
    secret: String,
    url: String,
    picture: Option<String>,
    error: Option<(String, Option<String>)>,
}

/// `POST /account/authenticator`.
pub(super) async fn begin<H: HubApi>(desk: Desk<H>) -> Response {
    let begun = desk.send::<TotpBegun>(Method::POST, "/v1/account/totp", ());
    match begun.await {
        Ok(begun) => asking(&desk, begun.secret, begun.url, None),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

fn asking<H: HubApi>(
    desk: &Desk<H>,
    secret: String,
    url: String,
    error: Option<Trouble>,
) -> Response {
    let words = desk.words();
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        picture: qr::svg(&url),
        secret,
        url,
        error: error.map(|trouble| (trouble.told(words), trouble.detail().map(str::to_owned))),
    };
    desk.page(PAGE, &words.say("account-authenticator-title"), None, &page)
}

/// `POST /account/authenticator/confirm`.
pub(super) async fn confirm<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    let path = "/v1/account/totp/confirm";
    match desk
        .send::<TotpState>(Method::POST, path, &typed.code())
        .await
    {
        Ok(_) => desk.go("account?done=authenticator-on"),
        Err(trouble) => asking(&desk, typed.secret, typed.url, Some(trouble)),
    }
}

/// `POST /account/authenticator/remove`.
pub(super) async fn remove<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    let path = "/v1/account/totp";
    match desk
        .send::<TotpState>(Method::DELETE, path, &typed.code())
        .await
    {
        Ok(_) => desk.go("account?done=authenticator-off"),
        Err(trouble) => {
            let error = (
                trouble.told(desk.words()),
                trouble.detail().map(str::to_owned),
            );
            shown(&desk, Some(error), None).await
        }
    }
}
