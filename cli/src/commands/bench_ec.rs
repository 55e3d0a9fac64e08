//! `lustrine bench ec`: how fast this machine encodes, verifies and rebuilds.
//!
//! Backends take turns on the same buffers, and each result is checked before it is timed. One
//! thread; figures are medians, in bytes of data (k shards) per second.

use std::time::{Duration, Instant};

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;
use serde_json::{Value, json};

/// Turns that each figure is the median of.
const TURNS: u32 = 9;
/// What the shards of one geometry may take.
const MEMORY: usize = 192 << 20;

/// What to measure.
#[derive(Debug)]
pub struct Options {
    /// Codes, see [`geometries`].
    pub geometries: Vec<Geometry>,
    /// Bytes of a shard.
    pub size: usize,
    /// Time spent for each figure.
    pub time: Duration,
    /// Name of the only backend to measure; all of the machine if none.
    pub backend: Option<String>,
}

/// The speeds of one code on one backend, GB of data per second.
#[derive(Debug)]
pub struct Line {
    pub geometry: Geometry,
    pub backend: Backend,
    pub encode: f64,
    pub verify: f64,
    /// One shard lost, the first data shard.
    pub rebuild_one: f64,
    /// As many lost as the parity allows, the first shards.
    pub rebuild_most: f64,
}

/// Numbers of data and parity shards as `4+2,8+2`, of any code.
pub fn codes(text: &str) -> Result<Vec<(usize, usize)>, String> {
    let one = |code: &str| {
        let numbers = code.trim().split_once(['+', ':']);
        let numbers = numbers.and_then(|(k, p)| Some((k.parse().ok()?, p.parse().ok()?)));
        numbers.ok_or_else(|| format!("'{code}' is not a code: expected 8+2"))
    };
    text.split(',').map(one).collect()
}

/// Codes of Lustre as `4+2,8+2`.
pub fn geometries(text: &str) -> Result<Vec<Geometry>, String> {
    let geometry = |(k, p)| Geometry::new(k, p).map_err(|error| error.to_string());
    codes(text)?.into_iter().map(geometry).collect()
}

/// Measures. The lines of a geometry follow each other, fastest backend first.
pub fn run(options: &Options) -> Result<Vec<Line>, String> {
    let backends: Vec<Backend> = match &options.backend {
        None => Backend::available().collect(),
        Some(name) => vec![Backend::from_name(name).map_err(|error| format!("{name}: {error}"))?],
    };
    if options.size == 0 {
        return Err("shards of 0 bytes have no speed".into());
    }
    let mut lines = Vec::new();
    for geometry in &options.geometries {
        // Data, parity, and room for as many as can be lost.
        fits(geometry.total() + geometry.parity(), options.size)?;
        lines.extend(measure(*geometry, &backends, options)?);
    }
    Ok(lines)
}

/// Refuses more memory than a look at the speed should take.
pub fn fits(shards: usize, size: usize) -> Result<(), String> {
    if size <= MEMORY / shards.max(1) {
        return Ok(());
    }
    let most = MEMORY >> 20;
    Err(format!("{shards} shards of {size} bytes take more than {most} MiB; choose a smaller size"))
}

fn measure(
    geometry: Geometry,
    backends: &[Backend],
    options: &Options,
) -> Result<Vec<Line>, String> {
    let (k, p, size) = (geometry.data(), geometry.parity(), options.size);
    let text = |error: lustrine::Error| error.to_string();
    let codec = |backend: &Backend| (backend.name(), Codec::with_backend(geometry, *backend));
    let codecs: Vec<_> = backends.iter().map(codec).collect();
    let data: Vec<Vec<u8>> = (0..k).map(|shard| noise(size, shard as u64)).collect();
    let mut right = vec![vec![0; size]; p];
    let portable = Backend::from_name("portable").map_err(text)?;
    Codec::with_backend(geometry, portable).encode(&data, &mut right).map_err(text)?;

    let mut parity = vec![vec![0; size]; p];
    let encode = race(&codecs, k * size, options.time, |codec, check| {
        if check {
            parity.iter_mut().for_each(|shard| shard.fill(0));
        }
        codec.encode(&data, &mut parity).map_err(text)?;
        Ok(!check || parity == right)
    })?;
    let verify = race(&codecs, k * size, options.time, |codec, _| {
        codec.verify(&data, &right).map_err(text)
    })?;
    let mut rebuild = |lost: usize| {
        let shards = || data.iter().chain(&right);
        let survivors: Vec<_> =
            shards().enumerate().map(|(i, shard)| (i >= lost).then_some(shard)).collect();
        let mut wanted: Vec<_> = parity.iter_mut().take(lost).enumerate().collect();
        race(&codecs, k * size, options.time, |codec, check| {
            if check {
                wanted.iter_mut().for_each(|(_, shard)| shard.fill(0));
            }
            codec.reconstruct(&survivors, &mut wanted).map_err(text)?;
            Ok(!check || wanted.iter().zip(shards()).all(|((_, got), right)| *got == right))
        })
    };
    let (one, most) = (rebuild(1)?, rebuild(p)?);
    let line = |(i, backend): (usize, &Backend)| Line {
        geometry,
        backend: *backend,
        encode: median(&encode[i]),
        verify: median(&verify[i]),
        rebuild_one: median(&one[i]),
        rebuild_most: median(&most[i]),
    };
    Ok(backends.iter().enumerate().map(line).collect())
}

