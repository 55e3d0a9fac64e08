//! `lustrine layout make`.

use crate::args::LayoutMake;
use crate::ea;
use crate::failure::{Code, Failure};
use crate::ui::Ui;
use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::spec::Spec;
use lustrine::layout::{Fid, Layout, ObjectId, xattr};
use serde_json::json;

/// First sequence of the made-up objects: one more for each OST, as MDTs give them out.
const SEQUENCE: u64 = 0x2_4000_0400;
const SEQUENCES: u64 = 0x4000_0000;

pub fn run(args: &LayoutMake, ui: &Ui) -> Result<Code, Failure> {
    let spec = spec(args)?;
    let request = spec.request();
    let stored = match args.osts {
        Some(osts) => Some(allocate(args, &request, osts)?),
        None => None,
    };
    let layout = stored.as_ref().unwrap_or(&request);
    let bytes = xattr::emit(layout);
    if let Some(path) = &args.output {
        ea::write(path, layout)?;
        ui.say(format_args!("{}: {} bytes", path.display(), bytes.len()));
    } else if args.options_only {
        ui.say(&spec);
    } else {
        ui.say(ea::to_hex(&bytes));
    }
    if ui.json() {
        // The shortest options of a large spec take a search.
        ui.document(&json!({
            "options": spec.to_string(),
            "request": ea::to_hex(&xattr::emit(&request)),
            "stored": stored.as_ref().map(|stored| ea::to_hex(&xattr::emit(stored))),
        }));
    }
    Ok(Code::Clean)
}

fn spec(args: &LayoutMake) -> Result<Spec, Failure> {
    if let Some(path) = &args.yaml {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::of(path.display(), e))?;
        return Spec::parse_yaml(&text).map_err(|e| Failure::of(path.display(), e));
    }
    if let Some(source) = &args.copy {
        return Spec::copy_of(&ea::load(source)?).map_err(|e| Failure::of(source, e));
    }
    let options = args.options.as_deref().unwrap_or_default();
    let spec = if args.mirror { Spec::parse_mirrors(options) } else { Spec::parse(options) };
    spec.map_err(|e| Failure::input(format_args!("{e}\n{}", e.caret(options))))
}

fn allocate(args: &LayoutMake, request: &Layout, count: u32) -> Result<Layout, Failure> {
    let pools = |index: u32| {
        let member = |pool: &&(String, Vec<u32>)| pool.1.contains(&index);
        args.pool.iter().filter(member).map(|pool| pool.0.clone()).collect()
    };
    let domain = |index: u32| match args.domains {
        // Numbers from 1 on; neighbours in turn stand in different domains.
        Some(domains) => index % domains + 1,
        None => 0,
    };
    let osts: Vec<Ost> = (0..count)
        .map(|index| Ost { pools: pools(index), domain: domain(index), ..Ost::new(index) })
        .collect();
    let first = args.first as usize;
    let allocator = Allocator { osts: &osts, first, ..Allocator::default() };
    let mut made = 0;
    let mut object = |ost: u32| {
        made += 1;
        let seq = SEQUENCE + u64::from(ost) * SEQUENCES;
        ObjectId { ost, fid: Fid { seq, oid: made, ver: 0 } }
    };
    let file = NewFile { size: args.size, ..NewFile::default() };
    allocator.allocate(request, &file, &mut object).map_err(Failure::input)
}
