//! `idlewatt signals`: what the system says about the PC and whoever may be at it, and what it does not say.

use std::time::Duration;

use idlewatt_platform::signals::{Sensors, Wanted};

use super::{Common, Failure, output, words};
use crate::control::answers::SignalsAnswer;
use crate::control::client::ControlError;
use crate::daemon::signals::answer;

/// Load is what happens between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1_200);

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
    let words = words();
    let mut rows = vec![
        (words.say("cli-signals-input"), ago(signals.idle_seconds)),
        (words.say("cli-signals-gamepad"), gamepad(signals)),
        (words.say("cli-signals-locked"), yes_or_no(signals.locked)),
        (words.say("cli-signals-remote"), yes_or_no(signals.remote)),
        (
            words.say("cli-signals-sessions"),
            number(signals.other_sessions_in_use.map(f64::from), ""),
        ),
        (words.say("cli-signals-kept-awake"), kept_awake(signals)),
        (words.say("cli-signals-fullscreen"), fullscreen(signals)),
        (words.say("cli-signals-power"), power(signals)),
        (
            words.say("cli-signals-cpu-load"),
            number(signals.cpu_others_percent, " %"),
        ),
        (
            words.say("cli-signals-cpu-heat"),
            number(signals.cpu_celsius, " °C"),
        ),
        (
            words.say("cli-signals-cpu-power"),
            number(signals.cpu_watts, " W"),
        ),
    ];
    for gpu in &signals.gpus {
        let told = [
            ("name", gpu.name.as_str().into()),
            ("load", number(gpu.others_percent, " %").into()),
            ("heat", number(gpu.celsius, " °C").into()),
            ("power", number(gpu.watts, " W").into()),
        ];
        rows.push((
            words.say("cli-signals-gpu"),
            words.say_with("cli-signals-gpu-state", &told),
        ));
    }
    if signals.gpus.is_empty() {
        rows.push((words.say("cli-signals-gpus"), unknown()));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name, value])
        .collect();
    let heading = [
        words.say("cli-column-signal"),
        words.say("cli-column-system-says"),
    ];
    output::table(&heading, &rows)
}

fn unknown() -> String {
    words().say("cli-unknown")
}

fn ago(seconds: Option<f64>) -> String {
    let told = |seconds: f64| {
        let seconds = [("seconds", seconds.to_string().into())];
        words().say_with("cli-signals-ago", &seconds)
    };
    seconds.map_or_else(unknown, told)
}

fn number(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(unknown, |value| format!("{value}{unit}"))
}

fn yes_or_no(value: Option<bool>) -> String {
    match value {
        None => unknown(),
        Some(true) => words().say("cli-yes"),
        Some(false) => words().say("cli-no"),
    }
}

fn gamepad(signals: &SignalsAnswer) -> String {
    match signals.gamepad_connected {
        None => unknown(),
        Some(false) => words().say("cli-signals-none"),
        Some(true) => {
            let ago = ago(signals.gamepad_idle_seconds);
            words().say_with("cli-signals-gamepad-input", &[("ago", ago.into())])
        }
    }
}

fn kept_awake(signals: &SignalsAnswer) -> String {
    match &signals.kept_awake_by {
        None => unknown(),
        Some(names) if names.is_empty() => words().say("cli-signals-nobody"),
        Some(names) => {
            let named = |name: &String| match name.is_empty() {
                true => words().say("cli-signals-an-application"),
                false => name.clone(),
            };
            names.iter().map(named).collect::<Vec<_>>().join(", ")
        }
    }
}

fn fullscreen(signals: &SignalsAnswer) -> String {
    match (signals.fullscreen, &signals.fullscreen_application) {
        (None, _) => unknown(),
        (Some(false), _) => words().say("cli-signals-nobody"),
        (Some(true), Some(name)) => name.clone(),
        (Some(true), None) => words().say("cli-signals-an-application"),
    }
}

fn power(signals: &SignalsAnswer) -> String {
    let words = words();
    let Some(power) = signals.power else {
        return unknown();
    };
    let mut parts = vec![match power.on_battery {
        true => words.say("cli-signals-battery"),
        false => words.say("cli-signals-mains"),
    }];
    if let Some(percent) = power.charge_percent {
        parts.push(words.say_with("cli-signals-charged", &[("percent", percent.into())]));
    }
    match power.saver {
        Some(true) => parts.push(words.say("cli-signals-saving")),
        Some(false) => {}
        None => parts.push(words.say("cli-signals-saving-unknown")),
    }
    parts.join(", ")
}
