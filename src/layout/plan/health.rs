//! Which objects are lost, and how many OSTs a file can lose.

use super::Part;
use crate::layout::{Layout, ObjectId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What is known to be lost: whole OSTs, or single objects by (component index, stripe).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    osts: BTreeSet<u32>,
    objects: BTreeSet<(usize, u32)>,
    avoided: BTreeSet<usize>,
}

impl Health {
    /// Everything is there.
    pub fn good() -> Self {
        Self::default()
    }

    /// These OSTs are away.
    pub fn without(osts: impl IntoIterator<Item = u32>) -> Self {
        Self { osts: osts.into_iter().collect(), ..Self::default() }
    }

    /// The object of `stripe` in component `component` is lost. False if that was known.
    pub fn lose_object(&mut self, component: usize, stripe: u32) -> bool {
        self.objects.insert((component, stripe))
    }

    /// Data is not to be read from this component: another mirror's is to be tried.
    pub fn avoid(&mut self, component: usize) {
        self.avoided.insert(component);
    }

    pub(super) fn avoids(&self, component: usize) -> bool {
        self.avoided.contains(&component)
    }

    /// The OSTs that are away.
    pub fn osts(&self) -> impl Iterator<Item = u32> + '_ {
        self.osts.iter().copied()
    }

    /// Whether this object is lost. A slot that names no object (LFSCK lost it) is.
    pub fn is_lost(&self, component: usize, stripe: u32, object: Option<ObjectId>) -> bool {
        object.is_none_or(|o| self.osts.contains(&o.ost))
            || self.objects.contains(&(component, stripe))
    }
}

/// How many OSTs may fail, whichever they are, before a byte is lost.
///
/// Counted from the actual objects: a RAID set with two members on one OST tolerates less than p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// OST failures that every RAID set survives, on top of the present damage.
    pub osts: u32,
    /// Component and set that set the limit (data component index, set index).
    pub weakest: Option<(usize, u32)>,
}

impl Tolerance {
    /// The tolerance of a file of `size` bytes under `layout` with `health`.
    ///
    /// Components without usable parity tolerate nothing. Other mirrors are not counted: this is
    /// what the parity alone gives.
    pub fn of(layout: &Layout, size: u64, health: &Health) -> Self {
        let mut worst = Tolerance { osts: u32::MAX, weakest: None };
        let views: Vec<_> = layout.components().collect();
        for data in views.iter().filter(|c| !c.is_parity() && c.extent.start < size) {
            if data.objects().is_none() {
                continue;
            }
            let parity = super::usable_parity(layout, &views, data);
            let Ok(part) = Part::new(data, parity, size) else { continue };
            for set in 0..part.sets().count() {
                let osts = part.set_tolerance(set, health);
                if osts < worst.osts {
                    worst = Tolerance { osts, weakest: Some((data.index, set)) };
                }
            }
        }
        if worst.weakest.is_none() {
            worst.osts = 0;
        }
        worst
    }
}

/// Failures survived by a set whose surviving members lie on `osts`, with `lost` members gone:
/// the adversary takes the fullest OSTs first.
pub(in crate::layout) fn failures_survived(osts: &[u32], lost: usize, parity: usize) -> u32 {
    let mut per_ost: BTreeMap<u32, usize> = BTreeMap::new();
    for &ost in osts {
        *per_ost.entry(ost).or_default() += 1;
    }
    let mut counts: Vec<usize> = per_ost.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let mut gone = lost;
    let mut failures = 0;
    for count in counts {
        gone += count;
        if gone > parity {
            break;
        }
        failures += 1;
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::failures_survived;

    #[test]
    fn doubled_osts_lower_the_tolerance() {
        assert_eq!(failures_survived(&[0, 1, 2, 3, 4, 5], 0, 2), 2);
        assert_eq!(failures_survived(&[0, 0, 1, 2, 3, 4], 0, 2), 1);
        assert_eq!(failures_survived(&[0, 0, 0, 2, 3, 4], 0, 2), 0);
        assert_eq!(failures_survived(&[0, 1, 2, 3, 4], 1, 2), 1);
        assert_eq!(failures_survived(&[0, 1, 2], 3, 2), 0);
    }
}
