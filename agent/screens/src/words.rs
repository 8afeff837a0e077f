//! Words in the reader's language, from the Fluent files in `words/`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language that everything is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Korean.
    #[serde(rename = "ko")]
    Korean,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::English, Language::Korean];

    /// `en` or `ko`.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    /// What the language calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Korean => "한국어",
        }
    }

    /// The first language of the system that there are words in; English otherwise.
    pub fn of_system() -> Self {
        first_known(sys_locale::get_locales())
    }

    /// The language that a browser asks for (`Accept-Language`); English where it asks for none of ours.
    pub fn preferred(accept_language: &str) -> Self {
        let mut asked: Vec<(f32, &str)> = accept_language
            .split(',')
            .filter_map(|part| {
                let (tag, weight) = match part.split_once(';') {
                    Some((tag, weight)) => (tag, weight.trim().strip_prefix("q=")?.parse().ok()?),
                    None => (part, 1.0),
                };
                (weight > 0.0).then_some((weight, tag.trim()))
            })
            .collect();
        asked.sort_by(|one, other| other.0.total_cmp(&one.0));
        first_known(asked.into_iter().map(|(_, tag)| tag))
    }
}

fn first_known(tags: impl IntoIterator<Item = impl AsRef<str>>) -> Language {
    let mut known = tags.into_iter().filter_map(|tag| {
        let tag = tag.as_ref();
        let language = tag.split(['-', '_', '.']).next()?;
        language.to_ascii_lowercase().parse().ok()
    });
    known.next().unwrap_or_default()
}

/// A code of no language of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language \"{0}\"; allowed: en, ko")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Language::ALL
            .into_iter()
            .find(|language| language.code() == code)
            .ok_or_else(|| UnknownLanguage(code.to_owned()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What stands in a message for a name: a text, or a number by which the message may choose its form.
pub type Argument<'a> = FluentValue<'a>;

/// The messages of one language.
#[derive(Clone, Copy)]
pub struct Words(Language);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({})", self.0)
    }
}

impl Words {
    /// Those of this language.
    pub fn of(language: Language) -> Self {
        Words(language)
    }

    /// Which language.
    pub fn language(self) -> Language {
        self.0
    }

    /// The message of this key. A key that there is no message for is shown as it is: a test sees to it that there is none.
    pub fn say(self, key: &str) -> String {
        self.form(key, None).into_owned()
    }

    /// The message with its names filled in.
    pub fn say_with(self, key: &str, arguments: &[(&str, Argument<'_>)]) -> String {
        let mut named = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            named.set(*name, value.clone());
        }
        self.form(key, Some(&named)).into_owned()
    }

    fn form<'a>(self, key: &'a str, arguments: Option<&FluentArgs<'_>>) -> Cow<'a, str> {
        let bundle = &BUNDLES[self.0 as usize];
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            return Cow::Borrowed(key);
        };
        // A name that was not given stands as `{$name}`: the same test.
        let text = bundle.format_pattern(pattern, arguments, &mut Vec::new());
        Cow::Owned(text.into_owned())
    }
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// The texts of one language.
        fn files(language: Language) -> &'static [(&'static str, &'static str)] {
            match language {
                Language::English => &[$(($name, include_str!(concat!("../words/en/", $name, ".ftl")))),*],
                Language::Korean => &[$(($name, include_str!(concat!("../words/ko/", $name, ".ftl")))),*],
            }
        }
    };
}

files![
    "common",
    "reasons",
    "dashboard",
    "account",
    "portal",
    "tray",
    "doctor",
    "cli",
    "installer",
];

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let identifier = LanguageIdentifier::from_bytes(language.code().as_bytes());
    let mut bundle = FluentBundle::new_concurrent(identifier.into_iter().collect());
    // Marks of direction around what is filled in: no language of ours is written from right to left.
    bundle.set_use_isolating(false);
    for (_, text) in files(language) {
        // What is wrong in a file is left out here and found by the test.
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every message of a language with the names in it.
    fn messages(language: Language) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut all = BTreeSet::new();
        for (name, text) in files(language) {
            let resource = FluentResource::try_new((*text).to_owned())
                .unwrap_or_else(|(_, errors)| panic!("{language}/{name}.ftl: {errors:?}"));
            drop(resource);
            let mut message = None::<(String, BTreeSet<String>)>;
            for line in text.lines() {
                if let Some((key, _)) = line
                    .split_once(" =")
                    .filter(|_| !line.starts_with([' ', '#', '}']))
                {
                    all.extend(message.replace((key.to_owned(), BTreeSet::new())));
                }
                if let Some((_, names)) = &mut message {
                    for part in line.split('$').skip(1) {
                        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                        names.insert(part[..end.unwrap_or(part.len())].to_owned());
                    }
                }
            }
            all.extend(message);
        }
        all
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_names() {
        let [english, korean] = Language::ALL.map(messages);
        let only_english: Vec<_> = english.difference(&korean).collect();
        let only_korean: Vec<_> = korean.difference(&english).collect();
        assert!(
            only_english.is_empty() && only_korean.is_empty(),
            "only in English: {only_english:#?}\nonly in Korean: {only_korean:#?}"
        );
    }

    #[test]
    fn no_message_stands_twice() {
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for (name, text) in files(language) {
                for line in text
                    .lines()
                    .filter(|line| !line.starts_with([' ', '#', '}']))
                {
                    if let Some((key, _)) = line.split_once(" =") {
                        assert!(
                            seen.insert(key),
                            "{language}/{name}.ftl: {key} stands twice"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_language_is_the_first_asked_for_that_there_is() {
        for (asked, language) in [
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Korean),
            ("en-US,en;q=0.5", Language::English),
            ("fr,de;q=0.9,ko;q=0.2", Language::Korean),
            ("ko;q=0.1, en;q=0.9", Language::English),
            ("ko;q=0", Language::English),
            ("ko;q=x, ;;,", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::preferred(asked), language, "{asked}");
        }
        assert_eq!(first_known(["ko_KR.UTF-8"]), Language::Korean);
        assert_eq!(first_known(["C", "POSIX"]), Language::English);
    }
}
