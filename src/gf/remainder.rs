//! Blocks modulo the polynomial G of `modulus`, at the speed of registers.
//!
//! A block is a polynomial of y over GF(2^8), its first byte being the highest power. In rows of w
//! bytes, w a power of two, it is w polynomials of z = y^w side by side; and G(y)^w is again a
//! polynomial of z with the same few terms ([`CONSTANTS`]). So all columns can be divided by that
//! at once, which leaves eight rows; and because G divides G(y)^w, the remainder modulo G has not
//! changed.
//!
//! With c = 9^w, and those before the first being zero, the rows q of the quotient are
//!
//! ```text
//! q[n] = m[n] + q[n - 5] + q[n - 7] + c q[n - 8]                `divide`, for eight rows at a time
//! ```
//!
//! The last eight m make no more of the quotient, but the remainder. It is what the formula gives, but
//! for what that added of these eight rows themselves, which is taken back. Counted from 0 among them,
//!
//! ```text
//! r[5] = q[5] + q[0],   r[6] = q[6] + q[1],   r[7] = q[7] + q[2] + q[0]                     `turn`
//! ```
//!
//! and the others are as they are. The first eight q are made of the first eight m by the same sums.
//!
//! The eight q that are needed are registers, which take turns: nothing is moved from one to the
//! next. First the rows are as wide as a register; then the eight rows that are left are read as 16
//! rows of half the width, and so on, down to rows of 8 bytes, which are few enough for a `u64`.
#![allow(unsafe_code)]
// As in `kernel`: what is indexed by constant ranges becomes registers.
#![allow(clippy::needless_range_loop)]

use core::fmt;
use core::mem::MaybeUninit;
use core::slice;

use super::modulus::{self, CONSTANTS, TERMS};
use super::simd::{Kernel, Simd};
use super::{Backend, Portable};

/// Rows that are divided at a time: the degree of G.
const ROWS: usize = 8;
/// The most bytes of a register.
const WIDEST: usize = 64;
/// Bytes of eight rows of the widest register.
const ROOM: usize = ROWS * WIDEST;
/// Up to so many bytes, a number is as fast as registers.
const SHORT: usize = 64;

/// The remainder of bytes that come piece by piece.
///
/// What it keeps of them is a message of at most eight registers that has the same remainder. A
/// piece that is a multiple of eight registers costs two passes over these registers beside its own.
#[derive(Clone)]
pub(crate) struct Remainder {
    message: Message,
    /// So many bytes of the message count, at most eight registers of the backend.
    used: usize,
    backend: Backend,
}

/// Bytes, and behind them as many as a register may reach too far.
#[derive(Clone)]
#[repr(align(64))]
struct Message([u8; ROOM + WIDEST]);

impl Message {
    const ZEROS: Message = Message([0; ROOM + WIDEST]);
}

impl Remainder {
    pub(crate) const fn new(backend: Backend) -> Remainder {
        Remainder { message: Message::ZEROS, used: 0, backend }
    }

