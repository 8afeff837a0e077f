//! The signals as Linux gives them.

use crate::linux::idle;
pub use crate::linux::input_watch::InputWatch;
use crate::signals::{Reading, Wanted};

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
