//! `idlewatt receipts list|check`

use idlewatt_protocol::Money;

use super::{Common, Failure, output};
use crate::control::answers::{Difference, ReceiptsCheck};
use crate::shares::closings::ClosedDay;
use crate::shares::{ClosingsChange, ClosingsReport, Receipt};

#[derive(Debug, clap::Args)]
pub struct ReceiptsArguments {
    #[command(subcommand)]
    command: ReceiptsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ReceiptsCommand {
    /// The newest receipts
    List {
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only those with numbers below this one
        #[arg(long, value_name = "NUMBER")]
        before: Option<i64>,
    },
    /// Compare the receipts with the hub's books, share for share; exit code 1 if they differ
    Check,
}

pub async fn run(common: &Common, arguments: ReceiptsArguments) -> Result<(), Failure> {
    let client = common.client()?;
    match arguments.command {
        ReceiptsCommand::List { limit, before } => {
            let receipts = client.receipts(before, limit).await?;
            output::either(common.json, &receipts, || shown(&receipts))
        }
        ReceiptsCommand::Check => {
            let check = client.check_receipts().await?;
            output::either(common.json, &check, || compared(&check))?;
            if check.agree {
                Ok(())
            } else {
                Err(Failure::Told)
            }
        }
    }
}

fn compared(check: &ReceiptsCheck) -> String {
    let mut lines = vec![format!(
        "agent and hub {}: {} shares compared ({}), {} differences, {} without an answer yet",
        if check.agree { "agree" } else { "DIFFER" },
        check.compared,
        output::amounts(&check.credited),
        check.difference_count,
        check.pending
    )];
    lines.extend(check.differences.iter().map(difference));
    lines.extend(check.closings.iter().map(closings));
    lines.join("\n")
}

fn closings(report: &ClosingsReport) -> String {
    let last = match &report.last {
        Some(ClosedDay { number, day, hash }) => {
            format!("; the last is number {number} of {day}, {hash}")
        }
        None => String::new(),
    };
    let mut lines = vec![format!(
        "the hub's closings {}: {} verified now, {} compared with receipts{last}",
        if report.problems.is_empty() {
            "are right"
        } else {
            "ARE NOT RIGHT"
        },
        report.verified,
        report.compared,
    )];
    lines.extend(report.problems.iter().cloned());
    lines.extend(report.changes.iter().map(change));
    lines.join("\n")
}

fn change(change: &ClosingsChange) -> String {
    let ClosingsChange {
        noticed_at,
        first,
        last,
        now,
        verified_again,
    } = change;
    let named = |one: &ClosedDay| match one.day.as_str() {
        "" => format!("{} ({})", one.number, one.hash),
        day => format!("{} ({day}, {})", one.number, one.hash),
    };
    let which = match first.number == last.number {
        true => format!("closing {}", named(first)),
        false => format!("closings {} to {}", named(first), named(last)),
    };
    let now = match now {
        Some(hash) => format!("it had {hash} in the place of number {} then", first.number),
        None => "it had nothing in their place then".to_owned(),
    };
    let since = match verified_again {
        true => "what it has there now agrees with this device's receipts",
        false => {
            "it has not been verified since that what it has there now agrees with this device's receipts"
        }
    };
    format!(
        "seen {noticed_at:.0}: the hub no longer had its {which}: it was restored from a backup, or has rewritten its history; \
         {now}; {since}"
    )
}

fn difference(one: &Difference) -> String {
    let amount = |side: Option<Money>| match side {
        Some(money) => output::amounts(&[money]),
        None => "nothing".to_owned(),
    };
    format!(
        "{}  {}: here {}, at the hub {}",
        one.digest,
        one.kind.replace('_', " "),
        amount(one.here),
        amount(one.at_hub)
    )
}

fn shown(receipts: &[Receipt]) -> String {
    if receipts.is_empty() {
        return "no receipts yet".to_owned();
    }
    let rows: Vec<Vec<String>> = receipts
        .iter()
        .map(|receipt| {
            let state = match &receipt.reason {
                Some(reason) => format!("{}: {reason}", receipt.state),
                None => receipt.state.to_string(),
            };
            vec![
                receipt.id.to_string(),
                format!("{:.0}", receipt.found_at),
                receipt.algorithm.clone(),
                receipt.processor.clone(),
                receipt.work.to_string(),
                receipt
                    .credit
                    .map_or("-".to_owned(), |credit| output::amounts(&[credit])),
                state,
            ]
        })
        .collect();
    let heading = [
        "number",
        "found",
        "algorithm",
        "processor",
        "work",
        "credit",
        "state",
    ];
    output::table(&heading, &rows)
}
