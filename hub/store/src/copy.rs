//! Copying everything that a hub keeps from one database to another, whichever they are.

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::PgCopyIn;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use crate::database::{Row, Transaction, Value, values};
use crate::{Store, StoreError};

/// What is copied, in an order in which every row finds what it points to.
const TABLES: [&str; 25] = [
    "hub",
    "accounts",
    "sessions",
    "devices",
    "challenges",
    "enrolment_codes",
    "enrolment_tokens",
    "reports",
    "batches",
    "shares",
    "settlements",
    "referral_chains",
    "transfers",
    "entries",
    "settlement_parts",
    "remainders",
    "commissions",
    "balances",
    "earned_by_hour",
    "closings",
    "closing_leaves",
    "blocks",
    "addresses",
    "withdrawals",
    "switches",
];
/// What running hubs keep for themselves.
pub(crate) const LIVE_TABLES: [&str; 5] = [
    "tasks",
    "replicas",
    "templates",
    "prices",
    "operator_secrets",
];

/// Bytes in one message to a PostgreSQL server.
const MESSAGE: usize = 256 * 1024;
/// Rows in one statement to SQLite: with the widest table below its 32,766 values.
const ROWS: usize = 500;

/// Is told, again and again, which table is copied and how many of its rows have been.
pub type Progress<'p> = dyn FnMut(&str, u64) + Send + 'p;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Text,
    Bytes,
}

struct Column {
    name: String,
    kind: Kind,
}

impl Store {
    /// Copies everything into an empty database, which keeps all of it or nothing. Nobody can write to a SQLite file meanwhile;
    /// a PostgreSQL server is read as it is at the beginning.
    ///
    /// # Errors
    /// If a hub uses the target, the target is not empty, or one of the two fails.
    pub async fn copy_to(
        &self,
        target: &Store,
        progress: &mut Progress<'_>,
    ) -> Result<(), StoreError> {
        if let Some(name) = target.running_hub().await? {
            return Err(StoreError::InUse(name));
        }
        let mut source = match self.engine() {
            crate::Engine::Sqlite => self.pools.begin().await?,
            crate::Engine::Postgres => self.pools.snapshot().await?,
        };
        let mut into = target.pools.begin().await?;
        copy(&mut source, &mut into, progress).await?;
        into.commit().await
    }
}

/// Copies all tables from what one transaction sees to another, whose database must be empty.
pub(crate) async fn copy(
    source: &mut Transaction,
    target: &mut Transaction,
    progress: &mut Progress<'_>,
) -> Result<(), StoreError> {
    for table in tables(source).await? {
        if !TABLES.contains(&&*table) && !LIVE_TABLES.contains(&&*table) {
            return Err(refuse(
                &table,
                &"it is a table that this program does not know",
            ));
        }
    }
    for table in TABLES.into_iter().filter(|table| *table != "hub") {
        if !is_empty(target, table).await? {
            return Err(StoreError::NotEmpty(table));
        }
    }
    if let Transaction::Sqlite(_) = target {
        // An account may come before the one that referred it.
        target
            .execute("PRAGMA defer_foreign_keys = ON", values![])
            .await?;
    }
    target.execute("DELETE FROM hub", values![]).await?;
    for table in TABLES {
        let columns = columns(source, table).await?;
        let mut known: Vec<_> = self::columns(target, table).await?;
        known.retain(|known| !columns.iter().any(|column| column.name == known.name));
        if let Some(missing) = known.first() {
            let reason = format!("the source has no column {}", missing.name);
            return Err(refuse(table, &reason));
        }
        progress(table, 0);
        let rows = rows(source, table, &columns);
        let copied = match target {
            Transaction::Sqlite(target) => {
                into_sqlite(target, table, &columns, rows, progress).await
            }
            Transaction::Postgres(target) => {
                into_postgres(target, table, &columns, rows, progress).await
            }
        };
        progress(table, copied.map_err(|error| refuse(table, &error))?);
    }
    set_sequences(target).await
}

fn refuse(table: &str, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Copy {
        table: table.to_owned(),
        reason: reason.to_string(),
    }
}

