//! What is wrong with an option string, and where.

use alloc::string::String;
use core::fmt;
use core::ops::Range;

/// A refused option string. Where `lfs` refuses it too, the sentence is that of `lfs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Bytes of the string that are at fault.
    pub range: Range<usize>,
    /// What is wrong there.
    pub fault: SpecFault,
}

/// What can be wrong with an option string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecFault {
    /// A quote or backslash at the end.
    Unquoted,
    /// No option of `lfs setstripe`.
    UnknownOption(String),
    /// An option of `lfs setstripe` that is not supported yet.
    Unsupported(String),
    /// An option without its argument.
    NoArgument(String),
    /// An argument for an option that takes none.
    Argument(String),
    /// A word that is no option.
    Stray(String),
    /// Not a component end: a size in multiples of 64 KiB, or EOF.
    ComponentEnd(String),
    /// Not a stripe size: a multiple of 64 KiB.
    StripeSize(String),
    /// A stripe size that does not fit 32 bits.
    StripeSizeLimit(u64),
    /// Not a stripe count.
    StripeCount(String),
    /// Not an OST index.
    StripeIndex(String),
    /// Not a list of OST indices.
    OstList(String),
    /// A start index that is not in the list of OSTs.
    IndexNotListed(u32),
    /// A stripe count other than the length of the OST list.
    ListLength {
        /// The count.
        count: u16,
        /// Entries of the list.
        listed: usize,
    },
    /// A pool name that is too long.
    PoolName(String),
    /// A stripe count or size of 0, given in a component.
    ZeroInComponent(&'static str),
    /// Not a number of mirrors.
    MirrorCount(String),
    /// `--ec` without `+` or `:`.
    EcFormat(String),
    /// The data stripe count of `--ec`.
    EcData(String),
    /// The parity stripe count of `--ec`.
    EcParity(String),
    /// More parity than data.
    EcParityOverData {
        /// Data stripes.
        data: u64,
        /// Parity stripes.
        parity: u64,
    },
    /// A code wider than the field.
    EcWidth {
        /// Data stripes.
        data: u64,
        /// Parity stripes.
        parity: u64,
    },
    /// More data stripes than supported without `--ec-expert`.
    EcDataLimit(u64),
    /// More parity stripes than supported without `--ec-expert`.
    EcParityLimit(u64),
    /// A component that the code does not fit.
    EcComponent {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
        /// The data mirror's id.
        mirror: u32,
        /// Data stripes, already reduced to the component's.
        data: u32,
        /// Parity stripes.
        parity: u32,
    },
    /// A mirror with parity does not reach EOF.
    EcNotEof {
        /// Where it ends.
        end: u64,
    },
    /// A component ends before it starts.
    Extent {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
    },
    /// A component behind EOF.
    AfterEof,
    /// A component without bytes.
    ZeroLength,
    /// A component end that is no multiple of the stripe size.
    EndAlign,
    /// One of several mirrors does not reach EOF.
    IncompleteMirror,
    /// More mirrors than an MDT takes.
    TooManyMirrors {
        /// Mirrors, parity included.
        mirrors: usize,
    },
}

impl SpecFault {
    pub(super) fn at(self, range: Range<usize>) -> SpecError {
        SpecError { range, fault: self }
    }
}

impl SpecError {
    /// The string with a line of carets under the words at fault, then the sentence.
    pub fn caret<'a>(&'a self, string: &'a str) -> impl fmt::Display + 'a {
        Caret { error: self, string }
    }
}

struct Caret<'a> {
    error: &'a SpecError,
    string: &'a str,
}

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.error.range;
        let width = |range| self.string.get(range).map_or(0, |part: &str| part.chars().count());
        // A control character would break the line that the carets stand under.
        for c in self.string.chars() {
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        let (indent, carets) = (width(0..start), width(start..end).max(1));
        write!(f, "\n{:indent$}{:^<carets$}\n{}", "", "", self.error)
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl core::error::Error for SpecError {}

impl fmt::Display for SpecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecFault::Unquoted => f.write_str("the quote does not end"),
            SpecFault::UnknownOption(option) => write!(f, "unknown option '{option}'"),
            SpecFault::Unsupported(option) => write!(f, "option '{option}' is not supported yet"),
            SpecFault::NoArgument(option) => write!(f, "option '{option}' needs an argument"),
            SpecFault::Argument(option) => write!(f, "option '{option}' takes no argument"),
            SpecFault::Stray(word) => write!(f, "'{word}' is no option"),
            SpecFault::ComponentEnd(word) => write!(f, "invalid component end '{word}'"),
            SpecFault::StripeSize(word) => write!(f, "invalid stripe size '{word}'"),
            SpecFault::StripeSizeLimit(size) => {
                write!(f, "stripe size '{size}' over 4GB limit")
            }
            SpecFault::StripeCount(word) => write!(f, "invalid stripe count '{word}'"),
            SpecFault::StripeIndex(word) => write!(f, "invalid OST index '{word}'"),
            SpecFault::OstList(word) => write!(f, "invalid OST list '{word}'"),
            SpecFault::IndexNotListed(index) => {
                write!(f, "start index {index} is not in the OST list")
            }
            SpecFault::ListLength { count, listed } => {
                write!(f, "stripe_count({count}) != nr_tgts({listed})")
            }
            SpecFault::PoolName(word) => write!(f, "Invalid Poolname '{word}'"),
            SpecFault::ZeroInComponent(what) => write!(f, "Set {what} 0 failed"),
            SpecFault::MirrorCount(word) => write!(f, "invalid mirror count '{word}'"),
            SpecFault::EcFormat(word) => write!(
                f,
                "invalid EC stripe count '{word}', expected format: DATA+PARITY or DATA:PARITY"
            ),
            SpecFault::EcData(word) => write!(f, "invalid data stripe count in '{word}'"),
            SpecFault::EcParity(word) => write!(f, "invalid parity stripe count in '{word}'"),
            SpecFault::EcParityOverData { data, parity } => write!(
                f,
                "parity count ({parity}) must be less than or equal to data count ({data})"
            ),
            SpecFault::EcWidth { data, parity } => write!(
                f,
                "data+parity ({data}+{parity}={}) exceeds 256 (Cauchy-matrix-over-GF(2^8) limit)",
                data + parity
            ),
            SpecFault::EcDataLimit(data) => write!(
                f,
                "data stripe count ({data}) exceeds supported limit (32). Use --ec-expert to \
                 override."
            ),
            SpecFault::EcParityLimit(parity) => write!(
                f,
                "parity stripe count ({parity}) exceeds supported limit (4). Use --ec-expert to \
                 override."
            ),
            SpecFault::EcComponent { start, end, mirror, data, parity } => write!(
                f,
                "cannot add EC component [{start}, {end}] to protect mirror id {mirror} with \
                 EC({data}+{parity})"
            ),
            SpecFault::EcNotEof { end } => write!(
                f,
                "failed to create EC parity mirror (the data mirror ends at {end}, not at EOF)"
            ),
            SpecFault::Extent { start, end } => {
                write!(f, "Set extent [{start}, {end}) failed")
            }
            SpecFault::AfterEof => f.write_str("Add component failed (behind EOF)"),
            SpecFault::ZeroLength => {
                f.write_str("Zero length components must be followed by extension")
            }
            SpecFault::EndAlign => {
                f.write_str("The component end must be aligned by the stripe size")
            }
            SpecFault::IncompleteMirror => f.write_str("Incomplete mirror - must go to EOF"),
            SpecFault::TooManyMirrors { mirrors } => {
                write!(f, "{mirrors} mirrors, parity included; an MDT takes 16")
            }
        }
    }
}
