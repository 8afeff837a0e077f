//! What stands before every page: the right host, the right origin, a session, and for each change a form of ours.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use idlewatt_screens::shell::HEADERS;

use super::Dashboard;
use super::entrance::same;
use super::page::Visitor;
use crate::control::guard::Refusal;

/// The largest form taken.
const BODY_LIMIT: usize = 64 * 1024;
/// The session's cookie.
const COOKIE: &str = "idlewatt";

/// `GET /open/CODE`: the link that the tray and `idlewatt open` make.
pub async fn open(
    State(dashboard): State<Arc<Dashboard>>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = dashboard.guard.admit_origin(&headers) {
        return with_headers(refusal.into_response());
    }
    let entrance = &dashboard.daemon.entrance;
    let Some(secret) = entrance.open(&code) else {
        return with_headers(outside(&dashboard));
    };
    let base = entrance.base();
    // Not `Secure`: loopback is not under TLS, and never leaves this PC.
    let cookie = format!("{COOKIE}={secret}; Path={base}; HttpOnly; SameSite=Strict");
    with_headers(([(header::SET_COOKIE, cookie)], Redirect::to(&base)).into_response())
}

/// Whoever comes without a session is told how to get one.
pub fn outside(dashboard: &Dashboard) -> Response {
    let page = super::page::outside(dashboard);
    (StatusCode::UNAUTHORIZED, Html(page)).into_response()
}

/// Before every page.
pub async fn check(
    State(dashboard): State<Arc<Dashboard>>,
    request: Request,
    next: Next,
) -> Response {
    with_headers(match admitted(&dashboard, request).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused,
    })
}

async fn admitted(dashboard: &Dashboard, mut request: Request) -> Result<Request, Response> {
    dashboard
        .guard
        .admit_origin(request.headers())
        .map_err(IntoResponse::into_response)?;
    let secret = cookie(request.headers()).unwrap_or_default();
    let entrance = &dashboard.daemon.entrance;
    let Some((form_token, account_key)) = entrance.session(&secret) else {
        return Err(outside(dashboard));
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        request = posted(request, &form_token).await?;
    }
    request.extensions_mut().insert(Visitor {
        form_token,
        account_key,
    });
    Ok(request)
}

/// A change: from a page of ours, by a form of this session.
async fn posted(request: Request, form_token: &str) -> Result<Request, Response> {
    let refuse = |status, message: &str| {
        Refusal {
            status,
            error: "forbidden",
            message: message.to_owned(),
        }
        .into_response()
    };
    // A browser names the origin of each form that it sends; which one was looked at before.
    if !request.headers().contains_key(header::ORIGIN) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "a change has to name the page it comes from",
        ));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the form is larger than 65536 bytes",
        )
    })?;
    let given = form_value(&body, "form_token").unwrap_or_default();
    if !same(&given, form_token) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "this form is not of this session; open the page again",
        ));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// One value of a form, as browsers send it.
fn form_value(body: &[u8], name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(body);
    let found = pairs.find(|(key, _)| key == name)?;
    Some(found.1.into_owned())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}

/// With what every page's answer carries.
pub fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
