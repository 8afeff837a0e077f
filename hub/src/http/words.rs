//! What people and devices may call things.

use super::answer::Failure;

/// The longest name, in characters.
const LONGEST: usize = 64;

/// A name: something, and on one line.
pub(super) fn name(field: &str, text: &str) -> Result<(), Failure> {
    of_length(field, text, 1, LONGEST)
}

/// A group's name; empty for no group.
pub(super) fn group(text: &str) -> Result<(), Failure> {
    of_length("group", text, 0, LONGEST)
}

/// A text of so many characters, none of them control characters.
pub(super) fn of_length(field: &str, text: &str, least: usize, most: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if (least..=most).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Failure::BadRequest(format!(
        "{field} must have {least} to {most} characters, none of them control characters"
    )))
}
