//! Asking for a withdrawal: typed once, shown again with what it costs, then confirmed.
//!
//! The request's key is made here with the page that asks for confirmation, and goes back and forth in its form: however
//! often that form is sent, it is one withdrawal.

use askama::Template;
use axum::Form;
use axum::http::Method;
use axum::response::Response;
use idlewatt_protocol::api::{AskQuote, AskWithdrawal, Withdrawal, WithdrawalQuote};
use idlewatt_protocol::{Asset, Money};
use rand::RngExt;
use rand::distr::Alphanumeric;
use serde::Deserialize;

use super::HubApi;
use super::desk::Desk;
use super::trouble::Trouble;
use super::withdrawals::{PAGE, listed};
use crate::Words;

/// How many letters and digits name a request.
const KEY_LENGTH: usize = 32;

/// What is typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    pub asset: String,
    #[serde(default)]
    pub amount: String,
    #[serde(default)]
    pub address: String,
}

/// The same, confirmed.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    #[serde(flatten)]
    typed: Typed,
    request_key: String,
    #[serde(default)]
    totp: String,
}

#[derive(Template)]
#[template(path = "account/withdrawal.html")]
struct Page {
    words: Words,
    form_token: String,
    asset: String,
    /// As it goes back.
    plain_amount: String,
    amount: String,
    fee: String,
    arrives: String,
    address: String,
    /// In groups, for comparing.
    groups: Vec<String>,
    earliest: Option<String>,
    paused: bool,
    totp: bool,
    request_key: String,
    error: Option<(String, Option<String>)>,
}

/// `POST /withdrawals`: shows what it would cost. Nothing is done yet.
pub(super) async fn ask<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    shown(&desk, typed, new_key(), None).await
}

fn new_key() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).take(KEY_LENGTH);
    letters.map(char::from).collect()
}

/// The page that asks for confirmation, or the one before if there is no quote.
async fn shown<H: HubApi>(
    desk: &Desk<H>,
    typed: Typed,
    request_key: String,
    error: Option<Trouble>,
) -> Response {
    let words = desk.words();
    let told = |trouble: &Trouble| (trouble.told(words), trouble.detail().map(str::to_owned));
    let (asset, amount) = match read(&typed, words) {
        Ok(read) => read,
        Err(wrong) => return listed(desk, typed, Some((wrong, None)), None).await,
    };
    let asked = AskQuote {
        asset,
        amount: amount.amount(),
        address: typed.address.trim().to_owned(),
    };
    let quote = desk.send::<WithdrawalQuote>(Method::POST, "/v1/withdrawals/quote", &asked);
    let quote = match quote.await {
        Ok(quote) => quote,
        Err(trouble) => return listed(desk, typed, Some(told(&trouble)), None).await,
    };
    let format = desk.format();
    let symbols: Vec<char> = asked.address.chars().collect();
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        asset: asset.code().to_owned(),
        plain_amount: asked.amount,
        amount: format.money(&quote.amount),
        fee: format.money(&quote.fee),
        arrives: format.money(&quote.arrives),
        groups: symbols
            .chunks(6)
            .map(|group| group.iter().collect())
            .collect(),
        address: asked.address,
        earliest: (quote.earliest > jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1))
            .then(|| format.moment(quote.earliest)),
        paused: quote.paused,
        totp: quote.totp,
        request_key,
        error: error.as_ref().map(told),
    };
    desk.page(PAGE, &words.say("withdrawals-confirm-title"), None, &page)
}

/// Asset and amount, with a comma for a point where somebody writes so.
fn read(typed: &Typed, words: Words) -> Result<(Asset, Money), String> {
    let asset: Asset = typed
        .asset
        .parse()
        .map_err(|_| words.say("withdrawals-asset-wrong"))?;
    let text = typed.amount.trim().replace(',', ".");
    let amount = Money::parse(asset, &text)
        .ok()
        .filter(|amount| amount.atomic > 0);
    let amount = amount.ok_or_else(|| {
        let decimals = u64::from(asset.decimals());
        words.say_with("withdrawals-amount-wrong", &[("decimals", decimals.into())])
    })?;
    if typed.address.trim().is_empty() {
        return Err(words.say("withdrawals-address-missing"));
    }
    Ok((asset, amount))
}

/// `POST /withdrawals/confirm`.
pub(super) async fn confirm<H: HubApi>(
    desk: Desk<H>,
    Form(confirmed): Form<Confirmed>,
) -> Response {
    let Confirmed {
        typed,
        request_key,
        totp,
    } = confirmed;
    let (asset, amount) = match read(&typed, desk.words()) {
        Ok(read) => read,
        Err(wrong) => return listed(&desk, typed, Some((wrong, None)), None).await,
    };
    let totp: String = totp.chars().filter(char::is_ascii_digit).collect();
    let asked = AskWithdrawal {
        asset,
        amount: amount.amount(),
        address: typed.address.trim().to_owned(),
        request_key: request_key.clone(),
        totp: (!totp.is_empty()).then_some(totp),
    };
    let made = desk.send::<Withdrawal>(Method::POST, "/v1/withdrawals", &asked);
    match made.await {
        Ok(_) => desk.go("withdrawals?done=requested"),
        Err(trouble) => shown(&desk, typed, request_key, Some(trouble)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        let amount = |asset: &str, amount: &str| {
            let typed = Typed {
                asset: asset.to_owned(),
                amount: amount.to_owned(),
                address: "4".to_owned(),
            };
            read(&typed, Words::of(Language::English)).map(|(_, amount)| amount.amount())
        };
        assert_eq!(amount("BTC", " 0,5 "), Ok("0.50000000".to_owned()));
        assert_eq!(amount("XMR", "1"), Ok("1.000000000000".to_owned()));
        for wrong in ["", "0", "-1", "1e3", "1.2.3", "0.123456789", "1,000,000"] {
            amount("BTC", wrong).expect_err(wrong);
        }
        amount("DOGE", "1").expect_err("no such coin");
    }
}
