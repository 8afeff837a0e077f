//! Deleting the account. The hub wants the account key itself for it, so a session's viewer types it again.

use askama::Template;
use axum::Form;
use axum::http::Method;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::AccountKey;
use idlewatt_protocol::api::{
    AccountDeleted, AccountEarnings, DeleteAccount, Referrals, TotpState,
};
use serde::Deserialize;

use super::HubApi;
use super::desk::Desk;
use super::home::PAGE;
use crate::Words;

/// What is typed to delete an account.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    confirm: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    totp: String,
    #[serde(default)]
    forfeit: Option<String>,
}

#[derive(Template)]
#[template(path = "account/delete.html")]
struct Page {
    words: Words,
    form_token: String,
    left: Vec<String>,
    totp: bool,
    asks_key: bool,
    confirm: String,
    forfeit: bool,
    error: Option<(String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "account/deleted.html")]
struct Deleted {
    words: Words,
    forfeited: Vec<String>,
}

/// `GET /account/delete`: nothing is done yet.
pub(super) async fn show<H: HubApi>(desk: Desk<H>) -> Response {
    asking(&desk, Typed::default(), None).await
}

async fn asking<H: HubApi>(
    desk: &Desk<H>,
    typed: Typed,
    error: Option<(String, Option<String>)>,
) -> Response {
    let read = try_join!(
        desk.get::<AccountEarnings>("/v1/account/earnings"),
        desk.get::<TotpState>("/v1/account/totp"),
    );
    let (earnings, totp) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let (words, format) = (desk.words(), desk.format());
    let left = earnings.wallet.iter().chain(&earnings.held);
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        left: left
            .filter(|sum| sum.atomic != 0)
            .map(|sum| format.money(sum))
            .collect(),
        totp: totp.on,
        asks_key: desk.viewer.secret.parse::<AccountKey>().is_err(),
        confirm: typed.confirm,
        forfeit: typed.forfeit.is_some(),
        error,
    };
    desk.page(PAGE, &words.say("account-delete-title"), None, &page)
}

/// `POST /account/delete`.
pub(super) async fn delete<H: HubApi>(desk: Desk<H>, Form(typed): Form<Typed>) -> Response {
    let words = desk.words();
    let word = words.say("account-delete-word");
    if typed.confirm.trim().to_lowercase() != word.to_lowercase() {
        let wrong = words.say_with("account-delete-word-wrong", &[("word", word.into())]);
        return asking(&desk, typed, Some((wrong, None))).await;
    }
    let key = match desk.viewer.secret.parse::<AccountKey>() {
        Ok(own) => Some(own),
        Err(_) => own_key(&desk, &typed.key).await,
    };
    let Some(key) = key else {
        let wrong = words.say("account-delete-key-wrong");
        return asking(&desk, typed, Some((wrong, None))).await;
    };
    let totp: String = typed.totp.chars().filter(char::is_ascii_digit).collect();
    let body = DeleteAccount {
        confirm: "delete".to_owned(),
        forfeit: typed.forfeit.is_some(),
        totp: (!totp.is_empty()).then_some(totp),
    };
    let path = "/v1/account";
    let deleted = desk.send_as::<AccountDeleted>(key.as_str(), Method::DELETE, path, &body);
    match deleted.await {
        Ok(deleted) => {
            let format = desk.format();
            let page = Deleted {
                words,
                forfeited: deleted
                    .forfeited
                    .iter()
                    .map(|sum| format.money(sum))
                    .collect(),
            };
            desk.page(PAGE, &words.say("account-deleted-title"), None, &page)
        }
        Err(trouble) => {
            let error = (trouble.told(words), trouble.detail().map(str::to_owned));
            asking(&desk, typed, Some(error)).await
        }
    }
}

/// The key that was typed, if it opens the viewer's own account and no other: each account has another referral code.
async fn own_key<H: HubApi>(desk: &Desk<H>, typed: &str) -> Option<AccountKey> {
    let key: AccountKey = typed.parse().ok()?;
    let path = "/v1/referrals";
    let own: Referrals = desk.get(path).await.ok()?;
    let other: Referrals = desk.get_as(key.as_str(), path).await.ok()?;
    (own.code == other.code).then_some(key)
}
