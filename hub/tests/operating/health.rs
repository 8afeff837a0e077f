//! What a load balancer, Prometheus and an operator's signals see.

use idlewatt_test_postgres::PostgresServer;
use serde_json::json;

use crate::hub::{Hub, wait_for};
use crate::miner::Miner;

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_says_how_it_is_and_what_it_does() {
    let server = PostgresServer::start();
    let address = server.database();
    let hub = Hub::start(&["--database", &address, "--metrics", "127.0.0.1:0"]).await;
    assert_eq!(hub.get("/healthz").await, (200, json!("ok\n")));
    let fine = json!({ "ready": true, "database": true, "work": true, "replica": true, "draining": false });
    wait_for("the first work", async || {
        (hub.get("/readyz").await == (200, fine.clone())).then_some(())
    })
    .await;
    let device = hub.enrol().await;
    let miner = Miner::start(&hub.listening.stratum, &device.user, &device.token);
    wait_for("shares", async || {
        (miner.work().accepted >= 2).then_some(())
    })
    .await;
    let (status, _) = hub
        .ask("GET", &format!("/v1/{}", device.key), None, None)
        .await;
    assert_eq!(status, 404);

    let shown = hub.logged("metrics are shown").await["address"].clone();
    let metrics = async || {
        let url = format!("http://{}/metrics", shown.as_str().expect("an address"));
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        client
            .get(url)
            .send()
            .await
            .expect("answers")
            .text()
            .await
            .expect("text")
    };
    let text = wait_for("a settlement to be counted", async || {
        let text = metrics().await;
        let settled = text.contains("idlewatt_hub_settlements_total{outcome=\"settled\"}");
        let counted = text.contains("idlewatt_hub_task_runs_total{task=\"settle\"}");
        (settled && counted).then_some(text)
    })
    .await;
    for words in [
        "# HELP idlewatt_hub_http_requests_total HTTP requests, by route, method and status",
        "idlewatt_hub_http_requests_total{route=\"/v1/accounts\",method=\"POST\",status=\"200\"} 1",
        "idlewatt_hub_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "idlewatt_hub_database_seconds_bucket{what=\"commit\",le=\"10\"}",
        "idlewatt_hub_task_runs_total{task=\"settle\"}",
        "idlewatt_hub_replica_number ",
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    for name in device
        .user
        .split('.')
        .chain([&*device.key, &device.token, "127.0.0.1"])
    {
        assert!(!text.contains(name), "{name} is in:\n{text}");
    }

    server.kill();
    wait_for("it to say that the database is gone", async || {
        let (status, readiness) = hub.get("/readyz").await;
        (status == 503 && readiness["database"] == false).then_some(())
    })
    .await;
    assert_eq!(hub.get("/healthz").await.0, 200, "it is alive all the same");
    server.resume();
    wait_for("it to be fine again", async || {
        (hub.get("/readyz").await.0 == 200).then_some(())
    })
    .await;
    let before = miner.work().accepted;
    wait_for("shares again", async || {
        (miner.work().accepted > before).then_some(())
    })
    .await;
    drop(miner);
    let (_, status) = hub.terminate().await;
    assert!(status.success());
}
