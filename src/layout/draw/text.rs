//! The picture drawn with characters.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::words::{Size, exact, gap, hue};
use super::{Cell, Look, Mark, ObjectByte, Panel, Picture, Row, is_open};

/// Narrowest picture.
const LEAST_WIDTH: usize = 60;
/// Narrowest column of the axis.
const COLUMN: usize = 12;
/// Lines of cells that are shown of a component, unless all are asked for.
const LINES: usize = 6;

/// What a line of cells says of each.
type CellText = fn(&Cell) -> String;

/// A [`Picture`] as text. Made by [`Picture::text`].
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    picture: &'a Picture,
    width: usize,
    colors: bool,
    all: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(picture: &'a Picture) -> Text<'a> {
        Text { picture, width: 100, colors: false, all: false }
    }

    /// Characters in a line: 100 without this, at least 60.
    pub fn width(self, width: usize) -> Text<'a> {
        Text { width: width.max(LEAST_WIDTH), ..self }
    }

    /// OSTs in colours (the 256 of a terminal).
    pub fn colors(self, colors: bool) -> Text<'a> {
        Text { colors, ..self }
    }

    /// Every stripe of every component, however many there are.
    pub fn all(self, all: bool) -> Text<'a> {
        Text { all, ..self }
    }

    /// Columns of the axis that fit: all, or the first and the last ones and the marked one. `None`
    /// stands for those left out.
    fn shown(&self, label: usize, marked: Option<usize>) -> Vec<Option<usize>> {
        let (count, fit) = (self.picture.columns.len(), (self.width - label - 1) / COLUMN);
        if count <= fit {
            return (0..count).map(Some).collect();
        }
        // One gap for what is left out, or two around the marked column.
        let keep = fit.saturating_sub(2).max(1);
        let tail = keep / 2;
        let mut columns: BTreeSet<usize> = (0..keep - tail).chain(count - tail..count).collect();
        columns.extend(marked);
        let mut shown = Vec::new();
        let mut next = 0;
        for column in columns {
            if column > next {
                shown.push(None);
            }
            shown.push(Some(column));
            next = column + 1;
        }
        if next < count {
            shown.push(None);
        }
        shown
    }

    /// The axis and a line for each mirror.
    fn overview(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = self.picture;
        let (marked, _) = picture.marked();
        let names: Vec<String> = picture.rows.iter().map(row_name).collect();
        let label = names.iter().map(String::len).max().unwrap_or(0) + 2;
        let shown = self.shown(label, marked);
        let gaps = shown.iter().filter(|column| column.is_none()).count();
        let real = (shown.len() - gaps).max(1);
        let cell = ((self.width - label - 1 - 4 * gaps) / real).max(COLUMN);
        let width = |column: &Option<usize>| if column.is_some() { cell } else { 4 };

        let (mut offsets, mut ruler) = (format!("{:label$}", ""), format!("{:label$}", ""));
        let total = shown.iter().map(width).sum::<usize>() + label;
        let mut x = label;
        for (at, column) in shown.iter().enumerate() {
            if let Some(column) = column {
                let start = Size(picture.columns[*column].start).to_string();
                offsets += &format!("{start:<cell$}");
                ruler.push(if at == 0 { '├' } else { '┼' });
                ruler.extend(core::iter::repeat_n('─', cell - 1));
            } else {
                offsets += "... ";
                ruler += "┄┄┄┄";
            }
            x += width(column);
        }
        let _ = x;
        if let Some(last) = picture.columns.last() {
            let end = Size(last.end).to_string();
            let space = (total + 1).saturating_sub(end.len() + 1);
            let fits = offsets.trim_end().chars().count() < space;
            if fits {
                offsets = format!("{:<space$}{end}", offsets.trim_end());
            }
            ruler.push(if is_open(*last) { '▶' } else { '┤' });
        }
        writeln!(f, "{}", offsets.trim_end())?;
        writeln!(f, "{ruler}")?;
        for (row, name) in picture.rows.iter().zip(&names) {
            write!(f, "{name:<label$}")?;
            self.row(f, row, &shown, cell)?;
        }
        if let (Some(mark), Some(column)) = (&picture.mark, marked)
            && let Some(at) = shown.iter().position(|one| *one == Some(column))
        {
            let before: usize = shown[..at].iter().map(width).sum();
            let extent = picture.columns[column];
            // Where the byte is in the column's stretch; one that goes on for ever has no scale.
            let inside = if is_open(extent) {
                cell / 2
            } else {
                let (of, len) = (mark.offset - extent.start, extent.end - extent.start);
                (u128::from(of) * (cell as u128 - 1) / u128::from(len.max(1))) as usize
            };
            let indent = label + before + inside;
            writeln!(f, "{:indent$}▲ byte {}", "", exact(mark.offset))?;
        }
        writeln!(f)
    }

    /// A mirror's panels on the axis.
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        row: &Row,
        shown: &[Option<usize>],
        cell: usize,
    ) -> fmt::Result {
        let mut line = String::new();
        let mut at = 0;
        while at < shown.len() {
            let Some(column) = shown[at] else {
                line += "┄┄┄┄";
                at += 1;
                continue;
            };
            let inside = |panel: &&Panel| panel.columns.contains(&column);
            let panel = row.panels.iter().find(inside);
            // The panel goes on over the columns that follow.
            let run = shown[at..]
                .iter()
                .take_while(|one| {
                    one.is_some_and(|one| match panel {
                        Some(panel) => panel.columns.contains(&one),
                        None => one == column,
                    })
                })
                .count();
            let width = run * cell - 1;
            line.push('│');
            match panel {
                None => line.extend(core::iter::repeat_n(' ', width)),
                Some(panel) => line += &fill(panel, width),
            }
            at += run;
        }
        line.push('│');
        writeln!(f, "{line}")
    }

    /// A component in words, and its cells.
    fn panel(
        &self,
        f: &mut fmt::Formatter<'_>,
        row: &Row,
        panel: &Panel,
        marked: &BTreeSet<(usize, u32)>,
    ) -> fmt::Result {
        let extent = panel.extent;
        write!(f, "component {}: ", panel.index)?;
        if self.picture.rows.len() > 1 {
            write!(f, "mirror {}, ", row.mirror)?;
        }
        write!(f, "[{}, {})", Size(extent.start), Size(extent.end))?;
        if extent.start == extent.end {
            return writeln!(f, ", empty until it grows\n");
        }
        let mut words = vec![panel.shape(), parity_words(panel)];
        words.extend([panel.state().to_string(), panel.notes.clone()]);
        for word in words.iter().filter(|word| !word.is_empty()) {
            write!(f, ", {word}")?;
        }
        writeln!(f)?;
        if panel.cells.is_empty() {
            return writeln!(f);
        }
        self.cells(f, panel, marked)?;
        self.next_row(f, panel)
    }

    /// Where the stripes go on after the first row.
    fn next_row(&self, f: &mut fmt::Formatter<'_>, panel: &Panel) -> fmt::Result {
        let (Some(stripes), Some(first)) = (panel.stripes, panel.cells.first()) else {
            return writeln!(f);
        };
        let unit = first.offset - first.offset % stripes.size();
        let next = unit.saturating_add(stripes.row_bytes());
        if panel.parity_of.is_some() {
            let row = Size(stripes.row_bytes());
            writeln!(f, "  (offsets in the parity's own file space; a row of it is {row})")?;
        } else if next < panel.extent.end && stripes.count() > 1 {
            let (next, row) = (Size(next), Size(stripes.row_bytes()));
            writeln!(f, "  from {next} on the same stripes again, row by row; a row is {row}")?;
        }
        writeln!(f)
    }

    fn cells(
        &self,
        f: &mut fmt::Formatter<'_>,
        panel: &Panel,
        marked: &BTreeSet<(usize, u32)>,
    ) -> fmt::Result {
        let is_marked = |cell: &Cell| marked.contains(&(panel.index, cell.stripe));
        let widest = |texts: &mut dyn Iterator<Item = String>| texts.map(|t| t.len()).max();
        let offsets = widest(&mut panel.cells.iter().map(|cell| Size(cell.offset).to_string()));
        let osts = widest(&mut panel.cells.iter().map(ost));
        let stripes = widest(&mut panel.cells.iter().map(|cell| cell.stripe.to_string()));
        let width = [offsets, osts, stripes].into_iter().flatten().max().unwrap_or(1) + 2;
        const LABEL: usize = 10;
        let fit = ((self.width - LABEL) / width).max(1);
        let chunks: Vec<&[Cell]> = panel.cells.chunks(fit).collect();
        let few = self.all || chunks.len() <= LINES;
        // Of many lines the first, the last, and the one with the marked byte.
        let shown = |line: usize| {
            few || line < LINES - 1
                || line + 1 == chunks.len()
                || chunks[line].iter().any(is_marked)
        };
        let mut left_out = 0;
        for (line, chunk) in chunks.iter().enumerate() {
            if !shown(line) {
                left_out += chunk.len();
                continue;
            }
            if left_out > 0 {
                writeln!(f, "  ... {left_out} more stripes")?;
                left_out = 0;
            }
            let before = (line * fit).checked_sub(1).and_then(|last| panel.cells.get(last));
            let lines: [(&str, CellText); 3] = [
                ("  from", |cell| Size(cell.offset).to_string()),
                ("  stripe", |cell| cell.stripe.to_string()),
                ("  OST", ost),
            ];
            for (label, text) in lines {
                self.cell_line(f, label, before, chunk, width, text)?;
            }
            if let Some(last) = chunk.iter().rposition(is_marked) {
                let under = |cell: &Cell| if is_marked(cell) { "▲" } else { " " };
                let carets: Vec<String> = chunk[..=last]
                    .iter()
                    .map(|cell| format!("{} ", under(cell).repeat(width - 1)))
                    .collect();
                let what = if panel.parity_of.is_some() { "its parity" } else { "the byte" };
                writeln!(f, "{:LABEL$}{}{what}", "", carets.concat())?;
            }
        }
        Ok(())
    }

    /// One line of cells, after `before`; RAID sets are parted by a bar.
    fn cell_line(
        &self,
        f: &mut fmt::Formatter<'_>,
        label: &str,
        before: Option<&Cell>,
        cells: &[Cell],
        width: usize,
        text: CellText,
    ) -> fmt::Result {
        let mut line = format!("{label:<9}");
        let mut before = before.map(|cell| cell.set);
        for cell in cells {
            let parted = before.is_some_and(|set| set != cell.set);
            before = Some(cell.set);
            line.push(if parted { '│' } else { ' ' });
            let text = text(cell);
            let space = width - 1 - text.len().min(width - 1);
            match cell.object.filter(|_| self.colors && label.trim() == "OST") {
                Some(object) => {
                    let color = terminal_color(object.ost);
                    line += &format!("\u{1b}[38;5;{color}m{text}\u{1b}[0m");
                }
                None => line += &text,
            }
            line.extend(core::iter::repeat_n(' ', space));
        }
        writeln!(f, "{}", line.trim_end())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = self.picture;
        writeln!(f, "{}: {}", printable(&picture.name), picture.summary)?;
        if picture.columns.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        self.overview(f)?;
        let (_, marked) = picture.marked();
        for row in &picture.rows {
            for panel in &row.panels {
                self.panel(f, row, panel, &marked)?;
            }
        }
        picture.mark.as_ref().map_or(Ok(()), |mark| mark.fmt(f))
    }
}

