//! Accounts, enrolment codes and devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{AccountCreated, DeviceEnrolled, EnrolDevice, EnrolmentCreated};
use idlewatt_protocol::{
    AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentCode, EnrolmentSecret,
};
use idlewatt_store::EnrolError;
use jiff::{SignedDuration, Timestamp};

use super::Api;
use super::answer::{Body, Failure};
use super::auth::{Asker, KeyHolder};

/// How long an enrolment code is good.
const CODE_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// The longest name of a device, in characters.
const LONGEST_NAME: usize = 64;

/// `POST /v1/accounts`.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Asker(asker): Asker,
) -> Result<Json<AccountCreated>, Failure> {
    api.new_accounts.check(&asker).map_err(Failure::TooMany)?;
    api.new_accounts.take(asker);
    let (account, key) = (AccountId::random(), AccountKey::random());
    api.store
        .create_account(&account, &key, Timestamp::now())
        .await?;
    tracing::info!(%account, "account created");
    Ok(Json(AccountCreated { account, key }))
}

/// `POST /v1/enrolments`.
pub(super) async fn create_enrolment(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<EnrolmentCreated>, Failure> {
    let code = EnrolmentCode::random();
    let now = Timestamp::now();
    let expires = now + CODE_LASTS;
    api.store
        .create_enrolment(&account, &code, expires, now)
        .await?;
    Ok(Json(EnrolmentCreated { code, expires }))
}

/// `POST /v1/devices`. Guesses at codes are few: a code has 40 bits and ten minutes.
pub(super) async fn enrol_device(
    State(api): State<Arc<Api>>,
    Asker(asker): Asker,
    Body(EnrolDevice {
        code,
        name,
        public_key,
    }): Body<EnrolDevice>,
) -> Result<Json<DeviceEnrolled>, Failure> {
    api.wrong_codes.check(&asker).map_err(Failure::TooMany)?;
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) || name.chars().any(char::is_control) {
        let message = format!(
            "name must have 1 to {LONGEST_NAME} characters, none of them control characters"
        );
        return Err(Failure::BadRequest(message));
    }
    let mut key = [0; 32];
    if hex::decode_to_slice(&public_key, &mut key).is_err() {
        let message = "public_key must be an Ed25519 key of 64 hex digits".to_owned();
        return Err(Failure::BadRequest(message));
    }
    let EnrolmentSecret::Code(code) = code else {
        return Err(Failure::Unauthorized(
            "this enrolment token is unknown, used up, revoked or expired",
        ));
    };
    let (device, token) = (DeviceId::random(), DeviceToken::random());
    let enrolled = api
        .store
        .enrol_device(&code, &device, &token, &name, &key, Timestamp::now())
        .await;
    let account = match enrolled {
        Ok(account) => account,
        Err(EnrolError::Code) => {
            api.wrong_codes.take(asker);
            return Err(Failure::Unauthorized(
                "this enrolment code is unknown, already used or expired",
            ));
        }
        Err(EnrolError::Store(error)) => return Err(error.into()),
    };
    tracing::info!(%account, %device, "device enrolled");
    Ok(Json(DeviceEnrolled {
        account,
        device,
        token,
    }))
}
