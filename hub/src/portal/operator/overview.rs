//! Everything on one page.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::future::join_all;
use idlewatt_protocol::api::{BlockState, WithdrawalState};
use idlewatt_protocol::{Asset, Money};
use idlewatt_screens::shell::rendered;
use idlewatt_screens::{Format, Words};
use idlewatt_store::{AccountSummary, Overview, Position, StoreError, WithdrawalRecord};
use jiff::Timestamp;
use serde::Deserialize;

use super::entry::Operator;
use crate::payouts::Holding;
use crate::portal::Portal;
use crate::portal::visitor::{Visitor, failed};

/// How many of the newest accounts and blocks are shown.
const NEWEST: u32 = 50;
/// How long a wallet may take to answer.
const WALLET_WITHIN: Duration = Duration::from_secs(5);

/// What the books say of an asset, and what its wallet says.
struct Line {
    asset: String,
    practice: bool,
    owed: String,
    held: String,
    withdrawable: String,
    withdrawing: String,
    operator: String,
    upstreams: String,
    vault: String,
    wallet: Option<Result<(String, String), String>>,
    /// Whether the wallet holds what is owed to accounts now.
    covered: Option<bool>,
}

/// A withdrawal that is neither confirmed nor refused.
struct Payout {
    id: String,
    account: String,
    state: &'static str,
    amount: String,
    arrives: String,
    address: String,
    requested: String,
    earliest: Option<String>,
    reason: Option<String>,
    held: bool,
    can_be_approved: bool,
    can_be_refused: bool,
}

struct BlockLine {
    height: String,
    hash: String,
    upstream: String,
    state: String,
    at: String,
}

struct AccountLine {
    account: String,
    created: String,
    devices: String,
    wallet: Vec<String>,
    held: Vec<String>,
    total: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/operator.html")]
struct Page<'a> {
    words: Words,
    form_token: &'a str,
    error: Option<&'a str>,
    accounts: String,
    devices: String,
    online: String,
    paused: bool,
    lines: Vec<Line>,
    payouts: Vec<Payout>,
    blocks: Vec<BlockLine>,
    newest: Vec<AccountLine>,
}

/// What was just done.
#[derive(Deserialize)]
pub(super) struct Done {
    done: Option<String>,
}

/// `GET /operator`.
pub(super) async fn show(
    State(portal): State<Arc<Portal>>,
    Operator(visitor): Operator,
    Query(Done { done }): Query<Done>,
) -> Response {
    let words = visitor.words;
    let notice = match done.as_deref() {
        Some("approved") => Some(words.say("operator-done-approved")),
        Some("refused") => Some(words.say("operator-done-refused")),
        Some("paused") => Some(words.say("operator-done-paused")),
        Some("resumed") => Some(words.say("operator-done-resumed")),
        _ => None,
    };
    page(&portal, &visitor, notice, None).await
}

/// The page with a line about what was done, or what was not.
pub(super) async fn page(
    portal: &Portal,
    visitor: &Visitor,
    notice: Option<String>,
    error: Option<&str>,
) -> Response {
    match read(portal, visitor, error).await {
        Ok(page) => match rendered(&page) {
            Ok(body) => {
                let mut shell = visitor.shell(portal, "operator");
                shell.notice = notice;
                shell.page(&visitor.words.say("operator-title"), &body)
            }
            Err(failure) => failure,
        },
        Err(error) => failed(&error),
    }
}

async fn read<'a>(
    portal: &Portal,
    visitor: &'a Visitor,
    error: Option<&'a str>,
) -> Result<Page<'a>, StoreError> {
    let (store, now) = (&portal.store, Timestamp::now());
    let format = Format::new(visitor.words.language(), visitor.zone());
    let Overview {
        accounts,
        devices,
        online,
    } = store.overview(now).await?;
    let holdings = holdings(portal).await;
    let positions = store.positions().await?;
    let open = store.open_withdrawals().await?;
    let blocks = store.blocks().await?;
    let newest = store.newest_accounts(NEWEST).await?;
    let lines = positions.iter().map(|position| {
        let asset = position.held.asset;
        let holding = holdings.iter().find(|(of, _)| *of == asset);
        line(position, holding.map(|(_, holding)| holding), &format)
    });
    Ok(Page {
        words: visitor.words,
        form_token: &visitor.operator_token,
        error,
        accounts: format.whole(accounts),
        devices: format.whole(devices),
        online: format.whole(online),
        paused: store.withdrawals_paused().await?,
        lines: lines.collect(),
        payouts: open
            .iter()
            .map(|record| payout(record, now, &format))
            .collect(),
        blocks: blocks
            .into_iter()
            .take(NEWEST as usize)
            .map(|block| BlockLine {
                height: format.whole(block.height),
                hash: block.hash,
                upstream: block.upstream,
                state: block_state(block.state, visitor.words),
                at: format.moment(block.at),
            })
            .collect(),
        newest: newest
            .iter()
            .map(|summary| account(summary, &format))
            .collect(),
    })
}

