//! The first sign of input: by the X server's alarm, or by GNOME's watch under Wayland.

mod mutter;
mod x11;

use std::time::{Duration, Instant};

use super::bus::Bus;

/// All sources count whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

/// Both sources; one that cannot tell waits for ever.
pub struct InputWatch {
    x11: x11::Watch,
    mutter: mutter::Watch,
}

impl Default for InputWatch {
    fn default() -> InputWatch {
        InputWatch {
            x11: x11::Watch::default(),
            mutter: mutter::Watch::new(Bus::session()),
        }
    }
}

impl InputWatch {
    pub async fn input(&mut self) {
        if super::x11::speaks_for_the_session() {
            self.x11.input().await;
        } else {
            self.mutter.input().await;
        }
    }
}

/// Rounding may put an input before the call that it came after; lost it must not be.
fn after(at: Instant, since: Instant) -> bool {
    at + ROUNDING >= since
}
