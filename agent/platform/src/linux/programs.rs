//! Which programs run.

use std::fs;

/// Those wanted, in order, each once.
pub fn running(wanted: &(dyn Fn(&str) -> bool + Sync)) -> Option<Vec<String>> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut names: Vec<String> = processes
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter_map(name)
        .filter(|name| wanted(name))
        .collect();
    names.sort();
    names.dedup();
    Some(names)
}

/// The file name of the program that a process runs, and where that is not ours to know, what the kernel calls the
/// process, which is cut to 15 characters. Kernel threads have a name of the second kind only.
pub fn name(process: u32) -> Option<String> {
    let by_kernel = || {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
        Some(name.trim_end_matches('\n').to_owned())
    };
    let Ok(path) = fs::read_link(format!("/proc/{process}/exe")) else {
        return by_kernel();
    };
    let name = path.file_name()?.to_str()?;
    // So the kernel marks a program that was replaced or removed while it runs.
    let name = name.strip_suffix(" (deleted)").unwrap_or(name);
    // Wine runs Windows programs, whose name is the first word of the command line.
    if name.starts_with("wine") {
        let words = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let first = words.split('\0').next().unwrap_or_default();
        let file = first.rsplit(['/', '\\']).next().unwrap_or_default();
        if file.to_ascii_lowercase().ends_with(".exe") {
            return Some(file.to_owned());
        }
    }
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::linux::testing::{Ended, sleeper};

    /// A real program under another name.
    fn start(path: &Path, first_word: &str) -> Ended {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(path);
        Ended(command.arg0(first_word).arg("600").spawn().unwrap())
    }

    #[test]
    fn programs_are_found_by_their_file_names_while_they_run() {
        let folder = tempfile::tempdir().unwrap();
        let long = "a-game-with-quite-a-long-name";
        sleeper(&folder.path().join(long));
        sleeper(&folder.path().join("wine64-preloader"));
        let [game, again] = [(); 2].map(|()| start(&folder.path().join(long), "anything"));
        let wine = start(
            &folder.path().join("wine64-preloader"),
            r"C:\Games\The game.exe",
        );
        let mine = |name: &str| name == long || name == "The game.exe";
        // A program that has just begun may have its name before its first word.
        let deadline = Instant::now() + Duration::from_secs(30);
        while running(&mine).unwrap() != ["The game.exe", long] {
            assert!(Instant::now() < deadline, "{:?}", running(&mine));
        }
        // Removed while it runs.
        fs::remove_file(folder.path().join(long)).unwrap();
        drop((game, wine));
        assert_eq!(running(&mine).unwrap(), [long]);
        drop(again);
        assert_eq!(running(&mine).unwrap(), [""; 0]);
    }
}
