//! How hard the PC may work, and why: [`decide`] is pure, without clock or input.
//!
//! [`ChosenMode`] is what the owner chose by hand, [`Schedule`] what was arranged beforehand, [`Policy`] the limits,
//! [`Signals`] what the system says; a [`Decision`] carries what the next one has to remember.

mod chosen;
mod decide;
mod decision;
mod mode;
mod pattern;
mod policy;
mod reason;
mod schedule;
mod signals;

pub use chosen::{ChosenMode, Limit, Until};
pub use decide::decide;
pub use decision::{Decision, Verdict};
pub use mode::{Mode, UnknownMode};
pub use pattern::{Pattern, PatternError};
pub use policy::{Limits, Policy};
pub use reason::{Reason, mode_in_words};
pub use schedule::{InForce, Rule, Schedule, ScheduleError};
pub use signals::{ProcessorSignals, Signals};
