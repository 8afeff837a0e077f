//! Reads a trace line by line, so that a long one needs no more memory than a short one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::change::{Change, allowed};
use super::header::{Header, Source};
use super::value::{At, Controller};

/// The longest trace.
pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The largest file, in bytes.
pub const LARGEST_FILE: u64 = 100_000_000;

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// A file that is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{file}, line {line}: {what}")]
    Line {
        /// Which file.
        file: String,
        /// Its number, from 1.
        line: u64,
        /// What is wrong, and what is allowed.
        what: String,
    },
    /// The file as a whole is wrong.
    #[error("{file}: {what}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong, and what is allowed.
        what: String,
    },
}

/// A trace being read.
#[derive(Debug)]
pub struct TraceReader<R> {
    input: R,
    file: String,
    header: Header,
    /// The number of the line read last.
    line: u64,
    bytes: u64,
    last: At,
    warning: Option<String>,
}

impl TraceReader<BufReader<File>> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If it cannot be read, or does not begin as a trace does.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let file = path.display().to_string();
        let opened = File::open(path).and_then(|opened| {
            let about = opened.metadata()?;
            match about.is_dir() {
                true => Err(io::ErrorKind::IsADirectory.into()),
                false => Ok((opened, about.len())),
            }
        });
        match opened {
            Ok((_, length)) if length > LARGEST_FILE => Err(too_large(file)),
            Ok((opened, _)) => TraceReader::new(BufReader::new(opened), file),
            Err(source) => Err(TraceError::Unreadable { file, source }),
        }
    }
}

