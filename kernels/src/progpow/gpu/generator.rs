//! The program of a period as WGSL. It is written from [`Program`] alone: no text from outside ever gets into it.

use std::fmt::Write as _;

use super::layout::Layout;
use super::{hashimoto, keccak};
use crate::gpu::{Exchange, Tuning};
use crate::progpow::{
    Epoch, LANES, Merge, Mixing, Operation, Parameters, Program, REGISTERS, Step,
};

const FRAME: &str = include_str!("search.wgsl");
const FUNCTIONS: &str = include_str!("progpow.wgsl");
const DATASET_FRAME: &str = include_str!("dataset.wgsl");
/// Invocations a workgroup that makes the dataset.
pub const DATASET_WORKGROUP: u32 = 64;

/// The search of a period.
pub fn search(epoch: Epoch, program: &Program, layout: Layout, tuning: Tuning) -> String {
    let mut parts = match epoch.parameters.mixing {
        Mixing::ProgPow => progpow(epoch.parameters, program, tuning),
        Mixing::Hashimoto => hashimoto::parts(tuning.exchange),
    };
    let constants = format!(
        "const WORKGROUP = {}u;\nconst CHOICES = {}u;",
        tuning.workgroup_size,
        epoch.choices()
    );
    parts.extend([
        ("CONSTANTS", constants),
        ("BINDINGS", layout.declared()),
        ("LOAD", layout.load()),
    ]);
    fill(FRAME, &parts)
}

/// ProgPoW's parts of a search.
fn progpow(
    parameters: &Parameters,
    program: &Program,
    tuning: Tuning,
) -> Vec<(&'static str, String)> {
    let exchange = match tuning.exchange {
        Exchange::Workgroup => &WORKGROUP,
        Exchange::Subgroup => &SUBGROUP,
    };
    let multiply_high = if tuning.wide_integers {
        "fn multiply_high(x: u32, y: u32) -> u32 {
    return u32((u64(x) * u64(y)) >> 32u);
}"
    } else {
        "fn multiply_high(x: u32, y: u32) -> u32 {
    let low = (x & 0xffffu) * (y & 0xffffu);
    let one = (x >> 16u) * (y & 0xffffu) + (low >> 16u);
    let other = (x & 0xffffu) * (y >> 16u) + (one & 0xffffu);
    return (x >> 16u) * (y >> 16u) + (one >> 16u) + (other >> 16u);
}"
    };
    let functions = [&keccak::f800(), FUNCTIONS, multiply_high].join("\n");
    vec![
        ("LANES", format!("const LANES = {LANES}u;")),
        ("MEMORY", [WORDS_MEMORY, exchange.memory].concat()),
        ("FUNCTIONS", functions),
        ("WORDS", WORDS.to_owned()),
        ("BUILTINS", exchange.builtins.to_owned()),
        ("FIRST", first(parameters)),
        ("LANE", exchange.lane.to_owned()),
        (
            "BEGIN",
            [exchange.seed_of_turn, SEEDED, &registers()].concat(),
        ),
        ("CHOOSE", exchange.choose.to_owned()),
        ("ROUND", [LOADED, &round(program)].concat()),
        ("REDUCE", reduce(exchange.reduce)),
        ("LAST", last(parameters)),
    ]
}

/// The first words of the dataset, which programs read.
const WORDS_MEMORY: &str = "var<workgroup> words: array<u32, 4096>;\n";

const WORDS: &str = "    for (var at = local; at < 1024u; at += WORKGROUP) {
        let four = load(at / PARTS, at % PARTS);
        words[4u * at] = four.x;
        words[4u * at + 1u] = four.y;
        words[4u * at + 2u] = four.z;
        words[4u * at + 3u] = four.w;
    }
";

const SEEDED: &str = "
        let z = fnv1a(FNV_BASIS, of_turn.x);
        let w = fnv1a(z, of_turn.y);
        let jsr = fnv1a(w, lane);
        var random = Random(z, w, jsr, fnv1a(jsr, lane));
";

const LOADED: &str = "            let loaded = load(chosen % CHOICES, (lane ^ round) % LANES);\n";

