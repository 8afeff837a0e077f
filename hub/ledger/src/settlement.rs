//! A settlement: what each device's shares are worth becomes whole units for the device, its referrers and the operator.
//! What is below the smallest unit is carried to the next settlement, for each payee by itself.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use idlewatt_protocol::{AccountId, Asset, DeviceId, Money};

use crate::{Entry, Exact, LedgerAccount, Transfer, TransferError, TransferKind};

/// How many referrers one behind the other take part at most.
pub const MOST_TIERS: usize = 3;

/// Who is due something. Written as the key that its remainder is kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Payee {
    /// A device, for its shares: `device:D…`.
    Device(DeviceId),
    /// An account, for a device that it has referred: `referral:A…/D…/1`.
    Referral {
        /// The referrer.
        account: AccountId,
        /// The device that brought it.
        device: DeviceId,
        /// 1: the referrer itself; 2: the referrer's referrer; 3: that one's.
        tier: u8,
    },
    /// The operator: `operator`.
    Operator,
}

impl Payee {
    /// The account of the books that it is paid to.
    pub fn ledger_account(&self) -> LedgerAccount {
        match self {
            Payee::Device(device) => LedgerAccount::Device(device.clone()),
            Payee::Referral { account, .. } => LedgerAccount::Referrals(account.clone()),
            Payee::Operator => LedgerAccount::Operator,
        }
    }
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payee::Device(device) => write!(f, "device:{device}"),
            Payee::Referral {
                account,
                device,
                tier,
            } => write!(f, "referral:{account}/{device}/{tier}"),
            Payee::Operator => f.write_str("operator"),
        }
    }
}

/// What a device's shares of one settlement, upstream and asset are worth together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worth {
    /// Whose shares.
    pub device: DeviceId,
    /// The device's part, in 10^-12 of the smallest unit.
    pub credit: i128,
    /// The operator's fee, out of which referrers are paid, in 10^-12 of the smallest unit.
    pub fee: i128,
    /// Who referred the device's account, nearest first. `None` takes nothing, such as an account that was closed.
    pub referrers: Vec<Option<AccountId>>,
}

/// What everybody is due, in 10^-12 of the smallest unit. The dues are together exactly the credits and fees. `tiers` are
/// the referrers' parts of the fee in basis points, nearest first; what no referrer takes is the operator's.
pub fn dues(asset: Asset, worth: &[Worth], tiers: &[u32]) -> BTreeMap<Payee, i128> {
    let mut dues = BTreeMap::new();
    let mut add = |payee, parts| {
        if parts != 0 {
            *dues.entry(payee).or_default() += parts;
        }
    };
    for Worth {
        device,
        credit,
        fee,
        referrers,
    } in worth
    {
        add(Payee::Device(device.clone()), *credit);
        let fee = Exact { asset, parts: *fee };
        let mut left = fee.parts;
        for ((tier, part), account) in (1..).zip(tiers).zip(referrers).take(MOST_TIERS) {
            let Some(account) = account else { continue };
            let (_, taken) = fee.take_off(*part);
            let taken = taken.parts.min(left);
            left -= taken;
            let payee = Payee::Referral {
                account: account.clone(),
                device: device.clone(),
                tier,
            };
            add(payee, taken);
        }
        add(Payee::Operator, left);
    }
    dues
}

/// What a settlement writes for one upstream and asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// From the upstream to everybody who is paid; `None` while nobody is due a whole unit.
    pub transfer: Option<Transfer>,
    /// What each payee is left with, in 10^-12 of the smallest unit, where that has changed.
    pub remainders: Vec<(Payee, i64)>,
    /// Whole units for referrers, by the devices that brought them.
    pub commissions: Vec<(Payee, i128)>,
}

/// Pays whole units of what is due and what was left `before`, by [`Payee`] as it is written.
///
/// # Errors
/// If a sum is beyond 127 bits.
pub fn settle(
    upstream: &str,
    asset: Asset,
    dues: BTreeMap<Payee, i128>,
    before: &HashMap<String, i64>,
) -> Result<Settlement, TransferError> {
    let too_large = || TransferError::TooLarge(asset);
    let mut paid: BTreeMap<LedgerAccount, i128> = BTreeMap::new();
    let (mut remainders, mut commissions) = (Vec::new(), Vec::new());
    let mut owed = 0i128;
    for (payee, due) in dues {
        let left = before.get(&payee.to_string()).copied().unwrap_or(0);
        let parts = due.checked_add(left.into()).ok_or_else(too_large)?;
        let total = Exact { asset, parts };
        let whole = total.money().atomic;
        if total.fraction() != left {
            remainders.push((payee.clone(), total.fraction()));
        }
        if whole == 0 {
            continue;
        }
        owed = owed.checked_add(whole).ok_or_else(too_large)?;
        *paid.entry(payee.ledger_account()).or_default() += whole;
        if matches!(payee, Payee::Referral { .. }) {
            commissions.push((payee, whole));
        }
    }
    let upstream = (LedgerAccount::Upstream(upstream.to_owned()), -owed);
    let entries = paid.into_iter().chain([upstream]);
    let entries: Vec<Entry> = entries
        .filter(|(_, atomic)| *atomic != 0)
        .map(|(account, atomic)| Entry {
            account,
            amount: Money { asset, atomic },
        })
        .collect();
    let transfer = match entries.is_empty() {
        true => None,
        false => Some(Transfer::try_new(TransferKind::Settlement, entries)?),
    };
    Ok(Settlement {
        transfer,
        remainders,
        commissions,
    })
}
