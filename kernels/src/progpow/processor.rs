//! What the processor can do beyond the least that its kind can: the same code, compiled for it as well.

#![allow(unsafe_code)]

/// Work that is worth compiling twice.
pub trait Work {
    /// Does it. Every implementation is `#[inline(always)]`, or else nothing is gained.
    fn run(self);
}

/// Does work with AVX2 and BMI if the processor has them, else without.
pub fn run(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,bmi1,bmi2")]
        fn with_extensions(work: impl Work) {
            work.run();
        }
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("bmi1") && has!("bmi2") {
            // SAFETY: the processor was just asked.
            return unsafe { with_extensions(work) };
        }
    }
    work.run();
}

/// Asks for a line of memory that will soon be read.
#[inline(always)]
pub fn prefetch<T>(line: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which never faults and changes nothing that a program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
