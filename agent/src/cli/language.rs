//! In which language the command line talks: the one asked for, that of the settings, or the system's.

use std::ffi::OsString;
use std::path::PathBuf;

use idlewatt_config::load;
use idlewatt_screens::Language;

use crate::daemon::language_of;
use crate::data_dir::DataDir;

/// Looks for it before the line is read, for what is said about the line is in that language, too. A line that is wrong
/// is refused later.
pub fn find(arguments: &[OsString]) -> Language {
    let asked = value(arguments, "--language").and_then(|code| code.to_str()?.parse().ok());
    asked
        .or_else(|| of_settings(arguments))
        .unwrap_or_else(Language::of_system)
}

/// What the settings say, if there are any and they are right.
fn of_settings(arguments: &[OsString]) -> Option<Language> {
    let file = value(arguments, "--config").map(PathBuf::from);
    let file = file.or_else(|| {
        let named =
            value(arguments, "--data-dir").or_else(|| std::env::var_os("IDLEWATT_DATA_DIR"));
        let data = DataDir::locate(named.map(PathBuf::from)).ok()?;
        let own = data.file("config.toml");
        own.exists().then_some(own)
    })?;
    let settings = load(Some(&file), &[]).ok()?.settings;
    Some(language_of(&settings))
}

/// The value of a flag: the last, as it is where the line is read.
fn value(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let mut found = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            break;
        }
        if argument == flag {
            found = rest.next().cloned();
        } else if let Some(text) = argument.to_str()
            && let Some(value) = text.strip_prefix(flag)
            && let Some(value) = value.strip_prefix('=')
        {
            found = Some(value.into());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_flag_is_found_wherever_it_stands() {
        for (text, found) in [
            ("idlewatt --language ko status", Some("ko")),
            ("idlewatt status --language=en", Some("en")),
            ("idlewatt --languages=ko status", None),
            ("idlewatt status -- --language ko", None),
            ("idlewatt status --language", None),
        ] {
            let value = value(&line(text), "--language");
            assert_eq!(value, found.map(OsString::from), "{text}");
        }
    }

    #[test]
    fn the_flag_wins_over_the_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.toml"), "language = \"ko\"\n").expect("written");
        let data = format!("idlewatt --data-dir {} status", folder.path().display());
        assert_eq!(find(&line(&data)), Language::Korean);
        assert_eq!(
            find(&line(&format!("{data} --language en"))),
            Language::English
        );
    }
}
