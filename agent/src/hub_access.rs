//! A hub at which this device is known, and the token that opens it: a token that is refused is replaced by proving who
//! this device is with its key.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::api::{
    Challenge, ClosingProof, CreditedShares, DeviceOrders, DeviceReport, Earnings, Resent,
    TokenRequest,
};
use idlewatt_protocol::{AccountId, DeviceId, DeviceToken};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::data_dir::DataDir;
use crate::identity::{self, Identity, PrivateKey};
use crate::work::backoff::Backoff;
use crate::work::hub_client::{HubClient, HubError};

/// The least and the longest time between two attempts to get a new token.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(15 * 60));
/// A token that was good for so long is no sign of a hub that refuses every token.
const GOOD_FOR_LONG: Duration = Duration::from_secs(60 * 60);
/// A hub that refuses this device's signature so often, each over a challenge of its own, has meant it: one challenge
/// may have been too old, or given out by a hub that was started anew since.
const REFUSALS: u32 = 3;

/// How the hub stands to this device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It takes it, or may.
    #[default]
    Known,
    /// It does not any more, and is not asked again.
    Revoked {
        /// In the hub's words.
        reason: String,
    },
}

/// Where a new token is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The data directory.
    pub data: DataDir,
    /// What the hub is called in the record of identities.
    pub hub: String,
}

/// A hub and this device there. Clones share the token.
#[derive(Clone, Debug)]
pub struct HubAccess {
    client: HubClient,
    account: AccountId,
    device: DeviceId,
    key: Option<PrivateKey>,
    kept: Option<Kept>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    token: watch::Sender<DeviceToken>,
    standing: watch::Sender<Standing>,
    /// Held while asking for a token: those who need one wait for the same.
    attempts: Mutex<Attempts>,
}

#[derive(Debug)]
struct Attempts {
    backoff: Backoff,
    last: Option<Instant>,
    not_before: Option<Instant>,
    refusals: u32,
}

impl HubAccess {
    /// This device as its record says it is.
    pub fn new(client: HubClient, identity: &Identity, kept: Option<Kept>) -> Self {
        HubAccess {
            client,
            account: identity.account.clone(),
            device: identity.device.clone(),
            key: identity.private_key.clone(),
            kept,
            shared: Arc::new(Shared {
                token: watch::Sender::new(identity.token.clone()),
                standing: watch::Sender::default(),
                attempts: Mutex::new(Attempts {
                    backoff: Backoff::new(RETRY),
                    last: None,
                    not_before: None,
                    refusals: 0,
                }),
            }),
        }
    }

    /// The hub's API.
    pub fn client(&self) -> &HubClient {
        &self.client
    }

    /// The account that this device works for.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// This device's public name.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// How it names itself to the hub's Stratum server.
    pub fn stratum_user(&self) -> String {
        format!("{}.{}", self.account, self.device)
    }

    /// The present token, and every later one.
    pub fn tokens(&self) -> watch::Receiver<DeviceToken> {
        self.shared.token.subscribe()
    }

