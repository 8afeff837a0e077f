//! Who asks: `Authorization: Bearer …` with an account key, a session's token or a device's token.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use idlewatt_protocol::{AccountId, AccountKey, DeviceToken, SessionId, SessionToken};
use idlewatt_store::{Device, KnownDevice};
use jiff::Timestamp;

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

/// The account whose key, or one of whose sessions' tokens, was sent.
pub(super) struct KeyHolder(pub AccountId);

/// The account whose key itself was sent.
pub(super) struct OwnKeyHolder(pub AccountId);

/// As [`KeyHolder`], with the session that asks; `None` for the key itself.
pub(super) struct SessionHolder(pub AccountId, pub Option<SessionId>);

/// The device whose token was sent.
pub(super) struct TokenHolder(pub Device);

/// As [`TokenHolder`], with what the device is to be told.
pub(super) struct KnownDeviceHolder(pub Arc<KnownDevice>);

// Keys and tokens have more bits than anybody can guess: wrong ones need no lock-out, which would only lock out the
// other devices behind the same address.

impl FromRequestParts<Arc<Api>> for SessionHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let known = if let Some(key) = bearer::<AccountKey>(parts) {
            let account = api.store.account_of_key(&key).await?;
            account.map(|account| SessionHolder(account, None))
        } else if let Some(token) = bearer::<SessionToken>(parts) {
            let session = api.store.session_of_token(&token, Timestamp::now()).await?;
            session.map(|(account, session)| SessionHolder(account, Some(session)))
        } else {
            None
        };
        known.ok_or(Failure::Unauthorized(
            "an account key or a session's token is needed: Authorization: Bearer IWA-… or IWS-…",
        ))
    }
}

impl FromRequestParts<Arc<Api>> for KeyHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let SessionHolder(account, _) = SessionHolder::from_request_parts(parts, api).await?;
        Ok(KeyHolder(account))
    }
}

impl FromRequestParts<Arc<Api>> for OwnKeyHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let known = match bearer::<AccountKey>(parts) {
            Some(key) => api.store.account_of_key(&key).await?,
            None => None,
        };
        known.map(OwnKeyHolder).ok_or(Failure::Unauthorized(
            "the account key itself is needed: Authorization: Bearer IWA-…",
        ))
    }
}

impl FromRequestParts<Arc<Api>> for KnownDeviceHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let known = match bearer::<DeviceToken>(parts) {
            Some(token) => api.devices.known.of_token(&token).await?,
            None => None,
        };
        known.map(KnownDeviceHolder).ok_or(Failure::Unauthorized(
            "a device token is needed: Authorization: Bearer IWD-…",
        ))
    }
}

impl FromRequestParts<Arc<Api>> for TokenHolder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let KnownDeviceHolder(known) = KnownDeviceHolder::from_request_parts(parts, api).await?;
        Ok(TokenHolder(known.device.clone()))
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
