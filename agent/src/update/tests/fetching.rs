//! What is believed, and what is refused.

use super::*;

#[tokio::test]
async fn what_is_signed_and_newer_is_fetched_once_and_kept() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    assert_eq!(offer.version, version("0.2.0"));
    assert!(!offer.failed_before);
    let mut heard = Vec::new();
    let staged = stage
        .updater()
        .stage(&offer, |done, total| heard.push((done, total)))
        .await
        .expect("staged");
    let length = stage.installer.len() as u64;
    assert_eq!(heard.last(), Some(&(length, length)));
    assert_eq!((staged.name.as_str(), staged.bytes), (NAME, length));
    assert_eq!(staged.sha256, hash(&stage.installer));
    assert_eq!(stage.files(), [NAME]);
    let kept = std::fs::read(stage.records().files().join(NAME)).expect("there");
    assert_eq!(kept, stage.installer);
    assert_eq!(stage.records().staged().as_ref(), Some(&staged));
    // Looked for again, it is there already.
    assert_eq!(stage.stage().await.expect("staged"), staged);
    assert_eq!(stage.server.times(NAME), 1);
    // Nothing was told but the version, and nothing else was asked for.
    let asked = stage.server.asked.lock().expect("alive");
    let told: BTreeSet<&str> = asked
        .iter()
        .flat_map(|(_, headers)| headers.keys().map(header::HeaderName::as_str))
        .collect();
    assert_eq!(told, BTreeSet::from(["accept", "host", "user-agent"]));
    let agent = &asked[0].1[header::USER_AGENT];
    assert_eq!(agent, &format!("idlewatt/{RUNNING}"));
}

#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_nothing_is_looked_for() {
    let stage = Stage::new().await;
    let with = |key: Option<&str>, address: Option<&str>| {
        Updater::new(&stage.data(), key, address, "0.1.0", "windows-x86_64")
            .map(drop)
            .expect_err("refused")
    };
    let key = stage.keys.pk.to_base64();
    assert!(matches!(
        with(None, Some(&stage.address)),
        UpdateError::NoKey
    ));
    let wrong = with(Some("RWQ"), Some(&stage.address));
    assert!(matches!(wrong, UpdateError::BadKey(_)));
    assert!(matches!(with(Some(&key), None), UpdateError::NoAddress));
    for address in [
        "http://example.net/x",
        "ftp://127.0.0.1/",
        "https://me:pass@example.net/",
        "https://example.net/?q",
        "http://127.0.0.1.example.net/",
        "x",
    ] {
        let refused = with(Some(&key), Some(address));
        assert!(matches!(refused, UpdateError::Address(_)), "{address}");
    }
    assert_eq!(stage.server.asked.lock().expect("alive").len(), 0);
}

#[tokio::test]
async fn a_manifest_that_another_signed_or_that_was_changed_is_refused() {
    let stage = Stage::new().await;
    stage.release_by(&keys(), &stage.manifest());
    let told = stage.refused().await;
    assert!(told.contains("signature does not hold"), "{told}");

    stage.release(&stage.manifest());
    let mut changed = stage.manifest();
    changed["version"] = json!("9.9.9");
    let bytes = Reply::Bytes(changed.to_string().into_bytes());
    stage.server.put("idlewatt-update.json", bytes);
    let told = stage.refused().await;
    assert!(told.contains("signature does not hold"), "{told}");

    // A page that says hello instead.
    stage.release(&stage.manifest());
    let page = Reply::Bytes(b"<!DOCTYPE html><html><body>Sign in</body></html>".to_vec());
    stage
        .server
        .put("idlewatt-update.json.minisig", page.clone());
    let told = stage.refused().await;
    assert!(told.contains("signature does not hold"), "{told}");
    stage.release(&stage.manifest());
    stage.server.put("idlewatt-update.json", page);
    let told = stage.refused().await;
    assert!(told.contains("signature does not hold"), "{told}");
    // Nothing of it was taken for seen.
    assert_eq!(stage.records().seen().expect("read").newest, None);
    let checked = stage.records().checked().expect("read").expect("kept");
    assert!(matches!(checked.outcome, Outcome::Refused { .. }));
}

#[tokio::test]
async fn a_manifest_without_signature_is_not_there() {
    let stage = Stage::new().await;
    {
        let mut replies = stage.server.replies.lock().expect("alive");
        replies.remove("idlewatt-update.json.minisig");
    }
    let told = stage.refused().await;
    assert!(told.contains("minisig") && told.contains("404"), "{told}");
}

