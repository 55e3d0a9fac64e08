//! The contract between kernels and instruction sets.
#![allow(unsafe_code)]

use super::coef::Coef;

/// Code over a token's operations, run where the token's instructions are enabled.
///
/// `call` must be `#[inline(always)]`: its body has to end up inside [`Simd::run`].
pub(crate) trait Kernel {
    type Out;
    fn call<S: Simd>(self, simd: S) -> Self::Out;
}

/// An instruction set: a few operations on a register `V` of `BYTES` bytes.
///
/// Every method but `run` is `#[inline(always)]`, so that it becomes an instruction of the kernel
/// around it.
///
/// # Safety
///
/// A value of `Self` exists only where the CPU, and the operating system's saving of registers,
/// support the instructions that the methods use. `BYTES` is what `load` reads and `store` writes.
pub(crate) unsafe trait Simd: Copy {
    /// How users name the backend.
    const NAME: &'static str;
    /// Bytes in a register.
    const BYTES: usize;
    /// Most outputs of one pass over the sources that leave no register spilled.
    const ROWS: usize;
    /// The CPU has 32 vector registers, so that each pass can be unrolled further.
    const WIDE_FILE: bool;
    /// Two sources at a time pay: a product is so cheap that saving an addition shows.
    const PAIRS: bool;

    /// A register.
    type V: Copy;
    /// A source prepared once, to be multiplied for each output.
    type X: Copy;
    /// A constant in registers.
    type C: Copy;
    /// A sum of products. A register, unless summing is cheaper in another form.
    type A: Copy;

    /// # Safety
    /// `p` is readable for `BYTES` bytes; any alignment.
    unsafe fn load(self, p: *const u8) -> Self::V;
    /// # Safety
    /// `p` is writable for `BYTES` bytes; any alignment.
    unsafe fn store(self, p: *mut u8, v: Self::V);

    /// The first `n` bytes at `p`, then zeros.
    /// # Safety
    /// `p` is readable for `n` bytes, and `n < BYTES`.
    #[inline(always)]
    unsafe fn load_part(self, p: *const u8, n: usize) -> Self::V {
        let mut buffer = Buffer([0; 64]);
        // SAFETY: the caller says that n < BYTES bytes are readable; the constant assertion says
        // that BYTES bytes fit the buffer, so the copy and the load are inside it.
        unsafe {
            const { assert!(Self::BYTES <= 64) };
            copy(p, buffer.0.as_mut_ptr(), n);
            self.load(buffer.0.as_ptr())
        }
    }
    /// Writes the first `n` bytes of `v`.
    /// # Safety
    /// `p` is writable for `n` bytes, and `n < BYTES`.
    #[inline(always)]
    unsafe fn store_part(self, p: *mut u8, n: usize, v: Self::V) {
        let mut buffer = Buffer([0; 64]);
        // SAFETY: as in load_part, with p written instead of read.
        unsafe {
            const { assert!(Self::BYTES <= 64) };
            self.store(buffer.0.as_mut_ptr(), v);
            copy(buffer.0.as_ptr(), p, n);
        }
    }

    /// `store` that goes round the caches, where the CPU can.
    /// # Safety
    /// `p` is writable for `BYTES` bytes and aligned to `BYTES`. `fence` follows before
    /// anything else touches the bytes, and before another thread is told of them.
    #[inline(always)]
    unsafe fn stream(self, p: *mut u8, v: Self::V) {
        // SAFETY: the same contract, but for the alignment that store does not need.
        unsafe { self.store(p, v) }
    }
    /// Orders streamed stores before all later stores.
    #[inline(always)]
    fn fence(self) {}
    /// Hints that the line at `p` is read soon. Any address is allowed.
    #[inline(always)]
    fn prefetch(self, _p: *const u8) {}

    fn zero(self) -> Self::V;
    fn xor(self, a: Self::V, b: Self::V) -> Self::V;
    fn or(self, a: Self::V, b: Self::V) -> Self::V;
    fn and(self, a: Self::V, b: Self::V) -> Self::V;
    fn is_zero(self, v: Self::V) -> bool;

    fn prepare(self, c: &Coef) -> Self::C;
    fn split(self, v: Self::V) -> Self::X;
    /// `split` of the sum of what `a` and `b` are splits of.
    // Shapes are used by plans, which need an allocator.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    fn add(self, a: Self::X, b: Self::X) -> Self::X;
    /// The sum that is `v` so far.
    fn open(self, v: Self::V) -> Self::A;
    /// `sum += c * x`.
    fn mul_add(self, sum: &mut Self::A, c: Self::C, x: Self::X);
    /// What the sum is.
    fn close(self, sum: &Self::A) -> Self::V;

    /// Runs `kernel` where the instructions are enabled: the only such place of a backend.
    fn run<K: Kernel>(self, kernel: K) -> K::Out;
}

/// Room for the widest register, on a cache line of its own.
#[repr(align(64))]
struct Buffer([u8; 64]);

/// Kept out of line: a short tail is rare, and inlined it would double each kernel.
///
/// # Safety
/// As for `copy_nonoverlapping` of `n` bytes.
#[inline(never)]
unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: the caller's contract is the same.
    unsafe { core::ptr::copy_nonoverlapping(from, to, n) }
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
                may be overwritten wherever the token, or a codec made of it, is used.")]
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
pub(super) use token;
