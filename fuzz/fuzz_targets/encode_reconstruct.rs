//! Any geometry, lengths, alignments, losses and backend: the backend's parity is that of portable
//! code and of a product computed bit by bit; what is erased comes back; nothing beside the outputs
//! is written; damage is seen; too many losses are refused.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;
use lustrine::Error;
use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

/// Bytes on either side of a buffer; a kernel that goes over its end changes them.
const MARGIN: usize = 128;
const CANARY: u8 = 0xc5;

/// `len` bytes at some alignment, with canaries on both sides.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Buffer {
    fn new(offset: u8, len: usize) -> Buffer {
        Buffer {
            bytes: vec![CANARY; len + 2 * MARGIN],
            start: MARGIN / 2 + usize::from(offset % 64),
            len,
        }
    }
    fn get(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
    fn get_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
    fn assert_margins(&self) {
        let (before, rest) = self.bytes.split_at(self.start);
        let after = &rest[self.len..];
        assert!(before.iter().chain(after).all(|&b| b == CANARY), "written beside the buffer");
    }
}

/// Knuth's MMIX generator; its upper bits are good enough to fill and to choose.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 32
    }
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// The field's product from its definition alone: carry-less, then reduced by 0x11d.
fn naive_mul(a: u8, b: u8) -> u8 {
    let mut product = 0_u16;
    for bit in 0..8 {
        if b >> bit & 1 == 1 {
            product ^= u16::from(a) << bit;
        }
    }
    for bit in (8..15).rev() {
        if product >> bit & 1 == 1 {
            product ^= 0x11d << (bit - 8);
        }
    }
    product as u8
}

/// Coefficient of `gf_gen_cauchy1_matrix`: 1 / (row xor column), rows counted from `data` on.
fn naive_coefficient(data: usize, row: usize, column: usize) -> u8 {
    let x = ((data + row) ^ column) as u8;
    (1..=255).find(|&y| naive_mul(x, y) == 1).expect("every element but 0 has an inverse")
}

fn views(buffers: &[Buffer]) -> Vec<&[u8]> {
    buffers.iter().map(Buffer::get).collect()
}

fn views_mut(buffers: &mut [Buffer]) -> Vec<&mut [u8]> {
    buffers.iter_mut().map(Buffer::get_mut).collect()
}

