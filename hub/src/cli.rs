//! The command line of `idlewatt-hub`.

pub mod arguments;
pub mod books;
pub mod logs;
pub mod signals;
