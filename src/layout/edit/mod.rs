//! Changes of a file's layout that move no data: components and mirrors added and removed, flags,
//! files joined.
//!
//! Each is a pure function on a [`Layout`]; what Lustre refuses is refused with its error number.
//! Every change counts the generation up, as on the MDT. What a refused change was to work on is
//! as it was.

mod components;
mod error;
mod join;
mod mirrors;

pub use components::{add, change, remove, set_flags};
pub use error::EditError;
pub use join::{JoinError, Obstacle, Part, join};
pub use mirrors::{extend, release, split, stale};

use super::Layout;
use super::model::Composite;

/// The composite of a file; requests and directory defaults have no ids to speak of.
fn composite(layout: &mut Layout) -> Result<&mut Composite, EditError> {
    match layout {
        Layout::Composite(composite) if !composite.is_template() => Ok(composite),
        _ => Err(EditError::NotComposite),
    }
}
