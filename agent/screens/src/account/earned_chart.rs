//! What was earned on each day, as columns of devices and referrals.

use std::collections::{BTreeMap, HashMap};

use idlewatt_protocol::api::{DayEarnings, EarningsByDay};
use idlewatt_protocol::{Asset, DeviceId, Money};
use jiff::ToSpan;
use jiff::civil::Date;

use super::earnings::{add, called};
use super::value::{Currency, Teller};
use crate::Words;
use crate::chart::{Bars, Column};

/// Devices that have a colour of their own; the others share one.
const APART: usize = 6;

/// One colour of a chart.
struct Series {
    name: String,
    days: BTreeMap<Date, Vec<Money>>,
}

impl Series {
    fn of(name: String, days: &[DayEarnings]) -> Self {
        let days = days.iter().map(|day| (day.day, day.earned.clone()));
        Series {
            name,
            days: days.collect(),
        }
    }

    fn add(&mut self, days: &[DayEarnings]) {
        for day in days {
            add(self.days.entry(day.day).or_default(), &day.earned);
        }
    }

    fn sums(&self, wanted: &dyn Fn(Asset) -> bool) -> impl Iterator<Item = &Money> {
        let sums = self.days.values().flatten();
        sums.filter(move |sum| wanted(sum.asset))
    }
}

/// One chart for everything that has a price in the chosen currency, and one for each coin that has not. As HTML.
pub(super) fn charts(
    teller: &Teller,
    earned: &EarningsByDay,
    names: &HashMap<DeviceId, String>,
    this: Option<&DeviceId>,
    words: Words,
) -> Vec<String> {
    let mut charts = Vec::new();
    let all = series(teller, earned, names, this, words);
    let any =
        |wanted: &dyn Fn(Asset) -> bool| all.iter().any(|one| one.sums(wanted).next().is_some());
    if any(&|asset| teller.converts(asset)) {
        let currency = match teller.currency {
            Currency::Fiat(fiat) => fiat.code(),
            _ => "mBTC",
        };
        let title = words.say_with("earnings-chart-priced", &[("currency", currency.into())]);
        let chart = chart(teller, earned, &all, title, words, &|asset| {
            teller.converts(asset)
        });
        charts.push(chart.html(words, |most| teller.amount(most)));
    }
    // Money first.
    let mut assets = Asset::ALL;
    assets.sort_by_key(|asset| asset.is_practice());
    for asset in assets {
        if teller.converts(asset) {
            continue;
        }
        if !any(&|one| one == asset) {
            continue;
        }
        let title = match asset.is_practice() {
            true => words.say("earnings-chart-practice"),
            false => words.say_with("earnings-chart-coin", &[("coin", asset.code().into())]),
        };
        let chart = chart(teller, earned, &all, title, words, &|one| one == asset);
        charts.push(chart.html(words, |most| {
            let atomic = most * 10_f64.powi(asset.decimals() as i32);
            teller.format.money(&Money {
                asset,
                atomic: atomic.round() as i128,
            })
        }));
    }
    charts
}

/// This device, those that earned most, all the others, referrals.
fn series(
    teller: &Teller,
    earned: &EarningsByDay,
    names: &HashMap<DeviceId, String>,
    this: Option<&DeviceId>,
    words: Words,
) -> Vec<Series> {
    let mut devices: Vec<_> = earned.devices.iter().collect();
    let worth = |days: &[DayEarnings]| -> f64 {
        let sums = days.iter().flat_map(|day| &day.earned);
        sums.map(|sum| teller.number(sum)).sum()
    };
    devices.sort_by(|one, other| {
        let is_this = |device: &DeviceId| Some(device) == this;
        is_this(&other.device)
            .cmp(&is_this(&one.device))
            .then_with(|| worth(&other.days).total_cmp(&worth(&one.days)))
    });
    let apart = devices.len().min(APART);
    let mut all: Vec<Series> = devices[..apart]
        .iter()
        .map(|device| Series::of(called(&device.device, names, this, words), &device.days))
        .collect();
    let mut others = Series::of(words.say("earnings-all-others"), &earned.other_devices);
    for device in &devices[apart..] {
        others.add(&device.days);
    }
    let referrals = Series::of(words.say("earnings-referrals"), &earned.referrals);
    all.extend(
        [others, referrals]
            .into_iter()
            .filter(|series| !series.days.is_empty()),
    );
    all
}

fn chart(
    teller: &Teller,
    earned: &EarningsByDay,
    all: &[Series],
    title: String,
    words: Words,
    wanted: &dyn Fn(Asset) -> bool,
) -> Bars {
    let shown: Vec<&Series> = all
        .iter()
        .filter(|series| series.sums(wanted).next().is_some())
        .collect();
    let mut columns = Vec::new();
    let mut day = earned.first;
    while day <= earned.last {
        let parts = shown.iter().map(|series| {
            let sums = series.days.get(&day).into_iter().flatten();
            sums.filter(|sum| wanted(sum.asset)).copied().collect()
        });
        let parts: Vec<Vec<Money>> = parts.collect();
        columns.push(Column {
            label: teller.format.short_date(day),
            parts: parts
                .iter()
                .map(|sums| sums.iter().map(|sum| teller.number(sum)).sum())
                .collect(),
            told: parts
                .iter()
                .map(|sums| teller.lines(sums).join(" + "))
                .collect(),
        });
        match day.checked_add(1.day()) {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    Bars {
        title,
        series: shown.iter().map(|series| series.name.clone()).collect(),
        columns,
        axis: words.say("earnings-day"),
    }
}
