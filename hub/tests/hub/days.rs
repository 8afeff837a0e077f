//! Earnings day by day, over HTTP.

use idlewatt_protocol::api::{EarningsByDay, EarningsByDevice};
use jiff::ToSpan;
use reqwest::Method;
use serde_json::json;

use crate::accounts::ask;
use crate::harness::{Miner, hub};

#[tokio::test]
async fn days_are_asked_for_in_numbers_and_add_up() {
    let (hub, _folder) = hub().await;
    let account = hub.account().await;
    let device = hub.enrol(&account).await;
    let key = account.key.as_str();
    let mut miner = Miner::login(&hub, &device).await;
    miner.share().await;
    hub.settled(&device, 1).await;
    let days: EarningsByDay = hub.get("/v1/account/earnings/days", key).await;
    let last = days.first.checked_add(29.days()).expect("a day");
    assert_eq!(last, days.last);
    let earned: EarningsByDevice = hub.get("/v1/account/earnings/devices", key).await;
    let own = &earned.devices[0].earned;
    assert_eq!(days.devices[0].device, device.device);
    let summed = days.devices[0].days.iter().flat_map(|day| &day.earned);
    let summed: i128 = summed.map(|sum| sum.atomic).sum();
    assert_eq!(own.thirty_days[0].atomic, summed);
    assert_eq!(own.thirty_days, own.total);
    let path = "/v1/account/earnings/days";
    for (query, status) in [
        ("days=1", 200),
        ("days=366&utc_offset_minutes=-1440", 200),
        ("days=0", 400),
        ("days=367", 400),
        ("days=x", 400),
        ("days=1&utc_offset_minutes=1441", 400),
        ("dyas=1", 400),
    ] {
        let asked = ask(
            &hub,
            Method::GET,
            &format!("{path}?{query}"),
            key,
            json!(null),
        )
        .await;
        assert_eq!(asked.0, status, "{query}: {}", asked.1);
        if status == 400 {
            assert_eq!(asked.1["error"], "bad_request");
        }
    }
    let token = device.token.as_str();
    let refused = ask(&hub, Method::GET, path, token, json!(null)).await;
    assert_eq!(refused.0, 401, "a device sees no other device");
    hub.stop().await;
}
