//! Changes of period and epoch.

use super::*;
use crate::progpow::KAWPOW_TEST;
use crate::progpow::vectors::light_cache;

const EPOCH: u64 = KAWPOW_TEST.epoch_length;

/// Looks ahead until there is nothing to be done, as far as the epoch is concerned.
fn look_ahead(search: &mut GpuSearch, job: &Job, done: impl Fn(&GpuSearch) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done(search) {
        assert!(Instant::now() < deadline, "not done in time");
        search.look_ahead(job, BUDGET).expect("works");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_next_program_of_a_gpu_is_compiled_ahead() {
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(0));
        for period in 1..4 {
            let key = periods::Key::of_height(&KAWPOW_TEST, 3 * period).expect("a height");
            // Done by a thread without another word; looking ahead takes note.
            look_ahead(&mut search, &job(3 * period - 1), |search| {
                search.has_program(key)
            });
            let readiness = search.prepare(&job(3 * period), BUDGET);
            assert_eq!(readiness, Ok(Readiness::Ready), "period {period}");
        }
    }
}

#[test]
fn batches_in_flight_on_a_gpu_outlast_period_and_epoch() {
    let epochs = [0, EPOCH].map(|height| light_cache(&KAWPOW_TEST, height));
    for device in devices() {
        let mut search = kernel(&device);
        get_ready(&mut search, &job(EPOCH - 4));
        let first = batch(EPOCH - 4, 10, 20, Target::MAX);
        search.submit(&first).expect("room");
        get_ready(&mut search, &job(EPOCH - 1));
        let second = batch(EPOCH - 1, 10, 20, Target::MAX);
        search.submit(&second).expect("room");
        assert_eq!(search.in_flight(), 2);
        // The old dataset is given up while both read it.
        get_ready(&mut search, &job(EPOCH));
        for batch in [first, second] {
            let finished = search.wait().expect("works");
            assert!(!finished.device_time.is_zero());
            assert_eq!(finished.outcome, expected(&epochs[0], &batch));
        }
        let third = batch(EPOCH, 10, 20, Target::MAX);
        assert_eq!(
            search.search(&third).expect("works"),
            expected(&epochs[1], &third)
        );
        assert_eq!(search.wait().map(|_| ()), Err(GpuError::Idle));
    }
}

#[test]
fn the_next_dataset_of_a_gpu_is_made_between_batches() {
    let light = light_cache(&KAWPOW_TEST, EPOCH);
    for device in devices() {
        let mut search = kernel(&device);
        // Far from the end nothing is done.
        get_ready(&mut search, &job(EPOCH / 2 - 1));
        for _ in 0..10 {
            let took = search.look_ahead(&job(EPOCH / 2 - 1), BUDGET);
            assert_eq!(took, Ok(Duration::ZERO));
        }
        assert!(!search.epochs.is_making());
        get_ready(&mut search, &job(EPOCH - 1));
        search
            .submit(&batch(EPOCH - 1, 0, 20, Target::MAX))
            .expect("room");
        look_ahead(&mut search, &job(EPOCH - 1), |search| {
            search.epochs.has_next()
        });
        assert_eq!(search.wait().expect("works").outcome.found.len(), 20);
        let key = periods::Key::of_height(&KAWPOW_TEST, EPOCH).expect("a height");
        look_ahead(&mut search, &job(EPOCH - 1), |search| {
            search.has_program(key)
        });
        // No step is left to be taken.
        assert_eq!(search.prepare(&job(EPOCH), BUDGET), Ok(Readiness::Ready));
        assert!(!search.epochs.has_next());
        let batch = batch(EPOCH, 0, 20, Target::MAX);
        assert_eq!(
            search.search(&batch).expect("works"),
            expected(&light, &batch)
        );
        // A step back is a dataset like any other.
        get_ready(&mut search, &job(0));
        assert_eq!(search.probe(&job(0), 3), Ok(()));
    }
}

#[test]
fn without_memory_beside_it_the_next_dataset_waits_for_its_turn() {
    let light = light_cache(&KAWPOW_TEST, EPOCH);
    for device in devices() {
        let mut search = kernel(&device);
        let last = job(EPOCH - 1);
        get_ready(&mut search, &last);
        device.deny_memory(true);
        look_ahead(&mut search, &last, |search| search.epochs.lacks_room());
        // Not tried again and again, and the present one works on.
        assert_eq!(search.look_ahead(&last, BUDGET), Ok(Duration::ZERO));
        assert_eq!(search.probe(&last, 1), Ok(()));
        device.deny_memory(false);
        assert_eq!(search.look_ahead(&last, BUDGET), Ok(Duration::ZERO));
        assert!(!search.epochs.has_next());
        // The light cache was kept: the first step is the dataset's.
        let first = search.prepare(&job(EPOCH), BUDGET).expect("works");
        assert!(
            matches!(
                first,
                Readiness::Preparing {
                    what: "the dataset",
                    ..
                }
            ),
            "{first:?}"
        );
        get_ready(&mut search, &job(EPOCH));
        let batch = batch(EPOCH, 0, 20, Target::MAX);
        assert_eq!(
            search.search(&batch).expect("works"),
            expected(&light, &batch)
        );
    }
}
