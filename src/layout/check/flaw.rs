//! What can be wrong with a layout whose bytes can be read.

use core::fmt;

use super::Severity;

/// A broken rule of a layout that has the right form. What breaks the form is a
/// [`Fault`](crate::layout::Fault). Components and stripes count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The MDT refuses: a code that is no code of the field.
    Code {
        /// Data stripes per RAID set.
        data: u8,
        /// Parity stripes per RAID set.
        parity: u8,
    },
    /// The MDT refuses: parity and data in one mirror.
    MixedMirror {
        /// The mirror's id.
        mirror: u16,
    },
    /// The MDT refuses: no component is up to date.
    AllStale,
    /// The MDT refuses: an end that is no multiple of the stripe size.
    StripeEnd {
        /// The end.
        end: u64,
        /// The stripe size, bytes.
        stripe_size: u32,
    },
    /// The MDT refuses: data on the MDT that is not the first component of a composite's mirror.
    DomPlace,
    /// The MDT refuses: data on the MDT with another stripe size than its end.
    DomSize {
        /// The extent's end.
        end: u64,
        /// The stripe size, bytes.
        stripe_size: u32,
    },
    /// The MDT refuses: data on the MDT with stripes.
    DomStripes {
        /// The stripe count.
        count: u16,
    },
    /// The client refuses: mirrors with different sizes on the MDT.
    DomSizes {
        /// Stripe size of the first one.
        expected: u32,
        /// Stripe size of this one.
        got: u32,
    },
    /// The MDT refuses: a foreign component that does not cover its mirror alone.
    ForeignExtent,
    /// The MDT refuses: an archive record of another length.
    ArchiveLength {
        /// Bytes of the value.
        got: u64,
    },
    /// The MDT refuses: flags that are no archive flags, or none.
    ArchiveFlags {
        /// The flags.
        got: u32,
    },
    /// liblustreapi refuses: extension space that is instantiated.
    ExtensionInit,
    /// liblustreapi refuses: extension space behind nothing that can grow.
    ExtensionPlace,
    /// liblustreapi refuses: extension steps that stripes do not fit.
    ExtensionSize {
        /// The step, KiB.
        kib: u32,
    },
    /// liblustreapi refuses: a component that extension space follows has bytes, but no objects.
    Extended,
    /// liblustreapi refuses: a component without bytes that no extension space follows.
    ZeroLength,
    /// liblustreapi refuses: a mirror that does not reach EOF beside others.
    MirrorEnd {
        /// Where it ends.
        end: u64,
    },
    /// A flag that belongs to requests, or that nobody knows.
    Flags {
        /// The flags that should not be there.
        got: u32,
    },
    /// Bits of `lcm_flags` that nobody knows.
    HeaderFlags {
        /// The bits.
        got: u16,
    },
    /// A component id that another component has.
    SameId {
        /// The other component.
        other: u16,
    },
    /// A magic that is not known: the component cannot be used.
    UnknownMagic {
        /// The first word of its sub-layout.
        got: u32,
    },
    /// A pattern that is not known: the component cannot be used.
    UnknownPattern {
        /// The pattern.
        got: u32,
    },
    /// The stripe's object is lost: a repair left an empty slot.
    LostObject {
        /// The stripe.
        stripe: u32,
    },
    /// An object that another stripe names too.
    SameObject {
        /// The stripe.
        stripe: u32,
        /// The other one's component.
        component: u16,
        /// The other stripe.
        other: u32,
    },
    /// An OST more than once in a component that is not overstriped.
    Repeats {
        /// The OST.
        ost: u32,
    },
    /// Parity linked to a data mirror that is not there.
    NoData {
        /// The mirror, or the pair's number in a template.
        link: u16,
    },
    /// Data linked to a parity mirror that is not there, as when it was removed.
    NoParity {
        /// The mirror, or the pair's number in a template.
        link: u16,
    },
    /// The linked mirror has no component with this extent.
    PairExtent {
        /// The linked mirror.
        mirror: u16,
    },
    /// The partner does not link back.
    OneWay {
        /// The partner.
        partner: u16,
        /// Its link.
        link: u16,
    },
    /// Two parity components for one data component.
    Claimed {
        /// The data component.
        data: u16,
        /// The other parity component.
        other: u16,
    },
    /// Data and parity with different stripe sizes.
    PairStripeSize {
        /// The data's, bytes.
        expected: u32,
        /// The parity's, bytes.
        got: u32,
    },
    /// Data and parity with different codes.
    PairCode {
        /// Data and parity stripes that the data component names.
        expected: (u8, u8),
        /// Those that the parity component names.
        got: (u8, u8),
    },
    /// A parity component with another number of stripes than its RAID sets need.
    ParityStripes {
        /// Sets times parity stripes of each.
        expected: u32,
        /// Its stripes.
        got: u32,
    },
    /// More parity than data: a row of parity does not fit the extent.
    ParityOverData {
        /// Data stripes.
        data: u32,
        /// Parity stripes.
        parity: u32,
    },
    /// The PARITY flag without the pattern, or the reverse.
    ParityPattern {
        /// The pattern.
        got: u32,
    },
    /// A data component without parity in a mirror that has some.
    Unprotected,
    /// Two members of a RAID set on one OST: it survives fewer failures than its parity promises.
    SharedOst {
        /// The RAID set.
        set: u32,
        /// The OST.
        ost: u32,
    },
    /// Stored as self-extending without extension space.
    NoExtension,
    /// Bytes behind the last sub-layout that no component claims.
    Unclaimed {
        /// How many.
        bytes: u64,
    },
}