impl<R: BufRead> TraceReader<R> {
    /// Reads the header; `file` is what errors call the file.
    ///
    /// # Errors
    /// If it cannot be read, or does not begin as a trace does.
    pub fn new(mut input: R, file: String) -> Result<Self, TraceError> {
        let (mut line, mut bytes) = (0, 0);
        let text = loop {
            match next_line(&mut input, &file, &mut line, &mut bytes)? {
                Some(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                Some(text) => break text,
                None => {
                    let what = format!("it is empty; allowed: {HEADER}");
                    return Err(TraceError::File { file, what });
                }
            }
        };
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let header = parse(text).map_err(|wrong| TraceError::Line {
            file: file.clone(),
            line,
            what: format!("the header: {}; a trace begins with {HEADER}", wrong.what),
        })?;
        Ok(TraceReader {
            input,
            file,
            header,
            line,
            bytes,
            last: At::default(),
            warning: None,
        })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Something worth knowing about what has been read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The time of the line read last.
    pub fn last(&self) -> At {
        self.last
    }

    /// The next line.
    ///
    /// # Errors
    /// If it cannot be read, or is wrong by itself or after those before it. After an error there is no next line.
    pub fn read(&mut self) -> Result<Option<Change>, TraceError> {
        loop {
            let read = next_line(&mut self.input, &self.file, &mut self.line, &mut self.bytes)?;
            let Some(text) = read else {
                return Ok(None);
            };
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let change: Change = match parse(&text) {
                Ok(change) => change,
                Err(wrong) => {
                    // Whoever recorded was cut off in the middle of it.
                    let cut = wrong.is_no_json && text.last() != Some(&b'\n');
                    if cut && self.header.source == Source::Recorded {
                        let (file, line) = (&self.file, self.line);
                        self.warning = Some(format!(
                            "{file}, line {line}: the last line is incomplete and left out"
                        ));
                        return Ok(None);
                    }
                    return Err(self.wrong(wrong.what));
                }
            };
            self.check(&change).map_err(|what| self.wrong(what))?;
            self.last = change.at;
            return Ok(Some(change));
        }
    }

    /// What a line's own fields cannot know.
    fn check(&self, change: &Change) -> Result<(), String> {
        let end = match self.header.length {
            Some(length) => length.0,
            None => LONGEST,
        };
        if change.at < self.last {
            let (at, last) = (change.at, self.last);
            return Err(format!(
                "at: {at} is before the line before it; allowed: {last} or later"
            ));
        }
        if change.at.since_beginning() > end {
            let (at, end) = (change.at, At::from(end));
            return Err(format!(
                "at: {at} is after the trace's end; allowed: up to {end}"
            ));
        }
        if change.idle_seconds.is_some() && change.using != Some(Some(false)) {
            return Err("idle_seconds: allowed only beside \"using\": false".to_owned());
        }
        if change.gamepad_idle_seconds.is_some() && change.gamepad != Some(Some(Controller::Idle)) {
            return Err(
                "gamepad_idle_seconds: allowed only beside \"gamepad\": \"idle\"".to_owned(),
            );
        }
        let gpus = self.header.gpus.get();
        let loads = change.gpu_others.iter().flatten().map(Vec::len);
        let heats = change.gpu_celsius.iter().flatten().map(Vec::len);
        let lists = loads
            .map(|length| ("gpu_others", length))
            .chain(heats.map(|length| ("gpu_celsius", length)));
        for (field, length) in lists {
            if length != gpus {
                return Err(format!(
                    "{field}: {length} values; allowed: {gpus}, as many as the header says GPUs"
                ));
            }
        }
        Ok(())
    }

    fn wrong(&self, what: String) -> TraceError {
        TraceError::Line {
            file: self.file.clone(),
            line: self.line,
            what,
        }
    }

    /// The file as a whole is wrong.
    pub(super) fn wrong_file(&self, what: String) -> TraceError {
        TraceError::File {
            file: self.file.clone(),
            what,
        }
    }
}

const HEADER: &str = "a header such as {\"trace\":1,\"name\":\"a-day\",\"begins\":\"2026-03-02T07:00:00\",\
\"time_zone\":\"Europe/Berlin\",\"length\":\"16h\",\"gpus\":1,\"source\":\"written\"}";

fn too_large(file: String) -> TraceError {
    TraceError::File {
        file,
        what: "it is too large; allowed: up to 100 MB".to_owned(),
    }
}

/// The next line with its end, or `None` after the last.
fn next_line(
    input: &mut impl BufRead,
    file: &str,
    line: &mut u64,
    bytes: &mut u64,
) -> Result<Option<Vec<u8>>, TraceError> {
    let mut text = Vec::new();
    let read = input.take(LONGEST_LINE + 1).read_until(b'\n', &mut text);
    let length = read.map_err(|source| TraceError::Unreadable {
        file: file.to_owned(),
        source,
    })? as u64;
    if length == 0 {
        return Ok(None);
    }
    *line += 1;
    *bytes += length;
    if *bytes > LARGEST_FILE {
        return Err(too_large(file.to_owned()));
    }
    if length > LONGEST_LINE {
        return Err(TraceError::Line {
            file: file.to_owned(),
            line: *line,
            what: "the line is too long; allowed: up to 1 MiB".to_owned(),
        });
    }
    Ok(Some(text))
}

/// Why a line cannot be read.
struct Wrong {
    what: String,
    is_no_json: bool,
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Wrong> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let field = path.split(['[', '.']).next().unwrap_or_default();
        let inner = error.into_inner();
        let is_no_json = inner.is_syntax() || inner.is_eof();
        let column = inner.column();
        let told = inner.to_string();
        // The line it counts is always the first.
        let told = told.split(" at line ").next().unwrap_or(&told);
        let what = match allowed(field) {
            _ if is_no_json => format!("no JSON, from column {column} on: {told}"),
            Some(allowed) if !told.starts_with("unknown field") => {
                format!("{path}: {told}; allowed: {allowed}")
            }
            _ => told.to_owned(),
        };
        Wrong { what, is_no_json }
    })?;
    json.end().map_err(|_| Wrong {
        what: "something follows the object; allowed: one object a line".to_owned(),
        is_no_json: true,
    })?;
    Ok(parsed)
}
