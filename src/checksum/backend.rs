//! Which instruction set to use: the one match over all of them.

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
use super::aarch64::Pmull;
use super::portable::Portable;
use super::simd::{Kernel, Simd};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use super::x86::{Avx2, Avx512, Pclmul};
use crate::Error;
use crate::cpu::{self, ladder};

ladder!(Backend);

/// An instruction set for checksums that this CPU has: the value is the proof.
///
/// Get one from [`best`](Self::best), [`available`](Self::available) or
/// [`from_name`](Self::from_name); there is no global choice. All backends give the same values.
///
/// ```
/// use lustrine::checksum::Backend;
///
/// assert!(Backend::available().any(|backend| backend == Backend::best()));
/// assert_eq!(Backend::from_name("portable")?.name(), "portable");
/// assert!(Backend::from_name("abacus").is_err());
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Backend {
    /// Tables and plain integers, on every CPU.
    Portable(Portable),
    /// 16 bytes: carry-less products, and byte products of SSSE3.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Pclmul(Pclmul),
    /// 32 bytes for sums, 16 for remainders.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx2(Avx2),
    /// 64 bytes.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx512(Avx512),
    /// 16 bytes of Arm.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
    Pmull(Pmull),
}

impl Backend {
    /// The names of all backends, of every architecture.
    pub const NAMES: &[&str] = &["portable", "pclmul", "avx2", "avx512", "pmull"];

    /// The fastest backend of this CPU.
    #[inline]
    pub fn best() -> Backend {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        if let Some(token) = Avx512::new() {
            return Backend::Avx512(token);
        }
        Backend::available().next().unwrap_or(Backend::Portable(Portable))
    }

    /// The backends of this CPU, fastest first. [`Portable`] is always the last.
    pub fn available() -> impl Iterator<Item = Backend> + Clone {
        [
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Avx512::new().map(Backend::Avx512),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Avx2::new().map(Backend::Avx2),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Pclmul::new().map(Backend::Pclmul),
            #[cfg(all(
                target_arch = "aarch64",
                target_feature = "neon",
                target_endian = "little"
            ))]
            Pmull::new().map(Backend::Pmull),
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

    /// Runs `kernel` with the token, its instructions enabled.
    #[inline(always)]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Out {
        struct Run<K>(K);
        impl<K: Kernel> Kernel for Run<K> {
            type Out = K::Out;
            #[inline(always)]
            fn call<S: Simd>(self, simd: S) -> K::Out {
                simd.run(self.0)
            }
        }
        self.dispatch(Run(kernel))
    }

    /// Calls `kernel` with the token, outside of [`Simd::run`].
    #[inline(always)]
    fn dispatch<K: Kernel>(self, kernel: K) -> K::Out {
        match self {
            Backend::Portable(simd) => kernel.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Pclmul(simd) => kernel.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Avx2(simd) => kernel.call(simd),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Backend::Avx512(simd) => kernel.call(simd),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Backend::Pmull(simd) => kernel.call(simd),
        }
    }
}
