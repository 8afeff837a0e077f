//! `idlewatt signals`: what the system says about the PC and whoever may be at it, and what it does not say.

use std::time::Duration;

use idlewatt_platform::signals::{Sensors, Wanted};

use super::{Common, Failure, output};
use crate::control::answers::SignalsAnswer;
use crate::control::client::ControlError;
use crate::daemon::signals::answer;

/// Load is what happens between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1_200);
const UNKNOWN: &str = "unknown";

pub async fn run(common: &Common) -> Result<(), Failure> {
    let signals = match common.running().await? {
        None => look().await,
        Some(client) => match client.signals().await {
            Ok(signals) => signals,
            // Paused, the agent asks the system nothing.
            Err(ControlError::Refused(refused)) if refused.error == "conflict" => look().await,
            Err(error) => return Err(error.into()),
        },
    };
    output::either(common.json, &signals, || shown(&signals))
}

/// Looks for itself.
async fn look() -> SignalsAnswer {
    let mut sensors = Sensors::system();
    sensors.read(&Wanted::default()).await;
    tokio::time::sleep(BETWEEN_LOOKS).await;
    answer(&sensors.read(&Wanted::default()).await)
}

fn shown(signals: &SignalsAnswer) -> String {
    let mut rows = vec![
        ("last input", ago(signals.idle_seconds)),
        ("game controller", gamepad(signals)),
        ("locked", yes_or_no(signals.locked)),
        ("used from elsewhere", yes_or_no(signals.remote)),
        (
            "other sessions in use",
            number(signals.other_sessions_in_use.map(f64::from), ""),
        ),
        ("display kept on by", kept_awake(signals)),
        ("whole screen used by", fullscreen(signals)),
        ("power", power(signals)),
        (
            "CPU used by others",
            number(signals.cpu_others_percent, " %"),
        ),
        ("CPU temperature", number(signals.cpu_celsius, " °C")),
    ];
    for gpu in &signals.gpus {
        let load = number(gpu.others_percent, " % used by others");
        rows.push((
            "graphics card",
            format!("{}: {load}, {}", gpu.name, number(gpu.celsius, " °C")),
        ));
    }
    if signals.gpus.is_empty() {
        rows.push(("graphics cards", UNKNOWN.to_owned()));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    output::table(&["signal", "the system says"], &rows)
}

fn ago(seconds: Option<f64>) -> String {
    number(seconds, " s ago")
}

fn number(value: Option<f64>, unit: &str) -> String {
    value.map_or(UNKNOWN.to_owned(), |value| format!("{value}{unit}"))
}

fn yes_or_no(value: Option<bool>) -> String {
    match value {
        None => UNKNOWN,
        Some(true) => "yes",
        Some(false) => "no",
    }
    .to_owned()
}

fn gamepad(signals: &SignalsAnswer) -> String {
    match signals.gamepad_connected {
        None => UNKNOWN.to_owned(),
        Some(false) => "none".to_owned(),
        Some(true) => format!("last input {}", ago(signals.gamepad_idle_seconds)),
    }
}

fn kept_awake(signals: &SignalsAnswer) -> String {
    match &signals.kept_awake_by {
        None => UNKNOWN.to_owned(),
        Some(names) if names.is_empty() => "nobody".to_owned(),
        Some(names) => {
            let named = |name: &String| match name.is_empty() {
                true => "an application".to_owned(),
                false => name.clone(),
            };
            names.iter().map(named).collect::<Vec<_>>().join(", ")
        }
    }
}

fn fullscreen(signals: &SignalsAnswer) -> String {
    match (signals.fullscreen, &signals.fullscreen_application) {
        (None, _) => UNKNOWN.to_owned(),
        (Some(false), _) => "nobody".to_owned(),
        (Some(true), Some(name)) => name.clone(),
        (Some(true), None) => "an application".to_owned(),
    }
}

fn power(signals: &SignalsAnswer) -> String {
    let Some(power) = signals.power else {
        return UNKNOWN.to_owned();
    };
    let mut text = match power.on_battery {
        true => "battery".to_owned(),
        false => "mains".to_owned(),
    };
    if let Some(percent) = power.charge_percent {
        text += &format!(", {percent} % charged");
    }
    match power.saver {
        Some(true) => text += ", saving energy",
        Some(false) => {}
        None => text += ", saving energy: unknown",
    }
    text
}
