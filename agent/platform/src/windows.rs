//! Windows behind the interfaces of this crate.

mod front;
mod gamepads;
pub mod gate;
pub mod idle;
mod input_watch;
mod kept_awake;
mod load;
mod meaning;
pub mod messages;
mod power;
pub mod priority;
pub mod process;
mod processes;
mod programs;
mod sessions;
pub mod signals;
pub mod tray;
pub mod usage;
