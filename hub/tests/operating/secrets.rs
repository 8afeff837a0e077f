//! No secret is ever in a log, however much is logged.

use idlewatt_test_postgres::PostgresServer;
use serde_json::json;

use crate::hub::{Hub, wait_for};
use crate::miner::Miner;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_log_at_the_finest_level() {
    let server = PostgresServer::start();
    let address = server
        .database()
        .replacen("idlewatt@", "idlewatt:the-server-s-password@", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start_in(folder, "trace", &["--database", &address]).await;
    let device = hub.enrol().await;
    let wrong = device.key.replace("IWA-", "IWA-0");
    for (method, path, secret, body) in [
        ("GET", "/v1/earnings", &device.token, None),
        ("GET", "/v1/shares?after=0", &device.token, None),
        (
            "POST",
            "/v1/shares/find",
            &device.token,
            Some(json!({ "digests": ["00"] })),
        ),
        (
            "POST",
            "/v1/enrolments",
            &device.key,
            Some(json!({ "nonsense": device.key })),
        ),
        ("POST", "/v1/enrolments", &wrong, Some(json!({}))),
        (
            "POST",
            "/v1/devices",
            &device.token,
            Some(json!({ "code": device.code, "name": device.key })),
        ),
        (
            "POST",
            "/v1/accounts",
            &device.key,
            Some(json!([device.token])),
        ),
    ] {
        hub.ask(method, path, Some(secret), body).await;
    }
    // Also where none belongs.
    hub.ask(
        "GET",
        &format!("/v1/earnings/{}?key={}", device.token, device.key),
        None,
        None,
    )
    .await;
    let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
    wait_for("a share", async || {
        (miner.work().accepted > 0).then_some(())
    })
    .await;
    let refused = Miner::start(&hub.listening.stratum, &device.user, &device.key);
    wait_for("it to be turned away", async || {
        refused.ended().then_some(())
    })
    .await;
    // What fails is logged with its reason.
    server.kill();
    hub.ask("GET", "/v1/earnings", Some(&device.token), None)
        .await;
    let log = wait_for("failures in the log", async || {
        let log = hub.log();
        log.contains("trying again").then_some(log)
    })
    .await;
    assert!(log.contains("\"level\":\"DEBUG\""));
    let secrets = [
        &*device.key,
        &device.token,
        &device.code,
        &wrong,
        "the-server-s-password",
    ];
    for secret in secrets {
        for form in [
            secret.to_owned(),
            secret.replace('-', ""),
            hex::encode(secret),
        ] {
            let line = log.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "{secret} is in the log: {line:?}");
        }
    }
}
