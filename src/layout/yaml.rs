//! The part of YAML that layouts are written in: block mappings and sequences of scalars.
//!
//! `lfs getstripe -y` prints it and `lfs setstripe --yaml` reads it. Every node knows its line and
//! column, so that whoever gives it a meaning can point at what is wrong. Scalars are text: what
//! they mean is for the reader of the tree to say. Anchors, tags, flow collections (`{}`, `[]`)
//! and scalars of several lines are refused.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::iter::Peekable;

/// Deepest nesting of mappings and sequences: a layout has four.
const MAX_DEPTH: usize = 16;

/// What starts a value of a form that is not supported.
const UNSUPPORTED: &str = "{}[]&*!|>%@`?";

/// A place in a text: line and column (in characters), both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Mark {
    /// The line of `text` that this place is in, with a caret under it.
    pub fn caret(self, text: &str) -> impl fmt::Display + '_ {
        Caret { mark: self, text }
    }
}

struct Caret<'a> {
    mark: Mark,
    text: &'a str,
}

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.text.split('\n').nth(self.mark.line.saturating_sub(1)).unwrap_or("");
        // A control character would break the line that the caret stands under.
        for c in line.trim_end_matches('\r').chars() {
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        let indent = self.mark.column.saturating_sub(1).min(line.chars().count());
        write!(f, "\n{:indent$}^", "")
    }
}

/// A text and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar<'a> {
    /// Its first character.
    pub at: Mark,
    /// The text, without quotes.
    pub text: Cow<'a, str>,
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Its first character; of an absent value, the end of what it is absent behind.
    pub at: Mark,
    /// The value.
    pub value: Value<'a>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text; empty where there is no value (`key:`).
    Scalar(Cow<'a, str>),
    /// `- item` lines.
    Sequence(Vec<Node<'a>>),
    /// `key: value` lines in their order; no key comes twice.
    Mapping(Vec<(Scalar<'a>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The text of a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn items(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[(Scalar<'a>, Node<'a>)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries()?.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// `a mapping`, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Scalar(_) => "a value",
            Value::Sequence(_) => "a sequence",
            Value::Mapping(_) => "a mapping",
        }
    }
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// The place.
    pub at: Mark,
    /// What is wrong there.
    pub fault: YamlFault,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum YamlFault {
    /// There is nothing but blanks and comments.
    Empty,
    /// A line is indented with a tab.
    Tab,
    /// A line is indented less or more than what it could belong to.
    Indent {
        /// Columns of indentation expected.
        expected: usize,
        /// Columns found.
        got: usize,
    },
    /// `key: value` or `- item` was expected.
    NoKey,
    /// The key stands in the mapping already.
    DuplicateKey {
        /// The key.
        key: String,
        /// Line of its first appearance.
        first: usize,
    },
    /// A quote that does not end on its line.
    Unquoted,
    /// Text behind the end of a quoted value.
    BehindQuote,
    /// An escape that is not known.
    Escape,
    /// A form of YAML that layouts do not use, by its first character.
    Unsupported {
        /// The character.
        sign: char,
    },
    /// Nested too deep.
    Depth {
        /// Levels that are read.
        most: usize,
    },
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.fault)
    }
}

impl core::error::Error for YamlError {}

impl fmt::Display for YamlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            YamlFault::Empty => f.write_str("there is nothing but blanks and comments"),
            YamlFault::Tab => f.write_str("a tab in the indentation, expected blanks"),
            YamlFault::Indent { expected, got } => {
                write!(f, "indented by {got}, expected {expected} or less")
            }
            YamlFault::NoKey => f.write_str("expected 'key: value' or '- item'"),
            YamlFault::DuplicateKey { key, first } => {
                write!(f, "the key '{key}' is in line {first} already")
            }
            YamlFault::Unquoted => f.write_str("the quote does not end on its line"),
            YamlFault::BehindQuote => f.write_str("text behind the closing quote"),
            YamlFault::Escape => f.write_str("an escape that is not known"),
            YamlFault::Unsupported { sign } => {
                write!(f, "'{}' starts a form of YAML that is not supported", sign.escape_default())
            }
            YamlFault::Depth { most } => write!(f, "nested deeper than {most} levels"),
        }
    }
}

