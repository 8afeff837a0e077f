//! RandomX's memory for one key, made by all threads within their allowance.

use std::thread;

use idlewatt_kernels::randomx::{Builder, Memory, MemoryError, Mode};
use idlewatt_platform::system;

use super::Engine;
use crate::engine::child::{Fault, MemoryChoice};
use crate::engine::message::{Event, FaultKind};

/// Free memory from which on the fast mode is chosen: 2.1 GiB, and something for everybody else.
const ENOUGH: u64 = 3 << 30;

/// The memory; `None` if it is no longer wanted.
pub fn prepare(
    engine: &Engine<'_>,
    key: [u8; 32],
    choice: MemoryChoice,
) -> Result<Option<Memory>, Fault> {
    let available = system::available_memory();
    if mode(choice, available) == Mode::Fast {
        match attempt(engine, key, Mode::Fast) {
            Err(Attempt::Memory(error)) => {
                engine.note(format!(
                    "RandomX runs in light mode, a tenth as fast: {error}"
                ));
            }
            other => return settled(engine, other, ""),
        }
    } else if choice == MemoryChoice::Auto {
        let mebibytes = available >> 20;
        let why = format!(", a tenth as fast, as only {mebibytes} MiB of memory are free");
        return settled(engine, attempt(engine, key, Mode::Light), &why);
    }
    settled(engine, attempt(engine, key, Mode::Light), "")
}

fn mode(choice: MemoryChoice, available: u64) -> Mode {
    match choice {
        MemoryChoice::Fast => Mode::Fast,
        MemoryChoice::Auto if available >= ENOUGH => Mode::Fast,
        MemoryChoice::Auto | MemoryChoice::Light => Mode::Light,
    }
}

enum Attempt {
    Memory(MemoryError),
    Other(Fault),
}

fn settled(
    engine: &Engine<'_>,
    result: Result<Option<Memory>, Attempt>,
    why: &str,
) -> Result<Option<Memory>, Fault> {
    match result {
        Ok(Some(memory)) => {
            let mode = match memory.mode() {
                Mode::Light => "light",
                Mode::Fast => "fast",
            };
            engine.note(format!("RandomX in {mode} mode{why}, {}", memory.pages()));
            Ok(Some(memory))
        }
        Ok(None) => Ok(None),
        Err(Attempt::Memory(error)) => Err(Fault::new(FaultKind::Memory, error)),
        Err(Attempt::Other(fault)) => Err(fault),
    }
}

fn attempt(engine: &Engine<'_>, key: [u8; 32], mode: Mode) -> Result<Option<Memory>, Attempt> {
    let control = engine.control;
    let what = match mode {
        Mode::Light => "RandomX cache",
        Mode::Fast => "RandomX dataset",
    };
    if !control.begin_preparing(what, key) {
        return Ok(None);
    }
    let made = build(engine, key, mode);
    control.end_preparing();
    match made {
        Ok(memory) => Ok(Some(memory)),
        Err(Attempt::Memory(MemoryError::Cancelled)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn build(engine: &Engine<'_>, key: [u8; 32], mode: Mode) -> Result<Memory, Attempt> {
    let builder = {
        let paced = engine.register().map_err(Attempt::Other)?;
        paced
            .run(|| Builder::new(&key, mode))
            .map_err(Attempt::Memory)?
    };
    let progress = |done, total| engine.control.set_progress(done, total);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..engine.threads)
            .map(|_| {
                scope.spawn(|| {
                    let paced = engine.register()?;
                    paced.run(|| builder.work(&progress, &engine.control.cancel));
                    Ok(())
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => Err(Fault::new(
                    FaultKind::System,
                    "a thread panicked while it prepared RandomX's memory",
                )),
            })
    })
    .map_err(Attempt::Other)?;
    builder.finish().map_err(Attempt::Memory)
}

impl Engine<'_> {
    fn note(&self, text: String) {
        self.output.event(&Event::Note { text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_mode_needs_room_unless_it_was_asked_for() {
        assert_eq!(mode(MemoryChoice::Auto, ENOUGH), Mode::Fast);
        assert_eq!(mode(MemoryChoice::Auto, ENOUGH - 1), Mode::Light);
        assert_eq!(mode(MemoryChoice::Auto, 0), Mode::Light);
        assert_eq!(mode(MemoryChoice::Fast, 0), Mode::Fast);
        assert_eq!(mode(MemoryChoice::Light, u64::MAX), Mode::Light);
    }
}
