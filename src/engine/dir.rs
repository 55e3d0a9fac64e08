//! Objects in OST folders, under the names that Lustre's own targets use.
//!
//! `ost<hex index>/O/<seq>/d<oid mod 32>/<oid>` below the store's root, so that mounted snapshots
//! of OSTs are readable as they are. Holes are kept.

use super::files;
use super::store::ObjectStore;
use crate::layout::{Fid, ObjectId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Open files kept: well below the usual limit of 1024 descriptors.
const OPEN_FILES: usize = 256;
/// Where drafts lie on an OST.
const DRAFTS: &str = "O/.drafts";
/// Sub-folders of a sequence, as ldiskfs makes them.
const SUBDIRS: u64 = 32;
/// The sequence of OST 0's objects, and the distance to the next OST's: what a first MDT hands out.
const FIRST_SEQUENCE: u64 = 0x2_4000_0400;
const SEQUENCE_STEP: u64 = 0x4000_0000;

/// An [`ObjectStore`] over OST folders.
#[derive(Debug)]
pub struct DirStore {
    root: PathBuf,
    osts: BTreeMap<u32, PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<ObjectId, Open>,
    drafts: HashSet<ObjectId>,
    clock: u64,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    writable: bool,
    used: u64,
}

impl DirStore {
    /// Opens the store at `root`: every folder `ost<hex index>` is an OST. Those in `without` are
    /// treated as if they were not there.
    ///
    /// # Errors
    /// `root` cannot be read, or two folders claim one index.
    pub fn open(root: &Path, without: &[u32]) -> io::Result<Self> {
        let mut osts = BTreeMap::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(index) = name.to_str().and_then(ost_index) else { continue };
            // A link to a mounted snapshot is an OST folder too.
            if !entry.path().is_dir() || without.contains(&index) {
                continue;
            }
            if let Some(other) = osts.insert(index, entry.path()) {
                let text = format!(
                    "{} and {} are both OST {index}",
                    other.display(),
                    entry.path().display()
                );
                return Err(io::Error::new(ErrorKind::InvalidData, text));
            }
        }
        Ok(Self { root: root.to_path_buf(), osts, state: Mutex::default() })
    }

    /// Makes the folders of a new store with OSTs `0..osts`.
    ///
    /// # Errors
    /// `root` holds OST folders already.
    pub fn make(root: &Path, osts: u32) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let store = Self::open(root, &[])?;
        if !store.osts.is_empty() {
            let text = format!("{} is a store already", root.display());
            return Err(io::Error::new(ErrorKind::AlreadyExists, text));
        }
        for index in 0..osts {
            fs::create_dir(root.join(format!("ost{index:04x}")))?;
        }
        Self::open(root, &[])
    }

    /// The folder that holds the OST folders.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The OSTs that are there, by index.
    pub fn osts(&self) -> impl Iterator<Item = u32> + '_ {
        self.osts.keys().copied()
    }

    /// A name for a new object on `ost` that no object there has had: ids count up from the
    /// OST's `LAST_ID`. Callers hold the namespace's lock.
    ///
    /// # Errors
    /// The OST is away, its `LAST_ID` is damaged, or its ids are used up.
    pub fn next_id(&self, ost: u32) -> io::Result<ObjectId> {
        let seq = FIRST_SEQUENCE + u64::from(ost) * SEQUENCE_STEP;
        let folder = self.ost(ost)?.join("O").join(format!("{seq:x}"));
        let path = folder.join("LAST_ID");
        let last = match fs::read(&path) {
            Ok(bytes) => bytes.try_into().map(u64::from_le_bytes).map_err(|bytes: Vec<u8>| {
                let text = format!("{}: expected 8 bytes, got {}", path.display(), bytes.len());
                io::Error::new(ErrorKind::InvalidData, text)
            })?,
            Err(e) if e.kind() == ErrorKind::NotFound => 0,
            Err(e) => return Err(e),
        };
        let oid = last.checked_add(1).and_then(|id| u32::try_from(id).ok()).ok_or_else(|| {
            io::Error::other(format!("OST {ost} has no object id left after {last}"))
        })?;
        fs::create_dir_all(&folder)?;
        // On the disk before it counts: after a crash an empty LAST_ID would stop all allocation.
        let draft = folder.join(".LAST_ID.draft");
        let file = File::create(&draft)?;
        file.write_all_at(&u64::from(oid).to_le_bytes(), 0)?;
        file.sync_data()?;
        fs::rename(&draft, &path)?;
        Ok(ObjectId { ost, fid: Fid { seq, oid, ver: 0 } })
    }

    /// Where an object lies.
    ///
    /// # Errors
    /// `NotFound` if its OST is away.
    pub fn path(&self, id: ObjectId) -> io::Result<PathBuf> {
        let (seq, oid, subdir) = names(id.fid);
        Ok(self.ost(id.ost)?.join("O").join(seq).join(format!("d{subdir}")).join(oid))
    }

    fn ost(&self, index: u32) -> io::Result<&Path> {
        self.osts.get(&index).map(PathBuf::as_path).ok_or_else(|| {
            let text = format!("OST {index} is not in {}", self.root.display());
            io::Error::new(ErrorKind::NotFound, text)
        })
    }

    /// Drafts lie in a folder of their own on each OST, where what a crash left is easy to find.
    fn draft_path(&self, id: ObjectId) -> io::Result<PathBuf> {
        let Fid { seq, oid, .. } = id.fid;
        Ok(self.ost(id.ost)?.join(DRAFTS).join(format!("{seq:x}-{oid:x}")))
    }

    /// Removes the drafts that jobs left which were killed. Callers hold the namespace's lock, so
    /// that no job is at work.
    ///
    /// # Errors
    /// A draft cannot be removed.
    pub fn sweep(&self) -> io::Result<()> {
        for ost in self.osts.values() {
            match fs::remove_dir_all(ost.join(DRAFTS)) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object's open file, from the cache or opened now.
    fn file(&self, id: ObjectId, write: bool) -> io::Result<Arc<File>> {
        let mut state = self.state();
        state.clock += 1;
        let clock = state.clock;
        if let Some(open) = state.open.get_mut(&id).filter(|o| o.writable || !write) {
            open.used = clock;
            return Ok(Arc::clone(&open.file));
        }
        let draft = state.drafts.contains(&id);
        let path = if draft { self.draft_path(id)? } else { self.path(id)? };
        // Opening a pipe would wait for ever.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidData, "not a regular file"));
        }
        let file = Arc::new(OpenOptions::new().read(true).write(write).open(path)?);
        if state.open.len() >= OPEN_FILES {
            let oldest = state.open.iter().min_by_key(|(_, o)| o.used).map(|(id, _)| *id);
            oldest.and_then(|id| state.open.remove(&id));
        }
        let open = Open { file: Arc::clone(&file), writable: write, used: clock };
        state.open.insert(id, open);
        Ok(file)
    }
}

