//! What is wrong with an option string, and where.

use alloc::string::String;
use core::fmt::{self, Write};
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
    /// An option of `lfs` that makes no layout.
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
    /// A request that an extended attribute does not hold.
    TooLarge {
        /// Bytes that it takes at least.
        bytes: usize,
    },
    /// Not a pattern of `-L`.
    Pattern(String),
    /// `-L mdt` in another component than the first.
    DomNotFirst,
    /// `-L mdt` with more bytes than `lfs` takes, or a stripe size can say.
    DomSize {
        /// The component's end.
        end: u64,
    },
    /// `-L mdt` without `-E`.
    DomWithoutEnd,
    /// An option that data on the MDT cannot have.
    DomOption {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: String,
    },
    /// A stripe size other than the length of the data on the MDT.
    DomStripeSize {
        /// The stripe size.
        size: u64,
        /// The component's end.
        end: u64,
    },
    /// Data on the MDT of different sizes in two mirrors.
    DomSizes {
        /// Bytes in the first.
        expected: u64,
        /// Bytes in the other.
        got: u64,
    },
    /// Not an extension size.
    ExtensionSize(String),
    /// An extension size that is no multiple of 64 MiB, or too great.
    ExtensionUnit {
        /// The size.
        bytes: u64,
    },
    /// A first extension step that goes beyond the component's end.
    ExtensionExtent,
    /// An extension size that is no multiple of the stripe size.
    ExtensionAlign,
    /// Not a list of component flags.
    ComponentFlags(String),
    /// Flags that a new component cannot have.
    WrongFlags(String),
    /// Flags for a layout without components.
    FlagsOfPlain,
    /// Flags that a mirror cannot have.
    MirrorFlags(String),
    /// Not a component id.
    ComponentId(String),
    /// Two of `--comp-add`, `--comp-del`, `--comp-set`.
    OneChange,
    /// An option whose argument is a file.
    OtherFile(String),
    /// Parity for data on the MDT.
    EcOnMdt,
    /// `--ec` where the layout of a file is changed.
    EcWithChange,
    /// An option that changes the layout of a file, where none is given.
    NeedsFile(String),
    /// No option that changes the layout of a file.
    NotAChange,
    /// `--comp-add` without `-E`.
    AddWithoutEnd,
    /// `--comp-del` or `--comp-set` that do not say which component.
    NoComponent,
    /// `--comp-set` without flags.
    NoFlags,
    /// Not a type of foreign layouts.
    ForeignType(String),
    /// Not the flags of a foreign layout.
    ForeignFlags(String),
    /// A foreign layout without a value.
    ForeignValue,
    /// An option of layouts with a change that makes none.
    NotWithChange {
        /// The option.
        option: String,
        /// The change.
        change: &'static str,
    },
    /// `--comp-del` with an id and with flags.
    IdAndFlags,
    /// A foreign layout with options of other layouts.
    ForeignStriped,
    /// An option of foreign layouts without `--foreign`.
    WithoutForeign,
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
    /// One line, whatever the user's words hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(OneLine(f), "{}", self.fault)
    }
}

/// Writes control characters as escapes.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c.is_control() {
            true => write!(self.0, "{}", c.escape_default()),
            false => self.0.write_char(c),
        })
    }
}

impl core::error::Error for SpecError {}

