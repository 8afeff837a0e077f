//! Changing the owner's file of settings: single values, with everything else in it, comments too, left as it is.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// The file cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// What stands in it is no TOML.
    #[error("the file of settings is not TOML: {0}")]
    NotToml(String),
    /// Something else stands where a section is needed.
    #[error("{0} in the file of settings is not a section")]
    NotASection(String),
}

/// The file's text with these settings changed: each a key such as `limits.max_cpu_percent` and its value as in TOML, or
/// `None` to go back to the default. A list of tables, such as `schedule`, is replaced as a whole. What the values may
/// be is not looked at: [`check`](crate::check) does.
///
/// # Errors
/// If the text is no TOML, or a section is something else.
pub fn edited(text: &str, changes: &[(&str, Option<toml::Value>)]) -> Result<String, EditError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| EditError::NotToml(error.message().to_owned()))?;
    for (key, value) in changes {
        change(&mut document, key, value.as_ref())?;
    }
    Ok(document.to_string())
}

fn change(
    document: &mut DocumentMut,
    key: &str,
    value: Option<&toml::Value>,
) -> Result<(), EditError> {
    let (section, name) = match key.split_once('.') {
        Some((section, name)) => (Some(section), name),
        None => (None, key),
    };
    let table: &mut dyn toml_edit::TableLike = match section {
        None => document.as_table_mut(),
        Some(section) if value.is_none() && document.get(section).is_none() => return Ok(()),
        Some(section) => document
            .entry(section)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_like_mut()
            .ok_or_else(|| EditError::NotASection(section.to_owned()))?,
    };
    let Some(value) = value else {
        table.remove(name);
        return Ok(());
    };
    let item = item(value);
    // What stands beside a value, such as a comment behind it, stays.
    match (table.get_mut(name), item) {
        (Some(Item::Value(before)), Item::Value(mut after)) => {
            *after.decor_mut() = before.decor().clone();
            *before = after;
        }
        (_, item) => {
            table.insert(name, item);
        }
    }
    Ok(())
}

fn item(value: &toml::Value) -> Item {
    match value {
        toml::Value::Array(list) if !list.is_empty() && list.iter().all(toml::Value::is_table) => {
            let mut tables = ArrayOfTables::new();
            for entry in list.iter().filter_map(toml::Value::as_table) {
                let mut table = Table::new();
                for (key, value) in entry {
                    table.insert(key, Item::Value(plain(value)));
                }
                tables.push(table);
            }
            Item::ArrayOfTables(tables)
        }
        value => Item::Value(plain(value)),
    }
}

fn plain(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(list) => Value::Array(list.iter().map(plain).collect()),
        toml::Value::Table(table) => Value::InlineTable(
            table
                .iter()
                .map(|(key, value)| (key.as_str(), plain(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<toml::Value> {
        let table: toml::Table = format!("v = {text}").parse().expect("TOML");
        table.get("v").cloned()
    }

    #[test]
    fn one_value_changes_and_the_rest_stays_to_the_letter() {
        let before = "# mine\nmode = 50 # half\n\n[limits]\n# warm\nmax_cpu_celsius = 70\n";
        let after = edited(
            before,
            &[
                ("mode", value("90")),
                ("limits.on_battery", value("true")),
                ("cpu.enabled", value("false")),
            ],
        )
        .expect("TOML");
        assert_eq!(
            after,
            "# mine\nmode = 90 # half\n\n[limits]\n# warm\nmax_cpu_celsius = 70\non_battery = true\n\n[cpu]\nenabled = false\n"
        );
        let back = edited(
            &after,
            &[("cpu.enabled", None), ("gpu.enabled", None), ("mode", None)],
        );
        let back = back.expect("TOML");
        assert!(
            !back.contains("enabled") && !back.contains("mode"),
            "{back}"
        );
        assert!(!back.contains("[gpu]"), "{back}");
    }

    #[test]
    fn a_schedule_is_replaced_as_a_whole_and_read_back() {
        let rules = value(
            r#"[{days = ["monday"], from = "22:00", to = "06:00", mode = 90}, {days = "weekend", from = "00:00", to = "24:00", mode = "smart"}]"#,
        );
        let text = edited(
            "[limits]\non_battery = true\n[[schedule]]\nx = 1\n",
            &[("schedule", rules)],
        );
        let text = text.expect("TOML");
        let settings = crate::check(Some((std::path::Path::new("x"), &text)), &[])
            .expect(&text)
            .settings;
        assert_eq!(settings.schedule.len(), 2);
        assert!(settings.limits.on_battery);
        let text = edited(&text, &[("schedule", value("[]"))]).expect("TOML");
        let settings = crate::check(Some((std::path::Path::new("x"), &text)), &[])
            .expect(&text)
            .settings;
        assert!(settings.schedule.is_empty(), "{text}");
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        assert!(matches!(edited("a = ", &[]), Err(EditError::NotToml(_))));
        assert!(matches!(
            edited("limits = 1\n", &[("limits.on_battery", value("true"))]),
            Err(EditError::NotASection(_))
        ));
    }
}
