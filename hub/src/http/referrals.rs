//! Referrals.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{Referrals, SetReferrer};
use idlewatt_store::ReferrerRefused;
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Done, Failure, done};
use super::auth::KeyHolder;

/// `GET /v1/referrals`.
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<Referrals>, Failure> {
    let percentages = &api.referring.tiers;
    let mut referred = api
        .store
        .referred(&account, percentages.len(), Timestamp::now())
        .await?;
    for (tier, basis_points) in referred.tiers.iter_mut().zip(percentages) {
        tier.basis_points_of_fee = *basis_points;
    }
    let base = api.referring.public_url.trim_end_matches('/');
    Ok(Json(Referrals {
        link: format!("{base}/?referral={}", referred.code),
        code: referred.code,
        referred: referred.referred,
        tiers: referred.tiers,
        referrals: referred.referrals,
    }))
}

/// `POST /v1/account/referrer`.
pub(super) async fn set(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(SetReferrer { referral }): Body<SetReferrer>,
) -> Result<Done, Failure> {
    let set = api
        .store
        .set_referrer(&account, &referral, Timestamp::now())
        .await?;
    match set {
        Ok(()) => done(),
        Err(refused @ ReferrerRefused::Unknown) => Err(Failure::BadRequest(refused.to_string())),
        Err(refused) => Err(Failure::Conflict(refused.to_string())),
    }
}
