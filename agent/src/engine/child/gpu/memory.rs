//! Whether a dataset fits, where the adapter takes the PC's own memory: there a driver gives what nobody has, and the
//! whole PC stalls.

use idlewatt_kernels::gpu::AdapterKind;
use idlewatt_kernels::progpow::Epoch;
use idlewatt_kernels::{Job, JobInput};

use crate::engine::child::Fault;
use crate::engine::message::FaultKind;

/// Kernels begin later than this with the next epoch.
const NEAR_SECONDS: u64 = 30 * 60;
/// What is left for everybody else.
const FOR_OTHERS: u64 = 2 << 30;

/// Looks before each new dataset.
#[derive(Debug)]
pub struct SharedMemory {
    is_shared: bool,
    /// What was found to fit, and is held by now.
    epoch: Option<Epoch>,
    /// Whether the one behind this epoch has room beside it.
    next: Option<(u32, bool)>,
}

impl SharedMemory {
    pub fn new(kind: AdapterKind) -> SharedMemory {
        SharedMemory {
            is_shared: kind == AdapterKind::Integrated,
            epoch: None,
            next: None,
        }
    }

    /// Whether there is room for what the job needs. `available` is asked once a dataset, and answers 0 where the
    /// system does not say.
    ///
    /// # Errors
    /// If there is not, with what is needed and what there is.
    pub fn check(&mut self, job: &Job, available: impl Fn() -> u64) -> Result<(), Fault> {
        let JobInput::ProgPow(input) = &job.input else {
            return Ok(());
        };
        // A height beyond any epoch is refused before it comes here.
        let Ok(epoch) = input.epoch() else {
            return Ok(());
        };
        if !self.is_shared || self.epoch == Some(epoch) {
            return Ok(());
        }
        let held = self.epoch.map_or(0, |epoch| epoch.dataset_bytes());
        let needed = epoch.dataset_bytes() + FOR_OTHERS;
        match available() {
            0 => {}
            free if free.saturating_add(held) < needed => {
                return Err(Fault::new(
                    FaultKind::Memory,
                    format!(
                        "the dataset of {} takes {} of the PC's memory, and {} are to stay free for others: {} are needed, {} are available",
                        job.algorithm(),
                        gibibytes(epoch.dataset_bytes()),
                        gibibytes(FOR_OTHERS),
                        gibibytes(needed),
                        gibibytes(free + held),
                    ),
                ));
            }
            _ => {}
        }
        self.epoch = Some(epoch);
        Ok(())
    }

    /// Whether the kernel may look for what comes after the job: the dataset of the next epoch only where it has room
    /// beside this one. That is decided once an epoch, before it is begun.
    pub fn may_look_ahead(&mut self, job: &Job, available: impl Fn() -> u64) -> bool {
        let JobInput::ProgPow(input) = &job.input else {
            return true;
        };
        let Ok(epoch) = input.epoch() else {
            return true;
        };
        let parameters = epoch.parameters;
        let left = parameters.epoch_length - input.height % parameters.epoch_length;
        if !self.is_shared || left * parameters.block_seconds > NEAR_SECONDS {
            return true;
        }
        match self.next {
            Some((of, room)) if of == epoch.number => room,
            _ => {
                let room = available() >= epoch.dataset_bytes() + FOR_OTHERS;
                self.next = Some((epoch.number, room));
                room
            }
        }
    }
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::{Algorithm, ProgPowJob, Target};

    use super::*;

    fn job(height: u64) -> Job {
        Job {
            id: "job".into(),
            target: Target::MAX,
            input: JobInput::ProgPow(ProgPowJob {
                algorithm: Algorithm::KawPow,
                header_hash: [1; 32],
                height,
                nonce_prefix: Vec::new(),
            }),
        }
    }

    #[test]
    fn a_dataset_needs_room_where_memory_is_shared_and_the_error_names_it() {
        let today = job(4_650_000);
        let mut shared = SharedMemory::new(AdapterKind::Integrated);
        let fault = shared.check(&today, || 7 << 30).expect_err("too little");
        assert_eq!(fault.kind, FaultKind::Memory);
        for figure in [
            "kawpow",
            "5.8 GiB",
            "7.8 GiB are needed",
            "7.0 GiB are available",
        ] {
            assert!(fault.message.contains(figure), "{}", fault.message);
        }
        assert_eq!(shared.check(&today, || 8 << 30), Ok(()));
        // It is held now: neither the same epoch nor the next one needs as much again.
        assert_eq!(shared.check(&job(4_650_003), || 1 << 20), Ok(()));
        assert_eq!(shared.check(&job(4_657_500), || 3 << 30), Ok(()));

        let last = |epoch: u64| job(epoch * 7_500 + 7_499);
        assert!(shared.may_look_ahead(&job(4_650_000), || 0), "days to go");
        assert!(!shared.may_look_ahead(&last(620), || 7 << 30));
        assert!(!shared.may_look_ahead(&last(620), || 9 << 30), "decided");
        assert!(shared.may_look_ahead(&last(621), || 9 << 30));
        assert!(shared.may_look_ahead(&last(621), || 1 << 30), "it is made");

        let mut own = SharedMemory::new(AdapterKind::Discrete);
        assert_eq!(own.check(&today, || 1 << 20), Ok(()));
        assert!(own.may_look_ahead(&last(620), || 1 << 20));
        // A system that does not say is no reason to do nothing.
        let mut silent = SharedMemory::new(AdapterKind::Integrated);
        assert_eq!(silent.check(&today, || 0), Ok(()));
    }
}
