//! Cards that fail.

use super::*;
use crate::SearchError;

/// Overwrites a part of the dataset, as failing memory would.
fn spoil(device: &Device, search: &GpuSearch) {
    let dataset = search.epochs.present().expect("it is ready");
    for buffer in &dataset.buffers {
        let bytes = vec![0x55; (buffer.size() as usize / 2) & !3];
        device.queue().write_buffer(buffer, 0, &bytes);
    }
}

#[test]
fn what_a_gpu_computes_wrongly_is_noticed() {
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        for random in [0, 77, u64::MAX] {
            assert_eq!(search.probe(&job(0), random), Ok(()), "{device:?}");
        }
        spoil(&device, &search);
        let error = search.probe(&job(0), 5).expect_err("wrong");
        assert!(matches!(error, GpuError::WrongResult(_)), "{error:?}");
        assert!(error.needs_new_device());

        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        spoil(&device, &search);
        let error = search
            .search(&batch(0, 0, 4, Target::MAX))
            .expect_err("wrong");
        assert!(
            matches!(error, SearchError::Gpu(GpuError::WrongResult(_))),
            "{error:?}"
        );
        assert!(error.to_string().contains("1234567800000000"), "{error}");
    }
}

#[test]
fn a_gpu_lost_while_searching_is_an_error_and_a_new_one_works() {
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        let batch = batch(0, 0, 40, Target::MAX);
        search.submit(&batch).expect("room");
        device.lose();
        let error = search.wait().expect_err("lost");
        assert!(matches!(error, GpuError::DeviceLost(_)), "{error:?}");
        let refused = search.submit(&batch).expect_err("lost");
        assert!(matches!(refused, SearchError::Gpu(GpuError::DeviceLost(_))));
        assert!(search.prepare(&job(0), BUDGET).is_err());

        let device = Device::open(&device.description().id).expect("opens again");
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        assert_eq!(search.search(&batch).expect("works").found.len(), 40);
    }
}

#[test]
fn a_gpu_lost_while_its_dataset_is_made_is_an_error() {
    for device in devices() {
        let mut search = kernel(&device);
        let deadline = Instant::now() + PATIENCE;
        let begun = |readiness| matches!(readiness, Readiness::Preparing { what: "the dataset", done, .. } if done > 0);
        while !begun(
            search
                .prepare(&job(0), Duration::from_millis(5))
                .expect("works"),
        ) {
            assert!(Instant::now() < deadline, "no dataset in time");
            thread::yield_now();
        }
        device.lose();
        let error = search.prepare(&job(0), BUDGET).expect_err("lost");
        assert!(matches!(error, GpuError::DeviceLost(_)), "{error:?}");
    }
}

#[test]
fn a_dataset_that_does_not_fit_a_gpu_is_an_error_with_the_bytes() {
    for device in devices() {
        let mut search = GpuSearch::new(&device, Algorithm::KawPow, None).expect("it is made");
        let mut huge = job(crate::progpow::KAWPOW.last_height());
        if let JobInput::ProgPow(input) = &mut huge.input {
            input.algorithm = Algorithm::KawPow;
        }
        // 256 GiB.
        let error = search.prepare(&huge, BUDGET).expect_err("too large");
        assert!(matches!(error, GpuError::OutOfMemory(_)), "{error:?}");
        assert!(error.to_string().contains("epoch 32639"), "{error}");
        assert!(!error.needs_new_device());
        assert_eq!(device.check(), Ok(()));

        let mut search = kernel(&device);
        device.deny_memory(true);
        let deadline = Instant::now() + PATIENCE;
        let error = loop {
            assert!(Instant::now() < deadline, "no error in time");
            match search.prepare(&job(0), BUDGET) {
                Ok(_) => thread::yield_now(),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, GpuError::OutOfMemory(_)), "{error:?}");
        assert!(error.to_string().contains("dataset"), "{error}");
        device.deny_memory(false);
        get_ready(&mut search, &job(0));
        assert_eq!(search.probe(&job(0), 1), Ok(()));
    }
}

/// llvmpipe hands out addresses without end.
#[test]
#[ignore = "needs a real GPU: tests/gpu.sh runs it"]
fn a_real_gpu_whose_memory_is_used_up_says_so_and_works_on() {
    const MOST: usize = 256;
    for device in devices() {
        if device.description().is_software() {
            continue;
        }
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        let size = device.raw().limits().max_buffer_size.min(1 << 30);
        let mut taken = Vec::new();
        let error = loop {
            assert!(taken.len() < MOST, "{device:?} has no end");
            match device.buffer("taken", size, wgpu::BufferUsages::STORAGE) {
                Ok(buffer) => taken.push(buffer),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, GpuError::OutOfMemory(_)), "{error:?}");
        assert!(error.to_string().contains(&size.to_string()), "{error}");
        assert_eq!(search.probe(&job(0), 1), Ok(()));
        drop(taken);
        assert_eq!(search.probe(&job(0), 2), Ok(()));
    }
}
