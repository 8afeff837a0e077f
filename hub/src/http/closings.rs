//! Daily closings, and what an account's part in them is.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use idlewatt_protocol::AccountId;
use idlewatt_protocol::api::{ClosingProofs, Closings};
use serde::Deserialize;

use super::Api;
use super::answer::Failure;
use super::auth::{KeyHolder, TokenHolder};

/// The account that a device token or an account key belongs to.
pub(super) struct Owner(AccountId);

impl FromRequestParts<Arc<Api>> for Owner {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        match TokenHolder::from_request_parts(parts, api).await {
            Ok(TokenHolder(device)) => Ok(Owner(device.account)),
            Err(Failure::Unauthorized(_)) => {
                match KeyHolder::from_request_parts(parts, api).await {
                    Ok(KeyHolder(account)) => Ok(Owner(account)),
                    Err(Failure::Unauthorized(_)) => Err(Failure::Unauthorized(
                        "a device token or an account key is needed: Authorization: Bearer …",
                    )),
                    Err(failure) => Err(failure),
                }
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Which page of closings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    after: i64,
}

/// `GET /v1/closings`.
pub(super) async fn after(
    State(api): State<Arc<Api>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Closings>, Failure> {
    let Query(Page { after }) =
        page.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    let closings = api.store.closings_after(after).await?;
    Ok(Json(Closings { closings }))
}

/// `GET /v1/closings/{number}/leaves`.
pub(super) async fn leaves(
    State(api): State<Arc<Api>>,
    Owner(account): Owner,
    number: Result<Path<i64>, PathRejection>,
) -> Result<Json<ClosingProofs>, Failure> {
    let refuse = |_| {
        Failure::BadRequest(
            "a closing's number is a whole number, as in /v1/closings/1/leaves".into(),
        )
    };
    let Path(number) = number.map_err(refuse)?;
    match api.store.closing_proofs(number, &account).await? {
        Some(proofs) => Ok(Json(ClosingProofs { proofs })),
        None => Err(Failure::BadRequest(format!(
            "there is no closing {number}; GET /v1/closings lists them"
        ))),
    }
}
