//! Backups: SQLite files with everything in them, whichever database they are of. A running hub goes on meanwhile.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::copy::{LIVE_TABLES, Progress};
use crate::database::Pools;
use crate::{Store, StoreError};

impl Store {
    /// Writes everything, as it is at one moment, to a new file that only its owner may read. Under its own name it is never half
    /// there.
    ///
    /// # Errors
    /// If the file exists or cannot be written, or the database fails.
    pub async fn backup(&self, file: &Path, progress: &mut Progress<'_>) -> Result<(), StoreError> {
        if file.exists() {
            let reason = "it exists already; a backup goes into a new file";
            return Err(file_error(file, &reason));
        }
        let partial = beside(file, "partial");
        create(&partial).map_err(|error| file_error(&partial, &error))?;
        let kept = match self.write_backup(&partial, progress).await {
            Ok(()) => keep(&partial, file).map_err(|error| file_error(file, &error)),
            Err(error) => Err(error),
        };
        if kept.is_err() {
            // What is left of it is of no use; the error that matters is the one before.
            let _ = std::fs::remove_file(&partial);
        }
        kept
    }

    async fn write_backup(
        &self,
        file: &Path,
        progress: &mut Progress<'_>,
    ) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { reader, .. } => {
                sqlx::query("VACUUM INTO $1")
                    .bind(file.to_string_lossy().into_owned())
                    .execute(reader)
                    .await?;
            }
            Pools::Postgres(_) => {
                let target = Store::open(file).await?;
                let copied = self.copy_to(&target, progress).await;
                target.close().await;
                copied?;
            }
        }
        Ok(())
    }

    /// Makes a database file of a backup, which stays as it is. A backup of an older program is brought up to date.
    ///
    /// # Errors
    /// If the database file exists, or the backup is none or was written by a newer program.
    pub async fn restore(backup: &Path, database: &Path) -> Result<Store, StoreError> {
        check(backup).await?;
        if database.exists() {
            let reason = "it exists already; a backup is restored to where no database is";
            return Err(file_error(database, &reason));
        }
        let partial = beside(database, "restoring");
        let filled = create(&partial).and_then(|mut to| {
            io::copy(&mut File::open(backup)?, &mut to)?;
            to.sync_all()
        });
        filled.map_err(|error| file_error(&partial, &error))?;
        let store = Store::open(&partial).await?;
        let mut transaction = store.pools.begin().await?;
        for table in LIVE_TABLES {
            transaction.empty(table).await?;
        }
        transaction.commit().await?;
        store.close().await;
        keep(&partial, database).map_err(|error| file_error(database, &error))?;
        Store::open(database).await
    }
}

/// Whether it is a backup that this program understands.
async fn check(backup: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(backup)
        .read_only(true)
        .immutable(true);
    let version: Result<Option<i64>, _> = async {
        let mut connection = options.connect().await?;
        sqlx::query("SELECT key_hash FROM accounts LIMIT 0")
            .execute(&mut connection)
            .await?;
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
    }
    .await;
    let newest = crate::store::newest_schema();
    match version {
        Ok(Some(version)) if version <= newest => Ok(()),
        Ok(Some(version)) => Err(file_error(
            backup,
            &format!(
                "it was written by a newer program: its schema is {version}, this one knows up to {newest}"
            ),
        )),
        Ok(None) => Err(file_error(backup, &"it is no backup of a hub")),
        Err(error) => Err(file_error(
            backup,
            &format!("it is no backup of a hub: {error}"),
        )),
    }
}

fn file_error(file: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::File {
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}

/// The same name with something behind it.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes a new file that only its owner may read: hashes of keys and the key of the receipts will be in it.
fn create(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Gives a finished file its name; durable when this returns.
fn keep(partial: &Path, file: &Path) -> io::Result<()> {
    File::options().write(true).open(partial)?.sync_all()?;
    std::fs::rename(partial, file)?;
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        let here = folder.as_os_str().is_empty();
        File::open(if here { Path::new(".") } else { folder })?.sync_all()?;
    }
    Ok(())
}
