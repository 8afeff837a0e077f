//! The owner's yes, given once on this PC; without it nothing runs.

use idlewatt_screens::Words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError};

const FILE: &str = "consent.json";

/// What the owner is told before being asked.
pub fn question(words: Words) -> String {
    words.say("cli-consent-question")
}

/// When the owner said yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The moment.
    pub accepted_at: Timestamp,
    /// The version of the program that asked.
    pub version: String,
}

/// The owner's yes, if it was given.
///
/// # Errors
/// If the record cannot be read; that is not a yes.
pub fn given(data: &DataDir) -> Result<Option<Consent>, DataDirError> {
    data.read(FILE)
}

/// Records the owner's yes; an earlier one stays as it is.
///
/// # Errors
/// If it cannot be written.
pub fn accept(data: &DataDir, now: Timestamp) -> Result<Consent, DataDirError> {
    if let Ok(Some(earlier)) = given(data) {
        return Ok(earlier);
    }
    let consent = Consent {
        accepted_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    data.write(FILE, &consent)?;
    Ok(consent)
}

/// Takes the yes back.
///
/// # Errors
/// If the record cannot be removed.
pub fn withdraw(data: &DataDir) -> Result<(), DataDirError> {
    data.remove(FILE)
}

#[cfg(test)]
mod tests {
    use idlewatt_screens::Language;

    use super::*;

    #[test]
    fn a_yes_is_kept_until_taken_back() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        assert_eq!(given(&data).expect("readable"), None);
        let first = accept(&data, Timestamp::UNIX_EPOCH).expect("written");
        let second = accept(&data, Timestamp::now()).expect("kept");
        assert_eq!(first, second);
        assert_eq!(given(&data).expect("readable"), Some(first));
        withdraw(&data).expect("removed");
        assert_eq!(given(&data).expect("readable"), None);
    }

    #[test]
    fn a_damaged_record_is_no_yes() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().to_owned())).expect("named");
        std::fs::write(data.file(FILE), "true").expect("written");
        assert!(given(&data).is_err());
        accept(&data, Timestamp::now()).expect("a new yes replaces it");
        assert!(given(&data).expect("readable").is_some());
    }

    #[test]
    fn the_question_is_four_sentences() {
        for language in Language::ALL {
            let question = question(Words::of(language));
            assert_eq!(question.lines().count(), 4, "{question}");
            assert!(question.lines().all(|line| line.ends_with('.')));
        }
    }
}
