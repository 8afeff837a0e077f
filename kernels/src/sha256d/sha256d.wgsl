// The search of sha256d. Its twin on the CPU is cpu.rs; kernel.rs writes the rounds and fills in Input.

struct Input {
    // The nonces to try: count of them (at least 1) from first_nonce on.
    first_nonce: u32,
    count: u32,
    // How many invocations there are, at least count divided by nonces_each.
    stride: u32,
    // The digest's most significant word must not be above it.
    limit: u32,
    // The state after the header's first 64 bytes.
    midstate0: u32,
    midstate1: u32,
    midstate2: u32,
    midstate3: u32,
    midstate4: u32,
    midstate5: u32,
    midstate6: u32,
    midstate7: u32,
    // The registers a and e after rounds 1 to 3, which the nonce does not reach, and after the fourth without it.
    a1: u32,
    a2: u32,
    a3: u32,
    e1: u32,
    e2: u32,
    e3: u32,
    a4: u32,
    e4: u32,
    // Message words, of 18 and 19 the part without the nonce.
    w16: u32,
    w17: u32,
    w18: u32,
    w19: u32,
}

struct Hits {
    // How many there were: more than fit, perhaps.
    count: atomic<u32>,
    nonces: array<u32>,
}

override workgroup_size: u32 = 64u;
override nonces_each: u32 = 1u;

@group(0) @binding(0) var<uniform> input: Input;
@group(0) @binding(1) var<storage, read_write> hits: Hits;

fn big0(x: u32) -> u32 {
    return ((x >> 2u) | (x << 30u)) ^ ((x >> 13u) | (x << 19u)) ^ ((x >> 22u) | (x << 10u));
}

fn big1(x: u32) -> u32 {
    return ((x >> 6u) | (x << 26u)) ^ ((x >> 11u) | (x << 21u)) ^ ((x >> 25u) | (x << 7u));
}

fn small0(x: u32) -> u32 {
    return ((x >> 7u) | (x << 25u)) ^ ((x >> 18u) | (x << 14u)) ^ (x >> 3u);
}

fn small1(x: u32) -> u32 {
    return ((x >> 17u) | (x << 15u)) ^ ((x >> 19u) | (x << 13u)) ^ (x >> 10u);
}

fn choice(x: u32, y: u32, z: u32) -> u32 {
    return z ^ (x & (y ^ z));
}

fn majority(x: u32, y: u32, z: u32) -> u32 {
    return (x & y) | (z & (x | y));
}

fn swap_bytes(x: u32) -> u32 {
    return (x << 24u) | ((x & 0xff00u) << 8u) | ((x >> 8u) & 0xff00u) | (x >> 24u);
}

// Notes a nonce whose digest may meet the target: the rest of the digest is left to the CPU.
fn check(top: u32, nonce: u32) {
    if (swap_bytes(top) <= input.limit) {
        let place = atomicAdd(&hits.count, 1u);
        if (place < arrayLength(&hits.nonces)) {
            hits.nonces[place] = nonce;
        }
    }
}

// Gives the whole digest out.
fn show(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32) {
    hits.nonces[0] = a;
    hits.nonces[1] = b;
    hits.nonces[2] = c;
    hits.nonces[3] = d;
    hits.nonces[4] = e;
    hits.nonces[5] = f;
    hits.nonces[6] = g;
    hits.nonces[7] = h;
}

fn try_nonce(nonce: u32) {
    let nonce_word = swap_bytes(nonce);
//ROUNDS
}

@compute @workgroup_size(workgroup_size)
fn search(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    // Workgroups lie in rows, as one row holds only 65,535.
    var index = invocation.y * workgroups.x * workgroup_size + invocation.x;
    if (index >= input.stride) {
        return;
    }
    for (var turn = 0u; turn < nonces_each; turn++) {
        if (index >= input.count) {
            return;
        }
        try_nonce(input.first_nonce + index);
        index += input.stride;
    }
}
