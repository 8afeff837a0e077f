//! `idlewatt simulate TRACE`

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use idlewatt_config::write_duration;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, output, values};
use crate::app::policy::policy;
use crate::chosen_mode;
use crate::governor::{Mode, Policy};
use crate::simulation::{
    Header, OfProcessor, Report, Source, Tally, TraceError, TraceReader, drive,
};

#[derive(Debug, clap::Args)]
pub struct SimulateArguments {
    /// A recorded or written trace of a PC's signals, as docs/traces.md describes it
    trace: PathBuf,
    /// The mode chosen by hand [default: the settings']
    #[arg(long, value_name = "MODE", value_parser = values::mode)]
    mode: Option<Mode>,
    /// The file of settings [default: config.toml in the data directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show each change of what a processor goes to
    #[arg(long)]
    changes: bool,
}

impl From<TraceError> for Failure {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::Unreadable { .. } => Failure::failed(error),
            _ => Failure::usage(error),
        }
    }
}

pub fn run(common: &Common, arguments: SimulateArguments) -> Result<(), Failure> {
    let (usual, policy) = settings(common, arguments.config)?;
    let mode = arguments.mode.unwrap_or(usual);
    let begun = Instant::now();
    let mut trace = TraceReader::open(&arguments.trace)?;
    let mut tally = Tally::new(&policy, arguments.changes);
    drive(&mut trace, chosen_mode::first(mode), &policy, |span| {
        tally.add(span);
    })?;
    if let Some(warning) = trace.warning() {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    let day = Day {
        header: trace.header(),
        begins: trace.header().beginning().map_err(Failure::usage)?,
        mode,
        report: tally.finish(),
        took: begun.elapsed(),
        with_changes: arguments.changes,
    };
    output::either(common.json, &day.json(), || day.text())
}

/// Mode and limits as the settings say them, for a command that takes no others than their file.
pub fn settings(common: &Common, config: Option<PathBuf>) -> Result<(Mode, Policy), Failure> {
    let settings = SettingsArguments::of_file(config)
        .load(&common.data()?)?
        .settings;
    let mode = settings.mode.parse();
    let mode = mode.map_err(|error| Failure::usage(format!("mode: {error}")))?;
    let policy = policy(&settings).map_err(Failure::usage)?;
    Ok((mode, policy))
}

/// A day that was simulated.
struct Day<'a> {
    header: &'a Header,
    begins: Zoned,
    mode: Mode,
    report: Report,
    took: Duration,
    with_changes: bool,
}

#[derive(Serialize)]
struct DayJson<'a> {
    name: &'a str,
    source: Source,
    begins: Timestamp,
    time_zone: String,
    length_seconds: f64,
    mode: Mode,
    asleep_seconds: f64,
    someone_seconds: f64,
    free_seconds: f64,
    processors: Vec<ProcessorJson<'a>>,
    disturbances: DisturbancesJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<ChangeJson<'a>>>,
}

#[derive(Serialize)]
struct ProcessorJson<'a> {
    id: &'a str,
    free_used_percent: Option<f64>,
    changes: u64,
    changes_an_hour: f64,
    reasons: Vec<ReasonJson<'a>>,
}

#[derive(Serialize)]
struct ReasonJson<'a> {
    because: &'a str,
    signal: &'a str,
    seconds: f64,
}

#[derive(Serialize)]
struct DisturbancesJson<'a> {
    count: u64,
    seconds: f64,
    unsignalled_seconds: f64,
    list: Vec<DisturbanceJson<'a>>,
}

#[derive(Serialize)]
struct DisturbanceJson<'a> {
    at: Timestamp,
    seconds: f64,
    processors: Vec<&'a str>,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    at: Timestamp,
    processor: &'a str,
    from_percent: u8,
    to_percent: u8,
    signal: &'a str,
    reason: String,
}

