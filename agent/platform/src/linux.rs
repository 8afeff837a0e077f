//! Linux behind the interfaces of this crate.

pub mod gate;
pub mod idle;
pub mod input_watch;
pub mod priority;
pub mod process;
pub mod signals;
#[cfg(test)]
mod testing;
pub mod usage;
mod x11;

use std::time::Duration;

/// A source that does not answer within this is taken for one that cannot tell.
const PATIENCE: Duration = Duration::from_millis(500);