/// Where the byte lives, in words.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "byte {}:", exact(self.offset))?;
        for place in &self.places {
            let mirror = match self.places.len() + place.parity.len() {
                1 => String::new(),
                _ => format!("mirror {}, ", place.mirror),
            };
            let stale = if place.stale { " (stale)" } else { "" };
            match (&place.place, place.component) {
                (Ok(byte), _) => writeln!(f, "  {mirror}{byte}")?,
                (Err(why), Some(component)) => {
                    writeln!(f, "  {mirror}component {component}: {}{stale}", gap(*why))?;
                }
                (Err(why), None) => writeln!(f, "  {mirror}{}", gap(*why))?,
            }
            for (number, byte) in place.parity.iter().enumerate() {
                writeln!(f, "    parity {number}: {byte}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ObjectByte {
    /// `component 0, stripe 3: OST 7 [0x...], byte 5 of the object`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component {}, stripe {}: ", self.component, self.stripe)?;
        match self.object {
            Some(object) => write!(f, "{object}, byte {} of the object", exact(self.offset))?,
            None => write!(f, "no object, its byte {}", exact(self.offset))?,
        }
        f.write_str(if self.stale { " (stale)" } else { "" })
    }
}

/// A panel on the axis: its label, and the pattern of its look.
fn fill(panel: &Panel, width: usize) -> String {
    let pattern = match panel.look {
        Look::Solid | Look::OnMdt | Look::Elsewhere | Look::Released => ' ',
        Look::Stale => '▒',
        Look::Empty | Look::Extension => '░',
    };
    let code = panel.code();
    let shape = if code.is_empty() { panel.shape() } else { code };
    let label = format!(" {}: {shape} ", panel.index);
    let label: String =
        if label.chars().count() <= width { label } else { format!(" {} ", panel.index) };
    let rest = width.saturating_sub(label.chars().count());
    let label: String = label.chars().take(width).collect();
    label + &String::from_iter(core::iter::repeat_n(pattern, rest))
}

fn parity_words(panel: &Panel) -> String {
    match panel.parity_of {
        Some((data, _)) => format!("parity of component {data}: {}", panel.code()),
        None => String::new(),
    }
}

fn row_name(row: &Row) -> String {
    let what = if row.parity { " parity" } else { "" };
    match row.mirror {
        0 => format!("file{what}"),
        mirror => format!("mirror {mirror}{what}"),
    }
}

fn ost(cell: &Cell) -> String {
    cell.object.map_or_else(|| "lost".to_string(), |object| object.ost.to_string())
}

/// One of the 216 colours of a terminal's cube, by the OST's hue.
fn terminal_color(ost: u32) -> u32 {
    let (sector, part) = (hue(ost) / 60, hue(ost) % 60 * 4 / 60);
    let (rise, fall) = (1 + part, 5 - part);
    let (r, g, b) = match sector {
        0 => (5, rise, 1),
        1 => (fall, 5, 1),
        2 => (1, 5, rise),
        3 => (1, fall, 5),
        4 => (rise, 1, 5),
        _ => (5, 1, fall),
    };
    16 + 36 * r + 6 * g + b
}

/// A name that does not act on a terminal.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
