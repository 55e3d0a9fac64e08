//! The stored layouts of a real Lustre from the commands that made them.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/masks.rs"]
mod masks;

use golden::{cases, hex, pairs, text};
use lustrine::layout::allocate::{AllocateError, Allocator, Choice, NewFile, Ost};
use lustrine::layout::raid::RaidSets;
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{EOF, Fid, Layout, ObjectId};
use masks::masked;

/// The 16 OSTs of the recorded file system.
fn osts(count: u32) -> Vec<Ost> {
    (0..count)
        .map(|index| {
            let pools = ["fast", "longpoolname15c"].map(str::to_owned);
            let member = index < 6;
            Ost { pools: if member { pools.into() } else { Vec::new() }, ..Ost::new(index) }
        })
        .collect()
}

fn object(ost: u32) -> ObjectId {
    let seq = 0x2_4000_0400 + u64::from(ost) * 0x4000_0000;
    ObjectId { ost, fid: Fid { seq, oid: 7 + ost, ver: 0 } }
}

fn allocate(options: &str, count: u32, size: u64) -> Result<Layout, AllocateError> {
    let spec = Spec::parse(options).unwrap_or_else(|error| panic!("{options}: {error}"));
    let all = osts(count);
    let allocator = Allocator { osts: &all, first: 5, ..Allocator::default() };
    let file = NewFile { size, resynced: 1_780_000_000, ..NewFile::default() };
    let layout = allocator.allocate(&spec.request(), &file, &mut object)?;
    assert_eq!(parse(&emit(&layout)).as_ref(), Ok(&layout), "{options}");
    Ok(layout)
}

/// Masked, and with a generation of 0: how many changes there were depends on how many calls wrote
/// the file. It must be at least what ours counts.
fn without_generation(ours: Layout, golden: Layout) -> (Layout, Layout) {
    assert!(golden.generation() >= ours.generation(), "{} changes", golden.generation());
    (masks::without_generation(ours), masks::without_generation(golden))
}

/// Options and the file's size when the layout was recorded, if only setstripe, one write and a
/// resync made it.
fn story(command: &str) -> Option<(&str, u64)> {
    let mut lines = command.lines();
    let first = lines.next()?;
    let tail = first
        .strip_prefix("lfs setstripe ")
        .or_else(|| first.strip_prefix("lfs mirror create "))?;
    let options = tail.strip_suffix(" F")?;
    let rest: Vec<&str> = lines.filter(|line| !line.starts_with("# rc=0")).collect();
    match rest.as_slice() {
        [] => Some((options, 0)),
        [write] | [write, "lfs mirror resync F"] => {
            let ranges = pairs(write.strip_prefix("# write deterministic data at ")?);
            let size = ranges.iter().map(|(offset, len)| offset + len).max()?;
            Some((options, size))
        }
        _ => None,
    }
}

#[test]
fn stored_layouts_are_those_of_lustre() {
    let mut compared = Vec::new();
    for name in cases("layouts") {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let Some((options, size)) = story(&command) else { continue };
        let Some(ea) = golden::text_if_there(&format!("layouts/{name}/ondisk-lov.hex")) else {
            continue;
        };
        let golden = parse(&hex(&ea)).unwrap();
        let resynced = command.contains("mirror resync") || golden.mirrors().count() == 1;
        if size > 0 && !resynced {
            continue;
        }
        let ours = allocate(options, 16, size).unwrap_or_else(|error| panic!("{name}: {error}"));
        if size == 0 {
            assert_eq!(ours.generation(), golden.generation(), "{name}");
        }
        let (ours, golden) = without_generation(ours, golden);
        assert_eq!(ours, golden, "{name}: {options}, {size} bytes");
        compared.push(name);
    }
    assert!(compared.len() >= 43, "{}: {compared:?}", compared.len());
}

#[test]
fn layouts_of_ec_files_are_those_of_lustre() {
    for case in golden::ec_cases() {
        let options = case.command.strip_prefix("lfs setstripe ").unwrap();
        let options = options.strip_suffix(" F").unwrap();
        let golden = parse(&case.ea).unwrap();
        let ours = allocate(options, 16, case.size).unwrap();
        let (ours, golden) = without_generation(ours, golden);
        assert_eq!(ours, golden, "{}: {options}, {} bytes", case.name, case.size);
    }
}

