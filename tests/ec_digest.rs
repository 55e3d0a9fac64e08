//! The linear digest against long division, and every promise that its documentation makes.
#![allow(clippy::unwrap_used)]

#[cfg(all(unix, not(miri)))]
#[path = "common/guarded.rs"]
mod guarded;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/polynomial.rs"]
mod polynomial;

use lustrine::ec::{Codec, Digest, Digester, Encoder, Geometry, Verdict};
use lustrine::gf::{Backend, Coef};
use lustrine::{Error, ShardList};
use polynomial::{G, digest};
use proptest::prelude::*;

/// Steps through lengths, so that Miri comes to an end.
const STEP: usize = if cfg!(miri) { 67 } else { 1 };

#[test]
fn every_length_on_every_backend() {
    let bytes = oracle::noise(5000, 1);
    // Around groups of eight registers, twice as many, and the pipeline's tiles.
    let edges = [1024, 1536, 2048, 4096, 4608].into_iter().flat_map(|at| at - 66..at + 67);
    let lengths = (0..=1100).chain(edges).step_by(STEP);
    for len in lengths {
        // Each at another distance from an aligned address.
        let block = &bytes[len % 97..][..len];
        let expected = digest(block);
        for backend in Backend::available() {
            let got = Digest::with_backend(backend, block).to_bytes();
            assert_eq!(got, expected, "{backend}: {len} bytes");
        }
        assert_eq!(Digest::of(block).to_bytes(), expected);
    }
}

#[test]
fn every_alignment() {
    let bytes = oracle::noise(2200, 2);
    for at in (0..64).step_by(STEP) {
        for len in [63, 512, 1111, 2048] {
            let expected = digest(&bytes[at..at + len]);
            for backend in Backend::available() {
                let got = Digest::with_backend(backend, &bytes[at..at + len]).to_bytes();
                assert_eq!(got, expected, "{backend}: {len} bytes at {at}");
            }
        }
    }
}

/// A byte read outside kills the process.
#[cfg(all(unix, not(miri)))]
#[test]
fn no_byte_outside_is_touched() {
    let mut page = guarded::Guarded::new();
    for len in (0..1100).chain([4095, 4096, 4097, 65_535, 65_536]) {
        for end in [false, true] {
            let block = page.place(len, end);
            block.copy_from_slice(&oracle::noise(len, 5));
            let mut digests = Backend::available().map(|backend| {
                // The second piece begins and ends where nothing else does.
                let (first, second) = block.split_at(len / 3);
                let mut digester = Digester::with_backend(backend);
                digester.update(first);
                digester.update(second);
                assert_eq!(digester.finish(), Digest::with_backend(backend, block));
                digester.finish()
            });
            let first = digests.next();
            assert!(digests.all(|other| Some(other) == first), "{len} bytes");
        }
    }
}

/// Each single byte of a block of several groups counts, with its own weight.
#[test]
fn every_place_has_its_weight() {
    let len = if cfg!(miri) { 70 } else { 1300 };
    let mut weight = [0, 0, 0, 0, 0, 0, 0, 1];
    for behind in 0..len {
        let mut block = vec![0; len];
        block[len - 1 - behind] = 1;
        for backend in Backend::available() {
            assert_eq!(Digest::with_backend(backend, &block).to_bytes(), weight, "{behind}");
        }
        // Times y.
        let over = weight[0];
        weight.rotate_left(1);
        weight[7] = 0;
        weight.iter_mut().zip(&G[1..]).for_each(|(w, g)| *w ^= oracle::mul(over, *g));
    }
}

#[test]
fn zeros_before_a_block_do_not_count_and_behind_it_do() {
    let block = oracle::noise(100, 3);
    let padded = [&[0; 1000][..], &block].concat();
    assert_eq!(Digest::of(&padded), Digest::of(&block));
    assert_eq!(Digest::of(&[0; 3000]), Digest::ZERO);
    for zeros in [0, 1, 7, 8, 9, 511, 512, 513, 4096] {
        let followed = [&block[..], &vec![0; zeros]].concat();
        assert_eq!(Digest::of(&block).shift(zeros as u64).to_bytes(), digest(&followed));
        let mut digester = Digester::new();
        digester.update(&block);
        digester.zeros(zeros as u64);
        assert_eq!(digester.finish().to_bytes(), digest(&followed));
    }
}

