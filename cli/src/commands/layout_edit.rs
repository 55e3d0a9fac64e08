//! `lustrine layout edit` and `lustrine layout join`.

use crate::args::{Edit, LayoutEdit, LayoutJoin};
use crate::ea;
use crate::failure::{Code, Failure};
use crate::ui::Ui;
use lustrine::layout::allocate::Defaults;
use lustrine::layout::edit::{self, Part};
use lustrine::layout::mirrors::{self, Event, Osts};
use lustrine::layout::spec::Change;
use lustrine::layout::{EOF, Layout, xattr};
use serde_json::json;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn run(args: &LayoutEdit, ui: &Ui) -> Result<Code, Failure> {
    let mut layout = ea::load(&args.ea)?;
    let before = layout.generation();
    let refused = |error: &dyn std::fmt::Display| Failure::of(&args.ea, error);
    match &args.edit {
        Edit::Set { options } => {
            let end = layout.components().last().map_or(EOF, |view| view.extent.end);
            let change = Change::parse(options, end)
                .map_err(|e| Failure::input(format_args!("{e}\n{}", e.caret(options))))?;
            edit::change(&mut layout, &change, Defaults::default(), now())
                .map_err(|e| refused(&e))?;
        }
        Edit::Extend { other } => {
            edit::extend(&mut layout, &ea::load(other)?).map_err(|e| refused(&e))?;
        }
        Edit::Split { mirror, destroy, to } => {
            let off = edit::split(&mut layout, *mirror, *destroy).map_err(|e| refused(&e))?;
            if let Some(path) = to {
                ea::write(path, &off)?;
            }
        }
        Edit::Stale { mirror } => {
            edit::stale(&mut layout, *mirror).map_err(|e| refused(&e))?;
        }
        Edit::ResyncDone { ids } => resync_done(&mut layout, ids, &args.ea)?,
    }
    give(&layout, args.output.as_deref(), ui)?;
    ui.document(&json!({
        "generation_before": before,
        "generation": layout.generation(),
        "layout": ea::to_hex(&xattr::emit(&layout)),
    }));
    Ok(Code::Clean)
}

/// From RDONLY or WRITE_PENDING through a resync, whose data has been written by someone else.
fn resync_done(layout: &mut Layout, ids: &[u32], name: &str) -> Result<(), Failure> {
    let stale = || layout.components().filter(|view| view.is_stale());
    let ids = match ids {
        [] => stale().map(|view| view.id.0).collect(),
        ids => ids.to_vec(),
    };
    if let Some(view) = stale().find(|view| ids.contains(&view.id.0) && !view.is_init()) {
        let fault = format!("component 0x{:x} has no objects: it cannot be up to date", view.id.0);
        return Err(Failure::of(name, fault));
    }
    for event in [Event::Resync, Event::ResyncDone { ids }] {
        let under_way = layout.state() == lustrine::layout::State::SyncPending;
        if matches!(event, Event::Resync) && under_way {
            continue;
        }
        let change = mirrors::next(layout, &event, &Osts::default());
        if let Some(change) = change.map_err(|e| Failure::of(name, e))? {
            change.apply(layout, now());
        }
    }
    Ok(())
}

pub fn join(args: &LayoutJoin, ui: &Ui) -> Result<Code, Failure> {
    let layouts: Vec<Layout> =
        args.parts.iter().map(|part| ea::load(&part.ea)).collect::<Result<_, _>>()?;
    let parts: Vec<Part<'_>> = args
        .parts
        .iter()
        .zip(&layouts)
        .map(|(part, layout)| Part { layout, bytes: part.bytes.to(EOF) })
        .collect();
    let joined = edit::join(&parts).map_err(|error| {
        let name = args.parts.get(error.part).map_or("", |part| part.ea.as_str());
        Failure::of(name, error)
    })?;
    give(&joined, args.output.as_deref(), ui)?;
    ui.document(&json!({ "layout": ea::to_hex(&xattr::emit(&joined)) }));
    Ok(Code::Clean)
}

/// Hex text on standard output, or bytes in a file.
fn give(layout: &Layout, output: Option<&Path>, ui: &Ui) -> Result<(), Failure> {
    match output {
        Some(path) => ea::write(path, layout),
        None => {
            ui.say(ea::to_hex(&xattr::emit(layout)));
            Ok(())
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
