//! The program on every adapter that is present, against vectors and against the CPU.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::gpu::ROOM;
use super::tests::{BLOCKS, block_header};
use super::{CpuSearch, GpuSearch, default_tuning, hash_header, hash_header_on};
use crate::gpu::{self, Device, GpuError, Kernel as _, Tuning};
use crate::search::set_header_nonce;
use crate::{Batch, BatchInput, Search, SearchError, Target};

/// Every adapter, opened.
fn devices() -> Vec<Device> {
    let adapters = gpu::adapters();
    assert!(
        !adapters.is_empty(),
        "no graphics adapter is present: install the packages libvulkan1 and mesa-vulkan-drivers, \
         whose llvmpipe runs the GPU tests on the CPU"
    );
    adapters
        .iter()
        .map(|adapter| Device::open(&adapter.id).expect("a listed adapter opens"))
        .collect()
}

fn batch(header: [u8; 80], first_nonce: u32, count: u32, target: Target) -> Batch {
    Batch {
        job_id: "test".into(),
        target,
        input: BatchInput::Sha256d { header },
        extranonce2: 7,
        first_nonce,
        step: 1,
        count,
    }
}

/// The target that exactly the digests up to this number meet.
fn target(mut little_endian: [u8; 32]) -> Target {
    little_endian.reverse();
    let json = format!("\"{}\"", hex::encode(little_endian));
    serde_json::from_str(&json).expect("64 hex digits")
}

#[test]
fn real_blocks_have_their_hashes() {
    for device in devices() {
        for (text, hash) in BLOCKS {
            let digest = hash_header_on(&device, &block_header(text)).expect("works");
            assert_eq!(digest.reversed_hex(), hash, "{device:?}");
        }
    }
}

#[test]
fn real_blocks_are_found() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        for (text, hash) in BLOCKS {
            let header = block_header(text);
            let nonce = u32::from_le_bytes(header[76..].try_into().expect("4 bytes"));
            let bits = u32::from_le_bytes(header[72..76].try_into().expect("4 bytes"));
            let target = Target::from_compact(bits).expect("valid bits");
            let outcome = search
                .search(&batch(header, nonce - 5_000, 10_000, target))
                .expect("works");
            assert_eq!((outcome.hashes, outcome.missed), (10_000, 0));
            assert_eq!(outcome.found.len(), 1, "{device:?}");
            assert_eq!(outcome.found[0].nonce, nonce);
            assert_eq!(outcome.found[0].extranonce2, 7);
            assert_eq!(outcome.found[0].digest.reversed_hex(), hash);
        }
    }
}

#[test]
fn random_batches_come_out_as_on_the_cpu() {
    let seed = rand::random::<u64>();
    let mut random = SmallRng::seed_from_u64(seed);
    for device in devices() {
        let tunings = [
            default_tuning(&device),
            Tuning {
                workgroup_size: 32,
                nonces_each: 3,
                ..default_tuning(&device)
            },
        ];
        for tuning in tunings {
            let mut search = GpuSearch::with_tuning(&device, tuning).expect("compiles");
            for _ in 0..30 {
                let mut header = [0; 80];
                random.fill(&mut header);
                let count = random.random_range(1..5_000);
                let first = random.random_range(0..=u32::MAX - count);
                let work = random.random_range(1..2_000);
                let batch = batch(
                    header,
                    first,
                    count,
                    Target::from_work(work).expect("above 0"),
                );
                let expected = CpuSearch.search(&batch).expect("sha256d");
                let mut outcome = search.search(&batch).expect("works");
                if expected.found.len() > ROOM {
                    assert_eq!(outcome.found.len(), ROOM);
                    continue;
                }
                outcome.found.sort_by_key(|solution| solution.nonce);
                assert_eq!(outcome, expected, "seed {seed}, {tuning:?}, {device:?}");

                let digest = hash_header(&header);
                if count % 10 == 0 {
                    assert_eq!(hash_header_on(&device, &header), Ok(digest), "seed {seed}");
                }
            }
        }
    }
}

#[test]
fn two_batches_are_in_flight_and_come_back_in_order() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        assert_eq!(search.wait().map(|_| ()), Err(GpuError::Idle));
        let header = block_header(BLOCKS[0].0);
        let numbered = |number: u32| batch(header, number * 100, 10 + number, Target::MAX);
        search.submit(&numbered(0)).expect("room for the first");
        for number in 1..20 {
            assert!(search.has_room());
            search.submit(&numbered(number)).expect("room for another");
            assert_eq!(search.in_flight(), 2);
            let refused = search
                .submit(&numbered(99))
                .expect_err("no room for a third");
            assert!(matches!(refused, SearchError::Gpu(GpuError::Busy(2))));

            let finished = search.wait().expect("works");
            let before = number - 1;
            assert!(!finished.device_time.is_zero());
            assert_eq!(finished.outcome.hashes, u64::from(10 + before));
            let nonces: Vec<u32> = finished
                .outcome
                .found
                .iter()
                .map(|solution| solution.nonce)
                .collect();
            let expected: Vec<u32> = (before * 100..before * 100 + 10 + before).collect();
            assert_eq!(nonces, expected);
        }
    }
}

#[test]
fn a_probe_passes_and_needs_an_idle_card() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        let job = super::tests::block_100_000();
        for random in [0, 7, u64::MAX] {
            assert_eq!(search.probe(&job, random), Ok(()), "{device:?}");
        }
        let batch = batch([1; 80], 0, 10, Target::MAX);
        search.submit(&batch).expect("room");
        assert_eq!(search.probe(&job, 0), Err(GpuError::Busy(1)));
        assert_eq!(search.wait().expect("works").outcome.found.len(), 10);
    }
}

