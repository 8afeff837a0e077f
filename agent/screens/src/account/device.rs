//! One device: how it is, what it is called, and its removal.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use futures_util::try_join;
use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::{
    ChangeDevice, DeviceReport, DeviceState, Devices, ErrorAnswer, Groups, Prices,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::HubApi;
use super::desk::Desk;
use super::devices::{PAGE, limit_of, mode, state};
use super::trouble::Trouble;
use super::value::Teller;
use crate::{Format, Words};

/// How many pages of devices are looked through for one of them.
const MOST_PAGES: usize = 50;

/// What is typed for a device.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Typed {
    name: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    limit: String,
}

/// One processor.
struct Processor {
    name: String,
    algorithm: String,
    rate: String,
    allowance: String,
    temperature: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "account/device.html")]
struct Page {
    words: Words,
    form_token: String,
    id: DeviceId,
    name: String,
    worker: Option<String>,
    state: &'static str,
    state_told: String,
    mode: Option<String>,
    reason: Option<String>,
    version: Option<String>,
    shares: Option<(String, String, String)>,
    processors: Vec<Processor>,
    added: String,
    today: Vec<String>,
    seven_days: Vec<String>,
    total: Vec<String>,
    typed: Typed,
    groups: Vec<String>,
    error: Option<(String, Option<String>)>,
    limit_error: Option<String>,
}

#[derive(Template)]
#[template(path = "account/device_remove.html")]
struct Removal {
    words: Words,
    form_token: String,
    id: DeviceId,
    name: String,
    is_this: bool,
    error: Option<(String, Option<String>)>,
}

