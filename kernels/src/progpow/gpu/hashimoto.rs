//! Ethash's mixing as WGSL: eight lanes hash together, each with four words of the mix and of the half entry.

use super::generator::header_words;
use super::keccak;
use crate::gpu::Exchange;

/// Lanes that compute one hash together.
const LANES: u32 = 8;

/// What fills the search's frame.
pub fn parts(exchange: Exchange) -> Vec<(&'static str, String)> {
    let text = match exchange {
        Exchange::Workgroup => &WORKGROUP,
        Exchange::Subgroup => &SUBGROUP,
    };
    let kept = |mixed: fn(u32) -> String| (0..8).map(mixed).collect::<String>();
    let reduce = match exchange {
        Exchange::Workgroup => {
            let kept = kept(|word| format!("            mix{word} = of_lanes[base + {word}u];\n"));
            format!(
                "        of_lanes[local] = of_lane;
        workgroupBarrier();
        if (lane == turn) {{
{kept}        }}"
            )
        }
        Exchange::Subgroup => kept(|word| {
            format!(
                "        mix{word} = select(mix{word}, subgroupShuffle(of_lane, base + {word}u), lane == turn);\n"
            )
        }),
    };
    vec![
        ("LANES", format!("const LANES = {LANES}u;")),
        ("MEMORY", text.memory.to_owned()),
        ("FUNCTIONS", COMPONENT.to_owned()),
        ("WORDS", String::new()),
        ("BUILTINS", text.builtins.to_owned()),
        ("FIRST", first()),
        ("LANE", text.lane.to_owned()),
        ("BEGIN", text.begin.to_owned()),
        ("CHOOSE", text.choose.to_owned()),
        ("ROUND", ROUND.to_owned()),
        ("REDUCE", format!("{FOLD}{reduce}")),
        ("LAST", last()),
    ]
}

/// How lanes tell each other what they need.
struct ExchangeText {
    memory: &'static str,
    builtins: &'static str,
    lane: &'static str,
    begin: &'static str,
    choose: &'static str,
}

/// Through the workgroup's memory, with two places for choices in turn, as in ProgPoW. A seed is read before the first
/// of its 64 rounds' barriers, and the next one written behind the last.
const WORKGROUP: ExchangeText = ExchangeText {
    memory: "// Four for each eight lanes: the seed of the hash whose turn it is.
var<workgroup> seeds: array<vec4<u32>, WORKGROUP / 2u>;
var<workgroup> choices: array<u32, WORKGROUP / 4u>;
var<workgroup> of_lanes: array<u32, WORKGROUP>;",
    builtins: "",
    lane: "    let lane = local % LANES;
    let base = local - lane;",
    begin: "        let seed = base / 2u;
        if (lane == turn) {
            seeds[seed] = first0;
            seeds[seed + 1u] = first1;
            seeds[seed + 2u] = first2;
            seeds[seed + 3u] = first3;
        }
        workgroupBarrier();
        let head = seeds[seed].x;
        var four = seeds[seed + lane % 4u];",
    choose: "            let choice = base / 4u + (round & 1u);
            if (lane == round / 4u % LANES) {
                choices[choice] = ((round ^ head) * FNV_PRIME) ^ component(four, round % 4u);
            }
            workgroupBarrier();
            let chosen = choices[choice] % CHOICES;",
};

/// By shuffles.
const SUBGROUP: ExchangeText = ExchangeText {
    memory: "",
    builtins: "    @builtin(subgroup_invocation_id) in_subgroup: u32,",
    lane: "    let lane = in_subgroup % LANES;
    let base = in_subgroup - lane;",
    begin: "        let of_turn0 = subgroupShuffle(first0, base + turn);
        let of_turn1 = subgroupShuffle(first1, base + turn);
        let of_turn2 = subgroupShuffle(first2, base + turn);
        let of_turn3 = subgroupShuffle(first3, base + turn);
        let head = of_turn0.x;
        let even = select(of_turn0, of_turn2, (lane & 2u) == 2u);
        let odd = select(of_turn1, of_turn3, (lane & 2u) == 2u);
        var four = select(even, odd, (lane & 1u) == 1u);",
    choose: "            let offered = ((round ^ head) * FNV_PRIME) ^ component(four, round % 4u);
            let chosen = subgroupShuffle(offered, base + round / 4u % LANES) % CHOICES;",
};

const COMPONENT: &str = "fn component(four: vec4<u32>, which: u32) -> u32 {
    let two = select(four.xy, four.zw, which >= 2u);
    return select(two.x, two.y, (which & 1u) == 1u);
}";

const ROUND: &str =
    "            four = (four * FNV_PRIME) ^ load(chosen / 2u, chosen % 2u * LANES + lane);";

const FOLD: &str = "        let of_two = (four.x * FNV_PRIME) ^ four.y;
        let of_lane = (((of_two * FNV_PRIME) ^ four.z) * FNV_PRIME) ^ four.w;
";

/// Keccak-512 of header and nonce.
fn first() -> String {
    let mut words = header_words();
    words.extend(["nonce_low".to_owned(), "input.nonce_high".to_owned()]);
    let mut text = keccak::sponge(&words, 8, true);
    for four in 0..4 {
        let (a, b) = (2 * four, 2 * four + 1);
        text += &format!("    let first{four} = vec4<u32>(l{a}, h{a}, l{b}, h{b});\n");
    }
    text
}

/// Keccak-256 of the first hash and the mix.
fn last() -> String {
    let first =
        (0..4).flat_map(|four| ["x", "y", "z", "w"].map(|part| format!("first{four}.{part}")));
    let mix = (0..8).map(|word| format!("mix{word}"));
    let words: Vec<String> = first.chain(mix).collect();
    let digest = "    let digest = array<u32, 8>(l0, h0, l1, h1, l2, h2, l3, h3);";
    keccak::sponge(&words, 16, false) + digest
}
