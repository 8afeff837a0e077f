//! Everything held about an account, a page at a time, so that a million shares never are in memory together. Left out is
//! what belongs to others: who referred the account, and whom it has referred.

use std::collections::VecDeque;

use idlewatt_protocol::{AccountId, Asset, Money};
use serde::Serialize;

use crate::database::{Row, values};
use crate::read::amount;
use crate::{Store, StoreError};

/// Rows of one page.
const PAGE: i64 = 1_000;

/// One table of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportPart {
    /// The account itself.
    Account,
    /// Sessions that were not ended.
    Sessions,
    /// Devices with their last reports, also revoked ones.
    Devices,
    /// Enrolment tokens.
    EnrolmentTokens,
    /// Enrolment codes that were not used.
    EnrolmentCodes,
    /// Addresses that it has asked to be paid at.
    Addresses,
    /// Withdrawals.
    Withdrawals,
    /// Balances of its ledger accounts.
    Balances,
    /// Entries of its ledger accounts.
    Entries,
    /// Credited shares.
    Shares,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// None.
    Empty,
    /// A number.
    Number(i64),
    /// A text that the hub has made.
    Text(String),
    /// A text that somebody has typed in.
    Typed(String),
    /// JSON as it is stored.
    Json(String),
}

/// What comes next in an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A part begins.
    Begin(ExportPart),
    /// Rows of the part that began last: one value for each of [`ExportPart::columns`].
    Rows(Vec<Vec<Cell>>),
}

/// How a column is read.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    Typed,
    Time,
    Hex,
    Json,
    /// An amount in the smallest unit of the asset in the column with this number.
    Amount(usize),
}
use Kind::{Amount, Hex, Json, Number, Text, Time, Typed};

/// Whose rows a part's statement asks for, one after the other.
#[derive(Clone, Copy)]
enum Owners {
    Account,
    Devices,
    LedgerAccounts,
}

impl ExportPart {
    /// All parts, in the order of an export.
    pub const ALL: [ExportPart; 10] = [
        ExportPart::Account,
        ExportPart::Sessions,
        ExportPart::Devices,
        ExportPart::EnrolmentTokens,
        ExportPart::EnrolmentCodes,
        ExportPart::Addresses,
        ExportPart::Withdrawals,
        ExportPart::Balances,
        ExportPart::Entries,
        ExportPart::Shares,
    ];

