//! What a hub counts. Names are `idlewatt_hub_SUBJECT_UNIT`; no label names an account, a device or an address, so that there
//! are never many of them and nobody is in them.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Describes every metric to the recorder.
pub fn describe() {
    describe_counter!(
        "idlewatt_hub_shares_total",
        Unit::Count,
        "Shares judged, by algorithm and verdict"
    );
    describe_gauge!(
        "idlewatt_hub_stratum_connections",
        Unit::Count,
        "Stratum connections open at present"
    );
    describe_counter!(
        "idlewatt_hub_stratum_logins_total",
        Unit::Count,
        "Stratum logins, by dialect and whether they were let in"
    );
    describe_counter!(
        "idlewatt_hub_shares_sampled_total",
        Unit::Count,
        "RandomX shares credited unverified: the queue was full, and their devices have long good records"
    );
    describe_counter!(
        "idlewatt_hub_settlements_total",
        Unit::Count,
        "Settlements, by whether they succeeded"
    );
    describe_counter!(
        "idlewatt_hub_settled_shares_total",
        Unit::Count,
        "Shares turned into credits"
    );
    describe_counter!(
        "idlewatt_hub_pool_shares_total",
        Unit::Count,
        "Shares that met a pool's target, by upstream and verdict: accepted, rejected, or lost without a connection"
    );
    describe_counter!(
        "idlewatt_hub_upstream_switches_total",
        Unit::Count,
        "Times that another upstream was taken, by its name"
    );
    describe_histogram!(
        "idlewatt_hub_settlement_seconds",
        Unit::Seconds,
        "How long a settlement took"
    );
}