/// Lengths that no memory has: against y to that power, computed by the slow arithmetic.
#[test]
fn holes_of_any_size() {
    let one = Digest::of(&[1]);
    for zeros in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, (1 << 32) + 7, 1 << 32, 12345] {
        let expected = polynomial::y_to(u128::from(zeros));
        assert_eq!(one.shift(zeros).to_bytes(), expected, "{zeros}");
        let mut digester = Digester::new();
        digester.update(&[1]);
        digester.zeros(zeros);
        assert_eq!(digester.finish().to_bytes(), expected, "{zeros}");
    }
    // The order of y.
    assert_eq!(one.shift(u64::MAX), one);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 300 }, ..ProptestConfig::default()
    })]

    #[test]
    fn in_pieces_and_combined(
        pieces in prop::collection::vec(
            prop_oneof![0..20_usize, 0..700_usize, Just(512), Just(1024), 0..5000_usize], 0..7),
        at in 0..64_usize,
        holes in any::<u8>(),
    ) {
        let mut bytes = oracle::noise(pieces.iter().sum::<usize>() + at, at as u64);
        let mut start = at;
        for (n, len) in pieces.iter().enumerate() {
            if holes >> n & 1 == 1 {
                bytes[start..start + len].fill(0);
            }
            start += len;
        }
        let whole = digest(&bytes[at..]);
        for backend in Backend::available() {
            let mut digester = Digester::with_backend(backend);
            let (mut combined, mut start) = (Digest::ZERO, at);
            for (n, len) in pieces.iter().enumerate() {
                let piece = &bytes[start..start + len];
                if holes >> n & 1 == 1 {
                    digester.zeros(*len as u64);
                } else {
                    digester.update(piece);
                }
                combined = combined.combine(Digest::with_backend(backend, piece), *len as u64);
                start += len;
                // To ask does not change what follows.
                prop_assert_eq!(digester.finish().to_bytes(), digest(&bytes[at..start]));
            }
            prop_assert_eq!(digester.finish().to_bytes(), whole);
            prop_assert_eq!(combined.to_bytes(), whole);
        }
    }

    #[test]
    fn linear_over_the_field(
        a in prop::collection::vec(any::<u8>(), 0..600),
        c in any::<u8>(),
        seed in 0..1000_u64,
    ) {
        let b = oracle::noise(a.len(), seed);
        let mut sum = b.clone();
        oracle::mul_add(&mut sum, c, &a);
        let mut expected = Digest::of(&b).to_bytes();
        oracle::mul_add(&mut expected, c, &Digest::of(&a).to_bytes());
        prop_assert_eq!(Digest::of(&sum).to_bytes(), expected);
        let plain: Vec<_> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        prop_assert_eq!(Digest::of(&plain), Digest::of(&a) ^ Digest::of(&b));
    }

    #[test]
    fn shifts_add_up(a in any::<u64>(), b in any::<u64>(), bytes in any::<[u8; 8]>()) {
        let block = Digest::from_bytes(bytes);
        let (sum, carried) = a.overflowing_add(b);
        // y to the power of 2^64 is y.
        let again = block.shift(sum).shift(u64::from(carried));
        prop_assert_eq!(block.shift(a).shift(b), again);
    }
}

#[test]
fn digests_of_a_row_are_a_row() {
    let mut geometries =
        vec![(1, 1), (2, 1), (4, 2), (10, 4), (17, 3), (8, 8), (241, 15), (255, 1)];
    geometries.truncate(if cfg!(miri) { 3 } else { 8 });
    for (k, p) in geometries {
        let geometry = Geometry::new(k, p).unwrap();
        for len in [1, 8, 100, 4096, 5001].into_iter().take(if cfg!(miri) { 3 } else { 5 }) {
            let data = oracle::noisy_shards(k, len, (k + len) as u64);
            let parity = oracle::encode(&data, p);
            let of = |shards: &[Vec<u8>]| -> Vec<_> {
                shards.iter().map(|shard| Digest::from_bytes(digest(shard))).collect()
            };
            let (sent, expected) = (of(&data), of(&parity));
            for backend in Backend::available() {
                let codec = Codec::with_backend(geometry, backend);
                let mut predicted = vec![Digest::ZERO; p];
                codec.predict(&sent, &mut predicted).unwrap();
                assert_eq!(predicted, expected, "{backend}: {k}+{p}, {len} bytes");
                assert!(codec.verify(&sent, &predicted).unwrap());
                let mut table = vec![Coef::ZERO; Encoder::table_len(geometry)];
                let encoder = Encoder::new(geometry, backend, &mut table).unwrap();
                predicted.fill(Digest::ZERO);
                encoder.predict(&sent, &mut predicted).unwrap();
                assert_eq!(predicted, expected, "{backend}: {k}+{p}, {len} bytes");
            }
            // The digest of a shard that is lost, from those of the others.
            let codec = Codec::new(geometry);
            let mut survivors: Vec<_> = sent.iter().chain(&expected).copied().map(Some).collect();
            let lost = survivors[k / 2].take().unwrap();
            let mut wanted = [(k / 2, Digest::ZERO)];
            codec.reconstruct(&survivors, &mut wanted).unwrap();
            assert_eq!(wanted[0].1, lost);
        }
    }
}

