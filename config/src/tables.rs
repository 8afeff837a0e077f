//! Settings that are lists of tables, each written below a line such as `[[schedule]]`: what is wrong in one, at its place.

use toml::de::DeValue;
use toml::{Table, Value};

/// What is wrong at one place of a file.
pub(crate) struct Mistake {
    /// Where, in bytes from the file's beginning.
    pub offset: usize,
    /// What, and what is allowed.
    pub message: String,
}

/// Such a setting.
pub(crate) struct Tables {
    /// Its name.
    pub name: &'static str,
    /// A table with nothing wrong and everything in it: each part of another is tried in it alone.
    pub right: Table,
    /// What must stand in each.
    pub needed: &'static [&'static str],
    /// What is wrong with a table, and what is allowed.
    pub check: fn(Table) -> Result<(), String>,
    /// What is wrong with the parts of a table together: which part, and what is allowed.
    pub together: fn(&Table) -> Option<(&'static str, String)>,
}

impl Tables {
    /// What is wrong with the setting; `place` is where it begins, `places` where everything in it stands.
    pub fn mistakes(&self, value: &Value, places: &DeValue<'_>, place: usize) -> Vec<Mistake> {
        let name = self.name;
        let not_a_list = |offset| Mistake {
            offset,
            message: format!("{name} is a list, each part of it written below a line [[{name}]]"),
        };
        let (Value::Array(tables), DeValue::Array(places)) = (value, places) else {
            return vec![not_a_list(place)];
        };
        let each = tables.iter().zip(places).flat_map(|(table, place)| {
            let begin = place.span().start;
            match (table, place.get_ref()) {
                (Value::Table(table), DeValue::Table(keys)) => {
                    let offset_of = |name: &str| {
                        let key = keys.keys().find(|key| key.get_ref() == name);
                        key.map_or(begin, |key| key.span().start)
                    };
                    self.in_one(table, offset_of, begin)
                }
                _ => vec![not_a_list(begin)],
            }
        });
        each.collect()
    }

    fn in_one(
        &self,
        table: &Table,
        offset_of: impl Fn(&str) -> usize,
        begin: usize,
    ) -> Vec<Mistake> {
        let list = self.name;
        let needed = self.needed.join(", ");
        let missing = self
            .needed
            .iter()
            .filter(|name| !table.contains_key(**name));
        let mut found: Vec<Mistake> = missing
            .map(|name| Mistake {
                offset: begin,
                message: format!("this [[{list}]] has no {name}; needed: {needed}"),
            })
            .collect();
        for (name, value) in table {
            let message = if self.right.contains_key(name) {
                let mut tried = self.right.clone();
                tried.insert(name.clone(), value.clone());
                let Err(allowed) = (self.check)(tried) else {
                    continue;
                };
                format!("{list}.{name} = {value} is not allowed; allowed: {allowed}")
            } else {
                let names: Vec<&str> = self.right.keys().map(String::as_str).collect();
                let names = names.join(", ");
                format!("unknown setting {list}.{name}; allowed in [[{list}]]: {names}")
            };
            found.push(Mistake {
                offset: offset_of(name),
                message,
            });
        }
        if found.is_empty()
            && let Some((name, message)) = (self.together)(table)
        {
            found.push(Mistake {
                offset: offset_of(name),
                message,
            });
        }
        found.sort_by_key(|mistake| mistake.offset);
        found
    }
}
