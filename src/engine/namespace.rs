//! A small namespace: for each striped file its layout EA and its size.
//!
//! `mdt/<name>/trusted.lov` is the EA as Lustre stores it, `mdt/<name>/size` the size in decimal,
//! `mdt/<name>/covered` (if there) says for which generation and size the parity is known to cover
//! all data, `mdt/<name>/sized` likewise that every object has the size that the file gives it. Each file is replaced by a rename; a new entry appears whole.

use super::error::Error;
use super::files;
use crate::layout::{Layout, xattr};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Largest xattr of any kernel: a longer file cannot be an EA.
const MAX_EA: u64 = 64 << 10;

/// The `mdt/` folder of a store.
#[derive(Debug)]
pub struct Namespace {
    root: PathBuf,
}

/// What the namespace knows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its layout.
    pub layout: Layout,
    /// Its size in bytes.
    pub size: u64,
    /// The parity covers all data: a hole in it stands for zeros that were computed. Known after
    /// our own striping, resync or verify, as long as layout and size stay the same.
    pub covered: bool,
    /// Every object has the size that the file's size asks for, as our own striping leaves them:
    /// a shorter one was cut. Lustre leaves objects short where nothing was written.
    pub sized: bool,
}

/// Held while a job changes the namespace; ends with the value.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as its file")] File);

impl Namespace {
    /// The namespace of the store at `root`. Its folder is made by the first job that writes.
    pub fn open(root: &Path) -> Self {
        Self { root: root.join("mdt") }
    }

    /// Waits for other jobs that change the store to end.
    pub fn lock(&self) -> Result<Lock, Error> {
        fs::create_dir_all(&self.root).map_err(Error::file(&self.root, "making the folder"))?;
        let path = self.root.join(".lock");
        let file = File::create(&path).map_err(Error::file(&path, "locking"))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|e| Error::file(&path, "locking")(e.into()))?;
        Ok(Lock(file))
    }

    /// The names of all files, sorted.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let reading = || Error::file(&self.root, "reading the folder");
        let mut names = Vec::new();
        let entries = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(names),
            entries => entries.map_err(reading())?,
        };
        for entry in entries {
            let entry = entry.map_err(reading())?;
            if let Ok(name) = entry.file_name().into_string()
                && !name.starts_with('.')
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether a file of this name exists.
    ///
    /// # Errors
    /// The name is not usable.
    pub fn has(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        Ok(self.root.join(name).exists())
    }

    /// A number that no file of this namespace has had, from 1 on. Callers hold the lock.
    pub fn next_id(&self) -> Result<u32, Error> {
        let path = self.root.join(".LAST_ID");
        let last = match read_bounded(&path, 64) {
            Ok(text) => parse_number(&text).ok_or_else(|| {
                Error::namespace(&path.display().to_string(), "expected a decimal number")
            })?,
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => 0,
            Err(e) => return Err(e),
        };
        let next = last.checked_add(1).and_then(|id| u32::try_from(id).ok()).ok_or_else(|| {
            Error::namespace(&path.display().to_string(), "no file number is left")
        })?;
        put(&path, format!("{next}\n").as_bytes(), true)?;
        Ok(next)
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// There is no such file, or its entry is damaged.
    pub fn get(&self, name: &str) -> Result<Entry, Error> {
        check_name(name)?;
        let folder = self.root.join(name);
        if !folder.is_dir() {
            let names = self.names()?;
            let known = match names.len() {
                0 => "the store holds no file yet".to_string(),
                1..=8 => format!("the store holds {}", names.join(", ")),
                n => format!("the store holds {n} other files"),
            };
            return Err(Error::namespace(name, format!("no such file: {known}")));
        }
        let layout = xattr::parse(&read_bounded(&folder.join("trusted.lov"), MAX_EA)?)?;
        let path = folder.join("size");
        let text = read_bounded(&path, 64)?;
        let size =
            parse_number(&text).filter(|size| *size <= i64::MAX as u64).ok_or_else(|| {
                let text = String::from_utf8_lossy(&text);
                let fault =
                    format!("expected a size in bytes below 2^63, got {:?}", text.trim_end());
                Error::namespace(&path.display().to_string(), fault)
            })?;
        let mut entry = Entry { layout, size, covered: false, sized: false };
        entry.covered = said(&folder.join("covered"), &generation_text(&entry))?;
        entry.sized = said(&folder.join("sized"), &size_text(&entry))?;
        Ok(entry)
    }

    /// Adds a file; it appears whole.
    ///
    /// # Errors
    /// The name is taken or not usable.
    pub fn add(&self, name: &str, entry: &Entry, durable: bool) -> Result<(), Error> {
        let folder = self.root.join(name);
        if self.has(name)? {
            return Err(Error::namespace(name, "the name is taken: choose another with --name"));
        }
        let draft = self.root.join(format!(".{name}.draft"));
        if draft.exists() {
            fs::remove_dir_all(&draft).map_err(Error::file(&draft, "removing a left-over"))?;
        }
        fs::create_dir(&draft).map_err(Error::file(&draft, "making the folder"))?;
        put(&draft.join("trusted.lov"), &xattr::emit(&entry.layout), durable)?;
        put(&draft.join("size"), format!("{}\n", entry.size).as_bytes(), durable)?;
        say(&draft.join("covered"), entry.covered, &generation_text(entry), durable)?;
        say(&draft.join("sized"), entry.sized, &size_text(entry), durable)?;
        fs::rename(&draft, &folder).map_err(Error::file(&folder, "naming the entry"))?;
        if durable {
            files::sync_parent(&folder).map_err(Error::file(&folder, "syncing"))?;
        }
        Ok(())
    }

    /// Replaces what is known of a file.
    pub fn update(&self, name: &str, entry: &Entry, durable: bool) -> Result<(), Error> {
        check_name(name)?;
        let folder = self.root.join(name);
        // The record of coverage names the generation: in this order it never speaks of another.
        put(&folder.join("trusted.lov"), &xattr::emit(&entry.layout), durable)?;
        put(&folder.join("size"), format!("{}\n", entry.size).as_bytes(), durable)?;
        say(&folder.join("covered"), entry.covered, &generation_text(entry), durable)?;
        say(&folder.join("sized"), entry.sized, &size_text(entry), durable)
    }

    /// Removes a file's entry, at once and for good (its objects are the caller's business).
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let folder = self.root.join(name);
        let gone = self.root.join(format!(".{name}.removed"));
        if gone.exists() {
            fs::remove_dir_all(&gone).map_err(Error::file(&gone, "removing a left-over"))?;
        }
        fs::rename(&folder, &gone).map_err(Error::file(&folder, "removing"))?;
        files::sync_parent(&folder).map_err(Error::file(&folder, "removing"))?;
        fs::remove_dir_all(&gone).map_err(Error::file(&gone, "removing"))
    }
}

