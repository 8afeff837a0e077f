//! The lines between an engine and its supervisor: one JSON object a line.

use std::io;

use idlewatt_kernels::gpu::Tuning;
use idlewatt_kernels::{Job, NonceSpace, Solution};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// No line is longer, in bytes and with its end. The longest there is, a Bitcoin job with a large coinbase, is far
/// below.
pub const LINE_LIMIT: usize = 4 << 20;

/// From the supervisor to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Work on this from now on, instead of what was before.
    Job {
        /// What to search.
        job: Job,
        /// This processor's part of it.
        space: NonceSpace,
    },
    /// There is nothing to do; keep what is prepared.
    NoJob,
    /// How hard to work. An engine begins at 0 %.
    Allow {
        /// The share of the processor's time, 0 to 100.
        percent: u8,
        /// The longest that one GPU dispatch may take, in milliseconds.
        budget_ms: u32,
    },
    /// End.
    Stop,
}

/// From the engine to the supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The engine runs and takes commands.
    Ready,
    /// Something has to be made before there can be hashes.
    Preparing {
        /// What it is, in words.
        what: String,
        /// How many parts are done.
        done: u64,
        /// How many there are.
        total: u64,
    },
    /// About once a second while something is being made: how much of the processor that took.
    Used {
        /// The time since the last report.
        seconds: f64,
        /// How much of that time the processor worked for us; of all its threads' time, for a CPU.
        busy_seconds: f64,
        /// The longest dispatch since the last report, in milliseconds; a GPU's alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        longest_dispatch_ms: Option<f64>,
    },
    /// About once a second while there is work and allowance.
    Rate {
        /// Hashes since the last report.
        hashes: u64,
        /// The time since then.
        seconds: f64,
        /// How much of that time the processor worked for us; of all its threads' time, for a CPU.
        busy_seconds: f64,
        /// The longest dispatch since the last report, in milliseconds; a GPU's alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        longest_dispatch_ms: Option<f64>,
    },
    /// A nonce whose digest meets the target, checked on the CPU.
    Found {
        /// It.
        solution: Solution,
    },
    /// A layout is tried next: should the engine die now, that layout is to be left out.
    Trying {
        /// It.
        tuning: Tuning,
    },
    /// The layouts were measured, and the engine goes on with the best one.
    Tuned {
        /// It.
        tuning: Tuning,
        /// Its hashes a second, at all of the processor's time.
        rate: f64,
        /// Every layout that was tried.
        measured: Vec<MeasuredTuning>,
        /// Why this one, in words.
        why: String,
    },
    /// Something worth showing.
    Note {
        /// In words.
        text: String,
    },
    /// The engine cannot go on and ends.
    Fault {
        /// What sort of fault.
        kind: FaultKind,
        /// In words.
        message: String,
    },
}

/// What came of trying a layout: a rate, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredTuning {
    /// The layout.
    pub tuning: Tuning,
    /// Hashes a second, at all of the processor's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Why it was left out, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// Why an engine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It was started or commanded in a way that makes no sense.
    Usage,
    /// The system gives no memory.
    Memory,
    /// The system refuses something else.
    System,
    /// The GPU or its driver failed.
    Device,
    /// A hash was wrong: the processor does not compute reliably.
    WrongHash,
}

impl FaultKind {
    /// The exit code of an engine that ends so.
    pub fn exit_code(self) -> i32 {
        match self {
            FaultKind::Usage => 2,
            FaultKind::Memory => 10,
            FaultKind::System => 11,
            FaultKind::Device => 12,
            FaultKind::WrongHash => 13,
        }
    }
}

/// Why a line is not a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is longer than [`LINE_LIMIT`].
    #[error("a line longer than {LINE_LIMIT} bytes")]
    TooLong,
    /// It is no message.
    #[error("not a message ({cause}): {beginning:?}")]
    Garbage {
        /// What is wrong with it.
        cause: serde_json::Error,
        /// How it begins.
        beginning: String,
    },
}

/// Reads one line.
///
/// # Errors
/// If it is too long or no message.
pub fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, MessageError> {
    if line.len() > LINE_LIMIT {
        return Err(MessageError::TooLong);
    }
    serde_json::from_slice(line).map_err(|cause| MessageError::Garbage {
        cause,
        beginning: String::from_utf8_lossy(line).chars().take(60).collect(),
    })
}

