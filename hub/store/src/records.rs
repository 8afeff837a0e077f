//! What goes into a store and comes out of it, where the HTTP contract has no type for it.

use std::borrow::Cow;

use idlewatt_ledger::Exact;
use idlewatt_protocol::{AccountId, DeviceId, Money};

/// A device and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The account it works for.
    pub account: AccountId,
    /// Its id.
    pub device: DeviceId,
}

/// Why a device was not added.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The code or token was never given out, is used up, revoked, or its time is over.
    #[error("this enrolment code or token is unknown, used up, revoked or expired")]
    Code,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::StoreError),
}

/// A share whose digest the hub computed itself and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedShare {
    pub(crate) device: DeviceId,
    pub(crate) digest: [u8; 32],
    pub(crate) algorithm: Cow<'static, str>,
    pub(crate) upstream: Cow<'static, str>,
    pub(crate) work: i64,
    pub(crate) credit: Exact,
    pub(crate) fee: Exact,
}

/// A share whose work or credit no real share can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share of {work} hashes credited with {credit} is outside what the books take")]
pub struct ShareError {
    work: u128,
    credit: Money,
}

impl VerifiedShare {
    /// The largest credit of one share, and the largest fee, in atomic units.
    pub const LARGEST_CREDIT: i128 = (1 << 53) - 1;

    /// Checks the figures. `credit` is the device's, `fee` the operator's.
    ///
    /// # Errors
    /// If the work is zero or beyond 63 bits, the credit or the fee negative or above [`Self::LARGEST_CREDIT`], or the two are
    /// of different assets.
    pub fn try_new(
        device: DeviceId,
        digest: [u8; 32],
        algorithm: impl Into<Cow<'static, str>>,
        upstream: impl Into<Cow<'static, str>>,
        work: u128,
        credit: Exact,
        fee: Exact,
    ) -> Result<Self, ShareError> {
        let refuse = ShareError {
            work,
            credit: credit.money(),
        };
        let allowed =
            |amount: Exact| amount.parts >= 0 && amount.money().atomic <= Self::LARGEST_CREDIT;
        if work == 0 || credit.asset != fee.asset || !allowed(credit) || !allowed(fee) {
            return Err(refuse);
        }
        Ok(VerifiedShare {
            device,
            digest,
            algorithm: algorithm.into(),
            upstream: upstream.into(),
            work: i64::try_from(work).map_err(|_| refuse)?,
            credit,
            fee,
        })
    }

    pub(crate) fn credit_atomic(&self) -> i64 {
        self.credit.money().atomic as i64
    }

    pub(crate) fn fee_atomic(&self) -> i64 {
        self.fee.money().atomic as i64
    }
}

/// This digest has been credited before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this share has been credited before")]
pub struct Duplicate;

/// A block about to be handed to its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBlock {
    /// Its id in hex.
    pub hash: String,
    /// Its height.
    pub height: u64,
    /// The upstream that gave the template.
    pub upstream: &'static str,
    /// Who found it.
    pub device: DeviceId,
    /// The whole block as the network wants it.
    pub body: Vec<u8>,
}

/// A block whose fate is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBlock {
    /// Its id in hex.
    pub hash: String,
    /// Its height.
    pub height: u64,
    /// The whole block.
    pub body: Vec<u8>,
}

/// A block that the chain may still change its mind about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YoungBlock {
    /// Its id in hex.
    pub hash: String,
    /// Its height.
    pub height: u64,
    /// Whether another block was the main chain's at its height when it was last looked at.
    pub orphaned: bool,
}

/// Whether the books add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Transfers looked at.
    pub transfers: u64,
    /// Shares looked at.
    pub shares: u64,
    /// One sentence a fault; empty is good.
    pub faults: Vec<String>,
}
