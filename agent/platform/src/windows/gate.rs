//! Stopping and releasing one thread of this process, at any instruction: `SuspendThread` and `ResumeThread`.
//!
//! A thread stopped inside the allocator or holding a lock would take others with it, so a thread is only ever
//! stopped between [`Gate::enter`] and [`Gate::leave`], which its owner puts around pure computation, and only while
//! the heap is locked by whoever stops it, so that it is not inside that.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ::windows::Win32::Foundation::{FILETIME, HANDLE};
use ::windows::Win32::System::Memory::{GetProcessHeap, HeapLock, HeapUnlock};
use ::windows::Win32::System::Threading::{
    GetCurrentThread, GetCurrentThreadId, GetThreadTimes, OpenThread, ResumeThread, SuspendThread,
    THREAD_QUERY_INFORMATION, THREAD_SUSPEND_RESUME,
};
use ::windows::Win32::System::WindowsProgramming::QueryThreadCycleTime;

use crate::windows::processes::{duration, ticks};

/// One thread's gate. Made on that thread; every other method but `enter` and `leave` is for other threads.
pub struct Gate {
    state: Mutex<State>,
    opened: Condvar,
    thread: OwnedHandle,
}

struct State {
    stop: bool,
    inside: bool,
    suspended: bool,
    waiting: bool,
}

impl Gate {
    /// The calling thread's gate, closed if `stopped`.
    pub fn of_this_thread(stopped: bool) -> io::Result<Arc<Gate>> {
        cycles_a_second();
        // SAFETY: the calling thread exists.
        let handle = unsafe {
            OpenThread(
                THREAD_SUSPEND_RESUME | THREAD_QUERY_INFORMATION,
                false,
                GetCurrentThreadId(),
            )
        }?;
        Ok(Arc::new(Gate {
            state: Mutex::new(State {
                stop: stopped,
                inside: false,
                suspended: false,
                waiting: false,
            }),
            opened: Condvar::new(),
            // SAFETY: a fresh handle that nobody else owns.
            thread: unsafe { OwnedHandle::from_raw_handle(handle.0) },
        }))
    }

    /// The end of `of_this_thread`, on the same thread.
    pub fn retire(&self) {
        self.leave();
    }

    /// From here on the thread may be stopped. Waits while the gate is closed.
    pub fn enter(&self) {
        let mut state = self.lock();
        while state.stop {
            state.waiting = true;
            state = self
                .opened
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting = false;
        state.inside = true;
    }

    /// From here on the thread runs, whatever the gate says.
    pub fn leave(&self) {
        self.lock().inside = false;
    }

    /// Closes the gate; the thread stops at once if it is inside, else when it enters.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stop = true;
        // Holding the gate's own lock, this cannot suspend a thread that is in `enter` or `leave` with that lock.
        // One that waits for it in `leave` may be suspended there: it holds nothing.
        if state.inside && !state.suspended {
            // SAFETY: the heap and the thread exist. Locked, the heap cannot be in use by the thread to be
            // suspended; it is unlocked again without allocating in between.
            state.suspended = unsafe {
                let heap = GetProcessHeap().ok();
                let locked = heap.filter(|heap| HeapLock(*heap).is_ok());
                let suspended = SuspendThread(self.handle()) != u32::MAX;
                if let Some(heap) = locked {
                    let _ = HeapUnlock(heap);
                }
                suspended
            };
        }
    }

    /// Opens the gate.
    pub fn run(&self) {
        let mut state = self.lock();
        state.stop = false;
        if state.suspended {
            state.suspended = false;
            // SAFETY: the thread exists, as it is suspended.
            unsafe { ResumeThread(self.handle()) };
        }
        self.opened.notify_one();
    }

    /// Whether the thread is held by the gate right now.
    pub fn is_parked(&self) -> bool {
        let state = self.lock();
        state.suspended || (state.stop && state.waiting)
    }

    /// The processor time that the thread has used.
    pub fn cpu_time(&self) -> Option<Duration> {
        if let Some(rate) = cycles_a_second() {
            return cycles(self.handle())
                .map(|cycles| Duration::from_secs_f64(cycles as f64 / rate));
        }
        let [mut created, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
        // SAFETY: the handle is open and all four are valid for writing.
        unsafe {
            GetThreadTimes(
                self.handle(),
                &mut created,
                &mut ended,
                &mut kernel,
                &mut user,
            )
        }
        .ok()?;
        Some(duration(ticks(kernel) + ticks(user)))
    }

    fn handle(&self) -> HANDLE {
        HANDLE(self.thread.as_raw_handle())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cycles(thread: HANDLE) -> Option<u64> {
    let mut cycles = 0;
    // SAFETY: the caller's handle is open and `cycles` is valid for writing.
    unsafe { QueryThreadCycleTime(thread, &mut cycles) }.ok()?;
    (cycles > 0).then_some(cycles)
}

/// `GetThreadTimes` is as coarse as the system's tick, so time is counted in cycles. How many make a second is
/// measured once; being kept off the processor meanwhile makes it less, never more, so the best of three counts.
fn cycles_a_second() -> Option<f64> {
    static RATE: OnceLock<Option<f64>> = OnceLock::new();
    *RATE.get_or_init(|| {
        let mut best: Option<f64> = None;
        for _ in 0..3 {
            // SAFETY: the pseudo handle of this thread is always valid.
            let this = unsafe { GetCurrentThread() };
            let (began, first) = (Instant::now(), cycles(this)?);
            while began.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
            let rate = (cycles(this)?.saturating_sub(first)) as f64 / began.elapsed().as_secs_f64();
            best = Some(best.map_or(rate, |best| best.max(rate)));
        }
        best.filter(|rate| *rate > 1e6)
    })
}
