//! What the agent keeps: its data directory, its settings, its owner's yes.

use std::path::Path;

use idlewatt_config::{Origin, Problem, SettingsError};
use idlewatt_platform::system;

use super::teller::Teller;
use super::{Case, Check};
use crate::consent;

/// Less than this is soon full: receipts and logs grow by a few MiB a day at most.
const LITTLE_ROOM: u64 = 1 << 30;
/// Less than this is full: nothing can be relied on to be written.
const NO_ROOM: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

pub fn checks(teller: Teller<'_>, case: &Case) -> Vec<Check> {
    let mut checks = directory(teller, case.data.path());
    checks.push(settings(teller, case));
    checks.push(consent(teller, case));
    checks
}

fn directory(teller: Teller<'_>, path: &Path) -> Vec<Check> {
    let place = path.display().to_string();
    // What is not there yet is made below the nearest directory that is.
    let there = path.ancestors().find(|folder| folder.exists());
    let folder = there.unwrap_or(path);
    let written = match path.is_dir() || folder.is_dir() {
        true => tempfile::NamedTempFile::new_in(folder).map(drop),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    };
    let told = [("path", place.as_str().into())];
    let writable = match written {
        Ok(()) if path.is_dir() => {
            teller.ok("data", teller.say_with("doctor-data-writable", &told))
        }
        Ok(()) => teller.ok("data", teller.say_with("doctor-data-not-yet", &told)),
        Err(error) => {
            let reason = error.to_string();
            let told = [
                ("path", place.as_str().into()),
                ("reason", reason.as_str().into()),
            ];
            let found = teller.say_with("doctor-data-unwritable", &told);
            teller.problem("data", found, teller.say("doctor-data-unwritable-advice"))
        }
    };
    let mut checks = vec![writable];
    // A system that does not say how much room there is has not said that there is none.
    if let Ok(room) = system::available_space(folder) {
        checks.push(free(teller, room));
    }
    checks
}

fn free(teller: Teller<'_>, room: u64) -> Check {
    let told = [("mib", (room / MIB).to_string().into())];
    let found = teller.say_with("doctor-room", &told);
    let advice = || teller.say("doctor-room-advice");
    match room {
        0..NO_ROOM => teller.problem("room", found, advice()),
        NO_ROOM..LITTLE_ROOM => teller.worth("room", found, advice()),
        _ => teller.ok("room", found),
    }
}

fn settings(teller: Teller<'_>, case: &Case) -> Check {
    let file = case.file.as_ref().map(|file| file.display().to_string());
    let file = file.unwrap_or_default();
    match &case.settings {
        Ok(_) if case.file.is_none() => teller.ok("settings", teller.say("doctor-settings-none")),
        Ok(_) => {
            let told = [("file", file.as_str().into())];
            teller.ok("settings", teller.say_with("doctor-settings-good", &told))
        }
        Err(error) => {
            let reason = match error {
                SettingsError::Unreadable { source, .. } => source.to_string(),
                SettingsError::Wrong(problems) => {
                    let places: Vec<String> =
                        problems.iter().map(|one| place(teller, one)).collect();
                    places.join("; ")
                }
            };
            let told = [
                ("file", file.as_str().into()),
                ("reason", reason.as_str().into()),
            ];
            let found = teller.say_with("doctor-settings-wrong", &told);
            let advice = teller.say("doctor-settings-wrong-advice");
            teller.problem("settings", found, advice)
        }
    }
}

/// Which setting is wrong and where it stands, without its value: a password may be what is wrong.
fn place(teller: Teller<'_>, problem: &Problem) -> String {
    let defaults = idlewatt_config::load(None, &[]);
    let known = |name: &&str| {
        let each = defaults.as_ref().map(|layered| layered.each.as_slice());
        each.unwrap_or_default()
            .iter()
            .any(|setting| setting.key == *name)
    };
    let first = problem.message.split([' ', ':', ';']).next();
    let name = first.filter(known).unwrap_or_default();
    match &problem.origin {
        Origin::File { line, .. } => teller.say_with(
            "doctor-settings-line",
            &[("line", line.to_string().into()), ("name", name.into())],
        ),
        Origin::Flag(flag) => (*flag).to_owned(),
        Origin::Default => name.to_owned(),
    }
}

fn consent(teller: Teller<'_>, case: &Case) -> Check {
    match consent::given(&case.data) {
        Ok(Some(_)) => teller.ok("consent", teller.say("doctor-consent-given")),
        Ok(None) => {
            let advice = teller.say("doctor-consent-missing-advice");
            teller.worth("consent", teller.say("doctor-consent-missing"), advice)
        }
        Err(error) => {
            let reason = error.to_string();
            let told = [("reason", reason.as_str().into())];
            let found = teller.say_with("doctor-consent-damaged", &told);
            let advice = teller.say("doctor-consent-damaged-advice");
            teller.problem("consent", found, advice)
        }
    }
}
