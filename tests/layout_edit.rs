//! Lives of files: the layouts of a real Lustre after writes, resyncs, mirrors added and removed.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/life.rs"]
mod life;
#[path = "common/masks.rs"]
mod masks;

use golden::{cases, hex, text, text_if_there};
use life::{File, NOW, flr, renamed, write};
use lustrine::layout::allocate::Defaults;
use lustrine::layout::edit::{self, EditError};
use lustrine::layout::mirrors::{self, Event, MirrorError, Osts};
use lustrine::layout::spec::{Change, ComponentSpec, FlagChange, Select, Spec};
use lustrine::layout::xattr::{client_form, emit, parse};
use lustrine::layout::{ComponentFlags, EOF, Extent, Layout, State};

fn spec(line: &str) -> Option<Spec> {
    if line == "touch F" {
        return Some(Spec::parse("").unwrap());
    }
    let options = |prefix| line.strip_prefix(prefix)?.strip_suffix(" F");
    options("lfs setstripe ")
        .map(|options| Spec::parse(options).unwrap())
        .or_else(|| options("lfs mirror create ").map(|o| Spec::parse_mirrors(o).unwrap()))
}

/// Every recorded layout follows from its commands.
#[test]
fn every_recorded_life() {
    let mut lives = 0;
    for name in cases("layouts") {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let lines: Vec<&str> = command.lines().collect();
        let read = |file: &str| text_if_there(&format!("layouts/{name}/{file}"));
        let client = parse(&hex(&read("lov.hex").unwrap())).unwrap();
        let disk = read("ondisk-lov.hex").map(|disk| parse(&hex(&disk)).unwrap());
        let (request, rest) = match lines.as_slice() {
            ["mkdir F", line] => {
                // A directory keeps the request as it is.
                let request = spec(line).unwrap().request();
                let stored = masks::masked(disk.unwrap_or(client));
                assert_eq!(masks::masked(request), stored, "{name}");
                lives += 1;
                continue;
            }
            ["touch /mnt/lustre/l/dir-ec/f"] => {
                (parse(&hex(&text("layouts/dir-ec/lov.hex"))).unwrap(), &lines[1..])
            }
            // The MDT's own copy of a directory's default.
            ["mkdir /mnt/lustre/l/dir-ec-two/sub"] => continue,
            [line, rest @ ..] => (spec(line).unwrap_or_else(|| panic!("{name}")).request(), rest),
            [] => panic!("{name}: no commands"),
        };
        if let Layout::Foreign(_) = request {
            assert_eq!(request, client, "{name}");
            lives += 1;
            continue;
        }
        let mut file = File::new(&request);
        for (at, line) in rest.iter().enumerate() {
            let failed = rest.get(at + 1).is_some_and(|next| next.starts_with("# rc=16"));
            file.run(line, failed);
        }
        let (ours, golden) = match disk {
            Some(disk) => (file.layout, disk),
            None => (client_form(&file.layout), client),
        };
        assert!(golden.generation() >= ours.generation(), "{name}");
        if !file.grown {
            assert_eq!(ours.generation(), golden.generation(), "{name}");
        }
        let (ours, golden) = (masks::without_generation(ours), masks::without_generation(golden));
        assert_eq!(ours, golden, "{name}: {lines:?}");
        lives += 1;
    }
    assert_eq!(lives, cases("layouts").len() - 1);
}

