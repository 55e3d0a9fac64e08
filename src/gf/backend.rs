//! Which instruction set to use: the one match over all of them.

use super::Portable;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use super::aarch64::Neon;
use super::simd::{Kernel, Simd};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use super::x86::{Avx2, Avx512, Gfni256, Gfni512, Ssse3};
use crate::Error;
use crate::cpu::{self, ladder};

ladder!(Backend);

/// An instruction set that this CPU has: the value is the proof.
///
/// Get one from [`best`](Self::best), [`available`](Self::available) or
/// [`from_name`](Self::from_name); there is no global choice. All backends give the same bytes.
///
/// ```
/// use lustrine::gf::Backend;
///
/// assert!(Backend::available().any(|backend| backend == Backend::best()));
/// assert_eq!(Backend::from_name("portable")?.name(), "portable");
/// assert!(Backend::from_name("abacus").is_err());
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Backend {
    /// Plain integers, on every CPU.
    Portable(Portable),
    /// 16-byte table look-ups.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Ssse3(Ssse3),
    /// 32-byte table look-ups.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx2(Avx2),
    /// 32-byte bit matrices.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Gfni256(Gfni256),
    /// 64-byte table look-ups.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx512(Avx512),
    /// 64-byte bit matrices.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Gfni512(Gfni512),
    /// 16-byte table look-ups of Arm.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    Neon(Neon),
}

impl Backend {
    /// The names of all backends, of every architecture.
    pub const NAMES: &[&str] =
        &["portable", "ssse3", "avx2", "gfni256", "avx512", "gfni512", "neon"];

    /// The fastest backend of this CPU.
    pub fn best() -> Backend {
        Backend::available().next().unwrap_or(Backend::Portable(Portable))
    }

    /// The backends of this CPU, fastest first. [`Portable`] is always the last.
    pub fn available() -> impl Iterator<Item = Backend> + Clone {
        [
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Gfni512::new().map(Backend::Gfni512),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Gfni256::new().map(Backend::Gfni256),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Avx512::new().map(Backend::Avx512),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Avx2::new().map(Backend::Avx2),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Ssse3::new().map(Backend::Ssse3),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Neon::new().map(Backend::Neon),
            Some(Backend::Portable(Portable)),
        ]
        .into_iter()
        .flatten()
    }

    /// The backend of this name.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnknown`] for a name that is not among [`NAMES`](Self::NAMES),
    /// [`Error::BackendUnavailable`] if this CPU lacks it. It never falls back to another.
    pub fn from_name(name: &str) -> Result<Backend, Error> {
        cpu::by_name(name, Backend::NAMES, Backend::available(), Backend::name)
    }

    /// The name, one of [`NAMES`](Self::NAMES).
    pub fn name(self) -> &'static str {
        struct Name;
        impl Kernel for Name {
            type Out = &'static str;
            fn call<S: Simd>(self, _: S) -> &'static str {
                S::NAME
            }
        }
        self.dispatch(Name)
    }

    /// Calls `job` with the token, outside of [`Simd::run`].
    #[inline(always)]
    pub(super) fn dispatch<K: Kernel>(self, job: K) -> K::Out {
        match self {
            Backend::Portable(simd) => job.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Ssse3(simd) => job.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Avx2(simd) => job.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Gfni256(simd) => job.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Avx512(simd) => job.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Gfni512(simd) => job.call(simd),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Backend::Neon(simd) => job.call(simd),
        }
    }
}
