//! Where a program finds the dataset: in as many buffers as the limits of the card demand, or only some entries of it.

use std::fmt::Write as _;

use crate::gpu::{Device, GpuError};
use crate::progpow::{ENTRY_BYTES, Epoch};

/// The largest dataset that is made. A height that asks for more is no coin's for decades, and already the light cache would
/// take the PC half a gigabyte.
const MOST_DATASET_BYTES: u64 = 32 << 30;

/// What a program is told about where the dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// All of it, in this many buffers. Each but the last holds so many entries.
    Full { buffers: u32, entries_each: u32 },
    /// So many entries, with an index of them to search.
    Sparse { entries: u32 },
}

/// What a buffer may be like. Real cards differ, and tests ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that a program sees of a buffer.
    pub binding_bytes: u64,
    /// The most storage buffers that a program sees.
    pub bindings: u32,
}

impl Limits {
    /// Those of a card.
    pub fn of(device: &Device) -> Self {
        let limits = device.raw().limits();
        Limits {
            binding_bytes: limits
                .max_storage_buffer_binding_size
                .min(limits.max_buffer_size),
            bindings: limits.max_storage_buffers_per_shader_stage,
        }
    }
}

impl Layout {
    /// How the dataset of an epoch is divided: evenly, into as few buffers as possible.
    ///
    /// # Errors
    /// If they would be more than a program may see, or the light cache does not fit into one.
    pub fn of_epoch(epoch: Epoch, limits: Limits) -> Result<Self, GpuError> {
        let name = epoch.parameters.name;
        if epoch.dataset_bytes() > MOST_DATASET_BYTES {
            return Err(GpuError::OutOfMemory(format!(
                "the dataset of {name}'s epoch {} has {} bytes; allowed: {MOST_DATASET_BYTES}",
                epoch.number,
                epoch.dataset_bytes(),
            )));
        }
        let most = u32::try_from(limits.binding_bytes / ENTRY_BYTES).unwrap_or(u32::MAX);
        let cache = epoch.cache_bytes();
        if most == 0 || cache > limits.binding_bytes {
            return Err(GpuError::OutOfMemory(format!(
                "the light cache of {name}'s epoch {} has {cache} bytes; allowed in a buffer: {}",
                epoch.number, limits.binding_bytes
            )));
        }
        let buffers = epoch.entries().div_ceil(most);
        // One more holds the hits.
        if buffers.saturating_add(1) > limits.bindings {
            return Err(GpuError::OutOfMemory(format!(
                "the dataset of {name}'s epoch {} has {} bytes and needs {buffers} buffers of {} bytes; allowed: {} \
                 buffers",
                epoch.number,
                epoch.dataset_bytes(),
                limits.binding_bytes,
                limits.bindings.saturating_sub(1)
            )));
        }
        let entries_each = epoch.entries().div_ceil(buffers);
        Ok(Layout::Full {
            buffers: epoch.entries().div_ceil(entries_each),
            entries_each,
        })
    }

    /// How many entries each buffer of a full dataset holds.
    pub fn entries_of_buffers(self, epoch: Epoch) -> impl Iterator<Item = u32> {
        let (buffers, each) = match self {
            Layout::Full {
                buffers,
                entries_each,
            } => (buffers, entries_each),
            Layout::Sparse { .. } => (0, 0),
        };
        (0..buffers).map(move |number| (epoch.entries() - number * each).min(each))
    }

    /// How many bindings the dataset takes.
    pub fn bindings(self) -> u32 {
        match self {
            Layout::Full { buffers, .. } => buffers,
            Layout::Sparse { .. } => 2,
        }
    }

    /// The declaration of the bindings.
    pub fn declared(self) -> String {
        let mut text = String::new();
        match self {
            Layout::Full { buffers, .. } => {
                for number in 0..buffers {
                    let _ = writeln!(
                        text,
                        "@group(1) @binding({number}) var<storage, read> dataset{number}: array<vec4<u32>>;"
                    );
                }
            }
            Layout::Sparse { .. } => {
                text += "@group(1) @binding(0) var<storage, read> numbers: array<u32>;\n";
                text += "@group(1) @binding(1) var<storage, read> entries: array<vec4<u32>>;\n";
            }
        }
        text
    }