/// What each wallet says, all asked at once.
async fn holdings(portal: &Portal) -> Vec<(Asset, Result<Holding, String>)> {
    let asked = portal.wallets.iter().map(|(asset, wallet)| async move {
        let told = tokio::time::timeout(WALLET_WITHIN, wallet.holding()).await;
        let told = match told {
            Ok(told) => told.map_err(|error| error.to_string()),
            Err(_) => Err("it did not answer in time".to_owned()),
        };
        (*asset, told)
    });
    join_all(asked).await
}

fn line(position: &Position, holding: Option<&Result<Holding, String>>, format: &Format) -> Line {
    let asset = position.held.asset;
    let told = |sum: &Money| format.money(sum);
    let owed_now = position.withdrawable.atomic + position.withdrawing.atomic;
    Line {
        asset: match asset.is_practice() {
            true => format.words().say("common-practice"),
            false => asset.code().to_owned(),
        },
        practice: asset.is_practice(),
        owed: told(&position.owed()),
        held: told(&position.held),
        withdrawable: told(&position.withdrawable),
        withdrawing: told(&position.withdrawing),
        operator: told(&position.operator),
        upstreams: told(&position.upstreams_owe),
        vault: told(&position.vault),
        covered: match holding {
            Some(Ok(holding)) => Some(holding.total >= owed_now),
            _ => None,
        },
        wallet: holding.map(|holding| match holding {
            Ok(Holding { total, spendable }) => {
                let of = |atomic| told(&Money { asset, atomic });
                Ok((of(*total), of(*spendable)))
            }
            Err(reason) => Err(reason.clone()),
        }),
    }
}

fn payout(record: &WithdrawalRecord, now: Timestamp, format: &Format) -> Payout {
    let withdrawal = &record.withdrawal;
    let is_open = withdrawal.state == WithdrawalState::Requested;
    let waits = withdrawal.earliest > now;
    Payout {
        id: withdrawal.id.to_string(),
        account: record.account.to_string(),
        state: match withdrawal.state {
            WithdrawalState::Requested => "requested",
            WithdrawalState::Approved => "approved",
            _ => "sent",
        },
        amount: format.money(&withdrawal.amount),
        arrives: format.money(&withdrawal.arrives),
        address: withdrawal.address.clone(),
        requested: format.moment(withdrawal.requested_at),
        earliest: (waits && is_open).then(|| format.moment(withdrawal.earliest)),
        reason: withdrawal.reason.clone(),
        held: record.held,
        can_be_approved: is_open && !waits,
        can_be_refused: record.payment.is_none() && withdrawal.state != WithdrawalState::Sent,
    }
}

fn block_state(state: BlockState, words: Words) -> String {
    match state {
        BlockState::Submitted => words.say("operator-block-submitted"),
        BlockState::Found => words.say("operator-block-found"),
        BlockState::Matured => words.say("operator-block-matured"),
        BlockState::Orphaned => words.say("operator-block-orphaned"),
        BlockState::Refused => words.say("operator-block-refused"),
    }
}

fn account(summary: &AccountSummary, format: &Format) -> AccountLine {
    let told = |sums: &[Money]| sums.iter().map(|sum| format.money(sum)).collect();
    AccountLine {
        account: summary.account.to_string(),
        created: format.moment(summary.created),
        devices: format.whole(summary.devices),
        wallet: told(&summary.earnings.wallet),
        held: told(&summary.earnings.held),
        total: told(&summary.earnings.total),
    }
}
