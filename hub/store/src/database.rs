//! One way to talk to both databases. Statements are written once, with `$1`, `$2` … for values; where the databases differ
//! in more than that, [`Engine`] tells them apart.

use idlewatt_protocol::{AccountId, Asset, DeviceId, EnrolmentTokenId, ReferralCode, SessionId};
use std::time::Instant;

use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Column as _, Decode, PgPool, Postgres, Sqlite, SqlitePool, Type};

use crate::StoreError;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file beside the hub: one writer.
    Sqlite,
    /// A server that several hubs share.
    Postgres,
}

/// Connections.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    Sqlite {
        writer: SqlitePool,
        reader: SqlitePool,
    },
    Postgres(PgPool),
}

/// A value of a statement. The inner option is SQL's NULL, which has a type, too.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::database::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! value_from {
    ($($from:ty => $variant:ident, $with:expr;)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$variant(Some($with(value)))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Value::$variant(value.map($with))
            }
        }
    )*};
}
value_from! {
    i64 => Integer, std::convert::identity;
    Timestamp => Integer, |at: Timestamp| at.as_millisecond();
    &str => Text, str::to_owned;
    String => Text, std::convert::identity;
    &String => Text, String::clone;
    &AccountId => Text, |id: &AccountId| id.as_str().to_owned();
    &DeviceId => Text, |id: &DeviceId| id.as_str().to_owned();
    &SessionId => Text, |id: &SessionId| id.as_str().to_owned();
    &EnrolmentTokenId => Text, |id: &EnrolmentTokenId| id.as_str().to_owned();
    &ReferralCode => Text, |code: &ReferralCode| code.as_str().to_owned();
    Asset => Text, |asset: Asset| asset.code().to_owned();
    Vec<u8> => Bytes, std::convert::identity;
    &[u8] => Bytes, <[u8]>::to_vec;
}

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value in a column, counted from 0.
    pub fn get<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        use sqlx::Row as _;
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::Postgres(row) => row.try_get(column)?,
        })
    }

    /// The point in time in a column.
    pub fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        crate::read::timestamp(self.get(column)?)
    }

    /// The point in time in a column that may be empty.
    pub fn optional_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        let milliseconds: Option<i64> = self.get(column)?;
        milliseconds.map(crate::read::timestamp).transpose()
    }

    /// The text in a column, read as something.
    pub fn parse<T: std::str::FromStr>(&self, column: usize) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| StoreError::Unreadable {
            what: std::any::type_name::<T>(),
            text: format!("{text} (column {})", self.name(column)),
        })
    }

    fn name(&self, column: usize) -> &str {
        use sqlx::Row as _;
        match self {
            Row::Sqlite(row) => row.columns().get(column).map_or("", |column| column.name()),
            Row::Postgres(row) => row.columns().get(column).map_or("", |column| column.name()),
        }
    }
}

/// Statements that take effect together or not at all. Dropped without [`Transaction::commit`] it never was.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

fn sqlite_query(sql: &'static str, values: Vec<Value>) -> Query<'static, Sqlite, SqliteArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
}

fn postgres_query(sql: &'static str, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
}

/// Does something with the database, and counts how long that took; waiting for a connection is in it.
async fn timed<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let began = Instant::now();
    let done = work.await;
    metrics::histogram!("idlewatt_hub_database_seconds", "what" => what).record(began.elapsed());
    done
}

