//! What is lost with OSTs, against a walk over the bytes; what repairs move; codes by themselves.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/random.rs"]
mod random;

use std::collections::BTreeSet;

use lustrine::layout::analysis::{Class, Code, CodeError, Exposure, Summary, mttdl_hours};
use lustrine::layout::plan::{Health, PlanError, read};
use lustrine::layout::xattr::parse;
use lustrine::layout::{Body, ComponentView, Fid, Layout, ObjectId, Slot};
use proptest::prelude::*;

/// Lustre's split of a row, by its rules.
fn split(total: u64, k: u64) -> Vec<u64> {
    if k >= total || total < 4 {
        return vec![total];
    }
    if total.is_multiple_of(k) {
        return vec![k; (total / k) as usize];
    }
    let sets = total / k + 1;
    (0..sets).map(|set| total / sets + u64::from(set < total % sets)).collect()
}

/// The OST that holds a file offset of a component's mirror, counting rows from file offset 0.
fn ost_at(view: &ComponentView<'_>, stripes: u64, offset: u64) -> u32 {
    let unit = u64::from(view.striping.unwrap().stripe_size);
    view.object((offset / unit % stripes) as u32).unwrap().ost
}

/// A byte of a data component can be had: its object is there, or enough of its RAID set's column.
fn component_gives(
    layout: &Layout,
    view: &ComponentView<'_>,
    at: u64,
    size: u64,
    lost: &BTreeSet<u32>,
) -> bool {
    let stripes = view.objects().unwrap().len() as u64;
    if !lost.contains(&ost_at(view, stripes, at)) {
        return true;
    }
    let parity = layout.components().find(|other| {
        other.is_parity()
            && other.extent == view.extent
            && other.id.mirror() == view.link_id
            && other.link_id == view.id.mirror()
    });
    let Some(parity) = parity.filter(|p| p.objects().is_some() && !p.is_stale()) else {
        return false;
    };
    let unit = u64::from(view.striping.unwrap().stripe_size);
    let sets = split(stripes, parity.data.into());
    let p = u64::from(parity.parity);
    let (start, end) = (view.extent.start, view.extent.end);
    let row = (at - start) / (unit * stripes);
    let column = (at - start) % unit;
    let mut first = 0;
    for (number, members) in (0u64..).zip(&sets) {
        let stripe = (at - start) / unit % stripes;
        if (first..first + members).contains(&stripe) {
            let data = (first..first + members)
                .map(|member| start + (row * stripes + member) * unit + column)
                .filter(|offset| *offset < size.min(end));
            let gone = data.filter(|offset| lost.contains(&ost_at(view, stripes, *offset))).count();
            let total = sets.len() as u64 * p;
            let there = (0..p)
                .map(|j| start + (row * total + number * p + j) * unit)
                .filter(|offset| offset + unit <= end)
                .filter(|offset| !lost.contains(&ost_at(&parity, total, offset + column)))
                .count();
            return gone <= there;
        }
        first += members;
    }
    panic!("byte {at} is in no set");
}

/// Byte `at` can be read without the OSTs in `lost`.
fn readable(layout: &Layout, at: u64, size: u64, lost: &BTreeSet<u32>) -> bool {
    let covering = || {
        layout
            .components()
            .filter(|view| !view.is_parity() && view.extent.start <= at && at < view.extent.end)
    };
    let valid = || covering().filter(|view| !view.is_stale());
    if covering().next().is_none() {
        return true;
    }
    // On the MDT or in an archive OSTs do not matter.
    if valid().any(|view| view.is_dom() || view.is_released()) {
        return true;
    }
    let mut holders = valid().filter(|view| view.is_init()).peekable();
    if holders.peek().is_none() {
        return valid().next().is_some();
    }
    holders.any(|view| component_gives(layout, &view, at, size, lost))
}

