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
        "idlewatt_hub_withdrawals_total",
        Unit::Count,
        "Withdrawals that came into a state, by asset and state"
    );
    describe_gauge!(
        "idlewatt_hub_withdrawals_waiting",
        Unit::Count,
        "Withdrawals approved or sent and not yet confirmed, by asset"
    );
    describe_gauge!(
        "idlewatt_hub_withdrawals_held",
        Unit::Count,
        "Withdrawals whose payment the network refuses, by asset: the operator has to look"
    );
    describe_histogram!(
        "idlewatt_hub_settlement_seconds",
        Unit::Seconds,
        "How long a settlement took"
    );
}
