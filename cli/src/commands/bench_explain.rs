//! `lustrine bench ec --explain`: how the parity of a code is computed, and if that is well chosen.
//!
//! First the plan of a codec as a picture, with what the cost model expects of it. Then what is:
//! the plan, computing coefficient by coefficient, and each shape that serves any rows of the code
//! take turns on the same data.

use std::fmt::Write;
use std::time::Duration;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use lustrine::ec::{Codec, Geometry, Part, Plan};
use lustrine::gf::{Backend, Shape};
use serde_json::{Value, json};

use super::bench_ec::{fits, median, noise, race};

/// Bytes of a shard: 4 and 64 KiB. What a code has of them fits the first- and second-level cache
/// if it is small, and neither if it is large.
const SIZES: [usize; 2] = [4 << 10, 64 << 10];
/// Columns of a picture: with more, lines would be wider than a terminal.
const COLUMNS: usize = 50;
/// Less than this much slower than the best is noise.
const WELL: f64 = 0.97;
/// The names of the two that are always measured.
const PLAN: &str = "plan";
const DIRECT: &str = "direct";

/// What to explain.
#[derive(Debug)]
pub struct Question {
    /// Codes, see [`super::bench_ec::geometries`].
    pub geometries: Vec<Geometry>,
    /// Name of the backend; the best of the machine if none.
    pub backend: Option<String>,
    /// Time spent for each figure.
    pub time: Duration,
}

/// How one code is computed, and how fast.
#[derive(Debug)]
pub struct Explanation {
    geometry: Geometry,
    backend: Backend,
    parts: Vec<Part>,
    /// The plan, then direct, then shapes by themselves.
    ways: Vec<Way>,
}

/// One way to compute a code.
#[derive(Debug)]
struct Way {
    name: String,
    /// Nothing but the plan under another name: how far its speed is from the plan's is noise.
    same: bool,
    /// Products for each byte of a shard.
    products: usize,
    /// Cycles for each register of a shard that the cost model expects.
    cycles: f64,
    /// For each of [`SIZES`], GB of data per second, and the ratio to direct.
    speeds: [(f64, f64); SIZES.len()],
}

/// Makes the plans and measures them.
pub fn run(question: &Question) -> Result<Vec<Explanation>, String> {
    let backend = match &question.backend {
        None => Backend::best(),
        Some(name) => Backend::from_name(name).map_err(|error| format!("{name}: {error}"))?,
    };
    question.geometries.iter().map(|code| explain(*code, backend, question.time)).collect()
}

fn explain(geometry: Geometry, backend: Backend, time: Duration) -> Result<Explanation, String> {
    let with = |shapes: &[Shape]| Codec::with_shapes(geometry, backend, shapes);
    let mut codecs = vec![(PLAN.to_owned(), with(Shape::ALL)), (DIRECT.to_owned(), with(&[]))];
    for shape in Shape::ALL.iter().filter(|shape| **shape != Shape::Direct) {
        let codec = with(&[*shape]);
        if codec.plan().parts().iter().any(|part| part.shape == *shape) {
            codecs.push((name(*shape), codec));
        }
    }
    let chosen = codecs.first().map(|(_, codec)| codec.plan().to_string()).unwrap_or_default();
    let way = |name: &str, plan: &Plan| Way {
        name: name.into(),
        same: plan.to_string() == chosen,
        products: plan.products(),
        cycles: plan.parts().iter().map(|part| part.cycles).sum(),
        speeds: Default::default(),
    };
    let mut ways: Vec<Way> = codecs.iter().map(|(name, codec)| way(name, codec.plan())).collect();
    for (at, size) in SIZES.into_iter().enumerate() {
        let turns = measure(geometry, &codecs, size, time)?;
        let direct = turns.get(1).map_or(&[][..], Vec::as_slice);
        for (way, turns) in ways.iter_mut().zip(&turns) {
            let ratios: Vec<f64> = turns.iter().zip(direct).map(|(own, base)| own / base).collect();
            way.speeds[at] = (median(turns), median(&ratios));
        }
    }
    let parts = codecs.first().map(|(_, codec)| codec.plan().parts()).unwrap_or_default();
    Ok(Explanation { geometry, backend, parts, ways })
}