/// Offsets that stand for all: the beginning of each 64 KiB, which stripes and extents are made of.
fn all_readable(layout: &Layout, size: u64, lost: &BTreeSet<u32>) -> bool {
    (0..size).step_by(65536).all(|at| readable(layout, at, size, lost))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn classes_are_those_of_the_walk(
        layout in random::layout(), units in 1u64..300,
        tail in prop_oneof![Just(65536u64), 1u64..65536],
        lost in prop::collection::btree_set(0u32..40, 0..7),
    ) {
        let size = (units - 1) * 65536 + tail;
        let exposure = Exposure::of(&layout, Some(size));
        let loss = exposure.without(&lost);
        let whole = all_readable(&layout, size, &lost);
        prop_assert_eq!(loss.class == Class::Lost, !whole, "{:?}", loss);
        prop_assert_eq!(exposure.is_readable(|ost| lost.contains(&ost)), whole);
        // The bytes that are said to be lost are some that are, and none is lost elsewhere.
        for at in (0..size).step_by(65536) {
            let inside = loss.lost.iter().any(|range| range.extent.start <= at && at < range.extent.end);
            prop_assert!(inside || readable(&layout, at, size, &lost), "{at}: {:?}", loss);
        }
        for range in &loss.lost {
            let unreadable = (range.extent.start..range.extent.end).step_by(65536);
            let count = unreadable.filter(|at| !readable(&layout, *at, size, &lost)).count();
            prop_assert!(count > 0 && range.bytes.unwrap() > 0, "{range:?}");
            if tail == 65536 {
                prop_assert_eq!(range.bytes, Some(count as u64 * 65536), "{:?}", loss);
            }
            prop_assert!(range.bytes.unwrap() <= range.extent.end - range.extent.start);
        }
        if loss.class == Class::Degraded || loss.class == Class::Critical {
            let fatal = |next: u32| {
                let mut more = lost.clone();
                more.insert(next) && !all_readable(&layout, size, &more)
            };
            prop_assert_eq!(loss.class == Class::Critical, (0..40).any(fatal));
            prop_assert!(loss.next.is_none_or(fatal));
        }
        if loss.class == Class::Safe {
            prop_assert!(loss.traffic.is_empty() && loss.next.is_none());
        }
    }

    /// Without a size the same OSTs matter as for a file that reaches everything.
    #[test]
    fn unknown_sizes_count_all(layout in random::layout(), lost in prop::collection::btree_set(0u32..40, 0..5)) {
        let unknown = Exposure::of(&layout, None).without(&lost);
        let largest = Exposure::of(&layout, Some(i64::MAX as u64)).without(&lost);
        prop_assert_eq!(unknown.class, largest.class);
        prop_assert!(unknown.traffic.is_empty() && unknown.lost.iter().all(|range| range.bytes.is_none()));
    }
}

fn golden_layout(name: &str) -> Layout {
    parse(&golden::hex(&golden::text(&format!("layouts/{name}/lov.hex")))).unwrap()
}

fn osts(layout: &Layout, component: usize) -> Vec<u32> {
    let view = layout.component(component).unwrap();
    (0..view.objects().unwrap().len() as u32).map(|s| view.object(s).unwrap().ost).collect()
}

#[test]
fn a_repair_moves_what_it_must() {
    // 8 stripes of 4 MiB in two sets of 4+2, a file of two rows.
    let mut layout = golden_layout("ec-c8-4p2");
    layout.set_stale(1, false);
    let (data, parity) = (osts(&layout, 0), osts(&layout, 1));
    let size = 64 << 20;
    let exposure = Exposure::of(&layout, Some(size));
    let without = |list: &[u32]| exposure.without(&list.iter().copied().collect());
    assert_eq!(without(&[]).class, Class::Safe);

    let one = without(&[data[1]]);
    assert_eq!(one.class, Class::Degraded);
    // Three of the set's data and one parity are read, eight MiB each; as much is written.
    let expected =
        [(data[0], 8, 0), (data[1], 0, 8), (data[2], 8, 0), (data[3], 8, 0), (parity[0], 8, 0)];
    assert_eq!(one.traffic.len(), 5, "{:?}", one.traffic);
    for (ost, read, rewrite) in expected {
        let bytes = one.traffic[&ost];
        assert_eq!((bytes.read, bytes.rewrite), (read << 20, rewrite << 20), "OST {ost}");
    }
    let two = without(&[data[1], parity[0]]);
    assert_eq!(two.class, Class::Critical);
    assert!(data[..4].contains(&two.next.unwrap()) || two.next == Some(parity[1]));
    let three = without(&[data[1], data[2], data[3]]);
    assert_eq!(three.class, Class::Lost);
    let lost = &three.lost[0];
    assert_eq!(
        (lost.component, &lost.stripes[..], lost.bytes),
        (Some(0), &[1, 2, 3][..], Some(24 << 20))
    );
    // A row that the file's end cuts: only stripes with bytes count.
    let short = Exposure::of(&layout, Some((4 << 20) + 5)).without(&[data[1], data[2]].into());
    assert_eq!(short.class, Class::Degraded);
    assert_eq!(short.traffic[&data[1]].rewrite, 5);
    assert_eq!(short.traffic.get(&data[2]), None);
}

