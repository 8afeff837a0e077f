//! Durations as people write them: `90s`, `2m`, `1h30m`.

use std::time::Duration;

/// The text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a duration; allowed: numbers with s, m, h or d, such as 90s, 2m or 1h30m")]
pub struct DurationError(pub String);

/// Reads `90s`, `2m`, `1h30m`, `1d`: whole numbers, each with its unit, larger units first or not.
///
/// # Errors
/// If a number or a unit is missing or unknown, or the sum is beyond a thousand years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refuse = || DurationError(text.chars().take(64).collect());
    let mut rest = text.trim();
    let mut seconds = 0u64;
    if rest.is_empty() {
        return Err(refuse());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| refuse())?;
        rest = &rest[digits..];
        let unit = rest.chars().next().ok_or_else(refuse)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(refuse()),
        };
        rest = rest[unit.len_utf8()..].trim_start();
        seconds = number
            .checked_mul(factor)
            .and_then(|part| seconds.checked_add(part))
            .filter(|sum| *sum <= 365_250 * 86_400)
            .ok_or_else(refuse)?;
    }
    Ok(Duration::from_secs(seconds))
}

/// Writes what [`parse_duration`] reads, in the largest units; parts of a second are left out.
pub fn write_duration(duration: Duration) -> String {
    let mut seconds = duration.as_secs();
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            text.push_str(&format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("1h30m", 5_400), ("1d", 86_400)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for seconds in [0, 1, 59, 60, 61, 3_600, 90_061] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse_duration(&write_duration(duration)), Ok(duration));
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_is_allowed() {
        for text in [
            "",
            "2",
            "h",
            "2x",
            "-2h",
            "1.5h",
            "99999999999d",
            "2ħ",
            "1h2",
            "18446744073709551616s",
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.to_string().contains("such as 90s"), "{error}");
        }
    }
}
