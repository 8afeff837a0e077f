//! The command line's own help, and what it says about a wrong line, in the reader's language. English is what the
//! program's source says; messages take its place before the line is read.

use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use idlewatt_screens::{Language, Words};

/// The commands with every text in the reader's language.
pub fn translated(command: Command, words: Words) -> Command {
    match words.language() {
        Language::English => command,
        Language::Korean => {
            let mut command = command;
            // Only now the flags for help and version are there.
            command.build();
            walk(command, "", words)
        }
    }
}

fn walk(command: Command, path: &str, words: Words) -> Command {
    let about = key(path, "");
    let heading = lasting(words.say("cli-heading-commands"));
    let template = format!(
        "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}",
        words.say("cli-heading-usage")
    );
    let command = match said(&about, words) {
        Some(about) => command.about(about.clone()).long_about(about),
        None => command,
    };
    command
        .help_template(template)
        .subcommand_help_heading(heading)
        .mut_args(|arg| argument(arg, path, words))
        .mut_subcommands(|inner| {
            let path = match path {
                "" => inner.get_name().to_owned(),
                path => format!("{path}-{}", inner.get_name()),
            };
            walk(inner, &path, words)
        })
}

fn argument(arg: Arg, path: &str, words: Words) -> Arg {
    let heading = match arg.is_positional() {
        true => words.say("cli-heading-arguments"),
        false => words.say("cli-heading-options"),
    };
    let id = arg.get_id().to_string();
    // What many commands take has one message.
    let own = said(&key(path, &id), words);
    let help = own.or_else(|| said(&key("", &id), words));
    let arg = arg.help_heading(lasting(heading));
    match help {
        Some(help) => arg.help(help.clone()).long_help(help),
        None => arg,
    }
}

/// Headings are asked to last as long as the program: a few words each time.
fn lasting(heading: String) -> &'static str {
    heading.leak()
}

/// The key of a command's text, or of an argument's.
fn key(path: &str, argument: &str) -> String {
    let parts = ["cli-help", path, argument];
    let some: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match argument.is_empty() {
        true => format!("{}-about", some.join("-")),
        false => some.join("-"),
    }
}

fn said(key: &str, words: Words) -> Option<String> {
    let text = words.say(key);
    (text != key).then_some(text)
}

/// Says what is wrong with the line, or shows help or version, and ends with the code that tells programs.
pub fn refuse(error: &clap::Error, words: Words) -> ! {
    let told = match words.language() {
        Language::English => None,
        Language::Korean => mistake(error, words),
    };
    let Some(told) = told else { error.exit() };
    let mut text = format!("error: {told}\n");
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        let _ = write!(text, "\n{}: {usage}\n", words.say("cli-heading-usage"));
    }
    eprint!("{text}\n{}\n", words.say("cli-see-help"));
    std::process::exit(error.exit_code())
}

/// What is wrong with the line; `None` for what is no mistake, and for rare ones.
fn mistake(error: &clap::Error, words: Words) -> Option<String> {
    let context = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        other => Some(other.to_string()),
    };
    let argument = || context(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidValue => Some(words.say_with(
            "cli-wrong-value",
            &[
                ("argument", argument().into()),
                ("value", context(ContextKind::InvalidValue)?.into()),
            ],
        )),
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error)?.to_string();
            Some(words.say_with(
                "cli-wrong-value-because",
                &[
                    ("argument", argument().into()),
                    ("value", context(ContextKind::InvalidValue)?.into()),
                    ("reason", reason.into()),
                ],
            ))
        }
        ErrorKind::UnknownArgument => {
            Some(words.say_with("cli-unknown-argument", &[("argument", argument().into())]))
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand)?;
            Some(words.say_with("cli-unknown-command", &[("argument", name.into())]))
        }
        ErrorKind::MissingRequiredArgument => {
            Some(words.say_with("cli-missing-argument", &[("argument", argument().into())]))
        }
        ErrorKind::ArgumentConflict => Some(words.say_with(
            "cli-conflict",
            &[
                ("argument", argument().into()),
                ("other", context(ContextKind::PriorArg)?.into()),
            ],
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    /// What the source says at each command and argument, by the keys that may stand for it.
    fn texts() -> Vec<(Vec<String>, String)> {
        fn collect(command: &Command, path: &str, all: &mut Vec<(Vec<String>, String)>) {
            let text = |text: Option<&clap::builder::StyledStr>| {
                text.map(ToString::to_string).unwrap_or_default()
            };
            let about = text(command.get_about());
            all.push((vec![key(path, "")], about));
            for arg in command.get_arguments() {
                let id = arg.get_id().to_string();
                let keys = vec![key(path, &id), key("", &id)];
                all.push((keys, text(arg.get_help())));
            }
            for inner in command
                .get_subcommands()
                .filter(|inner| !inner.is_hide_set())
            {
                let path = match path {
                    "" => inner.get_name().to_owned(),
                    path => format!("{path}-{}", inner.get_name()),
                };
                collect(inner, &path, all);
            }
        }
        let mut command = Arguments::command();
        command.build();
        let mut all = Vec::new();
        collect(&command, "", &mut all);
        // What the library adds below its own command for help is a copy.
        all.retain(|(keys, _)| {
            !keys[0].starts_with("cli-help-help-") || keys[0] == "cli-help-help-about"
        });
        all
    }

    #[test]
    fn english_messages_are_what_the_source_says_and_none_is_missing() {
        let words = Words::of(Language::English);
        let mut wrong = BTreeMap::new();
        for (keys, text) in texts() {
            let found = keys.iter().find_map(|key| said(key, words));
            if found.as_deref() != Some(text.as_str()) {
                wrong.insert(keys.join(" or "), (text, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn korean_help_has_no_english_left() {
        let mut command = translated(Arguments::command(), Words::of(Language::Korean));
        let help = command.render_long_help().to_string();
        assert!(help.contains("사용법: idlewatt"), "{help}");
        for english in ["Usage", "Options", "Commands", "Print", "Show", "Start"] {
            assert!(!help.contains(english), "{english}: {help}");
        }
    }
}