/// `ost000a` and `osta` are index 10.
fn ost_index(name: &str) -> Option<u32> {
    let hex = name.strip_prefix("ost")?;
    let plain = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(hex, 16).ok()).flatten()
}

/// How the backing file system prints a FID: sequence, object id, sub-folder number.
fn names(fid: Fid) -> (String, String, u64) {
    let oid = u64::from(fid.oid);
    match fid.seq {
        // Legacy ids that were wrapped into a FID (IDIF) lie under their old group, 0.
        0x1_0000_0000..=0x1_ffff_ffff => {
            let id = (fid.seq & 0xffff) << 32 | oid;
            ("0".into(), id.to_string(), id % SUBDIRS)
        }
        0..=0x1ff => (fid.seq.to_string(), oid.to_string(), oid % SUBDIRS),
        seq => (format!("{seq:x}"), format!("{oid:x}"), oid % SUBDIRS),
    }
}

impl ObjectStore for DirStore {
    fn create(&self, id: ObjectId) -> io::Result<()> {
        let path = self.path(id)?;
        if path.try_exists()? {
            let text = format!("{} exists", path.display());
            return Err(io::Error::new(ErrorKind::AlreadyExists, text));
        }
        let draft = self.draft_path(id)?;
        for folder in [path.parent(), draft.parent()].into_iter().flatten() {
            fs::create_dir_all(folder)?;
        }
        File::create(draft)?;
        let mut state = self.state();
        state.open.remove(&id);
        state.drafts.insert(id);
        Ok(())
    }