/// The files of golden errors.txt that have a layout: `pf` (one component to 1 MiB) and `ecf`.
#[test]
fn refused_changes_are_refused() {
    let all = text("errors.txt");
    let new = |options: &str| File::new(&Spec::parse(options).unwrap().request());
    let (mut pf, mut ecf) = (new("-E 1M -c 1"), new("-E -1 -c 4 --ec 4+2"));
    let mut seen = 0;
    for case in all.split("### ").skip(1) {
        let (command, rest) = case.split_once('\n').unwrap();
        let refused = !rest.starts_with("exit=0") || rest.contains("stderr: error");
        let (file, command) = match (command.strip_suffix(" pf"), command.strip_suffix(" ecf")) {
            (Some(command), _) => (&mut pf, command),
            (_, Some(command)) => (&mut ecf, command),
            _ => continue,
        };
        seen += 1;
        let before = file.layout.clone();
        let result: Result<(), String> = if let Some(o) = command.strip_prefix("lfs setstripe ") {
            Change::parse(o, file.end()).map_err(|error| error.to_string()).and_then(|change| {
                edit::change(&mut file.layout, &change, Defaults::default(), NOW)
                    .map_err(|error| error.to_string())
            })
        } else if let Some(options) = command.strip_prefix("lfs mirror split --mirror-id ") {
            let (id, destroy) = match options.strip_suffix(" -d") {
                Some(id) => (id, true),
                None => (options, false),
            };
            let split = edit::split(&mut file.layout, id.parse().unwrap(), destroy);
            split.map(|_| ()).map_err(|error| error.to_string())
        } else if command == "lfs mirror resync" {
            file.event(&Event::Resync).map_err(|error| error.to_string())
        } else {
            // `mirror verify` changes nothing; `mirror read` names a mirror that is not there.
            let unknown = command == "lfs mirror read -N 9";
            let there = file.layout.mirrors().any(|mirror| mirror.id == 9);
            if unknown && !there { Err("cannot find mirror".to_owned()) } else { Ok(()) }
        };
        assert_eq!(result.is_err(), refused, "{command}: {result:?}\n{rest}");
        if result.is_err() {
            assert_eq!(file.layout, before, "{command}");
        }
    }
    assert!(seen >= 13, "{seen}");
}

/// Each step of a file with parity behind its data, by hand.
#[test]
fn states() {
    let mut file = flr("-E 1M -S 64K -c 4 --ec 4+1 -E -1 -S 1M -c 8 --ec 4+2");
    let states = |file: &File| {
        let flags: Vec<String> = file.layout.components().map(|v| v.flags.to_string()).collect();
        (file.layout.state(), file.layout.generation(), flags.join(" "))
    };
    assert_eq!(states(&file), (State::ReadOnly, 4, "init 0 init,parity parity".into()));
    file.event(&write(0, 6)).unwrap();
    assert_eq!(states(&file), (State::WritePending, 5, "init 0 init,stale,parity parity".into()));
    // The same again changes nothing.
    file.event(&write(0, 1 << 20)).unwrap();
    assert_eq!(states(&file).1, 5);
    file.event(&write(1 << 33, 1 << 34)).unwrap();
    assert_eq!(
        states(&file),
        (State::WritePending, 6, "init init init,stale,parity stale,parity".into())
    );
    let done = |ids: &[u32]| Event::ResyncDone { ids: ids.to_vec() };
    assert_eq!(file.event(&done(&[0x20003])), Err(MirrorError::NotResyncing));
    file.event(&Event::Resync).unwrap();
    assert_eq!(
        states(&file),
        (State::SyncPending, 7, "init init init,stale,parity init,stale,parity".into())
    );
    for id in [0x20009, 0x10001] {
        assert_eq!(file.event(&done(&[0x20003, id])), Err(MirrorError::NotStale { id }));
    }
    // A write in between takes the resync back.
    let mut other = File { layout: file.layout.clone(), ..flr("-c 1") };
    other.event(&write(0, 6)).unwrap();
    assert_eq!(states(&other).0, State::WritePending);
    file.event(&done(&[0x20003])).unwrap();
    assert_eq!(
        states(&file),
        (State::ReadOnly, 8, "init init init,parity init,stale,parity".into())
    );
    assert!(file.layout.components().all(|view| view.timestamp == NOW));
    file.resync();
    assert_eq!(file.event(&Event::Resync), Err(MirrorError::InSync));
    assert_eq!(states(&file).1, 10);
    // A truncate writes all from there on.
    file.event(&Event::Truncate { size: 2 << 20 }).unwrap();
    assert_eq!(states(&file).2, "init init init,parity init,stale,parity");
    let mut plain = flr("-c 1");
    assert_eq!(plain.event(&Event::Resync), Err(MirrorError::NotMirrored));
    plain.event(&write(0, i64::MAX as u64)).unwrap();
    assert_eq!(plain.event(&write(5, 5)), Err(MirrorError::Range { start: 5, end: 5 }));
    let mut short = flr("-E 1M -c 1");
    let range = (1 << 20, 2 << 20);
    let beyond = MirrorError::Range { start: range.0, end: range.1 };
    assert_eq!((short.event(&write(range.0, range.1)), beyond.errno()), (Err(beyond), 61));
    let mut sel = flr("-E 256M -c 1 -z 64M");
    let error = sel.event(&write(64 << 20, 65 << 20));
    assert_eq!(error, Err(MirrorError::Extension { component: 1 }));
}

