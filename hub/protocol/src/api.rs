//! Requests and answers, one pair a route. Secrets go as `Authorization: Bearer …`: an account key or a session's token
//! where it says *account*, a device token where it says *device*. Every error answers with [`ErrorAnswer`].

mod account;
mod closing;
mod device;
mod earned;
mod fleet;
mod health;
mod price;
mod referral;
mod share;
mod withdrawal;

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, AccountKey, Money};

pub use account::{
    AccountDeleted, DeleteAccount, NewAccount, Session, SessionCreated, Sessions, TotpBegun,
    TotpCode, TotpState,
};
pub use closing::{Closing, ClosingLeaf, ClosingProof, ClosingProofs, Closings};
pub use device::{
    AskChallenge, Challenge, DeviceEnrolled, DeviceOrders, DeviceReport, EnrolDevice,
    EnrolmentCreated, NewDeviceToken, ProcessorReport, ShareCounts, TokenRequest,
};
pub use earned::{
    AccountEarnings, DayEarnings, DeviceDays, DeviceEarnings, EarnedLately, EarningsByDay,
    EarningsByDevice,
};
pub use fleet::{
    ChangeDevice, DeviceState, Devices, EnrolmentTokenCreated, FleetToken, FleetTokens, Group,
    GroupLimited, Groups, LimitGroup, NewEnrolmentToken,
};
pub use health::Readiness;
pub use price::{CoinPrices, Prices};
pub use referral::{Referral, ReferralTier, Referrals, SetReferrer};
pub use share::{CreditedShare, CreditedShares, Earnings, FindShares, ResendShares, Resent};
pub use withdrawal::{
    AskQuote, AskWithdrawal, UnknownWithdrawalState, Withdrawal, WithdrawalQuote, WithdrawalState,
    Withdrawals,
};

/// `POST /v1/accounts` (open): a new account. The key is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountCreated {
    /// Its public name.
    pub account: AccountId,
    /// The only thing that opens it.
    pub key: AccountKey,
}

/// `GET /v1/work` (open): what the hub has work for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkOffers {
    /// The port of the Stratum server, on the host that answered.
    pub stratum_port: u16,
    /// The port on which the same is spoken under TLS, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum_tls_port: Option<u16>,
    /// One entry an algorithm.
    pub offers: Vec<WorkOffer>,
}

/// Work for one algorithm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkOffer {
    /// The algorithm's name.
    pub algorithm: String,
    /// Which upstream it comes from: `practice`, `monerod`, `bitcoind` or `pool`.
    pub upstream: String,
    /// What 10^12 hashes are credited with at present.
    pub credit_per_terahash: Money,
    /// `false` while the upstream cannot be reached.
    pub available: bool,
    /// The port of its Stratum server where that is not [`WorkOffers::stratum_port`]: dialects that begin with the
    /// same line have a port each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum_port: Option<u16>,
    /// The same under TLS, where that is not [`WorkOffers::stratum_tls_port`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum_tls_port: Option<u16>,
}

/// `GET /v1/blocks` (open): the newest blocks that devices of this hub found, highest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Blocks {
    /// At most 1,000.
    pub blocks: Vec<Block>,
}

/// A block that a device found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Block {
    /// Its height in the chain.
    pub height: u64,
    /// Its id in hex, as the network writes it.
    pub hash: String,
    /// Where the template came from.
    pub upstream: String,
    /// What became of it.
    pub state: BlockState,
    /// When it was found.
    pub at: Timestamp,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BlockState {
    /// Handed in; its fate is not known yet.
    Submitted,
    /// It is the main chain's block at its height.
    Found,
    /// It was for long enough: its reward can be spent.
    Matured,
    /// Another block is the main chain's at its height.
    Orphaned,
    /// The network refused it.
    Refused,
}

impl BlockState {
    /// Every state.
    pub const ALL: [BlockState; 5] = [
        BlockState::Submitted,
        BlockState::Found,
        BlockState::Matured,
        BlockState::Orphaned,
        BlockState::Refused,
    ];

    /// The word for it, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            BlockState::Submitted => "submitted",
            BlockState::Found => "found",
            BlockState::Matured => "matured",
            BlockState::Orphaned => "orphaned",
            BlockState::Refused => "refused",
        }
    }
}

/// A text that names no state of a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown block state \"{0}\"; allowed: submitted, found, matured, orphaned, refused")]
pub struct UnknownBlockState(pub String);

impl FromStr for BlockState {
    type Err = UnknownBlockState;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        BlockState::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| UnknownBlockState(name.to_owned()))
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorAnswer {
    /// A fixed word for programs: `unauthorized`, `totp` (a code of the authenticator app is missing or wrong), `not_found`,
    /// `bad_request`, `conflict`, `too_many_requests`,
    /// `unavailable`, `internal`.
    pub error: String,
    /// A sentence for people: what, where and what is allowed.
    pub message: String,
}

/// The single line that `idlewatt-hub --announce` prints on standard output once it listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HubListening {
    /// Base address of the HTTP API, such as `http://127.0.0.1:41234`.
    pub http: String,
    /// Address of the Stratum server, such as `127.0.0.1:41235`.
    pub stratum: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_states_are_the_same_word_everywhere() {
        for state in BlockState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            let json = serde_json::to_string(&state).expect("a word serialises");
            assert_eq!(json, format!("\"{}\"", state.name()));
        }
        assert!("lost".parse::<BlockState>().is_err());
    }
}
