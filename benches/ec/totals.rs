//! The last lines of the bench: one for each figure that a target is set for.

use crate::race::Code;
use crate::summary::{EIGHT, FOUR, Figure, ODD, SEVEN, Summary};

const K4: usize = 4 << 10;
const K64: usize = 64 << 10;
const M1: usize = 1 << 20;

/// An operation at some sizes, a ratio, and the codes that count.
type Total = (&'static str, &'static [usize], &'static str, Figure);

const TOTALS: &[Total] = &[
    ("encode", &[K4, K64], "xISAL", SEVEN),
    ("encode", &[K4], "xISAL", FOUR),
    ("encode", &[K4], "xISAL", EIGHT),
    ("encode", &[K4, K64], "xISAL", ODD),
    ("encode", &[M1], "xISAL", SEVEN),
    ("encode", &[M1], "xCEILING", SEVEN),
    ("encode-avx2", &[K4, K64], "xISAL", ("8+2", &[(8, 2)])),
    ("encode-avx2", &[K4, K64], "xISAL", ("10+4", &[(10, 4)])),
    ("encode-avx2", &[K4, K64], "xISAL", ("16+8", &[(16, 8)])),
    ("rebuild-1", &[K64], "xISAL", SEVEN),
    ("rebuild-p", &[K64], "xISAL", SEVEN),
    ("verify", &[K64], "xISAL", SEVEN),
    ("verify", &[K64], "xMEMCMP", SEVEN),
    ("verify", &[M1], "xISAL", SEVEN),
    ("verify", &[M1], "xMEMCMP", SEVEN),
    ("update", &[K4, K64], "xISAL", SEVEN),
    ("update", &[M1], "xISAL", SEVEN),
    ("update-many", &[K4, K64, M1], "xSINGLE", SEVEN),
    ("update-many", &[K4, K64, M1], "xDIRECT", SEVEN),
    ("locate", &[K4, K64, M1], "xVERIFY", SEVEN),
    ("pipeline", &[M1], "xISAL2PASS", SEVEN),
    ("pipeline", &[M1], "x2PASS", SEVEN),
    ("pipeline", &[M1], "xENCODE", SEVEN),
    ("segments", &[K64], "xCONTIGUOUS", SEVEN),
    ("segments", &[M1], "xCONTIGUOUS", SEVEN),
    ("threads", &[K64, 256 << 10], "x1THREAD", SEVEN),
    ("threads", &[M1], "x1THREAD", SEVEN),
    ("threads-dram", &[M1], "x1THREAD", SEVEN),
    ("plan", &[K4, K64], "xDIRECT", SEVEN),
    ("plan", &[K4, K64], "xOTHERS", SEVEN),
];

/// What was measured.
#[derive(Default)]
pub(crate) struct Totals {
    ratios: Vec<Measured>,
    /// Figures that are no ratios.
    notes: Vec<String>,
}

struct Measured {
    op: String,
    size: usize,
    title: String,
    code: Code,
    ratio: f64,
}

impl Totals {
    pub(crate) fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    pub(crate) fn add(&mut self, op: &str, size: usize, summary: &Summary) {
        for (code, ratios) in summary.lines() {
            for (title, ratio) in ratios {
                let (op, title) = (op.to_owned(), (*title).to_owned());
                self.ratios.push(Measured { op, size, title, code, ratio: *ratio });
            }
        }
    }

    /// A line for each total of which anything was measured.
    pub(crate) fn print(&self, quick: bool) {
        if self.ratios.is_empty() && self.notes.is_empty() {
            return;
        }
        // Then few turns are taken, and what rotates may fit a cache.
        let kind = if quick { " of a quick run, which proves nothing" } else { "" };
        println!("summary{kind}: ratios of the first contestant of a line to another");
        self.notes.iter().for_each(|note| println!("{note}"));
        for total in TOTALS {
            if let Some(line) = self.line(*total) {
                println!("{line}");
            }
        }
    }

    fn line(&self, (op, sizes, title, (name, codes)): Total) -> Option<String> {
        // Behind an operation's first word may stand what it was done with.
        let is = |it: &&Measured| it.op.split(' ').next() == Some(op) && it.title == title;
        let counts = |it: &&Measured| sizes.contains(&it.size) && codes.contains(&it.code);
        let found: Vec<&Measured> = self.ratios.iter().filter(is).filter(counts).collect();
        let least = found.iter().min_by(|a, b| a.ratio.total_cmp(&b.ratio))?;
        let logs: f64 = found.iter().map(|it| it.ratio.ln()).sum();
        let mean = (logs / found.len() as f64).exp();
        let wanted = sizes.len() * codes.len();
        let part = match found.len() {
            all if all == wanted => String::new(),
            some => format!(" [{some} of {wanted}]"),
        };
        let sizes: Vec<String> = sizes.iter().map(|size| bytes(*size)).collect();
        let ((k, p), at) = (least.code, bytes(least.size));
        Some(format!(
            "{} {} {name} {title}  geomean {mean:.2} min {:.2} ({k}+{p} {at}){part}",
            least.op,
            sizes.join(","),
            least.ratio,
        ))
    }
}

fn bytes(size: usize) -> String {
    if size >= M1 { format!("{}M", size >> 20) } else { format!("{}K", size >> 10) }
}