const EPERM: i32 = 1;
const EINVAL: i32 = 22;

impl Flaw {
    /// The stable number that stands for the flaw: negative, never reused.
    pub const fn code(self) -> i32 {
        match self {
            Flaw::Code { .. } => -241,
            Flaw::MixedMirror { .. } => -242,
            Flaw::AllStale => -243,
            Flaw::StripeEnd { .. } => -244,
            Flaw::DomPlace => -245,
            Flaw::DomSize { .. } => -246,
            Flaw::DomStripes { .. } => -247,
            Flaw::DomSizes { .. } => -248,
            Flaw::ForeignExtent => -249,
            Flaw::ArchiveLength { .. } => -250,
            Flaw::ArchiveFlags { .. } => -251,
            Flaw::ExtensionInit => -252,
            Flaw::ExtensionPlace => -253,
            Flaw::ExtensionSize { .. } => -254,
            Flaw::Extended => -255,
            Flaw::ZeroLength => -256,
            Flaw::MirrorEnd { .. } => -257,
            Flaw::Flags { .. } => -258,
            Flaw::HeaderFlags { .. } => -259,
            Flaw::SameId { .. } => -260,
            Flaw::UnknownMagic { .. } => -261,
            Flaw::UnknownPattern { .. } => -262,
            Flaw::LostObject { .. } => -263,
            Flaw::SameObject { .. } => -264,
            Flaw::Repeats { .. } => -265,
            Flaw::NoData { .. } => -266,
            Flaw::NoParity { .. } => -279,
            Flaw::PairExtent { .. } => -267,
            Flaw::OneWay { .. } => -268,
            Flaw::Claimed { .. } => -269,
            Flaw::PairStripeSize { .. } => -270,
            Flaw::PairCode { .. } => -271,
            Flaw::ParityStripes { .. } => -272,
            Flaw::ParityOverData { .. } => -273,
            Flaw::ParityPattern { .. } => -274,
            Flaw::Unprotected => -275,
            Flaw::SharedOst { .. } => -276,
            Flaw::NoExtension => -277,
            Flaw::Unclaimed { .. } => -278,
        }
    }