/// The speeds of `work` with each of some named codecs, turn by turn. The first call of each is told to
/// check that the result is right; `work` says if it was.
pub fn race<C>(
    codecs: &[(&str, C)],
    bytes: usize,
    time: Duration,
    mut work: impl FnMut(&C, bool) -> Result<bool, String>,
) -> Result<Vec<Vec<f64>>, String> {
    for (name, codec) in codecs {
        if !work(codec, true)? {
            return Err(format!("{name} gives wrong bytes"));
        }
    }
    let mut speeds = vec![Vec::new(); codecs.len()];
    for _ in 0..TURNS {
        for ((_, codec), speeds) in codecs.iter().zip(&mut speeds) {
            let (start, mut calls) = (Instant::now(), 0_usize);
            let took = loop {
                work(codec, false)?;
                calls += 1;
                let took = start.elapsed();
                if took >= time / TURNS {
                    break took;
                }
            };
            speeds.push((calls * bytes) as f64 / took.as_secs_f64().max(1e-9) / 1e9);
        }
    }
    Ok(speeds)
}

/// The middle one; 0 if there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Bytes that are not all alike (a linear congruence, top bits folded down).
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_add(1);
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// For people.
pub fn table(options: &Options, lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    table.set_header(["code", "backend", "encode", "verify", "rebuild 1", "rebuild p"]);
    let mut last = None;
    for line in lines {
        // The code's name once, above its backends.
        let code = match last == Some(line.geometry) {
            true => String::new(),
            false => format!("{}+{}", line.geometry.data(), line.geometry.parity()),
        };
        last = Some(line.geometry);
        let mut row = vec![code, line.backend.to_string()];
        let speeds = [line.encode, line.verify, line.rebuild_one, line.rebuild_most];
        row.extend(speeds.map(|speed| format!("{speed:.2}")));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("GB of data per second, one thread, shards of {} bytes\n{table}", options.size)
}

/// For programs.
pub fn json(options: &Options, lines: &[Line]) -> Value {
    let line = |line: &Line| {
        json!({
            "data": line.geometry.data(),
            "parity": line.geometry.parity(),
            "backend": line.backend.name(),
            "encode": line.encode,
            "verify": line.verify,
            "rebuild_one": line.rebuild_one,
            "rebuild_most": line.rebuild_most,
        })
    };
    json!({
        "unit": "gigabytes of data per second",
        "shard_bytes": options.size,
        "best": Backend::best().name(),
        "results": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(codes: &str, size: usize) -> Options {
        let geometries = geometries(codes).unwrap();
        Options { geometries, size, time: Duration::from_millis(1), backend: None }
    }

    #[test]
    fn measures_each_backend() {
        let options = options("4+2,1+1", 1000);
        let lines = run(&options).unwrap();
        assert_eq!(lines.len(), 2 * Backend::available().count());
        for line in &lines {
            let speeds = [line.encode, line.verify, line.rebuild_one, line.rebuild_most];
            assert!(speeds.iter().all(|speed| speed.is_finite() && *speed > 0.0), "{line:?}");
        }
        let text = table(&options, &lines);
        assert!(text.contains("4+2") && text.contains("portable"), "{text}");
        let json = json(&options, &lines);
        assert_eq!(json["results"].as_array().unwrap().len(), lines.len());
        assert_eq!(json["results"][0]["data"], 4);
    }

    #[test]
    fn wrong_work_is_not_timed() {
        let codec = [("abacus", ())];
        let error = race(&codec, 1, Duration::ZERO, |_, check| Ok(!check)).unwrap_err();
        assert!(error.contains("wrong bytes"), "{error}");
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        for text in ["", "8", "8+", "8+2,", "x+2", "300+2", "8+16", "1+2"] {
            assert!(geometries(text).is_err(), "{text}");
        }
        assert!(run(&options("8+2", 0)).is_err());
        assert!(run(&options("8+2", usize::MAX)).unwrap_err().contains("MiB"));
        let mut unknown = options("8+2", 100);
        unknown.backend = Some("abacus".into());
        assert!(run(&unknown).unwrap_err().contains("abacus"));
    }
}
