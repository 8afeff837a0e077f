//! The signals as Windows gives them.

use crate::signals::{Reading, Wanted};
use crate::windows::idle;

/// Every source, connected to when it is first asked.
#[derive(Default)]
pub struct Sensors {
    idle: idle::Sensor,
}

impl Sensors {
    pub async fn read(&mut self, _wanted: &Wanted<'_>) -> Reading {
        Reading {
            idle: self.idle.time_since_input().await,
            ..Reading::default()
        }
    }
}

/// Waits for the next input.
#[derive(Default)]
pub struct InputWatch;

impl InputWatch {
    pub async fn input(&mut self) {
        std::future::pending().await
    }
}
