//! What the binding needs of processor and system: rounding and code pages.

#[cfg(target_os = "linux")]
use std::ptr;

/// The thread's floating-point rounding, which hashing leaves changed; put back on drop.
pub(super) struct FloatState(u64);

impl FloatState {
    #[cfg(target_arch = "x86_64")]
    pub(super) fn save() -> Self {
        let mut state = 0u32;
        // SAFETY: stores MXCSR into four bytes of ours.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut state, options(nostack, preserves_flags));
        }
        Self(u64::from(state))
    }

    #[cfg(target_arch = "aarch64")]
    pub(super) fn save() -> Self {
        let state: u64;
        // SAFETY: reads FPCR.
        unsafe {
            std::arch::asm!("mrs {}, fpcr", out(reg) state, options(nomem, nostack, preserves_flags));
        }
        Self(state)
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn save() -> Self {
        Self(0)
    }

    /// The part that says how to round: without the lowest bits, which record that exceptions happened.
    #[cfg(test)]
    pub(super) fn rounding(&self) -> u64 {
        self.0 & !0x3f
    }
}

impl Drop for FloatState {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        {
            let state = self.0 as u32;
            // SAFETY: puts back a value that MXCSR had.
            unsafe {
                std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack, readonly, preserves_flags));
            }
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: puts back a value that FPCR had.
        unsafe {
            std::arch::asm!("msr fpcr, {}", in(reg) self.0, options(nomem, nostack, preserves_flags));
        }
    }
}

/// What a hardened system lets a process do with code of its own making.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(super) enum Jit {
    /// Pages may be writable and executable at once.
    Free,
    /// Pages may become executable once they are no longer writable.
    Secure,
    /// Neither.
    Forbidden,
}

/// Tries it on a page: the library does not look whether the system refused, and would crash.
#[cfg(target_os = "linux")]
pub(super) fn probe_jit() -> Jit {
    const LENGTH: usize = 4_096;
    let (read, write, execute) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
    // SAFETY: a fresh anonymous mapping that nobody else knows, unmapped below.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
            LENGTH,
            read | write,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Jit::Forbidden;
    }
    // SAFETY: `page` is that mapping.
    let allowed = |protection| unsafe { libc::mprotect(page, LENGTH, protection) } == 0;
    let answer = if allowed(read | write | execute) {
        Jit::Free
    } else if allowed(read | execute) {
        Jit::Secure
    } else {
        Jit::Forbidden
    };
    // SAFETY: `page` is that mapping, and no longer used.
    unsafe { libc::munmap(page, LENGTH) };
    answer
}

#[cfg(not(target_os = "linux"))]
pub(super) fn probe_jit() -> Jit {
    Jit::Free
}
