//! What is peculiar to a database in a file.

use idlewatt_store::Store;

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.sqlite");
    std::fs::write(
        &path,
        "this is no database, whatever its name says".repeat(100),
    )
    .expect("written");
    let error = Store::open(&path).await.expect_err("refused");
    assert!(error.to_string().contains("hub.sqlite"), "{error}");
    let error = Store::open(&folder.path().join("missing/hub.sqlite"))
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("missing"), "{error}");
}
