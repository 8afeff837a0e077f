//! Earnings for a spreadsheet: one line a day, device and coin, exactly as the hub credited them.

use axum::extract::Query;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::try_join;
use idlewatt_protocol::api::{DayEarnings, EarningsByDay};

use super::HubApi;
use super::desk::Desk;
use super::devices::names;
use super::earnings::{PAGE, Wanted};
use super::trouble::Trouble;

/// `GET /earnings.csv`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(wanted): Query<Wanted>) -> Response {
    match file(&desk, wanted.days()).await {
        Ok(file) => {
            let name = "attachment; filename=\"idlewatt-earnings.csv\"";
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8"),
                (CONTENT_DISPOSITION, name),
            ];
            (headers, file).into_response()
        }
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

async fn file<H: HubApi>(desk: &Desk<H>, days: i64) -> Result<Vec<u8>, Trouble> {
    let offset = desk.utc_offset_minutes();
    let path = format!("/v1/account/earnings/days?days={days}&utc_offset_minutes={offset}");
    let (earned, names) = try_join!(desk.get::<EarningsByDay>(&path), names(desk))?;
    let mut file = csv::Writer::from_writer(Vec::new());
    let mut lines = vec![["day", "source", "device", "name", "asset", "amount"].map(str::to_owned)];
    let mut add = |source: &str, device: &str, name: &str, days: &[DayEarnings]| {
        for day in days {
            lines.extend(day.earned.iter().map(|sum| {
                [
                    day.day.to_string(),
                    source.to_owned(),
                    device.to_owned(),
                    plain(name),
                    sum.asset.code().to_owned(),
                    sum.amount(),
                ]
            }));
        }
    };
    for device in &earned.devices {
        let name = names.get(&device.device).map_or("", String::as_str);
        add("device", device.device.as_str(), name, &device.days);
    }
    add("other devices", "", "", &earned.other_devices);
    add("referrals", "", "", &earned.referrals);
    for line in lines {
        file.write_record(line).map_err(|_| Trouble::Garbage)?;
    }
    file.into_inner().map_err(|_| Trouble::Garbage)
}

/// A name that somebody typed in must not be a formula to a spreadsheet.
fn plain(name: &str) -> String {
    match name.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{name}"),
        false => name.to_owned(),
    }
}