#[test]
fn mirrors_make_up_for_each_other() {
    let layout = golden_layout("flr2-resynced");
    let (one, two) = (osts(&layout, 0), osts(&layout, 1));
    let exposure = Exposure::of(&layout, Some(1 << 20));
    let loss = exposure.without(&[one[0]].into());
    assert!(matches!(loss.class, Class::Degraded | Class::Critical), "{loss:?}");
    assert!(loss.traffic[&one[0]].rewrite > 0 && loss.traffic[&one[0]].read == 0);
    let read: u64 = loss.traffic.values().map(|bytes| bytes.read).sum();
    assert_eq!(read, loss.traffic[&one[0]].rewrite);
    assert!(two.iter().any(|ost| loss.traffic.get(ost).is_some_and(|bytes| bytes.read > 0)));
    let all: BTreeSet<u32> = one.iter().chain(&two).copied().collect();
    assert_eq!(exposure.without(&all).class, Class::Lost);
}

#[test]
fn summaries_keep_the_most_urgent() {
    let ec = {
        let mut layout = golden_layout("ec-c8-4p2");
        layout.set_stale(1, false);
        layout
    };
    let data = osts(&ec, 0);
    let plain = golden_layout("plain-4");
    let lost: BTreeSet<u32> = [data[0], data[1]].into();
    let add = |summary: &mut Summary, name: &str, layout: &Layout, size: Option<u64>| {
        let loss = Exposure::of(layout, size).without(&lost);
        summary.add(name, size.is_some(), &loss);
    };
    let mut summary = Summary::new(2);
    for number in 0..5 {
        add(&mut summary, &format!("ec{number}"), &ec, Some((number + 9) << 22));
    }
    let mut other = Summary::new(2);
    add(&mut other, "unknown", &ec, None);
    add(&mut other, "plain", &plain, Some(8 << 20));
    summary.merge(other);
    let classes = [Class::Safe, Class::Degraded, Class::Critical, Class::Lost];
    let counts: u64 = classes.iter().map(|class| summary.count(*class)).sum();
    assert_eq!((counts, summary.sizes_unknown()), (7, 1));
    assert!(summary.count(Class::Critical) >= 6);
    let names: Vec<&str> = summary.files().iter().map(|file| file.name.as_str()).collect();
    // Critical files come first, those with the least to write before others.
    assert_eq!(names, ["unknown", "ec0"]);
    // Two lost stripes of each file, each OST as long as the other.
    let rewrite: u64 = summary.traffic().values().map(|bytes| bytes.rewrite).sum();
    assert!(rewrite > 0);
    let read = summary.traffic().values().map(|bytes| bytes.read).max().unwrap();
    let seconds = summary.seconds(Some(16), &lost, 1e6).unwrap();
    assert!((seconds - (read as f64 + rewrite as f64 / 14.0) / 1e6).abs() < 1e-6, "{seconds}");
    assert_eq!(summary.seconds(Some(16), &lost, 0.0), None);
    assert_eq!(Summary::new(0).seconds(None, &lost, 1.0), Some(0.0));
}

