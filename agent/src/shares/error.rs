//! What can be wrong with the receipts file.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// Why the receipts cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// The file is not, or no longer, a sound database. It is never repaired or deleted by itself.
    #[error(
        "the receipts file {} is damaged ({detail}). Move it aside, for example to {}.damaged, and start again: \
         a new one is begun, and what a hub has credited stays credited there",
        path.display(), path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        detail: String,
    },
    /// A newer version of this program has written the file.
    #[error("the receipts file {} was written by a newer version of idlewatt; use that version, or move the file aside", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or made.
    #[error("the receipts file {} cannot be opened: {detail}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// Reading or writing failed later: a full disk, for example.
    #[error("the receipts cannot be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// A row holds what this program never writes.
    #[error("receipt {id} has a strange {column}: \"{value}\"")]
    Row {
        /// Its number.
        id: i64,
        /// Which column.
        column: &'static str,
        /// What is in it.
        value: String,
    },
}

impl ReceiptsError {
    /// The error of opening, told apart by SQLite's result codes.
    pub(super) fn opening(path: &Path, error: &sqlx::Error) -> Self {
        let path = path.to_owned();
        let detail = match error {
            sqlx::Error::Database(database) => database.message().to_owned(),
            other => other.to_string(),
        };
        match is_damage(error) {
            true => ReceiptsError::Damaged { path, detail },
            false => ReceiptsError::Open { path, detail },
        }
    }

    pub(super) fn migrating(path: &Path, error: &MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) => ReceiptsError::Newer {
                path: path.to_owned(),
            },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                ReceiptsError::opening(path, error)
            }
            other => ReceiptsError::Damaged {
                path: path.to_owned(),
                detail: other.to_string(),
            },
        }
    }
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB`, whatever their extended codes add.
fn is_damage(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else {
        return false;
    };
    let code: Option<i32> = database.code().and_then(|code| code.parse().ok());
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}
