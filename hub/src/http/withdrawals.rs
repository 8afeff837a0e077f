//! Withdrawals of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use idlewatt_protocol::api::{AskQuote, AskWithdrawal, Withdrawal, WithdrawalQuote, Withdrawals};
use idlewatt_protocol::{AccountId, Asset, Money, WithdrawalId};
use idlewatt_store::{NewWithdrawal, WithdrawalError};
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Failure};
use super::auth::KeyHolder;
use crate::payouts::address::{self, AddressError};
use crate::settings::WithdrawalTerms;

/// The longest key of a request.
const LONGEST_KEY: usize = 64;
const UNKNOWN: Failure = Failure::NotFound("this account has no such withdrawal");

/// `POST /v1/withdrawals/quote`.
pub(super) async fn quote(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(AskQuote {
        asset,
        amount,
        address,
    }): Body<AskQuote>,
) -> Result<Json<WithdrawalQuote>, Failure> {
    let (amount, terms) = checked(&api, asset, &amount, &address)?;
    let now = Timestamp::now();
    let usable = api
        .store
        .address_usable_from(&account, asset, &address)
        .await?;
    let new = now.checked_add(api.withdrawals.cooling_off());
    Ok(Json(WithdrawalQuote {
        amount,
        fee: terms.fee,
        arrives: Money {
            asset,
            atomic: amount.atomic - terms.fee.atomic,
        },
        earliest: usable.or(new.ok()).unwrap_or(Timestamp::MAX).max(now),
        totp: api.store.totp_is_on(&account).await?,
        paused: api.store.withdrawals_paused().await?,
    }))
}

/// `POST /v1/withdrawals`.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(asked): Body<AskWithdrawal>,
) -> Result<Json<Withdrawal>, Failure> {
    let key = asked.request_key;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=LONGEST_KEY).contains(&key.len()) || !key.bytes().all(plain) {
        let message = format!(
            "request_key must have 1 to {LONGEST_KEY} letters, digits, dashes or underscores, chosen anew for each withdrawal"
        );
        return Err(Failure::BadRequest(message));
    }
    let (amount, terms) = checked(&api, asked.asset, &asked.amount, &asked.address)?;
    let new = NewWithdrawal {
        account,
        request_key: key,
        amount,
        fee: terms.fee.atomic,
        address: asked.address,
        cooling_off: api.withdrawals.cooling_off(),
    };
    let requested = api
        .store
        .request_withdrawal(&new, asked.totp.as_deref(), Timestamp::now())
        .await;
    let withdrawal = match requested {
        Ok(withdrawal) => withdrawal,
        Err(WithdrawalError::Totp(refused)) => return Err(Failure::Totp(refused)),
        Err(error @ (WithdrawalError::TooMuch { .. } | WithdrawalError::KeyUsed)) => {
            return Err(Failure::Conflict(error.to_string()));
        }
        Err(WithdrawalError::Store(error)) => return Err(error.into()),
    };
    metrics::counter!("idlewatt_hub_withdrawals_total", "asset" => withdrawal.amount.asset.code(), "state" => "requested")
        .increment(1);
    tracing::info!(withdrawal = %withdrawal.id, amount = %withdrawal.amount, "withdrawal requested");
    Ok(Json(withdrawal))
}

/// `GET /v1/withdrawals`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<Withdrawals>, Failure> {
    let withdrawals = api.store.withdrawals_of(&account).await?;
    Ok(Json(Withdrawals { withdrawals }))
}

/// `GET /v1/withdrawals/{id}`.
pub(super) async fn one(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Path(id): Path<String>,
) -> Result<Json<Withdrawal>, Failure> {
    let id = id.parse().map_err(|_| UNKNOWN)?;
    find(&api, &account, &id).await.map(Json)
}

/// `DELETE /v1/withdrawals/{id}`.
pub(super) async fn cancel(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Path(id): Path<String>,
) -> Result<Json<Withdrawal>, Failure> {
    let id = id.parse().map_err(|_| UNKNOWN)?;
    let asset = find(&api, &account, &id).await?.amount.asset;
    if api.store.wallet_is_unasked(asset).await? {
        let message = "this hub was restored from a backup, and its wallet may have paid this since; try again when it was asked";
        return Err(Failure::Conflict(message.to_owned()));
    }
    let now = Timestamp::now();
    let reason = "called off by its owner";
    if !api.store.refuse_withdrawal(&id, reason, true, now).await? {
        let withdrawal = find(&api, &account, &id).await?;
        return Err(Failure::Conflict(format!(
            "this withdrawal is {}; it can be called off only while it is requested",
            withdrawal.state.name()
        )));
    }
    tracing::info!(withdrawal = %id, "withdrawal called off");
    find(&api, &account, &id).await.map(Json)
}

/// The account's withdrawal; another's does not exist for it.
async fn find(api: &Api, account: &AccountId, id: &WithdrawalId) -> Result<Withdrawal, Failure> {
    let known = api.store.withdrawal(id).await?;
    let own = known.filter(|record| &record.account == account);
    own.map(|record| record.withdrawal).ok_or(UNKNOWN)
}

/// The amount and its conditions, if it could be paid there.
fn checked(
    api: &Api,
    asset: Asset,
    amount: &str,
    address: &str,
) -> Result<(Money, WithdrawalTerms), Failure> {
    let refuse = |error: &dyn std::fmt::Display| Failure::BadRequest(error.to_string());
    if asset.is_practice() {
        return Err(refuse(&AddressError::Practice));
    }
    let Some(wallet) = api.withdrawals.wallet(asset) else {
        return Err(Failure::BadRequest(format!(
            "this hub pays out no {asset}: it has no wallet for it"
        )));
    };
    let terms = wallet.terms(asset).map_err(|error| refuse(&error))?;
    let amount = Money::parse(asset, amount).map_err(|error| refuse(&error))?;
    if amount.atomic < terms.threshold.atomic {
        return Err(Failure::BadRequest(format!(
            "{amount} is less than can be withdrawn; allowed: {} or more",
            terms.threshold
        )));
    }
    if amount.atomic > i128::from(i64::MAX) {
        let message = format!("{amount} is more than one withdrawal can take");
        return Err(Failure::BadRequest(message));
    }
    address::check(asset, wallet.network, address).map_err(|error| refuse(&error))?;
    Ok((amount, terms))
}
