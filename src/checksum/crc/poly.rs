//! The polynomials, each with all that is made from it at compile time.

use super::algebra::{Ends, Zeros, barrett};
use super::slices::{self, Slices};

/// A polynomial; the types of this module that implement it are all there are.
pub trait Poly: Constants {
    /// Its degree, at most 64: bits in a register.
    const WIDTH: u32;
    /// Its coefficients but for the highest, reflected: bit 0 is that of x^(`WIDTH` - 1).
    const POLYNOMIAL: u64;
    /// False if the first bit of a byte is its highest one.
    const REFLECTED: bool;
}

/// What kernels need of a polynomial. Nobody else can name it.
pub trait Constants: Copy + 'static {
    /// What an entry of the tables is: it holds a register.
    type Word: Copy + Into<u64> + 'static;
    const SLICES: &Slices<Self::Word>;
    const ENDS: &Ends;
    const UPRIGHT_ENDS: &Ends;
    const ZEROS: &Zeros;
    const BARRETT: [u64; 2];
}

macro_rules! poly {
    ($(#[$doc:meta])* $name:ident, $width:literal, $poly:expr, $reflected:literal, $word:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Poly for $name {
            const WIDTH: u32 = $width;
            const POLYNOMIAL: u64 = $poly;
            const REFLECTED: bool = $reflected;
        }

        impl Constants for $name {
            type Word = $word;
            const SLICES: &Slices<$word> = {
                static SLICES: Slices<$word> = slices::$word($poly);
                &SLICES
            };
            const ENDS: &Ends = {
                static ENDS: Ends = Ends::new($poly);
                &ENDS
            };
            const UPRIGHT_ENDS: &Ends = {
                static ENDS: Ends = Ends::new($poly).upright($poly);
                &ENDS
            };
            const ZEROS: &Zeros = &Zeros::new($poly, $width);
            const BARRETT: [u64; 2] = barrett($poly);
        }
    };
}

poly! {
    /// The CRC of Ethernet and zlib: 0x04c11db7.
    Crc32, 32, 0xedb8_8320, true, u32
}
poly! {
    /// Castagnoli's, of iSCSI: 0x1edc6f41.
    Crc32c, 32, 0x82f6_3b78, true, u32
}
poly! {
    /// That of NVMe: 0xad93d23594c93659.
    Crc64Nvme, 64, 0xad93_d235_94c9_3659_u64.reverse_bits(), true, u64
}
poly! {
    /// That of T10's data integrity field: 0x8bb7, and bytes begin with their highest bit.
    T10, 16, 0x8bb7_u16.reverse_bits() as u64, false, u32
}
