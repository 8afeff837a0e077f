//! What a hub counts. Names are `idlewatt_hub_SUBJECT_UNIT`; no label names an account, a device or an address, so that there
//! are never many of them and nobody is in them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often old measurements are tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(15);
/// Connections at once: whoever asks is the operator.
const CONNECTIONS: usize = 32;
/// Upper ends of what times are sorted into, in seconds.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// Counts from now on, and shows it at this address until told to stop: `GET /metrics`, as Prometheus reads it.
///
/// # Errors
/// If the address cannot be listened at, or something counts in this process already.
pub async fn serve(address: SocketAddr, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address} (setting metrics)"))?;
    let handle = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("cannot count anything")?;
    describe();
    let address = listener
        .local_addr()
        .context("cannot tell its own address")?;
    tracing::info!(%address, "metrics are shown");
    tokio::spawn(tidy(handle.clone()));
    let router = router(handle);
    let connections = TaskTracker::new();
    tokio::spawn(crate::http::serve(
        listener,
        None,
        router,
        CONNECTIONS,
        connections,
        shutdown,
    ));
    Ok(())
}

fn router(handle: PrometheusHandle) -> Router {
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let show = move || std::future::ready((kind, handle.render()));
    Router::new().route("/metrics", get(show))
}

async fn tidy(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        handle.run_upkeep();
    }
}

macro_rules! describe_all {
    ($($describe:ident $name:literal $unit:ident $text:literal;)*) => {
        /// Describes every metric to the recorder.
        pub fn describe() {
            $($describe!($name, Unit::$unit, $text);)*
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

// Each metric, in the order of its name.
describe_all! {
    describe_histogram "idlewatt_hub_database_seconds" Seconds
        "How long the database took, by what it did: read, write, begin, commit";
    describe_counter "idlewatt_hub_http_requests_total" Count
        "HTTP requests, by route, method and status";
    describe_counter "idlewatt_hub_device_reports_total" Count
        "Status reports of devices";
    describe_counter "idlewatt_hub_device_tokens_total" Count
        "Requests for a new device token, by outcome: given or refused";
    describe_counter "idlewatt_hub_enrolments_total" Count
        "Enrolments of devices, by outcome: added or refused";
    describe_histogram "idlewatt_hub_http_seconds" Seconds
        "How long an HTTP answer took, by route";
    describe_counter "idlewatt_hub_pool_shares_total" Count
        "Shares that met a pool's target, by upstream and verdict: accepted, rejected, or lost without a connection";
    describe_gauge "idlewatt_hub_replica_number" Count
        "This hub's replica number; -1 while it has none and gives no work";
    describe_counter "idlewatt_hub_settled_shares_total" Count
        "Shares that settlements have turned into credits";
    describe_histogram "idlewatt_hub_settlement_seconds" Seconds
        "How long a settlement took";
    describe_counter "idlewatt_hub_settlements_total" Count
        "Settlements, by outcome: settled, nothing, failed";
    describe_counter "idlewatt_hub_shares_sampled_total" Count
        "RandomX shares credited unverified: the queue was full, and their devices have long good records";
    describe_counter "idlewatt_hub_shares_total" Count
        "Shares judged, by algorithm and verdict";
    describe_gauge "idlewatt_hub_stratum_connections" Count
        "Stratum connections open at present";
    describe_counter "idlewatt_hub_stratum_logins_total" Count
        "Stratum logins, by algorithm and outcome: let in, refused, unavailable";
    describe_counter "idlewatt_hub_task_runs_total" Count
        "Background tasks that this replica did, by task";
    describe_counter "idlewatt_hub_upstream_switches_total" Count
        "Times that another upstream was taken, by its name";
    describe_gauge "idlewatt_hub_withdrawals_held" Count
        "Withdrawals whose payment the network refuses, by asset: the operator has to look";
    describe_counter "idlewatt_hub_withdrawals_total" Count
        "Withdrawals that came into a state, by asset and state";
    describe_gauge "idlewatt_hub_withdrawals_waiting" Count
        "Withdrawals approved or sent and not yet confirmed, by asset";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_metric_that_is_used_is_described_and_the_other_way_round() {
        let mut used = BTreeSet::new();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["src", "store/src"] {
            read(&here.join(folder), &mut used);
        }
        let described: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(described.len(), NAMES.len(), "each once");
        assert_eq!(used, described);
    }

    /// The names of metrics in source files other than this one.
    fn read(folder: &Path, used: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                read(&path, used);
            } else if !path.ends_with("src/metrics.rs") {
                let text = std::fs::read_to_string(&path).expect("readable");
                let names = text
                    .split('"')
                    .filter(|word| word.starts_with("idlewatt_hub_"));
                used.extend(names.map(str::to_owned));
            }
        }
    }

    #[test]
    fn what_is_shown_has_its_description() {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .expect("some")
            .build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!("idlewatt_hub_settled_shares_total").increment(7);
            metrics::histogram!("idlewatt_hub_settlement_seconds").record(0.02);
        });
        handle.run_upkeep();
        let shown = handle.render();
        for words in [
            "# HELP idlewatt_hub_settled_shares_total Shares that settlements have turned into credits",
            "# TYPE idlewatt_hub_settled_shares_total counter",
            "idlewatt_hub_settled_shares_total 7",
            "idlewatt_hub_settlement_seconds_bucket{le=\"0.025\"} 1",
        ] {
            assert!(shown.contains(words), "{words} is not in:\n{shown}");
        }
    }
}