/// The program that makes an epoch's dataset.
pub fn dataset(epoch: Epoch) -> String {
    let constants = format!(
        "const WORKGROUP = {DATASET_WORKGROUP}u;\nconst CACHE_ITEMS = {}u;\nconst PARENTS = {}u;",
        epoch.cache_items(),
        epoch.parameters.parents
    );
    let begin = format!(
        "    let begin = item % CACHE_ITEMS * 4u;\n{}    m0 ^= item;\n{}",
        item_words(|word, part| format!("    var m{word} = {part};\n"), "begin"),
        keccak512(true)
    );
    let mut parents = String::new();
    for step in 0..16 {
        let at = format!("at{step}");
        let _ = writeln!(
            parents,
            "        let {at} = (((item ^ (parent + {step}u)) * FNV_PRIME) ^ m{step}) % CACHE_ITEMS * 4u;"
        );
        parents += &item_words(
            |word, part| format!("        m{word} = (m{word} * FNV_PRIME) ^ {part};\n"),
            &at,
        );
    }
    let mut end = keccak512(false);
    for four in 0..4 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|word| 4 * four + word);
        let _ = writeln!(
            end,
            "    items[place * 4u + {four}u] = vec4<u32>(m{a}, m{b}, m{c}, m{d});"
        );
    }
    fill(
        DATASET_FRAME,
        &[
            ("CONSTANTS", constants),
            ("BEGIN", begin),
            ("PARENTS", parents),
            ("END", end),
        ],
    )
}

/// Replaces each line that is `//` and a name.
fn fill(frame: &str, parts: &[(&str, impl AsRef<str>)]) -> String {
    let mut text = String::new();
    for line in frame.lines() {
        let name = line.trim_start().strip_prefix("//");
        match parts.iter().find(|(part, _)| Some(*part) == name) {
            Some((_, with)) => text += with.as_ref(),
            None => text += line,
        }
        text += "\n";
    }
    text
}

/// How lanes tell each other what they need in ProgPoW.
struct ExchangeText {
    memory: &'static str,
    builtins: &'static str,
    lane: &'static str,
    seed_of_turn: &'static str,
    choose: &'static str,
    reduce: &'static str,
}

/// Through the workgroup's memory. One barrier a round is enough: what is chosen goes into one of two places in turn, so
/// that nobody writes where another still reads.
const WORKGROUP: ExchangeText = ExchangeText {
    memory: "var<workgroup> seeds: array<vec2<u32>, WORKGROUP>;
var<workgroup> choices: array<u32, WORKGROUP / 8u>;
var<workgroup> of_lanes: array<u32, WORKGROUP>;",
    builtins: "",
    lane: "    let lane = local % LANES;
    let base = local - lane;
    seeds[local] = seed;
    workgroupBarrier();",
    seed_of_turn: "        let of_turn = seeds[base + turn];",
    choose: "            let choice = base / 8u + (round & 1u);
            if (lane == round % LANES) {
                choices[choice] = r0;
            }
            workgroupBarrier();
            let chosen = choices[choice];",
    reduce: "        of_lanes[local] = of_lane;
        workgroupBarrier();
        if (lane == turn) {
//TAKEN
        }",
};

/// By shuffles. Lanes are numbered within the subgroup, so that it does not matter which invocations make one up.
const SUBGROUP: ExchangeText = ExchangeText {
    memory: "",
    builtins: "    @builtin(subgroup_invocation_id) in_subgroup: u32,",
    lane: "    workgroupBarrier();
    let lane = in_subgroup % LANES;
    let base = in_subgroup - lane;",
    seed_of_turn: "        let of_turn = vec2<u32>(
            subgroupShuffle(seed.x, base + turn),
            subgroupShuffle(seed.y, base + turn),
        );",
    choose: "            let chosen = subgroupShuffle(r0, base + round % LANES);",
    reduce: "        let of_partner = subgroupShuffle(of_lane, base + (lane ^ 8u));
        let one = select(of_partner, of_lane, lane < 8u);
        let other = select(of_lane, of_partner, lane < 8u);
        let of_both = fnv1a(fnv1a(FNV_BASIS, one), other);
//TAKEN",
};

/// The first hash of a nonce, and the seed that its mix begins with.
fn first(parameters: &Parameters) -> String {
    let mut words = header_words();
    words.extend(["nonce_low".to_owned(), "input.nonce_high".to_owned()]);
    match parameters.padding {
        Some(padding) => words.extend(padding.first.map(|word| format!("{word}u"))),
        None => words.extend(vec!["0u".to_owned(); 15]),
    }
    let seed = match parameters.padding {
        Some(_) => "first.a0, first.a1",
        None => "swap_bytes(first.a1), swap_bytes(first.a0)",
    };
    format!(
        "    let first = keccak(State({}));\n    let seed = vec2<u32>({seed});",
        words.join(", ")
    )
}

fn last(parameters: &Parameters) -> String {
    let mix = (0..8).map(|word| format!("mix{word}"));
    let mut words: Vec<String> = Vec::new();
    match parameters.padding {
        Some(padding) => {
            words.extend((0..8).map(|word| format!("first.a{word}")));
            words.extend(mix);
            words.extend(padding.last.map(|word| format!("{word}u")));
        }
        None => {
            words.extend(header_words());
            words.extend(["seed.x".to_owned(), "seed.y".to_owned()]);
            words.extend(mix);
            words.extend(vec!["0u".to_owned(); 7]);
        }
    }
    let digest: Vec<String> = (0..8).map(|word| format!("last.a{word}")).collect();
    format!(
        "    let last = keccak(State({}));\n    let digest = array<u32, 8>({});",
        words.join(", "),
        digest.join(", ")
    )
}

