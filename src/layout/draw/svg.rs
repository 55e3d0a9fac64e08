//! The picture drawn as SVG.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::words::{Size, exact, hue};
use super::{Cell, Look, Panel, Picture, is_open};

/// Left of the axis.
const LABEL: usize = 130;
/// Narrowest column of the axis: with many components the picture grows to the right.
const COLUMN: usize = 90;
/// Width of the axis, if its columns do not need more.
const AXIS: usize = 850;
/// Height of a panel's words, and of what is above the first mirror.
const WORDS: usize = 22;
const HEAD: usize = 72;
/// Between mirrors.
const GAP: usize = 14;
/// Sides of a cell with its OST's number in it, and without.
const LARGE: (usize, usize) = (30, 20);
const SMALL: (usize, usize) = (9, 9);
/// Cells of a panel up to this many are large.
const FEW: usize = 96;

/// A [`Picture`] as a document of SVG. Made by [`Picture::svg`].
///
/// Cells have a colour for each OST, with the OST's number where there are few of them, and say in
/// a tooltip which object they are. A line before a cell begins a RAID set. What is stale is
/// hatched, what has no objects yet dotted.
#[derive(Clone, Copy, Debug)]
pub struct Svg<'a> {
    picture: &'a Picture,
}

/// Where a panel lies, and its cells in it.
struct Place {
    x: usize,
    width: usize,
    cell: (usize, usize),
    in_line: usize,
}

impl Place {
    fn of(panel: &Panel, column: usize) -> Place {
        let x = LABEL + panel.columns.start * column;
        let width = (panel.columns.len() * column).max(column / 3);
        let cell = if panel.cells.len() <= FEW { LARGE } else { SMALL };
        Place { x, width, cell, in_line: ((width.saturating_sub(8)) / cell.0).max(1) }
    }

    fn height(&self, panel: &Panel) -> usize {
        WORDS * 2 + panel.cells.len().div_ceil(self.in_line) * self.cell.1 + 6
    }
}