fn run(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (data, parity) =
        (usize::from(u.arbitrary::<u8>()?), usize::from(u.arbitrary::<u8>()? % 17));
    // Small geometries are where most loss patterns can be met.
    let data = if u.arbitrary()? { data % 12 } else { data };
    let legal = (1..=15).contains(&parity)
        && data + parity <= 256
        && ((2..=255).contains(&data) || (data == 1 && parity == 1));
    let geometry = match Geometry::new(data, parity) {
        Ok(geometry) => {
            assert!(legal, "{data}+{parity} accepted");
            geometry
        }
        Err(error) => {
            assert_eq!(error, Error::Geometry { data, parity });
            assert!(!legal, "{data}+{parity} refused");
            return Ok(());
        }
    };
    let backends: Vec<Backend> = Backend::available().collect();
    let backend = backends[usize::from(u.arbitrary::<u8>()?) % backends.len()];
    let len = usize::from(u.arbitrary::<u16>()?) % if data > 32 { 700 } else { 5000 };
    let mut random = Random(u.arbitrary()?);
    // The fuzzer's own bytes are spread over the data; the generator fills the rest.
    let raw = u.bytes(u.len().min(256))?;

    let fill = |random: &mut Random| {
        let mut shard = Buffer::new(random.byte(), len);
        for byte in shard.get_mut() {
            let r = random.next();
            *byte = match raw.get((r >> 9) as usize % 512) {
                Some(&b) => b,
                None => r as u8,
            };
        }
        shard
    };
    let mut shards: Vec<Buffer> = (0..data).map(|_| fill(&mut random)).collect();
    let empty = |random: &mut Random, count: usize| -> Vec<Buffer> {
        (0..count).map(|_| Buffer::new(random.byte(), len)).collect()
    };

    // Parity: the backend's, portable code's, and the definition's at some places.
    let codec = Codec::with_backend(geometry, backend);
    let portable =
        Codec::with_backend(geometry, Backend::from_name("portable").expect("always there"));
    let mut sums = empty(&mut random, parity);
    let mut wanted_sums = empty(&mut random, parity);
    codec.encode(&views(&shards), &mut views_mut(&mut sums)).expect("encode");
    portable.encode(&views(&shards), &mut views_mut(&mut wanted_sums)).expect("portable encode");
    for (row, (a, b)) in sums.iter().zip(&wanted_sums).enumerate() {
        assert!(a.get() == b.get(), "{} disagrees with portable in row {row}", backend.name());
        a.assert_margins();
        b.assert_margins();
    }
    if len > 0 {
        let row = random.below(parity);
        let coefficients: Vec<u8> = (0..data).map(|j| naive_coefficient(data, row, j)).collect();
        // Both ends, where the tails are, and somewhere in between.
        for at in [0, len - 1, random.below(len), random.below(len)] {
            let sum = coefficients
                .iter()
                .zip(&shards)
                .fold(0, |sum, (&c, shard)| sum ^ naive_mul(c, shard.get()[at]));
            assert_eq!(sums[row].get()[at], sum, "row {row}, byte {at}");
        }
    }
    assert!(codec.verify(&views(&shards), &views(&sums)).expect("verify"));

    // One flipped bit anywhere is seen.
    if len > 0 {
        let (shard, at, bit) = (random.below(data + parity), random.below(len), random.below(8));
        let flip = |shards: &mut [Buffer], sums: &mut [Buffer]| {
            let buffer = shards.iter_mut().chain(sums).nth(shard).expect("below their sum");
            buffer.get_mut()[at] ^= 1 << bit;
        };
        flip(&mut shards, &mut sums);
        assert!(!codec.verify(&views(&shards), &views(&sums)).expect("verify"), "damage not seen");
        flip(&mut shards, &mut sums);
    }

    // A data shard changes; its parity follows.
    let index = random.below(data);
    let changed = fill(&mut random);
    codec
        .update(index, shards[index].get(), changed.get(), &mut views_mut(&mut sums))
        .expect("update");
    shards[index] = changed;
    portable.encode(&views(&shards), &mut views_mut(&mut wanted_sums)).expect("portable encode");
    for (a, b) in sums.iter().zip(&wanted_sums) {
        assert!(a.get() == b.get(), "update is not encode");
        a.assert_margins();
    }

    // Some are lost, now and then one too many; some of the lost are wanted, in any order.
    let total = data + parity;
    let mut order: Vec<usize> = (0..total).collect();
    for i in 0..total {
        order.swap(i, i + random.below(total - i));
    }
    let lost = &order[..random.below(parity + 2).min(total)];
    let wanted = &lost[..random.below(lost.len() + 1)];
    let all: Vec<&Buffer> = shards.iter().chain(&sums).collect();
    let survivors: Vec<Option<&[u8]>> =
        all.iter().enumerate().map(|(i, s)| (!lost.contains(&i)).then(|| s.get())).collect();
    let mut rebuilt = empty(&mut random, wanted.len());
    let mut outputs: Vec<(usize, &mut [u8])> =
        wanted.iter().copied().zip(views_mut(&mut rebuilt)).collect();
    let result = codec.reconstruct(&survivors, &mut outputs);
    if lost.len() > parity {
        if !wanted.is_empty() {
            assert_eq!(result, Err(Error::TooManyErasures { missing: lost.len(), parity }));
            assert!(rebuilt.iter().all(|b| b.bytes.iter().all(|&x| x == CANARY)));
        }
        return Ok(());
    }
    result.expect("reconstruct");
    for (&index, buffer) in wanted.iter().zip(&rebuilt) {
        assert!(buffer.get() == all[index].get(), "shard {index} of {data}+{parity} is not back");
        buffer.assert_margins();
    }
    Ok(())
}

fuzz_target!(|input: &[u8]| {
    // Too short an input is no case.
    let _ = run(&mut Unstructured::new(input));
});
