//! How a device proves with its key who it is, and gets a new token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ed25519_dalek::{Signature, VerifyingKey};
use idlewatt_protocol::DeviceToken;
use idlewatt_protocol::api::{AskChallenge, Challenge, NewDeviceToken, TokenRequest};
use jiff::{SignedDuration, Timestamp};

use super::Api;
use super::answer::{Body, Failure};
use super::auth::Asker;

/// How long a challenge is good.
const CHALLENGE_LASTS: SignedDuration = SignedDuration::from_secs(60);

/// `POST /v1/devices/challenges`. Answers alike, and as fast, whether there is such a device or not.
pub(super) async fn challenge(
    State(api): State<Arc<Api>>,
    Body(AskChallenge { device }): Body<AskChallenge>,
) -> Json<Challenge> {
    let expires = Timestamp::now() + CHALLENGE_LASTS;
    Json(Challenge {
        challenge: api.devices.challenges.make(&device, expires),
        expires,
    })
}

/// `POST /v1/devices/tokens`. Whatever is wrong, the answer is the same.
pub(super) async fn renew(
    State(api): State<Arc<Api>>,
    Asker(asker): Asker,
    Body(request): Body<TokenRequest>,
) -> Result<Json<NewDeviceToken>, Failure> {
    let (limits, device) = (&api.limits, request.device.clone());
    let who = (asker, device.clone());
    limits
        .wrong_signatures
        .check(&who)
        .and_then(|()| limits.all_wrong_signatures.check(&asker))
        .map_err(Failure::TooMany)?;
    let renewed = prove(&api, &request).await?;
    let outcome = if renewed.is_some() {
        "given"
    } else {
        "refused"
    };
    metrics::counter!("idlewatt_hub_device_tokens_total", "outcome" => outcome).increment(1);
    let Some(token) = renewed else {
        limits.wrong_signatures.take(who);
        limits.all_wrong_signatures.take(asker);
        return Err(Failure::Unauthorized(
            "this signature proves nothing: the challenge is over or used, or the device is unknown, revoked or another",
        ));
    };
    api.devices.known.forget(&device);
    tracing::info!(%device, "device has a new token");
    Ok(Json(NewDeviceToken { token }))
}

/// The device's new token, if the signature is its own and the challenge good.
async fn prove(api: &Api, request: &TokenRequest) -> Result<Option<DeviceToken>, Failure> {
    let TokenRequest {
        device,
        challenge,
        signature,
    } = request;
    let now = Timestamp::now();
    let Some(expires) = api.devices.challenges.read(device, challenge, now) else {
        return Ok(None);
    };
    let mut bytes = [0; Signature::BYTE_SIZE];
    if hex::decode_to_slice(signature, &mut bytes).is_err() {
        return Ok(None);
    }
    let key = api.store.device_key(device).await?;
    let Some(key) = key.and_then(|key| VerifyingKey::from_bytes(&key).ok()) else {
        return Ok(None);
    };
    let text = Challenge::signed_text(device, challenge);
    if key
        .verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes))
        .is_err()
    {
        return Ok(None);
    }
    let token = DeviceToken::random();
    let renewed = api
        .store
        .renew_token(device, challenge, expires, &token, now)
        .await?;
    Ok(renewed.then_some(token))
}
