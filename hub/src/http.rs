//! The HTTP API that agents use. Its routes and types are those of `idlewatt_protocol::api`.

mod accounts;
mod answer;
mod auth;
mod closings;
mod device_keys;
mod devices;
mod earnings;
mod enrolment;
mod export;
mod limits;
mod observe;
mod referrals;
mod reports;
mod resend;
mod serve;
mod sessions;
mod shares;
mod totp;
mod withdrawals;
mod words;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use axum::{Router, middleware};
use idlewatt_store::{Challenges, Store};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::bus::Bus;
use crate::health::Health;
use crate::known_devices::KnownDevices;
use crate::reports::Reports;
use crate::settings::WithdrawalSettings;
use crate::upstream::Sources;

pub(crate) use limits::Limits;
pub(crate) use observe::observe;

pub use serve::serve;

/// A thousand digests fit.
const LARGEST_BODY: usize = 128 * 1024;
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How devices are known and heard.
pub struct DeviceDesk {
    /// Which token is whose.
    pub known: Arc<KnownDevices>,
    /// What they tell of themselves.
    pub reports: Arc<Reports>,
    /// What they sign.
    pub challenges: Challenges,
}

/// What referrers are told.
pub struct Referring {
    /// Their parts of the fee in ten-thousandths, nearest first.
    pub tiers: Vec<u32>,
    /// What a referral link begins with.
    pub public_url: String,
}

/// What every handler can use.
pub struct Api {
    /// Everything kept.
    pub(crate) store: Store,
    /// Tells other parts and other hubs.
    pub(crate) bus: Bus,
    /// Whether all is well.
    pub(crate) health: Health,
    /// Where work comes from.
    pub(crate) sources: Sources,
    /// The common port of the Stratum server.
    pub(crate) stratum_port: u16,
    /// Where the same is spoken under TLS: with a certificate all other Stratum ports take it, too.
    pub(crate) stratum_tls_port: Option<u16>,
    /// How devices are known.
    pub(crate) devices: DeviceDesk,
    /// What referrers are told.
    pub(crate) referring: Referring,
    /// How withdrawals are paid.
    pub(crate) withdrawals: WithdrawalSettings,
    /// How often anybody may do something.
    pub(crate) limits: Limits,
}

/// All routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/healthz", get(work::health))
        .route("/readyz", get(work::ready))
        .route("/v1/accounts", post(accounts::create))
        .route(
            "/v1/account/totp",
            get(totp::state).post(totp::begin).delete(totp::remove),
        )
        .route("/v1/account/totp/confirm", post(totp::confirm))
        .route("/v1/account", delete(accounts::delete))
        .route("/v1/account/export", get(export::export))
        .route("/v1/account/referrer", post(referrals::set))
        .route("/v1/referrals", get(referrals::show))
        .route(
            "/v1/sessions",
            get(sessions::list)
                .post(sessions::create)
                .delete(sessions::end_all),
        )
        .route("/v1/sessions/{session}", delete(sessions::end))
        .route("/v1/enrolments", post(enrolment::create_code))
        .route(
            "/v1/enrolment-tokens",
            get(enrolment::tokens).post(enrolment::create_token),
        )
        .route("/v1/enrolment-tokens/{id}", delete(enrolment::revoke_token))
        .route("/v1/groups", get(devices::groups))
        .route(
            "/v1/devices",
            get(devices::list)
                .post(enrolment::enrol)
                .patch(devices::limit_group),
        )
        .route(
            "/v1/devices/{device}",
            patch(devices::change).delete(devices::revoke),
        )
        .route("/v1/devices/challenges", post(device_keys::challenge))
        .route("/v1/devices/tokens", post(device_keys::renew))
        .route("/v1/devices/report", post(reports::report))
        .route("/v1/work", get(work::offers))
        .route("/v1/blocks", get(work::blocks))
        .route("/v1/prices", get(work::prices))
        .route("/v1/earnings", get(earnings::of_device))
        .route("/v1/account/earnings", get(earnings::of_account))
        .route("/v1/account/earnings/devices", get(earnings::by_device))
        .route("/v1/account/earnings/days", get(earnings::by_day))
        .route("/v1/closings", get(closings::after))
        .route("/v1/closings/{number}/leaves", get(closings::leaves))
        .route("/v1/shares", get(shares::after))
        .route("/v1/shares/find", post(shares::find))
        .route(
            "/v1/withdrawals",
            get(withdrawals::list).post(withdrawals::create),
        )
        .route("/v1/withdrawals/quote", post(withdrawals::quote))
        .route(
            "/v1/withdrawals/{id}",
            get(withdrawals::one).delete(withdrawals::cancel),
        )
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .route(
            "/v1/shares/resend",
            post(resend::resend).layer(RequestBodyLimitLayer::new(resend::LARGEST_BODY)),
        )
        .with_state(api)
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(middleware::map_response(answer::explain))
        .layer(middleware::from_fn(observe::observe))
}
