// What ProgPoW mixes with; its twin on the CPU is ../random.rs.

const FNV_BASIS = 0x811c9dc5u;

struct Random {
    z: u32,
    w: u32,
    jsr: u32,
    jcong: u32,
}

fn fnv1a(left: u32, right: u32) -> u32 {
    return (left ^ right) * FNV_PRIME;
}

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
