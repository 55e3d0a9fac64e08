//! The worked examples of Lustre's stripe arithmetic.

use super::*;

const K: u64 = 1 << 10;
const M: u64 = 1 << 20;

#[track_caller]
fn stripes(size: u64, count: u64) -> Stripes {
    Stripes::new(size, count).expect("a striping")
}

#[track_caller]
fn located(stripes: Stripes, table: &[(u64, u32, u64)]) {
    for &(file, stripe, object) in table {
        assert_eq!(stripes.locate(file), (stripe, object), "file offset {file}");
        assert_eq!(stripes.file_offset(stripe, object), Some(file), "object offset {object}");
    }
}

#[test]
fn offsets_of_three_stripes() {
    let s = stripes(M, 3);
    assert_eq!(s.row_bytes(), 3 * M);
    located(
        s,
        &[
            (0, 0, 0),
            (1_048_575, 0, 1_048_575),
            (M, 1, 0),
            (2 * M + 5, 2, 5),
            (3 * M, 0, M),
            (7 * M + 100, 1, 2_097_252),
        ],
    );
    let at = 4 * M + 10;
    assert_eq!(s.place(at, 0), Some((2_097_152, Side::After)));
    assert_eq!(s.place(at, 1), Some((1_048_586, Side::Inside)));
    assert_eq!(s.place(at, 2), Some((1_048_576, Side::Before)));
    // Page 300 of stripe 1 is page 1068 of the file.
    assert_eq!(s.file_offset(1, 300 << 12).map(|at| at >> 12), Some(1068));
}

#[test]
fn file_size_of_an_object_size() {
    let s = stripes(M, 3);
    for (object, files) in [
        (0, [0, 0, 0]),
        (1, [1, 1_048_577, 2_097_153]),
        (M, [M, 2 * M, 3 * M]),
        (M + 1, [3_145_729, 4_194_305, 5_242_881]),
        (2 * M, [4 * M, 5 * M, 6 * M]),
        (2 * M + 77, [6_291_533, 7_340_109, 8_388_685]),
    ] {
        for (stripe, file) in (0..).zip(files) {
            assert_eq!(s.file_size(stripe, object), Some(file), "{object} on stripe {stripe}");
        }
    }
    assert_eq!(s.file_size(3, 1), None);
    assert_eq!(s.file_size(3, 0), None);
}

#[track_caller]
fn object_sizes(s: Stripes, file: u64, expected: &[u64]) {
    for (stripe, &size) in (0..).zip(expected) {
        assert_eq!(s.object_size(file, stripe), size, "file of {file} bytes, stripe {stripe}");
    }
}

#[test]
fn object_sizes_of_a_file_size() {
    let s = stripes(M, 3);
    object_sizes(s, 0, &[0, 0, 0]);
    object_sizes(s, 1, &[1, 0, 0]);
    object_sizes(s, M, &[M, 0, 0]);
    object_sizes(s, M + 1, &[M, 1, 0]);
    object_sizes(s, 3 * M, &[M, M, M]);
    object_sizes(s, 4 * M + 10, &[2_097_152, 1_048_586, 1_048_576]);
    object_sizes(s, 5 * M, &[2 * M, 2 * M, M]);
    object_sizes(s, EOF, &[EOF, EOF, EOF]);
    // A component from 4 MiB on: the row counts from file offset 0 all the same.
    object_sizes(s, 4 * M, &[2 * M, M, M]);
    object_sizes(s, 4_719_104, &[2_097_152, 1_573_376, 1_048_576]);
    object_sizes(s, 6_291_968, &[2_097_664, 2_097_152, 2_097_152]);
    let s = stripes(M, 4);
    object_sizes(s, 64 * M, &[16 * M; 4]);
    object_sizes(s, M, &[M, 0, 0, 0]);
    assert_eq!(s.object_size(M, 4), 0);
}

#[test]
fn offsets_ignore_the_component_start() {
    located(
        stripes(M, 3),
        &[
            (4 * M, 1, M),
            (5 * M, 2, M),
            (6 * M, 0, 2 * M),
            (7 * M, 1, 2 * M),
            (9 * M + 3, 0, 3_145_731),
        ],
    );
    located(
        stripes(M, 4),
        &[(M, 1, 0), (2 * M, 2, 0), (4 * M, 0, M), (5 * M, 1, M), (63 * M, 3, 15 * M)],
    );
    // The start need not be a multiple of the stripe size.
    located(
        stripes(4 * M, 2),
        &[
            (M, 0, M),
            (3 * M + 512 * K, 0, 3_670_016),
            (4 * M, 1, 0),
            (8 * M, 0, 4 * M),
            (9 * M, 0, 5_242_880),
        ],
    );
}

#[test]
fn extents_on_stripes() {
    let s = stripes(M, 3);
    let extent = Extent { start: M + 512 * K, end: 4 * M + 256 * K };
    assert_eq!(s.intersect(extent, 0), Some((1_048_576, 2_097_151)));
    assert_eq!(s.intersect(extent, 1), Some((524_288, 1_310_719)));
    assert_eq!(s.intersect(extent, 2), Some((0, 1_048_575)));
    // [0, 5.5 MiB) of a component from 4 MiB on, clipped by the caller.
    let extent = Extent { start: 4 * M, end: 5 * M + 512 * K };
    assert_eq!(s.intersect(extent, 0), None);
    assert_eq!(s.intersect(extent, 1), Some((1_048_576, 2_097_151)));
    assert_eq!(s.intersect(extent, 2), Some((1_048_576, 1_572_863)));
    assert_eq!(s.intersect(Extent { start: 4 * M, end: EOF }, 0), Some((2 * M, EOF)));
    assert_eq!(s.intersect(Extent { start: 5, end: 5 }, 0), None);
    assert_eq!(s.intersect(Extent::WHOLE, 3), None);
}

/// Beyond 2^32 and up to the last byte that a Lustre file can have.
#[test]
fn great_offsets() {
    let s = stripes(4 * M, 4);
    // Four ldiskfs objects of (2^32 - 1) blocks of 4 KiB.
    let object = ((1 << 32) - 1) * 4096;
    let whole = object / (4 * M) * (4 * M);
    assert_eq!(whole * 3 + object, 70_368_731_590_656);
    let last = s.file_size(3, whole).expect("fits");
    assert_eq!(last, whole * 4);
    // 2000 stripes of the largest stripe size, 4 GiB - 64 KiB.
    located(
        stripes(4_294_901_760, 2000),
        &[((1 << 63) - 1, 416, 4_611_687_271_497_727), (1 << 32, 1, 65_536)],
    );
}

#[test]
fn overflow_is_none() {
    let s = stripes(M, 3);
    assert_eq!(s.file_offset(0, u64::MAX), None);
    assert_eq!(s.file_size(2, u64::MAX / 2), None);
    assert_eq!(Stripes::new(0, 1), None);
    assert_eq!(Stripes::new(1, 0), None);
    assert_eq!(Stripes::new(u64::MAX, 2), None);
    assert_eq!(Stripes::new(1, 1 << 32), None);
    let one = stripes(u64::MAX, 1);
    assert_eq!(one.locate(u64::MAX - 1), (0, u64::MAX - 1));
}