impl Day<'_> {
    /// The time on the wall so long after the beginning.
    fn at(&self, passed: Duration) -> Zoned {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.begins.saturating_add(passed)
    }

    fn json(&self) -> DayJson<'_> {
        let report = &self.report;
        let processors = report.processors.iter().map(|processor| ProcessorJson {
            id: processor.id.as_str(),
            free_used_percent: processor.free_used_percent,
            changes: processor.changes,
            changes_an_hour: report.changes_an_hour(processor),
            reasons: processor
                .spent
                .iter()
                .map(|spent| ReasonJson {
                    because: &spent.because,
                    signal: spent.signal,
                    seconds: spent.time.as_secs_f64(),
                })
                .collect(),
        });
        let disturbances = report
            .listed_disturbances
            .iter()
            .map(|each| DisturbanceJson {
                at: self.at(each.at).timestamp(),
                seconds: each.length.as_secs_f64(),
                processors: each.processors.iter().map(|id| id.as_str()).collect(),
            });
        let changes = report.listed_changes.iter().map(|change| ChangeJson {
            at: self.at(change.at).timestamp(),
            processor: change.processor.as_str(),
            from_percent: change.from_percent,
            to_percent: change.to_percent,
            signal: change.reason.signal(),
            reason: change.reason.to_string(),
        });
        DayJson {
            name: &self.header.name,
            source: self.header.source,
            begins: self.begins.timestamp(),
            time_zone: self.header.time_zone.clone().into(),
            length_seconds: report.length.as_secs_f64(),
            mode: self.mode,
            asleep_seconds: report.asleep.as_secs_f64(),
            someone_seconds: report.someone.as_secs_f64(),
            free_seconds: report.free.as_secs_f64(),
            processors: processors.collect(),
            disturbances: DisturbancesJson {
                count: report.disturbances,
                seconds: report.disturbed.as_secs_f64(),
                unsignalled_seconds: report.unsignalled.as_secs_f64(),
                list: disturbances.collect(),
            },
            changes: self.with_changes.then(|| changes.collect()),
        }
    }

    fn text(&self) -> String {
        let report = &self.report;
        let source = match self.header.source {
            Source::Written => "written",
            Source::Recorded => "recorded",
        };
        let mut lines = vec![format!(
            "{} ({source}): {}, {}; mode {}; simulated in {:.2} s",
            self.header.name,
            self.begins.strftime("%Y-%m-%d %H:%M"),
            write_duration(report.length),
            self.mode,
            self.took.as_secs_f64(),
        )];
        lines.push(format!(
            "someone there {}, PC asleep {}, free {}",
            write_duration(report.someone),
            write_duration(report.asleep),
            write_duration(report.free),
        ));
        lines.extend(self.disturbances());
        lines.push(String::new());
        lines.push(self.processors());
        lines.push(String::new());
        lines.push(self.reasons());
        if self.with_changes {
            lines.push(String::new());
            lines.push(self.changes());
        }
        lines.join("\n")
    }

    /// How often somebody was disturbed, and the first times.
    fn disturbances(&self) -> Vec<String> {
        const SHOWN: usize = 10;
        let report = &self.report;
        if report.disturbances == 0 {
            return vec!["disturbances: none".to_owned()];
        }
        let mut lines = vec![format!(
            "disturbances: {}, {} in all, of which {} without any signal of someone",
            report.disturbances,
            write_duration(report.disturbed),
            write_duration(report.unsignalled),
        )];
        for each in report.listed_disturbances.iter().take(SHOWN) {
            let processors: Vec<&str> = each.processors.iter().map(|id| id.as_str()).collect();
            let at = self.at(each.at).strftime("%a %H:%M:%S");
            let length = write_duration(each.length);
            lines.push(format!("  {at} for {length}: {}", processors.join(", ")));
        }
        if report.disturbances > SHOWN as u64 {
            lines.push("  and more: see --json".to_owned());
        }
        lines
    }

    fn processors(&self) -> String {
        let report = &self.report;
        let row = |processor: &OfProcessor| {
            let used = processor.free_used_percent;
            vec![
                processor.id.to_string(),
                used.map_or("-".to_owned(), |used| format!("{used:.1} %")),
                processor.changes.to_string(),
                format!("{:.1}", report.changes_an_hour(processor)),
            ]
        };
        let rows: Vec<Vec<String>> = report.processors.iter().map(row).collect();
        output::table(
            &["processor", "free time used", "changes", "an hour"],
            &rows,
        )
    }

    /// For how long each reason held, on each processor.
    fn reasons(&self) -> String {
        let processors = &self.report.processors;
        let mut words: Vec<&str> = Vec::new();
        for spent in processors.iter().flat_map(|processor| &processor.spent) {
            if !words.contains(&spent.because.as_str()) {
                words.push(&spent.because);
            }
        }
        let cell = |processor: &OfProcessor, word: &str| {
            let mut spent = processor.spent.iter();
            let time = spent.find(|spent| spent.because == word);
            time.map_or("-".to_owned(), |spent| write_duration(spent.time))
        };
        let row = |word: &str| {
            let cells = processors.iter().map(|processor| cell(processor, word));
            std::iter::once(word.replace('_', " "))
                .chain(cells)
                .collect()
        };
        let rows: Vec<Vec<String>> = words.into_iter().map(row).collect();
        let names = processors.iter().map(|processor| processor.id.as_str());
        let heading: Vec<&str> = std::iter::once("reason").chain(names).collect();
        output::table(&heading, &rows)
    }

    fn changes(&self) -> String {
        let changes = self.report.listed_changes.iter();
        let rows: Vec<Vec<String>> = changes
            .map(|change| {
                vec![
                    self.at(change.at).strftime("%a %H:%M:%S").to_string(),
                    change.processor.to_string(),
                    format!("{} -> {} %", change.from_percent, change.to_percent),
                    change.reason.to_string(),
                ]
            })
            .collect();
        output::table(&["when", "processor", "change", "reason"], &rows)
    }
}
