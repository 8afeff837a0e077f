//! Modes for hours of the week: the list of rules written as `[[schedule]]`.

use serde::Deserialize;

use crate::tables::Tables;
use crate::value;

/// A mode for certain hours of certain weekdays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRule {
    /// On which days it begins, Monday first.
    #[serde(deserialize_with = "value::days")]
    pub days: [bool; 7],
    /// When it begins, in minutes after midnight.
    #[serde(deserialize_with = "value::begin")]
    pub from: u16,
    /// When it ends, in minutes after midnight, up to 1440; not after `from`: on the next day. Never `from` itself.
    #[serde(deserialize_with = "value::end")]
    pub to: u16,
    /// What holds meanwhile: `smart`, a whole number from 5 to 100, or `pause`.
    #[serde(deserialize_with = "value::mode")]
    pub mode: String,
}

/// How the setting `schedule` is written.
pub(crate) fn tables() -> Tables {
    let right = [
        ("days", "daily"),
        ("from", "00:00"),
        ("mode", "smart"),
        ("to", "24:00"),
    ];
    Tables {
        name: "schedule",
        right: right
            .map(|(key, value)| (key.to_owned(), value.into()))
            .into_iter()
            .collect(),
        needed: &["days", "from", "mode", "to"],
        check: |rule| match rule.try_into::<ScheduleRule>() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.message().trim_end().to_owned()),
        },
        // Each time has one spelling: the texts can be compared.
        together: |rule| {
            let message = "schedule.to is the same as schedule.from; allowed: another time, or \"00:00\" to \"24:00\" for \
                           a whole day";
            (rule.get("from") == rule.get("to")).then(|| ("to", message.to_owned()))
        },
    }
}
