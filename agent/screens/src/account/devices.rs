//! All devices of the account, and the limit of a group of them.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::http::Method;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::{
    DeviceReport, DeviceState, Devices, Group, GroupLimited, Groups, LimitGroup, Prices,
};
use serde::Deserialize;

use super::desk::{Desk, Done};
use super::trouble::Trouble;
use super::value::Teller;
use super::{HubApi, Viewer};
use crate::{Format, Words};

pub(super) const PAGE: &str = "devices";
/// How many pages of devices are read for their names.
const PAGES_OF_NAMES: usize = 5;

/// Which devices are shown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    group: Option<String>,
    after: Option<String>,
    #[serde(flatten)]
    done: Done,
}

/// A device in the list.
struct Line {
    id: DeviceId,
    name: String,
    is_this: bool,
    group: String,
    /// As in the stylesheet.
    state: &'static str,
    state_told: String,
    mode: Option<String>,
    reason: Option<String>,
    rates: Vec<String>,
    limit: Option<String>,
    today: Vec<String>,
    seven_days: Vec<String>,
    total: Vec<String>,
}

#[derive(Template)]
#[template(path = "account/devices.html")]
struct Page {
    words: Words,
    form_token: String,
    lines: Vec<Line>,
    groups: Vec<Group>,
    group: Option<String>,
    has_groups: bool,
    next: Option<String>,
    limit_group: String,
    limit: String,
    error: Option<(String, Option<String>)>,
}

/// `GET /devices`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Query(wanted): Query<Wanted>) -> Response {
    listed(&desk, &wanted, (String::new(), String::new()), None).await
}

async fn listed<H: HubApi>(
    desk: &Desk<H>,
    wanted: &Wanted,
    (limit_group, limit): (String, String),
    error: Option<Trouble>,
) -> Response {
    let mut path = "/v1/devices?limit=100".to_owned();
    if let Some(group) = &wanted.group {
        path += &format!("&group={}", in_query(group));
    }
    if let Some(after) = &wanted.after {
        path += &format!("&after={}", in_query(after));
    }
    let read = try_join!(
        desk.get::<Devices>(&path),
        desk.get::<Groups>("/v1/groups"),
        desk.get::<Prices>("/v1/prices"),
    );
    let (devices, groups, prices) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let words = desk.words();
    let teller = Teller {
        format: desk.format(),
        currency: desk.viewer.currency,
        prices,
    };
    let next = devices.next.map(|next| match &wanted.group {
        Some(group) => format!("devices?after={next}&group={}", in_query(group)),
        None => format!("devices?after={next}"),
    });
    let lines = devices.devices.into_iter();
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        lines: lines
            .map(|device| line(device, &teller, &desk.viewer))
            .collect(),
        has_groups: groups.groups.iter().any(|group| !group.group.is_empty()),
        groups: groups.groups,
        group: wanted.group.clone(),
        next,
        limit_group,
        limit,
        error: error.map(|trouble| (trouble.told(words), trouble.detail().map(str::to_owned))),
    };
    let done = wanted.done.done.as_deref();
    desk.page(PAGE, &words.say("devices-title"), done, &page)
}

fn line(device: DeviceState, teller: &Teller, viewer: &Viewer) -> Line {
    let words = viewer.shell.words;
    let (state, state_told) = state(&device, &teller.format);
    let report = device.report.as_ref().filter(|_| device.online);
    let rates = report.map_or(Vec::new(), |report| rates(report, &teller.format));
    Line {
        is_this: viewer.this_device.as_ref() == Some(&device.device),
        id: device.device,
        name: device.name,
        group: device.group,
        state,
        state_told,
        mode: report.map(|report| mode(&report.mode, &teller.format)),
        reason: report
            .map(|report| report.reason.clone())
            .filter(|reason| !reason.is_empty()),
        rates,
        limit: device.limit_percent.map(|limit| {
            let limit = teller.format.percent(limit.into());
            words.say_with("devices-limited-to", &[("percent", limit.into())])
        }),
        today: teller.lines(&device.earned_today),
        seven_days: teller.lines(&device.earned_7_days),
        total: teller.lines(&device.earned_total),
    }
}

/// How a device is: the stylesheet's word, and the reader's.
pub(super) fn state(device: &DeviceState, format: &Format) -> (&'static str, String) {
    let words = format.words();
    if !device.online {
        let told = match device.last_seen {
            Some(seen) => {
                let seen = format.moment(seen);
                words.say_with("devices-offline-since", &[("time", seen.into())])
            }
            None => words.say("devices-never-seen"),
        };
        return ("offline", told);
    }
    let Some(report) = &device.report else {
        return ("earning", words.say("devices-mining"));
    };
    if report.mode == DeviceReport::PAUSED {
        return ("paused", words.say("devices-paused"));
    }
    let works = report
        .processors
        .iter()
        .any(|processor| processor.algorithm.is_some() && processor.hash_rate > 0.0);
    match works {
        true => ("earning", words.say("devices-earning")),
        false if report.processors.iter().any(|one| one.fault.is_some()) => {
            ("attention", words.say("devices-attention"))
        }
        false => ("yielding", words.say("devices-waiting")),
    }
}

