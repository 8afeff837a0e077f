//! What devices tell of themselves, and what they are told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use idlewatt_protocol::api::{DeviceOrders, DeviceReport, ProcessorReport};
use jiff::Timestamp;

use super::Api;
use super::answer::{Body, Failure};
use super::auth::KnownDeviceHolder;
use super::words::of_length;

/// Processors of one device.
const MOST_PROCESSORS: usize = 64;
/// The longest reason or fault, in characters.
const LONGEST_REASON: usize = 256;
/// The fastest that a processor can claim to be, in hashes a second.
const FASTEST: f64 = 1e18;

/// `POST /v1/devices/report`.
pub(super) async fn report(
    State(api): State<Arc<Api>>,
    KnownDeviceHolder(known): KnownDeviceHolder,
    Body(report): Body<DeviceReport>,
) -> Result<Json<DeviceOrders>, Failure> {
    check(&report)?;
    let body = serde_json::to_string(&report).map_err(|error| {
        tracing::error!(%error, "a report could not be written as JSON");
        Failure::Internal
    })?;
    let device = known.device.device.clone();
    let is_paused = report.mode == DeviceReport::PAUSED;
    let reports = &api.devices.reports;
    let report_every = reports.put(device, is_paused, body, Timestamp::now());
    Ok(Json(DeviceOrders {
        limit_percent: known.limit_percent,
        name: known.name.clone(),
        report_every,
    }))
}

fn check(report: &DeviceReport) -> Result<(), Failure> {
    of_length("mode", &report.mode, 0, 16)?;
    of_length("reason", &report.reason, 0, LONGEST_REASON)?;
    of_length("version", &report.version, 0, 64)?;
    let count = report.processors.len();
    if count > MOST_PROCESSORS {
        return Err(Failure::BadRequest(format!(
            "processors has {count} entries, at most {MOST_PROCESSORS} are allowed"
        )));
    }
    report.processors.iter().try_for_each(check_processor)
}

fn check_processor(processor: &ProcessorReport) -> Result<(), Failure> {
    of_length("name of a processor", &processor.name, 0, 128)?;
    let algorithm = processor.algorithm.as_deref().unwrap_or_default();
    of_length("algorithm", algorithm, 0, 32)?;
    let fault = processor.fault.as_deref().unwrap_or_default();
    of_length("fault", fault, 0, LONGEST_REASON)?;
    for (field, value, least, most) in [
        ("hash_rate", processor.hash_rate, 0.0, FASTEST),
        ("allowance_percent", processor.allowance_percent, 0.0, 100.0),
        (
            "temperature",
            processor.temperature.unwrap_or(0.0),
            -273.0,
            1_000.0,
        ),
    ] {
        // Not a number is in no range.
        if !(least..=most).contains(&value) {
            return Err(Failure::BadRequest(format!(
                "{field} is {value}; allowed: {least} to {most}"
            )));
        }
    }
    Ok(())
}
