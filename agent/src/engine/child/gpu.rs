//! Not yet.
use std::convert::Infallible;

use idlewatt_kernels::Algorithm;

use super::Fault;
use super::control::Control;
use super::output::Output;
use crate::engine::Processor;
use crate::engine::message::FaultKind;

pub fn list(_software: bool) -> anyhow::Result<Vec<Processor>> {
    Ok(Vec::new())
}

pub fn run(_: &Control, _: &Output, _: Algorithm, id: &str, _: bool) -> Result<Infallible, Fault> {
    Err(Fault::new(FaultKind::Device, format!("no GPU {id}")))
}
