//! Starting the installer, and what is found at the start after it.

use std::io;
use std::path::PathBuf;

use super::super::health::{Start, look, say_well, tidy_up};
use super::super::records::Applying;
use super::super::{apply, stage};
use super::*;

fn folder() -> PathBuf {
    PathBuf::from("/programs/idlewatt")
}

/// Starts the installer, which does what `launch` does.
fn start(
    stage: &Stage,
    staged: &Staged,
    launch: impl FnOnce(&std::path::Path, &std::path::Path) -> io::Result<()>,
) -> Result<(), UpdateError> {
    let aside = BTreeSet::from(["gpu-1".to_owned()]);
    let running = version("0.1.0");
    apply::start(&stage.records(), staged, &running, aside, &folder(), launch)
}

fn at_start(stage: &Stage, running: &str) -> Start {
    look(&stage.records(), &version(running), Timestamp::now()).expect("looked")
}

fn write(stage: &Stage, name: &str, text: &str) {
    let path = stage.folder.path().join("data/update").join(name);
    std::fs::write(path, text).expect("written");
}

fn exists(stage: &Stage, name: &str) -> bool {
    stage.folder.path().join("data/update").join(name).exists()
}

#[tokio::test]
async fn the_installer_is_started_with_everything_on_record_and_nothing_of_the_last_time() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    write(&stage, "healthy.json", "{\"version\": \"0.2.0\"}");
    write(&stage, "rolled-back.txt", "0.1.9");
    let records = stage.records();
    let mut launched = None;
    start(&stage, &staged, |installer, into| {
        assert!(!exists(&stage, "healthy.json") && !exists(&stage, "rolled-back.txt"));
        launched = Some((installer.to_owned(), into.to_owned(), records.applying()));
        Ok(())
    })
    .expect("started");
    let (installer, into, applying) = launched.expect("started");
    assert_eq!((installer, into), (records.files().join(NAME), folder()));
    let applying = applying.expect("on record");
    assert_eq!(applying.from, version("0.1.0"));
    assert_eq!(applying.to, version("0.2.0"));
    assert!(applying.set_aside.contains("gpu-1"));
    // Not twice at a time.
    let twice = start(&stage, &staged, |_, _| panic!("started twice"));
    assert!(matches!(twice, Err(UpdateError::Applying(_))), "{twice:?}");
    assert_eq!(at_start(&stage, "0.1.0"), Start::AtWork);
    assert_eq!(records.applying(), Some(applying));
}

#[tokio::test]
async fn a_file_that_was_changed_since_is_not_started() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    std::fs::write(stage.records().files().join(NAME), b"evil").expect("written");
    let refused = start(&stage, &staged, |_, _| panic!("started"));
    assert!(matches!(refused, Err(UpdateError::OtherFile { .. })));
    assert_eq!(stage.records().applying(), None);
    assert_eq!(stage.records().staged(), None);
    // Nor one that its record was bent to.
    let bent = Staged {
        name: "../../evil.exe".to_owned(),
        ..staged
    };
    assert!(stage::open(&stage.records(), &bent).is_err());
}

#[tokio::test]
async fn an_installer_that_does_not_start_leaves_nothing_to_wait_for() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    let refused = start(&stage, &staged, |_, _| {
        Err(io::ErrorKind::PermissionDenied.into())
    });
    assert!(matches!(refused, Err(UpdateError::Start { .. })));
    assert_eq!(stage.records().applying(), None);
    start(&stage, &staged, |_, _| Ok(())).expect("started");
}

#[tokio::test]
async fn a_new_version_that_is_well_says_so_and_tidies_up() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    start(&stage, &staged, |_, _| Ok(())).expect("started");
    let Start::Fresh(applying) = at_start(&stage, "0.2.0") else {
        panic!("it is new");
    };
    assert!(applying.set_aside.contains("gpu-1"));
    assert!(!exists(&stage, "healthy.json"));
    say_well(&stage.records(), &version("0.2.0")).expect("said");
    let path = stage.folder.path().join("data/update/healthy.json");
    let told: Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
    assert_eq!(told, json!({"version": "0.2.0"}));
    assert_eq!(stage.records().applying(), None);
    tidy_up(&stage.records(), &version("0.1.9")).expect("done");
    assert!(stage.records().staged().is_some(), "it is still to be run");
    tidy_up(&stage.records(), &version("0.2.0")).expect("done");
    assert_eq!((stage.records().staged(), stage.files()), (None, vec![]));
    assert_eq!(at_start(&stage, "0.2.0"), Start::Ordinary);
}

