//! How kernels are laid out on the graphics cards of this PC: measured once for each card, driver and kernel, and kept
//! with the reason.

use std::collections::BTreeMap;

use idlewatt_kernels::Algorithm;
use idlewatt_kernels::gpu::{Tuning, kernel_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::answers::TunedKernel;
use crate::data_dir::{DataDir, DataDirError};
use crate::engine::{Processor, Tuned};

/// The name of the file.
pub const FILE: &str = "tuning.json";

/// Every layout that was chosen on this PC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunings {
    kernels: Vec<TunedKernel>,
}

impl Tunings {
    /// What was kept.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load(data: &DataDir) -> Result<Self, DataDirError> {
        Ok(data.read(FILE)?.unwrap_or_default())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// Takes a choice in place of an earlier one.
    pub fn put(&mut self, processor: &Processor, algorithm: Algorithm, tuned: Tuned) {
        let chosen = TunedKernel {
            processor: processor.id.to_string(),
            name: processor.name.clone(),
            driver: processor.driver.clone(),
            algorithm,
            kernel_version: kernel_version(algorithm),
            tuning: tuned.tuning,
            rate: tuned.rate,
            unit: "H/s".to_owned(),
            why: tuned.why,
            measured: tuned.measured,
            measured_at: Timestamp::now(),
        };
        self.kernels
            .retain(|old| (&old.processor, old.algorithm) != (&chosen.processor, chosen.algorithm));
        self.kernels.push(chosen);
        self.kernels.sort_by(|left, right| {
            (&left.processor, left.algorithm).cmp(&(&right.processor, right.algorithm))
        });
    }

    /// The choices that hold for a processor as it is: the same card with the same driver, and kernels that have not
    /// changed since.
    pub fn of(&self, processor: &Processor) -> BTreeMap<Algorithm, Tuning> {
        let holds = |one: &&TunedKernel| {
            one.processor == processor.id.as_str()
                && one.name == processor.name
                && one.driver == processor.driver
                && one.kernel_version == kernel_version(one.algorithm)
        };
        let held = self.kernels.iter().filter(holds);
        held.map(|one| (one.algorithm, one.tuning)).collect()
    }

    /// Everything that was chosen, also for cards that are no longer there.
    pub fn all(&self) -> &[TunedKernel] {
        &self.kernels
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::gpu::Exchange;

    use super::*;
    use crate::engine::{ProcessorId, ProcessorKind};

    fn card() -> Processor {
        Processor {
            id: ProcessorId("gpu-1".into()),
            kind: ProcessorKind::Gpu,
            name: "RTX".into(),
            driver: "vulkan 1.2".into(),
            ..Processor::cpu()
        }
    }

    fn tuned(workgroup_size: u32) -> Tuned {
        let tuning = Tuning {
            workgroup_size,
            nonces_each: 1,
            exchange: Exchange::Subgroup,
            wide_integers: false,
        };
        Tuned {
            tuning,
            rate: 2.0,
            measured: Vec::new(),
            why: "the fastest".into(),
        }
    }

    fn sizes(tunings: &Tunings, processor: &Processor) -> Vec<(Algorithm, u32)> {
        let held = tunings.of(processor).into_iter();
        held.map(|(algorithm, tuning)| (algorithm, tuning.workgroup_size))
            .collect()
    }

    #[test]
    fn a_choice_holds_for_its_card_driver_and_kernel_and_is_kept() {
        let mut tunings = Tunings::default();
        tunings.put(&card(), Algorithm::Sha256d, tuned(64));
        tunings.put(&card(), Algorithm::KawPow, tuned(128));
        tunings.put(&card(), Algorithm::Sha256d, tuned(256));
        let expected = [(Algorithm::Sha256d, 256), (Algorithm::KawPow, 128)];
        assert_eq!(sizes(&tunings, &card()), expected);

        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        tunings.save(&data).expect("written");
        assert_eq!(Tunings::load(&data).expect("readable"), tunings);

        let changes: [fn(&mut Processor); 3] = [
            |card| card.id = ProcessorId("gpu-2".into()),
            |card| card.name = "another".into(),
            |card| card.driver = "vulkan 1.3".into(),
        ];
        for change in changes {
            let mut other = card();
            change(&mut other);
            assert_eq!(sizes(&tunings, &other), []);
        }
        tunings.kernels[0].kernel_version += 1;
        assert_eq!(sizes(&tunings, &card()), [(Algorithm::KawPow, 128)]);
        assert_eq!(tunings.all().len(), 2);
    }
}