    /// Takes in `bytes`.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        struct Update<'a>(&'a mut Remainder, &'a [u8]);
        impl Kernel for Update<'_> {
            type Out = ();
            #[inline(always)]
            fn call<S: Simd>(self, simd: S) {
                self.0.update_on(simd, self.1);
            }
        }
        if self.backend == Backend::Portable(Portable) {
            // Plain integers are faster in one number than in rows of them.
            self.set(modulus::append(self.finish(), bytes));
        } else {
            self.backend.dispatch(Update(self, bytes));
        }
    }

    /// Takes in so many zero bytes. Cost: that of `finish`, and one product of remainders for each
    /// bit that is set.
    pub(crate) fn zeros(&mut self, zeros: u64) {
        self.set(modulus::shifted(self.finish(), zeros));
    }

    /// Makes the message as short as can be.
    fn set(&mut self, remainder: u64) {
        self.message.0[..8].copy_from_slice(&remainder.to_be_bytes());
        self.used = 8;
    }

    /// The remainder of all bytes so far.
    pub(crate) fn finish(&self) -> u64 {
        struct Ask<'a>(&'a Remainder);
        impl Kernel for Ask<'_> {
            type Out = u64;
            #[inline(always)]
            fn call<S: Simd>(self, simd: S) -> u64 {
                self.0.finish_on(simd)
            }
        }
        self.backend.dispatch(Ask(self))
    }

    /// `finish` on the backend that this was made for.
    pub(super) fn finish_on<S: Simd>(&self, simd: S) -> u64 {
        if self.used <= SHORT {
            modulus::append(0, &self.message.0[..self.used])
        } else {
            simd.run(Finish { message: &self.message, used: self.used })
        }
    }

    /// `update` on the backend that this was made for.
    pub(super) fn update_on<S: Simd>(&mut self, simd: S, bytes: &[u8]) {
        const { assert!(S::BYTES <= WIDEST) };
        let Remainder { message, used, .. } = self;
        let group = ROWS * S::BYTES;
        let kept = &mut message.0[..group];
        if bytes.len() <= group - *used {
            kept[*used..][..bytes.len()].copy_from_slice(bytes);
            *used += bytes.len();
            return;
        }
        // The last group has to end with the bytes. What does not fill a group is before all that
        // do; so the message moves to the end of its group, or one group further.
        let (front, groups) = bytes.split_at(bytes.len() % group);
        let mut buffer;
        let next = match group.checked_sub(*used + front.len()) {
            Some(zeros) => {
                // A message of nothing is all zeros.
                if *used > 0 && zeros > 0 {
                    kept.copy_within(..*used, zeros);
                    kept[..zeros].fill(0);
                }
                kept[group - front.len()..].copy_from_slice(front);
                &[][..]
            }
            None => {
                let stays = *used + front.len() - group;
                buffer = Message::ZEROS;
                let next = &mut buffer.0[..group];
                let (moved, rest) = next.split_at_mut(group - front.len());
                moved.copy_from_slice(&kept[stays..*used]);
                rest.copy_from_slice(front);
                kept.copy_within(..stays, group - stays);
                kept[..group - stays].fill(0);
                next
            }
        };
        *used = group;
        simd.run(Divide { message, next, groups });
    }
}

impl fmt::Debug for Remainder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remainder({:#018x} on {})", self.finish(), self.backend)
    }
}

/// Divides the first group of rows in `message`, and those in `next` and `groups`, which have whole
/// groups, and leaves in `message` the eight rows that are left of them.
struct Divide<'a> {
    message: &'a mut Message,
    next: &'a [u8],
    groups: &'a [u8],
}

impl Kernel for Divide<'_> {
    type Out = ();

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        let Divide { message, next, groups } = self;
        const { assert!(S::BYTES <= WIDEST) };
        let group = ROWS * S::BYTES;
        let c = constant(simd, S::BYTES);
        // SAFETY: the assertion says that `message` has room for eight rows; chunks_exact makes
        // groups of as many.
        unsafe {
            let mut rows = load(simd, message.0.as_ptr(), S::BYTES);
            turn(simd, &mut rows);
            for part in [next, groups] {
                for group in part.chunks_exact(group) {
                    divide(simd, &mut rows, c, group.as_ptr(), S::BYTES);
                }
            }
            turn(simd, &mut rows);
            store(simd, &rows, message.0.as_mut_ptr(), S::BYTES);
        }
    }
}

/// Halves the message until it is short, which it must not be before.
struct Finish<'a> {
    message: &'a Message,
    used: usize,
}

