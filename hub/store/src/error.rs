//! What can go wrong with a store.

/// A store that does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened or brought up to date.
    #[error("cannot open the hub's database {database}: {reason}")]
    Open {
        /// The file, or the server without its password.
        database: String,
        /// What the database says.
        reason: String,
    },
    /// A statement failed: the disk is full, the file damaged, or a constraint was violated.
    #[error("the hub's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row holds what this program never writes there.
    #[error("the hub's database holds an unreadable {what}: {text}")]
    Unreadable {
        /// Which kind of value.
        what: &'static str,
        /// The value.
        text: String,
    },
    /// An amount that the books cannot hold.
    #[error("a transfer was refused: {0}")]
    Transfer(#[from] idlewatt_ledger::TransferError),
    /// A file cannot be read or written, or is not what it should be.
    #[error("{}: {reason}", file.display())]
    File {
        /// Which file.
        file: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A table cannot be copied.
    #[error("table {table} cannot be copied: {reason}")]
    Copy {
        /// Which one.
        table: String,
        /// Why not.
        reason: String,
    },
    /// Something is to be copied to where something is already.
    #[error("the target is not empty: there are rows in its table {0}; allowed: a new database")]
    NotEmpty(&'static str),
    /// A hub works with a database that must rest.
    #[error("hub {0} runs on this database, or was killed less than a minute ago; stop it first")]
    InUse(String),
    /// The database does not answer.
    #[error("the hub's database has not answered within {0:?}")]
    Slow(std::time::Duration),
    /// More shares than one transaction takes.
    #[error("{0} shares at once, at most {1} are allowed")]
    TooManyShares(usize, usize),
}
