//! Pages that there are not, and requests that are refused.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use idlewatt_protocol::api::ErrorAnswer;
use idlewatt_screens::Words;
use idlewatt_screens::shell::rendered;

use super::Portal;
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/refused.html")]
struct Page {
    words: Words,
    title: String,
    told: String,
}

/// For people a page, for programs what the API answers.
pub(super) async fn not_found(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let accepts = headers
        .get(ACCEPT)
        .and_then(|accepts| accepts.to_str().ok());
    let is_browser = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    if is_browser && !uri.path().starts_with("/v1/") {
        return refused(&portal, &visitor, StatusCode::NOT_FOUND);
    }
    let answer = ErrorAnswer {
        error: "not_found".to_owned(),
        message: "there is nothing at this path".to_owned(),
    };
    (StatusCode::NOT_FOUND, Json(answer)).into_response()
}

/// A page that says why there is none.
pub(super) fn refused(portal: &Portal, visitor: &Visitor, status: StatusCode) -> Response {
    let words = visitor.words;
    let (title, told) = match status {
        StatusCode::NOT_FOUND => (
            words.say("portal-not-found-title"),
            words.say("portal-not-found"),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            words.say("portal-refused-title"),
            words.say("portal-too-large"),
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            words.say("portal-refused-title"),
            words.say("portal-too-many"),
        ),
        _ => (
            words.say("portal-refused-title"),
            words.say("portal-forged"),
        ),
    };
    let page = Page { words, title, told };
    match rendered(&page) {
        Ok(body) => {
            let response = visitor.shell(portal, "").page(&page.title, &body);
            (status, response).into_response()
        }
        Err(failure) => failure,
    }
}
