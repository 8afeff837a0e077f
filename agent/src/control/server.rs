//! The routes of the control API. Each is one call on the [`Daemon`].

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::answers::{
    BenchRequest, Benchmark, Change, ConsentState, DashboardLink, Earned, ModeAnswer, ModeRequest,
    ProcessorListing, ReceiptsCheck, RetryRequest, SignalsAnswer, Status, TuneRequest, TunedKernel,
};
use super::dashboard;
use super::guard::{self, Guard, Refusal};
use crate::daemon::Daemon;
use crate::shares::Receipt;

/// The largest body taken.
const BODY_LIMIT: usize = 64 * 1024;
/// How long open requests may take to end once the agent is ending.
const END_LIMIT: Duration = Duration::from_millis(200);
/// How many receipts one answer has at most, and where nothing is said.
const MOST_RECEIPTS: u32 = 1_000;
const RECEIPTS: u32 = 20;
/// How far back the journal of decisions is shown.
const MOST_HOURS: u32 = 24;

/// Serves until `stop`.
pub async fn serve(
    listener: TcpListener,
    guard: Guard,
    daemon: Arc<Daemon>,
    stop: CancellationToken,
) {
    let ending = stop.clone();
    let guard = Arc::new(guard);
    let routes = routes(guard.clone(), daemon.clone()).merge(dashboard::routes(daemon, guard));
    let server = axum::serve(listener, routes)
        .with_graceful_shutdown(async move { ending.cancelled().await });
    tokio::select! {
        result = server => if let Err(error) = result {
            tracing::error!(%error, "the control API has ended");
        },
        () = async { stop.cancelled().await; tokio::time::sleep(END_LIMIT).await } => {}
    }
}

fn routes(guard: Arc<Guard>, daemon: Arc<Daemon>) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/mode", post(mode))
        .route("/v1/signals", get(signals))
        .route("/v1/decisions", get(decisions))
        .route("/v1/processors", get(processors))
        .route("/v1/processors/retry", post(retry))
        .route("/v1/benchmarks", get(benchmarks).post(bench))
        .route("/v1/tuning", get(tunings).post(tune))
        .route("/v1/earnings", get(earnings))
        .route("/v1/receipts", get(receipts))
        .route("/v1/receipts/check", post(check))
        .route("/v1/consent", post(consent))
        .route("/v1/dashboard", post(dashboard))
        .route("/v1/stop", post(stop))
        .fallback(async || Refusal {
            status: StatusCode::NOT_FOUND,
            error: "not_found",
            message: "there is no such route".to_owned(),
        })
        .method_not_allowed_fallback(async || Refusal {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: "bad_request",
            message: "this route does not take that method".to_owned(),
        })
        .with_state(daemon)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(guard, guard::check))
}

/// JSON in and out, with our own refusals.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Refusal))]
struct Json<T>(T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Refusal))]
struct Query<T>(T);

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
        Refusal {
            status: rejection.status(),
            error: if too_large {
                "too_large"
            } else {
                "bad_request"
            },
            message: if too_large {
                format!("the body is larger than {BODY_LIMIT} bytes")
            } else {
                rejection.body_text()
            },
        }
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Refusal::bad_request(rejection.body_text())
    }
}

type Shared = State<Arc<Daemon>>;
type Answer<T> = Result<Json<T>, Refusal>;

async fn status(State(daemon): Shared) -> Json<Status> {
    Json(daemon.status())
}

async fn mode(State(daemon): Shared, Json(asked): Json<ModeRequest>) -> Answer<ModeAnswer> {
    daemon.set_mode(&asked).map(Json)
}

async fn signals(State(daemon): Shared) -> Answer<SignalsAnswer> {
    daemon
        .signals()
        .map(Json)
        .ok_or_else(|| Refusal::conflict("the agent asks the system nothing while nothing may run"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionsQuery {
    hours: Option<u32>,
}

async fn decisions(
    State(daemon): Shared,
    Query(asked): Query<DecisionsQuery>,
) -> Answer<Vec<Change>> {
    match asked.hours.unwrap_or(MOST_HOURS) {
        hours @ 1..=MOST_HOURS => daemon.changes(hours).map(Json),
        hours => Err(Refusal::bad_request(format!(
            "hours = {hours}; allowed: 1 to {MOST_HOURS}"
        ))),
    }
}

async fn processors(State(daemon): Shared) -> Answer<Vec<ProcessorListing>> {
    daemon.processors().await.map(Json)
}

async fn retry(
    State(daemon): Shared,
    Json(asked): Json<RetryRequest>,
) -> Answer<Vec<ProcessorListing>> {
    daemon.retry(&asked.processor).await.map(Json)
}

async fn benchmarks(State(daemon): Shared) -> Json<Vec<Benchmark>> {
    Json(daemon.benchmarks())
}

async fn bench(State(daemon): Shared, Json(asked): Json<BenchRequest>) -> Answer<Vec<Benchmark>> {
    daemon.bench(&asked).await.map(Json)
}

async fn tunings(State(daemon): Shared) -> Json<Vec<TunedKernel>> {
    Json(daemon.tunings())
}

async fn tune(State(daemon): Shared, Json(asked): Json<TuneRequest>) -> Answer<Vec<TunedKernel>> {
    daemon.tune(&asked).await.map(Json)
}

async fn earnings(State(daemon): Shared) -> Json<Earned> {
    Json(daemon.earnings().await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptsQuery {
    limit: Option<u32>,
    before: Option<i64>,
}

async fn receipts(
    State(daemon): Shared,
    Query(asked): Query<ReceiptsQuery>,
) -> Answer<Vec<Receipt>> {
    let limit = asked.limit.unwrap_or(RECEIPTS);
    if !(1..=MOST_RECEIPTS).contains(&limit) {
        return Err(Refusal::bad_request(format!(
            "limit = {limit}; allowed: 1 to {MOST_RECEIPTS}"
        )));
    }
    daemon.receipts(asked.before, limit).await.map(Json)
}

async fn check(State(daemon): Shared) -> Answer<ReceiptsCheck> {
    daemon.check_receipts().await.map(Json)
}

async fn consent(State(daemon): Shared, Json(asked): Json<ConsentState>) -> Answer<ConsentState> {
    daemon.set_consent(asked.consent)?;
    Ok(Json(asked))
}

async fn dashboard(State(daemon): Shared) -> Json<DashboardLink> {
    Json(DashboardLink {
        url: daemon.dashboard_link(),
    })
}

async fn stop(State(daemon): Shared) -> StatusCode {
    daemon.stop();
    StatusCode::NO_CONTENT
}
