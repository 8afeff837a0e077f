//! The HTTP API that agents use. Its routes and types are those of `idlewatt_protocol::api`.

mod accounts;
mod answer;
mod auth;
mod observe;
mod serve;
mod shares;
mod work;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use idlewatt_store::Store;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::bus::Bus;
use crate::health::Health;
use crate::limiter::{Allowance, Limiter};
use crate::upstream::Sources;

pub use serve::serve;

/// A thousand digests fit.
const LARGEST_BODY: usize = 128 * 1024;
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Wrong enrolment codes of one address: five at once, then one in 20 seconds.
const WRONG_CODES: Allowance = Allowance {
    at_once: 5,
    one_more_after: Duration::from_secs(20),
};
/// New accounts of one address.
const NEW_ACCOUNTS: Allowance = Allowance {
    at_once: 20,
    one_more_after: Duration::from_secs(60),
};

/// What every handler can use.
pub struct Api {
    store: Store,
    bus: Bus,
    health: Health,
    sources: Sources,
    stratum_port: u16,
    wrong_codes: Limiter<IpAddr>,
    new_accounts: Limiter<IpAddr>,
}

impl Api {
    /// The API of a hub whose Stratum server listens at that port.
    pub fn new(
        store: Store,
        bus: Bus,
        health: Health,
        sources: Sources,
        stratum_port: u16,
    ) -> Arc<Self> {
        Arc::new(Api {
            store,
            bus,
            health,
            sources,
            stratum_port,
            wrong_codes: Limiter::new(WRONG_CODES),
            new_accounts: Limiter::new(NEW_ACCOUNTS),
        })
    }
}

/// All routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/healthz", get(work::health))
        .route("/readyz", get(work::ready))
        .route("/v1/accounts", post(accounts::create))
        .route("/v1/enrolments", post(accounts::create_enrolment))
        .route("/v1/devices", post(accounts::enrol_device))
        .route("/v1/work", get(work::offers))
        .route("/v1/blocks", get(work::blocks))
        .route("/v1/earnings", get(shares::earnings))
        .route("/v1/shares", get(shares::after))
        .route("/v1/shares/find", post(shares::find))
        .with_state(api)
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(middleware::map_response(answer::explain))
        .layer(middleware::from_fn(observe::observe))
}
