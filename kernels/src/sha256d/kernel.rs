//! The WGSL program: `sha256d.wgsl` with the rounds written out, and what it is given for a header.
//!
//! The rounds are generated because a GPU keeps named values in registers but not arrays that are indexed at run
//! time, and because half of the message words are known beforehand and fold away.

use std::fmt::Write as _;

use super::INITIAL_STATE;
use super::cpu::Prepared;

/// Where the generated rounds go in the program's text.
const PLACE: &str = "//ROUNDS";

/// FIPS 180-4, 4.2.2.
pub(super) const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// What a program does with a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Compute its last word alone, and note nonces where that is small enough.
    Search,
    /// Give it out.
    Show,
}

/// The program's text.
pub(super) fn source(purpose: Purpose) -> String {
    let frame = include_str!("sha256d.wgsl");
    frame.replacen(PLACE, rounds(purpose).trim_end(), 1)
}

/// 32-bit integer operations a hash, counted in the program as a card with three-input sums and three-input logic needs
/// them at least: a rotation is one. Loops and comparisons come on top.
pub fn operations() -> u64 {
    let rounds = rounds(Purpose::Search);
    let count = |what: &str| rounds.matches(what).count() as u64;
    let sums: u64 = rounds
        .lines()
        .map(|line| (line.matches(" + ").count() as u64).div_ceil(2))
        .sum();
    // Three rotations or shifts and their exclusive or.
    let sigmas = 4 * ["big0(", "big1(", "small0(", "small1("]
        .map(count)
        .iter()
        .sum::<u64>();
    sums + sigmas + count("choice(") + count("majority(")
}

/// What the program needs to know of a header: one 32-bit word a field, in the order of `Input` in the program.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Input {
    pub(super) first_nonce: u32,
    pub(super) count: u32,
    pub(super) stride: u32,
    pub(super) limit: u32,
    midstate: [u32; 8],
    a: [u32; 3],
    e: [u32; 3],
    a4: u32,
    e4: u32,
    w16: u32,
    w17: u32,
    w18: u32,
    w19: u32,
}

impl Input {
    /// Does on the CPU what is the same for every nonce: the first 64 bytes, three and a half rounds of the second
    /// block, and the message words that the nonce does not reach.
    pub(super) fn new(header: &[u8; 80], target_top: u32) -> Self {
        let midstate = Prepared::new(header).midstate;
        let word = |index: usize| {
            let at = 64 + 4 * index;
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let w = [word(0), word(1), word(2)];

        // The registers a and e before each round, `a[0]` being three rounds before the first.
        let [h0, h1, h2, h3, h4, h5, h6, h7] = midstate;
        let mut a = vec![h3, h2, h1, h0];
        let mut e = vec![h7, h6, h5, h4];
        let mut round = |w: u32, k: u32| {
            let n = a.len() - 1;
            let choice = (e[n] & e[n - 1]) ^ (!e[n] & e[n - 2]);
            let majority = (a[n] & a[n - 1]) ^ (a[n] & a[n - 2]) ^ (a[n - 1] & a[n - 2]);
            let sum = [big_sigma1(e[n]), choice, k, w]
                .into_iter()
                .fold(e[n - 3], u32::wrapping_add);
            a.push(sum.wrapping_add(big_sigma0(a[n])).wrapping_add(majority));
            e.push(a[n - 3].wrapping_add(sum));
        };
        for index in 0..3 {
            round(w[index], K[index]);
        }
        // The fourth round, without the nonce: it is added to both.
        round(0, K[3]);

        let w16 = w[0].wrapping_add(small_sigma0(w[1]));
        let w17 = w[1]
            .wrapping_add(small_sigma0(w[2]))
            .wrapping_add(small_sigma1(LENGTH_80));
        Self {
            first_nonce: 0,
            count: 0,
            stride: 0,
            limit: target_top,
            midstate,
            a: [a[4], a[5], a[6]],
            e: [e[4], e[5], e[6]],
            a4: a[7],
            e4: e[7],
            w16,
            w17,
            w18: w[2].wrapping_add(small_sigma1(w16)),
            w19: small_sigma0(PADDING).wrapping_add(small_sigma1(w17)),
        }
    }
}

/// The bit behind a message.
const PADDING: u32 = 0x8000_0000;
/// The length of a header in bits.
const LENGTH_80: u32 = 640;
/// The length of a digest in bits.
const LENGTH_32: u32 = 256;

fn big_sigma0(x: u32) -> u32 {
    x.rotate_right(2) ^ x.rotate_right(13) ^ x.rotate_right(22)
}

fn big_sigma1(x: u32) -> u32 {
    x.rotate_right(6) ^ x.rotate_right(11) ^ x.rotate_right(25)
}

fn small_sigma0(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3)
}

