//! Files with names: OST folders, the namespace beside them, and the verbs that join the two.

use super::dir::DirStore;
use super::error::Error;
use super::jobs::{self, File, Options};
use super::namespace::{Entry, Namespace};
use super::report::{Damage, Report};
use super::store::{Input, ObjectStore, Output, Progress};
use crate::layout::allocate::{Allocator, NewFile, Ost};
use crate::layout::plan::{self, Health, Tolerance};
use crate::layout::spec::Spec;
use crate::layout::{ComponentView, Fid, Layout, ObjectId, State};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Sequence of the FIDs that the namespace gives its files: the first one a first MDT uses.
const FILE_SEQUENCE: u64 = 0x2_0000_0401;

/// A store with a namespace: `ost<index>/` folders and `mdt/` beside them.
#[derive(Debug)]
pub struct Volume {
    store: DirStore,
    namespace: Namespace,
    without: Vec<u32>,
}

/// A file that was striped.
#[derive(Debug)]
pub struct Striped {
    /// Its layout.
    pub layout: Layout,
    /// What was done.
    pub report: Report,
}

/// What a verify found.
#[derive(Debug)]
pub struct Verified {
    /// Objects that are lost.
    pub missing: Vec<Damage>,
    /// What was proved.
    pub report: Report,
    /// OSTs that may fail on top of that before a byte is lost.
    pub tolerance: Tolerance,
    /// What parity cannot give back, another mirror holds.
    pub mirrored: bool,
}

/// What a rebuild did.
#[derive(Debug)]
pub struct Rebuilt {
    /// Objects that were lost.
    pub missing: Vec<Damage>,
    /// Objects that took their places: component, stripe, object.
    pub objects: Vec<(usize, u32, ObjectId)>,
    /// False: something could not be rebuilt with certainty, so nothing was changed.
    pub complete: bool,
    /// What was proved.
    pub report: Report,
    /// OSTs that may fail from now on before a byte is lost.
    pub tolerance: Tolerance,
    /// Objects that are still lost: those of stale components, or all if it is not complete.
    pub left: Vec<Damage>,
    /// What parity cannot give back, another mirror holds.
    pub mirrored: bool,
}

impl Volume {
    /// Opens the store at `root`; OSTs in `without` are treated as if they were not there.
    ///
    /// # Errors
    /// `root` cannot be read or holds no OST folders.
    pub fn open(root: &Path, without: &[u32]) -> Result<Self, Error> {
        let store =
            DirStore::open(root, without).map_err(Error::file(root, "opening the store"))?;
        if store.osts().next().is_none() {
            let fault = "no OST folders (ost0000, ost0001, ...) are here: is this a store?";
            return Err(Error::namespace(&root.display().to_string(), fault));
        }
        let namespace = Namespace::open(root);
        Ok(Self { store, namespace, without: without.to_vec() })
    }

    /// Makes a new store with OSTs `0..osts`.
    ///
    /// # Errors
    /// There is a store at `root` already, or I/O.
    pub fn make(root: &Path, osts: u32) -> Result<Self, Error> {
        DirStore::make(root, osts).map_err(Error::file(root, "making the store"))?;
        Self::open(root, &[])
    }

    /// The objects.
    pub fn store(&self) -> &DirStore {
        &self.store
    }

    /// The names.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Stripes `size` bytes of `input` over new objects under the name `name`, by the layout that
    /// `spec` asks for.
    ///
    /// # Errors
    /// The name is taken, the OSTs are too few for the layout, or I/O.
    pub fn stripe(
        &self,
        name: &str,
        spec: &Spec,
        input: &dyn Input,
        size: u64,
        options: Options<'_>,
    ) -> Result<Striped, Error> {
        let _lock = self.namespace.lock()?;
        if self.namespace.has(name)? {
            return Err(Error::namespace(name, "the name is taken: choose another with --name"));
        }
        self.sweep()?;
        let layout = self.allocate(spec, size)?;
        let report = jobs::write(&self.store, &layout, size, input, options)?;
        let entry = Entry { layout, size, covered: true, sized: true };
        if let Err(error) = self.namespace.add(name, &entry, options.durable) {
            // The entry may stand although its folder could not be synced: then its objects stay.
            if !self.namespace.has(name)? {
                self.delete_objects(&entry.layout);
            }
            return Err(error);
        }
        Ok(Striped { layout: entry.layout, report })
    }

    /// Reads a range of a file into `output`. See [`jobs::read`].
    pub fn read(
        &self,
        entry: &Entry,
        range: Range<u64>,
        check: bool,
        output: &dyn Output,
        progress: &dyn Progress,
    ) -> Result<Report, Error> {
        let (health, missing) = self.health(entry)?;
        let mut report =
            jobs::read(&self.store, entry.file(), range, &health, check, output, progress)?;
        missing.into_iter().for_each(|damage| report.add_damage(damage));
        Ok(report)
    }

