//! Who asks: `Authorization: Bearer …` with an account key or a device token.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use idlewatt_protocol::{AccountId, AccountKey, DeviceToken};
use idlewatt_store::Device;

use super::Api;
use super::answer::Failure;
use crate::stratum::limits::network_of;

/// The address that asks.
pub(super) struct Asker(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        address
            .map(|ConnectInfo(address)| Asker(network_of(address.ip())))
            .ok_or(Failure::Internal)
    }
}

/// The account whose key was sent.
pub(super) struct KeyHolder(pub AccountId);

/// The device whose token was sent.
pub(super) struct TokenHolder(pub Device);

// Keys and tokens have more bits than anybody can guess: wrong ones need no lock-out, which would only lock out the
// other devices behind the same address.

impl FromRequestParts<Arc<Api>> for KeyHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let known = match bearer::<AccountKey>(parts) {
            Some(key) => api.store.account_of_key(&key).await?,
            None => None,
        };
        let refuse = Failure::Unauthorized("an account key is needed: Authorization: Bearer IWA-…");
        known.map(KeyHolder).ok_or(refuse)
    }
}

impl FromRequestParts<Arc<Api>> for TokenHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let known = match bearer::<DeviceToken>(parts) {
            Some(token) => api.store.device_of_token(&token).await?,
            None => None,
        };
        let refuse = Failure::Unauthorized("a device token is needed: Authorization: Bearer IWD-…");
        known.map(TokenHolder).ok_or(refuse)
    }
}

fn bearer<T: FromStr>(parts: &Parts) -> Option<T> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = header.split_once(' ')?;
    match scheme.eq_ignore_ascii_case("bearer") {
        true => secret.parse().ok(),
        false => None,
    }
}
