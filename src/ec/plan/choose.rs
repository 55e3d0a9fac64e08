//! Which rows go together, and in which shape.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::super::geometry::Geometry;
use super::super::set::ShardSet;
use super::coset::Coset;
use super::cost::Costs;
use crate::gf::{MAX_EXTRA, Shape};

/// A set of rows, a bit for each.
pub(super) type Rows = u16;

/// A choice of groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) groups: Vec<(Coset, Rows)>,
    /// Rows in no group.
    pub(super) direct: Rows,
    /// What the groups cost, each by itself.
    own: u32,
}

/// From so many rows on the search is greedy, else it would take too long.
const MANY_ROWS: u32 = 9;

/// More than any work costs.
const SHUNNED: u32 = 1 << 20;

/// Rows that can go together, with the cheapest order of the directions.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    coset: Coset,
    rows: Rows,
    /// Rows without which the shape would be a smaller one.
    least: u32,
    cost: u32,
}

pub(super) struct Search<'s> {
    geometry: Geometry,
    costs: Costs,
    /// Shapes that may be used.
    shapes: &'s [Shape],
    candidates: Vec<Candidate>,
    known: BTreeMap<Rows, Choice>,
}

impl<'s> Search<'s> {
    pub(super) fn new(geometry: Geometry, costs: Costs, shapes: &'s [Shape]) -> Search<'s> {
        let candidates = candidates(geometry, costs, shapes);
        Search { geometry, costs, shapes, candidates, known: BTreeMap::new() }
    }

    /// The cheapest way to compute all rows that is found by keeping the best of each set of rows.
    pub(super) fn all_rows(&mut self) -> Choice {
        let every = u32::MAX >> (32 - self.geometry.parity());
        self.best(every as Rows)
    }

    fn best(&mut self, rows: Rows) -> Choice {
        if rows == 0 {
            return Choice::default();
        }
        if let Some(known) = self.known.get(&rows) {
            return known.clone();
        }
        let mut best = Choice { direct: rows, ..Choice::default() };
        let mut cost = self.cost(&best);
        let mut consider = |choice: Choice, search: &Search| {
            let total = search.cost(&choice);
            if total < cost {
                (cost, best) = (total, choice);
            }
        };
        // The lowest row is either computed directly or in some group.
        let lowest = rows & rows.wrapping_neg();
        let usable = |candidate: &&Candidate| {
            let taken = candidate.rows & rows;
            taken & lowest != 0 && taken.count_ones() >= candidate.least
        };
        let mut choice = self.best(rows & !lowest);
        choice.direct |= lowest;
        consider(choice, self);
        if rows.count_ones() >= MANY_ROWS {
            // Of the groups with the lowest row, only the one that is cheapest for each row.
            let usable = self.candidates.iter().filter(usable);
            let each = |candidate: &&Candidate| {
                candidate.cost / (candidate.rows & rows).count_ones().max(1)
            };
            if let Some(candidate) = usable.min_by_key(each).copied() {
                consider(self.with(candidate, rows), self);
            }
        } else {
            for i in 0..self.candidates.len() {
                let candidate = self.candidates[i];
                if usable(&&candidate) {
                    consider(self.with(candidate, rows), self);
                }
            }
        }
        self.known.insert(rows, best.clone());
        best
    }

    /// A group, and the best for the rows that it does not take.
    fn with(&mut self, candidate: Candidate, rows: Rows) -> Choice {
        let taken = candidate.rows & rows;
        let mut choice = self.best(rows & !taken);
        choice.groups.insert(0, (candidate.coset, taken));
        choice.own += candidate.cost;
        choice
    }

    fn cost(&self, choice: &Choice) -> u32 {
        let columns = self.geometry.data();
        let directs = choice.direct.count_ones();
        // Without this shape, only what no other serves is computed so.
        let direct = match self.shapes.contains(&Shape::Direct) {
            true => self.costs.direct(columns, directs as usize),
            false => SHUNNED * directs,
        };
        let Some(((first, _), others)) = choice.groups.split_first() else { return direct };
        // One direct row goes along with each group, more make a group of their own.
        let own_pass = directs as usize > choice.groups.len() * MAX_EXTRA;
        let passes_more = others.len() + usize::from(own_pass);
        let beside = if directs > 0 { self.costs.beside(first.shape, columns) } else { 0 };
        choice.own + direct + beside + self.costs.again(columns) * passes_more as u32
    }
}

/// All rows that can go together.
fn candidates(geometry: Geometry, costs: Costs, shapes: &[Shape]) -> Vec<Candidate> {
    let k = geometry.data();
    let columns = ShardSet::below(k);
    let labels: Vec<u8> = (k..geometry.total()).map(|label| label as u8).collect();
    let cheapest = |cosets: &mut dyn Iterator<Item = Coset>, least: u32| {
        let price = |coset: Coset| Candidate {
            coset,
            rows: coset.labels().fold(0, |set, label| {
                let row = labels.iter().position(|own| *own == label);
                row.map_or(set, |row| set | 1 << row)
            }),
            least,
            cost: costs.shaped(coset.shape, blocks(&coset, columns)),
        };
        // Where no column has a partner there is nothing to share.
        let shares = |coset: &Coset| blocks(coset, columns)[..3] != [0; 3];
        cosets.filter(shares).map(price).min_by_key(|candidate| candidate.cost)
    };
    let allowed = |shape: Shape| shapes.contains(&shape);
    let mut found = Vec::new();
    let (mut planes, mut spaces) = (BTreeSet::new(), BTreeSet::new());
    for (i, origin) in labels.iter().enumerate() {
        let others = labels[i + 1..].iter().map(|label| label ^ origin);
        let others: Vec<u8> = others.collect();
        for (j, b) in others.iter().enumerate() {
            if allowed(Shape::Pair) {
                let pair = Coset::new(Shape::Pair, *origin, [*b, 0, 0]);
                found.extend(cheapest(&mut [pair].into_iter(), 2));
            }
            for (l, c) in others.iter().enumerate().skip(j + 1) {
                if allowed(Shape::Tri) {
                    // Any of the three rows can be the first, and either of the others the second.
                    let orders = [(0, *b, *c), (*b, *b, b ^ c), (*c, *c, b ^ c)];
                    let mut cosets = orders.into_iter().flat_map(|(first, x, y)| {
                        [[x, y, 0], [y, x, 0]].map(|d| Coset::new(Shape::Tri, origin ^ first, d))
                    });
                    found.extend(cheapest(&mut cosets, 3));
                }
                // Each coset once, however many of its rows lead to it.
                let plane = [0, *b, *c, b ^ c];
                let start = plane.iter().map(|v| v ^ origin).min();
                if allowed(Shape::Fft4) && planes.insert((start, sorted(plane))) {
                    let orders = [[*b, *c, 0], [*c, *b, 0], [b ^ c, *b, 0]];
                    let mut cosets =
                        orders.into_iter().map(|d| Coset::new(Shape::Fft4, *origin, d));
                    found.extend(cheapest(&mut cosets, 3));
                }
                for d in others.iter().skip(l + 1).filter(|_| allowed(Shape::Fft8)) {
                    if plane.contains(d) {
                        continue;
                    }
                    let space = sorted([0, *b, *c, b ^ c, *d, b ^ d, c ^ d, b ^ c ^ d]);
                    let start = space.iter().map(|v| v ^ origin).min();
                    let rows = space.iter().filter(|v| labels.contains(&(*v ^ origin))).count();
                    if rows >= 5 && spaces.insert((start, space)) {
                        let mut cosets = flags(space)
                            .map(|directions| Coset::new(Shape::Fft8, *origin, directions));
                        found.extend(cheapest(&mut cosets, 5));
                    }
                }
            }
        }
    }
    found
}

fn sorted<const N: usize>(mut labels: [u8; N]) -> [u8; N] {
    labels.sort_unstable();
    labels
}

/// Each line and each plane around it in a space of eight, as three directions.
fn flags(space: [u8; 8]) -> impl Iterator<Item = [u8; 3]> {
    let nonzero = space.into_iter().filter(|v| *v != 0);
    nonzero.flat_map(move |x| {
        // Each plane through x once: by the smaller of its other two members.
        let second = space.into_iter().filter(move |y| *y != 0 && *y != x && *y < y ^ x);
        second.map(move |y| {
            let third = space.into_iter().find(|z| ![0, x, y, x ^ y].contains(z));
            [x, y, third.unwrap_or(0)]
        })
    })
}

/// How many blocks of 8, 4, 2 and 1 columns a coset makes of `columns`.
pub(super) fn blocks(coset: &Coset, columns: ShardSet) -> [usize; 4] {
    let cover = coset.cover(columns);
    [cover[0].len() / 8, cover[1].len() / 4, cover[2].len() / 2, cover[3].len()]
}
