//! What the pools say: the pages *Earnings* and *My devices* where pools are worked for.

use askama::Template;
use axum::response::Response;
use idlewatt_screens::Words;
use jiff::Timestamp;

use super::page::Page;
use crate::choosing;
use crate::pool_account::{self, PoolEarned, in_words};

/// Payments and workers shown, at most: some pools list thousands.
const MOST: usize = 100;

#[derive(Template)]
#[template(path = "dashboard/pool.html")]
struct AtPool {
    words: Words,
    accounts: Vec<Shown>,
    /// Whether there is more than one account.
    several: bool,
    /// The pools that have not said anything yet, and those that are asked for no account.
    silent: String,
    unasked: String,
    /// What there is to say of each processor's pay, such as that it is paid out only after long.
    remarks: Vec<String>,
    outlook: String,
}

/// Everything in the reader's words.
struct Shown {
    pool: String,
    confirmed: String,
    immature: Option<String>,
    paid: String,
    paid_is_listed: bool,
    threshold: Option<String>,
    as_of: String,
    stale: bool,
    error: Option<String>,
    doubts: Vec<(String, String)>,
    notes: Vec<String>,
    payments: Vec<ShownPayment>,
    workers: Vec<ShownWorker>,
}

struct ShownPayment {
    at: String,
    amount: String,
    transaction: String,
}

struct ShownWorker {
    name: String,
    rate: String,
    last_share: String,
    valid: String,
    invalid: String,
}

#[derive(Template)]
#[template(path = "dashboard/pool_devices.html")]
struct Devices {
    words: Words,
    accounts: Vec<Shown>,
    silent: String,
    unasked: String,
}

/// The pools by what they have told.
struct Told {
    accounts: Vec<PoolEarned>,
    /// Those that have not said anything yet, and those that are asked for no account.
    silent: String,
    unasked: String,
}

impl Told {
    fn of(page: &Page) -> Told {
        let settings = page.daemon().settings();
        let known = page.daemon().board().pool_accounts.clone();
        let (mut silent, mut unasked) = (Vec::new(), Vec::new());
        for pool in settings.pools() {
            let url = pool.url.clone().unwrap_or_default();
            match pool_account::key(pool) {
                None => unasked.push(url),
                Some(key) if !known.contains_key(&key) => silent.push(url),
                Some(_) => {}
            }
        }
        Told {
            accounts: pool_account::in_order(&settings, &known),
            silent: silent.join(", "),
            unasked: unasked.join(", "),
        }
    }

    fn shown(self, page: &Page) -> Vec<Shown> {
        let accounts = self.accounts.into_iter();
        accounts.map(|earned| shown(page, earned)).collect()
    }
}

/// `GET earnings` where pools are worked for.
pub async fn show(page: &Page) -> Response {
    let told = Told::of(page);
    let said = told.accounts.iter().flat_map(|earned| {
        let doubts = earned.doubts.iter().map(|doubted| doubted.what.clone());
        doubts.chain(earned.error.clone())
    });
    let said: Vec<String> = said.collect();
    let body = AtPool {
        words: page.words,
        several: told.accounts.len() > 1,
        silent: told.silent.clone(),
        unasked: told.unasked.clone(),
        accounts: told.shown(page),
        remarks: remarks(page),
        outlook: super::outlook::section(page, &said).await,
    };
    page.show("earnings", "", &page.words.say("dashboard-earnings"), &body)
}

/// `GET devices` where pools are worked for: all that work for the accounts there.
pub fn devices(page: &Page) -> Response {
    let told = Told::of(page);
    let body = Devices {
        words: page.words,
        silent: told.silent.clone(),
        unasked: told.unasked.clone(),
        accounts: told.shown(page),
    };
    page.show("devices", "", &page.words.say("devices-title"), &body)
}

fn remarks(page: &Page) -> Vec<String> {
    let status = page.daemon().status();
    let remarks = status.processors.iter().filter_map(|processor| {
        let told = choosing::in_words(processor.choice.as_ref()?, page.words)?;
        Some(format!("{}: {told}", processor.name))
    });
    remarks.collect()
}

fn shown(page: &Page, earned: PoolEarned) -> Shown {
    let format = &page.format;
    let stale = earned.is_stale(Timestamp::now());
    let account = earned.account;
    let moment = |at: Option<Timestamp>| at.map(|at| format.exact_moment(at)).unwrap_or_default();
    let count = |count: Option<u64>| count.map(|count| format.whole(count)).unwrap_or_default();
    Shown {
        pool: earned.pool,
        confirmed: in_words(&account.confirmed),
        immature: account.immature.as_ref().map(in_words),
        paid: in_words(&account.paid),
        paid_is_listed: account.paid_is_listed,
        threshold: account.threshold.as_ref().map(in_words),
        as_of: format.exact_moment(earned.as_of),
        stale,
        error: earned.error,
        doubts: earned
            .doubts
            .into_iter()
            .rev()
            .map(|doubted| (format.exact_moment(doubted.at), doubted.what))
            .collect(),
        notes: account.notes,
        payments: account
            .payments
            .iter()
            .take(MOST)
            .map(|payment| ShownPayment {
                at: moment(payment.at),
                amount: in_words(&payment.amount),
                transaction: payment.transaction.clone().unwrap_or_default(),
            })
            .collect(),
        workers: account
            .workers
            .into_iter()
            .take(MOST)
            .map(|worker| ShownWorker {
                rate: worker
                    .hash_rate
                    .map(|rate| format.hash_rate(rate))
                    .unwrap_or_default(),
                last_share: moment(worker.last_share),
                valid: count(worker.valid),
                invalid: count(worker.invalid),
                name: worker.name,
            })
            .collect(),
    }
}
