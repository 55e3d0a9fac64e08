//! A digest that the code's own arithmetic commutes with.

use core::fmt;
use core::ops::{BitXor, BitXorAssign};

use super::tables::Encoder;
use crate::Error;
use crate::gf::{self, Backend, Remainder};

/// The linear digest of a block: 8 bytes, from which the digests of parity follow.
///
/// A block is read as a polynomial over GF(2^8), first byte first, and the digest is its remainder
/// modulo y^8 + y^3 + y + 9: the coefficients of y^7 to y^0. `docs::digest` proves what that is good
/// for. In short: sums and multiples of blocks have the sums and multiples of their digests, so that
/// **the digests of a row's shards are a row of the same code**. As digests are bytes, all that
/// `Codec` does with shards it does with lists of them.
///
/// Any change of up to 8 neighbouring bytes is seen, and any change of one or two bytes; of changes
/// taken at random, one in 2^64 is not. It does *not* withstand someone who wants to deceive, and it
/// takes no notice of zeros before a block: compare digests of blocks of one length only.
///
/// ```
/// use lustrine::ec::{Codec, Digest, Geometry};
///
/// # #[cfg(feature = "alloc")] {
/// let codec = Codec::new(Geometry::new(4, 2)?);
/// let data: [Vec<u8>; 4] = core::array::from_fn(|j| (0..5000).map(|i| (i * i >> j) as u8).collect());
/// let mut parity = [vec![0; 5000], vec![0; 5000]];
/// codec.encode(&data, &mut parity)?;
///
/// // Those who store the shards send 8 bytes each. Is the parity that of the data?
/// let sent = data.each_ref().map(|shard| Digest::of(shard));
/// let mut expected = [Digest::ZERO; 2];
/// codec.predict(&sent, &mut expected)?;
/// assert_eq!(expected, parity.each_ref().map(|shard| Digest::of(shard)));
/// # }
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Digest([u8; Digest::LEN]);

impl Digest {
    /// Bytes in a digest.
    pub const LEN: usize = 8;
    /// The digest of no bytes, and of any number of zeros.
    pub const ZERO: Digest = Digest([0; Digest::LEN]);

    /// The digest of `block`, on the fastest backend of this CPU. Cost: one pass, no allocation.
    ///
    /// ```
    /// use lustrine::ec::Digest;
    ///
    /// // Up to 8 bytes are their own digest; y^8 is y^3 + y + 9.
    /// assert_eq!(Digest::of(b"lustrine").to_bytes(), *b"lustrine");
    /// assert_eq!(Digest::of(&[1, 0, 0, 0, 0, 0, 0, 0, 0]).to_string(), "0000000001000109");
    /// ```
    pub fn of(block: &[u8]) -> Digest {
        Digest::with_backend(Backend::best(), block)
    }

    /// The digest of `block` on the given backend. All give the same.
    pub fn with_backend(backend: Backend, block: &[u8]) -> Digest {
        let mut digester = Digester::with_backend(backend);
        digester.update(block);
        digester.finish()
    }

    /// The digest of these bytes, as [`to_bytes`](Self::to_bytes) gave them.
    pub const fn from_bytes(bytes: [u8; Digest::LEN]) -> Digest {
        Digest(bytes)
    }

    /// Its bytes, the coefficient of y^7 first: the last 8 bytes of a block that is otherwise zero
    /// and has this digest.
    pub const fn to_bytes(self) -> [u8; Digest::LEN] {
        self.0
    }

    /// The digest of the block followed by so many zeros. Cost: some 0.1 microseconds for each bit
    /// of `zeros` that is set.
    #[must_use]
    pub fn shift(self, zeros: u64) -> Digest {
        Digest(gf::shifted(u64::from_be_bytes(self.0), zeros).to_be_bytes())
    }

