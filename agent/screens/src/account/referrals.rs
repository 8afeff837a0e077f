//! Whom the account has sent here, and what that brings.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::http::Method;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::api::{Prices, Referrals};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::HubApi;
use super::desk::{Desk, Done};
use super::trouble::Trouble;
use super::value::Teller;
use crate::{Words, qr};

const PAGE: &str = "referrals";

/// All who are so many steps away.
struct Tier {
    tier: u8,
    part: String,
    accounts: String,
    online: String,
    earned: Vec<String>,
}

/// One referred account, which has no other name here than its number.
struct Line {
    name: String,
    tier: u8,
    online: String,
    earned: Vec<String>,
}

#[derive(Template)]
#[template(path = "account/referrals.html")]
struct Page {
    words: Words,
    form_token: String,
    code: String,
    link: String,
    picture: Option<String>,
    referred: bool,
    tiers: Vec<Tier>,
    lines: Vec<Line>,
    typed: String,
    error: Option<(String, Option<String>)>,
}

/// The code of whoever sent this account here.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    referral: String,
}

/// `GET /referrals`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(done): Query<Done>) -> Response {
    shown(&desk, String::new(), None, done.done.as_deref()).await
}

async fn shown<H: HubApi>(
    desk: &Desk<H>,
    typed: String,
    error: Option<Trouble>,
    done: Option<&str>,
) -> Response {
    let read = try_join!(
        desk.get::<Referrals>("/v1/referrals"),
        desk.get::<Prices>("/v1/prices"),
    );
    let (referrals, prices) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let (words, format) = (desk.words(), desk.format());
    let teller = Teller {
        format: desk.format(),
        currency: desk.viewer.currency,
        prices,
    };
    let tiers = referrals.tiers.into_iter().map(|tier| Tier {
        tier: tier.tier,
        part: {
            let percent = f64::from(tier.basis_points_of_fee) / 100.0;
            let decimals = if tier.basis_points_of_fee.is_multiple_of(100) {
                0
            } else {
                2
            };
            format!("{} %", format.decimal(percent, decimals))
        },
        accounts: format.whole(tier.accounts),
        online: format.whole(tier.devices_online),
        earned: teller.lines(&tier.earned),
    });
    let lines = referrals.referrals.into_iter().map(|referral| Line {
        name: named(&referral.alias, words),
        tier: referral.tier,
        online: format.whole(referral.devices_online),
        earned: teller.lines(&referral.earned),
    });
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        code: referrals.code.to_string(),
        picture: qr::svg(&referrals.link),
        link: referrals.link,
        referred: referrals.referred,
        tiers: tiers.collect(),
        lines: lines.collect(),
        typed,
        error: error.map(|trouble| (trouble.told(words), trouble.detail().map(str::to_owned))),
    };
    desk.page(PAGE, &words.say("referrals-title"), done, &page)
}

/// "referral 3" in the reader's words.
fn named(alias: &str, words: Words) -> String {
    let number = alias
        .strip_prefix("referral ")
        .and_then(|number| number.parse::<u64>().ok());
    match number {
        Some(number) => words.say_with("referrals-number", &[("number", number.into())]),
        None => alias.to_owned(),
    }
}

/// `POST /referrals`: names who sent this account here.
pub(super) async fn set<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    let body = json!({ "referral": typed.referral.trim() });
    let path = "/v1/account/referrer";
    match desk
        .send::<Map<String, Value>>(Method::POST, path, &body)
        .await
    {
        Ok(_) => desk.go("referrals?done=referrer"),
        Err(trouble) => shown(&desk, typed.referral, Some(trouble), None).await,
    }
}
