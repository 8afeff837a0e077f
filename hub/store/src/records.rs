//! What goes into a store and comes out of it, where the HTTP contract has no type for it.

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
    /// The code was never given out, was used before, or its time is over.
    #[error("this enrolment code is unknown, already used or expired")]
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
    pub(crate) algorithm: &'static str,
    pub(crate) upstream: &'static str,
    pub(crate) work: i64,
    pub(crate) credit: Money,
    pub(crate) credit_atomic: i64,
}

/// A share whose work or credit no real share can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share of {work} hashes credited with {credit} is outside what the books take")]
pub struct ShareError {
    work: u128,
    credit: Money,
}

impl VerifiedShare {
    /// The largest credit of one share in atomic units: a full batch of them still fits into 63 bits.
    pub const LARGEST_CREDIT: i64 = (1 << 53) - 1;

    /// Checks the figures.
    ///
    /// # Errors
    /// If the work is zero or beyond 63 bits, or the credit negative or above [`Self::LARGEST_CREDIT`].
    pub fn try_new(
        device: DeviceId,
        digest: [u8; 32],
        algorithm: &'static str,
        upstream: &'static str,
        work: u128,
        credit: Money,
    ) -> Result<Self, ShareError> {
        let refuse = ShareError { work, credit };
        let credit_atomic = i64::try_from(credit.atomic).map_err(|_| refuse)?;
        if work == 0 || !(0..=Self::LARGEST_CREDIT).contains(&credit_atomic) {
            return Err(refuse);
        }
        Ok(VerifiedShare {
            device,
            digest,
            algorithm,
            upstream,
            work: i64::try_from(work).map_err(|_| refuse)?,
            credit,
            credit_atomic,
        })
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