impl fmt::Display for SpecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecFault::Unquoted => f.write_str("the quote does not end"),
            SpecFault::UnknownOption(option) => write!(f, "unknown option '{option}'"),
            SpecFault::Unsupported(option) => write!(f, "option '{option}' makes no layout"),
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
            SpecFault::TooLarge { bytes } => write!(
                f,
                "the request takes {bytes} bytes or more, an extended attribute holds 65536"
            ),
            SpecFault::Pattern(word) => {
                write!(f, "Invalid pattern: '{word}' (expected mdt or raid0)")
            }
            SpecFault::DomNotFirst => f.write_str("'mdt' layout can be only the first one"),
            SpecFault::DomSize { .. } => {
                f.write_str("'mdt' layout size is too big (at most 1 GiB of a file)")
            }
            SpecFault::DomWithoutEnd => {
                f.write_str("Invalid pattern: '-L mdt', must be specified with -E")
            }
            SpecFault::DomOption { option, value } => write!(
                f,
                "Option '{option}' can't be specified with Data-on-MDT component: {value}"
            ),
            SpecFault::DomStripeSize { size, end } => write!(
                f,
                "Option 'stripe-size' {size} of a Data-on-MDT component must be its length {end}"
            ),
            SpecFault::DomSizes { expected, got } => write!(
                f,
                "data on the MDT of {got} bytes in one mirror, expected {expected} as in the first"
            ),
            SpecFault::ExtensionSize(word) => write!(f, "invalid extension size '{word}'"),
            SpecFault::ExtensionUnit { bytes } => write!(
                f,
                "Set stripe size {bytes} failed (an extension size is a multiple of 64 MiB below \
                 4 TiB)"
            ),
            SpecFault::ExtensionExtent => f.write_str(
                "cannot set extent (the first step of the extension goes beyond the component's \
                 end)",
            ),
            SpecFault::ExtensionAlign => {
                f.write_str("The extension size must be aligned by the stripe size")
            }
            SpecFault::ComponentFlags(word) => write!(f, "invalid component flags '{word}'"),
            SpecFault::WrongFlags(word) => {
                write!(f, "Wrong flags ('{word}' on a new component)")
            }
            SpecFault::FlagsOfPlain => {
                f.write_str("component flags need a component: give its end, -E")
            }
            SpecFault::MirrorFlags(word) => write!(
                f,
                "invalid mirror flags '{word}' (expected some of prefer, prefrd, prefwr, nocompr)"
            ),
            SpecFault::ComponentId(word) => write!(f, "invalid component id '{word}'"),
            SpecFault::OneChange => {
                f.write_str("only one of --comp-add, --comp-del and --comp-set can be given")
            }
            SpecFault::OtherFile(option) => {
                write!(f, "option '{option}' names a file, which is not read here")
            }
            SpecFault::EcOnMdt => {
                f.write_str("data on the MDT cannot have parity (an MDT answers: Invalid argument)")
            }
            SpecFault::EcWithChange => {
                f.write_str("--ec cannot be used with --component-add/del/set")
            }
            SpecFault::NeedsFile(option) => {
                write!(f, "option '{option}' changes the layout of a file, and none is given")
            }
            SpecFault::NotAChange => {
                f.write_str("expected one of --comp-add, --comp-del and --comp-set")
            }
            SpecFault::AddWithoutEnd => f.write_str("--comp-add needs the new component's end, -E"),
            SpecFault::NoComponent => {
                f.write_str("which component: expected its id, -I, or its flags, --comp-flags")
            }
            SpecFault::NoFlags => f.write_str("--comp-set needs --comp-flags"),
            SpecFault::ForeignType(word) => write!(
                f,
                "unrecognized foreign type '{word}' (expected none, posix, pccrw, pccro, S3, \
                 symlink or a number)"
            ),
            SpecFault::ForeignFlags(word) => {
                write!(f, "invalid foreign flags '{word}' (expected a hexadecimal number)")
            }
            SpecFault::NotWithChange { option, change } => {
                write!(f, "option '{option}' cannot be used with {change}")
            }
            SpecFault::IdAndFlags => f.write_str(
                "-I and -F are mutually exclusive when used with --component-del (-F is \
                 --comp-flags)",
            ),
            SpecFault::ForeignValue => f.write_str("xattr must be provided in foreign mode"),
            SpecFault::ForeignStriped => {
                f.write_str("only --xattr/--flags/--mode options are valid with --foreign")
            }
            SpecFault::WithoutForeign => {
                f.write_str("--xattr, --flags and --mode are options of --foreign")
            }
        }
    }
}
