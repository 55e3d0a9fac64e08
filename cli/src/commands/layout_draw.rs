//! `lustrine layout draw`.

use crate::args::{Color, Draw};
use crate::ea;
use crate::failure::{Code, Failure};
use crate::ui::{Ui, is_closed};
use lustrine::layout::draw::{Mark, ObjectByte, Picture};
use serde_json::{Value, json};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;

/// Characters in a line where nobody says how many there are.
const WIDTH: usize = 100;

pub fn run(args: &Draw, ui: &Ui) -> Result<Code, Failure> {
    if ui.json() && args.svg.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("--svg - and --json: both would go to standard output"));
    }
    let layout = ea::load(&args.ea)?;
    let mut picture = Picture::of(&layout, &args.ea);
    if let Some(offset) = args.byte {
        picture = picture.with_byte(&layout, offset);
    }
    if let Some(file) = &args.svg {
        write(file, &picture)?;
    }
    if ui.json() {
        ui.document(&json!({ "name": picture.name, "byte": picture.mark.as_ref().map(mark) }));
    } else if args.svg.is_none() {
        let colors = match args.color {
            Color::Auto => std::io::stdout().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        };
        let width = args.width.map_or_else(columns, usize::from);
        let text = picture.text().width(width).colors(colors).all(args.all).to_string();
        ui.say(text.trim_end());
    }
    Ok(Code::Clean)
}

/// The width of the terminal, if the shell says so.
fn columns() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| *columns <= 1000).unwrap_or(WIDTH)
}

fn write(file: &Path, picture: &Picture) -> Result<(), Failure> {
    let svg = picture.svg();
    if file == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return match write!(out, "{svg}").and_then(|()| out.flush()) {
            Err(error) if !is_closed(&error) => Err(Failure::of("standard output", error)),
            _ => Ok(()),
        };
    }
    std::fs::write(file, svg.to_string()).map_err(|error| Failure::of(file.display(), error))
}

fn mark(mark: &Mark) -> Value {
    let places: Vec<Value> = mark
        .places
        .iter()
        .map(|place| {
            json!({
                "mirror": place.mirror,
                "component": place.component,
                "data": place.place.as_ref().ok().map(byte),
                "gap": place.place.as_ref().err().map(|gap| super::layout::reason(*gap)),
                "parity": place.parity.iter().map(byte).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "offset": mark.offset, "places": places })
}

fn byte(byte: &ObjectByte) -> Value {
    json!({
        "component": byte.component,
        "stripe": byte.stripe,
        "ost": byte.object.map(|id| id.ost),
        "fid": byte.object.map(|id| id.fid.to_string()),
        "object_offset": byte.offset,
        "stale": byte.stale,
    })
}