#[test]
fn mirrors_to_read_and_write() {
    let osts = Osts::default();
    let layout = flr("-N --flags=prefer -c 1 -N -c 2 -N -c 4").layout;
    for hash in 0..6 {
        assert_eq!(mirrors::read_order(&layout, 0, hash, &osts), Ok(vec![1, 2, 3]));
    }
    assert_eq!(mirrors::write_mirror(&layout, &osts), Ok(1));
    // An OST that does not answer puts its mirror last, for reads and writes.
    let away = layout.component(0).unwrap().object(0).unwrap().ost;
    let down = |ost| ost != away;
    let without = Osts { active: &down, ..Osts::default() };
    assert_eq!(mirrors::read_order(&layout, 0, 0, &without), Ok(vec![2, 3, 1]));
    assert_eq!(mirrors::write_mirror(&layout, &without), Ok(2));
    // Flash decides between equals; a hash spreads clients.
    let equal = flr("-N3 -c 2").layout;
    let orders: Vec<u16> =
        (0..3).map(|hash| mirrors::read_order(&equal, 0, hash, &osts).unwrap()[0]).collect();
    assert_eq!(orders, [1, 2, 3]);
    let third = equal.component(2).unwrap().object(0).unwrap().ost;
    let is_third = |ost| ost == third;
    let flash = Osts { flash: &is_third, ..Osts::default() };
    assert_eq!(mirrors::read_order(&equal, 0, 0, &flash), Ok(vec![3, 1, 2]));
    assert_eq!(mirrors::write_mirror(&equal, &flash), Ok(3));
    // Stale mirrors are not read where they are stale; parity never.
    let mut pfl = flr("-N -E 1M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 2");
    pfl.event(&write(1 << 20, 2 << 20)).unwrap();
    assert_eq!(mirrors::read_order(&pfl.layout, 0, 1, &osts), Ok(vec![1, 2]));
    assert_eq!(mirrors::read_order(&pfl.layout, 1 << 40, 1, &osts), Ok(vec![1]));
    let mut ec = flr("-c 4 --ec 4+2").layout;
    assert_eq!(mirrors::read_order(&ec, 7, 1, &osts), Ok(vec![1]));
    ec.set_stale(0, true);
    let none = MirrorError::NoMirror { offset: 7, parity: true };
    assert_eq!((mirrors::read_order(&ec, 7, 0, &osts), none.errno()), (Err(none), 22));
    assert_eq!(mirrors::write_mirror(&ec, &osts), Err(MirrorError::NoPrimary));
    ec.set_stale(0, false);
    ec.set_state(State::WritePending);
    let fresh = MirrorError::FreshParity { mirror: 2 };
    assert_eq!((mirrors::write_mirror(&ec, &osts), fresh.errno()), (Err(fresh), 117));
}

