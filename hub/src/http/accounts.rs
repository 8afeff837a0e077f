//! Accounts: made, and deleted.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{AccountCreated, AccountDeleted, DeleteAccount, NewAccount};
use idlewatt_protocol::{AccountId, AccountKey};
use idlewatt_store::{DeletionRefused, ReferrerRefused};
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Failure, OptionalBody};
use super::auth::{Asker, OwnKeyHolder};
use crate::bus::Notice;

/// `POST /v1/accounts`.
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Asker(asker): Asker,
    OptionalBody(NewAccount { referral }): OptionalBody<NewAccount>,
) -> Result<Json<AccountCreated>, Failure> {
    let limiter = &api.limits.new_accounts;
    limiter.check(&asker).map_err(Failure::TooMany)?;
    limiter.take(asker);
    if let Some(code) = &referral
        && api.store.account_of_referral(code).await?.is_none()
    {
        return Err(Failure::BadRequest(ReferrerRefused::Unknown.to_string()));
    }
    let (account, key) = (AccountId::random(), AccountKey::random());
    let now = Timestamp::now();
    api.store.create_account(&account, &key, now).await?;
    if let Some(code) = &referral {
        // Nobody has this account yet, so nothing but its referrer's deletion a moment ago can be in the way.
        let _ = api.store.set_referrer(&account, code, now).await?;
    }
    tracing::info!(%account, "account created");
    Ok(Json(AccountCreated { account, key }))
}

/// `DELETE /v1/account`.
pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    OwnKeyHolder(account): OwnKeyHolder,
    Body(DeleteAccount {
        confirm,
        forfeit,
        totp,
    }): Body<DeleteAccount>,
) -> Result<Json<AccountDeleted>, Failure> {
    if confirm != "delete" {
        let message = "to delete the account, send \"confirm\": \"delete\"".to_owned();
        return Err(Failure::BadRequest(message));
    }
    let deleted = api
        .store
        .delete_account(&account, totp.as_deref(), forfeit, Timestamp::now())
        .await?;
    let deletion = deleted.map_err(|refused| match refused {
        DeletionRefused::Totp(refused) => Failure::Totp(refused),
        refused => Failure::Conflict(refused.to_string()),
    })?;
    for device in deletion.revoked {
        api.devices.known.forget(&device);
        api.bus.publish(Notice::Revoked(device));
    }
    tracing::info!(%account, "account deleted");
    Ok(Json(AccountDeleted {
        forfeited: deletion.forfeited,
    }))
}
