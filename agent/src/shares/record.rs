//! One receipt, and how many there are.

use std::fmt;

use idlewatt_kernels::{Algorithm, Digest};
use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::ReceiptsError;

/// What is known of a share's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Found and written down; not answered yet.
    Pending,
    /// The server took it.
    Accepted,
    /// The server refused it.
    Rejected,
    /// Its job was over.
    Stale,
    /// It never reached the hub, which was asked.
    Lost,
    /// The connection ended before the answer, and this source cannot be asked.
    Unknown,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] = [
        State::Pending,
        State::Accepted,
        State::Rejected,
        State::Stale,
        State::Lost,
        State::Unknown,
    ];

    /// The word in the database and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Accepted => "accepted",
            State::Rejected => "rejected",
            State::Stale => "stale",
            State::Lost => "lost",
            State::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A share that was just found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReceipt {
    /// Its identity.
    pub digest: Digest,
    /// Whom it was found for: the source's name.
    pub source: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The id of the processor that found it.
    pub processor: String,
    /// The server's id of its job.
    pub job_id: String,
    /// The nonce as a number; ProgPoW's lower half.
    pub nonce: u32,
    /// The extranonce2 as a number; 0 for RandomX, the upper half of the nonce for ProgPoW.
    pub extranonce2: u64,
    /// How many hashes such a share takes on average.
    pub work: u64,
}

/// A share and its fate, as on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its number in this file; rises.
    pub id: i64,
    /// The proof-of-work digest in hex.
    pub digest: String,
    /// Whom it was found for.
    pub source: String,
    /// Its fate.
    pub state: State,
    /// Why, in words.
    pub reason: Option<String>,
    /// The algorithm's name.
    pub algorithm: String,
    /// Which processor found it.
    pub processor: String,
    /// The server's id of its job.
    pub job_id: String,
    /// The nonce as a number; ProgPoW's lower half.
    pub nonce: u32,
    /// The extranonce2 as a number; ProgPoW's upper half of the nonce.
    pub extranonce2: u64,
    /// How many hashes such a share takes on average.
    pub work: u64,
    /// What the hub credited it with; `None` until the hub was asked, and for pools.
    pub credit: Option<Money>,
    /// What it was credited with beyond that, in 10^-12 of the asset's smallest unit.
    #[serde(default)]
    pub credit_fraction: u64,
    /// Its number at the hub.
    pub hub_sequence: Option<i64>,
    /// In which of the hub's settlements it became money; `None` until then.
    #[serde(default)]
    pub hub_settlement: Option<i64>,
    /// The hub's own receipt: with it the share can be claimed again from a hub that lost it.
    #[serde(default)]
    pub hub_receipt: Option<String>,
    /// Since when the hub does not have it any more, where it cannot be claimed again.
    #[serde(default)]
    pub lost_at: Option<Timestamp>,
    /// When it was found.
    pub found_at: Timestamp,
    /// When its fate was known.
    pub settled_at: Option<Timestamp>,
}

impl Receipt {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, ReceiptsError> {
        let id: i64 = row.try_get("id")?;
        let strange = |column, value: String| ReceiptsError::Row { id, column, value };
        let time = |column: &'static str, millis: i64| {
            Timestamp::from_millisecond(millis).map_err(|_| strange(column, millis.to_string()))
        };
        let state: String = row.try_get("state")?;
        let nonce: i64 = row.try_get("nonce")?;
        let extranonce2: String = row.try_get("extranonce2")?;
        let work: i64 = row.try_get("work")?;
        let settled_at: Option<i64> = row.try_get("settled_at")?;
        let lost_at: Option<i64> = row.try_get("lost_at")?;
        Ok(Receipt {
            id,
            digest: row.try_get("digest")?,
            source: row.try_get("source")?,
            state: State::of_name(&state).ok_or_else(|| strange("state", state))?,
            reason: row.try_get("reason")?,
            algorithm: row.try_get("algorithm")?,
            processor: row.try_get("processor")?,
            job_id: row.try_get("job_id")?,
            nonce: u32::try_from(nonce).map_err(|_| strange("nonce", nonce.to_string()))?,
            extranonce2: extranonce2
                .parse()
                .map_err(|_| strange("extranonce2", extranonce2))?,
            work: u64::try_from(work).map_err(|_| strange("work", work.to_string()))?,
            credit: credit(row, id)?,
            credit_fraction: row.try_get::<i64, _>("credit_fraction")?.unsigned_abs(),
            hub_sequence: row.try_get("hub_sequence")?,
            hub_settlement: row.try_get("hub_settlement")?,
            hub_receipt: row.try_get("hub_receipt")?,
            lost_at: lost_at.map(|millis| time("lost_at", millis)).transpose()?,
            found_at: time("found_at", row.try_get("found_at")?)?,
            settled_at: settled_at
                .map(|millis| time("settled_at", millis))
                .transpose()?,
        })
    }
}

/// The credit in a row, `None` while the hub was not asked.
pub(super) fn credit(row: &SqliteRow, id: i64) -> Result<Option<Money>, ReceiptsError> {
    let asset: Option<String> = row.try_get("credit_asset")?;
    let atomic: Option<String> = row.try_get("credit_atomic")?;
    let (Some(asset), Some(atomic)) = (asset, atomic) else {
        return Ok(None);
    };
    let strange = |column, value| ReceiptsError::Row { id, column, value };
    Ok(Some(Money {
        asset: asset
            .parse::<Asset>()
            .map_err(|_| strange("credit_asset", asset))?,
        atomic: atomic
            .parse()
            .map_err(|_| strange("credit_atomic", atomic))?,
    }))
}

/// How many shares are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareCounts {
    /// Not answered yet.
    pub pending: u64,
    /// Taken.
    pub accepted: u64,
    /// Refused.
    pub rejected: u64,
    /// Too late.
    pub stale: u64,
    /// Never arrived.
    pub lost: u64,
    /// Nobody can say.
    pub unknown: u64,
}

impl ShareCounts {
    /// How many are in one state.
    pub fn of(&mut self, state: State) -> &mut u64 {
        match state {
            State::Pending => &mut self.pending,
            State::Accepted => &mut self.accepted,
            State::Rejected => &mut self.rejected,
            State::Stale => &mut self.stale,
            State::Lost => &mut self.lost,
            State::Unknown => &mut self.unknown,
        }
    }
}

/// The counts of the whole file, and of what was settled since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Since the file was begun.
    pub all: ShareCounts,
    /// Since it was opened: what came into each state, whenever it was found.
    pub session: ShareCounts,
}

impl Totals {
    /// A share has come from one state, or from nowhere, into another.
    pub(super) fn moved(&mut self, from: Option<State>, to: State) {
        if let Some(from) = from {
            let count = self.all.of(from);
            *count = count.saturating_sub(1);
            let count = self.session.of(from);
            *count = count.saturating_sub(1);
        }
        *self.all.of(to) += 1;
        *self.session.of(to) += 1;
    }
}
