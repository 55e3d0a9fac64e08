//! The checksum of a bulk, and lists that make no sense.

use super::*;
use crate::checksum::*;

#[test]
fn bulks_are_summed_and_bad_lists_refused() {
    let page: Vec<u8> = (0..4096).map(|i| (7 * i + 3) as u8).collect();
    let fragment = |offset: usize, len: usize| BulkFragment {
        data: page[offset..].as_ptr(),
        len,
        offset: offset as u64,
    };
    let (mut sum, mut used, mut guards) = (0, 99, [0_u16; 8]);
    let list = [fragment(100, 1000), BulkFragment { data: null(), len: 0, offset: 5 }];
    // SAFETY: as the functions ask for it, or NULL.
    unsafe {
        assert_eq!(lustrine_bulk_checksum(0x7000, 1000, list.as_ptr(), 2, &mut sum), LUSTRINE_OK);
        assert_eq!(sum, 0x0edc_040d);
        assert_eq!(lustrine_bulk_checksum(0x1000, 0, null(), 0, &mut sum), LUSTRINE_OK);
        assert_eq!(sum, 0xffff_ffff);
        let ok = lustrine_bulk_guards(
            0x7000,
            1000,
            list.as_ptr(),
            2,
            8,
            &mut sum,
            guards.as_mut_ptr(),
            &mut used,
        );
        assert_eq!((ok, sum, used), (LUSTRINE_OK, 0x0edc_040d, 3));
        assert_eq!(
            guards[..3].as_ptr().cast::<[u8; 6]>().read(),
            [0xbf, 0xab, 0xf9, 0x58, 0xc8, 0x89]
        );

        sum = 7;
        let refused = |list: *const BulkFragment, count, sum: &mut u32| {
            lustrine_bulk_checksum(0x4000, u64::MAX, list, count, sum)
        };
        assert_eq!(refused(null(), 1, &mut sum), LUSTRINE_ERR_NULL);
        assert_eq!(refused(list.as_ptr(), usize::MAX, &mut sum), LUSTRINE_ERR_LENGTH);
        let hole = [BulkFragment { data: null(), len: 1, offset: 0 }];
        assert_eq!(refused(hole.as_ptr(), 1, &mut sum), LUSTRINE_ERR_NULL);
        let endless = [BulkFragment { data: page.as_ptr(), len: usize::MAX, offset: 0 }];
        assert_eq!(refused(endless.as_ptr(), 1, &mut sum), LUSTRINE_ERR_LENGTH);
        let none = lustrine_bulk_checksum(0x4000, 9, list.as_ptr(), 1, null_mut());
        assert_eq!((none, sum), (LUSTRINE_ERR_NULL, 7));

        let mut places = |room, guards: *mut u16| {
            let (list, sum) = (list.as_ptr(), &mut sum);
            lustrine_bulk_guards(0x7000, 1000, list, 1, room, sum, guards, &mut used)
        };
        assert_eq!(places(2, guards.as_mut_ptr()), LUSTRINE_ERR_GUARD_COUNT);
        assert_eq!(places(8, null_mut()), LUSTRINE_ERR_NULL);
        assert_eq!(places(0, null_mut()), LUSTRINE_ERR_GUARD_COUNT);
        assert_eq!(places(usize::MAX, guards.as_mut_ptr()), LUSTRINE_ERR_LENGTH);
        // The last byte of the fragment is the first of the guards.
        let mut both = [0_u16; 8];
        let first = both.as_mut_ptr();
        let list = [BulkFragment { data: first.cast(), len: 3, offset: 0 }];
        let at = first.add(1);
        let overlap = lustrine_bulk_guards(0x7000, 3, list.as_ptr(), 1, 4, &mut sum, at, &mut used);
        assert_eq!((overlap, both), (LUSTRINE_ERR_OVERLAP, [0; 8]));
        assert_eq!((sum, used), (7, 3));
    }
}
