//! GNOME's own idle monitor, which sees all input under Wayland too.

use std::time::Duration;

use super::bus::{Bus, Object};

pub const MONITOR: Object<'_> = Object {
    service: "org.gnome.Mutter.IdleMonitor",
    path: "/org/gnome/Mutter/IdleMonitor/Core",
    interface: "org.gnome.Mutter.IdleMonitor",
};

/// It counts milliseconds.
pub async fn time_since_input(session: &Bus) -> Option<Duration> {
    let milliseconds: u64 = session.call(MONITOR, "GetIdletime", &()).await?;
    Some(Duration::from_millis(milliseconds))
}
