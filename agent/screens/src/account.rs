//! The pages about an account, which the agent's dashboard and the hub's portal share: what was earned, devices, referrals,
//! withdrawals, and the account itself. Every figure comes from the hub's API, and every change goes through it: what an
//! account may do is decided there and nowhere here.
//!
//! Whoever serves them puts a [`Viewer`] into each request's extensions, checks the form token and the origin of every POST
//! before it comes here, and sends [`crate::shell::HEADERS`] with every answer.

mod add_device;
mod authenticator;
mod deletion;
mod desk;
mod device;
mod devices;
mod earned_chart;
mod earnings;
mod earnings_file;
mod fleet;
mod home;
mod referrals;
mod trouble;
mod value;
mod withdrawal;
mod withdrawals;

use std::net::SocketAddr;

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use idlewatt_protocol::{DeviceId, Money};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{Link, Shell, Words};

pub use value::Currency;

/// What is asked of the hub's API.
#[derive(Clone)]
pub struct Asking {
    /// The method.
    pub method: Method,
    /// The path with its query, such as `/v1/devices?limit=5`.
    pub path: String,
    /// The body, if there is one.
    pub body: Option<Value>,
    /// Goes as `Authorization: Bearer …`.
    pub secret: String,
    /// For whom it is asked, where that is somebody else than the hub sees.
    pub peer: Option<SocketAddr>,
}

/// The hub did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hub cannot be reached: {0}")]
pub struct Unreachable(pub String);

/// How the hub's API is reached.
pub trait HubApi: Clone + Send + Sync + 'static {
    /// Asks; whatever is answered, also a refusal, is an answer.
    fn call(&self, asking: Asking) -> impl Future<Output = Result<Response, Unreachable>> + Send;
}

/// Who looks at the pages, and how they are to be shown. Goes into each request's extensions.
#[derive(Clone)]
pub struct Viewer {
    /// The frame of the pages; which of them it is, and what was just done, is filled in here.
    pub shell: Shell,
    /// The account's key, or a session's token.
    pub secret: String,
    /// What amounts are shown in.
    pub currency: Currency,
    /// Whose midnight and clock.
    pub zone: TimeZone,
    /// The device that the pages are shown on, if it is known.
    pub this_device: Option<DeviceId>,
    /// Passed on with each [`Asking`].
    pub peer: Option<SocketAddr>,
    /// What this device would be credited with in the next 24 hours; empty where it is not known.
    pub estimate: Vec<Money>,
    /// A section of the page of earnings, in HTML, about what this device may bring; empty where that is not known.
    pub outlook: String,
    /// The hub's address as a new device is told it, such as `https://hub.example`.
    pub hub_url: String,
}

/// The navigation's entries of these pages.
pub fn navigation(words: Words) -> Vec<Link> {
    let link = |href, label| Link { href, label };
    vec![
        link("earnings", words.say("earnings-title")),
        link("devices", words.say("devices-title")),
        link("referrals", words.say("referrals-title")),
        link("withdrawals", words.say("withdrawals-title")),
        link("account", words.say("account-title")),
    ]
}

/// The pages, at `/earnings` and so on. Requests need a [`Viewer`] among their extensions.
pub fn router<H: HubApi>(hub: H) -> Router {
    Router::new()
        .route("/earnings", get(earnings::show::<H>))
        .route("/earnings.csv", get(earnings_file::show::<H>))
        .route("/devices", get(devices::show::<H>))
        .route("/devices/add", post(add_device::add::<H>))
        .route("/devices/limit", post(devices::limit::<H>))
        .route(
            "/devices/fleet",
            get(fleet::show::<H>).post(fleet::add::<H>),
        )
        .route("/devices/fleet/{id}/revoke", post(fleet::revoke::<H>))
        .route(
            "/devices/{device}",
            get(device::show::<H>).post(device::change::<H>),
        )
        .route(
            "/devices/{device}/remove",
            get(device::confirm::<H>).post(device::remove::<H>),
        )
        .route(
            "/referrals",
            get(referrals::show::<H>).post(referrals::set::<H>),
        )
        .route(
            "/withdrawals",
            get(withdrawals::show::<H>).post(withdrawal::ask::<H>),
        )
        .route("/withdrawals/confirm", post(withdrawal::confirm::<H>))
        .route("/withdrawals/{id}/cancel", post(withdrawals::cancel::<H>))
        .route("/account", get(home::show::<H>))
        .route("/account/sessions/end", post(home::end_all::<H>))
        .route("/account/sessions/{id}/end", post(home::end::<H>))
        .route("/account/export", get(home::export::<H>))
        .route("/account/authenticator", post(authenticator::begin::<H>))
        .route(
            "/account/authenticator/confirm",
            post(authenticator::confirm::<H>),
        )
        .route(
            "/account/authenticator/remove",
            post(authenticator::remove::<H>),
        )
        .route(
            "/account/delete",
            get(deletion::show::<H>).post(deletion::delete::<H>),
        )
        .with_state(hub)
}
