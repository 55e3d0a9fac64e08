//! What a layout is worth when OSTs fail: what is lost, what it costs to repair, and how long that
//! takes; and what a code promises before there is a file.
//!
//! [`Exposure`] looks at the actual objects of one file: two members of a RAID set on one OST count
//! as what they are. [`Summary`] adds files up, keeping no more of them than it is told to.
//! [`Code`] calculates with a code alone.

mod code;
mod common;
mod exposure;
mod loss;
mod summary;

pub use code::{Blowup, Code, CodeError, mttdl_hours};
pub use exposure::Exposure;
pub use loss::{Class, Loss, LostRange, OstBytes};
pub use summary::{File, Summary};
