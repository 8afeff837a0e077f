//! What a device was credited with.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use idlewatt_protocol::api::{CreditedShares, FindShares};
use idlewatt_store::Store;
use serde::Deserialize;

use super::Api;
use super::answer::{Body, Failure};
use super::auth::TokenHolder;

/// Which page of shares.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    after: i64,
    #[serde(default = "whole_page")]
    limit: usize,
}

fn whole_page() -> usize {
    Store::LARGEST_PAGE
}

/// `GET /v1/shares`.
pub(super) async fn after(
    State(api): State<Arc<Api>>,
    TokenHolder(device): TokenHolder,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<CreditedShares>, Failure> {
    let Query(Page { after, limit }) =
        page.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    Ok(Json(
        api.store.shares_after(&device.device, after, limit).await?,
    ))
}

/// `POST /v1/shares/find`.
pub(super) async fn find(
    State(api): State<Arc<Api>>,
    TokenHolder(device): TokenHolder,
    Body(FindShares { digests }): Body<FindShares>,
) -> Result<Json<CreditedShares>, Failure> {
    if digests.len() > Store::LARGEST_PAGE {
        let message = format!(
            "digests has {} entries, at most 1,000 are allowed",
            digests.len()
        );
        return Err(Failure::BadRequest(message));
    }
    let digests = digests
        .iter()
        .map(|text| {
            let mut digest = [0; 32];
            hex::decode_to_slice(text, &mut digest).map(|()| digest)
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| {
            Failure::BadRequest("digests has an entry that is not 64 hex digits".into())
        })?;
    let shares = api.store.find_shares(&device.device, &digests).await?;
    Ok(Json(CreditedShares {
        shares,
        more: false,
    }))
}