    /// Computes all parity of a file anew. Until it is done, the layout calls the parity stale, so
    /// that a crash leaves nothing that looks sound.
    pub fn resync(&self, name: &str, options: Options<'_>) -> Result<Report, Error> {
        let _lock = self.namespace.lock()?;
        let mut entry = self.namespace.get(name)?;
        let (health, _) = self.health(&entry)?;
        let plan = plan::resync(&entry.layout, entry.size, &health)?;
        let parities: Vec<usize> =
            plan.parts().iter().filter_map(|part| part.parity_component()).collect();
        let before = entry.clone();
        for &parity in &parities {
            entry.layout.set_stale(parity, true);
        }
        entry.layout.set_state(State::SyncPending);
        entry.layout.bump_generation();
        entry.covered = false;
        self.namespace.update(name, &entry, options.durable)?;
        let (report, whole) = jobs::resync(&self.store, entry.file(), &health, options)?;
        if !whole {
            // What could not be read kept its parity, the rest has the same parity or better: the
            // file stands as before, and so does what was known of it.
            let mut layout = before.layout;
            layout.bump_generation();
            layout.bump_generation();
            let entry = Entry { layout, ..before };
            self.namespace.update(name, &entry, options.durable)?;
            return Ok(report);
        }
        let now = now();
        for &parity in &parities {
            entry.layout.set_stale(parity, false);
            entry.layout.set_timestamp(parity, now);
            if let Some(data) = entry.layout.data_of(parity) {
                entry.layout.set_timestamp(data, now);
            }
        }
        entry.layout.set_state(State::ReadOnly);
        entry.layout.bump_generation();
        // Pairs that are not to be synced were left alone: of them nothing new is known.
        let reached =
            |c: &ComponentView<'_>| c.is_parity() && !c.is_stale() && c.extent.start < entry.size;
        let pairs = entry.layout.components().filter(reached).count();
        entry.covered = before.covered || pairs == parities.len();
        self.namespace.update(name, &entry, options.durable)?;
        Ok(report)
    }

    /// Compares the parity of a file with its data. A clean result is remembered: from then on a
    /// hole in the parity counts as zeros that were computed.
    pub fn verify(&self, name: &str, progress: &dyn Progress) -> Result<Verified, Error> {
        let entry = self.namespace.get(name)?;
        let (health, missing) = self.health(&entry)?;
        let report = jobs::verify(&self.store, entry.file(), &health, progress)?;
        let clean = missing.is_empty()
            && report.damage().is_empty()
            && report.mismatches == 0
            && report.withheld() == 0;
        let now = self.namespace.get(name)?;
        if (&now.layout, now.size) != (&entry.layout, entry.size) {
            return Err(Error::namespace(name, "its layout changed meanwhile: verify it again"));
        }
        if clean && !entry.covered {
            // A store that is read-only has no place to remember it: the result stands all the same.
            let remember = || -> Result<(), Error> {
                let _lock = self.namespace.lock()?;
                let now = self.namespace.get(name)?;
                if (&now.layout, now.size) == (&entry.layout, entry.size) {
                    self.namespace.update(name, &Entry { covered: true, ..now }, true)?;
                }
                Ok(())
            };
            let _ = remember();
        }
        let tolerance = Tolerance::of(&entry.layout, entry.size, &health);
        let mirrored = self.mirrored(&entry, &health, &report)?;
        Ok(Verified { missing, report, tolerance, mirrored })
    }

