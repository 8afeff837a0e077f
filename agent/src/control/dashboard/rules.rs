//! *Schedule and rules*: the week by mode, the owner's limits, and what they would make of a day.

use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use idlewatt_config::write_duration;
use idlewatt_screens::{Format, Words};
use toml::Value;

use super::page::Page;
use super::week::{self, Week};
use crate::chosen_mode;
use crate::governor::Policy;
use crate::simulation::{Report, Tally, TraceReader, drive};

/// Days that the rules are tried on, as they come with the program.
const DAYS: [(&str, &str); 4] = [
    (
        "office-day",
        include_str!("../../../traces/office-day.trace"),
    ),
    (
        "gaming-evening",
        include_str!("../../../traces/gaming-evening.trace"),
    ),
    ("film", include_str!("../../../traces/film.trace")),
    (
        "laptop-on-the-move",
        include_str!("../../../traces/laptop-on-the-move.trace"),
    ),
];

struct Hour {
    /// The class that colours it.
    kind: &'static str,
    told: String,
}

struct Day {
    name: String,
    number: usize,
    hours: Vec<Hour>,
}

/// One processor of a day that was simulated.
struct Effect {
    processor: String,
    used: String,
    changes: String,
    reasons: Vec<String>,
}

/// What a day would have been.
struct Effects {
    name: String,
    free: String,
    someone: String,
    processors: Vec<Effect>,
    disturbances: String,
}

/// What stands in the form of limits.
#[derive(Clone)]
struct Limits {
    idle_after: String,
    on_battery: bool,
    max_cpu_celsius: String,
    max_gpu_celsius: String,
    max_cpu_percent: String,
    max_gpu_percent: String,
    cpu_someone_here_percent: String,
    gpu_someone_here_percent: String,
    pause_for: String,
}

#[derive(Template)]
#[template(path = "dashboard/rules.html")]
struct Rules<'a> {
    words: Words,
    form_token: &'a str,
    week: Vec<Day>,
    hours: std::ops::Range<usize>,
    limits: Limits,
    effects: Vec<Effects>,
    error: Option<String>,
}

/// The fields of a form, as browsers send them: a name may come several times.
pub type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let found = fields.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.trim())
}

/// `GET rules`.
pub async fn show(page: Page) -> Response {
    render(&page, None, None).await
}

async fn render(page: &Page, typed: Option<Limits>, error: Option<String>) -> Response {
    let (words, daemon) = (page.words, page.daemon());
    let layered = daemon.layered_settings();
    let settings = &layered.settings;
    let week = Week::of(&settings.schedule);
    let policy = daemon.watch_policy().borrow().clone();
    let format = page.format.clone();
    // Some hundred thousand decisions: not between the requests of others.
    let effects = tokio::task::spawn_blocking(move || effects(&policy, &format)).await;
    let limits = &settings.limits;
    let body = Rules {
        words,
        form_token: &page.visitor.form_token,
        week: (0..7).map(|day| day_of(&week, day, &page.format)).collect(),
        hours: 0..24,
        limits: typed.unwrap_or_else(|| Limits {
            idle_after: write_duration(settings.smart.idle_after),
            on_battery: limits.on_battery,
            max_cpu_celsius: limits.max_cpu_celsius.to_string(),
            max_gpu_celsius: limits.max_gpu_celsius.to_string(),
            max_cpu_percent: limits.max_cpu_percent.to_string(),
            max_gpu_percent: limits.max_gpu_percent.to_string(),
            cpu_someone_here_percent: settings.cpu.someone_here_percent.to_string(),
            gpu_someone_here_percent: settings.gpu.someone_here_percent.to_string(),
            pause_for: limits.pause_for.join("\n"),
        }),
        effects: effects.unwrap_or_default(),
        error,
    };
    page.show("rules", "", &words.say("dashboard-rules"), &body)
}