    /// How the hub stands to this device, now and whenever that changes.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.shared.standing.subscribe()
    }

    /// See [`HubClient::earnings`].
    ///
    /// # Errors
    /// Of [`HubError`]; so have all that follow.
    pub async fn earnings(&self) -> Result<Earnings, HubError> {
        self.with_token(|token| async move { self.client.earnings(&token).await })
            .await
    }

    /// See [`HubClient::shares`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn shares(&self, after: i64, limit: usize) -> Result<CreditedShares, HubError> {
        self.with_token(|token| async move { self.client.shares(&token, after, limit).await })
            .await
    }

    /// See [`HubClient::find_shares`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn find_shares(&self, digests: &[String]) -> Result<CreditedShares, HubError> {
        let found = |token| async move {
            let digests = digests.to_vec();
            self.client.find_shares(&token, digests).await
        };
        self.with_token(found).await
    }

    /// See [`HubClient::resend_shares`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn resend_shares(&self, receipts: &[String]) -> Result<Resent, HubError> {
        let resent = |token| async move {
            let receipts = receipts.to_vec();
            self.client.resend_shares(&token, receipts).await
        };
        self.with_token(resent).await
    }

    /// See [`HubClient::report`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn report(&self, report: &DeviceReport) -> Result<DeviceOrders, HubError> {
        self.with_token(|token| async move { self.client.report(&token, report).await })
            .await
    }

    /// See [`HubClient::closing_leaves`].
    ///
    /// # Errors
    /// Of [`HubError`].
    pub async fn closing_leaves(&self, number: i64) -> Result<Vec<ClosingProof>, HubError> {
        self.with_token(|token| async move {
            self.client
                .closing_leaves(&token, number)
                .await
                .map(|answer| answer.proofs)
        })
        .await
    }

    /// Calls with the present token, and once more with a new one where that is refused.
    async fn with_token<A, F>(&self, call: impl Fn(DeviceToken) -> F) -> Result<A, HubError>
    where
        F: Future<Output = Result<A, HubError>>,
    {
        self.not_revoked()?;
        let token = self.shared.token.borrow().clone();
        match call(token.clone()).await {
            Err(refused) if refused.is_unauthorized() => {
                let token = self.renew(&token, refused).await?;
                call(token).await
            }
            other => other,
        }
    }

    fn not_revoked(&self) -> Result<(), HubError> {
        match &*self.shared.standing.borrow() {
            Standing::Known => Ok(()),
            Standing::Revoked { reason } => Err(HubError::Revoked {
                reason: reason.clone(),
            }),
        }
    }

    /// A token in the place of one that was refused. Not asked for more often than the back-off allows, nor at all once
    /// the hub has said that it does not take this device any more; then what was refused stays refused.
    async fn renew(&self, token: &DeviceToken, refused: HubError) -> Result<DeviceToken, HubError> {
        let mut attempts = self.shared.attempts.lock().await;
        let now = self.shared.token.borrow().clone();
        if now != *token {
            return Ok(now);
        }
        self.not_revoked()?;
        let Some(key) = &self.key else {
            return Err(
                self.revoke("its token is refused, and it was enrolled without a key of its own")
            );
        };
        let moment = Instant::now();
        if attempts
            .not_before
            .is_some_and(|not_before| moment < not_before)
        {
            return Err(refused);
        }
        if attempts
            .last
            .is_some_and(|last| moment - last > GOOD_FOR_LONG)
        {
            attempts.backoff.reset();
        }
        attempts.last = Some(moment);
        attempts.not_before = Some(moment + attempts.backoff.next(rand::random()));
        match self.ask_for_token(key, &mut attempts.refusals).await {
            Ok(token) => {
                attempts.refusals = 0;
                tracing::info!(device = %self.device, "the hub has given this device a new token");
                Ok(token)
            }
            // Nobody to ask at present.
            Err(error) if error.can_heal() => Err(error),
            Err(HubError::Refused { message, .. }) if attempts.refusals >= REFUSALS => {
                Err(self.revoke(&message))
            }
            Err(error) => {
                tracing::warn!(%error, "the hub gives this device no new token");
                Err(refused)
            }
        }
    }

    /// Tries challenge after challenge.
    async fn ask_for_token(
        &self,
        key: &PrivateKey,
        refusals: &mut u32,
    ) -> Result<DeviceToken, HubError> {
        loop {
            let Challenge { challenge, .. } = self.client.challenge(&self.device).await?;
            let signature = key.sign(&Challenge::signed_text(&self.device, &challenge));
            let request = TokenRequest {
                device: self.device.clone(),
                challenge,
                signature,
            };
            match self.client.new_token(&request).await {
                Ok(answer) => {
                    self.keep(&answer.token);
                    self.shared.token.send_replace(answer.token.clone());
                    return Ok(answer.token);
                }
                Err(HubError::Refused {
                    status,
                    error,
                    message,
                }) if matches!(status, 401 | 403) => {
                    *refusals += 1;
                    if *refusals >= REFUSALS {
                        return Err(HubError::Refused {
                            status,
                            error,
                            message,
                        });
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A token that is not kept is asked for anew after the next start.
    fn keep(&self, token: &DeviceToken) {
        let Some(Kept { data, hub }) = &self.kept else {
            return;
        };
        if let Err(error) = identity::keep_token(data, hub, &self.device, token) {
            tracing::warn!(%error, "this device's new token could not be kept");
        }
    }

    fn revoke(&self, reason: &str) -> HubError {
        tracing::error!(device = %self.device, reason, "the hub does not take this device any more");
        let reason = reason.to_owned();
        self.shared.standing.send_replace(Standing::Revoked {
            reason: reason.clone(),
        });
        HubError::Revoked { reason }
    }
}

#[cfg(test)]
mod tests;