    /// Rebuilds the lost objects of a file on the OSTs in `onto` (all that are there, if empty): on
    /// those that hold no other member of the RAID set, the emptiest of this file first. With `share`, two members of a RAID set may come to lie on one
    /// OST if there is no other way.
    pub fn rebuild(
        &self,
        name: &str,
        onto: &[u32],
        share: bool,
        options: Options<'_>,
    ) -> Result<Rebuilt, Error> {
        let _lock = self.namespace.lock()?;
        let mut entry = self.namespace.get(name)?;
        let (health, missing) = self.health(&entry)?;
        if missing.is_empty() {
            let tolerance = Tolerance::of(&entry.layout, entry.size, &health);
            let report = Report::default();
            return Ok(Rebuilt {
                missing,
                objects: Vec::new(),
                complete: true,
                report,
                tolerance,
                left: Vec::new(),
                mirrored: false,
            });
        }
        self.sweep()?;
        let mut load: BTreeMap<u32, usize> = self.targets(onto)?.map(|ost| (ost, 0)).collect();
        for (_, _, id) in jobs::objects(&entry.layout) {
            if let Some(count) = id.and_then(|id| load.get_mut(&id.ost)) {
                *count += 1;
            }
        }
        let choose = |avoid: &std::collections::BTreeSet<u32>| {
            let apart =
                load.iter().filter(|(ost, _)| !avoid.contains(ost)).min_by_key(|(_, n)| **n);
            let any = load.iter().min_by_key(|(_, n)| **n);
            let choice = apart.or_else(|| any.filter(|_| share));
            let Some((&ost, _)) = choice else { return Ok(None) };
            *load.entry(ost).or_default() += 1;
            self.next_id(ost).map(Some)
        };
        let rebuild = jobs::rebuild(&self.store, entry.file(), &health, choose, options)?;
        let jobs::Rebuild { layout, mut objects, complete, report } = rebuild;
        let mirrored = self.mirrored(&entry, &health, &report)?;
        if complete {
            let old = std::mem::replace(&mut entry.layout, layout);
            self.namespace.update(name, &entry, options.durable)?;
            // An object that was cut short is still there, and nobody's any more.
            for (component, stripe, _) in &objects {
                let id = old.component(*component).and_then(|c| c.object(*stripe));
                let _ = id.map(|id| self.store.delete(id));
            }
        } else {
            objects.clear();
        }
        let (health, left) = self.health(&entry)?;
        let tolerance = Tolerance::of(&entry.layout, entry.size, &health);
        Ok(Rebuilt { missing, objects, complete, report, tolerance, left, mirrored })
    }

    /// Whether what parity cannot give back can be read from another mirror.
    fn mirrored(&self, entry: &Entry, health: &Health, report: &Report) -> Result<bool, Error> {
        let data = entry.layout.components().filter(|c| !c.is_parity());
        let mirrors = data.filter(|c| c.extent.start == 0).count();
        if report.withheld() == 0 || mirrors < 2 {
            return Ok(false);
        }
        jobs::readable(&self.store, entry.file(), health)
    }

    /// Removes a file: its entry, then its objects.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let _lock = self.namespace.lock()?;
        // Of a damaged entry only the name can go: nobody knows its objects.
        let entry = self.namespace.get(name);
        self.namespace.remove(name)?;
        self.delete_objects(&entry?.layout);
        Ok(())
    }

    /// Which objects of a file are lost.
    pub fn health(&self, entry: &Entry) -> Result<(Health, Vec<Damage>), Error> {
        jobs::probe(&self.store, entry.file(), Health::without(self.without.iter().copied()))
    }

    /// The layout of a new file. Each file starts its round robin one OST further.
    fn allocate(&self, spec: &Spec, size: u64) -> Result<Layout, Error> {
        let oid = self.namespace.next_id()?;
        let osts: Vec<Ost> = self.store.osts().map(Ost::new).collect();
        let allocator = Allocator { osts: &osts, first: oid as usize - 1, ..Allocator::default() };
        let fid = Fid { seq: FILE_SEQUENCE, oid, ver: 0 };
        let new = NewFile { fid, size, resynced: now() };
        let mut failed = None;
        let layout = allocator.allocate(&spec.request(), &new, &mut |ost| {
            self.next_id(ost).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                ObjectId { ost, fid: Fid::default() }
            })
        });
        match failed {
            Some(error) => Err(error),
            None => layout.map_err(|e| Error::Allocate(e.to_string())),
        }
    }

    fn targets(&self, onto: &[u32]) -> Result<impl Iterator<Item = u32>, Error> {
        let there: Vec<u32> = self.store.osts().collect();
        if let Some(ost) = onto.iter().find(|ost| !there.contains(ost)) {
            return Err(Error::Allocate(format!(
                "OST {ost} is not there: it cannot be rebuilt onto"
            )));
        }
        let onto = onto.to_vec();
        Ok(there.into_iter().filter(move |ost| onto.is_empty() || onto.contains(ost)))
    }

    /// Under the lock no job is at work: drafts that are there were left by one that was killed.
    fn sweep(&self) -> Result<(), Error> {
        self.store.sweep().map_err(Error::file(self.store.root(), "removing left-over drafts"))
    }

    fn next_id(&self, ost: u32) -> Result<ObjectId, Error> {
        self.store.next_id(ost).map_err(Error::file(self.store.root(), "choosing an object id"))
    }

    fn delete_objects(&self, layout: &Layout) {
        for id in jobs::objects(layout).filter_map(|(_, _, id)| id) {
            // What cannot be removed is an orphan that no name leads to.
            let _ = self.store.delete(id);
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

impl Entry {
    /// The file as the verbs see it.
    pub fn file(&self) -> File<'_> {
        let Entry { layout, size, covered, sized } = self;
        File { layout, size: *size, covered: *covered, sized: *sized }
    }
}
