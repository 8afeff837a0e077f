//! The programs that run.

use crate::windows::processes;

/// Those that are looked for, each once, by file name; no other name is kept.
pub fn running(wanted: &(dyn Fn(&str) -> bool + Sync)) -> Option<Vec<String>> {
    let mut programs = Vec::new();
    processes::each(|entry| {
        let name = &entry.szExeFile;
        let length = name.iter().position(|unit| *unit == 0);
        let name = String::from_utf16_lossy(&name[..length.unwrap_or(name.len())]);
        if wanted(&name) && !programs.contains(&name) {
            programs.push(name);
        }
    })?;
    Some(programs)
}
