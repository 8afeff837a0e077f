//! The hub's daily closings: whether one was changed since it was first seen, that this device stands in each with exactly
//! the shares that its receipts say, and that what it had earned by then follows from them.
//!
//! A hub that was restored from a backup has to close the days since anew, with other hashes. From here that looks
//! like a hub that rewrites its history, so it is called neither: what it was before is kept and told for ever, and what there is now is
//! verified like every closing. Wrong is only what does not agree with this device's receipts.

use std::collections::BTreeMap;

use idlewatt_protocol::Asset;
use idlewatt_protocol::api::{Closing, ClosingLeaf, ClosingProof};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::reconcile::{Reconciler, SettleError};
use super::record::credit;
use super::remembered::{ClosingsChange, Verified};
use super::{Receipts, ReceiptsError};

/// Problems listed; a hub that is wrong everywhere needs no longer list.
const LISTED: usize = 100;
/// What the first closing names as the one before.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Parts of a smallest unit.
const PARTS: i128 = 1_000_000_000_000;
/// Below the smallest unit something is left over after each settlement, for each upstream: so many units may lie
/// between what the shares add up to and what was earned.
const LEFT_OVER: i128 = 16;
/// Shares of the last minutes before the receipts were begun may be settled after that.
const SETTLED_BY: SignedDuration = SignedDuration::from_mins(10);

/// What was found of the hub's closings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingsReport {
    /// How many were verified this time; those before are remembered.
    pub verified: u64,
    /// The last one of the chain; `None` if the hub has none yet.
    pub last: Option<ClosedDay>,
    /// In how many of them this device's shares were compared with its receipts.
    pub compared: u64,
    /// In how many they could not be, for the receipts were begun later.
    pub before_the_receipts: u64,
    /// What is wrong, in words, up to a hundred; empty is good.
    pub problems: Vec<String>,
    /// Closings that were others before, the newest hundred changes, in order of time. They are no problem by themselves.
    pub changes: Vec<ClosingsChange>,
}

/// One closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Its number.
    pub number: i64,
    /// The day in UTC.
    pub day: String,
    /// Its hash in hex: whoever has it can prove what the books were.
    pub hash: String,
}

impl From<&Closing> for ClosedDay {
    fn from(closing: &Closing) -> Self {
        ClosedDay {
            number: closing.number,
            day: closing.day.clone(),
            hash: closing.hash.clone(),
        }
    }
}

/// What the receipts say was settled for one asset.
#[derive(Default)]
struct Settled {
    lines: Vec<String>,
    /// In parts of the smallest unit.
    sum: i128,
}

struct Walk<'a> {
    reconciler: &'a Reconciler,
    report: ClosingsReport,
    verified: Verified,
    balances: BTreeMap<Asset, i128>,
    /// Whether what is verified is remembered: not beyond the first fault.
    remembers: bool,
}

/// Verifies what is new since the last time. `None` if the hub is of a version without closings.
///
/// # Errors
/// If the hub cannot be asked or the receipts cannot be read or written.
pub async fn verify(reconciler: &Reconciler) -> Result<Option<ClosingsReport>, SettleError> {
    let (receipts, source) = (&reconciler.receipts, &reconciler.source);
    match put_aside_what_has_changed(reconciler).await {
        Err(SettleError::Hub(error)) if error.is_not_found() => return Ok(None),
        other => other?,
    }
    let mut walk = Walk {
        reconciler,
        report: ClosingsReport::default(),
        verified: receipts
            .verified_closing(source)
            .await?
            .unwrap_or_else(|| Verified {
                number: 0,
                day: String::new(),
                hash: NOTHING.to_owned(),
                last_settlement: 0,
            }),
        balances: receipts.closing_balances(source).await?,
        remembers: true,
    };
    walk.follow().await?;
    let mut report = walk.report;
    report.changes = receipts.closing_changes(source).await?;
    Ok(Some(report))
}

