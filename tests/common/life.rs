//! A file that lives: its layout through writes, resyncs and changes.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use super::golden::pairs;
use lustrine::layout::allocate::{Allocator, Defaults, NewFile, Ost};
use lustrine::layout::edit;
use lustrine::layout::mirrors::{self, Event, MirrorError, Osts};
use lustrine::layout::spec::{Change, Spec};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, Fid, Layout, ObjectId, Striping};

pub const NOW: u64 = 1_780_000_000;

/// A file on 16 OSTs and its layout.
pub struct File {
    pub layout: Layout,
    pub osts: Vec<Ost>,
    /// Objects made so far.
    pub objects: u32,
    /// A write needed objects: how many calls that took is not recorded.
    pub grown: bool,
}

impl File {
    pub fn new(request: &Layout) -> File {
        let osts = (0..16)
            .map(|index| {
                let pools = ["fast", "longpoolname15c"].map(str::to_owned);
                let pools = if index < 6 { pools.into() } else { Vec::new() };
                Ost { pools, ..Ost::new(index) }
            })
            .collect();
        let mut file = File { layout: request.clone(), osts, objects: 0, grown: false };
        file.layout = file.with(|allocator, make| {
            allocator.allocate(request, &NewFile::default(), make).unwrap()
        });
        file
    }

    pub fn with<T>(
        &mut self,
        work: impl FnOnce(&Allocator<'_>, &mut dyn FnMut(u32) -> ObjectId) -> T,
    ) -> T {
        let objects = &mut self.objects;
        let mut make = |ost| {
            *objects += 1;
            ObjectId { ost, fid: Fid { seq: 0x2_4000_0400, oid: *objects, ver: 0 } }
        };
        work(&Allocator { osts: &self.osts, first: 3, ..Allocator::default() }, &mut make)
    }

    pub fn event(&mut self, event: &Event) -> Result<(), MirrorError> {
        let Some(change) = mirrors::next(&self.layout, event, &Osts::default())? else {
            return Ok(());
        };
        self.grown |= !change.instantiate.is_empty() && matches!(event, Event::Write { .. });
        let mut layout = self.layout.clone();
        for &component in &change.instantiate {
            self.with(|allocator, make| {
                allocator.instantiate(&mut layout, component, make).unwrap();
            });
        }
        change.apply(&mut layout, NOW);
        assert_eq!(parse(&emit(&layout)).as_ref(), Ok(&layout));
        self.layout = layout;
        Ok(())
    }

    pub fn resync(&mut self) {
        self.event(&Event::Resync).unwrap();
        let stale = self.layout.components().filter(|view| view.is_stale());
        let ids = stale.map(|view| view.id.0).collect();
        self.event(&Event::ResyncDone { ids }).unwrap();
    }

    pub fn end(&self) -> u64 {
        self.layout.components().last().map_or(0, |view| view.extent.end)
    }

    /// One line of a `cmd.txt`. `failed`: Lustre refused it.
    pub fn run(&mut self, line: &str, failed: bool) {
        if line.starts_with("# rc=") {
        } else if let Some(ranges) = line.strip_prefix("# write deterministic data at ") {
            for (start, len) in pairs(ranges) {
                self.event(&Event::Write { start, end: start + len }).unwrap();
            }
        } else if line.starts_with("# write, resync if mirrored, lfs hsm_archive F") {
            self.event(&Event::Write { start: 0, end: 2 << 20 }).unwrap();
            if self.layout.mirrors().count() > 1 {
                self.resync();
            }
            edit::release(&mut self.layout).unwrap();
        } else if line == "lfs mirror resync F" {
            self.resync();
        } else if let Some(options) = line.strip_prefix("lfs setstripe --comp") {
            let options = format!("--comp{}", options.strip_suffix(" F").unwrap());
            let change = Change::parse(&options, self.end()).unwrap();
            edit::change(&mut self.layout, &change, Defaults::default(), NOW).unwrap();
        } else if let Some(options) = line.strip_prefix("lfs migrate ") {
            let request = Spec::parse(options.strip_suffix(" F").unwrap()).unwrap().request();
            let mut new = File::new(&request);
            new.event(&Event::Write { start: 0, end: 300_000 }).unwrap();
            new.layout.bump_generation();
            self.layout = new.layout;
        } else if let Some(options) = line.strip_prefix("lfs mirror extend ") {
            let spec = Spec::parse_mirrors(options.strip_suffix(" F").unwrap()).unwrap();
            let turn = self.layout.mirrors().count() as u32;
            let victim = renamed(File::new(&spec.request()), turn << 16);
            let extended = edit::extend(&mut self.layout, &victim);
            assert_eq!(extended.is_err(), failed, "{line}: {extended:?}");
            if let Err(error) = extended {
                assert_eq!(error.errno(), 16, "{line}: {error}");
            }
        } else {
            let words: Vec<&str> = line.split(' ').collect();
            let ["lfs", "mirror", "delete" | "split", "--mirror-id", id, ..] = words[..] else {
                panic!("unknown: {line}")
            };
            edit::split(&mut self.layout, id.parse().unwrap(), true).unwrap();
        }
    }
}

/// A file made with these options.
pub fn flr(options: &str) -> File {
    File::new(&Spec::parse(options).unwrap().request())
}

/// The file's layout with other objects.
pub fn renamed(mut file: File, oid: u32) -> Layout {
    let rename = |striping: &mut Striping| {
        for slot in &mut striping.slots {
            slot.oi[1] += u64::from(oid);
        }
    };
    match &mut file.layout {
        Layout::Plain(striping) => rename(striping),
        Layout::Composite(composite) => composite.components.iter_mut().for_each(|component| {
            if let Body::Striping(striping) = &mut component.body {
                rename(striping);
            }
        }),
        Layout::Foreign(_) => {}
    }
    file.layout
}

/// A write of these bytes.
pub fn write(start: u64, end: u64) -> Event {
    Event::Write { start, end }
}