#[test]
fn flags_and_mirrors_are_guarded() {
    let set = |set| FlagChange { set, clear: 0 };
    let change =
        |file: &mut File, id, flags| edit::set_flags(&mut file.layout, Select::Id(id), flags, NOW);
    let mut file = flr("-E -1 -c 4 --ec 4+2");
    let prefer = set(ComponentFlags::PREF_RD);
    assert_eq!(change(&mut file, 0x20002, prefer), Err(EditError::PreferParity { id: 0x20002 }));
    assert_eq!(change(&mut file, 0x10001, set(ComponentFlags::STALE)), Err(EditError::LastInSync));
    let clear = FlagChange { set: 0, clear: ComponentFlags::STALE };
    assert_eq!(change(&mut file, 0x10001, clear), Err(EditError::ClearStale));
    let init = set(ComponentFlags::INIT);
    let bits = ComponentFlags::INIT;
    assert_eq!(change(&mut file, 0x10001, init), Err(EditError::Flags { bits }));
    assert_eq!(change(&mut file, 9, prefer), Err(EditError::NoComponent { id: 9 }));
    change(&mut file, 0x20002, set(ComponentFlags::NOSYNC)).unwrap();
    assert_eq!(file.layout.component(1).unwrap().timestamp, NOW);
    let split = |file: &mut File, id, destroy| edit::split(&mut file.layout, id, destroy);
    assert_eq!(split(&mut file, 2, false), Err(EditError::SplitParity { mirror: 2 }));
    assert_eq!(split(&mut file, 1, true), Err(EditError::LastInSync));
    assert_eq!(split(&mut file, 5, true), Err(EditError::NoMirror { mirror: 5 }));
    assert_eq!(edit::stale(&mut file.layout, 1), Err(EditError::LastInSync));
    edit::stale(&mut file.layout, 2).unwrap();
    split(&mut file, 2, true).unwrap();
    assert_eq!(split(&mut file, 1, true), Err(EditError::OneMirror));
    // Data under the protection of parity that stays.
    let mut two = flr("-N -E -1 -c 2 -N -E -1 -c 4 --ec 4+2");
    assert_eq!(split(&mut two, 2, true), Err(EditError::Protected { mirror: 2, by: 3 }));
    let off = split(&mut two, 1, false).unwrap();
    assert_eq!((off.mirrors().count(), off.state()), (1, State::None));
    assert_eq!(two.layout.mirrors().count(), 2);
    assert_eq!(parse(&emit(&off)).as_ref(), Ok(&off));
    // What was split off can become a mirror again, with an id of its own.
    edit::extend(&mut two.layout, &off).unwrap();
    let ids: Vec<u32> = two.layout.components().map(|view| view.id.0).collect();
    assert_eq!(ids, [0x20002, 0x30003, 0x40001]);
    assert_eq!(parse(&emit(&two.layout)).as_ref(), Ok(&two.layout));
    // Plain files become composite.
    let mut plain = flr("-c 2");
    edit::extend(&mut plain.layout, &renamed(flr("-c 3"), 100)).unwrap();
    assert_eq!((plain.layout.state(), plain.layout.mirrors().count()), (State::ReadOnly, 2));
    assert_eq!(parse(&emit(&plain.layout)).as_ref(), Ok(&plain.layout));
    let short = flr("-E 1M -c 1").layout;
    let error = edit::extend(&mut plain.layout, &short);
    assert_eq!(error, Err(EditError::Victim { component: 0 }));
}