#[tokio::test]
async fn a_version_that_was_put_back_is_not_tried_again_but_when_asked_to() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    start(&stage, &staged, |_, _| Ok(())).expect("started");
    write(&stage, "rolled-back.txt", "\u{feff}0.2.0\r\n");
    let put_back = Start::PutBack(version("0.2.0"));
    assert_eq!(at_start(&stage, "0.1.0"), put_back);
    assert_eq!(at_start(&stage, "0.1.0"), Start::Ordinary);
    assert!(!exists(&stage, "rolled-back.txt") && !exists(&stage, "applying.json"));
    assert_eq!(stage.files(), Vec::<String>::new());
    let mut offer = stage.offer().await;
    assert!(offer.failed_before);
    let refused = stage.updater().stage(&offer, |_, _| {}).await;
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains("idlewatt update --again"), "{refused}");
    stage.updater().again(&mut offer).expect("forgotten");
    stage
        .updater()
        .stage(&offer, |_, _| {})
        .await
        .expect("staged");
    assert!(!stage.offer().await.failed_before);
    // A later version is another matter.
    write(&stage, "rolled-back.txt", "0.2.0");
    assert_eq!(at_start(&stage, "0.1.0"), put_back);
    let mut manifest = stage.manifest();
    manifest["version"] = json!("0.2.1");
    manifest["released_at"] = json!(Timestamp::now());
    stage.release(&manifest);
    assert!(!stage.offer().await.failed_before);
}

#[tokio::test]
async fn an_installer_that_came_to_nothing_is_not_started_over_and_over() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    start(&stage, &staged, |_, _| Ok(())).expect("started");
    let later = Timestamp::now() + apply::INSTALLER_LIMIT;
    let found = look(&stage.records(), &version("0.1.0"), later).expect("looked");
    assert_eq!(found, Start::PutBack(version("0.2.0")));
    assert!(stage.offer().await.failed_before);
}

#[tokio::test]
async fn a_version_installed_by_hand_meanwhile_forgets_what_was_begun() {
    let stage = Stage::new().await;
    let staged = stage.stage().await.expect("staged");
    start(&stage, &staged, |_, _| Ok(())).expect("started");
    assert_eq!(at_start(&stage, "0.3.0"), Start::Ordinary);
    assert_eq!(stage.records().applying(), None);
    assert_eq!((stage.records().staged(), stage.files()), (None, vec![]));
}

#[tokio::test]
async fn a_kill_while_it_is_put_on_record_leads_there_once_more() {
    let stage = Stage::new().await;
    stage.stage().await.expect("staged");
    let records = stage.records();
    records
        .begin(&Applying {
            from: version("0.1.0"),
            to: version("0.2.0"),
            started_at: Timestamp::now(),
            set_aside: BTreeSet::new(),
        })
        .expect("written");
    write(&stage, "rolled-back.txt", "0.2.0");
    // Killed after the version was recorded as failed, before anything was forgotten.
    let mut seen = records.seen().expect("read");
    seen.failed.insert(version("0.2.0"));
    records.keep_seen(&seen).expect("written");
    let put_back = Start::PutBack(version("0.2.0"));
    assert_eq!(at_start(&stage, "0.1.0"), put_back);
    // Killed after the record of the start was removed, before the installer's word was.
    write(&stage, "rolled-back.txt", "0.2.0");
    assert_eq!(at_start(&stage, "0.1.0"), put_back);
    assert_eq!(at_start(&stage, "0.1.0"), Start::Ordinary);
    // What is no version is nobody's word.
    write(&stage, "rolled-back.txt", "hello");
    write(&stage, "applying.json", "{");
    assert_eq!(at_start(&stage, "0.1.0"), Start::Ordinary);
}

#[tokio::test]
async fn what_is_there_to_tell_is_told() {
    let stage = Stage::new().await;
    let mut manifest = stage.manifest();
    manifest["version"] = json!("99.0.0");
    stage.release(&manifest);
    assert_eq!(stage.records().state(), None);
    stage.stage().await.expect("staged");
    let state = stage.records().state().expect("something");
    assert_eq!(state.staged.as_deref(), Some("99.0.0"));
    assert_eq!(state.failed, None);
    write(&stage, "rolled-back.txt", "99.0.0");
    assert_eq!(at_start(&stage, "0.1.0"), Start::PutBack(version("99.0.0")));
    let state = stage.records().state().expect("something");
    assert_eq!(state.failed.as_deref(), Some("99.0.0"));
    assert_eq!(state.staged, None);
}
