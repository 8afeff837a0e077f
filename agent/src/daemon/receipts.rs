//! The receipts as the control API shows them.

use super::Daemon;
use crate::control::answers::{Difference, ReceiptsCheck, Shares};
use crate::control::guard::Refusal;
use crate::shares::{self, CheckReport, ListQuery, Receipt, check};

const NO_HUB: &str = "a pool keeps its own books: there is nothing to compare with";
const NOT_YET: &str = "the agent does not work for a hub yet";

/// How many shares there are of each fate.
pub fn counts(daemon: &Daemon) -> Shares {
    let all = daemon.receipts.totals().borrow().all;
    let submitter = daemon.board().submitter.clone();
    let status = submitter.map(|submitter| submitter.status().borrow().lost_at_hub);
    let lost_at_hub = status.unwrap_or_default();
    Shares {
        accepted: all.accepted,
        stale: all.stale,
        rejected: all.rejected,
        pending: all.pending,
        lost: all.lost,
        unknown: all.unknown,
        lost_at_hub,
    }
}

/// The newest with numbers below `before`.
pub async fn list(
    daemon: &Daemon,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Receipt>, Refusal> {
    let query = ListQuery {
        before,
        state: None,
        limit,
    };
    daemon.receipts.list(query).await.map_err(Refusal::failed)
}

/// Compares them with the hub's books.
pub async fn check(daemon: &Daemon) -> Result<ReceiptsCheck, Refusal> {
    let submitter = daemon.board().submitter.clone();
    let reconciler = match submitter {
        None => return Err(Refusal::conflict(NOT_YET)),
        Some(submitter) => submitter.reconciler().cloned(),
    };
    let reconciler = reconciler.ok_or_else(|| Refusal::conflict(NO_HUB))?;
    let report = check::run(&reconciler).await.map_err(Refusal::failed)?;
    Ok(answer(report))
}

fn answer(report: CheckReport) -> ReceiptsCheck {
    let agree = report.agrees();
    let kinds = [
        ("only_here", report.only_here),
        ("lost_at_hub", report.lost_at_hub),
        ("only_at_hub", report.only_at_hub),
        ("different_credit", report.different_credit),
    ];
    let difference_count = kinds.iter().map(|(_, differences)| differences.count).sum();
    let differences = kinds.into_iter().flat_map(|(kind, differences)| {
        let named = move |difference: shares::Difference| Difference {
            digest: difference.digest,
            kind: kind.to_owned(),
            here: difference.here,
            at_hub: difference.at_hub,
        };
        differences.list.into_iter().map(named)
    });
    ReceiptsCheck {
        agree,
        compared: report.agree,
        credited: report.credited,
        difference_count,
        differences: differences.collect(),
        pending: report.pending,
        before_the_receipts: report.before_this_file,
        closings: report.closings,
    }
}
