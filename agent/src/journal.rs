//! The journal of decisions: when the PC was given how much to do, and because of what.
//!
//! One JSON object a line, kept for two days. It is for people to read, not money: it is handed to the system at
//! once but not forced to the disk, and a line that a crash cut off is passed over.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::ProcessorId;
use crate::governor::{Decision, Mode, Reason};

/// The file's name in the data directory.
pub const FILE: &str = "decisions.jsonl";
/// Older entries go when the file is tidied.
const KEPT: SignedDuration = SignedDuration::from_hours(48);
/// The file is tidied when it has grown to this many bytes. A busy day has a few hundred entries of 300 bytes.
const TIDIED_AT: u64 = 1 << 20;
/// Nobody reads more lines than this at once.
const MOST_ENTRIES: usize = 10_000;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The mode that held.
    pub mode: Mode,
    /// What each processor was given.
    pub processors: BTreeMap<ProcessorId, Given>,
    /// Why, for the PC as a whole.
    pub reason: Reason,
}

/// What one processor was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// The share of its time, in percent, that it may use or is going up to.
    pub percent: u8,
    /// Why.
    pub reason: Reason,
}

impl Entry {
    /// A decision made at `at`.
    pub fn of(decision: &Decision, at: Timestamp) -> Entry {
        let given = decision.verdicts.iter().map(|(id, verdict)| {
            let given = Given {
                percent: verdict.target_percent,
                reason: verdict.reason.clone(),
            };
            (id.clone(), given)
        });
        Entry {
            at,
            mode: decision.mode,
            processors: given.collect(),
            reason: decision.reason.clone(),
        }
    }
}

/// The file, open for adding.
pub struct Journal {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Journal {
    /// Opens it, or begins one. A line that a crash cut off is ended, so that the next stands on its own.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn open(path: PathBuf) -> io::Result<Journal> {
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        if size > 0 && fs::read(&path)?.last() != Some(&b'\n') {
            file.write_all(b"\n")?;
        }
        Ok(Journal { path, file, size })
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if self.size + line.len() as u64 > TIDIED_AT {
            self.tidy(entry.at)?;
        }
        self.file.write_all(&line)?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Leaves what is not older than two days, and at most half of the room.
    fn tidy(&mut self, now: Timestamp) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in read(
            &self.path,
            now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN),
        )? {
            serde_json::to_writer(&mut kept, &entry)?;
            kept.push(b'\n');
        }
        let surplus = kept.len().saturating_sub(TIDIED_AT as usize / 2);
        let from = match surplus {
            0 => 0,
            _ => kept[surplus..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(kept.len(), |end| surplus + end + 1),
        };
        let new = self.path.with_extension("new");
        fs::write(&new, &kept[from..])?;
        fs::rename(&new, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        self.size = (kept.len() - from) as u64;
        Ok(())
    }
}

/// The entries since a moment, oldest first; none where there is no file. What cannot be read is passed over.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path, since: Timestamp) -> io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice::<Entry>(&line?) {
            Ok(entry) if entry.at >= since => entries.push(entry),
            _ => {}
        }
    }
    let surplus = entries.len().saturating_sub(MOST_ENTRIES);
    entries.drain(..surplus);
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(second: i64) -> Entry {
        let given = Given {
            percent: 25,
            reason: Reason::SomeoneHere,
        };
        Entry {
            at: Timestamp::from_second(second).expect("in range"),
            mode: Mode::Smart,
            processors: [(ProcessorId::cpu(), given)].into(),
            reason: Reason::SomeoneHere,
        }
    }

    fn all(path: &Path) -> Vec<i64> {
        let entries = read(path, Timestamp::MIN).expect("readable");
        entries.iter().map(|entry| entry.at.as_second()).collect()
    }

    #[test]
    fn a_line_cut_off_by_a_crash_costs_that_line_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        assert!(all(&path).is_empty());
        let mut journal = Journal::open(path.clone()).expect("opens");
        for second in [1, 2, 3] {
            journal.add(&entry(second)).expect("written");
        }
        let text = fs::read(&path).expect("readable");
        fs::write(&path, &text[..text.len() - 9]).expect("writable");
        let mut journal = Journal::open(path.clone()).expect("opens");
        journal.add(&entry(4)).expect("written");
        assert_eq!(all(&path), [1, 2, 4]);
        let since = Timestamp::from_second(2).expect("in range");
        assert_eq!(read(&path, since).expect("readable").len(), 2);
    }

    #[test]
    fn it_does_not_grow_for_ever_and_the_newest_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let mut journal = Journal::open(path.clone()).expect("opens");
        // A change a second would be a fault of ours, but it must not fill the disk either.
        for second in 0..20_000 {
            journal.add(&entry(second)).expect("written");
        }
        let size = fs::metadata(&path).expect("there").len();
        assert!(size <= TIDIED_AT, "{size}");
        let seconds = all(&path);
        assert_eq!(seconds.last(), Some(&19_999));
        assert!(seconds.windows(2).all(|pair| pair[1] == pair[0] + 1));
        // After three days only what is new is left.
        let later = 19_999 + 3 * 86_400;
        while fs::metadata(&path).expect("there").len() + 400 < TIDIED_AT {
            journal.add(&entry(later)).expect("written");
        }
        for _ in 0..10 {
            journal.add(&entry(later)).expect("written");
        }
        assert_eq!(all(&path).first(), Some(&later));
    }
}