    /// The digest of the block followed by another of `next_len` bytes, of which `next` is the
    /// digest. Cost: that of [`shift`](Self::shift).
    ///
    /// ```
    /// use lustrine::ec::Digest;
    ///
    /// let (first, second) = (Digest::of(b"the data path "), Digest::of(b"of Lustre"));
    /// assert_eq!(first.combine(second, 9), Digest::of(b"the data path of Lustre"));
    ///
    /// // And how a change shows: where it is, and what is the difference.
    /// let change = Digest::of(b"data") ^ Digest::of(b"race");
    /// assert_eq!(first ^ change.shift(6), Digest::of(b"the race path "));
    /// ```
    #[must_use]
    pub fn combine(self, next: Digest, next_len: u64) -> Digest {
        self.shift(next_len) ^ next
    }
}

impl BitXor for Digest {
    type Output = Digest;
    /// The digest of the sum of both blocks, which must be equally long.
    fn bitxor(self, other: Digest) -> Digest {
        let sum = u64::from_ne_bytes(self.0) ^ u64::from_ne_bytes(other.0);
        Digest(sum.to_ne_bytes())
    }
}

impl BitXorAssign for Digest {
    fn bitxor_assign(&mut self, other: Digest) {
        *self = *self ^ other;
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// As a shard of a code: that is how `Codec` writes digests.
impl AsMut<[u8]> for Digest {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The [`Digest`] of a block that comes in pieces.
///
/// It is some 600 bytes of memory, because it is only at the end that they are made 8. Pieces of a
/// multiple of 512 bytes cost least.
///
/// ```
/// use lustrine::ec::{Digest, Digester};
///
/// let mut digester = Digester::new();
/// digester.update(b"Lust");
/// digester.zeros(1 << 50);
/// digester.update(b"re");
/// assert_eq!(digester.finish(), Digest::of(b"Lust").shift((1 << 50) + 2) ^ Digest::of(b"re"));
/// ```
#[derive(Clone, Debug)]
pub struct Digester(Remainder);

impl Digester {
    /// The digest of no bytes, on the fastest backend of this CPU.
    pub fn new() -> Digester {
        Digester::with_backend(Backend::best())
    }

    /// The digest of no bytes, on the given backend. All give the same.
    pub const fn with_backend(backend: Backend) -> Digester {
        Digester(Remainder::new(backend))
    }

    /// Takes in `bytes`. Cost: one pass.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in so many zeros: a hole. Cost: that of [`finish`](Self::finish) and of
    /// [`Digest::shift`].
    pub fn zeros(&mut self, zeros: u64) {
        self.0.zeros(zeros);
    }

    /// The digest of all that came so far. Cost: as much as some kilobytes of data.
    pub fn finish(&self) -> Digest {
        Digest(self.0.finish().to_be_bytes())
    }
}

impl Default for Digester {
    fn default() -> Digester {
        Digester::new()
    }
}

impl Encoder<'_> {
    /// Overwrites `parity` with the digests of the parity shards, from those of the data shards of
    /// the same row. Cost: k·p multiply-adds of 8 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], and then nothing is written.
    pub fn predict(&self, data: &[Digest], parity: &mut [Digest]) -> Result<(), Error> {
        self.encode(data, parity)
    }
}

#[cfg(feature = "alloc")]
impl super::Codec {
    /// Overwrites `parity` with the digests of the p parity shards, from those of the k data shards
    /// of the same row: neither the data nor the parity is needed.
    ///
    /// That is nothing but [`encode`](Self::encode): the digests of a row are a row. So
    /// [`verify`](Self::verify) compares them, [`reconstruct`](Self::reconstruct) gives the digest
    /// of a lost shard, and [`update`](Self::update) says how digests change. Cost: k·p multiply-adds
    /// of 8 bytes, no allocation.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], and then nothing is written.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Digest, Geometry};
    ///
    /// let codec = Codec::new(Geometry::new(3, 1)?);
    /// let data = [[1; 700], [2; 700], [3; 700]];
    /// let mut parity = [[0; 700]];
    /// codec.encode(&data, &mut parity)?;
    ///
    /// let digests = data.map(|shard| Digest::of(&shard));
    /// let mut predicted = [Digest::ZERO];
    /// codec.predict(&digests, &mut predicted)?;
    /// assert_eq!(predicted, [Digest::of(&parity[0])]);
    /// assert!(codec.verify(&digests, &predicted)?);
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn predict(&self, data: &[Digest], parity: &mut [Digest]) -> Result<(), Error> {
        self.encode(data, parity)
    }
}
