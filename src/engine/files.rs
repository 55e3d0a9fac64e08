//! Ordinary files: sparse-aware positional I/O, and output that appears whole or not at all.

use super::scan::BLOCK;
use super::store::{Input, Output};
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Fills `buf` from `offset`; fewer bytes only at the file's end.
pub(super) fn read_full(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// The first region at or after `offset` that is not a hole.
pub(super) fn next_data(file: &File, offset: u64) -> io::Result<Option<Range<u64>>> {
    // Offsets past i64::MAX cannot exist in a file.
    if i64::try_from(offset).is_err() {
        return Ok(None);
    }
    let start = match seek(file, SeekFrom::Data(offset)) {
        Ok(start) => start,
        Err(Errno::NXIO) => return Ok(None),
        Err(Errno::INVAL | Errno::OPNOTSUPP) => {
            // A file system without holes: all bytes are data.
            let size = file.metadata()?.len();
            return Ok((offset < size).then_some(offset..size));
        }
        Err(e) => return Err(e.into()),
    };
    let end = seek(file, SeekFrom::Hole(start))?;
    Ok((start < end).then_some(start..end))
}

/// Makes `range` a hole without changing the size.
pub(super) fn punch(file: &File, range: Range<u64>) -> io::Result<()> {
    let size = file.metadata()?.len();
    if range.start >= size {
        return Ok(());
    }
    // The block that the file ends in goes as a whole: nothing lies behind its end.
    let end = if range.end >= size { size.next_multiple_of(BLOCK as u64) } else { range.end };
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    match fallocate(file, flags, range.start, end - range.start) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(file, range.start..end.min(size)),
        Err(e) => Err(e.into()),
    }
}

fn write_zeros(file: &File, range: Range<u64>) -> io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut at = range.start;
    while at < range.end {
        let n = (range.end - at).min(ZEROS.len() as u64);
        file.write_all_at(&ZEROS[..n as usize], at)?;
        at += n;
    }
    Ok(())
}

/// A file to read from.
#[derive(Debug)]
pub struct FileInput {
    file: File,
    size: u64,
    modified: Option<SystemTime>,
}

impl FileInput {
    /// Opens a regular file.
    ///
    /// # Errors
    /// As `File::open`; anything but a regular file is `InvalidInput`, as it has no size.
    pub fn open(path: &Path) -> io::Result<Self> {
        let regular = |meta: Metadata| {
            let text = "not a regular file: its size is not known beforehand";
            let error = || io::Error::new(io::ErrorKind::InvalidInput, text);
            meta.is_file().then_some(meta).ok_or_else(error)
        };
        // Before it is opened, which would wait for the writer of a pipe.
        regular(std::fs::metadata(path)?)?;
        let file = File::open(path)?;
        let meta = regular(file.metadata()?)?;
        Ok(Self { file, size: meta.len(), modified: meta.modified().ok() })
    }

    /// Makes sure that the file is what it was when it was opened, and holds what its size says.
    ///
    /// # Errors
    /// `UnexpectedEof` or `InvalidData` if not; those of the file system.
    pub fn check_unchanged(&self) -> io::Result<()> {
        let meta = self.file.metadata()?;
        let (size, kind) = (meta.len(), io::ErrorKind::InvalidData);
        if size < self.size {
            let text = format!("it was cut to {size} bytes while it was read");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        if size > self.size || meta.modified().ok() != self.modified {
            return Err(io::Error::new(kind, "it was written to while it was read"));
        }
        // Some file systems make files up as they are read, and say 0 beforehand.
        if read_full(&self.file, self.size, &mut [0])? > 0 {
            let text = "it holds more than its size says: read it as standard input";
            return Err(io::Error::new(kind, text));
        }
        Ok(())
    }

    /// Its size when it was opened, bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Input for FileInput {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        read_full(&self.file, offset, buf)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        next_data(&self.file, offset)
    }
}

/// A file that is written under a temporary name beside its final one and renamed when complete.
///
/// Dropped without [`FileOutput::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct FileOutput {
    file: File,
    draft: PathBuf,
    path: PathBuf,
    committed: bool,
}

impl FileOutput {
    /// Begins a file that will be called `path`; an existing one stays until the commit, and a
    /// link is followed.
    ///
    /// # Errors
    /// `path` is there and no regular file: a device or a pipe is not to be replaced by a file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let target = match std::fs::metadata(path) {
            Ok(meta) if !meta.is_file() => {
                let text = "not a regular file: it will not be replaced; write to standard output";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Ok(_) => std::fs::canonicalize(path)?,
            Err(_) => path.to_path_buf(),
        };
        let path = target.as_path();
        let name = path.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display()))
        })?;
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}.draft", std::process::id()));
        let draft = path.with_file_name(draft);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&draft)?;
        Ok(Self { file, draft, path: path.to_path_buf(), committed: false })
    }

    /// Gives the file its size and its final name; with `durable`, its bytes reach the disk first.
    pub fn commit(mut self, size: u64, durable: bool) -> io::Result<()> {
        self.file.set_len(size)?;
        if durable {
            self.file.sync_data()?;
        }
        std::fs::rename(&self.draft, &self.path)?;
        self.committed = true;
        if durable {
            sync_parent(&self.path)?;
        }
        Ok(())
    }
}

impl Output for FileOutput {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing can be done about a failure here, and the name shows that it is a draft.
            let _ = std::fs::remove_file(&self.draft);
        }
    }
}

/// Makes a rename in `path`'s folder durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
