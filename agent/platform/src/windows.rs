//! Windows behind the interfaces of this crate.

pub mod alert;
mod front;
mod gamepads;
pub mod gate;
pub mod graphics;
pub mod hardware;
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
pub mod session;
mod sessions;
pub mod signals;
pub mod tray;
pub mod usage;