/// What a Lustre with 16 OSTs refuses for want of OSTs, and what it accepts.
#[test]
fn want_of_osts_is_refused_as_lustre_does() {
    let (mut refused, mut accepted) = (0, 0);
    let all = text("errors.txt");
    for case in all.split("### lfs setstripe ") {
        let Some((options, rest)) = case.split_once(" FILE\n") else { continue };
        let Ok(spec) = Spec::parse(options) else { continue };
        let composite = spec.composite;
        let ours = allocate(options, 16, 0);
        if rest.contains("No space left on device") {
            assert!(matches!(ours, Err(AllocateError::TooFewOsts { .. })), "{options}: {ours:?}");
            refused += 1;
        } else if rest.contains("setstripe error for") {
            assert!(matches!(ours, Err(AllocateError::NoOst { index: 99, .. })), "{options}");
            refused += 1;
        } else if rest.contains("does not exist") {
            assert!(matches!(ours, Err(AllocateError::NoPool { .. })), "{options}: {ours:?}");
            refused += 1;
        } else if rest.starts_with("exit=0") {
            let ours = ours.unwrap_or_else(|error| panic!("{options}: {error}"));
            let counts: Vec<String> = ours
                .components()
                .map(|view| {
                    let striping = view.striping.unwrap();
                    format!("lmm_stripe_count: {};", striping.stripe_count)
                })
                .collect();
            let recorded: Vec<String> = rest
                .lines()
                .find(|line| line.starts_with("file: "))
                .unwrap()
                .split_inclusive(';')
                .filter_map(|part| part.find("lmm_stripe_count").map(|at| part[at..].to_owned()))
                .collect();
            assert_eq!(counts, recorded, "{options}, composite {composite}");
            accepted += 1;
        }
    }
    assert!(refused >= 6 && accepted >= 8, "{refused} refused, {accepted} accepted");
}

/// Members of each RAID set as they are in the objects, found through file offsets.
#[track_caller]
fn check_sets(options: &str, layout: &Layout) {
    check_domains(options, layout, |ost| ost);
}

/// As `check_sets`, of what `domain` gives for the OSTs.
#[track_caller]
fn check_domains(options: &str, layout: &Layout, domain: impl Fn(u32) -> u32) {
    let mut pairs = 0;
    for parity in layout.components().filter(|view| view.is_parity()) {
        let data = layout.component(layout.data_of(parity.index).unwrap()).unwrap();
        let (Some(_), Some(_)) = (data.objects(), parity.objects()) else { continue };
        let (stripes, parities) = (data.stripes().unwrap(), parity.stripes().unwrap());
        let sets = layout.raid_sets(parity.index).unwrap();
        assert_eq!(sets, RaidSets::split(stripes.count() as u32, u32::from(parity.data)));
        let p = u64::from(parity.parity);
        assert_eq!(parities.count(), u64::from(sets.count()) * p);
        let start = data.extent.start;
        // A stripe of the code has its last bytes in another object than its first when the
        // component does not start on a stripe boundary.
        let columns = [0, stripes.size() - 1];
        for (row, column) in (0..3).flat_map(|row| columns.map(|column| (row, column))) {
            for set in sets.iter() {
                let data_at = start + row * stripes.row_bytes() + column;
                let parity_at = row * parities.count() + u64::from(set.index) * p;
                let mut osts: Vec<u32> = (0..u64::from(set.data))
                    .map(|i| data_at + (u64::from(set.first) + i) * stripes.size())
                    .map(|at| domain(data.object(stripes.locate(at).0).unwrap().ost))
                    .collect();
                osts.extend((0..p).map(|j| {
                    let at = start + (parity_at + j) * parities.size() + column;
                    domain(parity.object(parities.locate(at).0).unwrap().ost)
                }));
                let members = osts.len();
                osts.sort_unstable();
                osts.dedup();
                assert_eq!(osts.len(), members, "{options}: row {row}, set {}", set.index);
            }
        }
        pairs += 1;
    }
    assert!(pairs > 0, "{options}: no pair with objects");
}

