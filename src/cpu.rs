//! What this CPU can do: the only place that asks.
//!
//! With `std`, the running CPU and its operating system are asked (std checks that the system saves
//! the wide registers). Without, nobody can be asked portably: only what the compiler was told to
//! assume counts, and a caller who knows more makes a token with its `new_unchecked`.

/// True when the CPU has every one of the named features.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
macro_rules! x86_has {
    ($($feature:tt),+) => {{
        #[cfg(feature = "std")]
        let has = true $(&& std::arch::is_x86_feature_detected!($feature))+;
        #[cfg(not(feature = "std"))]
        let has = true $(&& cfg!(target_feature = $feature))+;
        has
    }};
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn ssse3() -> bool {
    x86_has!("ssse3")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx2() -> bool {
    x86_has!("avx2")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx2_gfni() -> bool {
    x86_has!("avx2", "gfni")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx512() -> bool {
    x86_has!("avx512f", "avx512bw")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx512_gfni() -> bool {
    x86_has!("avx512f", "avx512bw", "gfni")
}

/// The module exists only where the compiler may assume NEON, so there is nothing left to ask.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub(crate) fn neon() -> bool {
    cfg!(target_feature = "neon")
}
