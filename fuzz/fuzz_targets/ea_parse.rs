//! Any bytes as a layout EA: an error that names a place inside, or a layout that gives the bytes
//! back, means the same in the other byte order, and can be asked anything without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::show::{Directory, getstripe_verbose};
use lustrine::layout::xattr::{Endian, emit, emit_as, parse, parse_as};
use lustrine::layout::{Body, Fid, Layout, ObjectId, map};

fuzz_target!(|ea: &[u8]| {
    let (layout, endian) = match parse_as(ea) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(error.offset <= ea.len(), "{error} in {} bytes", ea.len());
            assert!(error.to_string().starts_with("at byte "));
            return;
        }
    };
    assert_eq!(emit_as(&layout, endian), ea, "emit gives other bytes");
    let other = match endian {
        Endian::Little => Endian::Big,
        Endian::Big => Endian::Little,
    };
    // The bytes of an unknown sub-layout stay: turned round they can be a magic that is known.
    let unknown = |layout: &Layout| match layout {
        Layout::Composite(composite) => {
            composite.components.iter().any(|one| matches!(one.body, Body::Unknown(_)))
        }
        _ => false,
    };
    if !unknown(&layout) {
        let turned = emit_as(&layout, other);
        assert_eq!(parse_as(&turned).as_ref(), Ok(&(layout.clone(), other)));
    }
    ask(&layout);
    allocate(&layout);
});

/// Pieces lie where the layout says, sizes never shrink, texts can be printed.
fn ask(layout: &Layout) {
    for mirror in layout.mirrors() {
        for from in [0, 1 << 33, (1 << 63) - 70_000] {
            for piece in map::extents(layout, mirror.id, from..u64::MAX).take(50) {
                let view = layout.component(piece.component).expect("the piece's component");
                let stripes = view.stripes().expect("a striping");
                let last = piece.file_offset + (piece.len - 1);
                assert!(view.extent.start <= piece.file_offset && last < view.extent.end);
                let place = (piece.stripe, piece.object_offset);
                assert_eq!(stripes.locate(piece.file_offset), place);
                if let Some(end) = piece.object_offset.checked_add(piece.len) {
                    assert_eq!(stripes.file_offset(piece.stripe, end - 1), Some(last));
                }
            }
        }
        let ends = [1, 1 << 33, u64::MAX].map(|size| map::parity_end(layout, mirror.id, size));
        assert!(ends[0] <= ends[1] || ends[1].is_none());
    }
    for view in layout.components() {
        if let Some(data) = layout.data_of(view.index) {
            assert!(view.is_parity());
            let extent = layout.component(data).expect("the data component").extent;
            assert_eq!(extent, view.extent);
            if let Some(sets) = layout.raid_sets(view.index) {
                assert_eq!(sets.iter().map(|set| set.data).sum::<u32>(), sets.stripes());
            }
        }
    }
    let size = |bytes: u64| map::file_size(layout, |_| Some(bytes));
    if let (Some(some), Some(more)) = (size(1), size(70_000)) {
        assert!(some <= more);
    }
    let text = getstripe_verbose(layout, "f").utc_offset(-3600);
    let directory = Directory { fid: Fid::default(), stripe_size: 1 << 22, stripe_count: 1 };
    assert!(!text.to_string().is_empty());
    assert!(!text.directory(directory).to_string().is_empty());
}

/// A request becomes a layout that an EA can hold, or is refused.
fn allocate(request: &Layout) {
    let osts: Vec<Ost> = (0..7).map(Ost::new).collect();
    let allocator = Allocator { osts: &osts, first: 3, ..Allocator::default() };
    let file = NewFile { size: 1 << 33, ..NewFile::default() };
    let mut next_id = |ost| {
        let fid = Fid { seq: 0x2_4000_0400 + u64::from(ost), oid: 1, ver: 0 };
        ObjectId { ost, fid }
    };
    if let Ok(layout) = allocator.allocate(request, &file, &mut next_id) {
        assert_eq!(parse(&emit(&layout)), Ok(layout));
    }
}
