//! The engine's errors: what failed, on which object or file, and why.

use crate::layout::plan::PlanError;
use crate::layout::{LayoutError, ObjectId};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a job could not be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The code refused: a bug of the engine's or a geometry that is no code.
    Code(crate::Error),
    /// A layout EA cannot be understood.
    Layout(LayoutError),
    /// A layout cannot be worked on.
    Plan(PlanError),
    /// I/O on an object failed.
    Object {
        /// The object.
        id: ObjectId,
        /// What was tried.
        action: &'static str,
        /// What the store said.
        source: io::Error,
    },
    /// I/O on a file failed.
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// I/O on the caller's input or output failed.
    Stream {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The namespace holds something that is not as it should be, or lacks something.
    Namespace {
        /// The file name that was asked for.
        name: String,
        /// What is wrong, and what to do.
        fault: String,
    },
    /// No objects could be allocated.
    Allocate(String),
}

impl Error {
    pub(super) fn object(id: ObjectId, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Error::Object { id, action, source }
    }

    pub(super) fn file<'a>(
        path: &'a Path,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Error::File { path: path.to_path_buf(), action, source }
    }

    pub(super) fn namespace(name: &str, fault: impl Into<String>) -> Self {
        Error::Namespace { name: name.into(), fault: fault.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Code(e) => write!(f, "{e}"),
            Error::Layout(e) => write!(f, "the layout cannot be used: {e}"),
            Error::Plan(e) => write!(f, "{e}"),
            Error::Object { id, action, source } => write!(f, "{id}: {action}: {source}"),
            Error::File { path, action, source } => {
                write!(f, "{}: {action}: {source}", path.display())
            }
            Error::Stream { action, source } => write!(f, "{action}: {source}"),
            Error::Namespace { name, fault } => write!(f, "{name}: {fault}"),
            Error::Allocate(fault) => f.write_str(fault),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Object { source, .. }
            | Error::File { source, .. }
            | Error::Stream { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(e: crate::Error) -> Self {
        Error::Code(e)
    }
}

impl From<LayoutError> for Error {
    fn from(e: LayoutError) -> Self {
        Error::Layout(e)
    }
}

impl From<PlanError> for Error {
    fn from(e: PlanError) -> Self {
        Error::Plan(e)
    }
}