    /// The function `load`: one of the sixteen parts of an entry.
    pub fn load(self) -> String {
        let body = match self {
            Layout::Full {
                buffers,
                entries_each,
            } => format!(
                "    var four: vec4<u32>;\n{}    return four;\n",
                choice(0, buffers, entries_each, "    ")
            ),
            Layout::Sparse { entries } => format!(
                "    var low = 0u;
    var high = {entries}u;
    for (var step = 0u; step < 32u; step++) {{
        let middle = (low + high) / 2u;
        if (numbers[middle] <= entry) {{
            low = middle;
        }} else {{
            high = middle;
        }}
    }}
    // Every other word than the right one shows in the hash.
    return select(vec4<u32>(), entries[low * PARTS + part], numbers[low] == entry);
"
            ),
        };
        format!("fn load(entry: u32, part: u32) -> vec4<u32> {{\n{body}}}\n")
    }
}

/// The choice among the buffers from `first` up to `end`, by halves.
fn choice(first: u32, end: u32, entries_each: u32, indent: &str) -> String {
    let before = u64::from(first) * u64::from(entries_each);
    if end - first <= 1 {
        return format!("{indent}four = dataset{first}[(entry - {before}u) * PARTS + part];\n");
    }
    let middle = first.midpoint(end);
    let deeper = format!("{indent}    ");
    format!(
        "{indent}if (entry < {}u) {{\n{}{indent}}} else {{\n{}{indent}}}\n",
        u64::from(middle) * u64::from(entries_each),
        choice(first, middle, entries_each, &deeper),
        choice(middle, end, entries_each, &deeper),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progpow::{KAWPOW, Parameters};

    fn epoch(number: u32) -> Epoch {
        let parameters = &KAWPOW;
        Epoch { parameters, number }
    }

    #[test]
    fn todays_dataset_fits_three_of_the_largest_bindings() {
        let limits = Limits {
            binding_bytes: (1 << 31) - 1,
            bindings: 8,
        };
        let Ok(Layout::Full {
            buffers,
            entries_each,
        }) = Layout::of_epoch(epoch(620), limits)
        else {
            panic!("it fits");
        };
        assert_eq!(buffers, 3);
        assert!(u64::from(entries_each) * ENTRY_BYTES <= limits.binding_bytes);
        assert!(entries_each * buffers >= epoch(620).entries());
    }

    #[test]
    fn what_does_not_fit_is_named_with_the_limit() {
        let limits = Limits {
            binding_bytes: 1 << 27,
            bindings: 8,
        };
        let error = Layout::of_epoch(epoch(0), limits).expect_err("9 bindings");
        let text = error.to_string();
        assert!(text.contains("needs 8 buffers of 134217728"), "{text}");
        assert!(text.contains("allowed: 7 buffers"), "{text}");
        let error = Layout::of_epoch(epoch(2_000), limits).expect_err("too large");
        assert!(error.to_string().contains("light cache"), "{error}");
        let unlimited = Limits {
            binding_bytes: u64::MAX,
            bindings: u32::MAX,
        };
        let last = epoch(Parameters::LAST_EPOCH);
        let error = Layout::of_epoch(last, unlimited).expect_err("nonsense");
        assert!(
            error.to_string().contains("allowed: 34359738368"),
            "{error}"
        );
        assert!(matches!(error, GpuError::OutOfMemory(_)));
    }

    #[test]
    fn every_buffer_is_chosen_by_its_own_entries() {
        let text = choice(0, 3, 10, "");
        assert_eq!(
            text,
            "if (entry < 10u) {
    four = dataset0[(entry - 0u) * PARTS + part];
} else {
    if (entry < 20u) {
        four = dataset1[(entry - 10u) * PARTS + part];
    } else {
        four = dataset2[(entry - 20u) * PARTS + part];
    }
}
"
        );
    }
}