impl<'a> Svg<'a> {
    pub(super) fn new(picture: &'a Picture) -> Svg<'a> {
        Svg { picture }
    }

    fn axis(&self, f: &mut fmt::Formatter<'_>, column: usize, bottom: usize) -> fmt::Result {
        let columns = &self.picture.columns;
        for (number, extent) in columns.iter().enumerate() {
            let x = LABEL + number * column;
            tick(f, x, bottom, extent.start, "start")?;
        }
        if let Some(last) = columns.last() {
            let x = LABEL + columns.len() * column;
            tick(f, x, bottom, last.end, "end")?;
            let arrow = if is_open(*last) { "▶" } else { "" };
            let y = HEAD - 8;
            writeln!(f, "<path d=\"M{LABEL} {y}H{x}\" class=\"axis\"/>")?;
            writeln!(f, "<text x=\"{x}\" y=\"{}\" class=\"small\">{arrow}</text>", y + 4)?;
        }
        Ok(())
    }

    fn panel(
        &self,
        f: &mut fmt::Formatter<'_>,
        panel: &Panel,
        place: &Place,
        top: usize,
        height: usize,
        is_marked: &dyn Fn(&Cell) -> bool,
    ) -> fmt::Result {
        let Place { x, width, cell, in_line } = *place;
        let look = match panel.look {
            Look::Solid | Look::OnMdt => "solid",
            Look::Stale => "stale",
            Look::Empty | Look::Extension => "empty",
            Look::Released | Look::Elsewhere => "away",
        };
        writeln!(
            f,
            "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" class=\"{look}\"/>"
        )?;
        let code = panel.code();
        let mut words: Vec<String> = Vec::from([format!("{}: {}", panel.index, panel.shape())]);
        let row = panel.stripes.filter(|s| s.count() > 1 && !panel.cells.is_empty());
        let row = row.map(|stripes| format!("a row is {}", Size(stripes.row_bytes())));
        words.extend([code, row.unwrap_or_default()]);
        words.extend([panel.state().to_string(), panel.notes.clone()]);
        words.retain(|word| !word.is_empty());
        let (first, rest) = words.split_at(1);
        let lines = [first.concat(), rest.join(", ")];
        for (number, line) in lines.iter().enumerate() {
            let y = top + 16 + number * (WORDS - 5);
            // A letter takes some 6.2 of the picture's units.
            let fits = (width * 10 / 62).max(3);
            let short: String = line.chars().take(fits).collect();
            let class = if number == 0 { "" } else { " class=\"small\"" };
            write!(f, "<text x=\"{}\" y=\"{y}\"{class}>{}", x + 5, Escaped(&short))?;
            writeln!(f, "<title>{}</title></text>", Escaped(&lines.join("; ")))?;
        }
        let mut set = panel.cells.first().map_or(0, |cell| cell.set);
        for (number, one) in panel.cells.iter().enumerate() {
            let (left, y) =
                (x + 4 + number % in_line * cell.0, top + WORDS * 2 + number / in_line * cell.1);
            self.cell(f, one, left, y, cell, is_marked(one))?;
            if one.set != set {
                set = one.set;
                writeln!(f, "<path d=\"M{left} {y}v{}\" class=\"set\"/>", cell.1)?;
            }
        }
        Ok(())
    }

    fn cell(
        &self,
        f: &mut fmt::Formatter<'_>,
        cell: &Cell,
        x: usize,
        y: usize,
        size: (usize, usize),
        marked: bool,
    ) -> fmt::Result {
        let (width, height) = (size.0 - 1, size.1 - 1);
        write!(f, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")?;
        match cell.object {
            Some(object) => write!(f, " fill=\"hsl({},65%,70%)\"", hue(object.ost))?,
            None => write!(f, " fill=\"#fff\" stroke=\"#c00\"")?,
        }
        if marked {
            write!(f, " class=\"marked\"")?;
        }
        write!(f, "><title>stripe {}, from {}: ", cell.stripe, Size(cell.offset))?;
        match cell.object {
            Some(object) => write!(f, "{object}")?,
            None => write!(f, "its object was lost")?,
        }
        writeln!(f, "</title></rect>")?;
        if size == LARGE {
            let text = cell.object.map_or_else(|| "lost".to_string(), |o| o.ost.to_string());
            let (middle, base) = (x + width / 2, y + height - 5);
            writeln!(f, "<text x=\"{middle}\" y=\"{base}\" class=\"ost\">{text}</text>")?;
        }
        Ok(())
    }

    fn mark(&self, f: &mut fmt::Formatter<'_>, column: usize, bottom: usize) -> fmt::Result {
        let Some(mark) = &self.picture.mark else { return Ok(()) };
        let (marked, _) = self.picture.marked();
        if let Some(number) = marked {
            let extent = self.picture.columns[number];
            let inside = if is_open(extent) {
                column / 2
            } else {
                let (of, len) = (mark.offset - extent.start, (extent.end - extent.start).max(1));
                (u128::from(of) * column as u128 / u128::from(len)) as usize
            };
            let x = LABEL + number * column + inside;
            writeln!(f, "<path d=\"M{x} {}V{bottom}\" class=\"byte\"/>", HEAD - 14)?;
            let text = exact(mark.offset);
            writeln!(f, "<text x=\"{x}\" y=\"{}\" class=\"ost\">byte {text}</text>", HEAD - 18)?;
        }
        for (number, line) in mark.to_string().lines().enumerate() {
            let (indent, y) = (line.len() - line.trim_start().len(), bottom + 20 + number * 17);
            let (x, text) = (10 + indent * 8, Escaped(line.trim_start()));
            writeln!(f, "<text x=\"{x}\" y=\"{y}\">{text}</text>")?;
        }
        Ok(())
    }
}

/// A boundary of the axis and what it is.
fn tick(
    f: &mut fmt::Formatter<'_>,
    x: usize,
    bottom: usize,
    offset: u64,
    anchor: &str,
) -> fmt::Result {
    let y = HEAD - 14;
    writeln!(f, "<path d=\"M{x} {y}V{bottom}\" class=\"tick\"/>")?;
    writeln!(
        f,
        "<text x=\"{x}\" y=\"{}\" class=\"small\" text-anchor=\"{anchor}\">{}</text>",
        y - 18,
        Size(offset)
    )
}

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = self.picture;
        let columns = picture.columns.len().max(1);
        let column = (AXIS / columns).max(COLUMN);
        let tall = |panel: &Panel| Place::of(panel, column).height(panel);
        let heights: Vec<usize> = picture
            .rows
            .iter()
            .map(|row| row.panels.iter().map(tall).max().unwrap_or(WORDS))
            .collect();
        let bottom = HEAD + heights.iter().map(|height| height + GAP).sum::<usize>();
        let lines = picture.mark.as_ref().map_or(0, |mark| mark.to_string().lines().count());
        let (width, height) = (LABEL + columns * column + 30, bottom + lines * 17 + 14);
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" \
             class=\"layout\">"
        )?;
        f.write_str(STYLE)?;
        let (name, summary) = (Escaped(&picture.name), Escaped(&picture.summary));
        writeln!(f, "<title>{name}: {summary}</title>")?;
        writeln!(f, "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>")?;
        writeln!(
            f,
            "<text x=\"10\" y=\"20\"><tspan font-weight=\"bold\">{name}</tspan>: {summary}</text>"
        )?;
        if picture.columns.is_empty() {
            return writeln!(f, "</svg>");
        }
        self.axis(f, column, bottom - GAP)?;
        let (_, marked) = picture.marked();
        let mut top = HEAD;
        for (row, height) in picture.rows.iter().zip(&heights) {
            let name =
                if row.mirror == 0 { "file".to_string() } else { format!("mirror {}", row.mirror) };
            writeln!(f, "<text x=\"10\" y=\"{}\">{name}</text>", top + 16)?;
            if row.parity {
                writeln!(f, "<text x=\"10\" y=\"{}\" class=\"small\">parity</text>", top + 33)?;
            }
            // Empty components have no column of their own; what is drawn last lies on top.
            for panel in row.panels.iter().filter(|panel| !panel.columns.is_empty()) {
                let is_marked = |cell: &Cell| marked.contains(&(panel.index, cell.stripe));
                let place = Place::of(panel, column);
                self.panel(f, panel, &place, top, *height, &is_marked)?;
            }
            top += height + GAP;
        }
        self.mark(f, column, bottom - GAP)?;
        writeln!(f, "</svg>")
    }
}

