//! What is known of every request afterwards: an id, its route, its status, how long it took. Never what was in it.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use rand::RngExt;
use tokio::time::Instant;
use tracing::Instrument;

/// Tells which lines of the log belong to an answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id, and counts it.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", rand::rng().random::<u64>());
    let method = method_name(request.method().as_str());
    // What was asked for may hold anything; the route is one of ours.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", |matched| matched.as_str())
        .to_owned();
    let span = tracing::info_span!("http", id, method, route);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (took, status) = (began.elapsed(), response.status().as_u16());
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, ?took, "answered"),
        _ => tracing::debug!(status, ?took, "answered"),
    });
    histogram!("idlewatt_hub_http_seconds", "route" => route.clone()).record(took);
    counter!(
        "idlewatt_hub_http_requests_total",
        "route" => route, "method" => method, "status" => status.to_string()
    )
    .increment(1);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Methods can be made up, too.
fn method_name(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
