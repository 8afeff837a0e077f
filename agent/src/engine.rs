//! What makes a processor work, and how hard.
//!
//! Each processor is worked by a child process of its own ([`child`]), so that a driver's crash takes nothing else
//! along and ending it gives all its memory back. [`Engines`] starts, watches and restarts these children; the two
//! talk in the lines of [`message`].

pub mod child;
pub mod layout;
pub mod message;
pub mod processor;
mod supervisor;

pub use processor::{Processor, ProcessorId, ProcessorKind, graphics, processors};
pub use supervisor::{
    AlgorithmSetAside, Allowance, BenchError, BenchOrder, BenchProgress, BenchResult,
    EngineSettings, Engines, Found, Pace, Phase, ProcessorState, Tuned, nothing_to_find,
};
