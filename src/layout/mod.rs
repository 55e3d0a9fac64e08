//! Lustre file layouts: the model of the layout EA, and arithmetic on it.
//!
//! A layout names the OST objects that hold a file's bytes. It is stored as an extended attribute
//! (`trusted.lov`, the *LOV EA*); [`xattr`] reads and writes that form, byte for byte. This module
//! holds the model; [`map`] goes between file offsets and objects, [`raid`] splits a component
//! into RAID sets, [`spec`] reads `lfs setstripe` options, [`allocate`] chooses objects, [`check`]
//! lists all that is wrong, [`mirrors`] chooses mirrors and moves their states, and [`edit`] changes
//! a layout. [`show`] prints what `lfs getstripe` prints and reads its YAML ([`yaml`] is the form of
//! it), [`draw`] shows a layout to people, [`plan`] turns a layout and the health of its objects into
//! work, and [`analysis`] says what the loss of OSTs does to files.
#![forbid(unsafe_code)]

pub mod allocate;
pub mod analysis;
pub mod check;
pub mod draw;
pub mod edit;
mod error;
pub mod map;
pub mod mirrors;
mod model;
pub mod plan;
pub mod raid;
pub mod show;
pub mod spec;
mod view;
pub mod xattr;
pub mod yaml;

pub use error::{Fault, LayoutError};

pub use model::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Foreign, Layout,
    ObjectId, Pattern, PoolName, Slot, State, Striping, StripingKind,
};
pub use view::{ComponentView, Compression, Mirror};
