//! `idlewatt why`: what was decided in the last 24 hours, and because of what.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Common, Failure, output, words};
use crate::control::answers::{Change, ChangedProcessor};
use crate::journal;

/// How far back it looks.
const HOURS: u32 = 24;

#[derive(Debug, clap::Args)]
pub struct WhyArguments {
    /// How many hours back, 1 to 24
    #[arg(long, value_name = "HOURS", default_value_t = HOURS, value_parser = clap::value_parser!(u32).range(1..=i64::from(HOURS)))]
    hours: u32,
}

pub async fn run(common: &Common, arguments: WhyArguments) -> Result<(), Failure> {
    let changes = match common.running().await? {
        Some(client) => client.decisions(arguments.hours).await?,
        None => written_down(common, arguments.hours)?,
    };
    output::either(common.json, &changes, || shown(&changes, arguments.hours))
}

/// The journal itself, where no agent runs.
fn written_down(common: &Common, hours: u32) -> Result<Vec<Change>, Failure> {
    let since = Timestamp::now() - SignedDuration::from_hours(i64::from(hours));
    let path = common.data()?.file(journal::FILE);
    let entries = journal::read(&path, since)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    Ok(entries.into_iter().map(Change::from).collect())
}

fn shown(changes: &[Change], hours: u32) -> String {
    if changes.is_empty() {
        return words().say_with("cli-why-nothing", &[("hours", hours.into())]);
    }
    let zone = TimeZone::system();
    let rows: Vec<Vec<String>> = changes
        .iter()
        .flat_map(|change| rows(change, &zone))
        .collect();
    let words = words();
    let heading = [
        words.say("cli-column-when"),
        words.say("cli-column-mode"),
        words.say("cli-column-what"),
        words.say("cli-column-because"),
        words.say("cli-column-signal"),
    ];
    output::table(&heading, &rows)
}

/// One line for each reason: usually one for the whole PC.
fn rows(change: &Change, zone: &TimeZone) -> Vec<Vec<String>> {
    let when = change.at.to_zoned(zone.clone());
    let of = |processor: &ChangedProcessor| {
        let reason = processor.because.as_ref();
        let reason = reason.map(|reason| reason.in_words(words()));
        let reason = reason.unwrap_or_else(|| processor.reason.clone());
        (reason, processor.signal.clone())
    };
    let mut reasons: Vec<(String, String)> = Vec::new();
    for processor in &change.processors {
        let reason = of(processor);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        reasons.push((change.because.in_words(words()), change.signal.clone()));
    }
    let line = |(index, (reason, signal)): (usize, &(String, String))| {
        let of_reason =
            |processor: &&ChangedProcessor| of(processor) == (reason.clone(), signal.clone());
        let given: Vec<String> = change
            .processors
            .iter()
            .filter(of_reason)
            .map(|processor| format!("{} {} %", processor.processor, processor.percent))
            .collect();
        let first = |text: String| if index == 0 { text } else { String::new() };
        vec![
            first(clock(&when)),
            first(change.mode.clone()),
            given.join(", "),
            reason.clone(),
            signal.clone(),
        ]
    };
    reasons.iter().enumerate().map(line).collect()
}

/// The time of a day of the last week.
fn clock(when: &Zoned) -> String {
    let day = words().say_with(
        "cli-weekday",
        &[("weekday", when.weekday().to_monday_one_offset().into())],
    );
    format!("{day} {}", when.strftime("%H:%M:%S"))
}
