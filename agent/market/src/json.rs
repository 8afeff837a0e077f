//! Reading JSON that strangers wrote: limited in size and depth, and what is wrong is named.

use jiff::Timestamp;
use serde_json::Value;

/// The longest answer that is read, in bytes.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How deep lists and objects may stand in each other.
pub const MOST_LEVELS: usize = 32;

/// From here on a number that is a time counts milliseconds, below it seconds: 10^11 s is the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Why a text is no JSON that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Too long.
    #[error("found {0} bytes; allowed: {MOST_BYTES}")]
    TooLarge(usize),
    /// Nothing but white space.
    #[error("found nothing; allowed: JSON")]
    Empty,
    /// A page for people: a login, a check for robots, an error of a proxy. With its title, if it has one.
    #[error("found an HTML page (\"{0}\"); allowed: JSON")]
    Html(String),
    /// Too many lists and objects in each other.
    #[error(
        "found more than {MOST_LEVELS} lists and objects in each other; allowed: {MOST_LEVELS}"
    )]
    TooDeep,
    /// Not JSON at all, or cut short.
    #[error("found no JSON ({0}); allowed: JSON")]
    Syntax(String),
}

/// Reads one JSON value. A number beyond what a double holds (`1e999`) is no JSON here.
///
/// # Errors
/// If the text is too long, empty, an HTML page, too deep, or no JSON.
pub(crate) fn read(text: &str) -> Result<Value, JsonError> {
    if text.len() > MOST_BYTES {
        return Err(JsonError::TooLarge(text.len()));
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(JsonError::Empty);
    }
    if text.starts_with('<') {
        return Err(JsonError::Html(title(text)));
    }
    if is_too_deep(text) {
        return Err(JsonError::TooDeep);
    }
    serde_json::from_str(text).map_err(|error| JsonError::Syntax(error.to_string()))
}

/// What an HTML page calls itself.
fn title(page: &str) -> String {
    // ASCII only, so that no position moves.
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(excerpt(&page[start..end]))
    });
    title.unwrap_or_else(|| "without a title".to_owned())
}

fn is_too_deep(text: &str) -> bool {
    let (mut level, mut quoted, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => level += 1,
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
        if level > MOST_LEVELS {
            return true;
        }
    }
    false
}

/// The beginning of a stranger's text on one line: at most 80 characters, none of them for control.
pub(crate) fn excerpt(text: &str) -> String {
    let plain: String = text
        .trim()
        .chars()
        .map(|symbol| if symbol.is_control() { ' ' } else { symbol })
        .take(81)
        .collect();
    match plain.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// What was found, in few words.
pub(crate) fn show(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::String(text)) => format!("\"{}\"", excerpt(text)),
        Some(plain) => plain.to_string(),
    }
}

/// A number, also where it stands in quotes. May be infinite or no number (`"NaN"`): bounds are for the caller to check.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A time: seconds or milliseconds since 1970 as a number or in quotes, or RFC 3339. `None` for zero, which is how many
/// write "never", and for what is no time.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    if let Some(count) = number(value) {
        let seconds = if count >= MILLISECONDS_FROM {
            count / 1000.0
        } else {
            count
        };
        if !(seconds > 0.0 && seconds < MILLISECONDS_FROM) {
            return None;
        }
        return Timestamp::from_millisecond((seconds * 1000.0) as i64).ok();
    }
    value.as_str()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_json_is_named() {
        let page = "\u{feff} <!DOCTYPE html><html><TITLE lang=en>Just a\nmoment…</Title>";
        assert_eq!(read(page), Err(JsonError::Html("Just a moment…".into())));
        let bare = read("<html>").expect_err("HTML").to_string();
        assert!(bare.contains("without a title"), "{bare}");
        assert_eq!(read(" \n"), Err(JsonError::Empty));
        assert!(matches!(read("{\"a\":"), Err(JsonError::Syntax(_))));
        assert!(matches!(read("{\"a\":1e999}"), Err(JsonError::Syntax(_))));
        let long = " ".repeat(MOST_BYTES + 1);
        assert_eq!(read(&long), Err(JsonError::TooLarge(long.len())));
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(MOST_LEVELS)).is_ok());
        assert_eq!(read(&nested(MOST_LEVELS + 1)), Err(JsonError::TooDeep));
        assert_eq!(read(&"[".repeat(1_000_000)), Err(JsonError::TooDeep));
        let text = json!({"a": format!("\"\\{}", "[".repeat(100))});
        assert_eq!(read(&text.to_string()), Ok(text));
    }

    #[test]
    fn numbers_and_times_are_read_in_every_way_they_are_written() {
        assert_eq!(number(&json!("60.")), Some(60.0));
        assert_eq!(number(&json!(" 1.5e3 ")), Some(1500.0));
        assert_eq!(number(&json!("$1.00")), None);
        let expected = "2026-11-22T05:08:30Z".parse().ok();
        for value in [
            json!(1795324110),
            json!("1795324110"),
            json!(1795324110000i64),
            json!("2026-11-22T05:08:30Z"),
        ] {
            assert_eq!(time(&value), expected, "{value}");
        }
        for value in [
            json!(0),
            json!(-5),
            json!(false),
            json!(null),
            json!("NaN"),
            json!(1e30),
            json!("soon"),
        ] {
            assert_eq!(time(&value), None, "{value}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let cut = excerpt(&"é\u{7}".repeat(60));
        assert_eq!(cut.chars().count(), 81);
        assert!(cut.ends_with('…') && !cut.contains('\u{7}'));
        assert_eq!(excerpt(" short "), "short");
    }
}