/// Which shards were damaged, as many as can be told, from 8 bytes of each.
#[test]
fn damage_is_located_from_digests() {
    let cases: [(_, _, &[&[usize]]); 3] = [
        (6, 4, &[&[0, 1], &[2, 7], &[8, 9], &[3]]),
        (8, 2, &[&[0], &[7], &[9]]),
        (10, 3, &[&[4], &[12]]),
    ];
    for (k, p, wrong) in cases {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        let mut shards = oracle::noisy_shards(k, 3000, 4);
        shards.extend(oracle::encode(&shards, p));
        let verdict = |shards: &[Vec<u8>]| {
            let digests: Vec<_> = shards.iter().map(|shard| Some(Digest::of(shard))).collect();
            codec.locate(&digests).unwrap().verdict()
        };
        assert_eq!(verdict(&shards), Verdict::Clean);
        for wrong in wrong {
            let mut damaged = shards.clone();
            wrong.iter().for_each(|shard| damaged[*shard][77 + shard..1000].reverse());
            assert_eq!(verdict(&damaged), Verdict::Replace(wrong.to_vec()), "{k}+{p}");
        }
        // A single bit of one shard.
        let mut damaged = shards.clone();
        damaged[1][2999] ^= 0x10;
        assert_ne!(verdict(&damaged), Verdict::Clean);
    }
}

#[test]
fn wrong_counts_are_named_and_nothing_is_written() {
    let codec = Codec::new(Geometry::new(4, 2).unwrap());
    let marked = Digest::from_bytes([7; 8]);
    let mut parity = [marked; 2];
    let got = codec.predict(&[Digest::ZERO; 3], &mut parity);
    assert_eq!(got, Err(Error::ShardCount { list: ShardList::Data, expected: 4, got: 3 }));
    let got = codec.predict(&[Digest::ZERO; 4], &mut parity[..1]);
    assert_eq!(got, Err(Error::ShardCount { list: ShardList::Parity, expected: 2, got: 1 }));
    assert_eq!(parity, [marked; 2]);
}

/// Linear as the digest is, an error is seen if its own digest is not zero, whatever the block.
fn seen(error: &[u8]) -> bool {
    Digest::of(error) != Digest::ZERO
}

/// Each wrong byte, and two wrong bytes at each distance. Multiples of an error by constants have
/// the same multiples of its digest, so the first wrong byte may be 1.
#[test]
fn one_and_two_wrong_bytes_are_seen() {
    let len = if cfg!(miri) { 70 } else { 600 };
    let mut error = vec![0; len];
    for at in 0..len {
        for value in (1..=255).step_by(STEP) {
            error[at] = value;
            assert!(seen(&error), "{value} at {at}");
        }
        error[at] = 0;
    }
    error[0] = 1;
    for at in 1..len {
        for value in (1..=255).step_by(STEP) {
            error[at] = value;
            assert!(seen(&error), "1 and {value} at {at}");
        }
        error[at] = 0;
    }
}

/// A burst of up to 8 bytes is its own digest, moved by an inverse: here at every place, from the
/// eight bytes alone; then some at random.
#[test]
fn bursts_of_eight_bytes_are_seen() {
    let len = 700;
    for at in (0..=len - 8).step_by(STEP) {
        let behind = (len - 8 - at) as u64;
        for bit in (0..64).step_by(STEP) {
            let mut error = vec![0; len];
            error[at + bit / 8] = 1 << (bit % 8);
            error[at] |= 1;
            assert!(seen(&error), "{bit} at {at}");
        }
        let mut error = vec![0; len];
        let burst: [u8; 8] = oracle::noise(8, at as u64).try_into().unwrap();
        error[at..at + 8].copy_from_slice(&burst);
        // Moved back by as much as the order of y lacks, it is the burst: no two bursts are alike.
        assert_eq!(Digest::of(&error).shift(u64::MAX - behind), Digest::from_bytes(burst));
    }
}

