//! `lustrine layout`.

use super::{layout_check, layout_draw, layout_edit, layout_make};
use crate::args::{Layout as Command, Show};
use crate::ea;
use crate::failure::{Code, Failure};
use crate::numbers::Bytes;
use crate::ui::{Ui, is_closed};
use lustrine::layout::map::{self, Gap, Piece, Stop};
use lustrine::layout::show::{self, Directory};
use lustrine::layout::{ComponentView, EOF, Fid, Layout, State, StripingKind};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use std::ops::Range;

pub fn run(command: &Command, ui: &Ui) -> Result<Code, Failure> {
    match command {
        Command::Show(args) => show(args, ui),
        Command::Draw(args) => layout_draw::run(args, ui),
        Command::Map { ea, range, mirror } => map(ea, *range, *mirror, ui),
        Command::Make(args) => layout_make::run(args, ui),
        Command::Check(args) => layout_check::run(args, ui),
        Command::Edit(args) => layout_edit::run(args, ui),
        Command::Join(args) => layout_edit::join(args, ui),
    }
}

fn show(args: &Show, ui: &Ui) -> Result<Code, Failure> {
    let mut layout = ea::load(&args.ea)?;
    if let Some(fid) = args.fid {
        layout = show::as_on_mdt(&layout, fid);
    }
    let text = match (args.brief, args.yaml) {
        (_, true) => show::getstripe_yaml(&layout),
        (true, _) => show::getstripe(&layout, &args.ea),
        _ => show::getstripe_verbose(&layout, &args.ea),
    };
    // Of a directory's default layout the attribute holds neither the directory's FID nor what
    // its zeros stand for: they are printed as zeros.
    let raw = Directory { fid: Fid::default(), stripe_size: 0, stripe_count: 0 };
    let text = if layout.is_template() { text.directory(raw) } else { text };
    // The last line break is the terminal's.
    let text = text.to_string();
    ui.say(text.strip_suffix('\n').unwrap_or(&text));
    ui.document(&document(&layout));
    Ok(Code::Clean)
}

fn document(layout: &Layout) -> Value {
    let kind = match layout {
        Layout::Plain(_) => "plain",
        Layout::Composite(_) => "composite",
        Layout::Foreign(foreign) => {
            return json!({
                "kind": "foreign",
                "type": foreign.kind,
                "flags": foreign.flags,
                "value": String::from_utf8_lossy(&foreign.value),
            });
        }
    };
    let state = match layout.state() {
        State::None => "none",
        State::ReadOnly => "ro",
        State::WritePending => "wp",
        State::SyncPending => "sp",
    };
    let components: Vec<Value> = layout.components().map(|c| component(layout, &c)).collect();
    json!({
        "kind": kind,
        "template": layout.is_template(),
        "generation": layout.generation(),
        "state": state,
        "mirrors": layout.mirrors().count(),
        "components": components,
    })
}

fn component(layout: &Layout, c: &ComponentView<'_>) -> Value {
    let objects: Vec<Value> = (0..c.objects().map_or(0, <[_]>::len) as u32)
        .map(|stripe| match c.object(stripe) {
            Some(id) => json!({ "ost": id.ost, "fid": id.fid.to_string() }),
            None => Value::Null,
        })
        .collect();
    let pair = if c.is_parity() { layout.data_of(c.index) } else { layout.parity_of(c.index) };
    let parity = if c.is_parity() { Some(c.index) } else { pair };
    let sets = parity.and_then(|p| layout.raid_sets(p));
    let sets: Option<Vec<u32>> = sets.map(|sets| sets.iter().map(|s| s.data).collect());
    json!({
        "id": c.id.0,
        "mirror": c.id.mirror(),
        "flags": c.flags.to_string(),
        "start": c.extent.start,
        "end": if c.extent.end == EOF { Value::Null } else { c.extent.end.into() },
        "pattern": c.striping.map(|s| s.pattern.to_string()),
        "stripe_size": c.striping.map(|s| s.stripe_size),
        "stripe_count": c.striping.map(|s| s.stripe_count),
        "pool": c.striping.filter(|s| s.kind != StripingKind::V1)
            .map(|s| String::from_utf8_lossy(s.pool.name()).into_owned()),
        "link_id": c.link_id,
        "data": c.data,
        "parity": c.parity,
        "partner": pair,
        "raid_sets": sets,
        "timestamp": c.timestamp,
        "objects": objects,
    })
}

