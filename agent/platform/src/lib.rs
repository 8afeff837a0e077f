//! What the operating system knows and does, for Idlewatt.
//!
//! Pacing of threads, priorities, the tie between a process and its parent, the time since the last input, the
//! processor's name. Each has one interface; `linux/` and `windows/` stand behind it. This is the only crate of
//! the agent with `unsafe` code.

pub mod idle;
pub mod pacing;
pub mod priority;
pub mod process;
pub mod system;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;