/// A mode as the reader calls it.
pub(super) fn mode(mode: &str, format: &Format) -> String {
    let words = format.words();
    match mode {
        "smart" => words.say("devices-mode-smart"),
        DeviceReport::PAUSED => words.say("devices-mode-paused"),
        other => match other.parse::<u8>() {
            Ok(percent) => format.percent(percent.into()),
            Err(_) => other.to_owned(),
        },
    }
}

/// The sum of the rates of each algorithm.
fn rates(report: &DeviceReport, format: &Format) -> Vec<String> {
    let mut sums: Vec<(&str, f64)> = Vec::new();
    for processor in &report.processors {
        let Some(algorithm) = processor.algorithm.as_deref() else {
            continue;
        };
        match sums.iter_mut().find(|(known, _)| *known == algorithm) {
            Some((_, rate)) => *rate += processor.hash_rate,
            None => sums.push((algorithm, processor.hash_rate)),
        }
    }
    let sums = sums.into_iter();
    sums.map(|(algorithm, rate)| format!("{algorithm} {}", format.hash_rate(rate)))
        .collect()
}

/// What devices are called; at most the first thousand.
pub(super) async fn names<H: HubApi>(desk: &Desk<H>) -> Result<HashMap<DeviceId, String>, Trouble> {
    let mut names = HashMap::new();
    let mut path = "/v1/devices".to_owned();
    for _ in 0..PAGES_OF_NAMES {
        let page: Devices = desk.get(&path).await?;
        let devices = page.devices.into_iter();
        names.extend(devices.map(|device| (device.device, device.name)));
        match page.next {
            Some(next) => path = format!("/v1/devices?after={next}"),
            None => break,
        }
    }
    Ok(names)
}

/// A text as it stands in a query.
pub(super) fn in_query(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                told.push(char::from(byte));
            }
            _ => told.push_str(&format!("%{byte:02X}")),
        }
    }
    told
}

/// What is typed for a limit: nothing for none.
pub(super) fn limit_of(text: &str, words: Words) -> Result<Option<u8>, String> {
    let text = text.trim().trim_end_matches('%').trim();
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<u8>() {
        Ok(percent) if percent <= 100 => Ok(Some(percent)),
        _ => Err(words.say("devices-limit-wrong")),
    }
}

/// The limit of a group.
#[derive(Debug, Deserialize)]
pub(super) struct GroupLimit {
    group: String,
    #[serde(default)]
    limit: String,
}

/// `POST /devices/limit`.
pub(super) async fn limit<H: HubApi>(desk: Desk<H>, Form(form): Form<GroupLimit>) -> Response {
    let limit_percent = match limit_of(&form.limit, desk.words()) {
        Ok(limit) => limit,
        Err(_) => {
            let answer = idlewatt_protocol::api::ErrorAnswer {
                error: "bad_request".to_owned(),
                message: "limit_percent; allowed: 0 to 100".to_owned(),
            };
            let status = axum::http::StatusCode::BAD_REQUEST;
            let trouble = Trouble::Refused { status, answer };
            let typed = (form.group, form.limit);
            return listed(&desk, &Wanted::default(), typed, Some(trouble)).await;
        }
    };
    let body = LimitGroup {
        group: form.group.clone(),
        limit_percent,
    };
    let limited = desk.send::<GroupLimited>(Method::PATCH, "/v1/devices", &body);
    match limited.await {
        Ok(_) => desk.go("devices?done=limited"),
        Err(trouble) => {
            let typed = (form.group, form.limit);
            listed(&desk, &Wanted::default(), typed, Some(trouble)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_s_name_stands_in_a_query_whatever_it_is() {
        assert_eq!(in_query("a&b= 가?#%"), "a%26b%3D%20%EA%B0%80%3F%23%25");
    }

    #[test]
    fn a_limit_is_a_percentage_or_nothing() {
        let read = |text| limit_of(text, Words::of(crate::Language::English));
        assert_eq!(read(" "), Ok(None));
        assert_eq!(read("30 %"), Ok(Some(30)));
        assert_eq!(read("0"), Ok(Some(0)));
        for wrong in ["101", "-1", "x", "3.5"] {
            read(wrong).expect_err(wrong);
        }
    }
}
