//! Hashes of single inputs, for whoever checks shares.

use std::fmt;
use std::sync::atomic::AtomicBool;

use super::binding::Machine;
use super::memory::{Memory, MemoryError, Mode};
use crate::Digest;

/// Computes one hash at a time. It may be sent to another thread.
pub struct Verifier {
    machine: Machine,
    memory: Memory,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier for one key (Monero's seed hash) in light mode: 256 MiB, ready after half a second.
    ///
    /// # Errors
    /// If the memory is not to be had.
    pub fn new(key: &[u8]) -> Result<Self, MemoryError> {
        let never = AtomicBool::new(false);
        Self::with_memory(Memory::prepare(key, Mode::Light, 1, &|_, _| {}, &never)?)
    }

    /// A verifier on memory that is there already: several verifiers can share one.
    ///
    /// # Errors
    /// If the system gives no memory for the scratchpad.
    pub fn with_memory(memory: Memory) -> Result<Self, MemoryError> {
        Ok(Self {
            machine: memory.machine()?,
            memory,
        })
    }

    /// The key it hashes with.
    pub fn key(&self) -> &[u8] {
        self.memory.key()
    }

    /// The memory, to share it.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The hash of an input; some 10 ms in light mode.
    pub fn hash(&mut self, input: &[u8]) -> Digest {
        Digest(self.machine.hash(input))
    }
}
