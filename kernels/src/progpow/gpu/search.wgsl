// The search, for one period. Its twin on the CPU is ../hash.rs; generator.rs (hashimoto.rs for Ethash's mixing) writes
// the constants, the dataset's bindings and the mixing into it.

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

const FNV_PRIME = 0x01000193u;
// Parts of an entry.
const PARTS = 16u;
//LANES
//CONSTANTS

@group(0) @binding(0) var<uniform> input: Input;
// Keccak's: the lower and the upper half of each.
@group(0) @binding(1) var<uniform> round_constants: array<vec4<u32>, 24>;
@group(0) @binding(2) var<storage, read_write> hits: Hits;
//BINDINGS

//MEMORY

//FUNCTIONS

//LOAD

fn swap_bytes(x: u32) -> u32 {
    return (x << 24u) | ((x & 0xff00u) << 8u) | ((x >> 8u) & 0xff00u) | (x >> 24u);
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
//WORDS
    // Every invocation hashes its own nonce at the beginning and at the end. Between, as many of them as there are lanes
    // are the lanes of their hashes, one after the other.
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
//BEGIN
        for (var round = 0u; round < 64u; round++) {
//CHOOSE
//ROUND
        }
//REDUCE
    }
//LAST
    let high = swap_bytes(digest[0]);
    let low = swap_bytes(digest[1]);
    let met = high < input.limit_high || (high == input.limit_high && low <= input.limit_low);
    if (met && number < input.count) {
        let place = atomicAdd(&hits.count, 1u);
        if (place < arrayLength(&hits.list)) {
            hits.list[place] = Hit(
                number,
                array<u32, 8>(mix0, mix1, mix2, mix3, mix4, mix5, mix6, mix7),
                digest,
            );
        }
    }
}
