//! How long ago the last input was: never what it was.

use std::time::Duration;

use crate::os;

/// Asks the system's own sources and believes the one that saw somebody last.
#[derive(Default)]
pub struct IdleSensor(os::idle::Sensor);

impl IdleSensor {
    /// A sensor that connects to its sources when first asked, and again when one went away.
    pub fn new() -> IdleSensor {
        IdleSensor::default()
    }

    /// The time since the last input, or `None` if no source can tell. That is *unknown*: somebody may well be
    /// there. Needs a Tokio runtime with time enabled.
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        self.0.time_since_input().await
    }
}
