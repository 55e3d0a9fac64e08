//! Updating parity as one data shard changes.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::{Arena, Shard, pointers};
use crate::encode::arena;
use crate::race::{Code, Contestant, Ratios, Versus};

/// The faster of ISA-L's two ways.
const ISAL: Versus = Versus { title: "xISAL", rivals: &["isal-twice", "isal-sum"] };
/// In each set, behind the parity: what the shard becomes, and room for the difference.
const SPARE: usize = 2;

pub(crate) fn update(bench: &Bench, code: Code, size: usize) -> Ratios {
    let (k, p) = code;
    let arena = &arena(bench, code, SPARE, size);
    let isal = bench.isal.filter(|isal| isal.updates());
    let isal = isal.map(|isal| (isal, isal.tables(k, &isal.matrix(k, p)[k * k..])));
    let mut list: Vec<Contestant> = Vec::new();
    let mut add = |contestant| {
        let contestant: Contestant = contestant;
        // Changed and changed back, parity is what it was.
        for there in [true, false] {
            contestant.once(0);
            assert!(right(arena, code, there), "{} gives wrong bytes", contestant.name);
        }
        list.push(contestant);
    };
    let ours = |backend: Backend| {
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        Contestant::new(backend.name(), move |set| {
            let (data, mut rest) = arena.split(set, k);
            let (parity, spare) = rest.split_at_mut(p);
            codec.update(k / 2, data[k / 2].as_ref(), spare[0].as_ref(), parity).unwrap();
        })
    };
    add(ours(Backend::best()));
    if let Some((isal, tables)) = &isal {
        let change = move |from: Shard, parity: &[Shard]| {
            let outputs = pointers(parity);
            // SAFETY: all shards of an arena are equally long and apart.
            unsafe { isal.update_raw(tables, k / 2, from.0, &outputs[..p], size) };
        };
        // What is no longer there, and what is: no memory needed.
        add(Contestant::new("isal-twice", move |set| {
            let (data, rest) = arena.split(set, k);
            let (parity, spare) = rest.split_at(p);
            change(data[k / 2], parity);
            change(spare[0], parity);
        }));
        add(Contestant::new("isal-sum", move |set| {
            let (data, rest) = arena.split(set, k);
            let (parity, spare) = rest.split_at(p);
            // SAFETY: all shards of an arena are equally long and apart, and start on lines.
            unsafe { isal.sum_raw([data[k / 2].0, spare[0].0, spare[1].0], size) };
            change(spare[1], parity);
        }));
    }
    Backend::available().skip(1).for_each(|backend| add(ours(backend)));
    bench.race.run_bytes("update", code, size, arena, &list, &[ISAL])
}

/// Updating parity as half of the data shards change.
pub(crate) fn many(bench: &Bench, code: Code, size: usize) -> Ratios {
    let (k, p) = code;
    let changed = k / 2;
    let arena = &arena(bench, code, changed, size);
    let codec = &Codec::new(Geometry::new(k, p).unwrap());
    let plain = &Codec::with_shapes(Geometry::new(k, p).unwrap(), Backend::best(), &[]);
    let both = [("together", codec), ("unstructured", plain)];
    let [together, unstructured] = both.map(|(name, codec)| {
        Contestant::new(name, move |set| {
            let (data, mut rest) = arena.split(set, k);
            let (parity, new) = rest.split_at_mut(p);
            let change = |index: usize| (index, data[index].as_ref(), new[index].as_ref());
            let changes: Vec<_> = (0..changed).map(change).collect();
            codec.update_many(&changes, parity).unwrap();
        })
    });
    let list = [
        together,
        unstructured,
        Contestant::new("one-by-one", move |set| {
            let (data, mut rest) = arena.split(set, k);
            let (parity, new) = rest.split_at_mut(p);
            for index in 0..changed {
                codec.update(index, data[index].as_ref(), new[index].as_ref(), parity).unwrap();
            }
        }),
    ];
    for contestant in &list {
        for there in [true, false] {
            contestant.once(0);
            let (data, rest) = arena.split(0, k);
            let mut data = data.to_vec();
            if there {
                data[..changed].copy_from_slice(&rest[p..p + changed]);
            }
            assert!(codec.verify(&data, &rest[..p]).unwrap(), "{} is wrong", contestant.name);
        }
    }
    let versus = [
        Versus { title: "xSINGLE", rivals: &["one-by-one"] },
        Versus { title: "xDIRECT", rivals: &["unstructured"] },
    ];
    bench.race.run_bytes("update-many", code, size, arena, &list, &versus)
}

/// True if the parity of the first set is that of its data, the changed shard being there or not.
fn right(arena: &Arena, (k, p): Code, there: bool) -> bool {
    let (data, rest) = arena.split(0, k);
    let mut data = data.to_vec();
    if there {
        data[k / 2] = rest[p];
    }
    Codec::new(Geometry::new(k, p).unwrap()).verify(&data, &rest[..p]).unwrap()
}
