//! Every message that a screen asks for is there, and every message that is there is asked for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Texts of the command line's help are looked up by the names of commands and flags, which that crate's own test compares.
const OF_HELP: &str = "cli-help-";

/// What begins with these is a key wherever it stands, also where it is chosen at run time.
const ROOMS: [&str; 6] = [
    "cli-",
    "common-",
    "doctor-",
    "installer-",
    "reasons-",
    "tray-",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder with one of these endings, tests left out.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !matches!(name.to_str(), Some("tests" | "benches" | "target")) {
                files(&path, endings, found);
            }
        } else if name != "tests.rs"
            && endings
                .iter()
                .any(|ending| path.extension().is_some_and(|one| one == *ending))
        {
            found.push(path);
        }
    }
}

/// What screens are made of, without its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in [
        "agent/src",
        "agent/screens/src",
        "agent/screens/templates",
        "agent/templates",
        "hub/src",
        "hub/templates",
    ] {
        let folder = root().join(folder);
        if folder.exists() {
            files(&folder, &["rs", "html"], &mut found);
        }
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let own = text.split("#[cfg(test)]\nmod tests {").next();
        let own = own.unwrap_or_default().to_owned();
        (path, own)
    };
    let mut sources: Vec<_> = found.into_iter().map(read).collect();
    let installer = root().join("installer/windows/installer.nsi");
    let text = fs::read_to_string(&installer).expect("UTF-8");
    sources.push((installer, strings(&text)));
    sources
}

/// What a script of the installer's asks for, `$(some_key)`, as the other sources would.
fn strings(script: &str) -> String {
    let names = script.split("$(").skip(1);
    let names = names.filter_map(|rest| rest.split_once(')').map(|(name, _)| name));
    names
        .map(|name| format!("\"{}\"\n", name.replace('_', "-")))
        .collect()
}

fn is_key(text: &str) -> bool {
    text.contains('-')
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

/// Every text in double quotes that looks like a key.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').filter(|part| is_key(part))
}

/// Every key that is asked for right where it stands: `say("key")`, `say_with("key", …)`.
fn asked(text: &str) -> Vec<&str> {
    let mut keys = Vec::new();
    for call in ["say(", "say_with("] {
        for (at, _) in text.match_indices(call) {
            let rest = text[at + call.len()..].trim_start();
            if let Some(rest) = rest.strip_prefix('"')
                && let Some((key, _)) = rest.split_once('"')
            {
                keys.push(key);
            }
        }
    }
    keys
}

/// The keys of a language's messages.
fn messages(language: &str) -> BTreeSet<String> {
    let mut found = Vec::new();
    files(
        &root().join("agent/screens/words").join(language),
        &["ftl"],
        &mut found,
    );
    let mut all = BTreeSet::new();
    for path in found {
        for line in fs::read_to_string(&path).expect("UTF-8").lines() {
            if line.starts_with([' ', '#', '}']) {
                continue;
            }
            if let Some((key, _)) = line.split_once(" =") {
                all.insert(key.to_owned());
            }
        }
    }
    assert!(!all.is_empty(), "no messages in {language}");
    all
}

#[test]
fn no_message_is_missing() {
    let (english, korean) = (messages("en"), messages("ko"));
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for (path, text) in sources() {
        let chosen = literals(&text).filter(|key| {
            let is_ours = ROOMS.iter().any(|room| key.starts_with(room));
            is_ours && !OF_HELP.starts_with(key)
        });
        for key in asked(&text).into_iter().chain(chosen) {
            seen += 1;
            if !english.contains(key) || !korean.contains(key) {
                missing.insert(format!("{key} in {}", path.display()));
            }
        }
    }
    assert!(
        seen > 100,
        "only {seen} messages are asked for: are they still found?"
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_message_is_unused() {
    let sources = sources();
    let used: BTreeSet<&str> = sources
        .iter()
        .flat_map(|(_, text)| literals(text))
        .collect();
    let unused: Vec<_> = messages("en")
        .into_iter()
        .filter(|key| !key.starts_with(OF_HELP) && !used.contains(key.as_str()))
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn what_looks_for_messages_finds_them() {
    let source = "words.say(\"a-b\"); words\n.say_with(\n    \"c-d\", &[]); let key = match x { _ => \"e-f\" };";
    assert_eq!(asked(source), ["a-b", "c-d"]);
    assert!(literals(source).eq(["a-b", "c-d", "e-f"]));
    assert_eq!(
        strings("MessageBox \"$(a_b)\" $(c_d_e)"),
        "\"a-b\"\n\"c-d-e\"\n"
    );
}
