//! A transfer: entries that sum to zero in every asset.

use std::collections::{BTreeMap, HashSet};

use idlewatt_protocol::{Asset, Money};

use crate::LedgerAccount;

/// Why a transfer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// Shares were credited: from the upstream to devices, referrers and the operator.
    Settlement,
    /// Earnings became withdrawable.
    Release,
    /// A block's reward can be spent: the upstream has paid.
    Block,
    /// A withdrawal was asked for: its amount is set aside.
    WithdrawalRequested,
    /// It was paid and the network has confirmed it.
    WithdrawalConfirmed,
    /// It was refused: its amount is back in the wallet.
    WithdrawalRefused,
    /// An account was closed and its owner gave up what was left.
    Forfeit,
}

impl TransferKind {
    /// The word it is stored as.
    pub fn name(self) -> &'static str {
        match self {
            TransferKind::Settlement => "settlement",
            TransferKind::Release => "release",
            TransferKind::Block => "block",
            TransferKind::WithdrawalRequested => "withdrawal-requested",
            TransferKind::WithdrawalConfirmed => "withdrawal-confirmed",
            TransferKind::WithdrawalRefused => "withdrawal-refused",
            TransferKind::Forfeit => "forfeit",
        }
    }
}

/// One line of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose balance changes.
    pub account: LedgerAccount,
    /// By how much; positive is credit.
    pub amount: Money,
}

/// Entries that sum to zero in every asset. Cannot be made any other way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    kind: TransferKind,
    entries: Vec<Entry>,
}

/// Entries that make no transfer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// Something would appear or be lost.
    #[error("the entries leave {0} over instead of zero")]
    Unbalanced(Money),
    /// A sum beyond 127 bits.
    #[error("the entries in {0} are too large to add up")]
    TooLarge(Asset),
    /// An account twice in one asset, so that one line hides another.
    #[error("{0} occurs twice in {1}")]
    Repeated(LedgerAccount, Asset),
    /// No entries.
    #[error("a transfer without entries")]
    Empty,
}

impl Transfer {
    /// Checks and makes one.
    ///
    /// # Errors
    /// If there are no entries, an account occurs twice in an asset, or a sum is not zero.
    pub fn try_new(kind: TransferKind, entries: Vec<Entry>) -> Result<Self, TransferError> {
        if entries.is_empty() {
            return Err(TransferError::Empty);
        }
        let mut sums: BTreeMap<Asset, i128> = BTreeMap::new();
        let mut seen = HashSet::new();
        for entry in &entries {
            let Money { asset, atomic } = entry.amount;
            if !seen.insert((&entry.account, asset)) {
                return Err(TransferError::Repeated(entry.account.clone(), asset));
            }
            let sum = sums.entry(asset).or_default();
            *sum = sum
                .checked_add(atomic)
                .ok_or(TransferError::TooLarge(asset))?;
        }
        match sums.into_iter().find(|(_, sum)| *sum != 0) {
            Some((asset, atomic)) => Err(TransferError::Unbalanced(Money { asset, atomic })),
            None => Ok(Transfer { kind, entries }),
        }
    }

    /// Why it was made.
    pub fn kind(&self) -> TransferKind {
        self.kind
    }

    /// Its lines.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(name: &str, asset: Asset, atomic: i128) -> Entry {
        Entry {
            account: LedgerAccount::Upstream(name.into()),
            amount: Money { asset, atomic },
        }
    }

    #[test]
    fn each_asset_must_balance_by_itself() {
        let entries = vec![entry("a", Asset::Monero, 5), entry("b", Asset::Bitcoin, -5)];
        assert!(matches!(
            Transfer::try_new(TransferKind::Settlement, entries),
            Err(TransferError::Unbalanced(_))
        ));
        let repeated = vec![entry("a", Asset::Monero, 5), entry("a", Asset::Monero, -5)];
        assert!(matches!(
            Transfer::try_new(TransferKind::Settlement, repeated),
            Err(TransferError::Repeated(..))
        ));
        assert_eq!(
            Transfer::try_new(TransferKind::Settlement, Vec::new()),
            Err(TransferError::Empty)
        );
    }

    proptest! {
        #[test]
        fn only_balanced_entries_make_a_transfer(
            amounts in prop::collection::vec(-1000i128..1000, 1..6),
            off in -3i128..=3,
        ) {
            let mut entries: Vec<Entry> = amounts
                .iter()
                .enumerate()
                .map(|(index, atomic)| entry(&format!("u{index}"), Asset::Practice, *atomic))
                .collect();
            let sum: i128 = amounts.iter().sum();
            entries.push(entry("last", Asset::Practice, off - sum));
            let made = Transfer::try_new(TransferKind::Settlement, entries);
            prop_assert_eq!(made.is_ok(), off == 0);
        }
    }
}
