//! The size of memory pages, on which random reads depend: asked for, and what was given.

use std::fmt;
#[cfg(target_os = "linux")]
use std::ptr;

use serde::{Deserialize, Serialize};

/// The size of a huge page on x86-64 and on most ARM systems.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
const HUGE_PAGE: usize = 2 << 20;

/// What kind of pages the memory lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pages {
    /// Ordinary ones: about half of the speed.
    Small,
    /// Huge ones that the system gave without being asked to reserve them.
    Transparent,
    /// Huge ones, reserved by the owner (Linux) or granted by the right to lock pages (Windows).
    Large,
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pages::Small => "small pages",
            Pages::Transparent => "transparent huge pages",
            Pages::Large => "large pages",
        })
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Region {
    pub(crate) fn new(start: usize, length: usize) -> Self {
        Self { start, length }
    }

    fn end(self) -> usize {
        self.start.saturating_add(self.length)
    }

    /// The part between the first and the last multiple of `alignment`; `None` if it is empty.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    fn aligned_within(self, alignment: usize) -> Option<Region> {
        let start = self.start.checked_next_multiple_of(alignment)?;
        let end = self.end() / alignment * alignment;
        (start < end).then(|| Region::new(start, end - start))
    }
}

/// Asks for huge pages in a region.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the system call takes an address")]
pub(crate) fn advise_huge_pages(region: Region) {
    let Some(inner) = region.aligned_within(HUGE_PAGE) else {
        return;
    };
    let start = ptr::with_exposed_provenance_mut(inner.start);
    // SAFETY: advice on pages changes nothing that a program can see, and the range lies within one allocation.
    let answer = unsafe { libc::madvise(start, inner.length, libc::MADV_HUGEPAGE) };
    if answer != 0 {
        let error = std::io::Error::last_os_error();
        tracing::debug!(%error, "the system does not take advice on huge pages");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn advise_huge_pages(_region: Region) {}

/// What the system really gave a region that did not get reserved pages: to be asked when it is filled.
pub(crate) fn granted(region: Region) -> Pages {
    match std::fs::read_to_string("/proc/self/smaps") {
        Ok(smaps) if huge_bytes(&smaps, region) >= region.length / 10 * 9 => Pages::Transparent,
        _ => Pages::Small,
    }
}

/// How many bytes of the mappings that a region touches lie in transparent huge pages, from `/proc/PID/smaps`.
fn huge_bytes(smaps: &str, region: Region) -> usize {
    let mut inside = false;
    let mut total = 0;
    for line in smaps.lines() {
        let Some(first) = line.split_ascii_whitespace().next() else {
            continue;
        };
        if first == "AnonHugePages:" {
            let kibibytes = line.split_ascii_whitespace().nth(1);
            if let (true, Some(Ok(size))) = (inside, kibibytes.map(str::parse::<usize>)) {
                total += size * 1_024;
            }
        } else if let Some((start, end)) = first.split_once('-')
            && let (Ok(start), Ok(end)) = (
                usize::from_str_radix(start, 16),
                usize::from_str_radix(end, 16),
            )
        {
            inside = start < region.end() && end > region.start;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
AnonHugePages:         0 kB
VmFlags: rd wr mr mw me ac
7f0000000000-7f0000200000 rw-p 00000000 00:00 0
AnonHugePages:         0 kB
7f0000200000-7f0010000000 rw-p 00000000 00:00 0
AnonHugePages:    260096 kB
THPeligible:           1
7f0010000000-7f0020000000 rw-p 00000000 00:00 0
AnonHugePages:    262144 kB
";

    #[test]
    fn only_mappings_of_the_region_count() {
        let region = Region::new(0x7f00_0000_1040, 0x0fff_0000);
        assert_eq!(huge_bytes(SMAPS, region), 260_096 * 1_024);
        assert_eq!(huge_bytes(SMAPS, Region::new(0x55d0_c000_0000, 4_096)), 0);
        assert_eq!(huge_bytes("garbage\n\n- -\nAnonHugePages: x kB", region), 0);
    }

    #[test]
    fn only_whole_huge_pages_are_advised() {
        let whole = |start, length| Region::new(start, length).aligned_within(HUGE_PAGE);
        assert_eq!(
            whole(HUGE_PAGE + 64, 3 * HUGE_PAGE),
            Some(Region::new(2 * HUGE_PAGE, 2 * HUGE_PAGE))
        );
        assert_eq!(whole(64, HUGE_PAGE), None);
        assert_eq!(
            whole(HUGE_PAGE, HUGE_PAGE),
            Some(Region::new(HUGE_PAGE, HUGE_PAGE))
        );
        assert_eq!(whole(usize::MAX - 5, 5), None);
    }
}
