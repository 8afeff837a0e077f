//! What was earned: this device, the others, referrals, apart and together.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::api::{
    AccountEarnings, EarnedLately, EarningsByDay, EarningsByDevice, Prices,
};
use idlewatt_protocol::{Asset, DeviceId, Money};
use serde::Deserialize;

use super::desk::Desk;
use super::devices::names;
use super::value::{Currency, Teller};
use super::{HubApi, earned_chart};
use crate::Words;

pub(super) const PAGE: &str = "earnings";
/// How many days a chart may show.
pub(super) const SPANS: [i64; 4] = [7, 30, 90, 365];
/// Devices that are listed one by one.
const LISTED: usize = 100;

/// What of the earnings is shown, and how.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    days: Option<String>,
    currency: Option<String>,
}

impl Wanted {
    /// One of [`SPANS`].
    pub fn days(&self) -> i64 {
        let asked = self.days.as_deref().and_then(|days| days.parse().ok());
        asked.filter(|days| SPANS.contains(days)).unwrap_or(30)
    }
}

/// A line of a table of periods: each figure is one or more texts.
struct Line {
    name: String,
    device: Option<DeviceId>,
    today: Vec<String>,
    seven_days: Vec<String>,
    thirty_days: Vec<String>,
    total: Vec<String>,
}