/// Hatched and dotted grounds are patterns, so that they show without colours too. The rules hold
/// below `.layout` only: a picture can stand inside a page.
const STYLE: &str = "<style>\
.layout .solid{fill:#f4f4f4;stroke:#444}.layout .stale{fill:url(#stale);stroke:#444}\
.layout .empty{fill:url(#empty);stroke:#888;stroke-dasharray:4 3}\
.layout .away{fill:#ddd;stroke:#888}.layout .small{font-size:10.5px;fill:#444}\
.layout .ost{font-size:10.5px;text-anchor:middle}.layout .axis,.layout .tick{stroke:#888;fill:none}\
.layout .tick{stroke-dasharray:2 3}.layout .set{stroke:#000;stroke-width:2}\
.layout .marked{stroke:#000;stroke-width:2.5}\
.layout .byte{stroke:#c00;stroke-width:1.5;fill:none}</style>
<defs><pattern id=\"stale\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" fill=\"#fff\"/>\
<path d=\"M0 0V7\" stroke=\"#f0c8c8\" stroke-width=\"4\"/></pattern>\
<pattern id=\"empty\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
<rect width=\"6\" height=\"6\" fill=\"#fff\"/>\
<circle cx=\"2\" cy=\"2\" r=\"1\" fill=\"#aaa\"/></pattern></defs>
";

/// Text that means itself in XML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                // XML has no way to write these.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    fmt::Write::write_char(f, char::REPLACEMENT_CHARACTER)?;
                }
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}
