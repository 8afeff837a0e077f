//! How devices come to an account: codes for one device, tokens for a fleet.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use idlewatt_protocol::api::{
    DeviceEnrolled, EnrolDevice, EnrolmentCreated, EnrolmentTokenCreated, FleetTokens,
    NewEnrolmentToken,
};
use idlewatt_protocol::{
    DeviceId, DeviceToken, EnrolmentCode, EnrolmentSecret, EnrolmentToken, EnrolmentTokenId,
};
use idlewatt_store::{EnrolError, NewFleetToken, Store};
use jiff::{SignedDuration, Timestamp};

use super::Api;
use super::answer::{Body, Done, Failure, done};
use super::auth::{Asker, KeyHolder};
use super::words;

/// How long an enrolment code is good.
const CODE_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// How many devices one token can add at most.
const LARGEST_FLEET: u32 = 100_000;

/// `POST /v1/enrolments`.
pub(super) async fn create_code(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<EnrolmentCreated>, Failure> {
    let limiter = &api.limits.new_codes;
    limiter.check(&account).map_err(Failure::TooMany)?;
    limiter.take(account.clone());
    let code = EnrolmentCode::random();
    let now = Timestamp::now();
    let expires = now + CODE_LASTS;
    api.store
        .create_enrolment(&account, &code, expires, now)
        .await?;
    Ok(Json(EnrolmentCreated { code, expires }))
}

/// `POST /v1/devices`. Guesses at codes are few: a code has 40 bits and ten minutes. Nobody can guess a token.
pub(super) async fn enrol(
    State(api): State<Arc<Api>>,
    Asker(asker): Asker,
    Body(EnrolDevice {
        code,
        name,
        public_key,
    }): Body<EnrolDevice>,
) -> Result<Json<DeviceEnrolled>, Failure> {
    if let EnrolmentSecret::Code(_) = code {
        let limits = &api.limits;
        limits.wrong_codes.check(&asker).map_err(Failure::TooMany)?;
        let all = limits.all_wrong_codes.check(&());
        all.map_err(Failure::TooMany)?;
    }
    words::name("name", &name)?;
    let mut key = [0; 32];
    let valid = hex::decode_to_slice(&public_key, &mut key).is_ok()
        && ed25519_dalek::VerifyingKey::from_bytes(&key).is_ok_and(|key| !key.is_weak());
    if !valid {
        let message = "public_key must be an Ed25519 key of 64 hex digits".to_owned();
        return Err(Failure::BadRequest(message));
    }
    let (device, token) = (DeviceId::random(), DeviceToken::random());
    let (store, now) = (&api.store, Timestamp::now());
    let enrolled = match &code {
        EnrolmentSecret::Code(code) => {
            store
                .enrol_device(code, &device, &token, &name, &key, now)
                .await
        }
        EnrolmentSecret::Token(fleet) => {
            store
                .enrol_fleet_device(fleet, &device, &token, &name, &key, now)
                .await
        }
    };
    let count = |outcome| {
        metrics::counter!("idlewatt_hub_enrolments_total", "outcome" => outcome).increment(1);
    };
    let account = match (enrolled, code) {
        (Ok(account), _) => account,
        (Err(EnrolError::Store(error)), _) => return Err(error.into()),
        (Err(EnrolError::Code), EnrolmentSecret::Code(_)) => {
            api.limits.wrong_codes.take(asker);
            api.limits.all_wrong_codes.take(());
            count("refused");
            return Err(Failure::Unauthorized(
                "this enrolment code is unknown, already used or expired",
            ));
        }
        (Err(EnrolError::Code), EnrolmentSecret::Token(_)) => {
            count("refused");
            return Err(Failure::Unauthorized(
                "this enrolment token is unknown, used up, revoked or expired",
            ));
        }
    };
    count("added");
    tracing::info!(%account, %device, "device enrolled");
    Ok(Json(DeviceEnrolled {
        account,
        device,
        token,
    }))
}

/// `POST /v1/enrolment-tokens`.
pub(super) async fn create_token(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(NewEnrolmentToken {
        name,
        group,
        limit,
        expires,
    }): Body<NewEnrolmentToken>,
) -> Result<Json<EnrolmentTokenCreated>, Failure> {
    words::name("name", &name)?;
    words::group(&group)?;
    let now = Timestamp::now();
    if !(1..=LARGEST_FLEET).contains(&limit) {
        let message = format!("limit is {limit}; allowed: 1 to {LARGEST_FLEET}");
        return Err(Failure::BadRequest(message));
    }
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Failure::BadRequest("expires is in the past".to_owned()));
    }
    let (id, token) = (EnrolmentTokenId::random(), EnrolmentToken::random());
    let new = NewFleetToken {
        name,
        group,
        limit,
        expires,
    };
    let made = api
        .store
        .create_fleet_token(&account, &id, &token, &new, now)
        .await?;
    if !made {
        let message = format!(
            "this account has {} enrolment tokens already; revoke one first",
            Store::MOST_FLEET_TOKENS
        );
        return Err(Failure::Conflict(message));
    }
    tracing::info!(%account, %id, limit, "enrolment token made");
    Ok(Json(EnrolmentTokenCreated { id, token }))
}

/// `GET /v1/enrolment-tokens`.
pub(super) async fn tokens(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<FleetTokens>, Failure> {
    let tokens = api.store.fleet_tokens(&account).await?;
    Ok(Json(FleetTokens { tokens }))
}

/// `DELETE /v1/enrolment-tokens/ID`.
pub(super) async fn revoke_token(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Path(id): Path<String>,
) -> Result<Done, Failure> {
    let revoked = match id.parse::<EnrolmentTokenId>() {
        Ok(id) => {
            let now = Timestamp::now();
            api.store.revoke_fleet_token(&account, &id, now).await?
        }
        Err(_) => false,
    };
    match revoked {
        true => done(),
        false => Err(Failure::NotFound(
            "this account has no such enrolment token",
        )),
    }
}
