//! Pays the withdrawals of one asset, one after the other, and watches them until the network has confirmed them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use idlewatt_protocol::api::WithdrawalState;
use idlewatt_protocol::{Asset, WithdrawalId};
use idlewatt_store::{Payment, Store, StoreError, WithdrawalRecord, vault_name};
use jiff::Timestamp;

use super::wallet::{Outgoing, Standing, Wallet, WalletError};
use crate::settings::WithdrawalTerms;

/// Withdrawals that are passed over for want of money in one look, so that a large one does not stop the small ones.
const PASSED_OVER: usize = 10;

/// How much the times of blocks may be off, in seconds.
const CLOCKS_DIFFER: i64 = 7_200;

/// See the module.
pub struct Payer {
    store: Store,
    asset: Asset,
    wallet: Wallet,
    terms: WithdrawalTerms,
    /// Payments in the wallet's books that no withdrawal here knows; `None` until the wallet was asked.
    strangers: Mutex<Option<Vec<Outgoing>>>,
    /// What last kept the wallet from working, so that the log says it once.
    trouble: Mutex<Option<String>>,
}

/// Why a look ended early.
enum Stop {
    /// The database failed.
    Store(StoreError),
    /// The wallet does nothing now.
    Wallet(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl Payer {
    /// One that pays the asset from the wallet.
    pub fn new(store: Store, asset: Asset, wallet: Wallet, terms: WithdrawalTerms) -> Self {
        Payer {
            store,
            asset,
            wallet,
            terms,
            strangers: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// Looks once what there is to do, and does it. A failure is in the log, and the next look tries again.
    pub async fn look(&self) {
        let asset = self.asset;
        let trouble = match self.work().await {
            Ok(()) => None,
            Err(Stop::Store(error)) => Some(error.to_string()),
            Err(Stop::Wallet(reason)) => Some(reason),
        };
        let mut before = lock(&self.trouble);
        if trouble != *before {
            match &trouble {
                Some(reason) => tracing::error!(%asset, reason, "withdrawals wait"),
                None => tracing::info!(%asset, "withdrawals go on"),
            }
            *before = trouble;
        }
    }

    async fn work(&self) -> Result<(), Stop> {
        if self.store.wallet_is_unasked(self.asset).await? {
            self.catch_up().await?;
        }
        let limit = self.terms.hot_wallet_limit.atomic;
        let approved = self
            .store
            .approve_due_withdrawals(self.asset, limit, Timestamp::now())
            .await?;
        self.count(WithdrawalState::Approved, approved.len());
        for withdrawal in approved {
            tracing::info!(%withdrawal, "withdrawal approved");
        }
        let open = self.store.payable_withdrawals(self.asset).await?;
        self.gauge("idlewatt_hub_withdrawals_waiting", open.len());
        let held = open.iter().filter(|record| record.held).count();
        self.gauge("idlewatt_hub_withdrawals_held", held);
        if open.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.wallet.ready().await {
            let waits = "the hub's wallet is not available now; this is paid as soon as it is";
            for record in open.iter().filter(|record| record.payment.is_none()) {
                self.explain(record, waits, false).await?;
            }
            return Err(Stop::Wallet(error.to_string()));
        }
        self.read_strangers().await?;
        let paused = self.store.withdrawals_paused().await?;
        // What was begun comes first: the next payment must not be made from the same inputs.
        for record in &open {
            match (&record.payment, record.withdrawal.state) {
                (Some(payment), WithdrawalState::Sent) => self.watch(record, payment).await?,
                (Some(payment), _) if !paused => self.finish(record, payment).await?,
                _ => {}
            }
        }
        if paused {
            return Ok(());
        }
        let mut passed_over = 0;
        for record in open.iter().filter(|record| record.payment.is_none()) {
            if !self.pay(record).await? {
                passed_over += 1;
            }
            if passed_over > PASSED_OVER {
                break;
            }
        }
        Ok(())
    }

    /// Makes a payment, records it, hands it over. `false` if the wallet has not enough for it.
    async fn pay(&self, record: &WithdrawalRecord) -> Result<bool, Stop> {
        let withdrawal = &record.withdrawal;
        let id = &withdrawal.id;
        if let Some(paid) = self.paid_before(record) {
            self.adopt(id, &paid).await?;
            return Ok(true);
        }
        let (Some(seen), false) = (
            self.store.payments_seen(self.asset).await?,
            self.store.withdrawals_paused().await?,
        ) else {
            return Ok(true);
        };
        let prepared = self.wallet.prepare(&withdrawal.address, withdrawal.arrives);
        let payment = match prepared.await {
            Ok(payment) => payment,
            Err(WalletError::BadAddress(reason)) => {
                let reason = format!("the wallet cannot pay this address: {reason}");
                self.refuse(id, &reason).await?;
                return Ok(true);
            }
            Err(error @ WalletError::NotEnough(_)) => {
                let waits = "the hub's wallet has not enough money that it can spend now; this is paid as soon as it has";
                tracing::warn!(withdrawal = %id, %error, "withdrawal waits");
                self.explain(record, waits, false).await?;
                return Ok(false);
            }
            Err(error) => return Err(Stop::Wallet(error.to_string())),
        };
        let now = Timestamp::now();
        let recorded = self
            .store
            .record_payment(id, self.asset, &payment, seen, now)
            .await?;
        if !recorded {
            // Paused, called off or overtaken meanwhile: nobody has heard of this payment, so it is forgotten.
            tracing::debug!(withdrawal = %id, "a payment was not needed any more");
            return Ok(true);
        }
        tracing::info!(withdrawal = %id, transaction = payment.transaction_id, "payment recorded");
        self.hand_over(record, &payment).await?;
        Ok(true)
    }

    /// Goes on with a payment that was recorded before a crash.
    async fn finish(&self, record: &WithdrawalRecord, payment: &Payment) -> Result<(), Stop> {
        match self.standing(payment).await? {
            Standing::Waiting | Standing::Confirmed(_) => {
                self.sent(&record.withdrawal.id, payment).await
            }
            Standing::Unknown => self.hand_over(record, payment).await,
            Standing::Dead(reason) => self.hold(record, &reason).await,
        }
    }

    /// Looks after a payment that the network has had.
    async fn watch(&self, record: &WithdrawalRecord, payment: &Payment) -> Result<(), Stop> {
        let id = &record.withdrawal.id;
        match self.standing(payment).await? {
            Standing::Confirmed(blocks) if blocks >= self.terms.confirmations => {
                let now = Timestamp::now();
                if self
                    .store
                    .confirm_withdrawal(id, vault_name(self.asset), now)
                    .await?
                {
                    self.count(WithdrawalState::Confirmed, 1);
                    tracing::info!(withdrawal = %id, blocks, "withdrawal confirmed");
                }
                Ok(())
            }
            Standing::Confirmed(_) | Standing::Waiting if record.held => {
                self.sent(id, payment).await
            }
            Standing::Confirmed(_) | Standing::Waiting => Ok(()),
            Standing::Unknown => {
                if !record.held {
                    tracing::warn!(withdrawal = %id, "the network has lost the payment; it gets it again");
                }
                self.hand_over(record, payment).await
            }
            Standing::Dead(reason) => self.hold(record, &reason).await,
        }
    }

    async fn hand_over(&self, record: &WithdrawalRecord, payment: &Payment) -> Result<(), Stop> {
        if payment.body.is_empty() {
            let reason =
                "it does not have it any more, and only the wallet could hand it over again";
            return self.hold(record, reason).await;
        }
        match self.wallet.hand_over(payment).await {
            Ok(()) => self.sent(&record.withdrawal.id, payment).await,
            Err(WalletError::Rejected(reason)) => self.hold(record, &reason).await,
            Err(error) => Err(Stop::Wallet(error.to_string())),
        }
    }

    async fn sent(&self, id: &WithdrawalId, payment: &Payment) -> Result<(), Stop> {
        self.store.withdrawal_sent(id, Timestamp::now()).await?;
        self.count(WithdrawalState::Sent, 1);
        tracing::info!(withdrawal = %id, transaction = payment.transaction_id, "withdrawal sent");
        Ok(())
    }

    async fn hold(&self, record: &WithdrawalRecord, reason: &str) -> Result<(), Stop> {
        let id = &record.withdrawal.id;
        if !record.held {
            tracing::error!(withdrawal = %id, reason, "the network refuses a payment: the operator has to look");
        }
        let reason =
            format!("the network refuses the payment ({reason}): the operator has to look");
        self.explain(record, &reason, true).await
    }

    async fn refuse(&self, id: &WithdrawalId, reason: &str) -> Result<(), Stop> {
        let now = Timestamp::now();
        if self.store.refuse_withdrawal(id, reason, false, now).await? {
            self.count(WithdrawalState::Refused, 1);
            tracing::warn!(withdrawal = %id, reason, "withdrawal refused");
        }
        Ok(())
    }

    async fn explain(
        &self,
        record: &WithdrawalRecord,
        reason: &str,
        held: bool,
    ) -> Result<(), Stop> {
        let id = &record.withdrawal.id;
        let now = Timestamp::now();
        Ok(self.store.explain_withdrawal(id, reason, held, now).await?)
    }

    fn gauge(&self, name: &'static str, value: usize) {
        metrics::gauge!(name, "asset" => self.asset.code()).set(value as f64);
    }

    fn count(&self, state: WithdrawalState, count: usize) {
        let (asset, state) = (self.asset.code(), state.name());
        metrics::counter!("idlewatt_hub_withdrawals_total", "asset" => asset, "state" => state)
            .increment(count as u64);
    }

    async fn standing(&self, payment: &Payment) -> Result<Standing, Stop> {
        let standing = self.wallet.standing(&payment.transaction_id).await;
        standing.map_err(|error| Stop::Wallet(error.to_string()))
    }

    /// After the database was restored from a backup: what the wallet has paid since is noted, also while payments are paused
    /// and for what nobody has approved here. Until then nothing is paid and nothing comes back to its account.
    async fn catch_up(&self) -> Result<(), Stop> {
        let ready = self.wallet.ready().await;
        ready.map_err(|error| Stop::Wallet(error.to_string()))?;
        self.read_strangers().await?;
        let open = self.store.open_withdrawals().await?;
        let unpaid = open.iter().filter(|record| {
            record.payment.is_none() && record.withdrawal.amount.asset == self.asset
        });
        for record in unpaid {
            if let Some(paid) = self.paid_before(record) {
                self.adopt(&record.withdrawal.id, &paid).await?;
            }
        }
        for paid in lock(&self.strangers).iter().flatten() {
            let (transaction, at) = (&paid.transaction_id, paid.at);
            tracing::warn!(
                transaction,
                at,
                atomic = paid.amount,
                "the wallet has made a payment that is no withdrawal's"
            );
        }
        let now = Timestamp::now();
        Ok(self.store.note_wallet_asked(self.asset, now).await?)
    }

    /// Notes that the wallet has paid a withdrawal before.
    async fn adopt(&self, id: &WithdrawalId, paid: &Payment) -> Result<(), Stop> {
        let now = Timestamp::now();
        let adopted = self.store.adopt_payment(id, paid, now).await?;
        // If not, another hub was faster, or it is another withdrawal's.
        if let Some(strangers) = lock(&self.strangers).as_mut() {
            strangers.retain(|other| other.transaction_id != paid.transaction_id);
        }
        if adopted {
            self.count(WithdrawalState::Sent, 1);
            let transaction = &paid.transaction_id;
            tracing::info!(withdrawal = %id, transaction, "the wallet has paid this before");
        }
        Ok(())
    }

    /// Asks the wallet once what it has paid that no withdrawal here knows: after a database was restored from a backup,
    /// these are the payments of the time in between.
    async fn read_strangers(&self) -> Result<(), Stop> {
        if lock(&self.strangers).is_some() {
            return Ok(());
        }
        let outgoing = self.wallet.outgoing().await;
        let outgoing = outgoing.map_err(|error| Stop::Wallet(error.to_string()))?;
        let mut strangers = Vec::new();
        for payment in outgoing {
            if !self.store.knows_payment(&payment.transaction_id).await? {
                strangers.push(payment);
            }
        }
        if !strangers.is_empty() {
            let (asset, count) = (self.asset, strangers.len());
            tracing::warn!(%asset, count, "the wallet has made payments that are no withdrawal's");
        }
        *lock(&self.strangers) = Some(strangers);
        Ok(())
    }

    /// The wallet's payment of exactly this withdrawal, if it was made before the database was restored.
    fn paid_before(&self, record: &WithdrawalRecord) -> Option<Payment> {
        let (address, arrives) = (&record.withdrawal.address, record.withdrawal.arrives);
        let strangers = lock(&self.strangers);
        // Not one from before it was asked for; the clock of a block's miner may be two hours off.
        let not_before = record.withdrawal.requested_at.as_second() - CLOCKS_DIFFER;
        let same = |paid: &&Outgoing| {
            let there = paid.address.as_ref().is_none_or(|paid| paid == address);
            there && paid.amount == arrives.atomic && paid.at >= not_before
        };
        let paid = strangers.as_ref()?.iter().find(same)?;
        Some(Payment {
            transaction_id: paid.transaction_id.clone(),
            body: String::new(),
            network_fee: paid.network_fee,
        })
    }
}

/// What a panicking look left behind is as good as ever.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
