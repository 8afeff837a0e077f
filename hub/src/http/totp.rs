//! The account's authenticator app.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{TotpBegun, TotpCode, TotpState};
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Failure};
use super::auth::KeyHolder;

/// `GET /v1/account/totp`.
pub(super) async fn state(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<TotpState>, Failure> {
    let on = api.store.totp_is_on(&account).await?;
    Ok(Json(TotpState { on }))
}

/// `POST /v1/account/totp`.
pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<TotpBegun>, Failure> {
    let setup = api.store.begin_totp(&account).await?.ok_or_else(|| {
        Failure::Conflict("an authenticator app is set up already; remove it first".to_owned())
    })?;
    Ok(Json(TotpBegun {
        secret: setup.secret,
        url: setup.url,
    }))
}

/// `POST /v1/account/totp/confirm`.
pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(TotpCode { totp }): Body<TotpCode>,
) -> Result<Json<TotpState>, Failure> {
    let confirmed = api
        .store
        .confirm_totp(&account, totp.as_deref(), Timestamp::now())
        .await?;
    confirmed.map_err(Failure::Totp)?;
    tracing::info!(%account, "authenticator app set up");
    Ok(Json(TotpState { on: true }))
}

/// `DELETE /v1/account/totp`.
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(TotpCode { totp }): Body<TotpCode>,
) -> Result<Json<TotpState>, Failure> {
    let removed = api
        .store
        .remove_totp(&account, totp.as_deref(), Timestamp::now())
        .await?;
    removed.map_err(Failure::Totp)?;
    tracing::info!(%account, "authenticator app removed");
    Ok(Json(TotpState { on: false }))
}
