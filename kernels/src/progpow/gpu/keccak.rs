//! Keccak as WGSL, with a name for every word: arrays indexed at run time would live in memory instead of registers.

use std::fmt::Write as _;

/// By how many bits each lane is rotated, row by row.
const ROTATIONS: [u32; 25] = [
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14,
];

/// Where the lane `index` goes.
fn moved(index: usize) -> usize {
    let (x, y) = (index % 5, index / 5);
    y + 5 * ((2 * x + 3 * y) % 5)
}

/// Keccak's round constants for the uniform buffer that every program here reads: lower and upper half, and nothing.
pub fn round_constants() -> [[u32; 4]; 24] {
    // A shift register of eight bits decides on the bits 2^j - 1 of each constant (FIPS 202, 3.2.5).
    let mut register = 1u32;
    std::array::from_fn(|_| {
        let constant = (0..7).fold(0u64, |constant, power| {
            let bit = u64::from(register & 1);
            register = register << 1 ^ if register & 0x80 > 0 { 0x171 } else { 0 };
            constant | bit << ((1u32 << power) - 1)
        });
        [constant as u32, (constant >> 32) as u32, 0, 0]
    })
}

/// A struct `State` of the words `a0` to `a24`, and `keccak` of it: 22 rounds over 800 bits.
pub fn f800() -> String {
    let mut text = String::from("struct State {\n");
    for index in 0..25 {
        let _ = writeln!(text, "    a{index}: u32,");
    }
    text += "}\n\nfn keccak(state: State) -> State {\n";
    for index in 0..25 {
        let _ = writeln!(text, "    var a{index} = state.a{index};");
    }
    text += "    for (var turn = 0u; turn < 22u; turn++) {\n";
    text += &rounds(&[Half::Only]);
    text += "    }\n    return State(";
    for index in 0..25 {
        let _ = write!(text, "a{index}, ");
    }
    text + ");\n}\n"
}

/// Statements that permute the variables `l0` to `l24` and `h0` to `h24`, the halves of 64-bit lanes: 24 rounds.
fn f1600() -> String {
    let mut text = String::from("    for (var turn = 0u; turn < 24u; turn++) {\n");
    text += &rounds(&[Half::Low, Half::High]);
    text + "    }\n"
}

/// Statements that hash words by Keccak-f[1600], up to a rate whose last lane is named, into the variables `l0` to `l24`
/// and `h0` to `h24`.
pub fn sponge(words: &[String], last: usize, declare: bool) -> String {
    let mut text = String::new();
    let variable = if declare { "var " } else { "" };
    for lane in 0..25 {
        let word = |at: usize, padding: &'static str| words.get(at).map_or(padding, String::as_str);
        let begin = if 2 * lane == words.len() { "1u" } else { "0u" };
        let end = if lane == last { "0x80000000u" } else { "0u" };
        let (low, high) = (word(2 * lane, begin), word(2 * lane + 1, end));
        let _ = writeln!(text, "    {variable}l{lane} = {low};");
        let _ = writeln!(text, "    {variable}h{lane} = {high};");
    }
    text + &f1600()
}

/// What a variable holds of a lane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    /// All 32 bits that it has.
    Only,
    Low,
    High,
}

impl Half {
    fn prefix(self) -> &'static str {
        match self {
            Half::Only => "",
            Half::Low => "l",
            Half::High => "h",
        }
    }

    fn state(self, index: usize) -> String {
        match self {
            Half::Only => format!("a{index}"),
            Half::Low => format!("l{index}"),
            Half::High => format!("h{index}"),
        }
    }

    /// This half of the rotated lane whose halves have these names.
    fn rotated(self, name: impl Fn(Half) -> String, bits: u32) -> String {
        let (own, other) = match self {
            Half::Only => (Half::Only, Half::Only),
            Half::Low => (Half::Low, Half::High),
            Half::High => (Half::High, Half::Low),
        };
        // A rotation by 32 bits exchanges the halves.
        let (own, other) = if bits % 64 >= 32 {
            (other, own)
        } else {
            (own, other)
        };
        match bits % 32 {
            0 => name(own),
            bits => format!(
                "({} << {bits}u) | ({} >> {}u)",
                name(own),
                name(other),
                32 - bits
            ),
        }
    }
}

/// One round.
fn rounds(halves: &[Half]) -> String {
    let mut text = String::new();
    for half in halves {
        let prefix = half.prefix();
        for x in 0..5 {
            let column: Vec<String> = (0..5).map(|y| half.state(x + 5 * y)).collect();
            let _ = writeln!(text, "        let {prefix}c{x} = {};", column.join(" ^ "));
        }
    }
    for half in halves {
        let prefix = half.prefix();
        for x in 0..5 {
            let right = half.rotated(|half| format!("{}c{}", half.prefix(), (x + 1) % 5), 1);
            let left = (x + 4) % 5;
            let _ = writeln!(
                text,
                "        let {prefix}d{x} = {prefix}c{left} ^ ({right});"
            );
        }
    }
    for half in halves {
        for index in 0..25 {
            let (prefix, state, x) = (half.prefix(), half.state(index), index % 5);
            let _ = writeln!(
                text,
                "        let {prefix}t{index} = {state} ^ {prefix}d{x};"
            );
        }
    }
    for half in halves {
        for (index, bits) in ROTATIONS.into_iter().enumerate() {
            let turned = half.rotated(|half| format!("{}t{index}", half.prefix()), bits);
            let (prefix, to) = (half.prefix(), moved(index));
            let _ = writeln!(text, "        let {prefix}b{to} = {turned};");
        }
    }
    for half in halves {
        let prefix = half.prefix();
        for index in 0..25 {
            let row = index / 5 * 5;
            let [one, two] = [1, 2].map(|step| row + (index + step) % 5);
            let constant = match (index, half) {
                (0, Half::High) => " ^ round_constants[turn].y",
                (0, _) => " ^ round_constants[turn].x",
                _ => "",
            };
            let _ = writeln!(
                text,
                "        {} = {prefix}b{index} ^ (~{prefix}b{one} & {prefix}b{two}){constant};",
                half.state(index)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_round_constants() {
        let constants = round_constants();
        let constant =
            |index: usize| u64::from(constants[index][0]) | u64::from(constants[index][1]) << 32;
        assert_eq!(constant(0), 1);
        assert_eq!(constant(1), 0x8082);
        assert_eq!(constant(2), 0x8000_0000_0000_808a);
        assert_eq!(constant(22), 0x8000_0001);
        assert_eq!(constant(23), 0x8000_0000_8000_8008);
    }
}
