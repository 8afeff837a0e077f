//! An entry in the user's autostart folder, as the freedesktop.org specifications of autostart and of desktop entries say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

use super::{AutostartError, State};

const FILE: &str = "idlewatt.desktop";

fn file() -> Result<PathBuf, AutostartError> {
    let folders = BaseDirs::new().ok_or(AutostartError::NoPlace)?;
    Ok(folders.config_dir().join("autostart").join(FILE))
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> AutostartError {
    let place = path.display().to_string();
    |source| AutostartError::Unusable { place, source }
}

pub fn place() -> Result<String, AutostartError> {
    Ok(file()?.display().to_string())
}

pub fn is_on() -> Result<bool, AutostartError> {
    Ok(state()? == State::On)
}

pub fn state() -> Result<State, AutostartError> {
    let path = file()?;
    match fs::read_to_string(&path) {
        Ok(entry) if counts(&entry) => Ok(State::On),
        Ok(_) => Ok(State::TurnedOff),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Off),
        Err(error) => Err(unusable(&path)(error)),
    }
}

/// Desktops turn an entry off by writing into it.
fn counts(entry: &str) -> bool {
    !entry.lines().any(|line| {
        let line = line.replace(' ', "");
        line.eq_ignore_ascii_case("Hidden=true")
            || line.eq_ignore_ascii_case("X-GNOME-Autostart-enabled=false")
    })
}

pub fn add(program: &Path) -> Result<(), AutostartError> {
    let path = file()?;
    let entry = entry(program).ok_or_else(|| AutostartError::Program(program.to_owned()))?;
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, entry))
        .map_err(unusable(&path))
}

pub fn remove() -> Result<(), AutostartError> {
    let path = file()?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&path)(error)),
        _ => Ok(()),
    }
}

/// The entry; `None` where the path is no text or cannot stand in one line.
fn entry(program: &Path) -> Option<String> {
    let path = program.to_str()?;
    if path.contains(char::is_control) {
        return None;
    }
    // An argument in quotes, in which these are escaped; then the same again for the value as a string.
    let mut quoted = String::new();
    for letter in path.chars() {
        match letter {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', letter]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(letter),
        }
    }
    let quoted = quoted.replace('\\', "\\\\");
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Idlewatt\nExec=\"{quoted}\" daemon\nTerminal=false\nStartupNotify=false\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(path: &str) -> String {
        let entry = entry(Path::new(path)).expect("a path");
        let line = entry.lines().find_map(|line| line.strip_prefix("Exec="));
        line.expect("a command").to_owned()
    }

    #[test]
    fn any_path_can_be_started() {
        assert_eq!(
            command("/opt/idle watt/idlewatt"),
            r#""/opt/idle watt/idlewatt" daemon"#
        );
        assert_eq!(command("/a$b/c%d"), r#""/a\\$b/c%%d" daemon"#);
        assert_eq!(command(r#"/a\b"c"#), r#""/a\\\\b\\"c" daemon"#);
        assert!(entry(Path::new("/a\nExec=evil")).is_none());
    }

    #[test]
    fn an_entry_that_was_turned_off_does_not_count() {
        let on = entry(Path::new("/idlewatt")).expect("a path");
        assert!(counts(&on));
        assert!(!counts(&format!("{on}Hidden=true\n")));
        assert!(!counts(&format!("{on}X-GNOME-Autostart-enabled = false\n")));
        assert!(counts(&format!("{on}Hidden=false\n")));
    }
}