/// The speeds of each codec, turn by turn.
fn measure(
    geometry: Geometry,
    codecs: &[(String, Codec)],
    size: usize,
    time: Duration,
) -> Result<Vec<Vec<f64>>, String> {
    let (k, p) = (geometry.data(), geometry.parity());
    // Data, what is right, and what is computed.
    fits(k + 2 * p, size)?;
    let text = |error: lustrine::Error| error.to_string();
    let data: Vec<Vec<u8>> = (0..k).map(|shard| noise(size, shard as u64)).collect();
    let (mut right, mut parity) = (vec![vec![0; size]; p], vec![vec![0; size]; p]);
    let portable = Backend::from_name("portable").map_err(text)?;
    Codec::with_shapes(geometry, portable, &[]).encode(&data, &mut right).map_err(text)?;
    let codecs: Vec<_> = codecs.iter().map(|(name, codec)| (name.as_str(), codec)).collect();
    race(&codecs, k * size, time, |codec, check| {
        if check {
            parity.iter_mut().for_each(|shard| shard.fill(0));
        }
        codec.encode(&data, &mut parity).map_err(text)?;
        Ok(!check || parity == right)
    })
}

fn name(shape: Shape) -> String {
    format!("{shape:?}").to_lowercase()
}

impl Explanation {
    fn direct(&self) -> Option<&Way> {
        self.ways.iter().find(|way| way.name == DIRECT)
    }

    /// What the model expects of a way, compared with direct.
    fn expected(&self, way: &Way) -> f64 {
        self.direct().map_or(1.0, |direct| direct.cycles / way.cycles)
    }

    /// The fastest way for one of [`SIZES`], in turns next to each other.
    fn fastest(&self, size: usize) -> Option<&Way> {
        self.ways.iter().max_by(|a, b| a.speeds[size].1.total_cmp(&b.speeds[size].1))
    }

    /// A clearly faster way than the plan for one of [`SIZES`], and how many times as fast it is.
    fn better(&self, size: usize) -> Option<(&Way, f64)> {
        let (plan, best) = (self.ways.first()?, self.fastest(size)?);
        let gain = best.speeds[size].1 / plan.speeds[size].1;
        (!best.same && gain * WELL > 1.0).then_some((best, gain))
    }

    /// If the model chose well.
    fn verdict(&self, size: usize) -> String {
        match self.better(size) {
            None => "is well chosen".into(),
            Some((way, gain)) => format!("is slow, {} {gain:.2} times as fast,", way.name),
        }
    }

    fn text(&self) -> String {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let mut text = format!("{k}+{p} on {}", self.backend);
        if let Some(plan) = self.ways.first() {
            let share = 100 * plan.products / (k * p);
            let passes = if self.parts.len() == 1 { "pass" } else { "passes" };
            let _ = write!(
                text,
                ": {} products instead of {} ({share} %), in {} {passes} over the data.\n\
                 Expected are {:.1} cycles a register, {:.2} times as fast as direct.\n\n",
                plan.products,
                k * p,
                self.parts.len(),
                plan.cycles,
                self.expected(plan),
            );
        }
        text + &self.picture() + &self.table() + &self.sentence()
    }

