// A slice of ProgPoW's dataset, an item an invocation. Its twin on the CPU is LightCache::entry; dataset_text.rs writes
// the constants, Keccak and the sixteen parents of a turn into it.

struct Slice {
    // The first item's number.
    first: u32,
    // How many there are.
    count: u32,
}

const FNV_PRIME = 0x01000193u;
//CONSTANTS

@group(0) @binding(0) var<uniform> slice: Slice;
// Keccak's: the lower and the upper half of each.
@group(0) @binding(1) var<uniform> round_constants: array<vec4<u32>, 24>;
@group(0) @binding(2) var<storage, read> cache: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> items: array<vec4<u32>>;

@compute @workgroup_size(WORKGROUP)
fn generate(
    @builtin(global_invocation_id) invocation: vec3<u32>,
) {
    let place = invocation.x;
    if (place >= slice.count) {
        return;
    }
    let item = slice.first + place;
//BEGIN
    for (var parent = 0u; parent < PARENTS; parent += 16u) {
//PARENTS
    }
//END
}