fn small_sigma1(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10)
}

/// A value in the generated text.
#[derive(Clone, Debug)]
enum Term {
    Known(u32),
    Named(String),
}

impl Term {
    fn name(name: impl Into<String>) -> Self {
        Term::Named(name.into())
    }

    /// A function of one value.
    fn apply(&self, name: &str, function: fn(u32) -> u32) -> Term {
        match self {
            Term::Known(value) => Term::Known(function(*value)),
            Term::Named(text) => Term::Named(format!("{name}({text})")),
        }
    }

    fn text(&self) -> String {
        match self {
            Term::Known(value) => format!("{value:#x}u"),
            Term::Named(text) => text.clone(),
        }
    }
}

/// The sum of terms, all that is known added up beforehand.
fn sum(terms: &[Term]) -> Term {
    let mut known = 0u32;
    let mut texts = Vec::new();
    for term in terms {
        match term {
            Term::Known(value) => known = known.wrapping_add(*value),
            Term::Named(text) => texts.push(text.clone()),
        }
    }
    if texts.is_empty() {
        return Term::Known(known);
    }
    if known != 0 {
        texts.push(format!("{known:#x}u"));
    }
    Term::Named(texts.join(" + "))
}

/// `(x & y) ^ (~x & z)`.
fn choice(x: &Term, y: &Term, z: &Term) -> Term {
    match (x, y, z) {
        (Term::Known(x), Term::Known(y), Term::Known(z)) => Term::Known((x & y) ^ (!x & z)),
        _ => Term::Named(format!("choice({}, {}, {})", x.text(), y.text(), z.text())),
    }
}

/// The bits that at least two of the three have.
fn majority(x: &Term, y: &Term, z: &Term) -> Term {
    match (x, y, z) {
        (Term::Known(x), Term::Known(y), Term::Known(z)) => {
            Term::Known((x & y) ^ (x & z) ^ (y & z))
        }
        _ => Term::Named(format!(
            "majority({}, {}, {})",
            x.text(),
            y.text(),
            z.text()
        )),
    }
}

/// One compression being written. `a` and `e` hold those registers before each round: b, c and d are the a of one,
/// two and three rounds ago; f, g and h those of e.
struct Writer<'a> {
    text: &'a mut String,
    prefix: &'a str,
    a: Vec<Term>,
    e: Vec<Term>,
    w: Vec<Term>,
}

impl Writer<'_> {
    /// Names a value, unless it is known.
    fn bind(&mut self, kind: &str, index: usize, value: Term) -> Term {
        match value {
            Term::Known(_) => value,
            Term::Named(text) => {
                let name = format!("{}_{kind}{index}", self.prefix);
                // Writing to a String cannot fail.
                let _ = writeln!(self.text, "    let {name} = {text};");
                Term::Named(name)
            }
        }
    }

    /// The message word of a round, made from earlier ones where it is not given.
    fn word(&mut self, index: usize) -> Term {
        while self.w.len() <= index {
            let at = self.w.len();
            let value = sum(&[
                self.w[at - 2].apply("small1", small_sigma1),
                self.w[at - 7].clone(),
                self.w[at - 15].apply("small0", small_sigma0),
                self.w[at - 16].clone(),
            ]);
            let value = self.bind("w", at, value);
            self.w.push(value);
        }
        self.w[index].clone()
    }

    /// One round; the last one that matters needs only e.
    fn round(&mut self, index: usize, only_e: bool) {
        let word = self.word(index);
        let n = self.a.len() - 1;
        let (a, e) = (self.a.clone(), self.e.clone());
        let mixed = sum(&[
            e[n - 3].clone(),
            e[n].apply("big1", big_sigma1),
            choice(&e[n], &e[n - 1], &e[n - 2]),
            Term::Known(K[index]),
            word,
        ]);
        let mixed = self.bind("t", index, mixed);
        let next = sum(&[a[n - 3].clone(), mixed.clone()]);
        let next = self.bind("e", index + 1, next);
        self.e.push(next);
        if !only_e {
            let next = sum(&[
                mixed,
                a[n].apply("big0", big_sigma0),
                majority(&a[n], &a[n - 1], &a[n - 2]),
            ]);
            let next = self.bind("a", index + 1, next);
            self.a.push(next);
        }
    }
}

