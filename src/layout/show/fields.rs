//! Values of a mapping of YAML, asked for by key.

use alloc::string::ToString;

use super::read::{ReadError, ReadFault};
use crate::layout::yaml::Node;

/// A mapping whose values are asked for by key.
#[derive(Clone, Copy)]
pub(super) struct Fields<'t, 'a> {
    pub(super) node: &'t Node<'a>,
    /// What stands before each key.
    prefix: &'static str,
}

impl<'t, 'a> Fields<'t, 'a> {
    pub(super) fn of(node: &'t Node<'a>) -> Result<Self, ReadError> {
        match node.entries() {
            Some(_) => Ok(Fields { node, prefix: "" }),
            None => Err(kind(node, "a mapping")),
        }
    }

    pub(super) fn prefixed(&self, prefix: &'static str) -> Self {
        Fields { prefix, ..*self }
    }

    /// Refuses keys that are not among `keys`.
    pub(super) fn known(&self, keys: &[&str]) -> Result<(), ReadError> {
        let entries = self.node.entries().unwrap_or_default();
        let known =
            |key: &str| key.strip_prefix(self.prefix).is_some_and(|key| keys.contains(&key));
        match entries.iter().find(|(key, _)| !known(&key.text)) {
            None => Ok(()),
            Some((key, _)) => {
                let fault = ReadFault::Unknown { key: key.text.to_string() };
                Err(ReadError { at: key.at, fault })
            }
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&'t Node<'a>> {
        let entries = self.node.entries().unwrap_or_default();
        let (_, node) = entries.iter().find(|(name, _)| {
            name.text.strip_prefix(self.prefix).is_some_and(|name| name == key)
        })?;
        Some(node)
    }

    pub(super) fn get(&self, key: &str) -> Result<&'t Node<'a>, ReadError> {
        let missing = || {
            let key = [self.prefix, key].concat();
            ReadError { at: self.node.at, fault: ReadFault::Missing { key } }
        };
        self.find(key).ok_or_else(missing)
    }

    pub(super) fn text(&self, key: &str) -> Result<&'t str, ReadError> {
        text_of(self.get(key)?)
    }

    /// The value of a key as `read` understands it.
    pub(super) fn words<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ReadError> {
        read(self.text(key)?).ok_or_else(|| self.value(key, expected))
    }

    /// A whole number in a range.
    pub(super) fn number(
        &self,
        key: &str,
        range: core::ops::RangeInclusive<i64>,
    ) -> Result<i64, ReadError> {
        self.words(key, "a whole number within the field's range", |text| {
            let magnitude = i128::from(number(text.strip_prefix('-').unwrap_or(text))?);
            let signed = if text.starts_with('-') { -magnitude } else { magnitude };
            i64::try_from(signed).ok().filter(|number| range.contains(number))
        })
    }

    /// A number that may be absent, which is 0.
    pub(super) fn optional(&self, key: &str, most: i64) -> Result<i64, ReadError> {
        match self.find(key) {
            None => Ok(0),
            Some(_) => self.number(key, 0..=most),
        }
    }

    /// The key's number is the one that the rest of the text gives.
    pub(super) fn agrees(&self, key: &str, expected: i64) -> Result<(), ReadError> {
        match self.number(key, i64::MIN..=i64::MAX)? {
            got if got == expected => Ok(()),
            got => {
                let fault = ReadFault::Disagrees { expected, got };
                Err(ReadError { at: self.get(key)?.at, fault })
            }
        }
    }

    /// The error that the value of a key is not what was expected.
    pub(super) fn value(&self, key: &str, expected: &'static str) -> ReadError {
        let node = self.find(key).unwrap_or(self.node);
        let got = node.scalar().unwrap_or_default().to_string();
        ReadError { at: node.at, fault: ReadFault::Value { expected, got } }
    }
}

pub(super) fn text_of<'t>(node: &'t Node<'_>) -> Result<&'t str, ReadError> {
    node.scalar().ok_or_else(|| kind(node, "a value"))
}

pub(super) fn kind(node: &Node<'_>, expected: &'static str) -> ReadError {
    ReadError { at: node.at, fault: ReadFault::Kind { expected, got: node.kind() } }
}

/// A whole number, decimal or `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
}
