//! Random files, layouts, holes, losses and damage against a `Vec<u8>`.
#![allow(clippy::unwrap_used)]

#[path = "common/rig.rs"]
#[allow(dead_code, reason = "shared with the tests of the verbs")]
mod rig;

use lustrine::engine::{Fault, ObjectStore, Proof, jobs};
use lustrine::layout::plan::{Health, Tolerance};
use proptest::prelude::*;
use rig::{OPTIONS, Rig, new_object, pattern};
use std::ops::Range;

const UNIT: u64 = 65_536;

/// Components with parity, of any start, one after the other; sizes are kept small by hand.
fn layouts() -> impl Strategy<Value = String> {
    let component = (1u32..=9, 2u32..=8, 1u32..=3, 0u32..2, 1u64..=7);
    prop::collection::vec(component, 1..=3).prop_map(|components| {
        let last = components.len() - 1;
        let mut end = 0u64;
        let mut text = String::new();
        for (i, (stripes, k, p, shift, units)) in components.into_iter().enumerate() {
            let stripes = stripes.max(2);
            let k = k.min(stripes);
            // Parity must fit: at most as many parity stripes as data stripes.
            let sets = lustrine::layout::raid::RaidSets::split(stripes, k).count();
            let p = p.min(k).min(stripes / sets);
            let unit = UNIT << shift;
            // An end is a multiple of its own unit; the next start need not be one of the next's.
            // Shorter extents would have their stripes trimmed below what the parity needs.
            end = (end.div_ceil(unit) + u64::from(stripes) + units) * unit;
            let place = if i == last { "-1".to_string() } else { end.to_string() };
            text += &format!("-E {place} -S {unit} -c {stripes} --ec {k}+{p} ");
        }
        text
    })
}

fn holes(size: u64) -> impl Strategy<Value = Vec<Range<u64>>> {
    prop::collection::vec((0..=size, 0..=size), 0..5).prop_map(|ends| {
        let mut ranges: Vec<Range<u64>> =
            ends.into_iter().map(|(a, b)| a.min(b)..a.max(b)).filter(|r| !r.is_empty()).collect();
        ranges.sort_by_key(|r| r.start);
        let mut apart: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            match apart.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    })
}

/// A file as little as it takes to make it again: what a failure prints.
#[derive(Clone, Debug)]
struct Recipe {
    options: String,
    size: u64,
    seed: u64,
    data: Vec<Range<u64>>,
}

impl Recipe {
    fn make(&self, osts: u32) -> Rig {
        let mut bytes = vec![0; self.size as usize];
        let noise = pattern(self.size as usize, self.seed);
        for range in &self.data {
            let range = range.start as usize..range.end as usize;
            bytes[range.clone()].copy_from_slice(&noise[range]);
        }
        Rig::sparse(&self.options, bytes, &self.data, osts)
    }
}

fn file() -> impl Strategy<Value = Recipe> {
    (layouts(), prop_oneof![0u64..10_000, 0u64..3_000_000], any::<u64>()).prop_flat_map(
        |(options, size, seed)| {
            holes(size).prop_map(move |data| Recipe { options: options.clone(), size, seed, data })
        },
    )
}

