//! Stopping and releasing one thread of this process, at any instruction.
//!
//! The pacer sends the thread a signal; its handler waits on a futex word until the word says *run* again. Unlike
//! SIGSTOP this stops one thread and not the process, and unlike a flag that the thread looks at it also works in
//! the middle of a hash.
//!
//! A thread stopped inside the allocator or holding a lock would take others with it, so a thread is only ever
//! stopped between [`Gate::enter`] and [`Gate::leave`], which its owner puts around pure computation. A signal that
//! arrives outside does nothing; `enter` looks at the word itself.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const RUN: u32 = 0;
const STOP: u32 = 1;

/// One thread's gate. Made on that thread; every other method but `enter` and `leave` is for other threads.
pub struct Gate {
    word: AtomicU32,
    inside: AtomicBool,
    parked: AtomicBool,
    /// A signal is on its way and its handler has not begun: one is enough.
    signalled: AtomicBool,
    thread: libc::pid_t,
    clock: libc::clockid_t,
}

thread_local! {
    /// What the handler looks at. Constant initialiser and no destructor: reading it is a plain load, which is
    /// all that a signal handler may do.
    static CURRENT: Cell<*const Gate> = const { Cell::new(ptr::null()) };
}

impl Gate {
    /// The calling thread's gate, closed if `stopped`.
    pub fn of_this_thread(stopped: bool) -> io::Result<Arc<Gate>> {
        install_handler()?;
        let mut clock = 0;
        // SAFETY: the calling thread exists, and `clock` is valid for writing.
        let code = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        if code != 0 {
            return Err(io::Error::from_raw_os_error(code));
        }
        let gate = Arc::new(Gate {
            word: AtomicU32::new(if stopped { STOP } else { RUN }),
            inside: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            signalled: AtomicBool::new(false),
            // SAFETY: takes nothing, cannot fail.
            thread: unsafe { libc::gettid() },
            clock,
        });
        CURRENT.set(Arc::as_ptr(&gate));
        Ok(gate)
    }

    /// The end of `of_this_thread`, on the same thread, before the gate goes: the handler forgets it.
    pub fn retire(&self) {
        self.inside.store(false, SeqCst);
        CURRENT.set(ptr::null());
    }

    /// From here on the thread may be stopped. Waits while the gate is closed.
    pub fn enter(&self) {
        self.inside.store(true, SeqCst);
        self.wait();
    }

    /// From here on the thread runs, whatever the gate says.
    pub fn leave(&self) {
        self.inside.store(false, SeqCst);
    }

    /// Closes the gate; the thread stops at once if it is inside, else when it enters.
    pub fn stop(&self) {
        self.word.store(STOP, SeqCst);
        if self.inside.load(SeqCst) && !self.signalled.swap(true, SeqCst) {
            // SAFETY: a plain system call. The thread belongs to this process and has not retired its gate, so it
            // exists; were it gone, the call would fail without effect.
            let sent =
                unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.thread, signal()) };
            if sent != 0 {
                self.signalled.store(false, SeqCst);
            }
        }
    }

    /// Opens the gate.
    pub fn run(&self) {
        if self.word.swap(RUN, SeqCst) == STOP {
            futex(&self.word, libc::FUTEX_WAKE, 1);
        }
    }

    /// Whether the thread is held by the gate right now.
    pub fn is_parked(&self) -> bool {
        self.parked.load(SeqCst)
    }

    /// The processor time that the thread has used; `None` once it has ended.
    pub fn cpu_time(&self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is valid for writing.
        let code = unsafe { libc::clock_gettime(self.clock, &mut time) };
        (code == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    /// Called by `enter` and by the signal handler: atomics and one system call, nothing else.
    fn wait(&self) {
        while self.word.load(SeqCst) == STOP {
            self.parked.store(true, SeqCst);
            futex(&self.word, libc::FUTEX_WAIT, STOP);
            self.parked.store(false, SeqCst);
        }
    }
}

fn futex(word: &AtomicU32, operation: libc::c_int, value: u32) {
    // SAFETY: the word outlives the call, and without a timeout the remaining arguments are not read. Errors mean
    // that the word has changed or a signal came; the callers look at the word again.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            operation | libc::FUTEX_PRIVATE_FLAG,
            value,
            ptr::null::<libc::timespec>(),
        );
    }
}

/// A real-time signal that neither the C library nor the usual runtimes use.
fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 7
}

extern "C" fn on_signal(_signal: libc::c_int) {
    let gate = CURRENT.get();
    if gate.is_null() {
        return;
    }
    // SAFETY: the pointer is set from a live `Arc` and cleared by `retire`, on this very thread, before that `Arc`
    // is dropped.
    let gate = unsafe { &*gate };
    // SAFETY: errno is this thread's own; what the handler interrupted finds it unchanged.
    let saved = unsafe { *libc::__errno_location() };
    gate.signalled.store(false, SeqCst);
    if gate.inside.load(SeqCst) {
        gate.wait();
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = saved };
}

fn install_handler() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            // SAFETY: an all-zero sigaction is a valid value to fill in.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
            // Interrupted system calls go on by themselves.
            action.sa_flags = libc::SA_RESTART;
            // SAFETY: both pointers are valid; the handler only does what signal handlers may. All other signals
            // are blocked meanwhile, so that a stopped thread is never the one to serve them.
            let code = unsafe {
                libc::sigfillset(&mut action.sa_mask);
                libc::sigaction(signal(), &action, ptr::null_mut())
            };
            match code {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
            }
        })
        .map_err(io::Error::from_raw_os_error)
}
