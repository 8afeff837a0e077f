//! What an account has earned.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use idlewatt_protocol::api::{AccountEarnings, Earnings, EarningsByDay, EarningsByDevice};
use jiff::Timestamp;
use serde::Deserialize;

use super::Api;
use super::answer::Failure;
use super::auth::{KeyHolder, TokenHolder};

/// A day, the furthest that a time zone can be from UTC.
const FURTHEST: i64 = 1_440;
/// A leap year.
const MOST_DAYS: i64 = 366;

/// `GET /v1/earnings`.
pub(super) async fn of_device(
    State(api): State<Arc<Api>>,
    TokenHolder(device): TokenHolder,
) -> Result<Json<Earnings>, Failure> {
    Ok(Json(api.store.earnings(&device).await?))
}

/// `GET /v1/account/earnings`.
pub(super) async fn of_account(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<AccountEarnings>, Failure> {
    Ok(Json(api.store.account_earnings(&account).await?))
}

/// Whose midnight.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    #[serde(default)]
    utc_offset_minutes: i64,
}

/// `GET /v1/account/earnings/devices`.
pub(super) async fn by_device(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    clock: Result<Query<Clock>, QueryRejection>,
) -> Result<Json<EarningsByDevice>, Failure> {
    let Query(Clock { utc_offset_minutes }) =
        clock.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    check_offset(utc_offset_minutes)?;
    let earned = api
        .store
        .earnings_by_device(&account, utc_offset_minutes, Timestamp::now());
    Ok(Json(earned.await?))
}

/// Which days, of whose clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Days {
    #[serde(default = "month")]
    days: i64,
    #[serde(default)]
    utc_offset_minutes: i64,
}

fn month() -> i64 {
    30
}

/// `GET /v1/account/earnings/days`.
pub(super) async fn by_day(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    asked: Result<Query<Days>, QueryRejection>,
) -> Result<Json<EarningsByDay>, Failure> {
    let Query(Days {
        days,
        utc_offset_minutes,
    }) = asked.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    check_offset(utc_offset_minutes)?;
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("days is {days}; allowed: 1 to {MOST_DAYS}");
        return Err(Failure::BadRequest(message));
    }
    let now = Timestamp::now();
    let earned = api
        .store
        .earnings_by_day(&account, days, utc_offset_minutes, now);
    Ok(Json(earned.await?))
}

fn check_offset(utc_offset_minutes: i64) -> Result<(), Failure> {
    if (-FURTHEST..=FURTHEST).contains(&utc_offset_minutes) {
        return Ok(());
    }
    let message = format!("utc_offset_minutes is {utc_offset_minutes}; allowed: -1,440 to 1,440");
    Err(Failure::BadRequest(message))
}
