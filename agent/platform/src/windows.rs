//! Windows behind the interfaces of this crate.

pub mod gate;
pub mod idle;
pub mod priority;
pub mod process;
pub mod signals;
pub mod usage;
