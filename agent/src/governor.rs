//! How hard the PC may work, and why: [`decide`] is pure, without clock or input.

mod decide;
mod mode;

pub use decide::{Decision, Policy, Signals, decide};
pub use mode::{Mode, UnknownMode};
