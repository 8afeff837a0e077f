//! Many rows in one statement: they go as one JSON text, which both databases read as a table. Its column is `value`, an
//! array; `value ->> 0` is a row's first text, `CAST(value ->> 1 AS BIGINT)` its second as a number.

use serde_json::Value;

/// A statement around the list that its `$1` is: what stands before `FROM` and what comes after.
macro_rules! listed {
    ($transaction:expr, $before:literal, $after:literal) => {
        match &$transaction {
            $crate::database::Transaction::Sqlite(_) => {
                concat!($before, " FROM json_each($1) ", $after)
            }
            $crate::database::Transaction::Postgres(_) => concat!(
                $before,
                " FROM json_array_elements(CAST($1 AS JSON)) ",
                $after
            ),
        }
    };
}
pub(crate) use listed;

/// The text of a list; each row is made by `serde_json::json!([…])`.
pub(crate) fn list(rows: impl IntoIterator<Item = Value>) -> String {
    Value::Array(rows.into_iter().collect()).to_string()
}