/// Reads a text. Time and memory are linear in its length (but for the sorting of keys).
///
/// ```
/// let tree = lustrine::layout::yaml::parse("a:   1\nlist:\n- x: '2'  # two\n  y:\n- 3\n")?;
/// assert_eq!(tree.get("a").and_then(|a| a.scalar()), Some("1"));
/// let list = tree.get("list").and_then(|list| list.items()).unwrap_or_default();
/// let x = list[0].get("x").expect("it is there");
/// assert_eq!((x.scalar(), x.at.line, x.at.column), (Some("2"), 3, 6));
/// # Ok::<(), lustrine::layout::yaml::YamlError>(())
/// ```
///
/// # Errors
/// [`YamlError`] with the place of the first thing that is not understood.
pub fn parse(text: &str) -> Result<Node<'_>, YamlError> {
    // A byte order mark, as some editors put it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { lines: Lines { rest: Some(text), number: 0 }.peekable() };
    let Some(first) = reader.peek()? else {
        return Err(YamlError { at: Mark { line: 1, column: 1 }, fault: YamlFault::Empty });
    };
    let node = reader.node(first, 0)?;
    match reader.peek()? {
        None => Ok(node),
        Some(line) => Err(line.indent_error(first.indent)),
    }
}

/// A line's content: what is left of it, and how far it is indented.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    /// The place of the byte at `offset` of the content.
    fn at(&self, offset: usize) -> Mark {
        let before = self.text.get(..offset).map_or(0, |before| before.chars().count());
        Mark { line: self.number, column: self.indent + before + 1 }
    }

    fn error(&self, offset: usize, fault: YamlFault) -> YamlError {
        YamlError { at: self.at(offset), fault }
    }

    fn indent_error(&self, expected: usize) -> YamlError {
        let fault = match self.indent == expected {
            true => YamlFault::NoKey,
            false => YamlFault::Indent { expected, got: self.indent },
        };
        self.error(0, fault)
    }

    /// What stands behind `- `, as a line of its own.
    fn item(&self) -> Option<Line<'a>> {
        let rest = self.text.strip_prefix('-')?;
        if !(rest.is_empty() || rest.starts_with(' ')) {
            return None;
        }
        let text = rest.trim_start_matches(' ');
        let indent = self.indent + 1 + (rest.len() - text.len());
        Some(Line { indent, text: uncommented(text), ..*self })
    }

    /// The key of `key: value` or `key:`, and the value as a line of its own.
    fn key(&self) -> Option<(&'a str, Line<'a>)> {
        if self.text.starts_with(['\'', '"', '#']) {
            return None;
        }
        let colon = self
            .text
            .match_indices(':')
            .map(|(at, _)| at)
            .find(|at| matches!(self.text.as_bytes().get(at + 1), None | Some(b' ')))?;
        let (key, rest) = (&self.text[..colon], &self.text[colon + 1..]);
        let text = rest.trim_start_matches(' ');
        let indent = self.at(self.text.len() - text.len()).column - 1;
        Some((key.trim_end(), Line { indent, text: uncommented(text), ..*self }))
    }

    /// The whole content as one value.
    fn value(&self) -> Result<Cow<'a, str>, YamlError> {
        let Some(first) = self.text.chars().next() else { return Ok(Cow::Borrowed("")) };
        match first {
            '\'' | '"' => self.quoted(first),
            sign if UNSUPPORTED.contains(sign) => {
                Err(self.error(0, YamlFault::Unsupported { sign }))
            }
            _ => {
                let end = self.text.find(" #").unwrap_or(self.text.len());
                Ok(Cow::Borrowed(self.text[..end].trim_end()))
            }
        }
    }

    fn quoted(&self, quote: char) -> Result<Cow<'a, str>, YamlError> {
        let body = &self.text[1..];
        let mut unescaped: Option<String> = None;
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let literal = match c {
                '\'' if quote == '\'' && chars.next_if(|(_, c)| *c == '\'').is_some() => '\'',
                _ if c == quote => {
                    let behind = &body[at + 1..];
                    let comment = behind.trim_start_matches(' ');
                    let blank = comment.len() < behind.len();
                    if !(comment.is_empty() || blank && comment.starts_with('#')) {
                        return Err(self.error(at + 2, YamlFault::BehindQuote));
                    }
                    return Ok(unescaped.map_or(Cow::Borrowed(&body[..at]), Cow::Owned));
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, c @ ('"' | '\\' | '/'))) => c,
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    _ => return Err(self.error(at + 1, YamlFault::Escape)),
                },
                _ => {
                    if let Some(text) = &mut unescaped {
                        text.push(c);
                    }
                    continue;
                }
            };
            unescaped.get_or_insert_with(|| String::from(&body[..at])).push(literal);
        }
        Err(self.error(0, YamlFault::Unquoted))
    }
}

/// The text without a comment that takes all of it.
fn uncommented(text: &str) -> &str {
    if text.starts_with('#') { "" } else { text }
}

