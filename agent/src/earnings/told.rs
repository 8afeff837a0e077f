//! An outlook in the reader's words, for the page and the terminal alike.

use idlewatt_market::estimate::{Calibration, Caution, Projection};
use idlewatt_screens::{Fiat, Format};

use super::outlook::{Outlook, days};

/// An estimate for the next days.
pub struct ToldEstimate {
    /// For how long.
    pub days: String,
    /// From low to high.
    pub range: String,
    /// What is likely, and what electricity costs where that is known.
    pub likely: String,
    /// What must be said with it.
    pub cautions: Vec<String>,
}

/// An outlook.
pub struct Told {
    /// What may come.
    pub estimates: Vec<ToldEstimate>,
    /// What was said before, the newest first, with what became of it where that is known.
    pub earlier: Vec<String>,
    /// How many held; `None` before there is any.
    pub summary: Option<String>,
}

impl Told {
    /// Puts it into words.
    pub fn of(outlook: &Outlook, format: &Format) -> Self {
        let summary = &outlook.summary;
        let words = format.words();
        let counts = [
            ("estimates", (summary.estimates as u64).into()),
            ("held", (summary.held as u64).into()),
            ("below", (summary.below as u64).into()),
            ("above", (summary.above as u64).into()),
        ];
        let running = outlook.running.iter().map(|one| running(one, format));
        let past = outlook.past.iter().map(|one| past(one, format));
        Told {
            estimates: outlook
                .estimates
                .iter()
                .map(|one| estimate(one, format))
                .collect(),
            earlier: running.chain(past).collect(),
            summary: (summary.estimates > 0)
                .then(|| words.say_with("dashboard-outlook-summary", &counts)),
        }
    }
}

fn sum(value: f64, currency: &str, format: &Format) -> String {
    match Fiat::from_code(currency) {
        Some(fiat) => format.fiat(value, fiat),
        None => format!("{value:.8} {currency}"),
    }
}

fn estimate(projection: &Projection, format: &Format) -> ToldEstimate {
    let words = format.words();
    let sum = |value| sum(value, &projection.currency, format);
    let range = [
        ("low", sum(projection.low).into()),
        ("high", sum(projection.high).into()),
    ];
    let likely = [("likely", sum(projection.likely).into())];
    let mut told = words.say_with("dashboard-outlook-likely", &likely);
    if let Some(cost) = projection.electricity {
        let cost = [("cost", sum(cost).into())];
        let electricity = words.say_with("dashboard-outlook-electricity", &cost);
        told = format!("{told}, {electricity}");
    }
    let cautions = projection.cautions.iter();
    let length = u64::try_from(days(projection)).unwrap_or_default();
    ToldEstimate {
        days: words.say_with("dashboard-outlook-days", &[("days", length.into())]),
        range: words.say_with("dashboard-outlook-range", &range),
        likely: told,
        cautions: cautions.map(|one| caution(one, format)).collect(),
    }
}

fn caution(caution: &Caution, format: &Format) -> String {
    let words = format.words();
    let of_days = |key: &str, days: usize| words.say_with(key, &[("days", (days as u64).into())]);
    match caution {
        Caution::BenchmarkOnly => words.say("dashboard-outlook-benchmark-only"),
        Caution::FewIdleDays { days } => of_days("dashboard-outlook-few-days", *days),
        Caution::FewPriceDays { days } => of_days("dashboard-outlook-few-prices", *days),
        Caution::LongPeriod { days } => of_days("dashboard-outlook-long", *days),
        Caution::DaysLeftOut { days } => of_days("dashboard-outlook-days-left-out", *days),
        Caution::FewFinds { .. } => words.say("dashboard-outlook-few-finds"),
        Caution::Corrected { factor, periods } => {
            let told = [
                ("periods", (*periods as u64).into()),
                ("factor", format.decimal(*factor, 2).into()),
            ];
            words.say_with("dashboard-outlook-corrected", &told)
        }
    }
}

/// The days from and to, and the range.
fn period(projection: &Projection, format: &Format) -> [(&'static str, String); 4] {
    let day = |at: jiff::Timestamp| format.date(at.to_zoned(format.zone().clone()).date());
    let sum = |value| sum(value, &projection.currency, format);
    [
        ("from", day(projection.from)),
        ("to", day(projection.to)),
        ("low", sum(projection.low)),
        ("high", sum(projection.high)),
    ]
}

fn running(projection: &Projection, format: &Format) -> String {
    let period = period(projection, format);
    let told = period.map(|(name, text)| (name, text.into()));
    format.words().say_with("dashboard-outlook-running", &told)
}

fn past(calibration: &Calibration, format: &Format) -> String {
    let words = format.words();
    let projection = &calibration.projection;
    let sum = |value| sum(value, &projection.currency, format);
    let period = period(projection, format);
    let mut told: Vec<_> = period
        .into_iter()
        .map(|(name, text)| (name, text.into()))
        .collect();
    told.push(("credited", sum(calibration.credited_value).into()));
    let mut text = match calibration.within {
        true => words.say_with("dashboard-outlook-held", &told),
        false => words.say_with("dashboard-outlook-failed", &told),
    };
    if !calibration.paid.is_empty() {
        let paid = [("paid", sum(calibration.paid_value).into())];
        text = format!("{text} {}", words.say_with("dashboard-outlook-paid", &paid));
    }
    text
}
