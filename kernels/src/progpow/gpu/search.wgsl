// ProgPoW's search for one period. Its twin on the CPU is ../hash.rs; generator.rs writes the constants, the dataset's
// bindings and the round into it.

struct Input {
    // The header's hash.
    header_first: vec4<u32>,
    header_second: vec4<u32>,
    // The nonces to try: count of them (at least 1) from this one on.
    nonce_low: u32,
    nonce_high: u32,
    count: u32,
    // What the digest's first 64 bits must not be above.
    limit_high: u32,
    limit_low: u32,
}

struct Hit {
    // Which nonce, from the first one on.
    number: u32,
    mix: array<u32, 8>,
    digest: array<u32, 8>,
}

struct Hits {
    // How many there were: more than fit, perhaps.
    count: atomic<u32>,
    list: array<Hit>,
}

struct Random {
    z: u32,
    w: u32,
    jsr: u32,
    jcong: u32,
}

const LANES = 16u;
const FNV_PRIME = 0x01000193u;
const FNV_BASIS = 0x811c9dc5u;
//CONSTANTS

@group(0) @binding(0) var<uniform> input: Input;
// Keccak's: the lower and the upper half of each.
@group(0) @binding(1) var<uniform> round_constants: array<vec4<u32>, 24>;
@group(0) @binding(2) var<storage, read_write> hits: Hits;
//BINDINGS

// The first words of the dataset.
var<workgroup> words: array<u32, 4096>;
//EXCHANGE_MEMORY

//KECCAK

//LOAD

fn fnv1a(left: u32, right: u32) -> u32 {
    return (left ^ right) * FNV_PRIME;
}

fn swap_bytes(x: u32) -> u32 {
    return (x << 24u) | ((x & 0xff00u) << 8u) | ((x >> 8u) & 0xff00u) | (x >> 24u);
}

//MULTIPLY_HIGH

fn next(random: ptr<function, Random>) -> u32 {
    let z = 36969u * ((*random).z & 0xffffu) + ((*random).z >> 16u);
    let w = 18000u * ((*random).w & 0xffffu) + ((*random).w >> 16u);
    let jcong = 69069u * (*random).jcong + 1234567u;
    var jsr = (*random).jsr;
    jsr ^= jsr << 17u;
    jsr ^= jsr >> 13u;
    jsr ^= jsr << 5u;
    (*random).z = z;
    (*random).w = w;
    (*random).jcong = jcong;
    (*random).jsr = jsr;
    return (((z << 16u) + w) ^ jcong) + jsr;
}

@compute @workgroup_size(WORKGROUP)
fn search(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
//BUILTINS
) {
    // Workgroups lie in rows, as one row holds only 65,535.
    let number = (workgroup.y * workgroups.x + workgroup.x) * WORKGROUP + local;
    for (var at = local; at < 1024u; at += WORKGROUP) {
        let four = load(at / LANES, at % LANES);
        words[4u * at] = four.x;
        words[4u * at + 1u] = four.y;
        words[4u * at + 2u] = four.z;
        words[4u * at + 3u] = four.w;
    }

    // Every invocation hashes its own nonce at the beginning and at the end. Between, sixteen of them are the lanes of
    // their sixteen hashes, one after the other.
    let nonce_low = input.nonce_low + number;
//FIRST
//LANE
    var mix0 = 0u;
    var mix1 = 0u;
    var mix2 = 0u;
    var mix3 = 0u;
    var mix4 = 0u;
    var mix5 = 0u;
    var mix6 = 0u;
    var mix7 = 0u;
    for (var turn = 0u; turn < LANES; turn++) {
//SEED_OF_TURN
        let z = fnv1a(FNV_BASIS, of_turn.x);
        let w = fnv1a(z, of_turn.y);
        let jsr = fnv1a(w, lane);
        var random = Random(z, w, jsr, fnv1a(jsr, lane));
//FILL
        for (var round = 0u; round < 64u; round++) {
//CHOOSE
            let loaded = load(chosen % ENTRIES, (lane ^ round) % LANES);
//ROUND
        }
//REDUCE
    }
//LAST
    let high = swap_bytes(last.a0);
    let low = swap_bytes(last.a1);
    let met = high < input.limit_high || (high == input.limit_high && low <= input.limit_low);
    if (met && number < input.count) {
        let place = atomicAdd(&hits.count, 1u);
        if (place < arrayLength(&hits.list)) {
            hits.list[place] = Hit(
                number,
                array<u32, 8>(mix0, mix1, mix2, mix3, mix4, mix5, mix6, mix7),
                array<u32, 8>(last.a0, last.a1, last.a2, last.a3, last.a4, last.a5, last.a6, last.a7),
            );
        }
    }
}