#[test]
fn the_target_itself_is_met_and_one_below_is_not() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        let mut header = block_header(BLOCKS[0].0);
        set_header_nonce(&mut header, 77);
        let exact = hash_header(&header).0;
        // Less by one in the lowest byte that is not zero: differs in words that only the CPU looks at.
        let mut below = exact;
        let place = below.iter().position(|byte| *byte > 0).expect("not zero");
        below[place] -= 1;
        // Less in the word that the graphics card looks at.
        let mut far_below = exact;
        far_below[31] -= 1;
        let cases = [
            (target(exact), 1),
            (target(below), 0),
            (target(far_below), 0),
            (Target::IMPOSSIBLE, 0),
            (Target::MAX, 1),
        ];
        for (target, found) in cases {
            let outcome = search.search(&batch(header, 77, 1, target)).expect("works");
            assert_eq!(outcome.found.len(), found, "{target:?}, {device:?}");
        }
    }
}

#[test]
fn the_last_nonces_are_tried_and_none_beyond() {
    for device in devices() {
        let tuning = Tuning {
            workgroup_size: 8,
            nonces_each: 3,
            ..default_tuning(&device)
        };
        let mut search = GpuSearch::with_tuning(&device, tuning).expect("compiles");
        let header = block_header(BLOCKS[1].0);
        let outcome = search
            .search(&batch(header, u32::MAX - 9, 10, Target::MAX))
            .expect("works");
        let nonces: Vec<u32> = outcome.found.iter().map(|found| found.nonce).collect();
        assert_eq!(nonces, (u32::MAX - 9..=u32::MAX).collect::<Vec<u32>>());
    }
}

#[test]
fn more_hits_than_fit_are_counted() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        let outcome = search
            .search(&batch([1; 80], 0, ROOM as u32 + 1_000, Target::MAX))
            .expect("works");
        assert_eq!((outcome.found.len(), outcome.missed), (ROOM, 1_000));
        let again = search
            .search(&batch([1; 80], 0, 5, Target::MAX))
            .expect("works");
        assert_eq!((again.found.len(), again.missed), (5, 0));
    }
}

#[test]
fn workgroups_beyond_one_row_are_run() {
    for device in devices() {
        let tuning = Tuning {
            workgroup_size: 1,
            nonces_each: 1,
            ..default_tuning(&device)
        };
        let mut search = GpuSearch::with_tuning(&device, tuning).expect("compiles");
        let row = device.raw().limits().max_compute_workgroups_per_dimension;
        if row > 1 << 20 {
            continue;
        }
        let batch = batch(
            [2; 80],
            0,
            row + 1_001,
            Target::from_work(64).expect("above 0"),
        );
        let expected = CpuSearch.search(&batch).expect("sha256d");
        assert_eq!(search.search(&batch).expect("works"), expected);
    }
}

#[test]
fn a_lost_device_is_an_error_and_a_new_one_works() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        let batch = batch([3; 80], 0, 100, Target::MAX);
        search.submit(&batch).expect("room");
        device.lose();
        let error = search.wait().expect_err("lost");
        assert!(matches!(error, GpuError::DeviceLost(_)), "{error:?}");
        assert!(error.needs_new_device());
        let refused = search.submit(&batch).expect_err("lost");
        assert!(matches!(refused, SearchError::Gpu(GpuError::DeviceLost(_))));

        let device = Device::open(&device.description().id).expect("opens again");
        let mut search = GpuSearch::new(&device).expect("compiles");
        assert_eq!(search.search(&batch).expect("works").found.len(), 100);
    }
}

#[test]
fn what_the_driver_rejects_is_an_error() {
    for device in devices() {
        let tuning = Tuning {
            workgroup_size: 1 << 20,
            nonces_each: 1,
            ..default_tuning(&device)
        };
        let error = GpuSearch::with_tuning(&device, tuning).expect_err("too large");
        assert!(matches!(error, GpuError::Validation(_)), "{error:?}");
    }
    let error = Device::open("gpu-none").expect_err("no such adapter");
    assert!(error.to_string().contains("\"gpu-none\""), "{error}");
}

#[test]
fn a_batch_that_does_not_fit_is_refused() {
    for device in devices() {
        let mut search = GpuSearch::new(&device).expect("compiles");
        for count in [0, u32::MAX] {
            let error = search
                .submit(&batch([4; 80], 0, count, Target::MAX))
                .expect_err("refused");
            assert!(error.to_string().contains(&count.to_string()), "{error}");
        }
        assert_eq!(search.in_flight(), 0);
    }
}

/// What a software adapter is too slow for: batches as large as a real one is given, with every solution in them.
#[test]
#[ignore = "needs a real GPU: tests/gpu.sh runs it"]
fn a_real_gpu_misses_nothing_in_large_batches() {
    let real: Vec<_> = gpu::adapters()
        .into_iter()
        .filter(|adapter| !adapter.is_software())
        .collect();
    assert!(
        !real.is_empty(),
        "no real graphics card is here, only software adapters or none"
    );
    for adapter in real {
        let device = Device::open(&adapter.id).expect("a listed adapter opens");
        let mut search = GpuSearch::new(&device).expect("compiles");
        let work = Target::from_work(1 << 20).expect("above 0");
        for round in 0..4u8 {
            let batch = batch([round; 80], u32::from(round) << 30, 1 << 28, work);
            let expected = CpuSearch.search(&batch).expect("sha256d");
            let mut outcome = search.search(&batch).expect("works");
            outcome.found.sort_by_key(|solution| solution.nonce);
            assert_eq!(outcome, expected, "round {round} on {}", adapter.name);
        }
    }
}