#[test]
fn codes() {
    let code = Code::new(8, 2, 20, 1 << 20, 96).unwrap();
    assert_eq!((code.stripes(), code.parities(), code.sets().count()), (20, 2, 3));
    assert_eq!(code.overhead(), 6.0 / 20.0);
    assert_eq!((code.tolerated(|ost| ost), code.together(|ost| ost)), (2, 1));
    // Eight servers of twelve OSTs, OSTs dealt to them in turn: 7+2 members need two on one.
    assert_eq!((code.tolerated(|ost| ost % 8), code.together(|ost| ost % 8)), (1, 2));
    assert_eq!(code.tolerated(|_| 0), 0);
    // Each of 20 OSTs takes one stripe in 20 with it, which then costs 7, 7 or 6 units.
    let (hit, average) = code.degraded_read();
    assert!(hit == 7.0 && (average - (1.0 + 114.0 / 400.0)).abs() < 1e-12, "{average}");
    // Overstriped, each of 10 OSTs takes two.
    let (_, average) = Code::new(4, 1, 20, 1 << 20, 10).unwrap().degraded_read();
    assert!((average - (1.0 + 20.0 * 3.0 / (20.0 * 10.0))).abs() < 1e-12, "{average}");
    let refused = Code::new(255, 15, 8, 1 << 20, 16).unwrap_err().to_string();
    assert!(refused.contains("k + p <= 256"), "{refused}");
    let mib = 1 << 20;
    for (size, parity) in [
        (0, 0),
        (1, 2),
        (mib, 2 * mib),
        (7 * mib, 2 * mib),
        (7 * mib + 1, 2 * mib + 2),
        (20 * mib, 6 * mib),
        (20 * mib + 3, 6 * mib + 6),
        (40 * mib, 12 * mib),
    ] {
        assert_eq!(code.blowup(size).parity, parity, "{size}");
    }
    assert_eq!(code.blowup(1).factor, 3.0);
    let far = code.blowup(1 << 62);
    assert!((far.factor - 1.3).abs() < 1e-9, "{far:?}");

    assert!(matches!(Code::new(0, 2, 8, mib as u32, 16), Err(CodeError::Geometry { .. })));
    assert!(matches!(
        Code::new(8, 2, 2001, mib as u32, 16),
        Err(CodeError::Stripes { got: 2001, .. })
    ));
    assert!(matches!(Code::new(4, 5, 8, mib as u32, 16), Err(CodeError::Refused(_))));
    assert!(matches!(Code::new(16, 2, 16, mib as u32, 16), Err(CodeError::Osts(_))));
    assert!(Code::new(8, 2, 8, 12345 << 16, 16).is_ok());
    let refused = Code::new(8, 2, 8, 100_000, 16).unwrap_err().to_string();
    assert!(refused.contains("invalid stripe size"), "{refused}");
}

/// The chain against the linear equations of its states, solved by elimination.
#[test]
fn mean_times_to_data_loss() {
    for (members, tolerated) in [(1u32, 0u32), (10, 0), (10, 2), (3, 1), (20, 4)] {
        let (mttf, mttr) = (1000.0, 10.0);
        let n = tolerated as usize + 1;
        // (fail + repair) T(i) - fail T(i+1) - repair T(i-1) = 1, T(n) = 0.
        let mut rows = vec![vec![0.0; n + 1]; n];
        for i in 0..n {
            let fail = (f64::from(members) - i as f64) / mttf;
            let repair = if i == 0 { 0.0 } else { 1.0 / mttr };
            rows[i][i] += fail + repair;
            if i + 1 < n {
                rows[i][i + 1] -= fail;
            }
            if i > 0 {
                rows[i][i - 1] -= repair;
            }
            rows[i][n] = 1.0;
        }
        for i in 0..n {
            let pivot = rows[i].clone();
            for row in rows.iter_mut().enumerate().filter(|(j, _)| *j != i).map(|(_, row)| row) {
                let by = row[i] / pivot[i];
                row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= by * pivot);
            }
        }
        let exact: f64 = rows[0][n] / rows[0][0];
        let ours = mttdl_hours(members, tolerated, mttf, mttr);
        assert!((ours / exact - 1.0).abs() < 1e-6, "{members}, {tolerated}: {ours} {exact}");
    }
    // One member that nothing protects lives as long as it lives.
    assert_eq!(mttdl_hours(1, 0, 5000.0, 1.0), 5000.0);
    assert!(mttdl_hours(2, 5, 1.0, 1.0).is_finite());
}

/// A mirror of one component for each count of stripes, on OSTs of its own: mirror m's stripe s is
/// on OST 10000 m + s.
fn mirrors_of(counts: &[u16]) -> Layout {
    let draft = |count: u16| random::Draft {
        kind: random::Kind::Striped,
        len: 1,
        unit: 1,
        count,
        stale: false,
        pool: None,
        first_ost: 0,
        timestamp: 0,
        code: (1, 1),
        parity_init: false,
    };
    let drafts: Vec<_> = counts.iter().map(|count| (vec![draft(*count)], false)).collect();
    let mut layout = random::build(&drafts, true);
    let Layout::Composite(composite) = &mut layout else { panic!("a composite") };
    for (mirror, component) in (0u32..).zip(&mut composite.components) {
        let Body::Striping(striping) = &mut component.body else { panic!("a striping") };
        for (stripe, slot) in (0u32..).zip(&mut striping.slots) {
            let fid = Fid { seq: 0x2_4000_0400, oid: mirror << 16 | stripe | 1, ver: 0 };
            *slot = Slot::from_object(ObjectId { ost: mirror * 10_000 + stripe, fid });
        }
    }
    layout
}

