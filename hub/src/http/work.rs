//! What anybody may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idlewatt_protocol::api::{Blocks, Prices, Readiness, WorkOffers};

use super::Api;
use super::answer::Failure;

/// `GET /healthz`: answers while the hub runs.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 while devices may be sent here.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Readiness>) {
    let readiness = api.health.check().await;
    let status = match readiness.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness))
}

/// `GET /v1/work`.
pub(super) async fn offers(State(api): State<Arc<Api>>) -> Json<WorkOffers> {
    Json(WorkOffers {
        stratum_port: api.stratum_port,
        stratum_tls_port: api.stratum_tls_port,
        offers: api.sources.offers(api.stratum_tls_port.is_some()),
    })
}

/// `GET /v1/blocks`.
pub(super) async fn blocks(State(api): State<Arc<Api>>) -> Result<Json<Blocks>, Failure> {
    let blocks = api.store.blocks().await?;
    Ok(Json(Blocks { blocks }))
}

/// `GET /v1/prices`.
pub(super) async fn prices(State(api): State<Arc<Api>>) -> Result<Json<Prices>, Failure> {
    Ok(Json(api.store.prices().await?))
}