#[tokio::test]
async fn what_is_signed_and_wrong_is_refused_by_name() {
    let stage = Stage::new().await;
    let refuse = async |change: &dyn Fn(&mut Value)| {
        let mut manifest = stage.manifest();
        change(&mut manifest);
        stage.release(&manifest);
        stage.refused().await
    };
    for name in [
        "../evil.exe",
        "..",
        "a/b.exe",
        "a\\b.exe",
        "C:evil.exe",
        "/etc/passwd",
        ".hidden",
        "a..exe",
        "a.exe.",
        "a exe",
        "a\u{0}b",
        "",
        &"a".repeat(101),
    ] {
        let told = refuse(&|manifest| manifest["files"][1]["name"] = json!(name)).await;
        assert!(told.contains("a file is called"), "{name:?}: {told}");
    }
    for bytes in [0, (1 << 30) + 1] {
        let told = refuse(&|manifest| manifest["files"][1]["bytes"] = json!(bytes)).await;
        assert!(told.contains("allowed: 1 to 1073741824"), "{told}");
    }
    let told = refuse(&|manifest| manifest["files"][1]["sha256"] = json!("abc")).await;
    assert!(told.contains("64 hex digits"), "{told}");
    let told = refuse(&|manifest| manifest["version"] = json!("new")).await;
    assert!(told.contains("the manifest is wrong"), "{told}");
    let told = refuse(&|manifest| {
        manifest["files"] = json!(vec![manifest["files"][0].clone(); 65]);
    });
    let told = told.await;
    assert!(told.contains("at most 64"), "{told}");
    let hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    let told = refuse(&|manifest| manifest["expires_at"] = json!(hour_ago)).await;
    assert!(told.contains("was good until"), "{told}");
    assert_eq!(stage.records().seen().expect("read").newest, None);
}

#[tokio::test]
async fn an_older_one_is_refused_and_the_same_is_no_news() {
    let stage = Stage::new().await;
    let same = stage.updater_of("0.2.0").check().await.expect("checked");
    assert_eq!(same, Found::UpToDate);
    let older = stage.updater_of("0.3.0").check().await;
    assert!(
        matches!(older, Err(UpdateError::Downgrade { .. })),
        "{older:?}"
    );
    // Versions are compared as numbers.
    let mut manifest = stage.manifest();
    manifest["version"] = json!("0.10.0");
    stage.release(&manifest);
    let newer = stage.updater_of("0.9.0").check().await.expect("checked");
    assert!(matches!(newer, Found::Newer(_)));
}

#[tokio::test]
async fn a_manifest_older_than_one_seen_is_refused_also_by_an_agent_that_started_anew() {
    let stage = Stage::new().await;
    let old = stage.manifest();
    let mut new = stage.manifest();
    new["version"] = json!("0.3.0");
    new["released_at"] = json!(Timestamp::now());
    stage.release(&new);
    assert_eq!(stage.offer().await.version, version("0.3.0"));
    stage.release(&old);
    let told = stage.refused().await;
    assert!(told.contains("older than one seen before"), "{told}");
    // An old version with a new date, and a new version with an old date.
    let mut mixed = old.clone();
    mixed["released_at"] = json!(Timestamp::now() + SignedDuration::from_hours(1));
    stage.release(&mixed);
    assert!(stage.refused().await.contains("older than one seen"));
    let mut mixed = new.clone();
    mixed["version"] = json!("0.4.0");
    mixed["released_at"] = old["released_at"].clone();
    stage.release(&mixed);
    assert!(stage.refused().await.contains("older than one seen"));
    stage.release(&new);
    assert_eq!(stage.offer().await.version, version("0.3.0"));
    // Where that is not known any more, nothing is believed.
    let seen = stage.folder.path().join("data/update/seen.json");
    std::fs::write(&seen, "{").expect("written");
    assert!(stage.refused().await.contains("seen.json is damaged"));
}

#[tokio::test]
async fn a_version_without_a_file_for_this_system_is_refused() {
    let stage = Stage::new().await;
    let mut manifest = stage.manifest();
    manifest["files"][1]["platform"] = json!("windows-aarch64");
    stage.release(&manifest);
    let told = stage.stage().await.expect_err("refused").to_string();
    assert!(
        told.contains("no file for windows-x86_64") && told.contains("linux-aarch64"),
        "{told}"
    );
}

