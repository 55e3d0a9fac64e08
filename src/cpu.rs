//! What this CPU can do: the only place that asks.
//!
//! With `std`, the running CPU and its operating system are asked (std checks that the system saves
//! the wide registers). Without, nobody can be asked portably: only what the compiler was told to
//! assume counts, and a caller who knows more makes a token with its `new_unchecked`.

use crate::Error;

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

/// Carry-less products, and byte shuffles; SSE4.1 is older than the former.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn pclmul() -> bool {
    x86_has!("pclmulqdq", "ssse3", "sse4.1")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx2_pclmul() -> bool {
    x86_has!("pclmulqdq", "avx2")
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) fn avx512_vpclmul() -> bool {
    x86_has!("avx512f", "avx512bw", "avx512vl", "avx512vnni", "gfni", "vpclmulqdq", "pclmulqdq")
}

/// Carry-less products of 64 bits.
#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
pub(crate) fn neon_pmull() -> bool {
    #[cfg(feature = "std")]
    let has = std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(feature = "std"))]
    let has = cfg!(target_feature = "aes");
    has
}

/// Declares a token: a zero-sized proof that the CPU has an instruction set.
#[cfg(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
))]
macro_rules! token {
    ($name:ident, $detect:path, $what:literal) => {
        #[doc = concat!("Proof that the CPU has ", $what, ".")]
        #[derive(Clone, Copy)]
        pub struct $name(());

        impl $name {
            /// The token, if this CPU (or, without `std`, the target the crate was compiled for)
            /// has the instructions.
            pub fn new() -> Option<Self> {
                $detect().then_some(Self(()))
            }

            /// The token, for callers who found out by themselves (a kernel, a bare system).
            ///
            /// # Safety
            ///
            #[doc = concat!("The CPU has ", $what, ", and the registers they use are saved or \
                may be overwritten wherever the token, or what is made of it, is used.")]
            pub const unsafe fn new_unchecked() -> Self {
                Self(())
            }
        }
    };
}
#[cfg(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
))]
pub(crate) use token;

/// What ladders of instruction sets have in common: a backend is its name.
macro_rules! ladder {
    ($backend:ident) => {
        impl PartialEq for $backend {
            fn eq(&self, other: &$backend) -> bool {
                core::mem::discriminant(self) == core::mem::discriminant(other)
            }
        }

        impl Eq for $backend {}

        impl core::fmt::Debug for $backend {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl core::fmt::Display for $backend {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use ladder;

/// The backend of a name, of those that this CPU has: `names` are all that there are.
pub(crate) fn by_name<B: Copy>(
    name: &str,
    names: &'static [&'static str],
    mut available: impl Iterator<Item = B>,
    name_of: impl Fn(B) -> &'static str,
) -> Result<B, Error> {
    let known = names.iter().find(|known| **known == name);
    let name = known.ok_or(Error::BackendUnknown { names })?;
    let found = available.find(|backend| name_of(*backend) == *name);
    found.ok_or(Error::BackendUnavailable { name })
}