#[test]
fn members_of_a_set_are_on_osts_of_their_own() {
    for (options, count) in [
        ("-E -1 -c 8 --ec 4+2", 16),
        ("-E -1 -c 8 --ec 4+2", 8),
        ("-E -1 -c 8 --ec 8+2", 10),
        ("-E -1 -C 31 --ec 4+2", 7),
        ("-E -1 -C 13 --ec 5+2", 7),
        ("-E -1 -C 18 --ec 5+2", 9),
        ("-E -1 -c 4 -i 6 --ec 4+2", 7),
        ("-E -1 -p fast -c 4 --ec 4+2", 16),
        ("-E -1 -o 1,3,5,7,9 --ec 3+1", 16),
        // A start that is no multiple of the row turns the stripes.
        ("-E 1M -S 64K -c 4 --ec 4+2 -E -1 -S 1M -c 8 --ec 4+2", 8),
        ("-E 320K -S 64K -c 4 --ec 4+2 -E -1 -S 64K -c 8 --ec 4+2", 6),
        ("-E 320K -S 64K -c 4 --ec 4+2 -E -1 -S 64K -c 8 -i 3 --ec 4+2", 6),
        ("-N2 -E 128M -E -1 --ec 2+1", 5),
        // A start that is no multiple of the stripe size.
        ("-E 1M -S 64K -c 4 --ec 4+2 -E -1 -S 4M -c 4 --ec 2+1", 9),
        ("-E 1M -S 64K -c 4 --ec 4+2 -E -1 -S 4M -c 8 --ec 4+2", 10),
        ("-E 1M -S 64K -c 4 --ec 4+2 -E -1 -S 4M -c 11 --ec 4+2", 11),
    ] {
        check_sets(options, &allocate(options, count, 1 << 40).unwrap());
    }
    let turned = allocate("-E 320K -S 64K -c 4 -E -1 -S 64K -c 8 -i 3 --ec 4+2", 9, 1 << 40);
    assert_eq!(turned.unwrap().component(1).unwrap().object(0).unwrap().ost, 3);
}

#[test]
fn shortage_and_wishes() {
    // The data component is refused, before objects are made for it.
    let needs = |options, count| match allocate(options, count, 0) {
        Err(AllocateError::TooFewOsts { component: 0, needed, available }) => (needed, available),
        other => panic!("{options}: {other:?}"),
    };
    assert_eq!(needs("-E -1 -c 4 --ec 4+2", 5), (6, 5));
    assert_eq!(needs("-E -1 -c 16 --ec 4+2", 8), (12, 8));
    assert_eq!(needs("-c 1", 0), (1, 0));
    let stripes = |options, count, component| {
        let layout = allocate(options, count, EOF - 1).unwrap();
        layout.component(component).unwrap().objects().unwrap().len()
    };
    assert_eq!(stripes("-c 20", 16, 0), 16);
    assert_eq!(stripes("-c -1", 16, 0), 16);
    assert_eq!(stripes("-C -2", 16, 0), 32);
    // A wish for all OSTs is not cut to the extent.
    assert_eq!(stripes("-E 4M -S 1M -c -1 -E -1", 16, 0), 16);
    assert_eq!(stripes("-E 4M -S 1M -c 9 -E -1", 16, 0), 4);
    // Shrunk to three quarters or more of what was asked for.
    assert_eq!(stripes("-E -1 -c 10 --ec 4+2", 8, 0), 8);
    assert_eq!(stripes("-E -1 -c 10 --ec 4+2", 8, 1), 4);
    assert!(matches!(
        allocate("-E -1 -o 1,2,1,3 --ec 4+1", 16, 0),
        Err(AllocateError::SharedOst { set: 0, index: 1, .. })
    ));
    let stored = allocate("-c 1", 4, 0).unwrap();
    let all = osts(4);
    let allocator = Allocator { osts: &all, first: 0, ..Allocator::default() };
    let again = allocator.allocate(&stored, &NewFile::default(), &mut object);
    assert_eq!(again, Err(AllocateError::NotARequest));
    let twice = [Ost::new(3), Ost::new(3)];
    let allocator = Allocator { osts: &twice, ..allocator };
    let request = Spec::parse("-c 1").unwrap().request();
    let error = allocator.allocate(&request, &NewFile::default(), &mut object);
    assert_eq!(error, Err(AllocateError::DuplicateOst { index: 3 }));
}

/// 24 OSTs in `domains` domains (in turn, or one after the other), the emptier the higher.
fn park(domains: u32, in_turn: bool) -> Vec<Ost> {
    let domain = |ost| if in_turn { ost % domains } else { ost * domains / 24 };
    let ost = |index| Ost {
        domain: domain(index) + 1,
        free: u64::from(index + 1) << 40,
        ..Ost::new(index)
    };
    (0..24).map(ost).collect()
}

