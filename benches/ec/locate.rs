//! Locating: of rows that are right, which is the usual case, and of damaged ones.

use lustrine::ec::{Codec, Geometry, Verdict};

use crate::Bench;
use crate::arena::Shard;
use crate::encode::arena;
use crate::race::{Code, Contestant, Ratios, Versus};

const VERIFY: Versus = Versus { title: "xVERIFY", rivals: &["verify"] };
/// The shard that is damaged.
const WRONG: usize = 1;

pub(crate) fn locate(bench: &Bench, code: Code, size: usize) -> Ratios {
    let (k, p) = code;
    let arena = &arena(bench, code, 2, size);
    let codec = &Codec::new(Geometry::new(k, p).unwrap());
    // Beside each set two copies of a shard: one has a wrong byte, one is wrong throughout.
    for set in 0..arena.sets() {
        let (shards, mut copies) = arena.split(set, k + p);
        copies.iter_mut().for_each(|copy| copy.as_mut().copy_from_slice(shards[WRONG].as_ref()));
        copies[0].as_mut()[size / 2] ^= 1;
        for (at, byte) in copies[1].as_mut().iter_mut().enumerate() {
            *byte ^= (at * at / 7) as u8 | 1;
        }
    }
    // Listed beforehand, as what a verify gets is.
    let listed = |set: usize, copy: Option<usize>| -> Vec<Option<Shard>> {
        let (shards, copies) = arena.split(set, k + p);
        let mut list: Vec<_> = shards.iter().map(|shard| Some(*shard)).collect();
        if let Some(copy) = copy {
            list[WRONG] = Some(copies[copy]);
        }
        list
    };
    let find = move |list: &[Option<Shard>]| codec.locate(list).unwrap();
    assert!(find(&listed(0, None)).verdict() == Verdict::Clean, "locate accuses");
    assert!(find(&listed(0, Some(0))).wrong == 1, "locate misses a byte");
    let found = find(&listed(0, Some(1))).verdict();
    assert!(found == Verdict::Replace(vec![WRONG]), "locate misses a shard");
    let contestant = |name, copy: Option<usize>| {
        let rows: Vec<_> = (0..arena.sets()).map(|set| listed(set, copy)).collect();
        let wrong = copy.is_some();
        Contestant::new(name, move |set| assert!((find(&rows[set]).wrong > 0) == wrong))
    };
    let verify = Contestant::new("verify", move |set| {
        let (data, parity) = arena.split(set, k);
        assert!(codec.verify(data, &parity[..p]).unwrap());
    });
    let mut list = vec![contestant("clean", None), verify, contestant("byte", Some(0))];
    if arena.sets() == 1 {
        // It is bound by arithmetic, wherever the bytes come from.
        list.push(contestant("shard", Some(1)));
    }
    bench.race.run("locate", code, arena, &list, &[VERIFY])
}
