//! Changes of a file's layout that move no data: components and mirrors added and removed, flags,
//! files joined.
//!
//! Each is a pure function on a [`Layout`]; what Lustre refuses is refused with its error number.
//! Every change counts the generation up, as on the MDT. What a refused change was to work on is
//! as it was.
//!
//! ```
//! use lustrine::layout::allocate::{Allocator, Defaults, NewFile, Ost};
//! use lustrine::layout::edit;
//! use lustrine::layout::spec::{Change, Spec};
//! use lustrine::layout::{Fid, ObjectId};
//! let osts: Vec<Ost> = (0..8).map(Ost::new).collect();
//! let allocator = Allocator { osts: &osts, ..Allocator::default() };
//! let mut object = |ost| ObjectId { ost, fid: Fid { seq: 1 << 34, oid: ost, ver: 0 } };
//! let request = Spec::parse("-E 1M -c 1")?.request();
//! let mut layout = allocator.allocate(&request, &NewFile::default(), &mut object)?;
//!
//! let change = Change::parse("--comp-add -E -1 -c 4", 1 << 20)?;
//! edit::change(&mut layout, &change, Defaults::default(), 1_780_000_000)?;
//! assert_eq!((layout.component_count(), layout.generation()), (2, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod components;
mod error;
mod join;
mod mirrors;

pub use components::{add, change, remove, set_flags};
pub use error::EditError;
pub use join::{JoinError, Obstacle, Part, join};
pub use mirrors::{extend, release, split, stale};

use super::Layout;
use super::model::{Composite, Fid};

/// The composite of a file; requests and directory defaults have no ids to speak of.
fn composite(layout: &mut Layout) -> Result<&mut Composite, EditError> {
    match layout {
        Layout::Composite(composite) if !composite.is_template() => Ok(composite),
        _ => Err(EditError::NotComposite),
    }
}

/// The objects of a file, each with the index of its component.
fn objects(layout: &Layout) -> impl Iterator<Item = (Fid, usize)> {
    layout.components().flat_map(|view| {
        let slots = view.objects().unwrap_or_default();
        let named = slots.iter().filter(|slot| !slot.is_dummy());
        named.filter_map(move |slot| Some((slot.object_id().ok()?.fid, view.index)))
    })
}