    /// Its name in the JSON, and as `part`.
    pub fn name(self) -> &'static str {
        match self {
            ExportPart::Account => "account",
            ExportPart::Sessions => "sessions",
            ExportPart::Devices => "devices",
            ExportPart::EnrolmentTokens => "enrolment_tokens",
            ExportPart::EnrolmentCodes => "enrolment_codes",
            ExportPart::Addresses => "addresses",
            ExportPart::Withdrawals => "withdrawals",
            ExportPart::Balances => "balances",
            ExportPart::Entries => "entries",
            ExportPart::Shares => "shares",
        }
    }

    /// The names of its columns.
    pub fn columns(self) -> impl Iterator<Item = &'static str> {
        self.kinds().iter().map(|(name, _)| *name)
    }

    fn kinds(self) -> &'static [(&'static str, Kind)] {
        match self {
            ExportPart::Account => &[
                ("account", Text),
                ("created", Time),
                ("referral_code", Text),
                ("referred", Time),
                ("totp", Number),
            ],
            ExportPart::Sessions => &[("session", Text), ("created", Time), ("expires", Time)],
            ExportPart::Devices => &[
                ("device", Text),
                ("name", Typed),
                ("group", Typed),
                ("worker", Typed),
                ("created", Time),
                ("public_key", Hex),
                ("limit_percent", Number),
                ("revoked", Time),
                ("reported", Time),
                ("report", Json),
            ],
            ExportPart::EnrolmentTokens => &[
                ("id", Text),
                ("name", Typed),
                ("group", Typed),
                ("limit", Number),
                ("used", Number),
                ("created", Time),
                ("expires", Time),
                ("revoked", Time),
            ],
            ExportPart::EnrolmentCodes => &[("expires", Time)],
            ExportPart::Addresses => &[
                ("asset", Text),
                ("address", Typed),
                ("first_seen", Time),
                ("usable_from", Time),
            ],
            ExportPart::Withdrawals => &[
                ("withdrawal", Text),
                ("asset", Text),
                ("address", Typed),
                ("amount", Amount(1)),
                ("fee", Amount(1)),
                ("state", Text),
                ("reason", Text),
                ("requested", Time),
                ("approve_from", Time),
                ("approved", Time),
                ("sent", Time),
                ("transaction", Text),
                ("network_fee", Amount(1)),
                ("confirmed", Time),
            ],
            ExportPart::Balances => &[
                ("ledger_account", Text),
                ("asset", Text),
                ("amount", Amount(1)),
            ],
            ExportPart::Entries => &[
                ("ledger_account", Text),
                ("asset", Text),
                ("amount", Amount(1)),
                ("transfer", Number),
                ("kind", Text),
                ("subject", Text),
                ("at", Time),
            ],
            ExportPart::Shares => &[
                ("device", Text),
                ("sequence", Number),
                ("digest", Hex),
                ("algorithm", Text),
                ("upstream", Text),
                ("work", Number),
                ("asset", Text),
                ("credit", Amount(6)),
                ("credit_fraction", Number),
                ("fee", Amount(6)),
                ("fee_fraction", Number),
                ("at", Time),
                ("settlement", Number),
            ],
        }
    }

    /// Rows of the owner `$1` behind the key (`$2`, `$3`), at most `$4`. The first two columns are the key.
    fn statement(self) -> (Owners, &'static str) {
        match self {
            ExportPart::Account => (
                Owners::Account,
                "SELECT id, CAST(0 AS BIGINT), id, created_at, referral_code, referred_at, totp_confirmed \
                 FROM accounts WHERE id = $1 AND (id, 0) > ($2, $3) LIMIT $4",
            ),
            ExportPart::Sessions => (
                Owners::Account,
                "SELECT id, CAST(0 AS BIGINT), id, created_at, expires_at \
                 FROM sessions WHERE account = $1 AND (id, 0) > ($2, $3) ORDER BY id LIMIT $4",
            ),
            ExportPart::Devices => (
                Owners::Account,
                "SELECT devices.id, CAST(0 AS BIGINT), devices.id, name, group_name, worker, created_at, public_key, \
                 limit_percent, revoked_at, reports.at, reports.body \
                 FROM devices LEFT JOIN reports ON reports.device = devices.id \
                 WHERE account = $1 AND (devices.id, 0) > ($2, $3) ORDER BY devices.id LIMIT $4",
            ),
            ExportPart::EnrolmentTokens => (
                Owners::Account,
                "SELECT id, CAST(0 AS BIGINT), id, name, group_name, device_limit, used, created_at, expires_at, revoked_at \
                 FROM enrolment_tokens WHERE account = $1 AND (id, 0) > ($2, $3) ORDER BY id LIMIT $4",
            ),
            ExportPart::EnrolmentCodes => (
                Owners::Account,
                "SELECT '', expires_at, expires_at FROM enrolment_codes \
                 WHERE account = $1 AND ('', expires_at) > ($2, $3) ORDER BY expires_at LIMIT $4",
            ),
            ExportPart::Addresses => (
                Owners::Account,
                "SELECT asset || ':' || address, CAST(0 AS BIGINT), asset, address, first_seen, usable_from FROM addresses \
                 WHERE account = $1 AND (asset || ':' || address, 0) > ($2, $3) ORDER BY asset || ':' || address LIMIT $4",
            ),
            ExportPart::Withdrawals => (
                Owners::Account,
                "SELECT id, CAST(0 AS BIGINT), id, asset, address, CAST(amount AS TEXT), CAST(fee AS TEXT), state, reason, \
                 requested_at, approve_from, approved_at, sent_at, transaction_id, CAST(network_fee AS TEXT), \
                 confirmed_at FROM withdrawals WHERE account = $1 AND (id, 0) > ($2, $3) ORDER BY id LIMIT $4",
            ),
            ExportPart::Balances => (
                Owners::LedgerAccounts,
                "SELECT asset, CAST(0 AS BIGINT), ledger_account, asset, amount FROM balances \
                 WHERE ledger_account = $1 AND (asset, 0) > ($2, $3) ORDER BY asset LIMIT $4",
            ),
            ExportPart::Entries => (
                Owners::LedgerAccounts,
                "SELECT asset, transfer, ledger_account, asset, CAST(amount AS TEXT), transfer, transfers.kind, \
                 transfers.subject, transfers.at FROM entries JOIN transfers ON transfers.id = entries.transfer \
                 WHERE ledger_account = $1 AND (asset, transfer) > ($2, $3) ORDER BY asset, transfer LIMIT $4",
            ),
            ExportPart::Shares => (
                Owners::Devices,
                "SELECT '', sequence, device, sequence, digest, algorithm, upstream, work, asset, CAST(credit AS TEXT), \
                 credit_fraction, CAST(fee AS TEXT), fee_fraction, batches.at, batches.settlement \
                 FROM shares JOIN batches ON batches.id = shares.batch \
                 WHERE device = $1 AND '' = $2 AND sequence > $3 ORDER BY sequence LIMIT $4",
            ),
        }
    }
}