fn place(options: &str, osts: &[Ost], choice: Choice) -> Result<Layout, AllocateError> {
    let allocator = Allocator { osts, first: 5, choice, ..Allocator::default() };
    let file = NewFile { size: 1 << 40, ..NewFile::default() };
    allocator.allocate(&Spec::parse(options).unwrap().request(), &file, &mut object)
}

#[test]
fn failure_domains_are_honoured() {
    let choices = [
        Choice::RoundRobin,
        Choice::ByFreeSpace { seed: 7, threshold: 17 },
        Choice::ByFreeSpace { seed: 8, threshold: 0 },
    ];
    for (options, domains) in [
        ("-E -1 -c 8 --ec 4+2", 6),
        ("-E -1 -c 8 --ec 4+2", 8),
        ("-E -1 -c 12 --ec 4+2", 6),
        ("-E -1 -c 16 --ec 4+2", 6),
        ("-E -1 -C 31 --ec 4+2", 6),
        ("-E -1 -c 9 --ec 3+1", 4),
        ("-E -1 -c 6 --ec 6+2", 8),
        ("-E -1 -c 4 --ec 2+1", 3),
        ("-N2 -E 128M -E -1 --ec 2+1", 3),
        ("-E 320K -S 64K -c 4 --ec 4+2 -E -1 -S 64K -c 8 --ec 4+2", 6),
    ] {
        for (in_turn, choice) in [true, false].into_iter().flat_map(|t| choices.map(|c| (t, c))) {
            let osts = park(domains, in_turn);
            let layout = place(options, &osts, choice)
                .unwrap_or_else(|error| panic!("{options}, {choice:?}, {in_turn}: {error}"));
            check_domains(options, &layout, |ost| osts[ost as usize].domain);
        }
    }
    let refused = |options: &str, domains| {
        let error = place(options, &park(domains, true), Choice::RoundRobin).unwrap_err();
        let AllocateError::TooFewDomains { component: 0, needed, domains } = error else {
            panic!("{options}: {error}")
        };
        (needed, domains)
    };
    assert_eq!(refused("-E -1 -c 4 --ec 4+2", 5), (6, 5));
    assert_eq!(refused("-E -1 -c 8 --ec 8+2", 8), (10, 8));
    // A list that puts two members in one domain.
    let error = place("-E -1 -o 0,6,1,2 --ec 4+1", &park(6, true), Choice::RoundRobin);
    assert_eq!(error, Err(AllocateError::SharedOst { component: 0, set: 0, index: 6 }));
}

#[test]
fn free_space_decides() {
    let osts = park(24, true);
    let choose = |seed, threshold| {
        let layout = place("-c 6", &osts, Choice::ByFreeSpace { seed, threshold }).unwrap();
        let slots = layout.component(0).unwrap().objects().unwrap().to_vec();
        slots.iter().map(|slot| slot.ost).collect::<Vec<u32>>()
    };
    assert_eq!(choose(1, 17), choose(1, 17));
    assert_ne!(choose(1, 17), choose(2, 17));
    // Below the threshold in turn, as without a choice.
    assert_eq!(choose(1, 100), [5, 6, 7, 8, 9, 10]);
    let mut taken = [0u32; 24];
    for seed in 0..2000 {
        let osts = choose(seed, 17);
        let mut once = osts.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 6, "{osts:?}");
        osts.iter().for_each(|&ost| taken[ost as usize] += 1);
    }
    // The upper half holds three quarters of the space, the last OST 24 times the first's.
    assert!(taken[12..].iter().sum::<u32>() > 2 * taken[..12].iter().sum::<u32>(), "{taken:?}");
    assert!(taken[23] > 8 * taken[0], "{taken:?}");
    // By free space Lustre leaves OSTs for the parity: 16 stripes on 20 OSTs keep 4 for 4.
    let stripes = |options| {
        let layout = place(options, &osts, Choice::ByFreeSpace { seed: 3, threshold: 17 }).unwrap();
        layout.component(0).unwrap().objects().unwrap().len()
    };
    assert_eq!(stripes("-E -1 -c 24 --ec 8+2"), 22);
    assert_eq!(stripes("-E -1 -c 20 --ec 8+2"), 20);
    assert_eq!(stripes("-E -1 -C 24 --ec 8+2"), 24);
}

