//! Datasets that the card made, entry by entry.

use super::*;
use crate::progpow::gpu::dataset::Dataset;
use crate::progpow::gpu::layout::{Layout, Limits};
use crate::progpow::gpu::making::{Making, Step};
use crate::progpow::{ENTRY_BYTES, KAWPOW_TEST, PROGPOWZ};

/// ProgPoWZ with a small dataset.
static SMALL_PROGPOWZ: Parameters = Parameters {
    name: "small progpowz",
    dataset_bytes: 1 << 20,
    dataset_growth: 1 << 12,
    cache_bytes: 1 << 16,
    cache_growth: 1 << 8,
    ..PROGPOWZ
};

fn make(device: &Device, epoch: Epoch, limits: Limits) -> Dataset {
    let mut making = Making::start(device, epoch, limits).expect("within the limits");
    let deadline = Instant::now() + PATIENCE;
    let mut before = 0;
    loop {
        assert!(Instant::now() < deadline, "not made in time");
        match making
            .step(device, limits, Duration::from_millis(20))
            .expect("works")
        {
            Step::Done(dataset) => return dataset,
            Step::NoMemory(error) => panic!("{error}"),
            Step::Made(Readiness::Preparing {
                what, done, total, ..
            }) => {
                assert!(done <= total, "{what}: {done} of {total}");
                if what == "the dataset" {
                    assert!(done >= before);
                    before = done;
                }
            }
            Step::Made(Readiness::Ready) => panic!("ready without a dataset"),
        }
        thread::yield_now();
    }
}

/// A part of a buffer as words.
pub fn read(device: &Device, buffer: &wgpu::Buffer, offset: u64, size: u64) -> Vec<u32> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let copy = device.buffer("copy", size, usage).expect("memory");
    let mut encoder = device.raw().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(buffer, offset, &copy, 0, Some(size));
    let submission = device.queue().submit([encoder.finish()]);
    copy.map_async(wgpu::MapMode::Read, .., |_| {});
    device.wait(submission, DEADLINE).expect("works");
    device.words(&copy).expect("works")
}

#[test]
fn every_entry_is_that_of_the_cpu() {
    let epochs = [(&KAWPOW_TEST, 7), (&SMALL_PROGPOWZ, 3), (&SMALL_ETHASH, 2)];
    for device in devices() {
        for (parameters, number) in epochs {
            let epoch = Epoch { parameters, number };
            let limits = Limits {
                binding_bytes: 1 << 20,
                ..Limits::of(&device)
            };
            let dataset = make(&device, epoch, limits);
            let Layout::Full { buffers, .. } = dataset.layout else {
                panic!("it is full");
            };
            assert_eq!(buffers, if number == 7 { 5 } else { 2 });
            assert_eq!(buffers as usize, dataset.buffers.len());
            let mut index = 0;
            for buffer in &dataset.buffers {
                assert!(buffer.size() <= limits.binding_bytes);
                let words = read(&device, buffer, 0, buffer.size());
                for entry in words.chunks_exact(ENTRY_BYTES as usize / 4) {
                    let right = dataset.light.entry(index);
                    assert_eq!(entry, right.as_flattened(), "entry {index} of {epoch:?}");
                    index += 1;
                }
            }
            assert_eq!(index, epoch.entries());
        }
    }
}

#[test]
fn progpowz_comes_out_as_on_the_cpu_for_every_kind_of_program() {
    let epoch = Epoch {
        parameters: &SMALL_PROGPOWZ,
        number: 0,
    };
    let light = crate::progpow::vectors::light_cache(&SMALL_PROGPOWZ, 0);
    for device in devices() {
        for period in [1, 77, 5_000] {
            let program = Program::of_period(epoch.parameters, period);
            let header = header(period);
            let first = u64::from(u32::MAX) << 32 | 17;
            let nonces = first..first + 40;
            let entries = sparse::entries(&light, &program, &header, nonces.clone());
            let input = slot::Input::new(header, first, 40, Target::MAX);
            let tuning = default_tuning(&device);
            let hits = sparse::hashes(&device, &light, &program, tuning, &input, &entries);
            let hits = hits.expect("works");
            assert_eq!(hits.len(), 40);
            for (hit, nonce) in hits.iter().zip(nonces) {
                let right = hash(&light, &program, &header, nonce);
                assert_eq!(
                    (hit.mix, hit.digest),
                    (right.mix, right.digest),
                    "{nonce:x}"
                );
            }
        }
    }
}
