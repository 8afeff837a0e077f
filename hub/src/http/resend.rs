//! Receipts that come back from devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{ResendShares, Resent};
use idlewatt_store::Store;
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Failure};
use super::auth::TokenHolder;

/// A thousand receipts fit.
pub(super) const LARGEST_BODY: usize = 512 * 1024;

/// `POST /v1/shares/resend`.
pub(super) async fn resend(
    State(api): State<Arc<Api>>,
    TokenHolder(device): TokenHolder,
    Body(ResendShares { receipts }): Body<ResendShares>,
) -> Result<Json<Resent>, Failure> {
    if receipts.len() > Store::LARGEST_PAGE {
        let message = format!(
            "receipts has {} entries, at most 1,000 are allowed",
            receipts.len()
        );
        return Err(Failure::BadRequest(message));
    }
    let device = &device.device;
    let resent = api
        .store
        .resend(device, &receipts, Timestamp::now())
        .await?;
    if resent.credited + resent.refused > 0 {
        let Resent {
            credited,
            known,
            refused,
        } = resent;
        tracing::info!(%device, credited, known, refused, "receipts resent");
    }
    Ok(Json(resent))
}
