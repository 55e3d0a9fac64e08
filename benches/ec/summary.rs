//! What the lines of one operation and size come to: the figures that targets are set for.

use crate::race::{Code, Ratios};

/// Codes that have a figure together.
pub(crate) type Figure = (&'static str, &'static [Code]);

pub(crate) const SEVEN: Figure =
    ("seven codes", &[(4, 2), (8, 2), (10, 2), (8, 3), (10, 4), (16, 3), (20, 8)]);
pub(crate) const FOUR: Figure = ("p = 4", &[(10, 4), (12, 4), (16, 4)]);
pub(crate) const EIGHT: Figure = ("p = 8", &[(16, 8), (20, 8)]);
pub(crate) const ODD: Figure = ("odd k", &[(5, 2), (7, 2), (9, 3), (11, 4), (15, 3), (17, 8)]);
/// The figures that every operation has.
pub(crate) const FIGURES: &[Figure] = &[SEVEN, FOUR, EIGHT, ODD];
/// What backends without GFNI are measured by.
pub(crate) const SHUFFLE_FIGURES: &[Figure] = &[("three codes", &[(8, 2), (10, 4), (16, 8)])];

/// Every code of some figures, each once.
pub(crate) fn codes(figures: &[Figure]) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    for code in figures.iter().flat_map(|(_, codes)| *codes) {
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    codes
}

/// The ratios of each code, for one operation and size.
pub(crate) struct Summary(Vec<(Code, Ratios)>);

impl Summary {
    pub(crate) fn new() -> Summary {
        Summary(Vec::new())
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (Code, &Ratios)> {
        self.0.iter().map(|(code, ratios)| (*code, ratios))
    }

    pub(crate) fn add(&mut self, code: Code, ratios: Ratios) {
        self.0.push((code, ratios));
    }

    /// For each kind of ratio and each figure of which anything was measured: geometric mean, and
    /// the smallest with its code.
    pub(crate) fn print(&self, op: &str, size: usize, figures: &[Figure]) {
        let mut titles: Vec<&str> = Vec::new();
        for (title, _) in self.0.iter().flat_map(|(_, ratios)| ratios) {
            if !titles.contains(title) {
                titles.push(title);
            }
        }
        for title in titles {
            for (name, codes) in figures {
                let ratios: Vec<(Code, f64)> = self.of(title, codes);
                let least = ratios.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
                let Some(((k, p), least)) = least else { continue };
                let logs: f64 = ratios.iter().map(|(_, ratio)| ratio.ln()).sum();
                let mean = (logs / ratios.len() as f64).exp();
                let missing = match codes.len() - ratios.len() {
                    0 => String::new(),
                    some => format!(" ({some} of its codes not measured)"),
                };
                println!(
                    "== {op} {}K {title}, {name}: geometric mean {mean:.2}, least {least:.2} \
                     at {k}+{p}{missing}",
                    size >> 10
                );
            }
        }
    }

    fn of(&self, title: &str, codes: &[Code]) -> Vec<(Code, f64)> {
        let wanted = self.0.iter().filter(|(code, _)| codes.contains(code));
        let ratios = wanted.flat_map(|(code, ratios)| ratios.iter().map(|ratio| (*code, *ratio)));
        let ratios = ratios.filter(|(_, (found, _))| *found == title);
        ratios.map(|(code, (_, ratio))| (code, ratio)).collect()
    }
}