fn day_of(week: &Week, day: usize, format: &Format) -> Day {
    let words = format.words();
    let name = day_name(day, words);
    let hours = (0..24).map(|hour| {
        let mode = week.hour(day, hour);
        let told = match mode {
            Some(mode) => super::mode_name(mode, format),
            None => words.say("dashboard-by-hand"),
        };
        Hour {
            kind: match mode {
                None => "hand",
                Some("smart") => "smart",
                Some("pause") => "paused",
                Some(percent) if percent.parse::<u8>().is_ok_and(|percent| percent < 70) => "half",
                Some(_) => "full",
            },
            told: format!("{name} {hour:02}:00, {told}"),
        }
    });
    Day {
        number: day,
        hours: hours.collect(),
        name,
    }
}

fn day_name(day: usize, words: Words) -> String {
    match day {
        0 => words.say("dashboard-monday"),
        1 => words.say("dashboard-tuesday"),
        2 => words.say("dashboard-wednesday"),
        3 => words.say("dashboard-thursday"),
        4 => words.say("dashboard-friday"),
        5 => words.say("dashboard-saturday"),
        _ => words.say("dashboard-sunday"),
    }
}

/// `POST schedule`: sets the mode of some hours on some days.
pub async fn schedule(page: Page, Form(fields): Form<Fields>) -> Response {
    let changed = painted(&page, &fields).and_then(|rules| {
        let change = [("schedule", Some(week::value(&rules)))];
        page.daemon()
            .change_settings(&change)
            .map_err(|error| error.to_string())
    });
    match changed {
        Ok(()) => page.back_to("rules"),
        Err(error) => render(&page, None, Some(error)).await,
    }
}

