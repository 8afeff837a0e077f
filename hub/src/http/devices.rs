//! Devices as their owner sees and sets them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use idlewatt_protocol::DeviceId;
use idlewatt_protocol::api::{ChangeDevice, Devices, GroupLimited, Groups, LimitGroup};
use idlewatt_store::{DeviceChange, Store};
use jiff::Timestamp;
use serde::Deserialize;

use super::Api;
use super::answer::{Body, Done, Failure, done};
use super::auth::KeyHolder;
use super::words;
use crate::bus::Notice;

const UNKNOWN: Failure = Failure::NotFound("this account has no such device");

/// Which devices.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    group: Option<String>,
    after: Option<DeviceId>,
    #[serde(default = "whole_page")]
    limit: usize,
}

fn whole_page() -> usize {
    Store::LARGEST_FLEET_PAGE
}

/// `GET /v1/devices`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Devices>, Failure> {
    let Query(page) = page.map_err(|rejection| Failure::BadRequest(rejection.body_text()))?;
    let devices = api
        .store
        .devices(
            &account,
            page.group.as_deref(),
            page.after.as_ref(),
            page.limit,
            Timestamp::now(),
        )
        .await?;
    Ok(Json(devices))
}

/// `GET /v1/groups`.
pub(super) async fn groups(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
) -> Result<Json<Groups>, Failure> {
    Ok(Json(api.store.groups(&account, Timestamp::now()).await?))
}

/// `PATCH /v1/devices/DEVICE`.
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Path(device): Path<String>,
    Body(change): Body<ChangeDevice>,
) -> Result<Done, Failure> {
    let device: DeviceId = device.parse().map_err(|_| UNKNOWN)?;
    if let Some(name) = &change.name {
        words::name("name", name)?;
    }
    if let Some(group) = &change.group {
        words::group(group)?;
    }
    check_limit(change.limit_percent.flatten())?;
    let change = DeviceChange {
        name: change.name,
        group: change.group,
        limit_percent: change.limit_percent,
    };
    let changed = api
        .store
        .change_device(&account, &device, &change, Timestamp::now())
        .await?;
    if !changed {
        return Err(UNKNOWN);
    }
    api.devices.known.forget(&device);
    done()
}

/// `PATCH /v1/devices`.
pub(super) async fn limit_group(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Body(LimitGroup {
        group,
        limit_percent,
    }): Body<LimitGroup>,
) -> Result<Json<GroupLimited>, Failure> {
    words::group(&group)?;
    check_limit(limit_percent)?;
    let devices = api
        .store
        .limit_group(&account, &group, limit_percent, Timestamp::now())
        .await?;
    api.devices.known.forget_all();
    Ok(Json(GroupLimited { devices }))
}

/// `DELETE /v1/devices/DEVICE`.
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    KeyHolder(account): KeyHolder,
    Path(device): Path<String>,
) -> Result<Done, Failure> {
    let device: DeviceId = device.parse().map_err(|_| UNKNOWN)?;
    let revoked = api
        .store
        .revoke_device(&account, &device, Timestamp::now())
        .await?;
    if !revoked {
        return Err(UNKNOWN);
    }
    api.devices.known.forget(&device);
    tracing::info!(%account, %device, "device revoked");
    api.bus.publish(Notice::Revoked(device));
    done()
}

fn check_limit(percent: Option<u8>) -> Result<(), Failure> {
    match percent {
        Some(percent) if percent > 100 => Err(Failure::BadRequest(format!(
            "limit_percent is {percent}; allowed: 0 to 100, or null for no limit"
        ))),
        _ => Ok(()),
    }
}
