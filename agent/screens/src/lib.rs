//! What people see: words in their language, numbers as they write them, and the look that the agent's dashboard and
//! the hub's portal share.

#![forbid(unsafe_code)]

pub mod words;

pub use words::{Argument, Language, Words};