/// Every table but the database's own.
async fn tables(view: &mut Transaction) -> Result<Vec<String>, StoreError> {
    let sql = match view {
        Transaction::Sqlite(_) => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
             AND name <> '_sqlx_migrations'"
        }
        Transaction::Postgres(_) => {
            "SELECT table_name::TEXT FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'"
        }
    };
    let rows = view.rows(sql, values![]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

async fn columns(view: &mut Transaction, table: &str) -> Result<Vec<Column>, StoreError> {
    let sql = match view {
        Transaction::Sqlite(_) => {
            "SELECT name, lower(type) FROM pragma_table_info($1) ORDER BY cid"
        }
        Transaction::Postgres(_) => {
            "SELECT column_name::TEXT, data_type::TEXT FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let rows = view.rows(sql, values![table]).await?;
    rows.iter()
        .map(|row| {
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            let kind = match &*kind {
                "integer" | "bigint" => Kind::Integer,
                "text" => Kind::Text,
                "blob" | "bytea" => Kind::Bytes,
                other => {
                    let reason = format!("column {name} is of the unknown type {other}");
                    return Err(refuse(table, &reason));
                }
            };
            Ok(Column { name, kind })
        })
        .collect()
}

async fn is_empty(view: &mut Transaction, table: &str) -> Result<bool, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
    Ok(match view {
        Transaction::Sqlite(view) => sqlx::query(sql)
            .fetch_optional(&mut **view)
            .await?
            .is_none(),
        Transaction::Postgres(view) => sqlx::query(sql)
            .fetch_optional(&mut **view)
            .await?
            .is_none(),
    })
}

/// A table's rows, fetched as they are asked for.
fn rows<'v>(
    view: &'v mut Transaction,
    table: &str,
    columns: &'v [Column],
) -> impl Stream<Item = Result<Vec<Value>, StoreError>> + Send + Unpin + use<'v> {
    let sql = AssertSqlSafe(format!("SELECT {} FROM {table}", names(columns)));
    let rows = match view {
        Transaction::Sqlite(view) => sqlx::query(sql)
            .fetch(&mut **view)
            .map_ok(Row::Sqlite)
            .boxed(),
        Transaction::Postgres(view) => sqlx::query(sql)
            .fetch(&mut **view)
            .map_ok(Row::Postgres)
            .boxed(),
    };
    rows.map(move |row| {
        let row = row?;
        let value = |(at, column): (usize, &Column)| {
            Ok(match column.kind {
                Kind::Integer => Value::Integer(row.get(at)?),
                Kind::Text => Value::Text(row.get(at)?),
                Kind::Bytes => Value::Bytes(row.get(at)?),
            })
        };
        columns.iter().enumerate().map(value).collect()
    })
}

fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
    names.join(", ")
}

async fn into_sqlite(
    target: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
    rows: impl Stream<Item = Result<Vec<Value>, StoreError>> + Unpin,
    progress: &mut Progress<'_>,
) -> Result<u64, StoreError> {
    let mut chunks = rows.try_chunks(ROWS);
    let mut copied = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| error.1)?;
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES {}",
            names(columns),
            vec![&*row; chunk.len()].join(", ")
        );
        let count = chunk.len() as u64;
        chunk
            .into_iter()
            .flatten()
            .fold(
                sqlx::query(AssertSqlSafe(sql)),
                |query, value| match value {
                    Value::Integer(value) => query.bind(value),
                    Value::Text(value) => query.bind(value),
                    Value::Bytes(value) => query.bind(value),
                },
            )
            .execute(&mut *target)
            .await?;
        copied += count;
        progress(table, copied);
    }
    Ok(copied)
}

async fn into_postgres(
    target: &mut PgConnection,
    table: &str,
    columns: &[Column],
    mut rows: impl Stream<Item = Result<Vec<Value>, StoreError>> + Unpin,
    progress: &mut Progress<'_>,
) -> Result<u64, StoreError> {
    let sql = format!("COPY {table} ({}) FROM STDIN", names(columns));
    let mut copy: PgCopyIn<_> = target.copy_in_raw(&sql).await?;
    let (mut message, mut copied) = (String::new(), 0);
    while let Some(row) = rows.next().await {
        for (at, value) in row?.into_iter().enumerate() {
            if at > 0 {
                message.push('\t');
            }
            write_value(&mut message, value);
        }
        message.push('\n');
        copied += 1;
        if message.len() >= MESSAGE {
            copy.send(message.as_bytes()).await?;
            message.clear();
            progress(table, copied);
        }
    }
    copy.send(message.as_bytes()).await?;
    copy.finish().await?;
    Ok(copied)
}

/// As PostgreSQL's text format of COPY has it.
fn write_value(line: &mut String, value: Value) {
    match value {
        Value::Integer(Some(number)) => line.push_str(&number.to_string()),
        Value::Bytes(Some(bytes)) => {
            line.push_str(r"\\x");
            line.push_str(&hex::encode(bytes));
        }
        Value::Text(Some(text)) => {
            for symbol in text.chars() {
                match symbol {
                    '\\' => line.push_str(r"\\"),
                    '\n' => line.push_str(r"\n"),
                    '\r' => line.push_str(r"\r"),
                    '\t' => line.push_str(r"\t"),
                    other => line.push(other),
                }
            }
        }
        Value::Integer(None) | Value::Text(None) | Value::Bytes(None) => line.push_str(r"\N"),
    }
}

/// Numbers that a PostgreSQL server gives itself go on behind the highest there is. SQLite sees to that by itself.
async fn set_sequences(target: &mut Transaction) -> Result<(), StoreError> {
    let Transaction::Postgres(target) = target else {
        return Ok(());
    };
    let numbered: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::TEXT, column_name::TEXT FROM information_schema.columns \
         WHERE table_schema = current_schema() AND is_identity = 'YES'",
    )
    .fetch_all(&mut **target)
    .await?;
    for (table, column) in numbered {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
             coalesce(max({column}), 1), count(*) > 0) FROM {table}"
        );
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut **target)
            .await?;
    }
    Ok(())
}
