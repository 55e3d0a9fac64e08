use super::*;

/// OSTs from 100 on; `domains` of them in turn, or each its own.
fn places(osts: u32, domains: Option<u32>) -> Vec<Place> {
    let domain = |ost: u32| u64::from(domains.map_or(ost, |count| ost % count));
    (0..osts).map(|ost| Place { ost: 100 + ost, domain: domain(ost) }).collect()
}

fn in_turn(places: &[Place], next: usize) -> Picker<'_> {
    Picker::new(places, next, None, &[])
}

#[track_caller]
fn apart(members: impl Iterator<Item = Place>, what: &str) {
    let mut domains: Vec<u64> = members.map(|place| place.domain).collect();
    let count = domains.len();
    domains.sort_unstable();
    domains.dedup();
    assert_eq!(domains.len(), count, "{what}");
}

/// Every set's members apart, for all small geometries that there are OSTs for, in turn and by
/// weight.
#[test]
fn sets_are_apart() {
    for osts in 2..=12u32 {
        let all = places(osts, None);
        let weights: Vec<u64> = (0..u64::from(osts)).map(|ost| ost * 7 % 5).collect();
        for stripes in 1..=24 {
            for k in 1..=stripes.min(osts) {
                for parity in 1..=4 {
                    let sets = RaidSets::split(stripes, k);
                    if sets.largest() + parity > osts {
                        continue;
                    }
                    let random = Random(u64::from(stripes * 1000 + k * 10 + parity));
                    for weights in [None, Some((weights.as_slice(), random))] {
                        let next = (stripes * k) as usize % all.len();
                        let mut picker = Picker::new(&all, next, weights, &[]);
                        let data = picker.data(sets, false, false).expect("OSTs enough");
                        let mut picker = Picker::new(&all, next + 1, weights, &[]);
                        let row = Row { sets, parity, data: &data, skewed: false };
                        let chosen = picker.parity(&row).expect("OSTs enough");
                        assert_eq!(chosen.len(), (sets.count() * parity) as usize);
                        for set in sets.iter() {
                            let own = &data[set.first as usize..(set.first + set.data) as usize];
                            let first = (set.index * parity) as usize;
                            let parities = &chosen[first..first + parity as usize];
                            let members = own.iter().chain(parities).copied();
                            apart(members, &alloc::format!("{osts} {stripes} {k}+{parity}"));
                        }
                    }
                }
            }
        }
    }
}

/// Where a stripe of the code goes over into the next position's object, the members of a set are
/// apart before and behind that place.
#[test]
fn skewed_sets_are_apart() {
    for (stripes, k, parity) in [(4, 2, 1), (8, 4, 2), (11, 4, 2), (9, 3, 3), (5, 5, 2)] {
        let all = places(2 * (k + parity) + stripes, None);
        for next in 0..all.len() {
            let sets = RaidSets::split(stripes, k);
            // The data from the first OST on, the parity from any.
            let data = in_turn(&all, 0).data(sets, true, true).expect("OSTs enough");
            let row = Row { sets, parity, data: &data, skewed: true };
            let chosen = in_turn(&all, next).parity(&row).expect("OSTs enough");
            for (set, late) in sets.iter().flat_map(|set| [(set, 0), (set, 1)]) {
                let first = set.index * parity;
                let at = |places: &[Place], at: u32| places[(at + late) as usize % places.len()];
                let members = (0..set.data)
                    .map(|i| at(&data, set.first + i))
                    .chain((0..parity).map(|j| at(&chosen, first + j)));
                apart(members, &alloc::format!("{stripes} {k}+{parity}, from {next}"));
            }
        }
    }
}

/// Domains of very different sizes: in turn the small ones would be used up too early.
#[test]
fn uneven_domains_are_spread() {
    // Domain 0 has four OSTs, 1 to 4 have one each, in this order: sets of two need one of domain
    // 0 each.
    let domains = [1, 2, 3, 4, 0, 0, 0, 0];
    let all: Vec<Place> = (0..).zip(domains).map(|(ost, domain)| Place { ost, domain }).collect();
    let sets = RaidSets::split(8, 2);
    for next in 0..8 {
        let data = in_turn(&all, next).data(sets, true, false).expect("there is a way");
        for set in sets.iter() {
            let own = &data[set.first as usize..(set.first + set.data) as usize];
            apart(own.iter().copied(), &alloc::format!("from {next}"));
        }
        let mut osts: Vec<u32> = data.iter().map(|place| place.ost).collect();
        osts.sort_unstable();
        assert_eq!(osts, (0..8).collect::<Vec<u32>>());
    }
    // Five of one domain cannot be in four sets.
    let crowded: Vec<Place> =
        (0..8).map(|ost| Place { ost, domain: u64::from(ost).saturating_sub(4) }).collect();
    assert_eq!(in_turn(&crowded, 0).data(RaidSets::split(8, 2), true, false), None);
}

#[test]
fn too_few_osts_give_none() {
    let all = places(3, None);
    let sets = RaidSets::split(3, 3);
    let data = in_turn(&all, 0).data(sets, true, false).expect("three OSTs");
    let row = Row { sets, parity: 1, data: &data, skewed: false };
    assert_eq!(in_turn(&all, 0).parity(&row), None);
    assert_eq!(in_turn(&[], 0).stripes(4), vec![]);
    // Six OSTs in three domains hold no set of four.
    let all = places(6, Some(3));
    assert_eq!(in_turn(&all, 0).data(RaidSets::split(4, 4), true, false), None);
}

/// Of many choices each OST gets its share, and a domain to be avoided none while there are others.
#[test]
fn weights_are_shares() {
    let all = places(4, None);
    let weights = [1u64, 2, 3, 10];
    let mut counts = [0u32; 4];
    for seed in 0..4000 {
        let mut picker = Picker::new(&all, 0, Some((&weights, Random(seed))), &[]);
        counts[picker.stripes(1)[0].ost as usize - 100] += 1;
    }
    for (count, weight) in counts.into_iter().zip(weights) {
        let share = 4000 * weight as u32 / 16;
        assert!(count.abs_diff(share) < 150, "{counts:?}");
    }
    let mut picker = Picker::new(&all, 0, Some((&weights, Random(1))), &[3, 2]);
    let chosen: Vec<u32> = picker.stripes(6).iter().map(|place| place.ost).collect();
    assert!(chosen[..2].iter().all(|ost| [100, 101].contains(ost)), "{chosen:?}");
    let mut again = Picker::new(&all, 0, Some((&weights, Random(1))), &[3, 2]);
    assert_eq!(again.stripes(6).iter().map(|place| place.ost).collect::<Vec<u32>>(), chosen);
}
