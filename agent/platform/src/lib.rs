//! What the operating system knows and does, for Idlewatt.
//!
//! Pacing of threads, priorities, the tie between a process and its parent, the processor's name, and every signal
//! about the PC and whoever may be at it. Each has one interface; `linux/` and `windows/` stand behind it, and
//! behind the signals also `scripted.rs`. This is the only crate of the agent with `unsafe` code.

pub mod alert;
mod gpus;
pub mod graphics;
pub mod messages;
pub mod pacing;
pub mod priority;
pub mod process;
pub mod scripted;
pub mod session;
pub mod signals;
pub mod system;
pub mod tray;
pub mod usage;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

// Its judgement asks nothing of Windows, so it is tested on every system.
#[cfg(all(test, not(windows)))]
#[path = "windows/meaning.rs"]
mod windows_meaning;