fn painted(page: &Page, fields: &Fields) -> Result<Vec<idlewatt_config::ScheduleRule>, String> {
    let words = page.words;
    let minutes = |name: &str| {
        let (hour, minute) = field(fields, name).split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (Some(from), Some(to)) = (minutes("from"), minutes("to")) else {
        return Err(words.say("dashboard-times-wrong"));
    };
    // Midnight is the end of a day, and from an hour to itself a whole day.
    let to = if to == 0 || (to == from && from == 0) {
        1_440
    } else {
        to
    };
    if to == from {
        return Err(words.say("dashboard-times-same"));
    }
    let days = fields.iter().filter(|(key, _)| key == "day");
    let days: Option<Vec<usize>> = days
        .map(|(_, day)| day.parse().ok().filter(|day| *day < 7))
        .collect();
    let days = days.filter(|days| !days.is_empty());
    let days = days.ok_or_else(|| words.say("dashboard-days-missing"))?;
    let mode = match field(fields, "mode") {
        "hand" => None,
        mode => Some(mode),
    };
    let mut week = Week::of(&page.daemon().settings().schedule);
    for day in days {
        week.paint(day, from, to, mode);
    }
    Ok(week.rules())
}

/// `POST rules`: the owner's limits.
pub async fn change(page: Page, Form(fields): Form<Fields>) -> Response {
    let typed = Limits {
        idle_after: field(&fields, "idle_after").to_owned(),
        on_battery: field(&fields, "on_battery") == "yes",
        max_cpu_celsius: field(&fields, "max_cpu_celsius").to_owned(),
        max_gpu_celsius: field(&fields, "max_gpu_celsius").to_owned(),
        max_cpu_percent: field(&fields, "max_cpu_percent").to_owned(),
        max_gpu_percent: field(&fields, "max_gpu_percent").to_owned(),
        cpu_someone_here_percent: field(&fields, "cpu_someone_here_percent").to_owned(),
        gpu_someone_here_percent: field(&fields, "gpu_someone_here_percent").to_owned(),
        pause_for: field(&fields, "pause_for").to_owned(),
    };
    let number = |text: &str| match text.parse::<i64>() {
        Ok(number) => Value::Integer(number),
        // Refused below, with what is allowed.
        Err(_) => Value::String(text.to_owned()),
    };
    let programs = typed.pause_for.lines().map(str::trim);
    let programs: Vec<Value> = programs
        .filter(|name| !name.is_empty())
        .map(Value::from)
        .collect();
    let changes = [
        ("smart.idle_after", Value::from(typed.idle_after.as_str())),
        ("limits.on_battery", typed.on_battery.into()),
        ("limits.max_cpu_celsius", number(&typed.max_cpu_celsius)),
        ("limits.max_gpu_celsius", number(&typed.max_gpu_celsius)),
        ("limits.max_cpu_percent", number(&typed.max_cpu_percent)),
        ("limits.max_gpu_percent", number(&typed.max_gpu_percent)),
        (
            "cpu.someone_here_percent",
            number(&typed.cpu_someone_here_percent),
        ),
        (
            "gpu.someone_here_percent",
            number(&typed.gpu_someone_here_percent),
        ),
        ("limits.pause_for", Value::Array(programs)),
    ];
    let changes = changes.map(|(key, value)| (key, Some(value)));
    match page.daemon().change_settings(&changes) {
        Ok(()) => page.back_to("rules"),
        Err(error) => render(&page, Some(typed), Some(error.to_string())).await,
    }
}

/// Each of the days under this policy.
fn effects(policy: &Policy, format: &Format) -> Vec<Effects> {
    let days = DAYS.iter().filter_map(|(name, trace)| {
        let mut trace = TraceReader::new(trace.as_bytes(), (*name).to_owned()).ok()?;
        let mut tally = Tally::new(policy, false);
        let chosen = chosen_mode::first(crate::governor::Mode::Smart);
        drive(&mut trace, chosen, policy, |span| tally.add(span)).ok()?;
        Some(effects_of(name, &tally.finish(), format))
    });
    days.collect()
}

fn effects_of(name: &str, report: &Report, format: &Format) -> Effects {
    let words = format.words();
    let processors = report.processors.iter().map(|processor| Effect {
        processor: processor.id.to_string(),
        used: processor.free_used_percent.map_or_else(
            || words.say("dashboard-never-free"),
            |used| format.percent(used),
        ),
        changes: format.whole(processor.changes),
        reasons: processor
            .spent
            .iter()
            .take(4)
            .map(|spent| {
                let reason = because(&spent.because, words);
                format!("{reason}: {}", format.span(spent.time.as_secs()))
            })
            .collect(),
    });
    Effects {
        name: match name {
            "office-day" => words.say("dashboard-day-office"),
            "gaming-evening" => words.say("dashboard-day-gaming"),
            "film" => words.say("dashboard-day-film"),
            _ => words.say("dashboard-day-laptop"),
        },
        free: format.span(report.free.as_secs()),
        someone: format.span(report.someone.as_secs()),
        processors: processors.collect(),
        disturbances: words.say_with(
            "dashboard-disturbances",
            &[
                ("count", report.disturbances.into()),
                ("time", format.span(report.disturbed.as_secs()).into()),
            ],
        ),
    }
}

/// A reason's fixed word for people: what decided, without the moment's figures.
fn because(word: &str, words: Words) -> String {
    match word {
        "someone_here" => words.say("dashboard-because-someone-here"),
        "gamepad" => words.say("dashboard-because-gamepad"),
        "other_session" => words.say("dashboard-because-other-session"),
        "unknown_presence" => words.say("dashboard-because-unknown-presence"),
        "others_busy" => words.say("dashboard-because-others-busy"),
        "fullscreen" => words.say("dashboard-because-fullscreen"),
        "kept_awake" => words.say("dashboard-because-kept-awake"),
        "hot" => words.say("dashboard-because-hot"),
        "on_battery" => words.say("dashboard-because-on-battery"),
        "battery_saver" => words.say("dashboard-because-battery-saver"),
        "program_runs" => words.say("dashboard-because-program-runs"),
        "scheduled" => words.say("dashboard-because-scheduled"),
        "ramping_up" => words.say("dashboard-because-ramping-up"),
        "free" => words.say("dashboard-because-free"),
        "owners_limit" => words.say("dashboard-because-owners-limit"),
        other => other.to_owned(),
    }
}
