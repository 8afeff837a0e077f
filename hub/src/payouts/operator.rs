//! What the operator says on the command line about withdrawals: `idlewatt-hub withdrawals …`. It changes the database, so
//! it works while hubs run, and they all go by it with their next look.

use anyhow::{bail, ensure};
use clap::Subcommand;
use idlewatt_protocol::api::WithdrawalState;
use idlewatt_protocol::{Asset, WithdrawalId};
use idlewatt_store::Store;
use jiff::Timestamp;

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum WithdrawalCommand {
    /// Show every withdrawal that is neither confirmed nor refused, one a line
    List,
    /// Approve a withdrawal that waits for the operator
    Approve {
        /// Its id, such as W3F7K2M9QX1
        id: WithdrawalId,
    },
    /// Give a withdrawal's amount back, unless a payment was made ready
    Refuse {
        /// Its id, such as W3F7K2M9QX1
        id: WithdrawalId,
        /// What its owner reads
        #[arg(long, default_value = "refused by the operator")]
        reason: String,
    },
    /// Forget a payment that the network refuses for good, and make another.
    ///
    /// Only for a withdrawal that is held. Make sure first that the old transaction can never be confirmed, such as because a
    /// transaction that spends the same inputs is deep in the chain: otherwise it is paid twice.
    Renew {
        /// Its id, such as W3F7K2M9QX1
        id: WithdrawalId,
        /// The id of the transaction that can never be confirmed
        #[arg(long, value_name = "TRANSACTION")]
        never_confirmed: String,
    },
    /// Hand no payment to any network until `resume`; what was sent is still watched
    Pause,
    /// Let payments go on
    Resume,
}

/// Does it and says so on standard output.
///
/// # Errors
/// If the withdrawal is in no state for that, or the database fails.
pub async fn run(store: &Store, command: WithdrawalCommand) -> anyhow::Result<()> {
    let now = Timestamp::now();
    match command {
        WithdrawalCommand::List => list(store).await?,
        WithdrawalCommand::Approve { id } => {
            if !store.approve_withdrawal(&id, now).await? {
                let record = known(store, &id).await?;
                if record.state == WithdrawalState::Requested {
                    bail!(
                        "{id} can be approved from {} on: its address is new",
                        record.earliest
                    );
                }
                bail!(
                    "{id} is {}; only what is requested can be approved",
                    record.state.name()
                );
            }
            println!("{id} is approved");
        }
        WithdrawalCommand::Refuse { id, reason } => {
            let length = reason.chars().count();
            ensure!(
                (1..=500).contains(&length),
                "the reason has {length} characters; allowed: 1 to 500"
            );
            if !store.refuse_withdrawal(&id, &reason, false, now).await? {
                let record = known(store, &id).await?;
                bail!(
                    "{id} is {} and may have been paid: it cannot be refused",
                    record.state.name()
                );
            }
            println!("{id} is refused, its amount is back in the wallet of its account");
        }
        WithdrawalCommand::Renew {
            id,
            never_confirmed,
        } => {
            let record = store.withdrawal(&id).await?;
            let payment = record.and_then(|record| record.payment);
            let Some(payment) = payment.filter(|payment| payment.transaction_id == never_confirmed)
            else {
                bail!("{never_confirmed} is not the payment of {id}");
            };
            if !store.renew_withdrawal(&id).await? {
                bail!(
                    "the network does not refuse {}: {id} stays as it is",
                    payment.transaction_id
                );
            }
            println!("{id} gets another payment");
        }
        WithdrawalCommand::Pause => {
            store.pause_withdrawals(true, now).await?;
            println!("withdrawals are paused");
        }
        WithdrawalCommand::Resume => {
            store.pause_withdrawals(false, now).await?;
            println!("withdrawals go on");
        }
    }
    Ok(())
}

async fn known(
    store: &Store,
    id: &WithdrawalId,
) -> anyhow::Result<idlewatt_protocol::api::Withdrawal> {
    match store.withdrawal(id).await? {
        Some(record) => Ok(record.withdrawal),
        None => bail!("there is no withdrawal {id}"),
    }
}

async fn list(store: &Store) -> anyhow::Result<()> {
    if store.withdrawals_paused().await? {
        println!("withdrawals are paused");
    }
    for asset in Asset::ALL.into_iter().filter(|asset| !asset.is_practice()) {
        if store.wallet_is_unasked(asset).await? {
            println!("{asset}: the wallet was not asked yet what it has paid since the backup");
        }
    }
    for record in store.open_withdrawals().await? {
        let (withdrawal, account) = (record.withdrawal, record.account);
        let payment = record.payment.map(|payment| payment.transaction_id);
        let seen = withdrawal.reason.as_deref().unwrap_or_default();
        println!(
            "{} {:9} {} of {account} to {}, from {} on{}{}{}{}",
            withdrawal.id,
            withdrawal.state.name(),
            withdrawal.amount,
            withdrawal.address,
            withdrawal.earliest,
            payment.as_ref().map_or("", |_| ", payment "),
            payment.as_deref().unwrap_or_default(),
            if seen.is_empty() { "" } else { ": " },
            seen
        );
    }
    Ok(())
}
