//! *History*: why it ran or did not, the shares it found, and whether the hub's books say the same.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use idlewatt_screens::Words;
use jiff::Timestamp;
use serde::Deserialize;

use super::page::Page;
use crate::control::guard::Refusal;
use crate::shares::State;

/// How many receipts a page has.
const RECEIPTS: u32 = 50;
/// How many changes of decision it has at most, the newest.
const CHANGES: usize = 200;
/// How far back decisions are shown.
const HOURS: u32 = 24;

struct Change {
    at: String,
    mode: String,
    reason: String,
    processors: Vec<String>,
}

struct Share {
    number: i64,
    found: String,
    processor: String,
    algorithm: String,
    state: String,
    reason: String,
    credit: String,
    digest: String,
}

/// What the comparison with the hub has brought.
struct Checked {
    agree: bool,
    compared: String,
    differences: String,
    pending: String,
    closings: Option<String>,
    problems: Vec<String>,
    credited: Vec<String>,
}

#[derive(Template)]
#[template(path = "dashboard/history.html")]
struct History<'a> {
    words: Words,
    form_token: &'a str,
    changes: Vec<Change>,
    shares: Vec<Share>,
    older: Option<i64>,
    checked: Option<Checked>,
    trouble: Option<String>,
    has_hub: bool,
}

/// From which receipt on.
#[derive(Deserialize)]
pub struct From {
    before: Option<i64>,
}

/// `GET history`.
pub async fn show(page: Page, Query(from): Query<From>) -> Result<Response, Refusal> {
    history(&page, from.before, None, None).await
}

/// `POST check`: compares the receipts with the hub's books.
pub async fn check(page: Page) -> Result<Response, Refusal> {
    let format = &page.format;
    let (checked, trouble) = match page.daemon().check_receipts().await {
        Err(refused) => (None, Some(refused.message)),
        Ok(check) => {
            let closings = check.closings.as_ref();
            let checked = Checked {
                agree: check.agree,
                compared: format.whole(check.compared),
                differences: format.whole(check.difference_count),
                pending: format.whole(check.pending),
                credited: check.credited.iter().map(|sum| format.money(sum)).collect(),
                closings: closings.map(|closings| format.whole(closings.verified)),
                problems: closings
                    .map(|closings| closings.problems.clone())
                    .unwrap_or_default(),
            };
            (Some(checked), None)
        }
    };
    history(&page, None, checked, trouble).await
}

async fn history(
    page: &Page,
    before: Option<i64>,
    checked: Option<Checked>,
    trouble: Option<String>,
) -> Result<Response, Refusal> {
    let (words, format, daemon) = (page.words, &page.format, page.daemon());
    let receipts = daemon.receipts(before, RECEIPTS).await?;
    let older = (receipts.len() == RECEIPTS as usize)
        .then(|| receipts.last().map(|receipt| receipt.id))
        .flatten();
    let shares = receipts.into_iter().map(|receipt| Share {
        number: receipt.id,
        found: format.exact_moment(receipt.found_at),
        processor: receipt.processor,
        algorithm: receipt.algorithm,
        state: state(receipt.state, words),
        reason: receipt.reason.unwrap_or_default(),
        credit: match (receipt.credit, receipt.lost_at) {
            (_, Some(_)) => words.say("dashboard-lost-at-hub"),
            (Some(credit), None) => format.money(&credit),
            (None, None) => String::new(),
        },
        digest: receipt.digest,
    });
    let changes = daemon.changes(HOURS)?;
    let changes = changes
        .into_iter()
        .rev()
        .take(CHANGES)
        .map(|change| Change {
            at: moment_of_change(page, change.at),
            mode: super::mode_name(&change.mode, format),
            reason: change.because.in_words(words),
            processors: change
                .processors
                .iter()
                .map(|given| {
                    format!(
                        "{} {}",
                        given.processor,
                        format.percent(given.percent.into())
                    )
                })
                .collect(),
        });
    let body = History {
        words,
        form_token: &page.visitor.form_token,
        changes: changes.collect(),
        shares: shares.collect(),
        older,
        checked,
        trouble,
        has_hub: daemon.settings().pool.url.is_none(),
    };
    Ok(page.show("history", "", &words.say("dashboard-history"), &body))
}

fn moment_of_change(page: &Page, at: Timestamp) -> String {
    page.format.exact_moment(at)
}

fn state(state: State, words: Words) -> String {
    match state {
        State::Accepted => words.say("dashboard-share-accepted"),
        State::Stale => words.say("dashboard-share-stale"),
        State::Rejected => words.say("dashboard-share-rejected"),
        State::Pending => words.say("dashboard-share-pending"),
        State::Lost => words.say("dashboard-share-lost"),
        State::Unknown => words.say("dashboard-share-unknown"),
    }
}