/// `GET /devices/DEVICE`.
pub(super) async fn show<H: HubApi>(desk: Desk<H>, Path(device): Path<String>) -> Response {
    match find(&desk, &device).await {
        Ok(device) => shown(&desk, device, None, None, None).await,
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

async fn shown<H: HubApi>(
    desk: &Desk<H>,
    device: DeviceState,
    typed: Option<Typed>,
    error: Option<Trouble>,
    limit_error: Option<String>,
) -> Response {
    let read = try_join!(
        desk.get::<Groups>("/v1/groups"),
        desk.get::<Prices>("/v1/prices")
    );
    let (groups, prices) = match read {
        Ok(read) => read,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let (words, format) = (desk.words(), desk.format());
    let teller = Teller {
        format: desk.format(),
        currency: desk.viewer.currency,
        prices,
    };
    let (state, state_told) = state(&device, &format);
    let report = device.report.as_ref();
    // What it told long ago is not how it is.
    let present = report.filter(|_| device.online);
    let typed = typed.unwrap_or_else(|| Typed {
        name: device.name.clone(),
        group: device.group.clone(),
        limit: device
            .limit_percent
            .map_or(String::new(), |limit| limit.to_string()),
    });
    let groups = groups.groups.into_iter().map(|group| group.group);
    let page = Page {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        state,
        state_told,
        mode: present.map(|report| mode(&report.mode, &format)),
        reason: present
            .map(|report| report.reason.clone())
            .filter(|reason| !reason.is_empty()),
        version: report.map(|report| report.version.clone()),
        shares: report.map(|report| {
            let shares = report.shares;
            let told = |count| format.whole(count);
            (
                told(shares.accepted),
                told(shares.stale),
                told(shares.rejected),
            )
        }),
        processors: present.map_or(Vec::new(), |report| processors(report, &format)),
        added: format.moment(device.created),
        today: teller.lines(&device.earned_today),
        seven_days: teller.lines(&device.earned_7_days),
        total: teller.lines(&device.earned_total),
        id: device.device,
        name: device.name,
        worker: device.worker,
        typed,
        groups: groups.filter(|group| !group.is_empty()).collect(),
        error: error.map(|trouble| (trouble.told(words), trouble.detail().map(str::to_owned))),
        limit_error,
    };
    desk.page(PAGE, &page.name.clone(), None, &page)
}

fn processors(report: &DeviceReport, format: &Format) -> Vec<Processor> {
    let processors = report.processors.iter().map(|processor| Processor {
        name: processor.name.clone(),
        algorithm: processor
            .algorithm
            .clone()
            .unwrap_or_else(|| "–".to_owned()),
        rate: format.hash_rate(processor.hash_rate),
        allowance: format.percent(processor.allowance_percent),
        temperature: match processor.temperature {
            Some(degrees) => format!("{} °C", format.decimal(degrees, 0)),
            None => "–".to_owned(),
        },
        fault: processor.fault.clone(),
    });
    processors.collect()
}

/// The device with this id; the API lists them only.
async fn find<H: HubApi>(desk: &Desk<H>, device: &str) -> Result<DeviceState, Trouble> {
    let mut path = "/v1/devices".to_owned();
    for _ in 0..MOST_PAGES {
        let page: Devices = desk.get(&path).await?;
        let mut devices = page.devices.into_iter();
        if let Some(found) = devices.find(|one| one.device.as_str() == device) {
            return Ok(found);
        }
        match page.next {
            Some(next) => path = format!("/v1/devices?after={next}"),
            None => break,
        }
    }
    Err(Trouble::Refused {
        status: axum::http::StatusCode::NOT_FOUND,
        answer: ErrorAnswer {
            error: "not_found".to_owned(),
            message: "this account has no such device".to_owned(),
        },
    })
}

/// `POST /devices/DEVICE`.
pub(super) async fn change<H: HubApi>(
    desk: Desk<H>,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    let device = match find(&desk, &id).await {
        Ok(device) => device,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let limit = match limit_of(&typed.limit, desk.words()) {
        Ok(limit) => limit,
        Err(wrong) => return shown(&desk, device, Some(typed), None, Some(wrong)).await,
    };
    let body = ChangeDevice {
        name: Some(typed.name.clone()),
        group: Some(typed.group.clone()),
        limit_percent: Some(limit),
    };
    let path = format!("/v1/devices/{}", device.device);
    match desk
        .send::<Map<String, Value>>(Method::PATCH, &path, &body)
        .await
    {
        Ok(_) => desk.go("devices?done=changed"),
        Err(trouble) => shown(&desk, device, Some(typed), Some(trouble), None).await,
    }
}

/// `GET /devices/DEVICE/remove`: nothing is done yet.
pub(super) async fn confirm<H: HubApi>(desk: Desk<H>, Path(id): Path<String>) -> Response {
    match find(&desk, &id).await {
        Ok(device) => removal(&desk, device, None),
        Err(trouble) => desk.trouble(PAGE, &trouble),
    }
}

fn removal<H: HubApi>(desk: &Desk<H>, device: DeviceState, error: Option<Trouble>) -> Response {
    let words = desk.words();
    let page = Removal {
        words,
        form_token: desk.viewer.shell.form_token.clone(),
        is_this: desk.viewer.this_device.as_ref() == Some(&device.device),
        id: device.device,
        name: device.name,
        error: error.map(|trouble| (trouble.told(words), trouble.detail().map(str::to_owned))),
    };
    desk.page(PAGE, &words.say("devices-remove-title"), None, &page)
}

/// `POST /devices/DEVICE/remove`.
pub(super) async fn remove<H: HubApi>(desk: Desk<H>, Path(id): Path<String>) -> Response {
    let device = match find(&desk, &id).await {
        Ok(device) => device,
        Err(trouble) => return desk.trouble(PAGE, &trouble),
    };
    let path = format!("/v1/devices/{}", device.device);
    match desk
        .send::<Map<String, Value>>(Method::DELETE, &path, ())
        .await
    {
        Ok(_) => desk.go("devices?done=removed"),
        Err(trouble) => removal(&desk, device, Some(trouble)),
    }
}
