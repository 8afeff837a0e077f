//! Names of programs as owners write them: `game.exe`, `obs*`.

use std::fmt;

/// No file name is longer, in characters.
const LONGEST: usize = 128;

/// A program's file name, in which `*` stands for anything; capitals do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// What lies between the stars, in lower case; without a star, the whole name.
    parts: Vec<String>,
}

/// The text names no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{pattern}\" {why}; allowed: a program's file name such as \"game.exe\", with * for anything"
)]
pub struct PatternError {
    /// The text, without control characters and not longer than it may be.
    pub pattern: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Pattern, PatternError> {
        if let Some(why) = objection(text) {
            let shown = text.chars().filter(|c| !c.is_control()).take(LONGEST);
            return Err(PatternError {
                pattern: shown.collect(),
                why,
            });
        }
        Ok(Pattern {
            text: text.to_owned(),
            parts: lower(text).split('*').map(str::to_owned).collect(),
        })
    }
}

fn objection(text: &str) -> Option<&'static str> {
    let has = |characters: &[char]| text.contains(characters);
    if text.is_empty() {
        Some("is empty")
    } else if text.chars().count() > LONGEST {
        Some("is longer than 128 characters")
    } else if text.chars().any(char::is_control) {
        Some("contains a control character")
    } else if text.chars().all(|c| c == '*') {
        Some("means every program")
    } else if text.trim() != text {
        Some("begins or ends with a space")
    } else if has(&['/', '\\']) {
        Some("is a path, and programs are told apart by their file name alone")
    } else if has(&['[', ']', '?', '{', '}', '^', '$', '|']) {
        Some("contains one of [ ] ? { } ^ $ |, which have no meaning here")
    } else {
        None
    }
}

/// Character by character, so that a part of a name becomes the same as it does within the name.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Pattern {
    /// Whether a program's file name is meant: the whole name, in time linear in its length.
    pub fn matches(&self, name: &str) -> bool {
        let name = lower(name);
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|whole| *whole == name);
        };
        let inner = name.strip_prefix(first.as_str());
        let Some(mut rest) = inner.and_then(|rest| rest.strip_suffix(last.as_str())) else {
            return false;
        };
        // The first place a part fits leaves the most for the parts behind it.
        for part in middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().expect("a pattern")
    }

    #[test]
    fn it_means_the_whole_name_whatever_its_capitals() {
        for (text, name, meant) in [
            ("game.exe", "game.exe", true),
            ("game.exe", "GAME.EXE", true),
            ("Game.exe", "game.exe", true),
            ("game.exe", "game.exe2", false),
            ("game.exe", "mygame.exe", false),
            ("game", "game.exe", false),
            ("game.exe", "gameXexe", false),
            ("game.exe", "", false),
            ("Größe.exe", "GRÖSSE.EXE", false),
            ("Über*", "ÜBERALL", true),
            ("ΣΑΣ*", "σασ1", true),
            ("Program (x86).exe", "program (X86).exe", true),
        ] {
            assert_eq!(pattern(text).matches(name), meant, "{text} and {name}");
        }
    }

    #[test]
    fn a_star_is_anything_even_nothing() {
        for (text, name, meant) in [
            ("obs*", "obs", true),
            ("obs*", "OBS64.exe", true),
            ("obs*", "jobs", false),
            ("*.exe", "a.exe", true),
            ("*.exe", ".exe", true),
            ("*.exe", "a.exe.bak", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*ab*", "ab", false),
            ("*ab*ab*", "xabab", true),
            ("a**b", "a?b", true),
            ("*game*", "The Game.exe", true),
        ] {
            assert_eq!(pattern(text).matches(name), meant, "{text} and {name}");
        }
    }

    #[test]
    fn what_names_no_program_is_refused_with_the_cause() {
        let long = "a".repeat(129);
        for (text, why) in [
            ("", "empty"),
            ("*", "every program"),
            ("***", "every program"),
            (" ", "space"),
            ("game.exe ", "space"),
            ("/usr/bin/game", "path"),
            ("C:\\game.exe", "path"),
            ("game\n.exe", "control"),
            ("game\0", "control"),
            (&long, "longer than 128"),
            ("[gG]ame", "no meaning"),
            ("game?.exe", "no meaning"),
            ("{a,b}", "no meaning"),
            ("^game$", "no meaning"),
            ("a|b", "no meaning"),
        ] {
            let error = text.parse::<Pattern>().expect_err(text);
            let message = error.to_string();
            assert!(message.contains(why), "{message}");
            assert!(message.contains("allowed: "), "{message}");
            assert!(!message.contains(char::is_control) && message.len() < 400);
        }
        assert!("a".repeat(128).parse::<Pattern>().is_ok());
    }

    #[test]
    fn many_stars_take_no_longer() {
        // Matching by trying every place would take longer than the universe is old.
        let many = pattern(&"a*".repeat(64));
        assert!(!many.matches(&format!("{}b", "a".repeat(63))));
        let almost = pattern(&format!("{}b", "*a".repeat(60)));
        assert!(!almost.matches(&"a".repeat(1_000_000)));
    }

    /// The plain definition, slow and obvious.
    fn by_definition(pattern: &[char], name: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|skip| by_definition(rest, &name[skip..])),
            Some((c, rest)) => name
                .split_first()
                .is_some_and(|(first, others)| first == c && by_definition(rest, others)),
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_says(text in "[ab*]{1,8}", name in "[ab]{0,10}") {
            prop_assume!(text.chars().any(|c| c != '*'));
            let characters: Vec<char> = text.chars().collect();
            let letters: Vec<char> = name.chars().collect();
            prop_assert_eq!(pattern(&text).matches(&name), by_definition(&characters, &letters));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}", name in ".{0,50}") {
            match text.parse::<Pattern>() {
                Ok(read) => {
                    read.matches(&name);
                    prop_assert_eq!(read.to_string(), text);
                }
                Err(error) => prop_assert!(!error.why.is_empty()),
            }
        }
    }
}
