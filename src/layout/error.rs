//! What is wrong with a layout, and where.

use core::fmt;

/// A fault in a layout EA, with the byte offset in the EA where it was found.
///
/// The offset is that of the field that holds the offending value; for an EA that ends too early it
/// is the first byte that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutError {
    /// Byte offset in the EA.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

impl LayoutError {
    /// The stable number that the C interface returns: negative, never reused.
    pub const fn code(self) -> i32 {
        self.fault.code()
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.fault)
    }
}

impl core::error::Error for LayoutError {}

/// What can be wrong with a layout. Component numbers count entries from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The EA ends before a field or table does.
    Short {
        /// Bytes that the part needs, from the start of the EA.
        expected: u64,
        /// Bytes that the EA has.
        got: u64,
    },
    /// The first word is no layout magic, in neither byte order.
    Magic {
        /// The word, read little-endian.
        got: u32,
    },
    /// Bytes follow the end that the layout's own sizes give.
    Behind {
        /// Bytes that the layout takes.
        expected: u64,
        /// Bytes that the EA has.
        got: u64,
    },
    /// A composite layout without components.
    NoComponents,
    /// Header and entries do not fit `lcm_size`.
    EntryTable {
        /// Entries announced.
        entries: u16,
        /// `lcm_size`.
        size: u32,
    },
    /// A sub-layout ends after `lcm_size`.
    SubLayoutEnd {
        /// The component.
        component: u16,
        /// `lcme_offset`.
        offset: u32,
        /// `lcme_size`.
        size: u32,
        /// `lcm_size`.
        limit: u32,
    },
    /// A sub-layout does not follow the one before it (Lustre packs them in entry order).
    SubLayoutPlace {
        /// The component.
        component: u16,
        /// Where the one before it ends.
        expected: u64,
        /// `lcme_offset`.
        got: u32,
    },
    /// The bytes behind a striping's header are not whole slots of 24 bytes.
    SlotBytes {
        /// Bytes behind the header.
        got: u64,
    },
    /// An instantiated striping does not have a slot for each stripe.
    SlotCount {
        /// `lmm_stripe_count`.
        expected: u16,
        /// Slots present.
        got: u64,
    },
    /// Extent starts after its end, or lies beyond 2^63 - 1.
    Extent {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
    },
    /// An extent boundary is not a multiple of 64 KiB.
    ExtentAlign {
        /// The boundary.
        got: u64,
    },
    /// A component does not start where the one before it in its mirror ends.
    ExtentGap {
        /// The previous end.
        expected: u64,
        /// The start.
        got: u64,
    },
    /// `lcm_mirror_count` disagrees with the components' ids or extents.
    MirrorCount {
        /// Mirrors that the header announces.
        expected: u32,
        /// Mirrors found.
        got: u32,
    },
    /// A mirror's components do not stand together.
    MirrorSplit {
        /// The mirror id that comes up again.
        mirror: u16,
    },
    /// A state for several mirrors on one mirror, or the reverse.
    State {
        /// `lcm_flags`.
        flags: u16,
        /// Mirrors found.
        mirrors: u32,
    },
    /// A component id outside 1..=0x7fffffff in a file's layout.
    ComponentId {
        /// The id.
        got: u32,
    },
    /// A stripe size that is zero or not a multiple of 64 KiB.
    StripeSize {
        /// The size, bytes.
        got: u32,
    },
    /// A stripe count that an instantiated striping cannot have.
    StripeCount {
        /// The count.
        got: u16,
    },
    /// A pool name without its NUL.
    PoolName,
    /// An OST index above 0xffdf.
    OstIndex {
        /// The index.
        got: u32,
    },
    /// An object's FID has a version.
    ObjectVersion {
        /// The version.
        got: u32,
    },
    /// A legacy object id of more than 48 bits.
    ObjectNumber {
        /// The id.
        got: u64,
    },
    /// An object id of the default (template) sequence, where an object was expected.
    ObjectDefault,
    /// A foreign value longer than the bytes behind its header.
    ForeignLength {
        /// Bytes there.
        expected: u64,
        /// `lfm_length`.
        got: u32,
    },
    /// There is no such component, or it has no objects.
    NoObjects {
        /// The component asked for.
        component: u32,
    },
    /// There is no such stripe.
    NoStripe {
        /// The stripe asked for.
        stripe: u32,
        /// The component's stripe count.
        count: u32,
    },
}