/// An export on its way.
pub struct Export {
    store: Store,
    account: AccountId,
    parts: VecDeque<ExportPart>,
    /// The part at hand, and whose rows of it are still to come.
    at_hand: Option<(ExportPart, VecDeque<String>)>,
    /// Behind which row of the first of these.
    key: (String, i64),
}

impl Store {
    /// Begins an export of these parts.
    pub fn export(&self, account: &AccountId, parts: &[ExportPart]) -> Export {
        Export {
            store: self.clone(),
            account: account.clone(),
            parts: parts.iter().copied().collect(),
            at_hand: None,
            key: Export::first_key(),
        }
    }

    async fn export_owners(
        &self,
        account: &AccountId,
        owners: Owners,
    ) -> Result<VecDeque<String>, StoreError> {
        let sql = match owners {
            Owners::Account => return Ok(VecDeque::from([account.as_str().to_owned()])),
            Owners::Devices => "SELECT id FROM devices WHERE account = $1 ORDER BY id",
            Owners::LedgerAccounts => {
                "SELECT 'wallet:' || $1 UNION ALL SELECT 'referrals:' || $1 UNION ALL SELECT 'released:' || $1 \
                 UNION ALL SELECT 'device:' || id FROM devices WHERE account = $1 \
                 UNION ALL SELECT 'released:' || id FROM devices WHERE account = $1 \
                 UNION ALL SELECT 'withdrawal:' || id FROM withdrawals WHERE account = $1"
            }
        };
        let rows = self.pools.rows(sql, values![account]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Export {
    fn first_key() -> (String, i64) {
        (String::new(), 0)
    }

    /// What comes next; `None` at the end.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next(&mut self) -> Result<Option<Piece>, StoreError> {
        loop {
            let Some((part, owners)) = &mut self.at_hand else {
                let Some(part) = self.parts.pop_front() else {
                    return Ok(None);
                };
                let (owners, _) = part.statement();
                let owners = self.store.export_owners(&self.account, owners).await?;
                self.at_hand = Some((part, owners));
                return Ok(Some(Piece::Begin(part)));
            };
            let Some(owner) = owners.front() else {
                self.at_hand = None;
                continue;
            };
            let (_, sql) = part.statement();
            let (text, number) = &self.key;
            let rows = self
                .store
                .pools
                .rows(sql, values![owner, text, *number, PAGE])
                .await?;
            match rows.last() {
                Some(last) if rows.len() as i64 == PAGE => self.key = (last.get(0)?, last.get(1)?),
                _ => {
                    owners.pop_front();
                    self.key = Self::first_key();
                }
            }
            if !rows.is_empty() {
                let kinds = part.kinds();
                let rows = rows.iter().map(|row| cells(row, kinds));
                return Ok(Some(Piece::Rows(rows.collect::<Result<_, _>>()?)));
            }
        }
    }
}

fn cells(row: &Row, kinds: &[(&str, Kind)]) -> Result<Vec<Cell>, StoreError> {
    let mut cells = Vec::with_capacity(kinds.len());
    for (place, (_, kind)) in kinds.iter().enumerate() {
        let column = place + 2;
        cells.push(match kind {
            Kind::Number => row.get::<Option<i64>>(column)?.map(Cell::Number),
            Kind::Text => row.get::<Option<String>>(column)?.map(Cell::Text),
            Kind::Typed => row.get::<Option<String>>(column)?.map(Cell::Typed),
            Kind::Json => row.get::<Option<String>>(column)?.map(Cell::Json),
            Kind::Time => row
                .optional_time(column)?
                .map(|at| Cell::Text(at.to_string())),
            Kind::Hex => row
                .get::<Option<Vec<u8>>>(column)?
                .map(|bytes| Cell::Text(hex::encode(bytes))),
            Kind::Amount(asset) => match row.get::<Option<String>>(column)? {
                None => None,
                Some(text) => {
                    let asset: Asset = row.parse(asset + 2)?;
                    let atomic = amount(&text)?;
                    Some(Cell::Text(Money { asset, atomic }.amount()))
                }
            },
        });
    }
    Ok(cells
        .into_iter()
        .map(|cell| cell.unwrap_or(Cell::Empty))
        .collect())
}
