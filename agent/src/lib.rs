//! Placeholder, replaced below.
#![forbid(unsafe_code)]
pub mod shares;
pub mod work;
