//! `lustrine bench ec --advise`: which code and which backend this machine should use.
//!
//! `Codec` on each backend and `WideCodec` take turns on the same data. The advice is one rule,
//! [`RULE`]; which backend, the faster encode decides.

use std::time::Duration;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use lustrine::ec::{Codec, Geometry, WideCodec};
use lustrine::gf::Backend;
use serde_json::{Value, json};

use super::bench_ec::{fits, noise, race};

/// What to advise on.
#[derive(Debug)]
pub struct Question {
    /// Data and parity shards of each code.
    pub codes: Vec<(usize, usize)>,
    /// Bytes of a shard.
    pub size: usize,
    /// Time spent for each figure.
    pub time: Duration,
}

/// What was measured on one code.
#[derive(Debug)]
pub struct Advice {
    data: usize,
    parity: usize,
    /// Fastest encoder first.
    entries: Vec<Entry>,
}

/// One way to have a code, and its speeds in GB of data per second.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// A backend's name, or [`WIDE`].
    name: &'static str,
    encode: f64,
    /// As many shards lost as the parity allows.
    rebuild: f64,
}

/// The name of `WideCodec` among backends.
const WIDE: &str = "wide";
/// Less than this much faster is noise.
const FASTER: f64 = 1.05;
/// By so much must `WideCodec` be faster than a `Codec`.
const CLEARLY: f64 = 1.2;
/// Which code is advised, as the documentation of `WideCodec` has it.
const RULE: &str = "Codec where it has the geometry, unless WideCodec is 1.2 times as fast or more \
                    at both encode and rebuild.";

impl Entry {
    fn is_wide(&self) -> bool {
        self.name == WIDE
    }
}

/// Either code.
enum Coder {
    Narrow(Codec),
    Wide(WideCodec),
}

impl Coder {
    fn encode(&self, data: &[Vec<u8>], parity: &mut [Vec<u8>]) -> Result<(), String> {
        match self {
            Coder::Narrow(codec) => codec.encode(data, parity),
            Coder::Wide(codec) => codec.encode(data, parity),
        }
        .map_err(|error| error.to_string())
    }

    fn reconstruct(
        &self,
        survivors: &[Option<&Vec<u8>>],
        wanted: &mut [(usize, &mut Vec<u8>)],
    ) -> Result<(), String> {
        match self {
            Coder::Narrow(codec) => codec.reconstruct(survivors, wanted),
            Coder::Wide(codec) => codec.reconstruct(survivors, wanted),
        }
        .map_err(|error| error.to_string())
    }
}

/// Measures.
pub fn run(question: &Question) -> Result<Vec<Advice>, String> {
    if question.size == 0 || !question.size.is_multiple_of(2) {
        return Err(format!(
            "--size {}: the wide code, which is measured too, needs an even size above 0",
            question.size
        ));
    }
    question.codes.iter().map(|code| measure(*code, question)).collect()
}

fn measure((k, p): (usize, usize), question: &Question) -> Result<Advice, String> {
    let (size, time) = (question.size, question.time);
    let mut coders = Vec::new();
    let geometry = Geometry::new(k, p).ok();
    if let Some(geometry) = geometry {
        let coder = |backend| Coder::Narrow(Codec::with_backend(geometry, backend));
        coders.extend(Backend::available().map(|backend| (backend.name(), coder(backend))));
    }
    coders.extend(WideCodec::new(k, p).ok().map(|codec| (WIDE, Coder::Wide(codec))));
    if coders.is_empty() {
        return Err(format!("no code has {k}+{p} shards"));
    }
    // Data, the parity of both codes, and room for what is encoded or rebuilt.
    fits(k + 3 * p, size)?;
    let data: Vec<Vec<u8>> = (0..k).map(|shard| noise(size, shard as u64)).collect();
    let parity = |coder: Option<&Coder>| {
        let mut rows = vec![vec![0; size]; p];
        coder.map_or(Ok(()), |coder| coder.encode(&data, &mut rows)).map(|()| rows)
    };
    let text = |error: lustrine::Error| error.to_string();
    let portable = Backend::from_name("portable").map_err(text)?;
    let plain = geometry.map(|it| Coder::Narrow(Codec::with_shapes(it, portable, &[])));
    let wide = coders.iter().map(|(_, coder)| coder).find(|it| matches!(it, Coder::Wide(_)));
    // Nothing else has the wide code, so that encoder is checked by what is rebuilt from it.
    let (narrow, wide) = (parity(plain.as_ref())?, parity(wide)?);
    let mut out = vec![vec![0; size]; p];
    let encode = race(&coders, k * size, time, |coder, check| {
        if check {
            out.iter_mut().for_each(|shard| shard.fill(0));
        }
        coder.encode(&data, &mut out)?;
        let right = if matches!(coder, Coder::Wide(_)) { &wide } else { &narrow };
        Ok(!check || out == *right)
    })?;
    let lost = p.min(k);
    let (narrow, wide) = (survivors(&data, &narrow, lost), survivors(&data, &wide, lost));
    let mut wanted: Vec<_> = out.iter_mut().take(lost).enumerate().collect();
    let rebuild = race(&coders, k * size, time, |coder, check| {
        if check {
            wanted.iter_mut().for_each(|(_, shard)| shard.fill(0));
        }
        let from = if matches!(coder, Coder::Wide(_)) { &wide } else { &narrow };
        coder.reconstruct(from, &mut wanted)?;
        Ok(!check || wanted.iter().all(|(i, shard)| **shard == data[*i]))
    })?;
    // The fastest turn, not the middle one: so short a look must not advise against what something
    // else on the machine held up.
    let best = |turns: &Vec<f64>| turns.iter().copied().fold(0.0, f64::max);
    let figures = coders.iter().zip(encode.iter().map(best).zip(rebuild.iter().map(best)));
    let mut entries: Vec<_> =
        figures.map(|((name, _), (encode, rebuild))| Entry { name, encode, rebuild }).collect();
    entries.sort_by(|a, b| b.encode.total_cmp(&a.encode));
    Ok(Advice { data: k, parity: p, entries })
}

