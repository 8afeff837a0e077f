//! One hash of the ProgPoW family.

use std::sync::atomic::AtomicBool;

use idlewatt_kernels::gpu::Device;
use idlewatt_kernels::progpow::{
    self, DatasetChoice, Epoch, Hash, LightCache, Parameters, Program,
};
use indicatif::ProgressBar;

use super::{HashArguments, bare, graphics_card, needed};
use crate::cli::{Common, Failure, bar};

/// A nonce's digits.
const NONCE_DIGITS: usize = 16;

pub fn hash(
    common: &Common,
    asked: &HashArguments,
    parameters: &'static Parameters,
) -> Result<Hash, Failure> {
    asked.only(&["--header", "--height", "--nonce", "--full-dag"])?;
    let header = header(asked)?;
    let nonce = nonce(asked)?;
    let height = height(asked, parameters)?;
    let epoch = Epoch::of_height(parameters, height)
        .map_err(|error| Failure::usage(format!("--height: {error}")))?;
    match asked.on.as_str() {
        "cpu" if asked.full_dag => Err(Failure::usage(
            "--full-dag needs a graphics card, --on ID: a CPU makes of the dataset what the hash reads",
        )),
        "cpu" => on_cpu(epoch, height, &header, nonce),
        id => {
            let device = graphics_card(common, asked, id)?;
            on_card(&device, asked, epoch, height, &header, nonce)
        }
    }
}

fn header(asked: &HashArguments) -> Result<[u8; 32], Failure> {
    let bytes = needed(asked.header.as_ref(), "--header", asked.algorithm)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        let told = "the hash of a header without nonce and mix";
        Failure::usage(format!(
            "--header has {} bytes; allowed: 32, {told}",
            bytes.len()
        ))
    })
}

fn height(asked: &HashArguments, parameters: &Parameters) -> Result<u64, Failure> {
    let text = asked.height.as_deref();
    let text =
        text.ok_or_else(|| Failure::usage(format!("{} needs --height HEIGHT", asked.algorithm)))?;
    text.parse().map_err(|_| {
        let last = parameters.last_height();
        Failure::usage(format!(
            "--height \"{text}\" is no height; allowed: 0 to {last}"
        ))
    })
}

/// Leading zeros may be left out, also half a byte of them.
fn nonce(asked: &HashArguments) -> Result<u64, Failure> {
    let text = asked.nonce.as_deref();
    let text =
        text.ok_or_else(|| Failure::usage(format!("{} needs --nonce HEX", asked.algorithm)))?;
    let digits = bare(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!(
            "--nonce \"{text}\" is not hex; allowed: 1 to {NONCE_DIGITS} hex digits"
        )));
    }
    u64::from_str_radix(digits, 16).map_err(|_| {
        let length = digits.len().div_ceil(2);
        Failure::usage(format!("--nonce has {length} bytes; allowed: up to 8"))
    })
}

fn on_cpu(epoch: Epoch, height: u64, header: &[u8; 32], nonce: u64) -> Result<Hash, Failure> {
    let bar = bar::on_stderr(1);
    let told = |done, total| show(&bar, "the light cache", done, total);
    let cache = LightCache::build(epoch, &told, &AtomicBool::new(false));
    bar.finish_and_clear();
    let cache = cache.map_err(Failure::failed)?;
    let parameters = epoch.parameters;
    let program = Program::of_period(parameters, parameters.period_of(height));
    Ok(progpow::hash(&cache, &program, header, nonce))
}

/// Through a dataset on the card: all of it, or what this one hash reads.
fn on_card(
    device: &Device,
    asked: &HashArguments,
    epoch: Epoch,
    height: u64,
    header: &[u8; 32],
    nonce: u64,
) -> Result<Hash, Failure> {
    let dataset = match asked.full_dag {
        true => DatasetChoice::Full,
        false => DatasetChoice::Sparse,
    };
    let bar = bar::on_stderr(1);
    let told = |what, done, total| show(&bar, what, done, total);
    let parameters = epoch.parameters;
    let hash = progpow::hash_on(device, parameters, height, header, nonce, dataset, &told);
    bar.finish_and_clear();
    hash.map_err(Failure::failed)
}

fn show(bar: &ProgressBar, what: &'static str, done: u64, total: u64) {
    bar.set_length(total);
    bar.set_message(what);
    bar.set_position(done);
}