    fn publish(&self, id: ObjectId, durable: bool) -> io::Result<()> {
        let (draft, path) = (self.draft_path(id)?, self.path(id)?);
        if durable {
            self.file(id, true)?.sync_data()?;
        }
        fs::rename(draft, &path)?;
        self.state().drafts.remove(&id);
        if durable {
            files::sync_parent(&path)?;
        }
        Ok(())
    }

    fn read_at(&self, id: ObjectId, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        files::read_full(&*self.file(id, false)?, offset, buf)
    }

    fn write_at(&self, id: ObjectId, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file(id, true)?.write_all_at(data, offset)
    }

    fn size(&self, id: ObjectId) -> io::Result<u64> {
        Ok(self.file(id, false)?.metadata()?.len())
    }

    fn set_size(&self, id: ObjectId, size: u64) -> io::Result<()> {
        self.file(id, true)?.set_len(size)
    }

    fn next_data(&self, id: ObjectId, offset: u64) -> io::Result<Option<Range<u64>>> {
        files::next_data(&*self.file(id, false)?, offset)
    }

    fn punch(&self, id: ObjectId, range: Range<u64>) -> io::Result<()> {
        files::punch(&*self.file(id, true)?, range)
    }

    fn sync(&self, id: ObjectId) -> io::Result<()> {
        self.file(id, true)?.sync_data()
    }

    fn delete(&self, id: ObjectId) -> io::Result<()> {
        let mut state = self.state();
        state.open.remove(&id);
        let path = if state.drafts.remove(&id) { self.draft_path(id)? } else { self.path(id)? };
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Lustre's own naming rules.
    #[test]
    fn objects_are_named_as_lustre_names_them() {
        let fid = |seq, oid| Fid { seq, oid, ver: 0 };
        let name = |f: Fid| {
            let (seq, oid, subdir) = names(f);
            format!("O/{seq}/d{subdir}/{oid}")
        };
        assert_eq!(name(fid(0x2_4000_0400, 0x1822)), "O/240000400/d2/1822");
        assert_eq!(name(fid(0x2_c000_0400, 0x30)), "O/2c0000400/d16/30");
        assert_eq!(name(fid(0, 1234)), "O/0/d18/1234");
        assert_eq!(name(fid(0x1_0005_0000, 1234)), "O/0/d18/1234");
        assert_eq!(name(fid(0x1_0005_0001, 0)), format!("O/0/d0/{}", 1u64 << 32));
        assert_eq!(name(fid(0x1ff, 33)), "O/511/d1/33");
        assert_eq!(name(fid(0x200, 33)), "O/200/d1/21");
    }

    #[test]
    fn ost_folders_are_read_in_hex() {
        assert_eq!(ost_index("ost000a"), Some(10));
        assert_eq!(ost_index("osta"), Some(10));
        assert_eq!(ost_index("ost"), None);
        assert_eq!(ost_index("ost+a"), None);
        assert_eq!(ost_index("mdt"), None);
    }

    #[test]
    fn a_draft_is_invisible_until_published() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let store = DirStore::make(dir.path(), 2)?;
        let id = store.next_id(1)?;
        store.create(id)?;
        store.write_at(id, 70_000, b"tail")?;
        assert!(!store.path(id)?.exists());
        let killed = store.next_id(0)?;
        store.create(killed)?;
        assert!(store.draft_path(killed)?.exists());
        store.publish(id, true)?;
        assert_eq!(fs::metadata(store.path(id)?)?.len(), 70_004);
        assert_eq!(store.create(id).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let data = store.next_data(id, 0)?.expect("data at the end");
        assert!(data.start >= 65_536 && data.end == 70_004, "the hole is kept: {data:?}");
        store.punch(id, 0..70_004)?;
        assert_eq!(store.next_data(id, 0)?, None);
        assert_eq!(store.size(id)?, 70_004);
        let other = store.next_id(1)?;
        assert_eq!(other.fid.oid, id.fid.oid + 1);
        store.sweep()?;
        assert!(!store.draft_path(killed)?.exists() && store.path(id)?.exists());
        store.delete(id)?;
        assert_eq!(store.size(id).unwrap_err().kind(), ErrorKind::NotFound);
        Ok(())
    }
}
