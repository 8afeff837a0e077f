//! What can be withdrawn, and what was.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::Method;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::Money;
use idlewatt_protocol::api::{AccountEarnings, Withdrawal, WithdrawalState, Withdrawals};

use super::HubApi;
use super::desk::{Desk, Done};
use super::devices::in_query;
use super::withdrawal::Typed;
use crate::{Format, Words};

pub(super) const PAGE: &str = "withdrawals";

/// A coin that can be withdrawn.
struct Coin {
    code: &'static str,
    has: String,
    /// Exactly as it is typed.
    all: String,
    chosen: bool,
}

/// A withdrawal.
struct Line {
    id: String,
    state: &'static str,
    state_told: String,
    reason: Option<String>,
    amount: String,
    fee: String,
    arrives: String,
    address: String,
    requested: String,
    when: String,
    transaction: Option<String>,
    can_be_cancelled: bool,
}

#[derive(Template)]
#[template(path = "account/withdrawals.html")]
struct Page {
    words: Words,
    form_token: String,
    coins: Vec<Coin>,
    has_practice: bool,
    held: Vec<String>,
    typed: Typed,
    error: Option<(String, Option<String>)>,
    lines: Vec<Line>,
}

/// `GET /withdrawals`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(done): Query<Done>) -> Response {
    listed(&desk, Typed::default(), None, done.done.as_deref()).await
}

pub(super) async fn listed<H: HubApi>(
    desk: &Desk<H>,
    typed: Typed,
    error: Option<(String, Option<String>)>,
    done: Option<&str>,
) -> Response {
    let read = try_join!(
        desk.get::<AccountEarnings>("/v1/account/earnings"),
        desk.get::<Withdrawals>("/v1/withdrawals"),
    );
    let (earnings, withdrawals) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let (words, format) = (desk.words(), desk.format());
    let coin = |sum: &Money| Coin {
        code: sum.asset.code(),
        has: format.money(sum),
        all: sum
            .amount()
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        chosen: typed.asset == sum.asset.code(),
    };
    let real = |sum: &&Money| !sum.asset.is_practice();
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        coins: earnings.wallet.iter().filter(real).map(coin).collect(),
        has_practice: earnings.total.iter().any(|sum| sum.asset.is_practice()),
        held: earnings
            .held
            .iter()
            .filter(real)
            .map(|sum| format.money(sum))
            .collect(),
        lines: withdrawals
            .withdrawals
            .iter()
            .map(|one| line(one, &format))
            .collect(),
        typed,
        error,
    };
    desk.page(PAGE, &words.say("withdrawals-title"), done, &page)
}

fn line(withdrawal: &Withdrawal, format: &Format) -> Line {
    let words = format.words();
    let at = |moment: jiff::Timestamp| format.moment(moment);
    let (state, state_told) = match withdrawal.state {
        WithdrawalState::Requested => ("", words.say("withdrawals-requested")),
        WithdrawalState::Approved => ("", words.say("withdrawals-approved")),
        WithdrawalState::Sent => ("warn", words.say("withdrawals-sent")),
        WithdrawalState::Confirmed => ("good", words.say("withdrawals-confirmed")),
        WithdrawalState::Refused => ("bad", words.say("withdrawals-refused")),
    };
    let when = match (
        withdrawal.confirmed_at,
        withdrawal.sent_at,
        withdrawal.state,
    ) {
        (Some(confirmed), ..) => words.say_with(
            "withdrawals-confirmed-at",
            &[("time", at(confirmed).into())],
        ),
        (None, Some(sent), _) => {
            words.say_with("withdrawals-sent-at", &[("time", at(sent).into())])
        }
        (None, None, WithdrawalState::Requested | WithdrawalState::Approved) => {
            let earliest = at(withdrawal.earliest);
            words.say_with("withdrawals-earliest", &[("time", earliest.into())])
        }
        _ => String::new(),
    };
    Line {
        id: withdrawal.id.to_string(),
        state,
        state_told,
        reason: withdrawal.reason.clone(),
        amount: format.money(&withdrawal.amount),
        fee: format.money(&withdrawal.fee),
        arrives: format.money(&withdrawal.arrives),
        address: withdrawal.address.clone(),
        requested: at(withdrawal.requested_at),
        when,
        transaction: withdrawal.transaction_id.clone(),
        can_be_cancelled: withdrawal.state == WithdrawalState::Requested,
    }
}

/// `POST /withdrawals/ID/cancel`.
pub(super) async fn cancel<H: HubApi>(desk: Desk<H>, Path(id): Path<String>) -> Response {
    let path = format!("/v1/withdrawals/{}", in_query(&id));
    match desk.send::<Withdrawal>(Method::DELETE, &path, ()).await {
        Ok(_) => desk.go("withdrawals?done=cancelled"),
        Err(trouble) => {
            let words = desk.words();
            let error = (trouble.told(words), trouble.detail().map(str::to_owned));
            listed(&desk, Typed::default(), Some(error), None).await
        }
    }
}