/// Writes one line, with its end.
///
/// # Errors
/// None in practice: these types have no map with strange keys.
pub fn to_line<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::{Digest, JobInput, RandomXJob, Target};
    use proptest::prelude::*;

    use super::*;

    fn commands() -> impl Strategy<Value = Command> {
        let job = (
            ".*",
            1u64..,
            any::<[u8; 32]>(),
            prop::collection::vec(any::<u8>(), 0..200),
        )
            .prop_map(|(id, work, seed_hash, blob)| Command::Job {
                job: Job {
                    id,
                    target: Target::from_work(u128::from(work)).expect("above zero"),
                    input: JobInput::RandomX(RandomXJob {
                        blob,
                        nonce_offset: 39,
                        fixed_top_byte: Some(7),
                        seed_hash,
                        height: work,
                    }),
                },
                space: NonceSpace { index: 1, count: 3 },
            });
        let allow = (0..=100u8, any::<u32>())
            .prop_map(|(percent, budget_ms)| Command::Allow { percent, budget_ms });
        prop_oneof![job, allow, Just(Command::NoJob), Just(Command::Stop)]
    }

    /// Such as a short decimal writes exactly.
    fn seconds() -> impl Strategy<Value = f64> {
        (0..1u32 << 30).prop_map(|eighths| f64::from(eighths) / 8.0)
    }

    fn tuning() -> impl Strategy<Value = Tuning> {
        (any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
            |(workgroup_size, nonces_each, wide_integers)| Tuning {
                workgroup_size,
                nonces_each,
                exchange: Default::default(),
                wide_integers,
            },
        )
    }

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Ready),
            (".*", any::<u64>(), any::<u64>()).prop_map(|(what, done, total)| Event::Preparing {
                what,
                done,
                total
            }),
            (
                any::<u64>(),
                seconds(),
                seconds(),
                prop::option::of(seconds())
            )
                .prop_map(|(hashes, seconds, busy_seconds, longest_dispatch_ms)| {
                    Event::Rate {
                        hashes,
                        seconds,
                        busy_seconds,
                        longest_dispatch_ms,
                    }
                }),
            (".*", any::<u32>(), any::<u64>(), any::<[u8; 32]>()).prop_map(
                |(job_id, nonce, extranonce2, digest)| Event::Found {
                    solution: Solution {
                        job_id,
                        nonce,
                        extranonce2,
                        digest: Digest(digest),
                        mix: None,
                    }
                }
            ),
            ".*".prop_map(|text| Event::Note { text }),
            tuning().prop_map(|tuning| Event::Trying { tuning }),
            (
                tuning(),
                seconds(),
                prop::option::of(seconds()),
                prop::option::of(".*"),
                ".*"
            )
                .prop_map(|(tuning, rate, measured, left_out, why)| Event::Tuned {
                    tuning,
                    rate,
                    measured: vec![MeasuredTuning {
                        tuning,
                        rate: measured,
                        left_out,
                    }],
                    why,
                }),
            (seconds(), seconds(), prop::option::of(seconds())).prop_map(
                |(seconds, busy_seconds, longest_dispatch_ms)| Event::Used {
                    seconds,
                    busy_seconds,
                    longest_dispatch_ms,
                }
            ),
            ".*".prop_map(|message| Event::Fault {
                kind: FaultKind::WrongHash,
                message
            }),
        ]
    }

    proptest! {
        #[test]
        fn commands_read_back_from_one_line(command in commands()) {
            let line = to_line(&command).expect("serialises");
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            prop_assert_eq!(parse::<Command>(&line).expect("reads"), command);
        }

        #[test]
        fn events_read_back_from_one_line(event in events()) {
            let line = to_line(&event).expect("serialises");
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            prop_assert_eq!(parse::<Event>(&line).expect("reads"), event);
        }

        #[test]
        fn nothing_panics_on_garbage(line in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse::<Command>(&line);
            let _ = parse::<Event>(&line);
        }
    }

    #[test]
    fn errors_say_what_came() {
        let error = parse::<Event>(b"Segmentation fault").expect_err("no message");
        assert!(error.to_string().contains("Segmentation fault"));
        let long = vec![b' '; LINE_LIMIT + 1];
        assert!(matches!(parse::<Event>(&long), Err(MessageError::TooLong)));
    }
}