    /// The error number that Lustre answers with where it notices; `None` where it does not.
    pub const fn errno(self) -> Option<i32> {
        match self.severity() {
            Severity::Refused => Some(if matches!(self, Flaw::AllStale) { EPERM } else { EINVAL }),
            Severity::Unusable | Severity::Odd => None,
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Flaw::Code { .. }
            | Flaw::MixedMirror { .. }
            | Flaw::AllStale
            | Flaw::StripeEnd { .. }
            | Flaw::DomPlace
            | Flaw::DomSize { .. }
            | Flaw::DomStripes { .. }
            | Flaw::DomSizes { .. }
            | Flaw::ForeignExtent
            | Flaw::ArchiveLength { .. }
            | Flaw::ArchiveFlags { .. }
            | Flaw::ExtensionInit
            | Flaw::ExtensionPlace
            | Flaw::ExtensionSize { .. }
            | Flaw::Extended
            | Flaw::ZeroLength
            | Flaw::MirrorEnd { .. }
            | Flaw::SameId { .. } => Severity::Refused,
            Flaw::UnknownMagic { .. }
            | Flaw::UnknownPattern { .. }
            | Flaw::LostObject { .. }
            | Flaw::SameObject { .. }
            | Flaw::NoData { .. }
            | Flaw::PairExtent { .. }
            | Flaw::OneWay { .. }
            | Flaw::Claimed { .. }
            | Flaw::PairStripeSize { .. }
            | Flaw::PairCode { .. }
            | Flaw::ParityStripes { .. }
            | Flaw::ParityOverData { .. }
            | Flaw::ParityPattern { .. } => Severity::Unusable,
            Flaw::Flags { .. }
            | Flaw::HeaderFlags { .. }
            | Flaw::Repeats { .. }
            | Flaw::NoParity { .. }
            | Flaw::Unprotected
            | Flaw::SharedOst { .. }
            | Flaw::NoExtension
            | Flaw::Unclaimed { .. } => Severity::Odd,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Flaw::Code { data, parity } => write!(
                f,
                "{data}+{parity} is no code: expected 1..=255 data and 1..=15 parity stripes, \
                 together at most 256"
            ),
            Flaw::MixedMirror { mirror } => {
                write!(f, "mirror {mirror} holds both parity and data")
            }
            Flaw::AllStale => f.write_str("every mirror is stale: no copy of the data counts"),
            Flaw::StripeEnd { end, stripe_size } => {
                write!(f, "the end {end} is not a multiple of the stripe size {stripe_size}")
            }
            Flaw::DomPlace => f.write_str(
                "data on the MDT can only be the first component of a mirror, at offset 0",
            ),
            Flaw::DomSize { end, stripe_size } => write!(
                f,
                "data on the MDT up to {end} with stripe size {stripe_size}: they must be equal"
            ),
            Flaw::DomStripes { count } => {
                write!(f, "data on the MDT with stripe count {count}, expected 0")
            }
            Flaw::DomSizes { expected, got } => {
                write!(f, "{got} bytes on the MDT, but {expected} in the first mirror")
            }
            Flaw::ForeignExtent => {
                f.write_str("a foreign component must cover its mirror from 0 to EOF alone")
            }
            Flaw::ArchiveLength { got } => {
                write!(f, "an archive record of {got} bytes, expected 56")
            }
            Flaw::ArchiveFlags { got } => {
                write!(f, "archive flags 0x{got:x}, expected some of 0x1ff")
            }
            Flaw::ExtensionInit => f.write_str("extension space with the flag init"),
            Flaw::ExtensionPlace => f.write_str(
                "extension space must follow a striped component that is no extension space",
            ),
            Flaw::ExtensionSize { kib } => {
                write!(f, "the extension size of {kib} KiB is no multiple of 64 MiB and the stripe")
            }
            Flaw::Extended => f.write_str(
                "extension space follows: without objects the component must have no bytes yet",
            ),
            Flaw::ZeroLength => {
                f.write_str("a component without bytes that no extension space follows")
            }
            Flaw::MirrorEnd { end } => write!(f, "the mirror ends at {end}, expected EOF"),
            Flaw::Flags { got } => write!(f, "flags 0x{got:x} have no place in a stored layout"),
            Flaw::HeaderFlags { got } => write!(f, "unknown bits 0x{got:x} in lcm_flags"),
            Flaw::SameId { other } => write!(f, "the id is that of component {other}"),
            Flaw::UnknownMagic { got } => write!(f, "0x{got:08x} is no magic of a component"),
            Flaw::UnknownPattern { got } => write!(f, "unknown pattern 0x{got:x}"),
            Flaw::LostObject { stripe } => write!(f, "the object of stripe {stripe} is lost"),
            Flaw::SameObject { stripe, component, other } => {
                write!(f, "stripe {stripe} has the object of component {component}, stripe {other}")
            }
            Flaw::Repeats { ost } => {
                write!(f, "several stripes on OST {ost}, but the pattern is not overstriped")
            }
            Flaw::NoData { link } => write!(f, "protects mirror {link}, which is not there"),
            Flaw::NoParity { link } => {
                write!(f, "protected by mirror {link}, which is not there")
            }
            Flaw::PairExtent { mirror } => {
                write!(f, "mirror {mirror}, linked to, has no component with this extent")
            }
            Flaw::OneWay { partner, link } => {
                write!(f, "linked to component {partner}, which is linked to mirror {link}")
            }
            Flaw::Claimed { data, other } => {
                write!(f, "data component {data} is protected by component {other} already")
            }
            Flaw::PairStripeSize { expected, got } => {
                write!(f, "stripe size {got}, expected {expected} as in its data")
            }
            Flaw::PairCode { expected, got } => write!(
                f,
                "code {}+{}, expected {}+{} as in its data",
                got.0, got.1, expected.0, expected.1
            ),
            Flaw::ParityStripes { expected, got } => {
                write!(f, "{got} parity stripes, the RAID sets need {expected}")
            }
            Flaw::ParityOverData { data, parity } => write!(
                f,
                "{parity} parity stripes for {data} data stripes: more than fit, no resync can \
                 write them"
            ),
            Flaw::ParityPattern { got } => {
                write!(f, "pattern 0x{got:x} and the flag parity do not go together")
            }
            Flaw::Unprotected => f.write_str("no parity, but other components of the mirror have"),
            Flaw::SharedOst { set, ost } => {
                write!(f, "two members of RAID set {set} are on OST {ost}")
            }
            Flaw::NoExtension => f.write_str("stored as self-extending without extension space"),
            Flaw::Unclaimed { bytes } => {
                write!(f, "{bytes} bytes behind the last component belong to none")
            }
        }
    }
}
