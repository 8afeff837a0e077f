//! `idlewatt kernel hash`: one hash of one given input, for whoever wants to check us.

mod progpow;

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
    /// sha256d, randomx, kawpow or progpowz
    #[arg(long)]
    algorithm: Algorithm,
    /// sha256d: the 80 bytes of a block header, in hex; kawpow and progpowz: the 32 bytes of a header's hash
    #[arg(long, value_name = "HEX")]
    header: Option<String>,
    /// randomx: the key, in hex
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// randomx: what is hashed, in hex
    #[arg(long, value_name = "HEX")]
    input: Option<String>,
    /// kawpow and progpowz: the height of the block
    #[arg(long, value_name = "HEIGHT", allow_hyphen_values = true)]
    height: Option<String>,
    /// kawpow and progpowz: the nonce, at most 8 bytes in hex, most significant first
    #[arg(long, value_name = "HEX")]
    nonce: Option<String>,
    /// cpu, or the id of a graphics card as `idlewatt processors` lists it
    #[arg(long, value_name = "PROCESSOR", default_value = "cpu")]
    on: String,
    /// kawpow and progpowz on a graphics card: make the whole dataset there, as mining does, and not only what this
    /// one hash reads
    #[arg(long)]
    full_dag: bool,
    /// Let --on name a graphics card that is only emulated on the CPU
    #[arg(long)]
    allow_software_gpu: bool,
}

/// The flags that say what is hashed.
const INPUT_FLAGS: [&str; 6] = [
    "--header",
    "--key",
    "--input",
    "--height",
    "--nonce",
    "--full-dag",
];

impl HashArguments {
    fn is_given(&self, flag: &str) -> bool {
        match flag {
            "--header" => self.header.is_some(),
            "--key" => self.key.is_some(),
            "--input" => self.input.is_some(),
            "--height" => self.height.is_some(),
            "--nonce" => self.nonce.is_some(),
            _ => self.full_dag,
        }
    }

    /// Refuses what has no meaning for the algorithm.
    fn only(&self, allowed: &[&str]) -> Result<(), Failure> {
        let strange = |flag: &&str| self.is_given(flag) && !allowed.contains(flag);
        match INPUT_FLAGS.into_iter().find(strange) {
            Some(flag) => Err(Failure::usage(format!(
                "{} does not take {flag}; allowed: {}",
                self.algorithm,
                allowed.join(", ")
            ))),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Hashed {
    algorithm: Algorithm,
    on: String,
    #[serde(flatten)]
    result: HashResult,
}

#[derive(Serialize)]
#[serde(untagged)]
enum HashResult {
    Single {
        hash: String,
    },
    /// The ProgPoW family's.
    WithMix {
        mix_hash: String,
        final_hash: String,
    },
}

impl HashResult {
    fn shown(&self) -> String {
        match self {
            HashResult::Single { hash } => hash.clone(),
            HashResult::WithMix {
                mix_hash,
                final_hash,
            } => format!("mix hash    {mix_hash}\nfinal hash  {final_hash}"),
        }
    }
}

pub fn run(common: &Common, arguments: KernelArguments) -> Result<(), Failure> {
    let KernelCommand::Hash(asked) = arguments.command;
    let result = match (asked.algorithm, asked.algorithm.progpow()) {
        (_, Some(parameters)) => {
            let hash = progpow::hash(common, &asked, parameters)?;
            HashResult::WithMix {
                mix_hash: hex::encode(hash.mix),
                final_hash: hex::encode(hash.digest),
            }
        }
        (Algorithm::RandomX, None) => HashResult::Single {
            hash: randomx_hash(&asked)?,
        },
        (_, None) => HashResult::Single {
            hash: sha256d_hash(common, &asked)?,
        },
    };
    let hashed = Hashed {
        algorithm: asked.algorithm,
        on: asked.on,
        result,
    };
    output::either(common.json, &hashed, || hashed.result.shown())
}

fn sha256d_hash(common: &Common, asked: &HashArguments) -> Result<String, Failure> {
    asked.only(&["--header"])?;
    let bytes = needed(asked.header.as_ref(), "--header", asked.algorithm)?;
    let header: [u8; 80] = bytes.try_into().map_err(|bytes: Vec<u8>| {
        Failure::usage(format!("--header has {} bytes; allowed: 80", bytes.len()))
    })?;
    let digest = match asked.on.as_str() {
        "cpu" => sha256d::hash_header(&header),
        id => {
            let device = graphics_card(common, asked, id)?;
            sha256d::hash_header_on(&device, &header).map_err(Failure::failed)?
        }
    };
    Ok(digest.reversed_hex())
}

fn randomx_hash(asked: &HashArguments) -> Result<String, Failure> {
    asked.only(&["--key", "--input"])?;
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

/// The card that was named, opened.
fn graphics_card(common: &Common, asked: &HashArguments, id: &str) -> Result<gpu::Device, Failure> {
    let software = asked.allow_software_gpu || software_is_allowed(common)?;
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

/// Whether the settings allow emulated graphics cards.
fn software_is_allowed(common: &Common) -> Result<bool, Failure> {
    let settings = SettingsArguments::default().load(&common.data()?)?.settings;
    Ok(settings.gpu.allow_software)
}

fn needed(value: Option<&String>, flag: &str, algorithm: Algorithm) -> Result<Vec<u8>, Failure> {
    let text = value.ok_or_else(|| Failure::usage(format!("{algorithm} needs {flag} HEX")))?;
    hex::decode(bare(text)).map_err(|error| Failure::usage(format!("{flag} is not hex: {error}")))
}

/// Without the `0x` that some write in front of hex.
fn bare(text: &str) -> &str {
    text.strip_prefix("0x").unwrap_or(text)
}
