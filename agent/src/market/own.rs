//! Sources of the market that the owner describes: any JSON, with the places where the figures stand, from a file in the data
//! directory.

use std::collections::BTreeSet;
use std::path::PathBuf;

use idlewatt_market::source::generic::CoinFields;
use idlewatt_market::source::{Shape, Source};
use serde::Deserialize;

use crate::data_dir::DataDir;

/// The file.
pub const FILE: &str = "market.toml";
/// No owner has more of them.
const MOST: usize = 16;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It is there, and cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{}, line {line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where in it.
        line: usize,
        /// What, and what is allowed.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    source: Vec<Own>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    name: String,
    url: String,
    coin: Vec<CoinFields>,
}

/// Those of the owner's file; none without one.
///
/// # Errors
/// If it cannot be read, or with what is wrong in it.
pub fn sources(data: &DataDir) -> Result<Vec<Source>, OwnError> {
    let path = data.file(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(OwnError::Unreadable { path, source }),
    };
    let wrong = |line, message| OwnError::Wrong {
        path: path.clone(),
        line,
        message,
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start);
        let lines = text.bytes().take(before).filter(|byte| *byte == b'\n');
        wrong(lines.count() + 1, error.message().trim_end().to_owned())
    })?;
    if file.source.len() > MOST {
        let message = format!("{} sources; allowed: up to {MOST}", file.source.len());
        return Err(wrong(1, message));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = file.source.iter().find(|own| !names.insert(&own.name)) {
        let message = format!(
            "the source {} is there twice; allowed: each name once",
            twice.name
        );
        return Err(wrong(1, message));
    }
    let line_of = |part: &str| {
        let mut lines = text.lines();
        lines.position(|line| line.contains(part)).unwrap_or(0) + 1
    };
    let each = file.source.into_iter().map(|own| {
        if !is_allowed(&own.url) {
            let message = format!(
                "url = \"{}\"; allowed: \"https://HOST/PATH\" (http:// only on this PC)",
                own.url
            );
            return Err(wrong(line_of(&own.url), message));
        }
        Ok(Source {
            name: own.name,
            address: own.url,
            shape: Shape::Json { fields: own.coin },
        })
    });
    each.collect()
}

/// Under TLS, but for servers on this PC.
fn is_allowed(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let of_this_pc = ["127.0.0.1", "localhost", "[::1]"];
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && !host.is_empty()
        || url.scheme() == "http" && of_this_pc.contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = r#"
[[source]]
name = "an exchange"
url = "https://exchange.example/ticker"
[[source.coin]]
coin = "XMR"
price = { pointer = "/data/0/last", unit = "USD" }
network = { difficulty = "/data/0/difficulty", block_reward = 0.6 }
"#;

    fn read(text: &str) -> Result<Vec<Source>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        std::fs::write(data.file(FILE), text).expect("written");
        sources(&data).map_err(|error| error.to_string())
    }

    #[test]
    fn figures_are_read_where_the_owner_says_they_stand() {
        let read = read(RIGHT).expect("right");
        let [source] = read.as_slice() else {
            panic!("{read:?}");
        };
        let text = r#"{"data":[{"last":"200.5","difficulty":3e11}]}"#;
        let parsed = source.parse(text, jiff::Timestamp::now()).expect("reads");
        assert_eq!(parsed.readings.len(), 2, "{parsed:?}");
    }

    #[test]
    fn without_a_file_there_are_none_and_a_wrong_one_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::locate(Some(folder.path().to_owned())).expect("named");
        assert!(sources(&data).expect("none").is_empty());
        for (wrong, named) in [
            (RIGHT.replace("https://", "http://"), "line 4: url = "),
            (
                RIGHT.replace("\"/data/0/last\"", "\"data\""),
                "JSON Pointer",
            ),
            (RIGHT.replace("XMR", "LTC"), "line"),
            (RIGHT.replace("price =", "prise ="), "prise"),
            ("[[source]\n".to_owned(), "line 1"),
            (format!("{RIGHT}{RIGHT}"), "an exchange is there twice"),
        ] {
            let error = read(&wrong).expect_err(&wrong);
            assert!(error.contains(named) && error.contains(FILE), "{error}");
        }
    }
}
