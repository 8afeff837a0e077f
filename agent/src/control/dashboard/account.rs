//! The account's pages in the dashboard: earnings, devices, referrals and withdrawals, asked of the hub with the account
//! key. A device that made its account has the key; on others its owner may type it in, for the time of the session.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idlewatt_protocol::AccountKey;
use idlewatt_protocol::api::Prices;
use idlewatt_screens::Words;
use idlewatt_screens::account::{Asking, Currency, HubApi, Unreachable, Viewer};
use serde::Deserialize;

use super::Dashboard;
use super::page::Page;
use crate::daemon::Daemon;
use crate::earnings::projection;
use crate::hub_access::HubAccess;
use crate::identity;

/// No list of prices is longer, in bytes.
const LARGEST_PRICES: usize = 64 * 1024;

/// The hub that this device works for.
#[derive(Clone)]
pub struct Hub(pub Arc<Daemon>);

impl HubApi for Hub {
    async fn call(&self, asking: Asking) -> Result<Response, Unreachable> {
        let access = self.0.board().hub.clone();
        let access = access.ok_or_else(|| Unreachable(self.trouble()))?;
        let path = asking.path.trim_start_matches('/');
        let answer = access
            .client()
            .ask(asking.method, path, &asking.secret, asking.body.as_ref())
            .await
            .map_err(|error| Unreachable(error.to_string()))?;
        let mut response = (answer.status, answer.body).into_response();
        let kept = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION];
        for name in kept {
            if let Some(value) = answer.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        Ok(response)
    }
}

impl Hub {
    fn trouble(&self) -> String {
        let trouble = self.0.board().source.trouble.clone();
        trouble.unwrap_or_else(|| "it is not reached yet".to_owned())
    }
}

#[derive(Template)]
#[template(path = "dashboard/key.html")]
struct AskKey<'a> {
    words: Words,
    form_token: &'a str,
    this_device: Vec<String>,
    other_devices: Vec<String>,
    referrals: Vec<String>,
    total: Vec<String>,
    wrong: bool,
}

/// Tells the pages who looks, or asks for the account key.
pub async fn viewer(
    State(dashboard): State<Arc<Dashboard>>,
    page: Page,
    mut request: Request,
    next: Next,
) -> Response {
    let daemon = &dashboard.daemon;
    if super::first_run::is_open(daemon) {
        return page.back_to("first-run");
    }
    let path = request.uri().path();
    let is_earnings = path.ends_with("/earnings");
    if daemon.settings().pool.url.is_some() {
        return match is_earnings {
            true => super::pool::show(&page).await,
            false if path.ends_with("/devices") => super::pool::devices(&page),
            false => page.back_to("earnings"),
        };
    }
    let Some(secret) = key(daemon).or_else(|| page.visitor.account_key.clone()) else {
        return ask_key(&page, false).await;
    };
    let hub = daemon.board().hub.clone();
    let currency = Currency::from_code(&daemon.settings().currency);
    request.extensions_mut().insert(Viewer {
        shell: page.shell("earnings", ""),
        secret: secret.as_str().to_owned(),
        currency: currency.unwrap_or_default(),
        zone: page.format.zone().clone(),
        this_device: hub.as_ref().map(HubAccess::device).cloned(),
        peer: None,
        estimate: projection::next_day(daemon),
        outlook: match is_earnings {
            true => super::outlook::section(&page, &[]).await,
            false => String::new(),
        },
        hub_url: hub.map(|hub| hub.client().address()).unwrap_or_default(),
    });
    next.run(request).await
}

/// What the hub says coins cost; nothing where it does not.
pub async fn prices(daemon: &Arc<Daemon>) -> Prices {
    let asking = Asking {
        method: Method::GET,
        path: "/v1/prices".to_owned(),
        body: None,
        secret: String::new(),
        peer: None,
    };
    let Ok(answer) = Hub(daemon.clone()).call(asking).await else {
        return Prices::default();
    };
    let body = axum::body::to_bytes(answer.into_body(), LARGEST_PRICES).await;
    let prices = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body).ok());
    prices.unwrap_or_default()
}

/// The key of the account that this device made at the hub it works for.
pub fn key(daemon: &Daemon) -> Option<AccountKey> {
    let known = identity::known(&daemon.data, &daemon.hub_name());
    known.ok().flatten()?.account_key
}

async fn ask_key(page: &Page, wrong: bool) -> Response {
    let earned = page.daemon().earnings().await;
    let told = |sums: &[_]| sums.iter().map(|sum| page.format.money(sum)).collect();
    let body = AskKey {
        words: page.words,
        form_token: &page.visitor.form_token,
        this_device: told(&earned.this_device),
        other_devices: told(&earned.other_devices),
        referrals: told(&earned.referrals),
        total: told(&earned.total),
        wrong,
    };
    page.show("earnings", "", &page.words.say("dashboard-earnings"), &body)
}

/// What is typed in.
#[derive(Deserialize)]
pub struct Typed {
    key: String,
}

/// `POST account-key`: opens the account's pages for this session.
pub async fn open(page: Page, Form(typed): Form<Typed>) -> Response {
    let Ok(key) = typed.key.trim().parse::<AccountKey>() else {
        return ask_key(&page, true).await;
    };
    let asking = Asking {
        method: Method::GET,
        path: "/v1/account/earnings".to_owned(),
        body: None,
        secret: key.as_str().to_owned(),
        peer: None,
    };
    match Hub(page.daemon().clone()).call(asking).await {
        Ok(answer) if answer.status().is_success() => {
            let entrance = &page.daemon().entrance;
            entrance.keep_key(&page.visitor.form_token, key);
            page.back_to("earnings")
        }
        _ => ask_key(&page, true).await,
    }
}