/// Some OSTs of the file.
fn pick(rig: &Rig, seeds: &[prop::sample::Index]) -> Vec<u32> {
    let mut osts: Vec<u32> =
        jobs::objects(&rig.layout).filter_map(|(_, _, id)| Some(id?.ost)).collect();
    osts.sort_unstable();
    osts.dedup();
    let mut picked: Vec<u32> = seeds.iter().map(|s| osts[s.index(osts.len())]).collect();
    picked.sort_unstable();
    picked.dedup();
    picked
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_global_rejects: 1 << 20,
        failure_persistence: None,
        // PROPTEST_CASES asks for more.
        cases: ProptestConfig::default().cases,
        ..ProptestConfig::default()
    })]

    /// Whatever is lost: every byte that is given is right (the rig compares), and as long as no
    /// more OSTs are lost than the tolerance says, every byte is given.
    #[test]
    fn losses(
        recipe in file(),
        mirrors in any::<bool>(),
        covered in prop::bool::weighted(0.8),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        check in any::<bool>(),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let recipe = if mirrors {
            Recipe { options: format!("-N2 {}", recipe.options), ..recipe }
        } else {
            recipe
        };
        let mut rig = recipe.make(24);
        // As a Lustre leaves it that recorded nothing: holes in parity prove nothing then.
        rig.covered = covered;
        let lost = pick(&rig, &lost);
        let tolerance = Tolerance::of(&rig.layout, rig.size(), &Health::good());
        let size = rig.size();
        let (a, b) = (ends.0.index(size as usize + 1) as u64, ends.1.index(size as usize + 1) as u64);
        for range in [0..size, a.min(b)..a.max(b)] {
            let (_, report) = rig.read(range.clone(), &lost, check);
            if covered && size > 0 && lost.len() <= tolerance.osts as usize {
                prop_assert_eq!(report.withheld(), 0, "without {:?}", lost);
            }
            prop_assert_eq!(report.mismatches, 0);
        }
        let report = rig.verify(&lost);
        prop_assert_eq!(report.mismatches, 0);
        if lost.is_empty() {
            prop_assert_eq!(report.withheld(), 0);
        }
    }

    /// A rebuild gives back the objects that were lost, or changes nothing.
    #[test]
    fn rebuilds(
        recipe in file(),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let mut rig = recipe.make(32);
        let lost = pick(&rig, &lost);
        let health = rig.health(&lost);
        let readable = rig.read(0..rig.size(), &lost, false).1.withheld() == 0;
        let before = rig.store.objects();
        let mut oid = 10_000;
        let choose = |avoid: &std::collections::BTreeSet<u32>| {
            oid += 1;
            Ok((0..32).rev().find(|o| !avoid.contains(o)).map(|ost| new_object(ost, oid)))
        };
        let done = jobs::rebuild(&rig.store, rig.file(), &health, choose, OPTIONS).unwrap();
        if !done.complete {
            prop_assert_eq!(rig.store.objects(), before);
            let parity_gone = rig.verify(&lost).withheld() > 0 || !readable;
            prop_assert!(parity_gone, "without {:?}: {:?}", lost, done.report);
            return Ok(());
        }
        prop_assert!(readable);
        let expected = Tolerance::of(&rig.layout, rig.size(), &Health::good());
        for (component, stripe, new) in &done.objects {
            let old = rig.layout.component(*component).and_then(|c| c.object(*stripe)).unwrap();
            prop_assert_eq!(rig.contents(old), rig.contents(*new), "{}/{}", component, stripe);
        }
        rig.layout = done.layout;
        prop_assert_eq!(rig.verify(&lost).mismatches, 0);
        prop_assert_eq!(rig.health(&lost), Health::without(lost.iter().copied()));
        rig.read_all(&lost);
        let now = Tolerance::of(&rig.layout, rig.size(), &Health::good());
        prop_assert!(now.osts >= expected.osts, "{:?} after {:?}", now, expected);
    }

    /// One wrong byte anywhere: verify finds it if a byte of the file depends on it, a checking
    /// read of a degraded file does not give a wrong byte, and a resync makes parity agree.
    #[test]
    fn rot(
        recipe in file(),
        object in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..=255,
    ) {
        let mut rig = recipe.make(24);
        let all: Vec<_> = jobs::objects(&rig.layout).filter_map(|(c, _, id)| Some((c, id?))).collect();
        let (component, id) = all[object.index(all.len())];
        let size = rig.store.size(id).unwrap() as usize;
        prop_assume!(size > 0);
        let at = at.index(size) as u64;
        let mut byte = [0];
        rig.store.read_at(id, at, &mut byte).unwrap();
        // Bytes of an object before its component's start belong to nobody.
        let view = rig.layout.component(component).unwrap();
        let stripe = (0..view.objects().unwrap().len() as u32).find(|s| view.object(*s) == Some(id)).unwrap();
        let file = view.stripes().unwrap().file_offset(stripe, at).unwrap();
        let parity = view.is_parity();
        prop_assume!(file >= view.extent.start);
        rig.store.corrupt(id, at, byte[0] ^ flip).unwrap();
        let report = rig.verify(&[]);
        prop_assert_eq!(report.mismatches, 1, "object {} byte {}", id, at);
        prop_assert!(report.bytes(Proof::Contradicted) > 0);
        let health = rig.health(&[]);
        jobs::resync(&rig.store, rig.file(), &health, OPTIONS).unwrap();
        prop_assert_eq!(rig.verify(&[]).mismatches, 0);
        if !parity {
            rig.bytes[file as usize] ^= flip; // the resync took the data for right
        }
        rig.read_all(&[]);
    }

    /// Unreadable places are worked around one by one.
    #[test]
    fn unreadable_places(
        recipe in file(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), 0u64..400_000), 1..4),
    ) {
        let rig = recipe.make(24);
        let all: Vec<_> = jobs::objects(&rig.layout).filter_map(|(_, _, id)| id).collect();
        for (object, at) in &faults {
            rig.store.inject(all[object.index(all.len())], Fault::ErrorAt(*at));
        }
        let (_, report) = rig.read(0..rig.size(), &[], false);
        let tolerance = Tolerance::of(&rig.layout, rig.size(), &Health::good());
        if rig.size() > 0 && faults.len() <= tolerance.osts as usize {
            prop_assert_eq!(report.withheld(), 0);
        }
        prop_assert_eq!(rig.verify(&[]).mismatches, 0);
    }
}
