//! Comparing receipts with the hub, share for share.

use std::collections::{HashMap, HashSet};

use idlewatt_protocol::Money;
use idlewatt_protocol::api::CreditedShare;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::awaiting::add;
use super::closings::{self, ClosingsReport};
use super::history::{Page, Walk};
use super::reconcile::{ATTEMPTS, Reconciler, SettleError};

/// The most differences of each kind that are listed; all are counted.
const LISTED: usize = 1_000;

/// A share that one side has otherwise than the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The proof-of-work digest in hex.
    pub digest: String,
    /// What the receipt here says it was credited with; `None` if there is no such receipt, or it does not know.
    pub here: Option<Money>,
    /// What the hub has credited; `None` if the hub does not have it.
    pub at_hub: Option<Money>,
    /// When the hub credited it.
    pub at: Option<Timestamp>,
}

/// Differences of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// How many there are.
    pub count: u64,
    /// The first thousand of them.
    pub list: Vec<Difference>,
}

impl Differences {
    fn add(&mut self, difference: Difference) {
        self.count += 1;
        if self.list.len() < LISTED {
            self.list.push(difference);
        }
    }
}

/// What the comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Whose shares were compared.
    pub source: String,
    /// Shares that both sides have, with the same credit.
    pub agree: u64,
    /// What the hub has credited for those, one entry an asset.
    pub credited: Vec<Money>,
    /// Accepted here, but not credited at the hub.
    pub only_here: Differences,
    /// Accepted here, and lost at the hub since, which cannot be made to credit them again.
    pub lost_at_hub: Differences,
    /// Credited at the hub, but without a receipt here.
    pub only_at_hub: Differences,
    /// On both sides, with different credits.
    pub different_credit: Differences,
    /// Receipts without an answer yet: no difference.
    pub pending: u64,
    /// Credited before this receipts file was begun: no difference.
    pub before_this_file: u64,
    /// The hub's daily closings; `None` if it is of a version without.
    pub closings: Option<ClosingsReport>,
}

impl CheckReport {
    /// Whether both sides agree on every share, and the hub's closings are right.
    pub fn agrees(&self) -> bool {
        let differences = self.only_here.count
            + self.lost_at_hub.count
            + self.only_at_hub.count
            + self.different_credit.count;
        let closings = self.closings.as_ref();
        differences == 0 && closings.is_none_or(|closings| closings.problems.is_empty())
    }

    fn credit(&mut self, credit: Money) {
        self.agree += 1;
        add(&mut self.credited, credit);
    }
}

/// Brings the receipts up to date, walks everything that the hub has credited to this device, and verifies its closings.
/// What the hub has lost since is claimed again before, where that can be. Shares found
/// meanwhile do no harm: a receipt is written before its share is sent, and read here after the hub was.
///
/// # Errors
/// If the hub cannot be asked or the receipts cannot be read.
pub async fn run(reconciler: &Reconciler) -> Result<CheckReport, SettleError> {
    let _turn = reconciler.turn.lock().await;
    let mut attempt = 1;
    let mut report = loop {
        let pending = reconciler.bring_together().await?.pending;
        let compared = walk(reconciler, pending).await;
        let lost = match compared {
            Ok((report, lost)) if lost.is_empty() || attempt >= ATTEMPTS => break report,
            Ok((_, lost)) => lost,
            Err(SettleError::HistoryChanged) if attempt < ATTEMPTS => Vec::new(),
            Err(error) => return Err(error),
        };
        reconciler.forget(&lost).await?;
        attempt += 1;
    };
    report.closings = closings::verify(reconciler).await?;
    Ok(report)
}

/// Compares everything; the shares that only have a number here are listed once more.
async fn walk(
    reconciler: &Reconciler,
    pending: u64,
) -> Result<(CheckReport, Vec<String>), SettleError> {
    let mut report = CheckReport {
        source: reconciler.source.clone(),
        pending,
        ..CheckReport::default()
    };
    let (mut lost, mut walked_to) = (Vec::new(), 0);
    let mut walk = Walk::begin(reconciler, 0).await?;
    // Behind the last page there is nothing at the hub: receipts with higher numbers were entered since.
    while let Some(page) = walk.next().await? {
        walked_to = compare(reconciler, &page, &mut report, &mut lost).await?;
    }
    ask_for_the_rest(reconciler, walked_to, &mut report).await?;
    Ok((report, lost))
}

async fn compare(
    reconciler: &Reconciler,
    page: &Page,
    report: &mut CheckReport,
    lost: &mut Vec<String>,
) -> Result<i64, SettleError> {
    let (receipts, source) = (&reconciler.receipts, &reconciler.source);
    let Page {
        after,
        shares,
        numbers,
    } = page;
    let known = receipts
        .take_credits(source, shares, None, *numbers)
        .await?;
    for (share, known) in shares.iter().zip(known) {
        let here = known.as_ref().and_then(|known| known.credit);
        if here == Some(share.credit) {
            report.credit(share.credit);
            continue;
        }
        let difference = Difference {
            digest: share.digest.clone(),
            here,
            at_hub: Some(share.credit),
            at: Some(share.at),
        };
        match known {
            Some(_) => report.different_credit.add(difference),
            None if share.at < receipts.begun_at() => report.before_this_file += 1,
            None => report.only_at_hub.add(difference),
        }
    }
    let last = shares.last().map_or(*after, |last| last.sequence);
    let at_hub: HashSet<&str> = shares.iter().map(|share| share.digest.as_str()).collect();
    for (digest, here) in receipts.credited_between(source, *after, last).await? {
        if !at_hub.contains(digest.as_str()) {
            lost.push(digest.clone());
            report.only_here.add(Difference {
                digest,
                here,
                at_hub: None,
                at: None,
            });
        }
    }
    Ok(last)
}

/// Receipts that no page of the hub's has named, for they have no number or one beyond the last page: they came
/// since, or the hub does not have them.
async fn ask_for_the_rest(
    reconciler: &Reconciler,
    walked_to: i64,
    report: &mut CheckReport,
) -> Result<(), SettleError> {
    let (receipts, source) = (&reconciler.receipts, &reconciler.source);
    let mut after = 0;
    loop {
        let claims = receipts.accepted_beyond(source, walked_to, after).await?;
        let Some(last) = claims.last() else {
            return Ok(());
        };
        after = last.id;
        let digests = claims.iter().map(|claim| claim.digest.clone()).collect();
        let found = reconciler.find(digests).await?.shares;
        let found: HashMap<&str, &CreditedShare> = found
            .iter()
            .map(|share| (share.digest.as_str(), share))
            .collect();
        for claim in claims {
            let share = found.get(claim.digest.as_str());
            let difference = Difference {
                digest: claim.digest,
                here: claim.credit,
                at_hub: share.map(|share| share.credit),
                at: share.map(|share| share.at),
            };
            match share {
                None if claim.lost => report.lost_at_hub.add(difference),
                None => report.only_here.add(difference),
                Some(share) if claim.credit.is_none_or(|credit| credit == share.credit) => {
                    report.credit(share.credit);
                }
                Some(_) => report.different_credit.add(difference),
            }
        }
    }
}
