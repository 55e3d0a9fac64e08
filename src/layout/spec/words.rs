//! A string into words as a shell splits it, each with its place.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};

/// A word without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Its bytes in the string, quotes included.
    pub(super) range: Range<usize>,
}

/// Blanks separate words; `'...'`, `"..."` and `\` quote. Nothing is expanded.
pub(super) fn split(string: &str) -> Result<Vec<Word>, SpecError> {
    let mut words: Vec<Word> = Vec::new();
    // The word that is being read, and where it started.
    let mut word: Option<(String, usize)> = None;
    // The open quote, and where it is.
    let mut quote: Option<(char, usize)> = None;
    let mut chars = string.char_indices();
    while let Some((at, c)) = chars.next() {
        let blank = quote.is_none() && c.is_ascii_whitespace();
        if blank {
            words.extend(word.take().map(|(text, start)| Word { text, range: start..at }));
            continue;
        }
        let (text, _) = word.get_or_insert_with(|| (String::new(), at));
        match (quote, c) {
            (Some((open, _)), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some((c, at)),
            (None | Some(('"', _)), '\\') => match chars.next() {
                Some((_, c)) => text.push(c),
                None => return Err(SpecFault::Unquoted.at(at..string.len())),
            },
            (_, c) => text.push(c),
        }
    }
    if let Some((_, at)) = quote {
        return Err(SpecFault::Unquoted.at(at..string.len()));
    }
    words.extend(word.map(|(text, start)| Word { text, range: start..string.len() }));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(string: &str, expected: &[(&str, &str)]) {
        let words = split(string).expect("words");
        let got: Vec<(&str, &str)> =
            words.iter().map(|word| (word.text.as_str(), &string[word.range.clone()])).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn words_and_quotes() {
        check("", &[]);
        check("  -E  4M ", &[("-E", "-E"), ("4M", "4M")]);
        check("--ec ' 4+2'", &[("--ec", "--ec"), (" 4+2", "' 4+2'")]);
        check("-p ''", &[("-p", "-p"), ("", "''")]);
        check(r#"a"b 'c\"d"e\ f"#, &[(r#"ab 'c"de f"#, r#"a"b 'c\"d"e\ f"#)]);
        check(r"'a\b'é", &[(r"a\bé", r"'a\b'é")]);
    }

    #[test]
    fn open_quotes_are_refused() {
        for (string, at) in [("-p 'x", 3), ("-p \"x'", 3), ("x\\", 1)] {
            let error = split(string).expect_err("open");
            assert_eq!(error, SpecFault::Unquoted.at(at..string.len()), "{string}");
        }
    }
}
