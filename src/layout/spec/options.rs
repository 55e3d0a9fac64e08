//! The options of `lfs setstripe`: their spellings, and whether they take an argument.

use alloc::borrow::ToOwned;
use core::iter::Peekable;
use core::ops::Range;
use core::slice::Iter;

use super::error::{SpecError, SpecFault};
use super::words::Word;

/// An option that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opt {
    End,
    Size,
    Count,
    Overstripe,
    Index,
    Osts,
    Pool,
    Layout,
    Extension,
    Mirrors,
    Ec,
    EcExpert,
    /// `--comp-flags`.
    Flags,
    /// `--flags`: of a mirror, or of a foreign layout.
    MirrorFlags,
    Foreign,
    Xattr,
    Mode,
    Id,
    Add,
    Delete,
    Set,
    /// Its argument is a file that only the caller can read.
    File,
    /// An option of `lfs` that makes no layout.
    Unsupported,
}

impl Opt {
    /// It stands alone: no word behind it is its argument.
    fn is_flag(self) -> bool {
        matches!(self, Opt::Add | Opt::Delete | Opt::Set | Opt::Unsupported)
    }

    /// It says what is changed, and nothing of a layout.
    pub(super) fn is_of_changes(self) -> bool {
        matches!(self, Opt::Add | Opt::Delete | Opt::Set | Opt::Id | Opt::Flags)
    }
}

fn short_option(letter: char) -> Option<Opt> {
    Some(match letter {
        'E' => Opt::End,
        'S' => Opt::Size,
        'c' => Opt::Count,
        'C' => Opt::Overstripe,
        'i' => Opt::Index,
        'o' => Opt::Osts,
        'p' => Opt::Pool,
        'L' => Opt::Layout,
        'z' => Opt::Extension,
        'N' => Opt::Mirrors,
        'I' => Opt::Id,
        'x' => Opt::Xattr,
        'y' => Opt::File,
        '0' | 'A' | 'b' | 'd' | 'D' | 'f' | 'F' | 'h' | 'H' | 'K' | 'm' | 'M' | 'n' | 's' | 'v'
        | 'X' | 'W' => Opt::Unsupported,
        _ => return None,
    })
}

fn long_option(name: &str) -> Option<Opt> {
    Some(match name {
        "component-end" | "comp-end" => Opt::End,
        "stripe-size" => Opt::Size,
        "stripe-count" => Opt::Count,
        "overstripe-count" => Opt::Overstripe,
        "stripe-index" => Opt::Index,
        "ost" | "ost-list" => Opt::Osts,
        "pool" => Opt::Pool,
        "layout" => Opt::Layout,
        "extension-size" | "ext-size" => Opt::Extension,
        "mirror-count" => Opt::Mirrors,
        "ec" | "ec-stripe-count" => Opt::Ec,
        "ec-expert" => Opt::EcExpert,
        "comp-flags" | "component-flags" => Opt::Flags,
        "flags" => Opt::MirrorFlags,
        "foreign" => Opt::Foreign,
        "xattr" => Opt::Xattr,
        "mode" => Opt::Mode,
        "comp-id" | "component-id" => Opt::Id,
        "comp-add" | "component-add" => Opt::Add,
        "comp-del" | "component-del" => Opt::Delete,
        "comp-set" | "component-set" => Opt::Set,
        "yaml" | "copy" => Opt::File,
        "delete" | "help" => Opt::Unsupported,
        _ => return None,
    })
}

/// An option as it was given.
pub(super) struct Given<'a> {
    pub(super) option: Opt,
    /// Its spelling, without an argument.
    pub(super) name: &'a str,
    /// Empty for an option without one.
    pub(super) argument: &'a str,
    /// The argument's bytes in the string; of the whole word if it is attached or missing.
    pub(super) at: Range<usize>,
    /// The bytes of the word that names the option.
    pub(super) place: Range<usize>,
}

/// Takes the next option and its argument from the words.
pub(super) fn next<'a>(
    words: &mut Peekable<Iter<'a, Word>>,
) -> Option<Result<Given<'a>, SpecError>> {
    words.next().map(|word| option_of(word, words))
}

fn option_of<'a>(
    word: &'a Word,
    words: &mut Peekable<Iter<'a, Word>>,
) -> Result<Given<'a>, SpecError> {
    let (option, name, attached) = spelling(word)?;
    let place = word.range.clone();
    let given = |argument, at| Ok(Given { option, name, argument, at, place: place.clone() });
    if option == Opt::Unsupported {
        return Err(SpecFault::Unsupported(name.to_owned()).at(place));
    }
    match attached {
        Some(_) if option.is_flag() => Err(SpecFault::Argument(name.to_owned()).at(place)),
        Some(argument) => given(argument, place.clone()),
        None if option.is_flag() || option == Opt::Foreign => given("", place.clone()),
        None if option == Opt::Mirrors => {
            // The count is optional: attached, or a next word that starts with a digit.
            let digit = |next: &&Word| next.text.starts_with(|c: char| c.is_ascii_digit());
            match words.next_if(|next| name == "-N" && digit(next)) {
                Some(next) => given(next.text.as_str(), next.range.clone()),
                None => given("1", place.clone()),
            }
        }
        None => match words.next() {
            Some(next) => given(next.text.as_str(), next.range.clone()),
            None => Err(SpecFault::NoArgument(name.to_owned()).at(place)),
        },
    }
}

/// The option of a word, its name as given, and the argument that stands in the same word.
fn spelling(word: &Word) -> Result<(Opt, &str, Option<&str>), SpecError> {
    let text = word.text.as_str();
    let unknown = |name: &str| SpecFault::UnknownOption(name.to_owned()).at(word.range.clone());
    if let Some(long) = text.strip_prefix("--") {
        let (name, attached) = match long.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (long, None),
        };
        let option = long_option(name).ok_or_else(|| unknown(text))?;
        return Ok((option, &text[..2 + name.len()], attached));
    }
    let stray = || SpecFault::Stray(text.to_owned()).at(word.range.clone());
    let letter = text.strip_prefix('-').and_then(|rest| rest.chars().next()).ok_or_else(stray)?;
    let (name, rest) = text.split_at(1 + letter.len_utf8());
    let option = short_option(letter).ok_or_else(|| unknown(name))?;
    Ok((option, name, (!rest.is_empty()).then_some(rest)))
}