#[derive(Template)]
#[template(path = "account/earnings.html")]
struct Page {
    words: Words,
    currencies: Vec<(&'static str, String, bool)>,
    spans: Vec<(i64, String, bool)>,
    days: i64,
    sources: Vec<Line>,
    devices: Vec<Line>,
    more_devices: usize,
    credited: Vec<String>,
    estimate: Vec<String>,
    has_estimate: bool,
    outlook: String,
    held: Vec<String>,
    wallet: Vec<String>,
    withdrawing: Vec<String>,
    paid: Vec<String>,
    charts: Vec<String>,
    rates: Vec<String>,
    rates_from: Option<String>,
    no_price: bool,
    has_practice: bool,
}

/// `GET /earnings`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(wanted): Query<Wanted>) -> Response {
    match page(&desk, &wanted).await {
        Ok(page) => desk.page(PAGE, &desk.words().say("earnings-title"), None, &page),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

async fn page<H: HubApi>(desk: &Desk<H>, wanted: &Wanted) -> Result<Page, super::trouble::Trouble> {
    let (words, offset, days) = (desk.words(), desk.utc_offset_minutes(), wanted.days());
    let by_device = format!("/v1/account/earnings/devices?utc_offset_minutes={offset}");
    let by_day = format!("/v1/account/earnings/days?days={days}&utc_offset_minutes={offset}");
    let (account, earned, by_day, prices, names) = try_join!(
        desk.get::<AccountEarnings>("/v1/account/earnings"),
        desk.get::<EarningsByDevice>(&by_device),
        desk.get::<EarningsByDay>(&by_day),
        desk.get::<Prices>("/v1/prices"),
        names(desk),
    )?;
    let asked = wanted.currency.as_deref().and_then(Currency::from_code);
    let currency = asked.unwrap_or(desk.viewer.currency);
    let teller = Teller {
        format: desk.format(),
        currency,
        prices,
    };
    let assets: Vec<Asset> = account.total.iter().map(|sum| sum.asset).collect();
    let real: Vec<Asset> = assets
        .iter()
        .copied()
        .filter(|asset| !asset.is_practice())
        .collect();
    let priced = real.iter().any(|asset| teller.converts(*asset));
    let source = teller.prices.source.clone().zip(teller.prices.at);
    let rates_from = source.filter(|_| priced).map(|(source, at)| {
        let at = teller.format.moment(at);
        words.say_with(
            "earnings-prices-from",
            &[("source", source.into()), ("at", at.into())],
        )
    });
    let this = desk.viewer.this_device.as_ref();
    let (mut devices, more_devices) = device_lines(&teller, &earned, &names, this, words);
    if devices.len() < 2 && this.is_some() {
        devices.clear();
    }
    let choice = |one: Currency| (one.code(), one.label(words), one == currency);
    let span = |days: i64| {
        let told = words.say_with("earnings-days", &[("count", days.into())]);
        (days, told, days == wanted.days())
    };
    Ok(Page {
        words,
        currencies: Currency::ALL.map(choice).to_vec(),
        spans: SPANS.map(span).to_vec(),
        days,
        sources: source_lines(&teller, &earned, this, words),
        devices,
        more_devices,
        credited: teller.lines(&account.total),
        estimate: teller.lines(&desk.viewer.estimate),
        has_estimate: !desk.viewer.estimate.is_empty(),
        outlook: desk.viewer.outlook.clone(),
        held: teller.lines(&account.held),
        wallet: teller.lines(&account.wallet),
        withdrawing: teller.lines(&account.withdrawing),
        paid: teller.lines(&paid(&account)),
        charts: earned_chart::charts(&teller, &by_day, &names, this, words),
        rates: teller.rates(&real),
        rates_from,
        no_price: currency != Currency::Coin && real.iter().any(|asset| !teller.converts(*asset)),
        has_practice: assets.iter().any(|asset| asset.is_practice()),
    })
}

/// What has left the account: everything credited that is nowhere else.
fn paid(account: &AccountEarnings) -> Vec<Money> {
    let mut paid = account.total.clone();
    for part in [&account.held, &account.wallet, &account.withdrawing] {
        for sum in part {
            if let Some(left) = paid.iter_mut().find(|left| left.asset == sum.asset) {
                left.atomic -= sum.atomic;
            }
        }
    }
    paid.retain(|left| left.atomic != 0);
    paid
}

/// Adds sums asset by asset.
pub(super) fn add(sums: &mut Vec<Money>, more: &[Money]) {
    for sum in more {
        match sums.iter_mut().find(|known| known.asset == sum.asset) {
            Some(known) => known.atomic = known.atomic.saturating_add(sum.atomic),
            None => sums.push(*sum),
        }
    }
}

fn add_earned(sums: &mut EarnedLately, more: &EarnedLately) {
    add(&mut sums.today, &more.today);
    add(&mut sums.seven_days, &more.seven_days);
    add(&mut sums.thirty_days, &more.thirty_days);
    add(&mut sums.total, &more.total);
}

fn line(teller: &Teller, name: String, device: Option<DeviceId>, earned: &EarnedLately) -> Line {
    Line {
        name,
        device,
        today: teller.lines(&earned.today),
        seven_days: teller.lines(&earned.seven_days),
        thirty_days: teller.lines(&earned.thirty_days),
        total: teller.lines(&earned.total),
    }
}

/// This device, the others, referrals, and all of it.
fn source_lines(
    teller: &Teller,
    earned: &EarningsByDevice,
    this: Option<&DeviceId>,
    words: Words,
) -> Vec<Line> {
    let (mut own, mut others) = (EarnedLately::default(), EarnedLately::default());
    for device in &earned.devices {
        let sums = match Some(&device.device) == this {
            true => &mut own,
            false => &mut others,
        };
        add_earned(sums, &device.earned);
    }
    let mut all = own.clone();
    add_earned(&mut all, &others);
    add_earned(&mut all, &earned.referrals);
    let mut lines = Vec::new();
    let others_are = match this {
        Some(_) => {
            lines.push(line(teller, words.say("earnings-this-device"), None, &own));
            words.say("earnings-other-devices")
        }
        None => words.say("earnings-devices"),
    };
    lines.push(line(teller, others_are, None, &others));
    let referrals = words.say("earnings-referrals");
    lines.push(line(teller, referrals, None, &earned.referrals));
    lines.push(line(teller, words.say("earnings-together"), None, &all));
    lines
}

/// Each device for itself, those that earned most first; and how many more there are.
fn device_lines(
    teller: &Teller,
    earned: &EarningsByDevice,
    names: &HashMap<DeviceId, String>,
    this: Option<&DeviceId>,
    words: Words,
) -> (Vec<Line>, usize) {
    let worth = |sums: &[Money]| -> f64 { sums.iter().map(|sum| teller.number(sum)).sum() };
    let mut devices: Vec<_> = earned.devices.iter().collect();
    devices.sort_by(|one, other| {
        let (one, other) = (&one.earned, &other.earned);
        let recent = worth(&other.thirty_days).total_cmp(&worth(&one.thirty_days));
        recent.then_with(|| worth(&other.total).total_cmp(&worth(&one.total)))
    });
    let more = devices.len().saturating_sub(LISTED);
    let lines = devices.into_iter().take(LISTED).map(|device| {
        let is_known = names.contains_key(&device.device);
        let name = called(&device.device, names, this, words);
        let link = is_known.then(|| device.device.clone());
        line(teller, name, link, &device.earned)
    });
    (lines.collect(), more)
}

/// What a device is called; one that was removed has its id left.
pub(super) fn called(
    device: &DeviceId,
    names: &HashMap<DeviceId, String>,
    this: Option<&DeviceId>,
    words: Words,
) -> String {
    let name = match names.get(device) {
        Some(name) => name.clone(),
        None => words.say_with(
            "earnings-removed-device",
            &[("device", device.as_str().into())],
        ),
    };
    match Some(device) == this {
        true => words.say_with("earnings-called-this", &[("name", name.into())]),
        false => name,
    }
}
