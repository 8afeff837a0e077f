//! Backup, restore, migration and audit.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use idlewatt_hub::Settings;
use idlewatt_hub::app::{create_data_dir, database_file, open_store};
use idlewatt_store::{Audit, Store};
use jiff::Timestamp;

/// How often a copy that takes long says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// Writes a backup.
pub async fn backup(settings: &Settings, file: &Path) -> anyhow::Result<ExitCode> {
    let store = existing(settings).await?;
    store.backup(file, &mut Said::default().progress()).await?;
    store.close().await;
    let size = std::fs::metadata(file).map_or(0, |known| known.len());
    println!("{} is complete: {size} bytes", file.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes a database of a backup.
pub async fn restore(settings: &Settings, file: &Path) -> anyhow::Result<ExitCode> {
    create_data_dir(&settings.data_dir)?;
    let database = database_file(settings);
    let Some(address) = &settings.database else {
        let store = Store::restore(file, &database).await?;
        let audit = store.audit().await?;
        pause_withdrawals(&store).await?;
        store.close().await;
        return Ok(told(&audit, &format!("{} is restored", database.display())));
    };
    let target = Store::connect(address).await?;
    let (unpacked, source) = unpack(settings, file).await?;
    let copied = async {
        pause_withdrawals(&source).await?;
        copy(&source, &target).await
    }
    .await;
    source.close().await;
    remove(&unpacked);
    Ok(told(&copied?, "the PostgreSQL database is restored"))
}

/// What was paid since the backup is not in it, so nothing is paid before the operator has looked, and nothing comes back before
/// the wallets were asked.
async fn pause_withdrawals(store: &Store) -> anyhow::Result<()> {
    store.note_restored(Timestamp::now()).await?;
    println!("withdrawals are paused: `idlewatt-hub withdrawals resume` lets them go on");
    Ok(())
}

/// A backup as a database that may be changed, which stays only as long as it is needed.
async fn unpack(settings: &Settings, file: &Path) -> anyhow::Result<(PathBuf, Store)> {
    let unpacked = settings.data_dir.join("restoring.sqlite");
    remove(&unpacked);
    let source = Store::restore(file, &unpacked).await?;
    Ok((unpacked, source))
}

fn remove(database: &Path) {
    // Most of them are not there.
    let _ = std::fs::remove_file(database);
}

/// Copies the SQLite file to a PostgreSQL server.
pub async fn migrate(settings: &Settings, address: &str) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        settings.database.is_none(),
        "migrate-to copies from a SQLite file, but the setting database names a PostgreSQL server"
    );
    let file = database_file(settings);
    anyhow::ensure!(
        file.exists(),
        "there is no hub database at {}",
        file.display()
    );
    let source = Store::open_alone(&file).await?;
    let target = Store::connect(address).await?;
    let before = source.audit().await?;
    if !before.faults.is_empty() {
        told(&before, "");
        anyhow::bail!(
            "the books in {} do not add up; nothing was copied",
            file.display()
        );
    }
    let after = copy(&source, &target).await?;
    source.close().await;
    anyhow::ensure!(
        (before.transfers, before.shares) == (after.transfers, after.shares),
        "{} transfers and {} shares were there, {} and {} arrived",
        before.transfers,
        before.shares,
        after.transfers,
        after.shares
    );
    let done = format!(
        "everything is copied; set database to the new address. {} is as it was, and should not be used again",
        file.display()
    );
    Ok(told(&after, &done))
}

async fn copy(source: &Store, target: &Store) -> anyhow::Result<Audit> {
    source
        .copy_to(target, &mut Said::default().progress())
        .await?;
    eprintln!("checking the books");
    let audit = target.audit().await?;
    target.close().await;
    Ok(audit)
}

/// Checks the books.
pub async fn audit(settings: &Settings) -> anyhow::Result<ExitCode> {
    let audit = existing(settings).await?.audit().await?;
    Ok(told(&audit, ""))
}

/// The store that is there already.
async fn existing(settings: &Settings) -> anyhow::Result<Store> {
    let file = database_file(settings);
    anyhow::ensure!(
        settings.database.is_some() || file.exists(),
        "there is no hub database at {}",
        file.display()
    );
    open_store(settings)
        .await
        .context("the books cannot be read")
}

fn told(audit: &Audit, done: &str) -> ExitCode {
    if !done.is_empty() {
        println!("{done}");
    }
    println!("{} transfers, {} shares", audit.transfers, audit.shares);
    for fault in &audit.faults {
        println!("{fault}");
    }
    match audit.faults.is_empty() {
        true => {
            println!("the books add up");
            ExitCode::SUCCESS
        }
        false => {
            println!("the books do not add up");
            ExitCode::FAILURE
        }
    }
}

/// What has been said about a copy's progress.
#[derive(Default)]
struct Said {
    table: String,
    at: Option<Instant>,
}

impl Said {
    fn progress(mut self) -> impl FnMut(&str, u64) + Send {
        let often = std::io::stderr().is_terminal();
        move |table, rows| {
            let new = self.table != table;
            let long = self.at.is_none_or(|at| at.elapsed() >= SAY_EVERY);
            if new && often || long {
                eprintln!("copying {table}: {rows} rows");
                self.at = Some(Instant::now());
            }
            if new {
                table.clone_into(&mut self.table);
            }
        }
    }
}
