//! Linux behind the interfaces of this crate.

pub mod alert;
mod bus;
mod energy;
mod front;
mod gamepad;
pub mod gate;
mod gpus;
pub mod graphics;
pub mod hardware;
pub mod idle;
mod input_watch;
mod kept_awake;
mod load;
pub mod messages;
mod mutter;
mod power;
pub mod priority;
pub mod process;
mod programs;
pub mod session;
mod sessions;
pub mod signals;
mod temperature;
#[cfg(test)]
mod testing;
pub mod tray;
pub mod usage;
mod wayland;
mod x11;

use std::time::Duration;

/// A source that does not answer within this is taken for one that cannot tell.
const PATIENCE: Duration = Duration::from_millis(500);
