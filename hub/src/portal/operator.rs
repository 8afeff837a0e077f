//! The operator's view: accounts, blocks, what is owed against what the wallets hold, and payouts that wait.
//!
//! It is opened with a link that `idlewatt-hub operator-link` prints on the hub's own machine. It shows account ids and sums;
//! keys are kept nowhere, and its cookie opens no account.

mod entry;
pub mod link;
mod overview;
mod payouts;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Portal;

/// Its pages.
pub(super) fn router() -> Router<Arc<Portal>> {
    Router::new()
        .route("/operator", get(overview::show))
        .route("/operator/open", get(entry::ask).post(entry::open))
        .route("/operator/sign-out", post(entry::sign_out))
        .route("/operator/pause", post(payouts::pause))
        .route("/operator/resume", post(payouts::resume))
        .route("/operator/withdrawals/{id}/approve", post(payouts::approve))
        .route("/operator/withdrawals/{id}/refuse", post(payouts::refuse))
}