/// Where the hub does not have the last verified closing any more, the chain goes on from the last one that it has.
async fn put_aside_what_has_changed(reconciler: &Reconciler) -> Result<(), SettleError> {
    let (receipts, source) = (&reconciler.receipts, &reconciler.source);
    let client = reconciler.hub.client();
    let Some(known) = receipts.verified_closing(source).await? else {
        return Ok(());
    };
    let now = client.closings(known.number - 1).await?.closings;
    let is_known = |closing: &Closing| closing.number == known.number && closing.hash == known.hash;
    if now.first().is_some_and(is_known) {
        return Ok(());
    }
    let were = receipts.verified_hashes(source).await?;
    let (mut common, mut after, mut instead) = (0, 0, None);
    'all: loop {
        let page = client.closings(after).await?.closings;
        for closing in &page {
            match were.get(&closing.number) {
                Some(hash) if *hash == closing.hash => common = closing.number,
                Some(_) => {
                    instead = Some(closing.hash.clone());
                    break 'all;
                }
                None => {}
            }
        }
        match page.last() {
            Some(last) if last.number > after => after = last.number,
            _ => break,
        }
    }
    if common < known.number {
        tracing::warn!(
            from = common + 1,
            to = known.number,
            "the hub does not have closings any more that were verified: it was restored, or rewrites its history"
        );
        let instead = instead.as_deref();
        receipts.put_closings_aside(source, common, instead).await?;
    }
    Ok(())
}

impl Walk<'_> {
    fn problem(&mut self, problem: String) {
        tracing::warn!(problem, "a closing of the hub is not right");
        if self.report.problems.len() < LISTED {
            self.report.problems.push(problem);
        }
    }

    /// From the last verified closing on, which is asked for too, to be told as the last one.
    async fn follow(&mut self) -> Result<(), SettleError> {
        let client = self.reconciler.hub.client();
        let mut after = (self.verified.number - 1).max(0);
        loop {
            let page = client.closings(after).await?.closings;
            let Some(last) = page.last().map(|closing| closing.number) else {
                return Ok(());
            };
            for closing in page {
                if closing.number <= self.verified.number {
                    self.report.last = Some(ClosedDay::from(&closing));
                } else if !self.step(&closing).await? {
                    return Ok(());
                }
            }
            if last <= after {
                self.problem(format!(
                    "the closings behind number {after} are not told in order"
                ));
                return Ok(());
            }
            after = last;
        }
    }

    /// Takes the next closing; `false` if the chain breaks here.
    async fn step(&mut self, closing: &Closing) -> Result<bool, SettleError> {
        if let Some(problem) = self.breaks(closing) {
            self.problem(problem);
            return Ok(false);
        }
        let faults = self.report.problems.len();
        let proofs = self.reconciler.hub.closing_leaves(closing.number).await?;
        self.own_leaves(closing, &proofs).await?;
        self.remembers &= self.report.problems.len() == faults;
        self.report.verified += 1;
        self.report.last = Some(ClosedDay::from(closing));
        self.verified = Verified {
            number: closing.number,
            day: closing.day.clone(),
            hash: closing.hash.clone(),
            last_settlement: closing.last_settlement,
        };
        if self.remembers {
            let Reconciler {
                receipts, source, ..
            } = self.reconciler;
            let (verified, balances) = (&self.verified, &self.balances);
            receipts
                .remember_closing(source, verified, balances)
                .await?;
        }
        Ok(true)
    }

    /// Why a closing does not follow the one before it.
    fn breaks(&self, closing: &Closing) -> Option<String> {
        let Closing {
            number,
            day,
            last_settlement,
            previous,
            root,
            hash,
            ..
        } = closing;
        let before = &self.verified;
        let computed = Closing::compute_hash(previous, day, *last_settlement, root);
        if *number != before.number + 1 {
            Some(format!("closing {} is followed by {number}", before.number))
        } else if *previous != before.hash {
            Some(format!(
                "closing {number} names {previous} as the one before it, which is {}",
                before.hash
            ))
        } else if *hash != hex::encode(computed) {
            Some(format!(
                "the hash of closing {number} is not that of what it closes"
            ))
        } else if *last_settlement < before.last_settlement {
            Some(format!(
                "closing {number} closes less than the one before it"
            ))
        } else {
            None
        }
    }

    /// Compares this device's leaves with its receipts; those of its account are only proven to belong.
    async fn own_leaves(
        &mut self,
        closing: &Closing,
        proofs: &[ClosingProof],
    ) -> Result<(), SettleError> {
        let number = closing.number;
        for proof in proofs {
            if proof.root().map(hex::encode).as_ref() != Some(&closing.root) {
                let account = &proof.leaf.ledger_account;
                self.problem(format!(
                    "closing {number} does not contain the leaf of {account}"
                ));
            }
        }
        let (receipts, source) = (&self.reconciler.receipts, &self.reconciler.source);
        let after = self.verified.last_settlement;
        let mut settled = receipts
            .settled_between(source, after, closing.last_settlement)
            .await?;
        let Some(comparable) = begins_before(closing, receipts.begun_at()) else {
            self.problem(format!(
                "closing {number} is of no day: \"{}\"",
                closing.day
            ));
            return Ok(());
        };
        let own = format!("device:{}", self.reconciler.hub.device());
        for ClosingProof { leaf, .. } in proofs {
            if leaf.ledger_account != own {
                continue;
            }
            let here = settled.remove(&leaf.balance.asset).unwrap_or_default();
            let before = self
                .balances
                .insert(leaf.balance.asset, leaf.balance.atomic);
            match comparable {
                true => self.compare(number, leaf, before.unwrap_or(0), here),
                false => self.report.before_the_receipts += 1,
            }
        }
        for (asset, here) in settled {
            let shares = here.lines.len();
            self.problem(format!(
                "closing {number} does not have this device, for which {shares} shares in {asset} were settled by then"
            ));
        }
        Ok(())
    }

    fn compare(&mut self, number: i64, leaf: &ClosingLeaf, before: i128, here: Settled) {
        self.report.compared += 1;
        let shares = here.lines.len() as u64;
        let grown = leaf.balance.atomic.saturating_sub(before);
        let difference = grown.saturating_mul(PARTS).saturating_sub(here.sum);
        if leaf.shares != shares {
            self.problem(format!(
                "closing {number} counts {} shares of this device, its receipts {shares}",
                leaf.shares
            ));
        } else if leaf.shares_hash != hex::encode(ClosingLeaf::shares_hash_of(here.lines)) {
            self.problem(format!(
                "closing {number} counts other shares of this device than its receipts, or with other credits"
            ));
        } else if difference.abs() >= LEFT_OVER * PARTS {
            let asset = leaf.balance.asset;
            self.problem(format!(
                "closing {number} says that this device earned {grown} atomic units in {asset} since the one before, its receipts {}",
                here.sum / PARTS
            ));
        }
    }
}