/// Stripings whose common pattern comes again after millions of units only.
#[test]
fn far_apart_losses_meet_where_the_rows_say() {
    let unit = 65536u64;
    for (counts, lost) in [
        (&[1999u16, 2000][..], &[[7u64, 1990], [0, 0], [1998, 1999]][..]),
        (&[1998, 2000], &[[7, 1990], [7, 1991], [3, 5]]),
        (&[13, 1999], &[[12, 1998], [0, 17]]),
    ] {
        let (m, n) = (u64::from(counts[0]), u64::from(counts[1]));
        let layout = mirrors_of(counts);
        for &[a, b] in lost {
            for units in [1, m, 300_000, m * n / 2 + 1, m * n, m * n + 3 * m, 7 * m * n + 5] {
                let meet = (0..units).skip(a as usize).step_by(m as usize);
                let meet: Vec<u64> = meet.filter(|unit| unit % n == b).collect();
                // The file ends one byte into its last unit.
                let size = (units - 1) * unit + 1;
                let cut = meet.last() == Some(&(units - 1));
                let bytes = meet.len() as u64 * unit - if cut { unit - 1 } else { 0 };
                let exposure = Exposure::of(&layout, Some(size));
                let osts = BTreeSet::from([a as u32, 10_000 + b as u32]);
                let loss = exposure.without(&osts);
                let told: u64 = loss.lost.iter().map(|range| range.bytes.unwrap()).sum();
                assert_eq!(told, bytes, "{counts:?}, {a} and {b}, {units} units: {loss:?}");
                assert_eq!(loss.class == Class::Lost, bytes > 0);
                assert!(!loss.undecided);
                // One of the two is left: the other is what must not fail as well.
                let one = exposure.without(&BTreeSet::from([a as u32]));
                assert!(!one.undecided);
                if bytes > 0 {
                    assert_eq!(one.class, Class::Critical);
                    let next = u64::from(one.next.unwrap()) - 10_000;
                    assert!((a..units).step_by(m as usize).any(|unit| unit % n == next));
                }
            }
        }
    }
    // Near the end of what a size can be.
    let far = Exposure::of(&mirrors_of(&[1999, 2000]), None);
    let loss = far.without(&[5, 10_009].into());
    assert_eq!((loss.class, loss.lost[0].extent.end), (Class::Lost, lustrine::layout::EOF));
    let far = Exposure::of(&mirrors_of(&[1998, 2000]), None);
    assert_eq!(far.without(&[5, 10_008].into()).class, Class::Critical);
}

/// What takes too long to find out is said to, and not to be lost.
#[test]
fn too_many_patterns_are_not_decided() {
    let exposure = Exposure::of(&mirrors_of(&[1998, 2000]), Some(1 << 40));
    // Units of even number are in even stripes of both: nothing is lost in both.
    let even = (0..999).map(|stripe| stripe * 2);
    let odd = (0..1000).map(|stripe| 10_001 + stripe * 2);
    let loss = exposure.without(&even.chain(odd).collect());
    assert!(loss.undecided && loss.lost.is_empty() && loss.class == Class::Degraded, "{loss:?}");
    let mut summary = Summary::new(1);
    summary.add("wide", true, &loss);
    assert_eq!((summary.undecided(), summary.count(Class::Degraded)), (1, 0));
    assert!(summary.files()[0].undecided);
}

/// Stripes on all OSTs (-c -1) that are not there yet are zeros like any that are not.
#[test]
fn stripes_on_all_osts_read_as_zeros_before_they_are_there() {
    let mut layout = golden_layout("pfl3-partial");
    let index = layout.components().find(|view| !view.is_init()).unwrap().index;
    let start = layout.component(index).unwrap().extent.start;
    let Layout::Composite(composite) = &mut layout else { panic!("a composite") };
    let Body::Striping(striping) = &mut composite.components[index].body else { panic!("one") };
    striping.stripe_count = 0xffff;
    let size = start + 12345;
    let plan = read(&layout, size, 0..size, &Health::good(), false).unwrap();
    assert_eq!(plan.zeros(), [start..size]);
    assert_eq!(Exposure::of(&layout, Some(size)).without(&[99].into()).class, Class::Safe);
    // Released data is not zeros.
    let Layout::Composite(composite) = &mut layout else { panic!("a composite") };
    let Body::Striping(striping) = &mut composite.components[index].body else { panic!("one") };
    striping.pattern.0 |= lustrine::layout::Pattern::RELEASED;
    let refused = read(&layout, size, 0..size, &Health::good(), false).unwrap_err();
    assert!(matches!(refused, PlanError::NotInObjects { .. }), "{refused}");
}
