//! How a geometry's parity is computed: in which groups of rows, and in which order of columns.

mod choose;
mod coset;
mod cost;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::geometry::Geometry;
use super::set::ShardSet;
use crate::gf::{ABSENT, Backend, Coef, Group, Groups, MAX_EXTRA, Shape, inv};
use choose::{Choice, Rows, Search};
use coset::Coset;
use cost::Costs;

/// How the parity of one geometry is computed, chosen by a model of what the instructions of a
/// backend cost.
///
/// The parity matrix has structure: rows of a coset of labels can be computed together with fewer
/// products than they have coefficients. A plan says which rows go together, in which [`Shape`],
/// and in which blocks the columns come. It prints as a page that explains itself.
///
/// ```
/// use lustrine::ec::{Codec, Geometry};
///
/// let codec = Codec::new(Geometry::new(16, 8)?);
/// let plan = codec.plan();
/// assert!(plan.products() <= 16 * 8);
/// println!("{plan}");
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    geometry: Geometry,
    choice: Choice,
    /// None if the table of coefficients is the plan.
    groups: Option<Groups>,
    costs: Costs,
}

impl Plan {
    /// The cheapest plan made of these shapes that the cost model finds.
    pub(super) fn new(geometry: Geometry, backend: Backend, shapes: &[Shape]) -> Plan {
        let costs = Costs::of(backend);
        let choice = Search::new(geometry, costs, shapes).all_rows();
        let groups = groups_of(geometry, &choice, ShardSet::below(geometry.data()));
        // A group that does not fit together would be an error of ours: the tests go through all
        // geometries. Without them it only means that nothing is saved.
        debug_assert_eq!(groups.is_some(), !choice.groups.is_empty());
        Plan { geometry, choice, groups, costs }
    }

    /// Groups for some of the columns only, numbered from 0 in rising order, if they cost less than
    /// coefficients. The rows go together as for all columns: nothing is searched for.
    pub(super) fn narrowed(&self, columns: ShardSet) -> Option<Groups> {
        let Choice { groups, direct, .. } = &self.choice;
        let (n, p) = (columns.len(), self.geometry.parity());
        let shaped = groups.iter().map(|(coset, _)| {
            self.costs.shaped(coset.shape, choose::blocks(coset, columns)) + self.costs.again(n)
        });
        let rest = self.costs.direct(n, direct.count_ones() as usize);
        let worth = shaped.sum::<u32>() + rest < self.costs.direct(n, p);
        groups_of(self.geometry, &self.choice, columns).filter(|_| worth)
    }

    /// The groups to compute by, if that is cheaper than by the table of coefficients. They are
    /// made for so many sources and outputs, or not at all.
    pub(crate) fn groups(&self, sources: usize, outputs: usize) -> Option<&Groups> {
        self.groups.as_ref().filter(|groups| groups.are_for(sources, outputs))
    }

    /// Products for each byte of a shard. Without structure there would be `data * parity`.
    pub fn products(&self) -> usize {
        let groups = self.parts();
        groups.iter().map(|group| group.products).sum()
    }

    /// The groups of rows, in the order in which they are computed.
    pub fn parts(&self) -> Vec<Part> {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let Some(groups) = &self.groups else {
            return alloc::vec![Part {
                shape: Shape::Direct,
                rows: Vec::new(),
                extra: (0..p).collect(),
                blocks: (0..k).map(|column| alloc::vec![column]).collect(),
                products: k * p,
                cycles: f64::from(self.costs.direct(k, p)) / 16.0,
            }];
        };
        groups.iter().map(|group| Part::of(group, k, self.costs)).collect()
    }
}

/// Rows that a [`Plan`] computes in one pass over the data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// How.
    pub shape: Shape,
    /// Parity shards (from 0) that the shape computes.
    pub rows: Vec<usize>,
    /// Parity shards computed coefficient by coefficient in the same pass.
    pub extra: Vec<usize>,
    /// Data shards, in the blocks in which they are taken.
    pub blocks: Vec<Vec<usize>>,
    /// Products for each byte of a shard.
    pub products: usize,
    /// Cycles for each register of a shard that the cost model expects, data in the L1 cache. What it
    /// costs that several parts go over the same data comes on top.
    pub cycles: f64,
}

