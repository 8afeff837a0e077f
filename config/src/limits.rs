//! What holds in every mode.

use serde::Deserialize;

use crate::value;

/// What holds in every mode.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSettings {
    /// Whether to work on battery.
    #[serde(deserialize_with = "value::truth")]
    pub on_battery: bool,
    /// The temperature that the CPU is not to exceed, in degrees Celsius.
    #[serde(deserialize_with = "value::celsius")]
    pub max_cpu_celsius: u8,
    /// The temperature that no graphics card is to exceed, in degrees Celsius.
    #[serde(deserialize_with = "value::celsius")]
    pub max_gpu_celsius: u8,
    /// At most this share of the CPU, in percent.
    #[serde(deserialize_with = "value::percent")]
    pub max_cpu_percent: u8,
    /// At most this share of each graphics card, in percent.
    #[serde(deserialize_with = "value::percent")]
    pub max_gpu_percent: u8,
    /// File names of programs, `*` standing for anything: while one of them runs, nothing works.
    #[serde(deserialize_with = "value::programs")]
    pub pause_for: Vec<String>,
}