/// All shards but the first `lost`.
fn survivors<'a>(
    data: &'a [Vec<u8>],
    parity: &'a [Vec<u8>],
    lost: usize,
) -> Vec<Option<&'a Vec<u8>>> {
    let shards = data.iter().chain(parity).enumerate();
    shards.map(|(i, shard)| (i >= lost).then_some(shard)).collect()
}

impl Advice {
    fn wide(&self) -> Option<Entry> {
        self.entries.iter().find(|entry| entry.is_wide()).copied()
    }

    /// The `Codec` that a caller gets who asks for no backend.
    fn usual(&self) -> Option<Entry> {
        let name = Backend::best().name();
        self.entries.iter().find(|entry| entry.name == name).copied()
    }

    /// The `Codec` to use: the fastest to encode, but what the library chooses by itself unless
    /// another backend is clearly faster.
    fn narrow(&self) -> Option<Entry> {
        let first = self.entries.iter().find(|entry| !entry.is_wide()).copied()?;
        let usual = self.usual().filter(|usual| usual.encode * FASTER >= first.encode);
        Some(usual.unwrap_or(first))
    }

    /// The one to use, see [`RULE`].
    fn chosen(&self) -> Option<Entry> {
        let (Some(narrow), Some(wide)) = (self.narrow(), self.wide()) else {
            return self.narrow().or(self.wide());
        };
        let clearly = wide.encode >= CLEARLY * narrow.encode;
        let clearly = clearly && wide.rebuild >= CLEARLY * narrow.rebuild;
        Some(if clearly { wide } else { narrow })
    }

    /// The advice as a sentence.
    fn sentence(&self) -> String {
        let Some(chosen) = self.chosen() else { return String::new() };
        let rival = if chosen.is_wide() { self.narrow() } else { self.wide() };
        let text = match (chosen.is_wide(), self.usual()) {
            (true, _) => "WideCodec".to_owned(),
            (false, Some(usual)) if usual.name == chosen.name => {
                format!("Codec on {}, which it chooses by itself", chosen.name)
            }
            (false, usual) => {
                let gain = usual.map_or(1.0, |usual| chosen.encode / usual.encode);
                format!("Codec on {}, {gain:.1} times as fast as the usual one", chosen.name)
            }
        };
        let Some(rival) = rival else {
            let why = if chosen.is_wide() { "no Codec" } else { "no WideCodec" };
            return format!("{text}: {why} has so many shards");
        };
        let other =
            if rival.is_wide() { "WideCodec".into() } else { format!("Codec on {}", rival.name) };
        let (encode, rebuild) = (chosen.encode / rival.encode, chosen.rebuild / rival.rebuild);
        let (slower, slower_rebuild) = (encode.recip(), rebuild.recip());
        match (encode >= 1.0, rebuild >= 1.0) {
            (true, true) => format!(
                "{text}: encodes {encode:.1} times as fast as {other}, rebuilds {rebuild:.1} times \
                 as fast"
            ),
            (true, false) => format!(
                "{text}: encodes {encode:.1} times as fast as {other}, which rebuilds \
                 {slower_rebuild:.1} times as fast"
            ),
            (false, true) => format!(
                "{text}: rebuilds {rebuild:.1} times as fast as {other}, which encodes \
                 {slower:.1} times as fast"
            ),
            (false, false) => format!(
                "{text}: {other} encodes {slower:.1} and rebuilds {slower_rebuild:.1} times as \
                 fast, which is not {CLEARLY} at both"
            ),
        }
    }
}