    /// Rows of parity and columns of data, and which block each place is computed in.
    fn picture(&self) -> String {
        let k = self.geometry.data();
        let shown = k.min(COLUMNS);
        let mut text = String::new();
        if shown > 10 {
            let tens = (0..shown).step_by(10).map(|ten| format!("{:<11}", ten / 10));
            text += &line("data", &tens.collect::<String>());
        }
        let label = if shown > 10 { "" } else { "data" };
        text += &line(label, &spaced((0..shown).map(|i| char::from(b'0' + (i % 10) as u8))));
        for (i, part) in self.parts.iter().enumerate() {
            text += &format!("  pass {}: {}\n", i + 1, summary(part));
            let letters = letters(part, k);
            let own =
                part.rows.iter().map(|row| (row, spaced(letters.iter().copied().take(shown))));
            let beside = part.extra.iter().map(|row| (row, spaced((0..shown).map(|_| ALONE))));
            let mut rows: Vec<_> = own.chain(beside).collect();
            rows.sort();
            for (row, cells) in rows {
                text += &line(&format!("parity {row:>2}"), &cells);
            }
        }
        if shown < k {
            text += &line("", &format!("and {} more columns of data", k - shown));
        }
        text + "A letter is a block of columns that share products; a dot is a product of its own.\n"
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_BORDERS_ONLY);
        let mut titles = vec!["".to_owned(), "products".into(), "expected".into()];
        for size in SIZES {
            titles.extend([format!("{} KiB", size >> 10), "x direct".into()]);
        }
        table.set_header(titles);
        for way in &self.ways {
            let expected = format!("{:.2}", self.expected(way));
            let name = match way.same && way.name != PLAN {
                true => format!("{} = {PLAN}", way.name),
                false => way.name.clone(),
            };
            let mut row = vec![name, way.products.to_string(), expected];
            for (speed, ratio) in way.speeds {
                row.extend([format!("{speed:.2}"), format!("{ratio:.2}")]);
            }
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("\nGB of data per second that are encoded, one thread\n{table}\n")
    }

    /// What the measurement says of the choice.
    fn sentence(&self) -> String {
        let said = SIZES
            .iter()
            .enumerate()
            .map(|(at, size)| format!("{} at {} KiB", self.verdict(at), size >> 10));
        format!("The plan {}.", said.collect::<Vec<_>>().join("; it "))
    }

    fn json(&self) -> Value {
        let pass = |part: &Part| {
            json!({
                "shape": name(part.shape),
                "rows": part.rows,
                "rows_beside": part.extra,
                "blocks": part.blocks,
                "products": part.products,
                "cycles": part.cycles,
            })
        };
        let measured = SIZES.iter().enumerate().map(|(at, size)| {
            let way = |way: &Way| {
                let (encode, to_direct) = way.speeds[at];
                json!({
                    "name": way.name,
                    "is_plan": way.same,
                    "products": way.products,
                    "cycles": way.cycles,
                    "encode": encode,
                    "to_direct": to_direct,
                    "expected_to_direct": self.expected(way),
                })
            };
            json!({
                "shard_bytes": size,
                "ways": self.ways.iter().map(way).collect::<Vec<_>>(),
                "fastest": self.fastest(at).map(|way| &way.name),
                "well_chosen": self.better(at).is_none(),
            })
        });
        json!({
            "data": self.geometry.data(),
            "parity": self.geometry.parity(),
            "backend": self.backend.name(),
            "products": self.ways.first().map(|plan| plan.products),
            "passes": self.parts.iter().map(pass).collect::<Vec<_>>(),
            "measured": measured.collect::<Vec<_>>(),
        })
    }
}

/// A place that shares nothing.
const ALONE: char = '.';

/// The letter of each column of data: one for each block of two and more, in the order in which one
/// meets them from the left.
fn letters(part: &Part, k: usize) -> Vec<char> {
    let mut blocks: Vec<_> = part.blocks.iter().filter(|block| block.len() > 1).collect();
    blocks.sort_by_key(|block| block.iter().min());
    let mut letters = vec![ALONE; k];
    for (block, letter) in blocks.iter().zip(('A'..='Z').chain('a'..='z').cycle()) {
        for column in *block {
            letters[*column] = letter;
        }
    }
    letters
}

