//! Every shard of a call ends, or begins, at a page that may not be touched: no byte outside is read
//! or written, whatever the plan, the backend and the length.
#![cfg(all(feature = "std", unix, not(miri)))]
#![allow(unsafe_code, clippy::unwrap_used)]

#[path = "common/guarded.rs"]
mod guarded;
#[path = "common/oracle.rs"]
mod oracle;

use guarded::{Guarded, ROOM};
use lustrine::ec::{Codec, Geometry};
use lustrine::gf::{Backend, Shape};

/// Where a shard lies in its room.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// A byte before it may not be touched.
    Front,
    /// A byte behind it may not be touched.
    Back,
}

/// Room for a shard of the smallest code that is streamed.
type Room = Guarded<{ 6 * ROOM }>;

/// The shard in a room, holding the first bytes of `content`.
fn filled<'r>(room: &'r mut Room, len: usize, place: Place, content: &[u8]) -> &'r mut [u8] {
    let shard = room.place(len, matches!(place, Place::Back));
    shard.copy_from_slice(&content[..len]);
    shard
}

/// A code, and what is right for it.
struct Case {
    geometry: Geometry,
    shapes: &'static [Shape],
    /// Data, then parity.
    shards: Vec<Vec<u8>>,
    /// What the data shard `CHANGED` becomes, and what that makes of the parity.
    new: Vec<u8>,
    new_parity: Vec<Vec<u8>>,
}

const CHANGED: usize = 3;

impl Case {
    fn new(k: usize, p: usize, shapes: &'static [Shape]) -> Case {
        let geometry = Geometry::new(k, p).unwrap();
        let longest = streamed_len(k + p);
        let mut shards = oracle::noisy_shards(k, longest, (100 * k + p) as u64);
        let new = oracle::noise(longest, 77);
        let parity = oracle::encode(&shards, p);
        let change: Vec<u8> = shards[CHANGED].iter().zip(&new).map(|(a, b)| a ^ b).collect();
        let mut new_parity = parity.clone();
        for (i, row) in new_parity.iter_mut().enumerate() {
            oracle::mul_add(row, oracle::coefficient(k, i, CHANGED), &change);
        }
        shards.extend(parity);
        Case { geometry, shapes, shards, new, new_parity }
    }

    fn check(&self, backend: Backend, rooms: &mut [Room], lens: impl Iterator<Item = usize>) {
        // Round the caches always, and only what is long.
        let codecs = [0, STREAMED].map(|bytes| {
            Codec::with_shapes(self.geometry, backend, self.shapes).stream_from(bytes)
        });
        for len in lens {
            for place in [Place::Front, Place::Back] {
                for codec in &codecs {
                    self.touch(codec, rooms, len, place);
                }
            }
        }
    }