impl Pools {
    pub fn engine(&self) -> Engine {
        match self {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// All rows of an answer.
    pub async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        timed("read", async {
            Ok(match self {
                Pools::Sqlite { reader, .. } => {
                    let rows = sqlite_query(sql, values).fetch_all(reader).await?;
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                Pools::Postgres(pool) => {
                    let rows = postgres_query(sql, values).fetch_all(pool).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
            })
        })
        .await
    }

    /// The first row of an answer.
    pub async fn row(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        timed("read", async {
            Ok(match self {
                Pools::Sqlite { reader, .. } => sqlite_query(sql, values)
                    .fetch_optional(reader)
                    .await?
                    .map(Row::Sqlite),
                Pools::Postgres(pool) => postgres_query(sql, values)
                    .fetch_optional(pool)
                    .await?
                    .map(Row::Postgres),
            })
        })
        .await
    }

    /// Carries out one statement for itself; gives how many rows it touched.
    pub async fn execute(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        timed("write", async {
            Ok(match self {
                Pools::Sqlite { writer, .. } => sqlite_query(sql, values)
                    .execute(writer)
                    .await?
                    .rows_affected(),
                Pools::Postgres(pool) => postgres_query(sql, values)
                    .execute(pool)
                    .await?
                    .rows_affected(),
            })
        })
        .await
    }

    /// Begins to write.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        timed("begin", async {
            Ok(match self {
                Pools::Sqlite { writer, .. } => {
                    let begun = match writer.begin_with("BEGIN IMMEDIATE").await {
                        // SQLite ends a transaction itself when the disk is full; sqlx counts it as open from then on,
                        // and this connection would never begin another.
                        Err(sqlx::Error::InvalidSavePointStatement) => {
                            writer.acquire().await?.close().await?;
                            writer.begin_with("BEGIN IMMEDIATE").await
                        }
                        begun => begun,
                    };
                    Transaction::Sqlite(begun?)
                }
                Pools::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
            })
        })
        .await
    }

    /// Begins to read: all statements see the same moment.
    pub async fn snapshot(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Pools::Sqlite { reader, .. } => Transaction::Sqlite(reader.begin().await?),
            Pools::Postgres(pool) => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    pub async fn close(&self) {
        match self {
            Pools::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// The referrals' lock ("refer" in ASCII).
const REFERRALS: i64 = 0x72_65_66_65_72;
/// The books' lock among a PostgreSQL server's advisory locks ("books" in ASCII).
const BOOKS: i64 = 0x62_6f_6f_6b_73;

impl Transaction {
    /// All rows of an answer.
    pub async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Transaction::Sqlite(transaction) => {
                let rows = sqlite_query(sql, values)
                    .fetch_all(&mut **transaction)
                    .await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Transaction::Postgres(transaction) => {
                let rows = postgres_query(sql, values)
                    .fetch_all(&mut **transaction)
                    .await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of an answer.
    pub async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Transaction::Sqlite(transaction) => sqlite_query(sql, values)
                .fetch_optional(&mut **transaction)
                .await?
                .map(Row::Sqlite),
            Transaction::Postgres(transaction) => postgres_query(sql, values)
                .fetch_optional(&mut **transaction)
                .await?
                .map(Row::Postgres),
        })
    }

    /// Carries out one statement; gives how many rows it touched.
    pub async fn execute(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Transaction::Sqlite(transaction) => sqlite_query(sql, values)
                .execute(&mut **transaction)
                .await?
                .rows_affected(),
            Transaction::Postgres(transaction) => postgres_query(sql, values)
                .execute(&mut **transaction)
                .await?
                .rows_affected(),
        })
    }

    /// Removes all rows of a table.
    pub async fn empty(&mut self, table: &'static str) -> Result<(), StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
        match self {
            Transaction::Sqlite(transaction) => {
                sqlx::query(sql).execute(&mut **transaction).await?;
            }
            Transaction::Postgres(transaction) => {
                sqlx::query(sql).execute(&mut **transaction).await?;
            }
        }
        Ok(())
    }

    /// Makes this the only transaction that changes balances until it ends. In SQLite every writing transaction is.
    pub async fn lock_books(&mut self) -> Result<(), StoreError> {
        self.lock(BOOKS).await
    }

    /// Makes this the only transaction that changes who referred whom until it ends.
    pub async fn lock_referrals(&mut self) -> Result<(), StoreError> {
        self.lock(REFERRALS).await
    }

    async fn lock(&mut self, what: i64) -> Result<(), StoreError> {
        if let Transaction::Postgres(_) = self {
            self.row("SELECT 1 FROM pg_advisory_xact_lock($1)", values![what])
                .await?;
        }
        Ok(())
    }

    /// Makes it last: durable when this returns.
    pub async fn commit(self) -> Result<(), StoreError> {
        timed("commit", async {
            match self {
                Transaction::Sqlite(transaction) => transaction.commit().await?,
                Transaction::Postgres(transaction) => transaction.commit().await?,
            }
            Ok(())
        })
        .await
    }
}
