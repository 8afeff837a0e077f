//! The first sign of input: by the X server's alarm, or under Wayland by GNOME's watch or the compositor's word.

mod mutter;
mod wayland;
mod x11;

use std::time::{Duration, Instant};

use super::bus::Bus;

/// X11 and GNOME count whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

/// All sources; one that cannot tell waits for ever.
pub struct InputWatch {
    x11: x11::Watch,
    mutter: mutter::Watch,
    wayland: wayland::Watch,
}

impl Default for InputWatch {
    fn default() -> InputWatch {
        InputWatch {
            x11: x11::Watch::default(),
            mutter: mutter::Watch::new(Bus::session()),
            wayland: wayland::Watch::default(),
        }
    }
}

impl InputWatch {
    pub async fn input(&mut self) {
        if super::x11::speaks_for_the_session() {
            self.x11.input().await;
        } else {
            tokio::select! {
                () = self.mutter.input() => {}
                () = self.wayland.input() => {}
            }
        }
    }
}

/// Rounding may put an input before the call that it came after; lost it must not be.
fn after(at: Instant, since: Instant) -> bool {
    at + ROUNDING >= since
}