    /// Each operation once. A byte touched outside kills the process.
    fn touch(&self, codec: &Codec, rooms: &mut [Room], len: usize, place: Place) {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let what = || format!("{}, {len} bytes, {place:?}: {}", codec.backend(), codec.plan());
        let (new, rooms) = rooms.split_first_mut().unwrap();
        let new = &*filled(new, len, place, &self.new);
        let rooms = rooms[..k + p].iter_mut().zip(&self.shards);
        let mut shards: Vec<&mut [u8]> =
            rooms.map(|(room, right)| filled(room, len, place, right)).collect();
        let right = |index: usize| &self.shards[index][..len];

        let (data, parity) = shards.split_at_mut(k);
        parity.iter_mut().for_each(|shard| shard.fill(0xee));
        codec.encode(data, parity).unwrap();
        for (i, shard) in parity.iter().enumerate() {
            assert!(**shard == *right(k + i), "encode, {}", what());
        }

        assert_eq!(codec.verify(data, parity), Ok(true), "{}", what());
        if let Some(last) = parity[p - 1].last_mut() {
            *last ^= 1;
            assert_eq!(codec.verify(data, parity), Ok(false), "{}", what());
        }

        // As many as can be lost: data, the first and the last, and as much of the parity.
        let lost: Vec<usize> =
            (0..p).map(|i| if i % 2 == 0 { i / 2 } else { k + p - 1 - i / 2 }).collect();
        let mut wanted = Vec::new();
        let mut survivors = Vec::new();
        for (index, shard) in shards.iter_mut().enumerate() {
            if lost.contains(&index) {
                shard.fill(0xdd);
                wanted.push((index, &mut **shard));
                survivors.push(None);
            } else {
                survivors.push(Some(&**shard));
            }
        }
        codec.reconstruct(&survivors, &mut wanted).unwrap();
        for (index, shard) in wanted {
            assert!(*shard == *right(index), "shard {index}, {}", what());
        }

        let (data, parity) = shards.split_at_mut(k);
        codec.update(CHANGED, data[CHANGED], new, parity).unwrap();
        for (shard, right) in parity.iter().zip(&self.new_parity) {
            assert!(**shard == right[..len], "update, {}", what());
        }

        // And back again, all others changing to the changed one and back as well.
        let old: Vec<&[u8]> = data.iter().map(|shard| &**shard).collect();
        let change = |index: usize| match index {
            CHANGED => (CHANGED, new, old[CHANGED]),
            index => (index, old[index], new),
        };
        let there: Vec<_> = (0..k).map(change).collect();
        codec.update_many(&there, parity).unwrap();
        let others = (0..k).filter(|index| *index != CHANGED);
        let back: Vec<_> = others.map(|index| (index, new, old[index])).collect();
        codec.update_many(&back, parity).unwrap();
        for (i, shard) in parity.iter().enumerate() {
            assert!(**shard == *right(k + i), "update_many, {}", what());
        }
    }
}

/// From so many bytes on the calls of these tests are streamed, but for those that always are.
const STREAMED: usize = 3 << 20;

/// A shard's length with which a call of so many shards is streamed; odd, so that in the back shards
/// lie askew.
fn streamed_len(shards: usize) -> usize {
    STREAMED / shards + 77
}

/// A shape, the rows beside it, and the groups of the plan that it is in.
type Expected = (Shape, usize, usize);

/// Codes, the shapes that their plans may be made of, and what has to be in such a plan.
const CASES: [(usize, usize, &[Shape], Expected); 10] = [
    (6, 3, &[], (Shape::Direct, 3, 1)),
    (8, 2, &[Shape::Pair], (Shape::Pair, 0, 1)),
    (8, 3, &[Shape::Pair], (Shape::Pair, 1, 1)),
    (9, 3, &[Shape::Tri], (Shape::Tri, 0, 1)),
    (11, 4, &[Shape::Tri], (Shape::Tri, 1, 1)),
    (10, 4, &[Shape::Fft4], (Shape::Fft4, 0, 1)),
    (11, 5, &[Shape::Fft4], (Shape::Fft4, 1, 1)),
    (16, 8, &[Shape::Fft8], (Shape::Fft8, 0, 1)),
    (17, 8, &[Shape::Fft8], (Shape::Fft8, 1, 1)),
    (10, 6, &[Shape::Fft4], (Shape::Fft4, 0, 2)),
];

fn cases() -> impl Iterator<Item = Case> {
    CASES.into_iter().map(|(k, p, shapes, expected)| {
        for backend in Backend::available() {
            let codec = Codec::with_shapes(Geometry::new(k, p).unwrap(), backend, shapes);
            let parts = codec.plan().parts();
            let met =
                |part: &lustrine::ec::Part| (part.shape, part.extra.len(), parts.len()) == expected;
            assert!(parts.iter().any(met), "{backend}: not {expected:?}: {}", codec.plan());
        }
        Case::new(k, p, shapes)
    })
}

#[test]
fn no_byte_outside_is_touched() {
    let mut rooms: Vec<Room> = (0..26).map(|_| Room::of_room()).collect();
    for case in cases() {
        let lens = (0..=300).chain(511..=513).chain(1023..=1025).chain(4095..=4097);
        let streamed = streamed_len(case.geometry.total());
        for backend in Backend::available() {
            case.check(backend, &mut rooms, lens.clone().chain([streamed]));
        }
    }
}
