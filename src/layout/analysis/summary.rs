//! Many files together.

use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap};
use alloc::string::String;
use alloc::vec::Vec;

use super::loss::{Class, Loss, OstBytes};

/// A file that lost objects, as a [`Summary`] keeps it. The order is that of urgency: critical
/// files (and those of which it is not known), then those with lost bytes, which can wait no worse,
/// then degraded ones; of each, those with the least to write first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    rank: u8,
    rewrite: u64,
    /// Its name.
    pub name: String,
    /// Bytes that are lost, as far as sizes are known.
    pub lost_bytes: u64,
    /// The stretches that have lost bytes, and the stripes of a component that are gone there.
    pub lost: Vec<(u64, u64, Option<usize>, Vec<u32>)>,
    /// An OST that a critical file cannot lose as well.
    pub next: Option<u32>,
    /// It can be worse off than its class says: see [`Loss::undecided`].
    pub undecided: bool,
    class: Class,
}

impl File {
    /// How badly off it is.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Bytes that its repair writes.
    pub fn rewrite(&self) -> u64 {
        self.rewrite
    }
}

/// What the loss of OSTs does to any number of files. Memory is bounded by the files that it is
/// told to keep, and the number of OSTs.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Most files kept.
    most: usize,
    counts: [u64; 4],
    undecided: u64,
    lost_bytes: u64,
    sizes_unknown: u64,
    traffic: BTreeMap<u32, OstBytes>,
    /// The least urgent one on top.
    files: BinaryHeap<File>,
}

impl Summary {
    /// Of no files yet; the `most` most urgent ones will be kept by name.
    pub fn new(most: usize) -> Summary {
        Summary {
            most,
            counts: [0; 4],
            undecided: 0,
            lost_bytes: 0,
            sizes_unknown: 0,
            traffic: BTreeMap::new(),
            files: BinaryHeap::new(),
        }
    }

    /// Adds a file; `sized`: its size was known, so that the amounts of bytes count.
    pub fn add(&mut self, name: &str, sized: bool, loss: &Loss) {
        match loss.undecided {
            true => self.undecided += 1,
            false => self.counts[loss.class as usize] += 1,
        }
        if loss.class == Class::Safe {
            return;
        }
        self.sizes_unknown += u64::from(!sized);
        for (ost, bytes) in &loss.traffic {
            add_bytes(self.traffic.entry(*ost).or_default(), bytes);
        }
        let sum = |numbers: &mut dyn Iterator<Item = u64>| numbers.fold(0, u64::saturating_add);
        let lost_bytes = sum(&mut loss.lost.iter().filter_map(|range| range.bytes));
        self.lost_bytes = self.lost_bytes.saturating_add(lost_bytes);
        let ranges = loss.lost.iter().map(|range| {
            (range.extent.start, range.extent.end, range.component, range.stripes.clone())
        });
        self.keep(File {
            undecided: loss.undecided,
            rank: match loss.class {
                _ if loss.undecided => 0,
                Class::Critical => 0,
                Class::Lost => 1,
                Class::Degraded => 2,
                Class::Safe => 3,
            },
            class: loss.class,
            rewrite: sum(&mut loss.traffic.values().map(|bytes| bytes.rewrite)),
            name: name.into(),
            lost_bytes,
            lost: ranges.collect(),
            next: loss.next,
        });
    }

    /// Adds all files of another summary, as one made on another thread.
    pub fn merge(&mut self, other: Summary) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.undecided += other.undecided;
        self.lost_bytes = self.lost_bytes.saturating_add(other.lost_bytes);
        self.sizes_unknown += other.sizes_unknown;
        for (ost, bytes) in &other.traffic {
            add_bytes(self.traffic.entry(*ost).or_default(), bytes);
        }
        other.files.into_iter().for_each(|file| self.keep(file));
    }

    fn keep(&mut self, file: File) {
        self.files.push(file);
        if self.files.len() > self.most {
            self.files.pop();
        }
    }

    /// Files of which it would take too long to find out how badly off they are; they are in no
    /// class.
    pub fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Files of a class.
    pub fn count(&self, class: Class) -> u64 {
        self.counts[class as usize]
    }

    /// Bytes that are lost, in files of known size.
    pub fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Files with lost objects of which the size is not known: their bytes are in no amount.
    pub fn sizes_unknown(&self) -> u64 {
        self.sizes_unknown
    }

    /// What the repair of all files reads and rewrites, by OST.
    pub fn traffic(&self) -> &BTreeMap<u32, OstBytes> {
        &self.traffic
    }

    /// The most urgent files, most urgent first.
    pub fn files(&self) -> Vec<&File> {
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort();
        files
    }

    /// Seconds that the repair takes if each OST moves `rate` bytes a second, reads and writes
    /// together: what is written spreads evenly over the OSTs that are left of `osts` (or of those
    /// that are read from), and the busiest one is waited for. `None` if `rate` is not positive, or
    /// no OST is left to write to.
    pub fn seconds(&self, osts: Option<u32>, lost: &BTreeSet<u32>, rate: f64) -> Option<f64> {
        let reads = || self.traffic.values().map(|bytes| bytes.read);
        let left = match osts {
            Some(osts) => {
                u64::from(osts).saturating_sub(lost.iter().filter(|o| **o < osts).count() as u64)
            }
            None => reads().filter(|read| *read > 0).count() as u64,
        };
        let rewrite: f64 = self.traffic.values().map(|bytes| bytes.rewrite as f64).sum();
        let busiest = reads().max().unwrap_or(0) as f64;
        if rewrite == 0.0 && busiest == 0.0 {
            return Some(0.0);
        }
        (rate > 0.0 && left > 0).then(|| (busiest + rewrite / left as f64) / rate)
    }
}

fn add_bytes(to: &mut OstBytes, more: &OstBytes) {
    to.read = to.read.saturating_add(more.read);
    to.rewrite = to.rewrite.saturating_add(more.rewrite);
}