/// What a pass does, in words.
fn summary(part: &Part) -> String {
    let mut text = match (part.rows.len(), part.extra.len()) {
        (0, _) => DIRECT.to_owned(),
        (_, 0) => name(part.shape),
        (_, 1) => format!("{} and a row beside it", name(part.shape)),
        (_, n) => format!("{} and {n} rows beside it", name(part.shape)),
    };
    if !part.rows.is_empty() {
        let mut sizes: Vec<usize> = part.blocks.iter().map(Vec::len).collect();
        sizes.sort_by(|a, b| b.cmp(a));
        let blocks =
            sizes.chunk_by(|a, b| a == b).map(|run| format!("{} of {}", run.len(), run[0]));
        text += &format!(", blocks {}", blocks.collect::<Vec<_>>().join(", "));
    }
    text + &format!(": {} products, {:.1} cycles", part.products, part.cycles)
}

fn line(label: &str, cells: &str) -> String {
    format!("    {label:<9}  {}\n", cells.trim_end())
}

/// With a gap after each ten.
fn spaced(cells: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for (i, cell) in cells.enumerate() {
        if i > 0 && i % 10 == 0 {
            text.push(' ');
        }
        text.push(cell);
    }
    text
}

/// For people.
pub fn text(explanations: &[Explanation]) -> String {
    explanations.iter().map(Explanation::text).collect::<Vec<_>>().join("\n\n")
}

/// For programs.
pub fn json(explanations: &[Explanation]) -> Value {
    json!({
        "unit": "gigabytes of data per second",
        "best": Backend::best().name(),
        "results": explanations.iter().map(Explanation::json).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::bench_ec::geometries;
    use super::*;

    fn explained(codes: &str) -> Vec<Explanation> {
        let (geometries, time) = (geometries(codes).unwrap(), Duration::from_millis(1));
        run(&Question { geometries, backend: None, time }).unwrap()
    }

    #[test]
    fn each_place_is_in_one_pass_and_the_picture_is_narrow() {
        for it in explained("1+1,10+4,20+8,51+9,240+15") {
            let (k, p) = (it.geometry.data(), it.geometry.parity());
            let picture = it.picture();
            for row in 0..p {
                let label = format!("    parity {row:>2}  ");
                let lines: Vec<_> =
                    picture.lines().filter_map(|line| line.strip_prefix(&label)).collect();
                assert_eq!(lines.len(), 1, "row {row} of\n{picture}");
                let cells = lines[0].chars().filter(|cell| *cell != ' ').count();
                assert_eq!(cells, k.min(COLUMNS), "row {row} of\n{picture}");
            }
            assert!(picture.lines().all(|line| line.chars().count() <= 100), "{picture}");
            assert_eq!(picture.contains("more columns"), k > COLUMNS, "{picture}");
        }
    }

    #[test]
    fn blocks_have_letters_from_the_left() {
        let mut part = explained("4+1").remove(0).parts.remove(0);
        part.blocks = vec![vec![3, 4], vec![0, 7, 6, 1], vec![2], vec![5]];
        assert_eq!(letters(&part, 8), ['A', 'A', '.', 'B', 'B', '.', 'A', 'A']);
        part.rows = vec![0, 1];
        assert!(summary(&part).contains("blocks 1 of 4, 1 of 2, 2 of 1:"), "{}", summary(&part));
    }

    #[test]
    fn what_is_slower_than_another_way_is_not_well_chosen() {
        let mut it = explained("8+2").remove(0);
        it.ways.truncate(2);
        it.ways[0].speeds = [(9.8, 0.99), (9.0, 0.9)];
        it.ways[1].speeds = [(10.0, 1.0); 2];
        let said =
            "The plan is well chosen at 4 KiB; it is slow, direct 1.11 times as fast, at 64 KiB.";
        assert_eq!(it.sentence(), said);
        let json = json(&[it]);
        let measured = &json["results"][0]["measured"];
        assert_eq!(
            (&measured[0]["well_chosen"], &measured[1]["well_chosen"]),
            (&true.into(), &false.into())
        );
        assert_eq!(measured[1]["fastest"], "direct");
    }

    #[test]
    fn refuses_an_unknown_backend() {
        let question =
            Question { geometries: vec![], backend: Some("abacus".into()), time: Duration::ZERO };
        assert!(run(&question).unwrap_err().contains("abacus"));
    }
}
