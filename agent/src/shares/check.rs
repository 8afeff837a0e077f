//! Comparing receipts with the hub, share for share.

use std::collections::{HashMap, HashSet};

use idlewatt_protocol::Money;
use idlewatt_protocol::api::CreditedShare;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reconcile::{HubAccess, Reconciler, SettleError};
use crate::work::hub_client::PAGE;

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
    /// Credited at the hub, but without a receipt here.
    pub only_at_hub: Differences,
    /// On both sides, with different credits.
    pub different_credit: Differences,
    /// Receipts without an answer yet: no difference.
    pub pending: u64,
    /// Credited before this receipts file was begun: no difference.
    pub before_this_file: u64,
}

impl CheckReport {
    /// Whether both sides agree on every share.
    pub fn agrees(&self) -> bool {
        self.only_here.count + self.only_at_hub.count + self.different_credit.count == 0
    }

    fn credit(&mut self, credit: Money) {
        self.agree += 1;
        match self
            .credited
            .iter_mut()
            .find(|sum| sum.asset == credit.asset)
        {
            Some(sum) => sum.atomic = sum.atomic.saturating_add(credit.atomic),
            None => self.credited.push(credit),
        }
    }
}

/// Brings the receipts up to date and then walks everything that the hub has credited to this device. Shares found
/// meanwhile do no harm: a receipt is written before its share is sent, and read here after the hub was.
///
/// # Errors
/// If the hub cannot be asked or the receipts cannot be read.
pub async fn run(reconciler: &Reconciler) -> Result<CheckReport, SettleError> {
    let done = reconciler.run().await?;
    let mut report = CheckReport {
        source: reconciler.source.clone(),
        pending: done.pending,
        ..CheckReport::default()
    };
    let HubAccess { client, token } = &reconciler.hub;
    let mut after = 0;
    loop {
        let page = client.shares(token, after, PAGE).await?;
        // Behind the last page there is nothing at the hub: receipts with higher numbers were entered since.
        let Some(last) = page.shares.last().map(|share| share.sequence) else {
            break;
        };
        compare(reconciler, &page.shares, after, last, &mut report).await?;
        after = last;
        if !page.more {
            break;
        }
    }
    ask_for_the_rest(reconciler, after, &mut report).await?;
    Ok(report)
}

async fn compare(
    reconciler: &Reconciler,
    shares: &[CreditedShare],
    after: i64,
    last: i64,
    report: &mut CheckReport,
) -> Result<(), SettleError> {
    let receipts = &reconciler.receipts;
    let known = receipts
        .take_credits(&reconciler.source, shares, None)
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
    let at_hub: HashSet<&str> = shares.iter().map(|share| share.digest.as_str()).collect();
    for (digest, here) in receipts
        .credited_between(&reconciler.source, after, last)
        .await?
    {
        if !at_hub.contains(digest.as_str()) {
            report.only_here.add(Difference {
                digest,
                here,
                at_hub: None,
                at: None,
            });
        }
    }
    Ok(())
}

/// Receipts that no page of the hub's has named, for they have no number or one beyond the last page: they came
/// since, or the hub does not have them.
async fn ask_for_the_rest(
    reconciler: &Reconciler,
    walked_to: i64,
    report: &mut CheckReport,
) -> Result<(), SettleError> {
    let (receipts, source) = (&reconciler.receipts, &reconciler.source);
    let HubAccess { client, token } = &reconciler.hub;
    let mut after = 0;
    loop {
        let claims = receipts.accepted_beyond(source, walked_to, after).await?;
        let Some(last) = claims.last() else {
            return Ok(());
        };
        after = last.id;
        let digests = claims.iter().map(|claim| claim.digest.clone()).collect();
        let found = client.find_shares(token, digests).await?.shares;
        receipts.take_credits(source, &found, None).await?;
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
                None => report.only_here.add(difference),
                Some(share) if claim.credit.is_none_or(|credit| credit == share.credit) => {
                    report.credit(share.credit);
                }
                Some(_) => report.different_credit.add(difference),
            }
        }
    }
}
