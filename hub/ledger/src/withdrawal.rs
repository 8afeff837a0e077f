//! The transfers of a withdrawal: set aside when it is asked for; then paid out, or given back.

use idlewatt_protocol::{AccountId, Money, WithdrawalId};

use crate::{Entry, LedgerAccount, Transfer, TransferError, TransferKind};

/// Sets the amount aside.
///
/// # Errors
/// If the amount is zero.
pub fn requested(
    account: &AccountId,
    withdrawal: &WithdrawalId,
    amount: Money,
) -> Result<Transfer, TransferError> {
    let to = [
        (LedgerAccount::Wallet(account.clone()), -amount.atomic),
        (LedgerAccount::Withdrawal(withdrawal.clone()), amount.atomic),
    ];
    make(TransferKind::WithdrawalRequested, amount, to)
}

/// Gives the amount back.
///
/// # Errors
/// If the amount is zero.
pub fn refused(
    account: &AccountId,
    withdrawal: &WithdrawalId,
    amount: Money,
) -> Result<Transfer, TransferError> {
    let to = [
        (
            LedgerAccount::Withdrawal(withdrawal.clone()),
            -amount.atomic,
        ),
        (LedgerAccount::Wallet(account.clone()), amount.atomic),
    ];
    make(TransferKind::WithdrawalRefused, amount, to)
}

/// Books what has left the vault: the amount less the hub's `fee`, and the `network_fee` in atomic units, which the
/// operator bears.
///
/// # Errors
/// If the amount is zero, or a sum goes beyond 127 bits.
pub fn confirmed(
    withdrawal: &WithdrawalId,
    amount: Money,
    fee: i128,
    network_fee: i128,
    vault: &str,
) -> Result<Transfer, TransferError> {
    let too_large = TransferError::TooLarge(amount.asset);
    let kept = fee.checked_sub(network_fee).ok_or(too_large.clone())?;
    let left = amount.atomic.checked_sub(kept).ok_or(too_large)?;
    let to = [
        (
            LedgerAccount::Withdrawal(withdrawal.clone()),
            -amount.atomic,
        ),
        (LedgerAccount::Operator, kept),
        (LedgerAccount::Vault(vault.to_owned()), left),
    ];
    make(TransferKind::WithdrawalConfirmed, amount, to)
}

fn make<const N: usize>(
    kind: TransferKind,
    amount: Money,
    to: [(LedgerAccount, i128); N],
) -> Result<Transfer, TransferError> {
    let asset = amount.asset;
    let entry = |(account, atomic)| Entry {
        account,
        amount: Money { asset, atomic },
    };
    let moved = to.into_iter().filter(|(_, atomic)| *atomic != 0);
    Transfer::try_new(kind, moved.map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idlewatt_protocol::Asset;

    fn moved(transfer: &Transfer, account: &LedgerAccount) -> i128 {
        let mut entries = transfer.entries().iter();
        entries
            .find(|entry| &entry.account == account)
            .map_or(0, |entry| entry.amount.atomic)
    }

    #[test]
    fn what_leaves_the_vault_is_what_arrives_and_the_network_s_fee() {
        let id = WithdrawalId::random();
        let amount = Money {
            asset: Asset::Monero,
            atomic: 1_000,
        };
        for (fee, network_fee) in [(30, 12), (30, 30), (0, 7), (30, 45)] {
            let transfer = confirmed(&id, amount, fee, network_fee, "monero").expect("balances");
            let vault = LedgerAccount::Vault("monero".into());
            assert_eq!(moved(&transfer, &vault), 1_000 - fee + network_fee);
            assert_eq!(
                moved(&transfer, &LedgerAccount::Operator),
                fee - network_fee
            );
            assert_eq!(
                moved(&transfer, &LedgerAccount::Withdrawal(id.clone())),
                -1_000
            );
        }
    }

    #[test]
    fn what_is_set_aside_comes_back_whole() {
        let (account, id) = (AccountId::random(), WithdrawalId::random());
        let amount = Money {
            asset: Asset::Bitcoin,
            atomic: 77,
        };
        let there = requested(&account, &id, amount).expect("balances");
        let back = refused(&account, &id, amount).expect("balances");
        for name in [
            LedgerAccount::Wallet(account),
            LedgerAccount::Withdrawal(id),
        ] {
            assert_eq!(moved(&there, &name) + moved(&back, &name), 0);
            assert_eq!(moved(&there, &name).abs(), 77);
        }
        assert!(
            requested(
                &AccountId::random(),
                &WithdrawalId::random(),
                Money::zero(Asset::Monero)
            )
            .is_err()
        );
    }
}
