//! What a database holds, row by row.

use idlewatt_test_postgres::PostgresServer;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::place::Place;

impl Place {
    /// How many rows `FROM` this there are.
    pub async fn count(&self, from: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {from}");
        match self {
            Place::File(_) => {
                let raw = self.raw().await;
                let sql = sqlx::AssertSqlSafe(sql);
                sqlx::query_scalar(sql)
                    .fetch_one(&raw)
                    .await
                    .expect("counts")
            }
            Place::Server(_) => self.psql(&sql).trim().parse().expect("a number"),
        }
    }

    /// Whether a text is in any row of any table.
    pub async fn holds(&self, text: &str) -> bool {
        for (table, columns) in self.tables().await {
            let condition = match self {
                // As bytes: a text ends at a zero, and hashes may have one.
                Place::File(_) => columns
                    .iter()
                    .map(|column| {
                        format!("instr(CAST({column} AS BLOB), CAST('{text}' AS BLOB)) > 0")
                    })
                    .collect::<Vec<_>>()
                    .join(" OR "),
                Place::Server(_) => format!("CAST({table} AS TEXT) LIKE '%{text}%'"),
            };
            let found = format!("{table} WHERE {condition}");
            if self.count(&found).await > 0 {
                return true;
            }
        }
        false
    }

    async fn tables(&self) -> Vec<(String, Vec<String>)> {
        let listed = match self {
            Place::File(_) => {
                let raw = self.raw().await;
                let sql = "SELECT tables.name || '|' || columns.name FROM sqlite_schema AS tables \
                           JOIN pragma_table_info(tables.name) AS columns \
                           WHERE tables.type = 'table' AND tables.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
                let rows: Vec<String> = sqlx::query_scalar(sql)
                    .fetch_all(&raw)
                    .await
                    .expect("lists");
                rows.join("\n")
            }
            Place::Server(_) => self.psql(
                "SELECT table_name, column_name FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
            ),
        };
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for line in listed.lines() {
            let (table, column) = line.split_once('|').expect("a table and a column");
            match tables.iter_mut().find(|(name, _)| name == table) {
                Some((_, columns)) => columns.push(column.to_owned()),
                None => tables.push((table.to_owned(), vec![column.to_owned()])),
            }
        }
        assert!(tables.len() > 20, "all tables are looked at");
        tables
    }

    async fn raw(&self) -> SqlitePool {
        let Place::File(folder) = self else {
            unreachable!("a server is asked by its own program");
        };
        let options = SqliteConnectOptions::new().filename(folder.path().join("hub.sqlite"));
        SqlitePool::connect_with(options).await.expect("opens")
    }

    fn psql(&self, sql: &str) -> String {
        let Place::Server(address) = self else {
            unreachable!("a file has no such program");
        };
        let name = address.rsplit('/').next().expect("a name");
        PostgresServer::shared().execute(name, sql)
    }
}
