//! The answer of `signals`.

use serde::{Deserialize, Serialize};

/// `signals`: what the system says about the PC and whoever may be at it. `null` is *unknown*.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SignalsAnswer {
    /// Seconds since the last keyboard, mouse or touch input.
    pub idle_seconds: Option<f64>,
    /// Whether there is a game controller.
    pub gamepad_connected: Option<bool>,
    /// Seconds since the last input of a game controller.
    pub gamepad_idle_seconds: Option<f64>,
    /// Whether the session is locked.
    pub locked: Option<bool>,
    /// Whether the session is used from another machine.
    pub remote: Option<bool>,
    /// How many other sessions somebody is using.
    pub other_sessions_in_use: Option<u32>,
    /// The applications that keep the display on.
    pub kept_awake_by: Option<Vec<String>>,
    /// Whether the application in front has a whole screen to itself.
    pub fullscreen: Option<bool>,
    /// Its name.
    pub fullscreen_application: Option<String>,
    /// Where the current comes from.
    pub power: Option<PowerSignal>,
    /// What other programs use of the whole CPU, 0 to 100.
    pub cpu_others_percent: Option<f64>,
    /// The temperature of the CPU.
    pub cpu_celsius: Option<f64>,
    /// What the CPU draws, in watts, by its own meter.
    #[serde(default)]
    pub cpu_watts: Option<f64>,
    /// One entry for each graphics card that can be asked.
    pub gpus: Vec<GpuSignals>,
    /// The programs of `limits.pause_for` that run; `null` also where that setting is empty.
    pub programs: Option<Vec<String>>,
}

/// Where the current comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerSignal {
    /// Whether from a battery.
    pub on_battery: bool,
    /// Whether the system is saving energy.
    pub saver: Option<bool>,
    /// The charge of the battery, 0 to 100; `null` also without one.
    pub charge_percent: Option<u8>,
}

/// What the system says of one graphics card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuSignals {
    /// Its address on the bus.
    pub bus: Option<String>,
    /// Its name.
    pub name: String,
    /// What other programs use of it, 0 to 100.
    pub others_percent: Option<f64>,
    /// Its temperature.
    pub celsius: Option<f64>,
    /// What it draws, in watts, by its own meter.
    #[serde(default)]
    pub watts: Option<f64>,
}
