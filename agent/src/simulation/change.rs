//! One line of a trace: what changes at a time.

use serde::{Deserialize, Deserializer, Serialize};

use super::value::{At, Celsius, Controller, Fullscreen, Percent};

/// What a line says of one signal: nothing, that it is unknown from then on, or its value from then on.
pub type Told<T> = Option<Option<T>>;

/// What changes at a time, and holds from then on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When.
    pub at: At,
    /// For whoever reads the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the PC sleeps: nothing is read then, and nothing works.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    pub asleep: Option<bool>,
    /// Whether somebody is really there; unknown: as the signals say.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub someone: Told<bool>,
    /// Whether keyboard, mouse or touch input keeps coming; false: none since.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub using: Told<bool>,
    /// With `using` false: how long before this line the last input was.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    pub idle_seconds: Option<u32>,
    /// Game controllers.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub gamepad: Told<Controller>,
    /// With `gamepad` idle: how long before this line its last input was.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    pub gamepad_idle_seconds: Option<u32>,
    /// Whether the session is locked.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub locked: Told<bool>,
    /// Whether it is used from another machine.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub remote: Told<bool>,
    /// How many other sessions somebody is using.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub others_active: Told<u32>,
    /// Who keeps the display on.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub kept_awake: Told<Vec<String>>,
    /// What has the screen to itself.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub fullscreen: Told<Fullscreen>,
    /// Whether the current comes from a battery.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub battery: Told<bool>,
    /// Whether the owner has asked the system to save energy.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub saver: Told<bool>,
    /// What other programs use of the CPU.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub cpu_others: Told<Percent>,
    /// What other programs use of each GPU.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub gpu_others: Told<Vec<Option<Percent>>>,
    /// The CPU's temperature.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub cpu_celsius: Told<Celsius>,
    /// Each GPU's temperature.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub gpu_celsius: Told<Vec<Option<Celsius>>>,
    /// Which programs run, of those that the policy may ask about.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "told"
    )]
    pub programs: Told<Vec<String>>,
}

/// `null` is not the same as nothing.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Told<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Of this nothing is unknown.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What is allowed for a field of a line or of the header.
pub(super) fn allowed(field: &str) -> Option<&'static str> {
    Some(match field {
        "at" => "the time since the beginning as hours:minutes:seconds, such as \"08:55:12\"",
        "note" | "name" => "a text",
        "asleep" => "true or false",
        "using" | "someone" | "locked" | "remote" | "battery" | "saver" => {
            "true, false, or null for unknown"
        }
        "idle_seconds" | "gamepad_idle_seconds" => "a whole number of seconds",
        "gamepad" => "\"absent\", \"using\", \"idle\", \"present\", or null for unknown",
        "others_active" => "a whole number, or null for unknown",
        "kept_awake" | "programs" => "a list of names, or null for unknown",
        "fullscreen" => "an application's name, false for none, or null for unknown",
        "cpu_others" => "0 to 100, or null for unknown",
        "gpu_others" => "a list with 0 to 100, or null for unknown, for each GPU",
        "cpu_celsius" => "-50 to 150, or null for unknown",
        "gpu_celsius" => "a list with -50 to 150, or null for unknown, for each GPU",
        "trace" => "1, the version of the format",
        "begins" => "a date and time, such as \"2026-03-02T07:00:00\"",
        "time_zone" => {
            "a name such as \"Europe/Berlin\", or a rule such as \"CET-1CEST,M3.5.0,M10.5.0/3\""
        }
        "length" => "\"1s\" to \"366d\"",
        "gpus" => "a whole number from 0 to 16",
        "source" => "\"written\" or \"recorded\"",
        _ => return None,
    })
}
