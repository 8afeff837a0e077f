//! A whole dataset of today and a search over it, which only a real card is fast enough for; the same in small for all.

use super::*;
use crate::Cursor;
use crate::NonceSpace;
use crate::progpow::ENTRY_BYTES;
use crate::progpow::gpu::layout::Layout;

/// Makes the dataset, compares entries all over it with the CPU's, counts hits over so many nonces, and prints how fast
/// that was.
fn check(device: &Device, algorithm: Algorithm, nonces: u64, work: u64) {
    let parameters = algorithm.progpow().expect("of the family");
    let mut job = job(parameters.recent_height);
    job.target = Target::from_work(u128::from(work)).expect("above 0");
    if let JobInput::ProgPow(input) = &mut job.input {
        input.algorithm = algorithm;
    }
    let name = &device.description().name;
    let begun = Instant::now();
    let mut search = GpuSearch::new(device, algorithm, None).expect("it is made");
    get_ready(&mut search, &job);
    println!(
        "{name}: {algorithm} ready after {:.2} s",
        begun.elapsed().as_secs_f64()
    );

    let dataset = search.epochs.present().expect("it is ready");
    let epoch = dataset.light.epoch();
    let Layout::Full { entries_each, .. } = dataset.layout else {
        panic!("it is full");
    };
    let last = epoch.entries() - 1;
    let between = (0..last).step_by(last as usize / 61);
    let edges =
        (1..=last / entries_each).flat_map(|number| [0, 1].map(|one| number * entries_each - one));
    for index in between.chain(edges).chain([last]) {
        let buffer = &dataset.buffers[(index / entries_each) as usize];
        let offset = u64::from(index % entries_each) * ENTRY_BYTES;
        let words = datasets::read(device, buffer, offset, ENTRY_BYTES);
        let right = dataset.light.entry(index);
        assert_eq!(words, right.as_flattened(), "entry {index} on {name}");
    }
    for random in 0..3 {
        assert_eq!(search.probe(&job, random << 40), Ok(()), "{name}");
    }

    // Every hit that is reported was confirmed; how many there must be is known but for chance.
    let mut cursor = Cursor::new(&job, NonceSpace::WHOLE, 1).expect("a good job");
    let mut sizer = search.sizer();
    let (mut hashes, mut hits) = (0u64, 0u64);
    let begun = Instant::now();
    while hashes < nonces || search.in_flight() > 0 {
        while hashes < nonces && search.has_room() {
            let batch = cursor
                .next_batch(sizer.size(BUDGET))
                .expect("far from used up");
            search.submit(&batch).expect("room");
            hashes += u64::from(batch.count);
        }
        let finished = search.wait().expect("works");
        assert_eq!(finished.outcome.missed, 0);
        sizer.record(finished.outcome.hashes as u32, finished.device_time);
        hits += finished.outcome.found.len() as u64;
    }
    let rate = hashes as f64 / begun.elapsed().as_secs_f64();
    println!("{name}: {algorithm} {:.3} MH/s, {hits} hits", rate / 1e6);
    let expected = hashes as f64 / work as f64;
    assert!(
        (hits as f64 - expected).abs() < 6.0 * expected.sqrt(),
        "{hits} hits, expected {expected:.0}, on {name}"
    );
}

#[test]
fn a_whole_dataset_in_small_is_right_on_a_gpu() {
    for device in devices() {
        check(&device, Algorithm::KawPowTest, 4_000, 16);
    }
}

#[test]
#[ignore = "needs a real GPU: tests/gpu.sh runs it"]
fn a_whole_dataset_of_today_is_right_on_a_real_gpu() {
    let adapters = gpu::adapters().into_iter();
    let real: Vec<_> = adapters.filter(|adapter| !adapter.is_software()).collect();
    assert!(
        !real.is_empty(),
        "no real graphics card is here, only software adapters or none"
    );
    for adapter in real {
        for algorithm in [Algorithm::KawPow, Algorithm::ProgPowZ] {
            let device = Device::open(&adapter.id).expect("a listed adapter opens");
            check(&device, algorithm, 1 << 26, 1 << 17);
        }
    }
}