/// For people.
pub fn text(question: &Question, advice: &[Advice]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    let titles = ["code", "backend", "encode", "rebuild p", "wide: encode", "rebuild p"];
    table.set_header(titles);
    let mut said = String::new();
    for it in advice {
        let code = format!("{}+{}", it.data, it.parity);
        let speeds = |entry: Option<Entry>| match entry {
            Some(entry) => [entry.encode, entry.rebuild].map(|speed| format!("{speed:.2}")),
            None => ["-", "-"].map(str::to_owned),
        };
        let narrow = it.narrow();
        let mut row = vec![code.clone(), narrow.map_or("-", |entry| entry.name).to_owned()];
        row.extend(speeds(narrow));
        row.extend(speeds(it.wide()));
        table.add_row(row);
        said += &format!("{code}: {}.\n", it.sentence());
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "GB of data per second, one thread, shards of {} bytes\n{table}\n{said}\
         The rule: {RULE}\n\
         Only Codec's parity is Lustre's: files of Lustre need it, whatever is faster.",
        question.size
    )
}

/// For programs.
pub fn json(question: &Question, advice: &[Advice]) -> Value {
    let one = |it: &Advice| {
        let chosen = it.chosen();
        let entry = |entry: &Entry| {
            json!({
                "code": if entry.is_wide() { "WideCodec" } else { "Codec" },
                "backend": (!entry.is_wide()).then_some(entry.name),
                "encode": entry.encode,
                "rebuild_most": entry.rebuild,
            })
        };
        json!({
            "data": it.data,
            "parity": it.parity,
            "advice": chosen.as_ref().map(entry),
            "sentence": it.sentence(),
            "measured": it.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    };
    json!({
        "unit": "gigabytes of data per second",
        "shard_bytes": question.size,
        "best": Backend::best().name(),
        "rule": RULE,
        "results": advice.iter().map(one).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(name: &'static str, encode: f64, rebuild: f64) -> Entry {
        Entry { name, encode, rebuild }
    }

    fn advice(entries: Vec<Entry>) -> Advice {
        Advice { data: 8, parity: 2, entries }
    }

    #[test]
    fn measures_and_advises() {
        let codes = vec![(4, 2), (1, 3), (300, 4)];
        let question = Question { codes, size: 64, time: Duration::from_millis(1) };
        let advice = run(&question).unwrap();
        assert_eq!(advice.len(), 3);
        assert_eq!(advice[0].entries.len(), Backend::available().count() + 1);
        assert!(advice[2].sentence().starts_with("WideCodec: no Codec"), "{advice:?}");
        let text = text(&question, &advice);
        assert!(text.contains("300+4: WideCodec") && text.contains("Lustre"), "{text}");
        let json = json(&question, &advice);
        assert_eq!(json["results"][2]["advice"]["code"], "WideCodec");
        assert_eq!(
            json["results"][0]["measured"].as_array().unwrap().len(),
            advice[0].entries.len()
        );
    }

    #[test]
    fn the_usual_backend_stays_unless_another_is_clearly_faster() {
        let usual = Backend::best().name();
        let close = advice(vec![entry("abacus", 10.2, 9.0), entry(usual, 10.0, 9.0)]);
        assert_eq!(close.chosen().unwrap().name, usual);
        assert!(close.sentence().ends_with("no WideCodec has so many shards"));
        let far = advice(vec![entry("abacus", 15.0, 9.0), entry(usual, 10.0, 9.0)]);
        assert!(far.sentence().starts_with("Codec on abacus, 1.5 times"), "{}", far.sentence());
    }

    #[test]
    fn says_who_rebuilds_faster() {
        let usual = Backend::best().name();
        let narrow = advice(vec![entry(usual, 12.0, 3.0), entry(WIDE, 10.0, 9.0)]);
        let text = narrow.sentence();
        assert!(text.contains("encodes 1.2 times as fast as WideCodec, which rebuilds 3.0"));
        let narrow = advice(vec![entry(usual, 20.0, 9.0), entry(WIDE, 10.0, 3.0)]);
        assert!(narrow.sentence().ends_with("as WideCodec, rebuilds 3.0 times as fast"));
    }

    #[test]
    fn the_wide_code_must_be_clearly_faster_at_both() {
        let usual = Backend::best().name();
        let sentence = |encode, rebuild| {
            advice(vec![entry(WIDE, encode, rebuild), entry(usual, 10.0, 10.0)]).sentence()
        };
        for (encode, rebuild, words) in [
            (12.0, 12.0, "WideCodec: encodes 1.2 times as fast as Codec on"),
            (30.0, 5.0, "itself: rebuilds 2.0 times as fast as WideCodec, which encodes 3.0"),
            (30.0, 11.0, "itself: WideCodec encodes 3.0 and rebuilds 1.1 times as fast, which is"),
            (11.0, 30.0, "itself: WideCodec encodes 1.1 and rebuilds 3.0 times as fast, which is"),
        ] {
            let text = sentence(encode, rebuild);
            assert!(text.contains(words), "{text}");
        }
        assert!(RULE.contains(&format!("{CLEARLY} times")));
    }

    #[test]
    fn refuses_what_no_code_has() {
        let question = |codes, size| Question { codes, size, time: Duration::ZERO };
        assert!(run(&question(vec![(0, 2)], 64)).unwrap_err().contains("0+2"));
        assert!(run(&question(vec![(4, 2)], 63)).unwrap_err().contains("--size 63: "));
        assert!(run(&question(vec![(4, 2)], usize::MAX - 1)).unwrap_err().contains("MiB"));
    }
}
