//! What the CPU draws, from the counter of its own meter (RAPL) in `/sys/class/powercap`. Most systems let only root read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::temperature::folders;

/// More than any socket draws: a counter that was set back, or a clock that stood.
const MOST_WATTS: f64 = 2_000.0;

/// Compares the counters of all sockets with those of the look before.
#[derive(Default)]
pub struct Meter {
    before: Option<(Instant, Vec<Counter>)>,
}

/// One socket's counter, in millionths of a joule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counter {
    folder: PathBuf,
    value: u64,
    /// After this it begins at 0 again.
    most: u64,
}

impl Meter {
    /// In watts since the last look; `None` for the first, and where any socket does not say. `sys` is where the kernel shows its
    /// devices.
    pub fn look(&mut self, sys: &Path) -> Option<f32> {
        self.look_at(sys, Instant::now())
    }

    fn look_at(&mut self, sys: &Path, now: Instant) -> Option<f32> {
        let counters = counters(sys);
        let before = self.before.replace((now, counters.clone()));
        let (then, before) = before.filter(|(_, before)| !before.is_empty())?;
        let seconds = now.duration_since(then).as_secs_f64();
        if counters.len() != before.len() {
            return None;
        }
        let mut joules = 0.0;
        for (old, new) in before.iter().zip(&counters) {
            if old.folder != new.folder {
                return None;
            }
            let counted = match new.value.checked_sub(old.value) {
                Some(counted) => counted,
                None => new.value + new.most.checked_sub(old.value)?,
            };
            joules += counted as f64 / 1e6;
        }
        let watts = joules / seconds;
        (watts > 0.0 && watts <= MOST_WATTS).then_some(watts as f32)
    }
}

/// Those of whole sockets, in order: the folders below them are parts of the same. AMD's CPUs have them under the same name.
fn counters(sys: &Path) -> Vec<Counter> {
    let number = |file: PathBuf| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let mut counters: Vec<Counter> = folders(&sys.join("class/powercap"))
        .filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str());
            let is_of_cpu = name.is_some_and(|name| name.starts_with("intel-rapl:"));
            let of_what = fs::read_to_string(folder.join("name")).unwrap_or_default();
            is_of_cpu && of_what.trim().starts_with("package-")
        })
        .filter_map(|folder| {
            Some(Counter {
                value: number(folder.join("energy_uj"))?,
                most: number(folder.join("max_energy_range_uj"))?,
                folder,
            })
        })
        .collect();
    counters.sort_by(|one, other| one.folder.cmp(&other.folder));
    counters
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::linux::testing::tree;

    fn sockets() -> tempfile::TempDir {
        tree(
            "class",
            &[
                ("powercap/intel-rapl:0/name", "package-0\n"),
                ("powercap/intel-rapl:0/energy_uj", "1000000\n"),
                (
                    "powercap/intel-rapl:0/max_energy_range_uj",
                    "262143328850\n",
                ),
                ("powercap/intel-rapl:0:0/name", "core\n"),
                ("powercap/intel-rapl:0:0/energy_uj", "500000\n"),
                (
                    "powercap/intel-rapl:0:0/max_energy_range_uj",
                    "262143328850\n",
                ),
                ("powercap/intel-rapl:1/name", "package-1\n"),
                ("powercap/intel-rapl:1/energy_uj", "262143328000\n"),
                (
                    "powercap/intel-rapl:1/max_energy_range_uj",
                    "262143328850\n",
                ),
                ("powercap/intel-rapl:2/name", "psys\n"),
                ("powercap/intel-rapl:2/energy_uj", "7\n"),
                (
                    "powercap/intel-rapl:2/max_energy_range_uj",
                    "262143328850\n",
                ),
            ],
        )
    }

    fn set(sys: &tempfile::TempDir, socket: &str, value: &str) {
        let file = sys.path().join("class/powercap").join(socket);
        fs::write(file.join("energy_uj"), value).expect("written");
    }

    #[test]
    fn watts_are_what_all_sockets_counted_between_two_looks() {
        let sys = sockets();
        let (mut meter, began) = (Meter::default(), Instant::now());
        let after = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(meter.look_at(sys.path(), began), None);
        // 80 J and, past its end, 20 J in two seconds.
        set(&sys, "intel-rapl:0", "81000000\n");
        set(&sys, "intel-rapl:1", "19999150\n");
        assert_eq!(meter.look_at(sys.path(), after(2)), Some(50.0));
        // A counter that was set to anything, or that nobody may read any more, is no measurement.
        set(&sys, "intel-rapl:0", "99999999999\n");
        assert_eq!(meter.look_at(sys.path(), after(4)), None);
        set(&sys, "intel-rapl:1", "secret\n");
        assert_eq!(meter.look_at(sys.path(), after(6)), None);
        set(&sys, "intel-rapl:0", "100000000999\n");
        set(&sys, "intel-rapl:1", "1\n");
        assert_eq!(meter.look_at(sys.path(), after(8)), None);
    }

    #[test]
    fn where_there_is_no_meter_nothing_is_known() {
        let mut meter = Meter::default();
        for _ in 0..2 {
            assert_eq!(meter.look(Path::new("/nonexistent")), None);
        }
    }
}
