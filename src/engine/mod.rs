//! Carries out plans on stores of objects: striping, reading, resync, verify, rebuild.
//!
//! [`ObjectStore`] is a place that holds objects: [`DirStore`] (folders with the names that
//! Lustre's own targets use) or [`MemStore`] (tests, with faults on demand). The [`Executor`] runs
//! plans on it. [`jobs`] are the verbs on one layout; [`Volume`] adds a small namespace, so that
//! files have names.
#![forbid(unsafe_code)]

mod buffers;
mod dir;
mod error;
mod exec;
mod files;
pub mod jobs;
mod mem;
mod namespace;
mod proof;
mod report;
mod scan;
mod store;
mod volume;

pub use dir::DirStore;
pub use error::Error;
pub use exec::Executor;
pub use files::{FileInput, FileOutput};
pub use mem::{Fault, MemOutput, MemStore};
pub use namespace::{Entry, Namespace};
pub use report::{Damage, Finding, Proof, Report, Times};
pub use store::{Input, ObjectStore, Output, Progress};
pub use volume::{Rebuilt, Striped, Verified, Volume};
