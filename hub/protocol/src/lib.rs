//! The HTTP contract of Idlewatt's agent and hub: types, ids and money. No I/O.

#![forbid(unsafe_code)]

pub mod api;
pub mod id;
pub mod money;
#[cfg(test)]
mod openapi;

pub use id::{
    AccountId, AccountKey, DeviceId, DeviceToken, EnrolmentCode, EnrolmentSecret, EnrolmentToken,
    EnrolmentTokenId, OperatorSecret, ParseIdError, ReferralCode, SessionId, SessionToken,
    WithdrawalId,
};
pub use money::{Asset, Money};