#[test]
fn components_come_and_go_at_the_end() {
    let mut file = flr("-E 1M -c 1");
    let add = |file: &mut File, options: &str| {
        let change = Change::parse(options, file.end()).unwrap();
        edit::change(&mut file.layout, &change, Defaults::default(), NOW)
    };
    add(&mut file, "--comp-add -E 4M -c 2 -E 1G -c 4 -o 1,2,3,4").unwrap();
    add(&mut file, "--comp-add -E -1 -c -1").unwrap();
    assert_eq!(file.layout.generation(), 4);
    file.event(&write(0, 1 << 40)).unwrap();
    let osts: Vec<u32> =
        (0..4).map(|s| file.layout.component(2).unwrap().object(s).unwrap().ost).collect();
    assert_eq!(osts, [1, 2, 3, 4]);
    let remove = |file: &mut File, id| edit::remove(&mut file.layout, Select::Id(id));
    assert_eq!(remove(&mut file, 3).unwrap_err(), EditError::NotLast { id: 3 });
    assert_eq!(remove(&mut file, 4).unwrap().len(), 1);
    let init = Select::Flags(FlagChange { set: ComponentFlags::INIT, clear: 0 });
    assert_eq!(edit::remove(&mut file.layout, init).unwrap_err(), EditError::NothingLeft);
    add(&mut file, "--comp-add -E 2G").unwrap();
    let lazy = Select::Flags(FlagChange { set: 0, clear: ComponentFlags::INIT });
    assert_eq!(edit::remove(&mut file.layout, lazy).unwrap().len(), 1);
    assert_eq!(file.end(), 1 << 30);
    let mut two = flr("-N2 -c 1");
    assert_eq!(remove(&mut two, 0x20002).unwrap_err(), EditError::Mirrored { mirrors: 2 });
    let elsewhere = Change::parse("--comp-add -E 4G", 3 << 30).unwrap();
    let error = edit::change(&mut file.layout, &elsewhere, Defaults::default(), NOW);
    assert_eq!(error, Err(EditError::NotAdjacent { start: 3 << 30, end: 1 << 30 }));
}

#[test]
fn a_file_is_not_its_own_mirror() {
    for options in ["-c 2", "-E 1M -c 1 -E -1 -c 2", "-N2 -c 1"] {
        let file = flr(options);
        let mut layout = file.layout.clone();
        let fid = layout.component(0).unwrap().object(0).unwrap().fid;
        let error = edit::extend(&mut layout, &file.layout).unwrap_err();
        assert_eq!((error, error.errno()), (EditError::SharedObject { component: 0, fid }, 1));
        assert_eq!(layout, file.layout, "{options}");
        edit::extend(&mut layout, &renamed(flr(options), 100)).unwrap();
    }
    // One object of many is enough.
    let mut layout = flr("-N -c 1 -N -c 3").layout;
    let victim = renamed(flr("-E 1M -c 4 -E -1"), 3);
    let fid = layout.component(1).unwrap().object(2).unwrap().fid;
    let shared = EditError::SharedObject { component: 0, fid };
    assert_eq!(edit::extend(&mut layout, &victim), Err(shared));
}

#[test]
fn what_is_split_off_is_up_to_date() {
    let mut file = flr("-N -E 1M -c 1 -E -1 -c 1 -N -E 1M -c 1 -E -1 -c 2");
    file.event(&write(0, 4096)).unwrap();
    let split = |file: &mut File, id, destroy| edit::split(&mut file.layout, id, destroy);
    let stale = file.layout.components().filter(|v| v.is_stale()).map(|v| v.id.mirror());
    assert_eq!(stale.collect::<Vec<_>>(), [2]);
    let before = file.layout.clone();
    let error = split(&mut file, 2, false).unwrap_err();
    assert_eq!((error, error.errno()), (EditError::SplitStale { mirror: 2 }, 1));
    assert_eq!(file.layout, before);
    let mut other = File { layout: before.clone(), ..flr("-c 1") };
    split(&mut other, 2, true).unwrap();
    file.resync();
    let off = split(&mut file, 2, false).unwrap();
    assert!(off.components().all(|view| !view.is_stale()));
}

#[test]
fn ends_are_below_2_to_the_63() {
    let start = 1 << 20;
    let add = |end| {
        let extent = Extent { start, end };
        let mut file = flr("-E 1M -c 1");
        let new = [ComponentSpec { extent, ..ComponentSpec::default() }];
        edit::add(&mut file.layout, &new, Defaults::default())
    };
    let last = (1 << 63) - 65536;
    assert_eq!((add(last), add(EOF)), (Ok(()), Ok(())));
    for end in [1 << 63, EOF - 65535] {
        assert_eq!(add(end), Err(EditError::End { end }));
    }
    assert_eq!(EditError::End { end: 1 << 63 }.errno(), 22);
}
