//! The first line of a trace.

use std::time::Duration;

use idlewatt_config::{parse_duration, write_duration};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Zoned, tz};
use serde::{Deserialize, Serialize};

use super::reader::LONGEST;
use super::value::shortened;

/// What a trace is, and where and when it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub trace: Version,
    /// What it is called.
    pub name: String,
    /// For whoever reads the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The time on the wall at its beginning.
    pub begins: DateTime,
    /// Where that wall stands.
    pub time_zone: Zone,
    /// How long it is; without it, up to its last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// How many GPUs may work.
    pub gpus: GpuCount,
    /// How it came about.
    pub source: Source,
}

impl Header {
    /// For a recording that begins now.
    pub fn of_recording(begins: &Zoned, gpus: usize) -> Header {
        Header {
            trace: Version,
            name: format!("recording-{}", begins.strftime("%Y-%m-%d")),
            note: None,
            begins: begins.datetime(),
            time_zone: Zone::of(begins),
            length: None,
            gpus: GpuCount(gpus.min(usize::from(MOST_GPUS)) as u8),
            source: Source::Recorded,
        }
    }

    /// The moment it begins.
    ///
    /// # Errors
    /// If that moment lies outside what the calendar knows.
    pub fn beginning(&self) -> Result<Zoned, jiff::Error> {
        self.begins.to_zoned(self.time_zone.zone.clone())
    }
}

/// The only version there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Version, String> {
        match version {
            1 => Ok(Version),
            other => Err(format!("version {other} is unknown")),
        }
    }
}

impl From<Version> for u64 {
    fn from(_: Version) -> u64 {
        1
    }
}

const MOST_GPUS: u8 = 16;

/// A number of GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct GpuCount(u8);

impl GpuCount {
    /// The number.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl TryFrom<u64> for GpuCount {
    type Error = String;

    fn try_from(count: u64) -> Result<GpuCount, String> {
        let known = u8::try_from(count).ok().filter(|count| *count <= MOST_GPUS);
        known
            .map(GpuCount)
            .ok_or_else(|| format!("{count} is out of range"))
    }
}

/// A length from a second to a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(pub Duration);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Length, String> {
        let length = parse_duration(&text).map_err(|error| error.to_string())?;
        if length.is_zero() {
            return Err("a trace of zero length says nothing".to_owned());
        }
        if length > LONGEST {
            return Err(format!("\"{}\" is too long", shortened(&text)));
        }
        Ok(Length(length))
    }
}

impl From<Length> for String {
    fn from(length: Length) -> String {
        write_duration(length.0)
    }
}

/// A time zone by its name or its rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    written: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of a time: its name where it has one, else its distance from UTC at that time.
    fn of(time: &Zoned) -> Zone {
        let zone = time.time_zone();
        let written = match zone.iana_name() {
            Some(name) => name.to_owned(),
            None => rule(time.offset()),
        };
        Zone {
            written,
            zone: zone.clone(),
        }
    }
}

/// A rule without summer time. Its sign says what must be added to reach UTC.
fn rule(offset: tz::Offset) -> String {
    let seconds = offset.seconds();
    let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
    let (sign, opposite) = if seconds < 0 { ('-', '+') } else { ('+', '-') };
    format!("<{sign}{hours:02}{minutes:02}>{opposite}{hours}:{minutes:02}")
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(written: String) -> Result<Zone, String> {
        let zone = TimeZone::get(&written)
            .or_else(|_| TimeZone::posix(&written))
            .map_err(|_| {
                let written = shortened(&written);
                format!("this system knows no time zone \"{written}\"")
            })?;
        Ok(Zone { written, zone })
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.written
    }
}

/// How a trace came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Somebody thought it up.
    Written,
    /// It is what a PC's signals were.
    Recorded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_without_a_name_is_written_as_a_rule_that_means_the_same() {
        for hours in [-9, -3, 0, 1, 12] {
            let zone = TimeZone::fixed(tz::offset(hours));
            let time = jiff::civil::date(2026, 3, 2)
                .to_zoned(zone)
                .expect("a time");
            let written: String = Zone::of(&time).into();
            let read = Zone::try_from(written.clone()).expect(&written);
            let same = time.datetime().to_zoned(read.zone).expect("a time");
            assert_eq!(same.timestamp(), time.timestamp(), "{written}");
        }
    }

    #[test]
    fn rules_and_names_are_read() {
        for zone in ["CET-1CEST,M3.5.0,M10.5.0/3", "UTC"] {
            let read = Zone::try_from(zone.to_owned()).expect(zone);
            assert_eq!(String::from(read), zone);
        }
        Zone::try_from("Middle/Earth".to_owned()).expect_err("there is none");
    }
}