fn map(argument: &str, range: Bytes, mirror: Option<u16>, ui: &Ui) -> Result<Code, Failure> {
    let layout = ea::load(argument)?;
    let open =
        || Failure::usage("--range: a layout has no size, so give the range an end, as 0..64M");
    let range = range.start..range.end.ok_or_else(open)?;
    let first = || layout.mirrors().next().map(|m| m.id);
    let mirror = mirror.or_else(first).ok_or_else(|| {
        Failure::of(argument, "the layout has no components: the data is not in Lustre objects")
    })?;
    if !layout.mirrors().any(|m| m.id == mirror) {
        let known: Vec<String> = layout.mirrors().map(|m| m.id.to_string()).collect();
        let fault = format!("no mirror {mirror}: the layout has {}", known.join(", "));
        return Err(Failure::of(argument, fault));
    }
    // A range can have any number of pieces: they are printed as they come.
    let out = &mut BufWriter::new(std::io::stdout().lock());
    let written = if ui.json() {
        map_json(&layout, mirror, range, out)
    } else {
        map_text(&layout, mirror, range, out)
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if !is_closed(&error) => Err(Failure::of("standard output", error)),
        _ => Ok(Code::Clean),
    }
}

/// What a stretch of a range is stored in.
enum Stretch {
    Piece(Piece),
    Gap(Stop),
}

/// The whole range in file order, gaps included.
fn stretches(layout: &Layout, mirror: u16, range: Range<u64>) -> impl Iterator<Item = Stretch> {
    let end = range.end;
    let mut extents = map::extents(layout, mirror, range);
    std::iter::from_fn(move || {
        if let Some(piece) = extents.next() {
            return Some(Stretch::Piece(piece));
        }
        let stop = extents.stop()?;
        extents = map::extents(layout, mirror, stop.until..end);
        Some(Stretch::Gap(stop))
    })
}

fn map_text(
    layout: &Layout,
    mirror: u16,
    range: Range<u64>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(
        out,
        "{:>20} {:>20} {:>9} {:>6} {:>20}  object",
        "file offset", "length", "component", "stripe", "object offset"
    )?;
    for stretch in stretches(layout, mirror, range) {
        match stretch {
            Stretch::Piece(p) => {
                let object = layout.component(p.component).and_then(|c| c.object(p.stripe));
                write!(
                    out,
                    "{:>20} {:>20} {:>9} {:>6} {:>20}  ",
                    p.file_offset, p.len, p.component, p.stripe, p.object_offset
                )?;
                match object {
                    Some(id) => writeln!(out, "{id}")?,
                    None => writeln!(out, "none (lost to a repair)")?,
                }
            }
            Stretch::Gap(stop) => {
                let component = stop.component.map_or("-".to_string(), |c| c.to_string());
                let len = stop.until - stop.at;
                let why = reason(stop.gap);
                writeln!(
                    out,
                    "{:>20} {len:>20} {component:>9} {:>6} {:>20}  {why}",
                    stop.at, "-", "-"
                )?;
            }
        }
    }
    Ok(())
}

fn map_json(
    layout: &Layout,
    mirror: u16,
    range: Range<u64>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let head = json!({ "mirror": mirror, "start": range.start, "end": range.end }).to_string();
    write!(out, "{},\"extents\":[", head.trim_end_matches('}'))?;
    for (i, stretch) in stretches(layout, mirror, range).enumerate() {
        let item = match stretch {
            Stretch::Piece(p) => {
                let object = layout.component(p.component).and_then(|c| c.object(p.stripe));
                json!({
                    "file_offset": p.file_offset,
                    "length": p.len,
                    "component": p.component,
                    "stripe": p.stripe,
                    "object_offset": p.object_offset,
                    "ost": object.map(|id| id.ost),
                    "fid": object.map(|id| id.fid.to_string()),
                })
            }
            Stretch::Gap(stop) => json!({
                "file_offset": stop.at,
                "length": stop.until - stop.at,
                "component": stop.component,
                "gap": reason(stop.gap),
            }),
        };
        write!(out, "{}\n{item}", if i == 0 { "" } else { "," })?;
    }
    writeln!(out, "\n]}}")
}

pub fn reason(gap: Gap) -> &'static str {
    match gap {
        Gap::NoMirror => "no such mirror",
        Gap::NoComponent => "no component covers this",
        Gap::NotInstantiated => "no objects yet: reads as zeros",
        Gap::Released => "released to an archive",
        Gap::OnMdt => "on the MDT",
        _ => "not in Lustre objects",
    }
}