impl Part {
    fn of(group: &Group, k: usize, costs: Costs) -> Part {
        let rows: Vec<usize> = group.outputs().collect();
        let (own, extra) = rows.split_at(rows.len() - group.extra());
        let mut blocks = Vec::new();
        let mut left = group.columns();
        for (n, size) in group.blocks().into_iter().zip([8, 4, 2, 1]) {
            for _ in 0..n {
                let (block, rest) = left.split_at(size.min(left.len()));
                blocks.push(block.iter().map(|column| usize::from(*column)).collect());
                left = rest;
            }
        }
        let cost = costs.shaped(group.shape(), group.blocks()) + costs.direct(k, extra.len());
        let products = cost::shaped(group.shape(), group.blocks()).products
            + cost::direct(k, extra.len()).products;
        Part {
            shape: group.shape(),
            rows: own.into(),
            extra: extra.into(),
            blocks,
            products: products as usize,
            cycles: f64::from(cost) / 16.0,
        }
    }
}

/// The groups of a choice for these columns, or `None` if it has none.
fn groups_of(geometry: Geometry, choice: &Choice, columns: ShardSet) -> Option<Groups> {
    if choice.groups.is_empty() {
        return None;
    }
    let (k, p) = (geometry.data(), geometry.parity());
    let mut direct: Vec<u8> = (0..p as u8).filter(|row| choice.direct >> row & 1 != 0).collect();
    let mut groups = Vec::new();
    for (coset, taken) in &choice.groups {
        // One row more costs least where the sources are in registers anyway.
        let extra = direct.split_off(direct.len() - MAX_EXTRA.min(direct.len()));
        groups.push(group(k, columns, coset, *taken, &extra)?);
    }
    if !direct.is_empty() {
        groups.push(rest(k, columns, direct)?);
    }
    Groups::new(groups.into(), columns.len(), p)
}

/// The coefficient of a column in a parity row (numbered from 0).
fn entry(k: usize, row: u8, column: u8) -> u8 {
    inv((k as u8 + row) ^ column)
}

/// A coset's rows, those that are wanted being `taken`, and `extra` rows beside.
fn group(k: usize, columns: ShardSet, coset: &Coset, taken: Rows, extra: &[u8]) -> Option<Group> {
    let row = |label: u8| {
        let row = usize::from(label).checked_sub(k).filter(|row| *row < 16);
        row.filter(|row| taken >> row & 1 != 0).map(|row| row as u8)
    };
    let wanted: Vec<u8> = coset.labels().filter(|label| row(*label).is_some()).collect();
    let cover = coset.cover(columns);
    let order = coset.order(&cover);
    let sizes = [8, 4, 2, 1];
    let blocks: [usize; 4] = core::array::from_fn(|i| cover[i].len() / sizes[i]);
    let mut coefs = coset.finals();
    let mut left = &order[..];
    for (n, size) in blocks.into_iter().zip(sizes) {
        for _ in 0..n {
            let (block, rest) = left.split_at_checked(size)?;
            coefs.extend(coset.block(block[0], size, &wanted));
            let beside = block.iter().flat_map(|c| extra.iter().map(move |r| entry(k, *r, *c)));
            coefs.extend(beside);
            left = rest;
        }
    }
    let rows = coset.labels().map(|label| row(label).unwrap_or(ABSENT));
    let rows: Box<[u8]> = rows.chain(extra.iter().copied()).collect();
    let coefs = coefs.into_iter().map(Coef::new).collect();
    Group::new(coset.shape, extra.len(), blocks, places(columns, order), rows, coefs)
}

/// Where each of these is among the columns that there are.
fn places(columns: ShardSet, of: Vec<u8>) -> Box<[u8]> {
    of.into_iter().map(|column| columns.rank(column.into()) as u8).collect()
}

/// Rows that no shape serves.
fn rest(k: usize, columns: ShardSet, rows: Vec<u8>) -> Option<Group> {
    let order: Vec<u8> = columns.iter().map(|column| column as u8).collect();
    let coefs = order.iter().flat_map(|c| rows.iter().map(move |r| Coef::new(entry(k, *r, *c))));
    let coefs = coefs.collect();
    let blocks = [0, 0, 0, order.len()];
    Group::new(Shape::Direct, rows.len(), blocks, places(columns, order), rows.into(), coefs)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let parts = self.parts();
        let products = self.products();
        let share = 100 * products / (k * p);
        write!(f, "{k}+{p}: {products} products instead of {} ({share} %)", k * p)?;
        for part in parts {
            write!(f, "\n  {:?}", part.shape)?;
            let list = |f: &mut fmt::Formatter<'_>, title: &str, rows: &[usize]| {
                if rows.is_empty() { Ok(()) } else { write!(f, "{title} {rows:?}") }
            };
            list(f, " of parity", &part.rows)?;
            list(f, if part.rows.is_empty() { " of parity" } else { ", beside it" }, &part.extra)?;
            write!(f, ": {} products, {:.1} cycles a register", part.products, part.cycles)?;
            if part.shape != Shape::Direct {
                write!(f, "\n    data")?;
                part.blocks.iter().try_for_each(|block| write!(f, " {block:?}"))?;
            }
        }
        Ok(())
    }
}