/// Mirrors stand on OSTs of their own while there are enough.
#[test]
fn mirrors_avoid_each_other() {
    for choice in [Choice::RoundRobin, Choice::ByFreeSpace { seed: 5, threshold: 0 }] {
        let layout = place("-N3 -c 8", &park(24, true), choice).unwrap();
        let mut osts: Vec<u32> = layout
            .components()
            .flat_map(|view| view.objects().unwrap().iter().map(|slot| slot.ost))
            .collect();
        osts.sort_unstable();
        assert_eq!(osts, (0..24).collect::<Vec<u32>>());
        // With too few they share, but no mirror has an OST twice.
        let layout = place("-N2 -c -1", &park(24, true), choice).unwrap();
        for view in layout.components() {
            let mut osts: Vec<u32> = view.objects().unwrap().iter().map(|s| s.ost).collect();
            osts.sort_unstable();
            assert_eq!(osts, (0..24).collect::<Vec<u32>>());
        }
    }
}

/// Components that got no objects at first get them later: the layout is that of a file that was
/// written at once.
#[test]
fn components_are_instantiated_one_by_one() {
    for options in [
        "-E 4M -c 1 -E 64M -c 4 -E -1 -c -1 -S 4M",
        "-E 1M -S 64K -c 4 --ec 4+1 -E 64M -S 1M -c 4 --ec 2+1 -E -1 -S 1M -c 8 --ec 4+2",
        "-E 4M -c 1 -p fast -E -1 -c 3 -o 3,1,2 -S 2M",
        "-N2 -E 128M -E -1 --ec 2+1",
        "-E 64K -L mdt -E -1 -C -2",
    ] {
        let all = osts(16);
        let allocator = Allocator { osts: &all, first: 5, ..Allocator::default() };
        let mut layout = allocate(options, 16, 0).unwrap();
        for index in 0..layout.component_count() {
            if !layout.component(index).unwrap().is_init() {
                allocator.instantiate(&mut layout, index, &mut object).unwrap();
            }
            let again = allocator.instantiate(&mut layout, index, &mut object);
            assert_eq!(again, Err(AllocateError::Instantiated { component: index }), "{options}");
        }
        assert_eq!(parse(&emit(&layout)).as_ref(), Ok(&layout), "{options}");
        let whole = allocate(options, 16, 1 << 50).unwrap();
        let (ours, whole) = (masked(layout.clone()), masked(whole));
        for (ours, whole) in ours.components().zip(whole.components()) {
            assert_eq!(ours.striping, whole.striping, "{options}");
        }
        if options.contains("--ec") {
            check_sets(options, &layout);
        }
        if options.contains("-o") {
            let slots = layout.component(1).unwrap().objects().unwrap().to_vec();
            assert_eq!(slots.iter().map(|slot| slot.ost).collect::<Vec<_>>(), [3, 1, 2]);
        }
    }
}

#[test]
fn what_cannot_be_allocated_is_named() {
    let refused = |options, size| match allocate(options, 16, size) {
        Err(AllocateError::Unsupported { component, what }) => (component, what),
        other => panic!("{options}: {other:?}"),
    };
    let grow = "-E 256M -c 1 -z 64M -E -1 -c 4 -z 256M";
    assert_eq!(refused(grow, 65 << 20), (1, "a file that is larger than its first extension step"));
    assert!(allocate(grow, 16, 64 << 20).is_ok());
}

#[test]
fn ends_are_below_2_to_the_63() {
    let osts: Vec<Ost> = (0..4).map(Ost::new).collect();
    let allocator = Allocator { osts: &osts, ..Allocator::default() };
    let allocate = |end| {
        let mut request = Spec::parse("-E 1M -c 1 -E 2M -c 1").unwrap().request();
        let Layout::Composite(composite) = &mut request else { panic!("a composite") };
        composite.components[1].extent.end = end;
        let object = |ost| ObjectId { ost, fid: Fid { seq: 1 << 34, oid: ost + 1, ver: 0 } };
        allocator.allocate(&request, &NewFile::default(), &mut { object })
    };
    let last = (1 << 63) - 65536;
    for end in [last, EOF] {
        assert_eq!(allocate(end).unwrap().component(1).unwrap().extent.end, end);
    }
    for end in [1 << 63, EOF - 65535] {
        assert_eq!(allocate(end), Err(AllocateError::End { component: 1, end }));
    }
}
