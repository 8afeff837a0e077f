//! What an operator does with the books, from the command line.

use idlewatt_test_postgres::PostgresServer;
use serde_json::json;

use crate::hub::{Hub, run, wait_for};
use crate::miner::Miner;

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_backed_up_while_it_runs_moved_to_postgres_and_restored_from_there() {
    let hub = Hub::start(&[]).await;
    let device = hub.enrol().await;
    let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
    wait_for("shares", async || {
        (miner.work().accepted >= 3).then_some(())
    })
    .await;

    let place = hub.path("");
    let backup = hub.path("one.backup");
    let backup = backup.to_str().expect("a name");
    let (done, said) = run(&place, &["backup", backup]).await;
    assert!(done && said.contains("is complete"), "{said}");
    let (done, said) = run(&place, &["backup", backup]).await;
    assert!(!done && said.contains("exists already"), "{said}");
    let (done, said) = run(&place, &["restore", backup]).await;
    assert!(
        !done && said.contains("hub.sqlite") && said.contains("exists already"),
        "{said}"
    );
    let before = miner.work().accepted;
    wait_for("more shares", async || {
        (miner.work().accepted > before).then_some(())
    })
    .await;

    let server = PostgresServer::shared();
    let address = server.database();
    let (done, said) = run(&place, &["migrate-to", &address]).await;
    assert!(!done && said.contains("running hub"), "{said}");
    let accepted = miner.work().accepted;
    drop(miner);
    let (folder, status) = hub.terminate().await;
    assert!(status.success());

    // The backup is a hub of its own, as it was then.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (done, said) = run(elsewhere.path(), &["restore", backup]).await;
    assert!(done && said.contains("the books add up"), "{said}");
    assert!(!elsewhere.path().join("data/hub.sqlite.restoring").exists());
    let restored = Hub::start_in(elsewhere, "info", &[]).await;
    let (status, earnings) = restored
        .ask("GET", "/v1/earnings", Some(&device.token), None)
        .await;
    assert_eq!(status, 200, "{earnings}");
    drop(restored);

    let (done, said) = run(folder.path(), &["migrate-to", &address]).await;
    assert!(done && said.contains("the books add up"), "{said}");
    let (done, said) = run(folder.path(), &["migrate-to", &address]).await;
    assert!(!done && said.contains("not empty"), "{said}");

    // It goes on there, for the same account and device; the sequence numbers go on, too.
    let moved = Hub::start_in(folder, "info", &["--database", &address]).await;
    let body = json!({});
    let (status, answer) = moved
        .ask("POST", "/v1/enrolments", Some(&device.key), Some(body))
        .await;
    assert_eq!(status / 100, 2, "{answer}");
    let miner = Miner::start(&moved.listening.stratum, &device.user, &device.token);
    wait_for("shares there", async || {
        (miner.work().accepted >= 2).then_some(())
    })
    .await;
    let more = miner.work().accepted;
    drop(miner);
    let path = "/v1/shares?after=0&limit=1000";
    let (_, page) = moved.ask("GET", path, Some(&device.token), None).await;
    let shares = page["shares"].as_array().expect("shares");
    assert!(shares.len() as u64 >= accepted + more);

    let dump = moved.path("two.backup");
    let dump = dump.to_str().expect("a name");
    let (done, said) = run(&moved.path(""), &["backup", dump, "--database", &address]).await;
    assert!(done, "{said}");
    let (folder, status) = moved.terminate().await;
    assert!(status.success());
    for arguments in [
        &["restore", dump][..],
        &["restore", dump, "--database", &server.database()],
    ] {
        let place = tempfile::tempdir().expect("a folder");
        let (done, said) = run(place.path(), arguments).await;
        assert!(done && said.contains("the books add up"), "{said}");
        assert!(!place.path().join("data/restoring.sqlite").exists());
    }
    let (done, said) = run(folder.path(), &["audit", "--database", &address]).await;
    assert!(done, "{said}");
}

#[tokio::test]
async fn errors_name_what_is_wrong_and_where() {
    let place = tempfile::tempdir().expect("a folder");
    let nothing = place.path().join("nothing.backup");
    let nothing = nothing.to_str().expect("a name");
    let nowhere = "postgres://somebody:password-in-the-address@127.0.0.1:1/hub";
    for (arguments, words) in [
        (&["audit"][..], &["no hub database at", "hub.sqlite"][..]),
        (&["backup", nothing], &["no hub database at"]),
        (&["restore", nothing], &["nothing.backup", "no backup"]),
        (&["migrate-to", nowhere], &["no hub database at"]),
        (
            &["audit", "--database", nowhere],
            &["postgres://127.0.0.1:1/hub"],
        ),
        (&["migrate-to", nowhere, "--database", nowhere], &["SQLite"]),
    ] {
        let (done, said) = run(place.path(), arguments).await;
        assert!(!done, "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
        assert!(!said.contains("password-in"), "{said}");
    }
}
