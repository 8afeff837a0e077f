//! `idlewatt kernel hash`: one hash of one given input, for whoever wants to check us.

use idlewatt_kernels::{Algorithm, gpu, randomx, sha256d};
use serde::Serialize;

use super::settings::SettingsArguments;
use super::{Common, Failure, output};

#[derive(Debug, clap::Args)]
pub struct KernelArguments {
    #[command(subcommand)]
    command: KernelCommand,
}

#[derive(Debug, clap::Subcommand)]
enum KernelCommand {
    /// Print the hash of one input
    Hash(HashArguments),
}

#[derive(Debug, clap::Args)]
struct HashArguments {
    /// sha256d or randomx
    #[arg(long)]
    algorithm: Algorithm,
    /// sha256d: the 80 bytes of a block header, in hex
    #[arg(long, value_name = "HEX")]
    header: Option<String>,
    /// randomx: the key, in hex
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// randomx: what is hashed, in hex
    #[arg(long, value_name = "HEX")]
    input: Option<String>,
    /// cpu, or the id of a graphics card as `idlewatt processors` lists it
    #[arg(long, value_name = "PROCESSOR", default_value = "cpu")]
    on: String,
    /// Let --on name a graphics card that is only emulated on the CPU
    #[arg(long)]
    allow_software_gpu: bool,
}

#[derive(Serialize)]
struct Hashed {
    algorithm: Algorithm,
    on: String,
    hash: String,
}

pub fn run(common: &Common, arguments: KernelArguments) -> Result<(), Failure> {
    let KernelCommand::Hash(asked) = arguments.command;
    let hash = match asked.algorithm {
        Algorithm::Sha256d => sha256d_hash(common, &asked)?,
        Algorithm::RandomX => randomx_hash(&asked)?,
        _ => return Err(Failure::usage("KERNEL HASH".to_owned())),
    };
    let hashed = Hashed {
        algorithm: asked.algorithm,
        on: asked.on,
        hash,
    };
    output::either(common.json, &hashed, || hashed.hash.clone())
}

fn sha256d_hash(common: &Common, asked: &HashArguments) -> Result<String, Failure> {
    unwanted(asked.key.as_ref(), "--key", asked.algorithm)?;
    unwanted(asked.input.as_ref(), "--input", asked.algorithm)?;
    let bytes = needed(asked.header.as_ref(), "--header", asked.algorithm)?;
    let header: [u8; 80] = bytes.try_into().map_err(|bytes: Vec<u8>| {
        Failure::usage(format!("--header has {} bytes; allowed: 80", bytes.len()))
    })?;
    let digest = match asked.on.as_str() {
        "cpu" => sha256d::hash_header(&header),
        id => {
            let software = asked.allow_software_gpu || software_is_allowed(common)?;
            let device = graphics_card(id, software)?;
            sha256d::hash_header_on(&device, &header).map_err(Failure::failed)?
        }
    };
    Ok(digest.reversed_hex())
}

fn randomx_hash(asked: &HashArguments) -> Result<String, Failure> {
    unwanted(asked.header.as_ref(), "--header", asked.algorithm)?;
    let key = needed(asked.key.as_ref(), "--key", asked.algorithm)?;
    let input = needed(asked.input.as_ref(), "--input", asked.algorithm)?;
    if asked.on != "cpu" {
        return Err(Failure::usage(format!(
            "--on \"{}\": randomx runs on the CPU alone; allowed: cpu",
            asked.on
        )));
    }
    let digest = randomx::hash(&key, &input).map_err(Failure::failed)?;
    Ok(hex::encode(digest.0))
}

/// Whether the settings allow emulated graphics cards.
fn software_is_allowed(common: &Common) -> Result<bool, Failure> {
    let settings = SettingsArguments::default().load(&common.data()?)?.settings;
    Ok(settings.gpu.allow_software)
}

fn graphics_card(id: &str, software: bool) -> Result<gpu::Device, Failure> {
    let adapters = gpu::adapters();
    let Some(adapter) = adapters.iter().find(|adapter| adapter.id == id) else {
        let mut allowed = vec!["cpu"];
        let usable = adapters
            .iter()
            .filter(|adapter| software || !adapter.is_software());
        allowed.extend(usable.map(|adapter| adapter.id.as_str()));
        return Err(Failure::usage(format!(
            "--on \"{id}\": there is no such processor; allowed: {}",
            allowed.join(", ")
        )));
    };
    if adapter.is_software() && !software {
        return Err(Failure::usage(format!(
            "--on \"{id}\": {} is only emulated on the CPU; allowed with --allow-software-gpu",
            adapter.name
        )));
    }
    gpu::Device::open(id).map_err(Failure::failed)
}

fn needed(value: Option<&String>, flag: &str, algorithm: Algorithm) -> Result<Vec<u8>, Failure> {
    let text = value.ok_or_else(|| Failure::usage(format!("{algorithm} needs {flag} HEX")))?;
    hex::decode(text).map_err(|error| Failure::usage(format!("{flag} is not hex: {error}")))
}

fn unwanted(value: Option<&String>, flag: &str, algorithm: Algorithm) -> Result<(), Failure> {
    match value {
        Some(_) => Err(Failure::usage(format!("{algorithm} does not take {flag}"))),
        None => Ok(()),
    }
}
