//! The signals as the control API shows them: what is unknown is `null`.

use std::time::Duration;

use idlewatt_platform::signals::{Front, Gamepad, Reading};

use crate::control::answers::{GpuSignals, PowerSignal, SignalsAnswer};

/// One look as an answer.
pub fn answer(reading: &Reading) -> SignalsAnswer {
    let (gamepad_connected, gamepad_idle) = match reading.gamepad {
        None => (None, None),
        Some(Gamepad::Absent) => (Some(false), None),
        Some(Gamepad::Present { idle }) => (Some(true), idle),
    };
    let (fullscreen, application) = match &reading.front {
        None => (None, None),
        Some(Front::Windowed) => (Some(false), None),
        Some(Front::Fullscreen { application }) => (Some(true), Some(application.clone())),
    };
    SignalsAnswer {
        idle_seconds: seconds(reading.idle),
        gamepad_connected,
        gamepad_idle_seconds: seconds(gamepad_idle),
        locked: reading.locked,
        remote: reading.remote,
        other_sessions_in_use: reading.others_active,
        kept_awake_by: reading.kept_awake.clone(),
        fullscreen,
        fullscreen_application: application.filter(|name| !name.is_empty()),
        power: reading.power.map(|power| PowerSignal {
            on_battery: power.on_battery,
            saver: power.saver,
            charge_percent: power.charge_percent,
        }),
        cpu_others_percent: rounded(reading.cpu_others_percent),
        cpu_celsius: rounded(reading.cpu_celsius),
        cpu_watts: rounded(reading.cpu_watts),
        gpus: reading
            .gpus
            .iter()
            .map(|gpu| GpuSignals {
                bus: gpu.bus.clone(),
                name: gpu.name.clone(),
                others_percent: rounded(gpu.others_percent),
                celsius: rounded(gpu.celsius),
                watts: rounded(gpu.watts),
            })
            .collect(),
        programs: reading.programs.clone(),
    }
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| (time.as_secs_f64() * 10.0).round() / 10.0)
}

fn rounded(value: Option<f32>) -> Option<f64> {
    let value = f64::from(value?);
    value.is_finite().then(|| (value * 10.0).round() / 10.0)
}