/// Both compressions, from `nonce_word` to what is done with the digest.
fn rounds(purpose: Purpose) -> String {
    let mut text = String::new();
    let field = |name: &str| Term::name(format!("input.{name}"));

    // The second block of the header, from its fifth round on.
    let mut w = vec![Term::Known(0); 3];
    w.push(Term::name("nonce_word"));
    w.push(Term::Known(PADDING));
    w.extend(vec![Term::Known(0); 10]);
    w.push(Term::Known(LENGTH_80));
    w.push(field("w16"));
    w.push(field("w17"));
    let mut first = Writer {
        text: &mut text,
        prefix: "x",
        a: vec![field("a1"), field("a2"), field("a3")],
        e: vec![field("e1"), field("e2"), field("e3")],
        w,
    };
    let w18 = sum(&[field("w18"), Term::name("small0(nonce_word)")]);
    let w18 = first.bind("w", 18, w18);
    first.w.push(w18);
    let w19 = sum(&[field("w19"), Term::name("nonce_word")]);
    let w19 = first.bind("w", 19, w19);
    first.w.push(w19);
    for (kind, name) in [("a", "a4"), ("e", "e4")] {
        let value = sum(&[field(name), Term::name("nonce_word")]);
        let value = first.bind(kind, 4, value);
        if kind == "a" {
            first.a.push(value);
        } else {
            first.e.push(value);
        }
    }
    for index in 4..64 {
        first.round(index, false);
    }
    let (a, e) = (first.a.clone(), first.e.clone());
    let newest_first = a.iter().rev().take(4).chain(e.iter().rev().take(4));
    let mut w: Vec<Term> = newest_first
        .enumerate()
        .map(|(index, register)| {
            let value = sum(&[register.clone(), field(&format!("midstate{index}"))]);
            first.bind("h", index, value)
        })
        .collect();

    // The hash of that hash. The digest's last word is what e was three rounds before the end.
    w.push(Term::Known(PADDING));
    w.extend(vec![Term::Known(0); 6]);
    w.push(Term::Known(LENGTH_32));
    let initial = INITIAL_STATE.map(Term::Known);
    let [h0, h1, h2, h3, h4, h5, h6, h7] = initial;
    let mut second = Writer {
        text: &mut text,
        prefix: "y",
        a: vec![h3, h2, h1, h0],
        e: vec![h7, h6, h5, h4],
        w,
    };
    match purpose {
        Purpose::Search => {
            for index in 0..61 {
                second.round(index, index == 60);
            }
            let top = sum(&[
                second.e[second.e.len() - 1].clone(),
                Term::Known(INITIAL_STATE[7]),
            ]);
            let _ = writeln!(text, "    check({}, nonce);", top.text());
        }
        Purpose::Show => {
            for index in 0..64 {
                second.round(index, false);
            }
            let newest_first = second.a.iter().rev().take(4);
            let digest: Vec<String> = newest_first
                .chain(second.e.iter().rev().take(4))
                .zip(INITIAL_STATE)
                .map(|(register, initial)| sum(&[register.clone(), Term::Known(initial)]).text())
                .collect();
            let _ = writeln!(text, "    show({});", digest.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_has_one_place_for_the_rounds() {
        assert_eq!(include_str!("sha256d.wgsl").matches(PLACE).count(), 1);
        for (purpose, end) in [
            (Purpose::Search, "check(y_e61 + 0x5be0cd19u, nonce);\n}"),
            (Purpose::Show, "y_e61 + 0x5be0cd19u);\n}"),
        ] {
            let source = source(purpose);
            assert!(!source.contains(PLACE));
            assert!(source.contains(end));
        }
    }

    #[test]
    fn operations_are_those_of_two_compressions_less_what_is_saved() {
        // A round in full: its word (2 sigmas, 2 sums), 2 sigmas, choice, majority, and 4 sums.
        let whole = (4 * 4 + 2 + 2 + 4) * 128;
        let counted = operations();
        assert!((whole * 3 / 4..whole).contains(&counted), "{counted}");
    }

    #[test]
    fn what_is_known_folds_away() {
        let rounds = rounds(Purpose::Search);
        // Words 5 to 14 of the first block and 9 to 14 of the second are zero: no line makes or adds them.
        for absent in ["x_w5 ", "x_w14 ", "y_w9 ", "y_w14 ", " + 0x0u"] {
            assert!(!rounds.contains(absent), "{absent}");
        }
        // Rounds 61 to 63 of the second hash, and their words, are never needed.
        for absent in ["y_w61", "y_a61", "y_e62"] {
            assert!(!rounds.contains(absent), "{absent}");
        }
    }
}