#[test]
fn what_is_not_promised() {
    // G itself: four wrong bytes, a burst of nine.
    let mut error = vec![0; 50];
    error[20..29].copy_from_slice(&G);
    assert!(!seen(&error));
    // Two wrong bytes at the first distance at which that can be.
    let far = Digest::of(&[1]).shift(u64::MAX / 255).to_bytes();
    assert_eq!(far[..7], [0; 7]);
}

#[test]
fn bytes_and_words() {
    let digest = Digest::from_bytes([0, 1, 2, 3, 4, 5, 6, 0xff]);
    assert_eq!(digest.to_string(), "00010203040506ff");
    assert_eq!(format!("{digest:?}"), "Digest(00010203040506ff)");
    assert_eq!(
        (digest.to_bytes(), digest.as_ref()),
        (*b"\0\x01\x02\x03\x04\x05\x06\xff", &digest.to_bytes()[..])
    );
    let mut sum = digest;
    sum ^= digest;
    assert_eq!(sum, Digest::ZERO);
    assert_eq!(Digest::default(), Digester::default().finish());
}

/// The polynomial is the best there is: see `docs::digest`.
mod choice {
    use super::oracle;
    use super::polynomial::{self, G, Ring};

    /// 2^64 - 1 in primes.
    const PRIMES: [u128; 7] = [3, 5, 17, 257, 641, 65_537, 6_700_417];
    const ORDER: u128 = (1 << 64) - 1;

    /// True if y has order 2^64 - 1 modulo `g`. Then its powers are all the remainders but 0, so each
    /// of them has an inverse, and `g` is irreducible.
    fn is_primitive(g: &[u8; 9]) -> bool {
        let ring = Ring::new(*g);
        let one = [0, 0, 0, 0, 0, 0, 0, 1];
        ring.y_to(ORDER) == one && PRIMES.iter().all(|prime| ring.y_to(ORDER / prime) != one)
    }

    #[test]
    fn the_primes_are_primes_and_all() {
        assert_eq!(PRIMES.iter().product::<u128>(), ORDER);
        for prime in PRIMES {
            assert!((2..).take_while(|d| d * d <= prime).all(|d| prime % d != 0), "{prime}");
        }
    }

    #[test]
    fn g_is_primitive_and_irreducible() {
        assert!(is_primitive(&G));
        // Once more in another way, by Rabin's test: y^(256^8) = y, and y^(256^4) - y has no factor
        // in common with G.
        let ring = Ring::new(G);
        let y = [0, 0, 0, 0, 0, 0, 1, 0];
        assert_eq!(ring.y_to(1 << 64), y);
        let mut middle = ring.y_to(1 << 32);
        middle.iter_mut().zip(y).for_each(|(a, b)| *a ^= b);
        assert_eq!(polynomial::common_divisor(&G, &middle).len(), 1);
    }

    /// The search: fewest terms, then lowest powers, then least constant.
    #[cfg(not(miri))]
    #[test]
    fn g_is_the_first_of_its_kind() {
        let with = |terms: &[usize], constant: u8| {
            let mut g = [1, 0, 0, 0, 0, 0, 0, 0, constant];
            terms.iter().for_each(|power| g[8 - power] = 1);
            g
        };
        // The constant is the product of all conjugates of y, so it must generate the field.
        let generator = |c: &u8| {
            let mut power = *c;
            let order = (1..).find(|_| {
                let one = power == 1;
                power = oracle::mul(power, *c);
                one
            });
            *c != 0 && order == Some(255)
        };
        let constants: Vec<u8> = (1..=255).filter(generator).collect();
        assert_eq!(constants.len(), 128);
        // Any coefficient in the middle: no trinomial at all.
        for power in 1..8 {
            for coefficient in 1..=255 {
                let mut g = with(&[], 0);
                g[8 - power] = coefficient;
                for c in &constants {
                    g[8] = *c;
                    assert!(!is_primitive(&g), "{g:?}");
                }
            }
        }
        let first = || {
            for high in 1..8 {
                for low in 1..high {
                    for c in &constants {
                        let g = with(&[low, high], *c);
                        if is_primitive(&g) {
                            return Some(g);
                        }
                    }
                }
            }
            None
        };
        assert_eq!(first(), Some(G));
    }
}