/// Names are single path components that do not look like our own drafts.
fn check_name(name: &str) -> Result<(), Error> {
    let fault = if name.is_empty() {
        "a name cannot be empty"
    } else if name.len() > 240 {
        "a name has at most 240 bytes"
    } else if name.starts_with('.') {
        "a name cannot start with a dot"
    } else if name.contains('/') || name.contains(char::is_control) {
        "a name is one path component, without slashes and control characters"
    } else {
        return Ok(());
    };
    Err(Error::namespace(name, fault))
}

/// What `covered` holds: it ends with any change of the layout.
fn generation_text(entry: &Entry) -> String {
    format!("layout generation {}\nsize {}\n", entry.layout.generation(), entry.size)
}

/// What `sized` holds: it ends with any change of the size.
fn size_text(entry: &Entry) -> String {
    format!("size {}\n", entry.size)
}

/// Whether a record says this, and not something older.
fn said(path: &Path, text: &str) -> Result<bool, Error> {
    match read_bounded(path, 256) {
        Ok(found) => Ok(found == text.as_bytes()),
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Makes or removes a record.
fn say(path: &Path, holds: bool, text: &str, durable: bool) -> Result<(), Error> {
    if holds {
        return put(path, text.as_bytes(), durable);
    }
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::file(path, "removing")(e)),
        _ => Ok(()),
    }
}

fn parse_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim_end().parse().ok()
}

fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let reading = || Error::file(path, "reading");
    let file = File::open(path).map_err(reading())?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(reading())?;
    if bytes.len() as u64 > most {
        let fault = format!("expected at most {most} bytes, got more");
        return Err(Error::namespace(&path.display().to_string(), fault));
    }
    Ok(bytes)
}

fn put(path: &Path, bytes: &[u8], durable: bool) -> Result<(), Error> {
    let writing = || Error::file(path, "writing");
    let draft = path.with_extension("draft");
    let mut file = File::create(&draft).map_err(writing())?;
    file.write_all(bytes).map_err(writing())?;
    if durable {
        file.sync_data().map_err(writing())?;
    }
    fs::rename(&draft, path).map_err(writing())?;
    if durable {
        files::sync_parent(path).map_err(writing())?;
    }
    Ok(())
}