/// The header's hash.
pub fn header_words() -> Vec<String> {
    let of = |half: &str| ["x", "y", "z", "w"].map(|part| format!("input.header_{half}.{part}"));
    [of("first"), of("second")].concat()
}

fn registers() -> String {
    (0..REGISTERS)
        .map(|register| format!("        var r{register} = next(&random);\n"))
        .collect()
}

fn round(program: &Program) -> String {
    let mut text = String::new();
    for step in &program.steps {
        let (destination, merge, value) = match *step {
            Step::Cache {
                source,
                destination,
                merge,
            } => (destination, merge, format!("words[r{source} % 4096u]")),
            Step::Math {
                left,
                right,
                operation,
                destination,
                merge,
            } => (destination, merge, operated(operation, left, right)),
        };
        text += &merged(destination, merge, &value);
    }
    for (load, part) in program.loads.iter().zip(["x", "y", "z", "w"]) {
        text += &merged(load.destination, load.merge, &format!("loaded.{part}"));
    }
    text
}

fn merged(register: usize, merge: Merge, value: &str) -> String {
    let new = match merge {
        Merge::MultiplyAdd => format!("r{register} * 33u + ({value})"),
        Merge::XorMultiply => format!("(r{register} ^ ({value})) * 33u"),
        Merge::RotateLeftXor(bits) => rotated_xor(register, bits, value),
        Merge::RotateRightXor(bits) => rotated_xor(register, 32 - bits, value),
    };
    format!("            r{register} = {new};\n")
}

/// Rotated to the left by 1 to 31 bits.
fn rotated_xor(register: usize, bits: u32, value: &str) -> String {
    let back = 32 - bits;
    format!("((r{register} << {bits}u) | (r{register} >> {back}u)) ^ ({value})")
}

fn operated(operation: Operation, left: usize, right: usize) -> String {
    let (left, right) = (format!("r{left}"), format!("r{right}"));
    let rotated = |there: &str, back: &str| {
        format!("({left} {there} ({right} & 31u)) | ({left} {back} ((0u - {right}) & 31u))")
    };
    match operation {
        Operation::Add => format!("{left} + {right}"),
        Operation::Multiply => format!("{left} * {right}"),
        Operation::MultiplyHigh => format!("multiply_high({left}, {right})"),
        Operation::Minimum => format!("min({left}, {right})"),
        Operation::RotateLeft => rotated("<<", ">>"),
        Operation::RotateRight => rotated(">>", "<<"),
        Operation::And => format!("{left} & {right}"),
        Operation::Or => format!("{left} | {right}"),
        Operation::Xor => format!("{left} ^ {right}"),
        Operation::LeadingZeros => {
            format!("countLeadingZeros({left}) + countLeadingZeros({right})")
        }
        Operation::Ones => format!("countOneBits({left}) + countOneBits({right})"),
    }
}

/// The mix of all lanes, which the lane whose turn it is keeps.
fn reduce(exchange: &str) -> String {
    let mut text = String::from("        var of_lane = FNV_BASIS;\n");
    for register in 0..REGISTERS {
        let _ = writeln!(text, "        of_lane = fnv1a(of_lane, r{register});");
    }
    let mut taken = String::new();
    for word in 0..LANES / 2 {
        let other = word + LANES / 2;
        taken += &if exchange.contains("of_both") {
            format!(
                "        mix{word} = select(mix{word}, subgroupShuffle(of_both, base + {word}u), lane == turn);\n"
            )
        } else {
            format!(
                "            mix{word} = fnv1a(fnv1a(FNV_BASIS, of_lanes[base + {word}u]), of_lanes[base + {other}u]);\n"
            )
        };
    }
    text + &fill(exchange, &[("TAKEN", &taken)])
}

/// The four parts of a cache item, word by word.
fn item_words(line: impl Fn(usize, String) -> String, at: &str) -> String {
    let mut text = String::new();
    for four in 0..4 {
        let _ = writeln!(text, "    let {at}_{four} = cache[{at} + {four}u];");
        for (word, part) in ["x", "y", "z", "w"].into_iter().enumerate() {
            text += &line(4 * four + word, format!("{at}_{four}.{part}"));
        }
    }
    text
}

/// Keccak-512 of the sixteen words `m0` to `m15`, into them.
fn keccak512(declare: bool) -> String {
    let words: Vec<String> = (0..16).map(|word| format!("m{word}")).collect();
    let mut text = keccak::sponge(&words, 8, declare);
    for lane in 0..8 {
        let _ = writeln!(text, "    m{} = l{lane};", 2 * lane);
        let _ = writeln!(text, "    m{} = h{lane};", 2 * lane + 1);
    }
    text
}
