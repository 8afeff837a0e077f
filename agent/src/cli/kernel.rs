//! `idlewatt kernel hash`: one hash of one given input, for whoever wants to check us.

use idlewatt_kernels::{Algorithm, gpu, randomx, sha256d};
use serde::Serialize;

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
        Algorithm::Sha256d => sha256d_hash(&asked)?,
        Algorithm::RandomX => randomx_hash(&asked)?,
    };
    let hashed = Hashed {
        algorithm: asked.algorithm,
        on: asked.on,
        hash,
    };
    output::either(common.json, &hashed, || hashed.hash.clone())
}

fn sha256d_hash(asked: &HashArguments) -> Result<String, Failure> {
    unwanted(asked.key.as_ref(), "--key", asked.algorithm)?;
    unwanted(asked.input.as_ref(), "--input", asked.algorithm)?;
    let bytes = needed(asked.header.as_ref(), "--header", asked.algorithm)?;
    let header: [u8; 80] = bytes.try_into().map_err(|bytes: Vec<u8>| {
        Failure::usage(format!("--header has {} bytes; allowed: 80", bytes.len()))
    })?;
    let digest = match asked.on.as_str() {
        "cpu" => sha256d::hash_header(&header),
        id => {
            let device = gpu::Device::open(id).map_err(|error| match error {
                gpu::GpuError::UnknownAdapter { .. } => unknown_processor(id),
                error => Failure::failed(error),
            })?;
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

fn unknown_processor(id: &str) -> Failure {
    let mut allowed = vec!["cpu".to_owned()];
    allowed.extend(gpu::adapters().into_iter().map(|adapter| adapter.id));
    Failure::usage(format!(
        "--on \"{id}\": there is no such processor; allowed: {}",
        allowed.join(", ")
    ))
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