impl Fault {
    /// The stable number that the C interface returns: negative, never reused.
    pub const fn code(self) -> i32 {
        match self {
            Fault::Short { .. } => -201,
            Fault::Magic { .. } => -202,
            Fault::Behind { .. } => -203,
            Fault::NoComponents => -204,
            Fault::EntryTable { .. } => -205,
            Fault::SubLayoutEnd { .. } => -206,
            Fault::SubLayoutPlace { .. } => -207,
            Fault::SlotBytes { .. } => -208,
            Fault::SlotCount { .. } => -209,
            Fault::Extent { .. } => -210,
            Fault::ExtentAlign { .. } => -211,
            Fault::ExtentGap { .. } => -212,
            Fault::MirrorCount { .. } => -213,
            Fault::MirrorSplit { .. } => -214,
            Fault::State { .. } => -215,
            Fault::ComponentId { .. } => -216,
            Fault::StripeSize { .. } => -217,
            Fault::StripeCount { .. } => -218,
            Fault::PoolName => -219,
            Fault::OstIndex { .. } => -220,
            Fault::ObjectVersion { .. } => -221,
            Fault::ObjectNumber { .. } => -222,
            Fault::ObjectDefault => -223,
            Fault::ForeignLength { .. } => -224,
            Fault::NoObjects { .. } => -225,
            Fault::NoStripe { .. } => -226,
        }
    }
}

impl Fault {
    /// The error number that Lustre answers with: EINVAL but for a few.
    pub const fn errno(self) -> i32 {
        const E2BIG: i32 = 7;
        const EBADF: i32 = 9;
        const EINVAL: i32 = 22;
        match self {
            Fault::PoolName => E2BIG,
            Fault::ObjectVersion { .. } | Fault::ObjectNumber { .. } => EBADF,
            _ => EINVAL,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Short { expected, got } => {
                write!(f, "the EA ends after {got} bytes, at least {expected} are needed")
            }
            Fault::Magic { got } => write!(f, "0x{got:08x} is no layout magic"),
            Fault::Behind { expected, got } => {
                write!(f, "the layout takes {expected} bytes, but the EA has {got}")
            }
            Fault::NoComponents => f.write_str("a composite layout without components"),
            Fault::EntryTable { entries, size } => {
                write!(f, "the header and {entries} entries of 48 bytes do not fit lcm_size {size}")
            }
            Fault::SubLayoutEnd { component, offset, size, limit } => write!(
                f,
                "component {component}'s sub-layout of {size} bytes at {offset} ends after the \
                 EA's {limit}"
            ),
            Fault::SubLayoutPlace { component, expected, got } => write!(
                f,
                "component {component}'s sub-layout is at {got}, expected at {expected}, behind \
                 the part before it"
            ),
            Fault::SlotBytes { got } => {
                write!(f, "{got} bytes behind the header are not whole slots of 24 bytes")
            }
            Fault::SlotCount { expected, got } => {
                write!(f, "expected {expected} slots, one for each stripe, got {got}")
            }
            Fault::Extent { start, end } => {
                write!(f, "the extent [{start}, {end}) ends before its start or beyond 2^63 - 1")
            }
            Fault::ExtentAlign { got } => {
                write!(f, "the extent boundary {got} is not a multiple of 65536")
            }
            Fault::ExtentGap { expected, got } => write!(
                f,
                "the component starts at {got}, expected {expected} where the one before it ends"
            ),
            Fault::MirrorCount { expected, got } => {
                write!(f, "the header announces {expected} mirrors, the components form {got}")
            }
            Fault::MirrorSplit { mirror } => {
                write!(f, "the components of mirror {mirror} do not stand together")
            }
            Fault::State { flags, mirrors } => {
                write!(f, "lcm_flags 0x{flags:x} are not a state of a file with {mirrors} mirrors")
            }
            Fault::ComponentId { got } => {
                write!(f, "component id 0x{got:x} is not one of 1..=0x7fffffff")
            }
            Fault::StripeSize { got } => {
                write!(f, "stripe size {got} is not a positive multiple of 65536")
            }
            Fault::StripeCount { got } => {
                write!(f, "stripe count {got} of a striping that has objects")
            }
            Fault::PoolName => f.write_str("the pool name has no NUL within its 16 bytes"),
            Fault::OstIndex { got } => write!(f, "OST index {got} is above 65503"),
            Fault::ObjectVersion { got } => {
                write!(f, "the object's FID has version {got}, expected 0")
            }
            Fault::ObjectNumber { got } => {
                write!(f, "object id 0x{got:x} has more than 48 bits")
            }
            Fault::ObjectDefault => {
                f.write_str("the default object id, where an object was expected")
            }
            Fault::ForeignLength { expected, got } => {
                write!(f, "a foreign value of {got} bytes, but only {expected} are there")
            }
            Fault::NoObjects { component } => {
                write!(f, "component {component} does not exist or has no objects")
            }
            Fault::NoStripe { stripe, count } => {
                write!(f, "stripe {stripe} does not exist, the component has {count}")
            }
        }
    }
}

impl core::error::Error for Fault {}