/// Whether the receipts were begun before everything that a closing has since the one before it; `None` if it is of no
/// day.
fn begins_before(closing: &Closing, begun: Timestamp) -> Option<bool> {
    let day: Date = closing.day.parse().ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(begun.saturating_add(SETTLED_BY).ok()? < start)
}

impl Receipts {
    /// The shares of settlements above `after`, up to and with `last`, by asset.
    async fn settled_between(
        &self,
        source: &str,
        after: i64,
        last: i64,
    ) -> Result<BTreeMap<Asset, Settled>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, digest, credit_asset, credit_atomic, credit_fraction FROM receipts
             WHERE source = ? AND state = 'accepted' AND hub_settlement > ? AND hub_settlement <= ?",
        )
        .bind(source)
        .bind(after)
        .bind(last)
        .fetch_all(&self.pool)
        .await?;
        let mut settled = BTreeMap::<Asset, Settled>::new();
        for row in rows {
            let Some(credit) = credit(&row, row.try_get("id")?)? else {
                continue;
            };
            let (digest, fraction): (String, i64) =
                (row.try_get("digest")?, row.try_get("credit_fraction")?);
            let of_asset = settled.entry(credit.asset).or_default();
            of_asset.sum += credit.atomic * PARTS + i128::from(fraction);
            let line = format!("{digest} {} {fraction}", credit.atomic);
            of_asset.lines.push(line);
        }
        Ok(settled)
    }
}
