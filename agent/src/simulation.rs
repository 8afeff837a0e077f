//! A day against the policy, in virtual time: what the governor would have done, and whom it would have disturbed.
//!
//! A [`trace`](reader::TraceReader) says what a PC's signals were, second by second; it is written by hand or by a
//! [`Recorder`]. [`drive`] steps through it as steering steps through a real day and asks the real governor; a
//! [`Tally`] adds up what came of it. The format of traces stands in `docs/traces.md`.

mod change;
mod drive;
mod header;
mod pc;
mod reader;
mod recorder;
mod tally;
mod value;

#[cfg(test)]
mod tests;

pub use change::Change;
pub use drive::{Span, drive};
pub use header::{Header, Source};
pub use pc::Pc;
pub use reader::{LARGEST_FILE, LONGEST, TraceError, TraceReader};
pub use recorder::Recorder;
pub use tally::{Disturbance, OfProcessor, Report, Spent, Tally, TargetChange};
pub use value::At;