#[tokio::test]
async fn a_file_that_is_another_is_refused_and_nothing_of_it_stays() {
    let stage = Stage::new().await;
    let mut changed = stage.installer.clone();
    changed[5_000] ^= 1;
    let longer = [stage.installer.clone(), vec![0]].concat();
    let shorter = stage.installer[1..].to_vec();
    let page = b"<html>Sign in</html>".to_vec();
    for (reply, told) in [
        (Reply::Bytes(changed), "its sha256 is"),
        (Reply::Bytes(longer.clone()), "larger than 40000 bytes"),
        (Reply::Endless(longer), "larger than 40000 bytes"),
        (Reply::Bytes(shorter.clone()), "it has 39999 bytes"),
        (Reply::Endless(shorter), "it has 39999 bytes"),
        (Reply::Bytes(page), "it has 20 bytes"),
    ] {
        stage.server.put(NAME, reply);
        let refused = stage.stage().await.expect_err("refused").to_string();
        assert!(refused.contains(told), "{told}: {refused}");
        assert_eq!(stage.files(), Vec::<String>::new());
        assert_eq!(stage.records().staged(), None);
    }
}

#[tokio::test]
async fn too_large_a_manifest_is_not_read_to_its_end() {
    let stage = Stage::new().await;
    for reply in [
        Reply::Bytes(vec![b' '; 65 * 1024]),
        Reply::Endless(vec![b' '; 65 * 1024]),
    ] {
        stage.server.put("idlewatt-update.json", reply);
        assert!(stage.refused().await.contains("larger than 65536 bytes"));
    }
}

#[tokio::test]
async fn nobody_sends_it_elsewhere() {
    let stage = Stage::new().await;
    let other = Stage::new().await;
    for (name, to) in [
        (
            "idlewatt-update.json",
            format!("{}/idlewatt-update.json", other.address),
        ),
        (
            "idlewatt-update.json.minisig",
            "https://example.net/x".to_owned(),
        ),
    ] {
        stage.release(&stage.manifest());
        stage.server.put(name, Reply::To(to.clone()));
        let told = stage.refused().await;
        assert!(
            told.contains("sends elsewhere") && told.contains(&to),
            "{told}"
        );
    }
    stage.release(&stage.manifest());
    let to = format!("{}/{NAME}", other.address);
    stage.server.put(NAME, Reply::To(to));
    let refused = stage.stage().await.expect_err("refused");
    assert!(
        matches!(refused, UpdateError::Redirected { .. }),
        "{refused}"
    );
    assert_eq!(other.server.asked.lock().expect("alive").len(), 0);
    // To itself it may.
    stage
        .server
        .put(NAME, Reply::To("/new/files/it.exe".to_owned()));
    let moved = Reply::Bytes(stage.installer.clone());
    stage.server.put("files/it.exe", moved);
    stage.stage().await.expect("staged");
    // Not for ever.
    stage.server.put(
        "idlewatt-update.json",
        Reply::To("idlewatt-update.json".to_owned()),
    );
    assert!(stage.refused().await.contains("sends elsewhere"));
}

#[tokio::test]
async fn a_connection_lost_half_way_begins_anew() {
    let stage = Stage::new().await;
    let cut = Reply::Cut(stage.installer.clone(), 21_000);
    stage.server.put(NAME, cut);
    let lost = stage.stage().await.expect_err("lost");
    assert!(lost.is_passing(), "{lost}");
    assert_eq!(stage.files(), Vec::<String>::new());
    let whole = Reply::Bytes(stage.installer.clone());
    stage.server.put(NAME, whole);
    stage.stage().await.expect("staged");
    assert_eq!(stage.files(), [NAME]);
}

#[tokio::test]
async fn whatever_a_kill_has_left_it_begins_anew() {
    let stage = Stage::new().await;
    let files = stage.records().files();
    let leave = |name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(&files).expect("made");
        std::fs::write(files.join(name), bytes).expect("written");
    };
    // Killed while it came, after it was renamed, and a record without its file.
    leave(&format!("{NAME}.part"), &stage.installer[..100]);
    leave("idlewatt-0.1.5-windows-x64.exe", b"old");
    stage.stage().await.expect("staged");
    assert_eq!(stage.files(), [NAME]);
    let record = stage.folder.path().join("data/update/staged.json");
    std::fs::remove_file(&record).expect("there");
    stage.stage().await.expect("staged");
    assert_eq!(stage.server.times(NAME), 2);
    std::fs::remove_file(files.join(NAME)).expect("there");
    stage.stage().await.expect("staged");
    assert_eq!(stage.server.times(NAME), 3);
    // A file that was changed, and a record that was.
    leave(NAME, b"changed");
    stage.stage().await.expect("staged");
    std::fs::write(&record, "{").expect("written");
    stage.stage().await.expect("staged");
    assert_eq!(stage.server.times(NAME), 5);
    assert_eq!(stage.files(), [NAME]);
}

#[tokio::test]
async fn one_updates_at_a_time() {
    let stage = Stage::new().await;
    let hold = stage.records().hold().expect("free");
    let busy = stage.updater().check().await;
    assert!(matches!(busy, Err(UpdateError::Busy)), "{busy:?}");
    drop(hold);
    stage.updater().check().await.expect("free again");
}