/// The lines that are neither blank nor a comment.
struct Lines<'a> {
    rest: Option<&'a str>,
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, YamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest?;
            let (line, rest) = match rest.split_once('\n') {
                Some((line, rest)) => (line, Some(rest)),
                None => (rest, None),
            };
            self.rest = rest;
            self.number += 1;
            let line = line.trim_end_matches('\r');
            let text = line.trim_start_matches(' ');
            let indent = line.len() - text.len();
            let text = text.trim_end();
            if text.is_empty() || text.starts_with('#') || line == "---" {
                continue;
            }
            let line = Line { number: self.number, indent, text };
            return Some(match text.starts_with('\t') {
                true => Err(line.error(0, YamlFault::Tab)),
                false => Ok(line),
            });
        }
    }
}

struct Reader<'a> {
    lines: Peekable<Lines<'a>>,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Result<Option<Line<'a>>, YamlError> {
        self.lines.peek().cloned().transpose()
    }

    /// The next line, if it is indented by `indent`.
    fn peek_at(&mut self, indent: usize) -> Result<Option<Line<'a>>, YamlError> {
        Ok(self.peek()?.filter(|line| line.indent == indent))
    }

    /// The value that starts with `line`: the next line, or what is left of it behind its dashes.
    fn node(&mut self, line: Line<'a>, depth: usize) -> Result<Node<'a>, YamlError> {
        if depth >= MAX_DEPTH {
            return Err(line.error(0, YamlFault::Depth { most: MAX_DEPTH }));
        }
        let value = if line.item().is_some() {
            Value::Sequence(self.sequence(line, depth)?)
        } else if line.key().is_some() {
            Value::Mapping(self.mapping(line, depth)?)
        } else {
            self.lines.next();
            Value::Scalar(line.value()?)
        };
        Ok(Node { at: line.at(0), value })
    }

    fn sequence(&mut self, first: Line<'a>, depth: usize) -> Result<Vec<Node<'a>>, YamlError> {
        let mut items = Vec::new();
        let mut next = Some(first);
        while let Some((line, item)) = next.and_then(|line| Some((line, line.item()?))) {
            items.push(if item.text.is_empty() {
                self.lines.next();
                self.below(line, item, false, depth)?
            } else {
                self.node(item, depth + 1)?
            });
            next = self.peek_at(first.indent)?;
        }
        Ok(items)
    }

    fn mapping(
        &mut self,
        first: Line<'a>,
        depth: usize,
    ) -> Result<Vec<(Scalar<'a>, Node<'a>)>, YamlError> {
        let mut entries: Vec<(Scalar<'a>, Node<'a>)> = Vec::new();
        let mut next = Some(first);
        while let Some((line, (key, value))) = next.and_then(|line| Some((line, line.key()?))) {
            if line.item().is_some() {
                break;
            }
            match key.chars().next() {
                None => return Err(line.error(0, YamlFault::NoKey)),
                Some(sign) if UNSUPPORTED.contains(sign) => {
                    return Err(line.error(0, YamlFault::Unsupported { sign }));
                }
                Some(_) => self.lines.next(),
            };
            let node = if value.text.is_empty() {
                self.below(line, value, true, depth)?
            } else {
                Node { at: value.at(0), value: Value::Scalar(value.value()?) }
            };
            entries.push((Scalar { at: line.at(0), text: Cow::Borrowed(key) }, node));
            next = self.peek_at(first.indent)?;
        }
        no_duplicates(&entries)?;
        Ok(entries)
    }

    /// The value that stands on the lines below `parent`; an empty one if there is none. A
    /// mapping's key may have its sequence at its own indentation.
    fn below(
        &mut self,
        parent: Line<'a>,
        absent: Line<'a>,
        of_key: bool,
        depth: usize,
    ) -> Result<Node<'a>, YamlError> {
        match self.peek()? {
            Some(line)
                if line.indent > parent.indent
                    || of_key && line.indent == parent.indent && line.item().is_some() =>
            {
                self.node(line, depth + 1)
            }
            _ => Ok(Node { at: absent.at(0), value: Value::Scalar(Cow::Borrowed("")) }),
        }
    }
}

fn no_duplicates(entries: &[(Scalar<'_>, Node<'_>)]) -> Result<(), YamlError> {
    let mut keys: Vec<&Scalar<'_>> = entries.iter().map(|(key, _)| key).collect();
    keys.sort_by_key(|key| (&key.text, key.at));
    match keys.windows(2).find(|pair| pair[0].text == pair[1].text) {
        None => Ok(()),
        Some(pair) => {
            let (key, first) = (String::from(&*pair[1].text), pair[0].at.line);
            Err(YamlError { at: pair[1].at, fault: YamlFault::DuplicateKey { key, first } })
        }
    }
}
