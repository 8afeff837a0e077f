//! `idlewatt receipts list|check`

use idlewatt_protocol::Money;

use super::{Common, Failure, output, words};
use crate::control::answers::{Difference, ReceiptsCheck};
use crate::shares::closings::ClosedDay;
use crate::shares::{ClosingsChange, ClosingsReport, Receipt, State};

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
    let words = words();
    let told = [
        ("compared", check.compared.into()),
        ("credited", output::amounts(&check.credited).into()),
        ("differences", check.difference_count.into()),
        ("pending", check.pending.into()),
    ];
    let mut lines = vec![match check.agree {
        true => words.say_with("cli-receipts-agree", &told),
        false => words.say_with("cli-receipts-differ", &told),
    }];
    lines.extend(check.differences.iter().map(difference));
    lines.extend(check.closings.iter().map(closings));
    lines.join("\n")
}

fn closings(report: &ClosingsReport) -> String {
    let words = words();
    let last = match &report.last {
        Some(ClosedDay { number, day, hash }) => words.say_with(
            "cli-closings-last",
            &[
                ("number", (*number).into()),
                ("day", day.as_str().into()),
                ("hash", hash.as_str().into()),
            ],
        ),
        None => String::new(),
    };
    let told = [
        ("verified", report.verified.into()),
        ("compared", report.compared.into()),
        ("last", last.into()),
    ];
    let mut lines = vec![match report.problems.is_empty() {
        true => words.say_with("cli-closings-right", &told),
        false => words.say_with("cli-closings-wrong", &told),
    }];
    lines.extend(report.problems.iter().cloned());
    lines.extend(report.changes.iter().map(change));
    lines.join("\n")
}

fn change(change: &ClosingsChange) -> String {
    let words = words();
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
        true => words.say_with("cli-closing-one", &[("one", named(first).into())]),
        false => words.say_with(
            "cli-closing-many",
            &[("first", named(first).into()), ("last", named(last).into())],
        ),
    };
    let now = match now {
        Some(hash) => words.say_with(
            "cli-closing-now",
            &[
                ("hash", hash.as_str().into()),
                ("number", first.number.into()),
            ],
        ),
        None => words.say("cli-closing-nothing"),
    };
    let since = match verified_again {
        true => words.say("cli-closing-agrees"),
        false => words.say("cli-closing-unverified"),
    };
    words.say_with(
        "cli-closing-changed",
        &[
            ("at", format!("{noticed_at:.0}").into()),
            ("which", which.into()),
            ("now", now.into()),
            ("since", since.into()),
        ],
    )
}

fn difference(one: &Difference) -> String {
    let words = words();
    let amount = |side: Option<Money>| match side {
        Some(money) => output::amounts(&[money]),
        None => words.say("cli-receipts-nothing"),
    };
    let kind = match one.kind.as_str() {
        "only_here" => words.say("cli-receipts-only-here"),
        "lost_at_hub" => words.say("cli-receipts-lost-at-hub"),
        "only_at_hub" => words.say("cli-receipts-only-at-hub"),
        "different_credit" => words.say("cli-receipts-different-credit"),
        other => other.to_owned(),
    };
    words.say_with(
        "cli-receipts-difference",
        &[
            ("digest", one.digest.as_str().into()),
            ("kind", kind.into()),
            ("here", amount(one.here).into()),
            ("there", amount(one.at_hub).into()),
        ],
    )
}

/// What became of a share.
fn fate(state: State) -> String {
    let words = words();
    match state {
        State::Pending => words.say("cli-share-pending"),
        State::Accepted => words.say("cli-share-accepted"),
        State::Rejected => words.say("cli-share-rejected"),
        State::Stale => words.say("cli-share-stale"),
        State::Lost => words.say("cli-share-lost"),
        State::Unknown => words.say("cli-share-unknown"),
    }
}

fn shown(receipts: &[Receipt]) -> String {
    let words = words();
    if receipts.is_empty() {
        return words.say("cli-receipts-none");
    }
    let rows: Vec<Vec<String>> = receipts
        .iter()
        .map(|receipt| {
            let state = match &receipt.reason {
                Some(reason) => format!("{}: {reason}", fate(receipt.state)),
                None => fate(receipt.state),
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
        words.say("cli-column-number"),
        words.say("cli-column-found"),
        words.say("cli-column-algorithm"),
        words.say("cli-column-processor"),
        words.say("cli-column-work"),
        words.say("cli-column-credit"),
        words.say("cli-column-state"),
    ];
    output::table(&heading, &rows)
}
