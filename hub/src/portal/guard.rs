//! What every request to a page goes through: changes come from our own forms alone, and no answer can be framed, sniffed
//! or kept.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idlewatt_protocol::SessionToken;
use idlewatt_screens::shell::HEADERS;
use subtle::ConstantTimeEq;

use super::visitor::{NewVisit, Visitor};
use super::{Portal, cookies, not_found};

/// The largest form, in bytes.
const LARGEST_FORM: usize = 32 * 1024;

/// Refuses changes that do not come from our own forms.
pub(super) async fn guard(
    State(portal): State<Arc<Portal>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/v1/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let has = |name| portal.cookie(&parts.headers, name).is_some();
    // A token for the forms of a browser that has none yet.
    let visit = (!has(cookies::VISIT)).then(|| SessionToken::random().as_str().to_owned());
    if let Some(visit) = &visit {
        parts.extensions.insert(NewVisit(visit.clone()));
    }
    let mut response = match &parts.method {
        &Method::GET | &Method::HEAD => next.run(Request::from_parts(parts, body)).await,
        &Method::POST => match checked(&portal, parts, body).await {
            Ok(request) => next.run(request).await,
            Err(refusal) => refusal,
        },
        _ => not_found::refused(
            &portal,
            &Visitor::of(&parts, &portal),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
    };
    // Only pages have forms: programs are given no cookie.
    let kind = response.headers().get(CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if let Some(visit) = visit.filter(|_| is_page) {
        let cookie = portal.set_cookie(cookies::VISIT, &visit, None);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The request of one of our own forms, whole again.
async fn checked(portal: &Portal, parts: Parts, body: Body) -> Result<Request, Response> {
    let visitor = Visitor::of(&parts, portal);
    let refuse = |status| not_found::refused(portal, &visitor, status);
    if !is_own_origin(portal, &parts) {
        return Err(refuse(StatusCode::FORBIDDEN));
    }
    let Ok(form) = to_bytes(body, LARGEST_FORM).await else {
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let token = match parts.uri.path().starts_with("/operator") {
        true => &visitor.operator_token,
        false => &visitor.form_token,
    };
    let fields = fields_of(&form);
    let sent = fields.iter().find(|(name, _)| name == "form_token");
    let same = sent.is_some_and(|(_, sent)| sent.as_bytes().ct_eq(token.as_bytes()).into());
    if !same {
        return Err(refuse(StatusCode::FORBIDDEN));
    }
    Ok(Request::from_parts(parts, Body::from(form)))
}

fn fields_of(form: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(form);
    // What a query may hold is what a form holds.
    let Ok(url) = reqwest::Url::parse(&format!("http://form/?{text}")) else {
        return Vec::new();
    };
    url.query_pairs().into_owned().collect()
}

/// Whether the page that sends this is one of ours. Browsers say so with every POST.
fn is_own_origin(portal: &Portal, parts: &Parts) -> bool {
    let text = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value: &axum::http::HeaderValue| value.to_str().ok())
    };
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    if portal.public_origin.as_deref() == Some(origin) {
        return true;
    }
    let host = text(HOST).unwrap_or_default();
    let told = origin
        .strip_prefix("http://")
        .or(origin.strip_prefix("https://"));
    !host.is_empty() && told.is_some_and(|told| told.eq_ignore_ascii_case(host))
}

/// What every answer carries, where it says nothing else itself.
pub(super) async fn headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        let value = axum::http::HeaderValue::from_static(value);
        response.headers_mut().entry(name).or_insert(value);
    }
    response.into_response()
}
