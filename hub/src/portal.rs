//! The hub's pages for people: signing in with an account key, the pages about the account, and the operator's view.
//!
//! The pages about an account call the hub's own API, in this process, with the session's token: what an account may do is
//! decided there alone. The operator's view opens no account.

mod cookies;
mod guard;
mod not_found;
mod operator;
mod own_api;
mod preferences;
mod sign_in;
mod sign_up;
mod visitor;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use idlewatt_protocol::Asset;
use idlewatt_screens::{account, shell};
use idlewatt_store::Store;
use tower_http::timeout::TimeoutLayer;

use crate::http::observe;
use crate::limiter::{Allowance, Limiter};
use crate::payouts::Wallet;
use crate::settings::Settings;
use own_api::OwnApi;

pub use operator::link;

/// How long a page may take; wallets are asked for less.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Wrong keys of one network.
const WRONG_KEYS: Allowance = Allowance {
    at_once: 10,
    one_more_after: Duration::from_secs(20),
};

/// What the pages are made of.
pub struct Portal {
    api: OwnApi,
    store: Store,
    wallets: Vec<(Asset, Wallet)>,
    /// What a new device is told.
    hub_url: String,
    /// What addresses in pages begin with: `/`, or the path of the public address.
    base: String,
    /// Scheme and host of the public address, where there is one.
    public_origin: Option<String>,
    /// Whether cookies go over TLS alone.
    secure: bool,
    wrong_keys: Limiter<IpAddr>,
}

impl Portal {
    /// The pages of a hub whose API is this. `hub_url` is what people reach it at.
    pub fn new(
        api: Router,
        store: Store,
        wallets: Vec<(Asset, Wallet)>,
        settings: &Settings,
        hub_url: String,
    ) -> Arc<Self> {
        let public = settings.public_url.as_deref();
        let public = public.and_then(|url| reqwest::Url::parse(url).ok());
        let path = public.as_ref().map_or("/", |url| url.path());
        Arc::new(Portal {
            api: OwnApi(api),
            store,
            wallets,
            hub_url: hub_url.trim_end_matches('/').to_owned(),
            base: format!("{}/", path.trim_end_matches('/')),
            secure: settings.https.is_some()
                || public.as_ref().is_some_and(|url| url.scheme() == "https"),
            public_origin: public.map(|url| url.origin().ascii_serialization()),
            wrong_keys: Limiter::new(WRONG_KEYS),
        })
    }
}

/// All pages.
pub fn router(portal: Arc<Portal>) -> Router {
    let signed_in = middleware::from_fn_with_state(Arc::clone(&portal), visitor::signed_in);
    let account = account::router(portal.api.clone()).layer(signed_in);
    let pages = Router::new()
        .route("/", get(sign_in::home))
        .route("/sign-in", get(sign_in::home).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sign-up", get(sign_up::show).post(sign_up::sign_up))
        .route("/language", post(preferences::language))
        .route(
            "/preferences",
            get(preferences::show).post(preferences::change),
        )
        .merge(operator::router())
        .fallback(not_found::not_found)
        .with_state(Arc::clone(&portal));
    let guard = middleware::from_fn_with_state(portal, guard::guard);
    let assets = Router::new()
        .route("/style.css", get(shell::style))
        .route("/live.js", get(shell::script))
        .route("/icon.svg", get(shell::icon));
    pages
        .merge(account)
        .layer(guard)
        .merge(assets)
        .layer(middleware::map_response(guard::headers))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(middleware::from_fn(observe))
}