impl Kernel for Finish<'_> {
    type Out = u64;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> u64 {
        const { assert!(S::BYTES <= WIDEST) };
        let Finish { message, used } = self;
        // As 16 rows, with zeros in front. Of registers that are wider than a row the first bytes
        // count; what is behind them is some other row, and does no harm.
        let mut width = used.div_ceil(2 * ROWS).next_power_of_two();
        assert!(used > SHORT && width <= S::BYTES / 2);
        let mut padded;
        let zeros = 2 * ROWS * width - used;
        let mut from = if zeros == 0 {
            message.0.as_ptr()
        } else {
            padded = Message::ZEROS;
            padded.0[zeros..][..used].copy_from_slice(&message.0[..used]);
            padded.0.as_ptr()
        };
        let mut halves = [const { MaybeUninit::<Message>::uninit() }; 2];
        let [to, other] = &mut halves;
        let (mut to, mut other) = (to.as_mut_ptr().cast::<u8>(), other.as_mut_ptr().cast::<u8>());
        while 2 * ROWS * width > SHORT {
            let c = constant(simd, width);
            // SAFETY: the assertions say that a row is at most half a register, and a register at
            // most WIDEST: so 16 rows end at ROOM at the latest, and a register that starts with the
            // last of them is within a Message. All that is read is initialised: at first all of the
            // Message is. Later, registers at distances of `width` were written, eight of rows and
            // one of zeros, each reaching to the next or further; the last of them reaches as far as
            // one that starts with the last of 16 rows of half that width.
            unsafe {
                let mut rows = load(simd, from, width);
                turn(simd, &mut rows);
                divide(simd, &mut rows, c, from.add(ROWS * width), width);
                turn(simd, &mut rows);
                store(simd, &rows, to, width);
                simd.store(to.add(ROWS * width), simd.zero());
            }
            from = to;
            (to, other) = (other, to);
            width /= 2;
        }
        // SAFETY: as many bytes are what the last of the rounds above wrote, of which there was at
        // least one, because the message is not short.
        modulus::append(0, unsafe { slice::from_raw_parts(from, 2 * ROWS * width) })
    }
}

/// G's constant for rows of so many bytes, a power of two.
#[inline(always)]
fn constant<S: Simd>(simd: S, width: usize) -> S::C {
    simd.prepare(&CONSTANTS[width.trailing_zeros() as usize % CONSTANTS.len()])
}

/// # Safety
/// From `from` on, registers can be read at eight places that are `width` bytes apart.
#[inline(always)]
unsafe fn load<S: Simd>(simd: S, from: *const u8, width: usize) -> [S::V; ROWS] {
    let mut rows = [simd.zero(); ROWS];
    for n in 0..ROWS {
        // SAFETY: the caller's contract.
        rows[n] = unsafe { simd.load(from.add(n * width)) };
    }
    rows
}

/// # Safety
/// From `to` on, registers can be written at eight places that are `width` bytes apart.
#[inline(always)]
unsafe fn store<S: Simd>(simd: S, rows: &[S::V; ROWS], to: *mut u8, width: usize) {
    for n in 0..ROWS {
        // SAFETY: the caller's contract.
        unsafe { simd.store(to.add(n * width), rows[n]) };
    }
}

/// From the first eight rows of a message to the first eight of its quotient, and from the last
/// eight of a quotient to what is left: this undoes itself.
#[inline(always)]
fn turn<S: Simd>(simd: S, rows: &mut [S::V; ROWS]) {
    const { assert!(TERMS[0] < TERMS[1] && TERMS[1] <= ROWS / 2) };
    for n in 0..ROWS {
        for term in TERMS {
            if n + term >= ROWS {
                rows[n] = simd.xor(rows[n], rows[n + term - ROWS]);
            }
        }
    }
}

/// The next eight rows of the quotient, of the message's rows that begin at `from`.
///
/// # Safety
/// As for `load`.
#[inline(always)]
unsafe fn divide<S: Simd>(
    simd: S,
    rows: &mut [S::V; ROWS],
    c: S::C,
    from: *const u8,
    width: usize,
) {
    for n in 0..ROWS {
        // SAFETY: the caller's contract.
        let row = unsafe { simd.load(from.add(n * width)) };
        let later = simd.xor(rows[(n + TERMS[0]) % ROWS], rows[(n + TERMS[1]) % ROWS]);
        let mut sum = simd.open(simd.xor(row, later));
        simd.mul_add(&mut sum, c, simd.split(rows[n]));
        rows[n] = simd.close(&sum);
    }
}
