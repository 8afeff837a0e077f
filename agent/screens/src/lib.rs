//! What people see: words in their language, numbers as they write them, and the look that the agent's dashboard and
//! the hub's portal share.

#![forbid(unsafe_code)]

pub mod account;
pub mod chart;
pub mod format;
pub mod qr;
pub mod shell;
pub mod words;

pub use format::{Fiat, Format};
pub use shell::{Link, Shell};
pub use words::{Argument, Language, Words};
