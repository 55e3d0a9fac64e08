//! `lustrine checksum`.

use crate::args::ChecksumFiles;
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::{Ui, escaped};
use lustrine::checksum::{Checksum, Manifest, State};
use lustrine::engine::{FileInput, Input, Progress};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// Bytes of a file that a thread sums at a time.
const PART: u64 = 4 << 20;
/// Bytes read at a time, so that all checksums find them in the cache.
const PIECE: usize = 256 << 10;
/// Parts whose sums are kept until they are joined.
const BATCH: usize = 256;
/// Where parts begin: a multiple of every sector.
const ALIGN: u64 = 4096;

pub fn run(args: &ChecksumFiles, ui: &Ui) -> Result<Code, Failure> {
    let checksums = types(&args.types)?;
    let mut files = Vec::new();
    let mut code = Code::Clean;
    for path in &args.files {
        match sum(path, &checksums, ui) {
            Ok(file) => {
                file.values
                    .iter()
                    .for_each(|(checksum, value)| ui.say(line(*checksum, *value, path)));
                files.push(document(path, &file));
            }
            // The other files are still worth their sums.
            Err(failure) => {
                ui.note(&failure);
                files.push(json!({ "file": name(path), "error": failure.to_string() }));
                code = Code::Input;
            }
        }
    }
    ui.document(&Value::Array(files));
    Ok(code)
}

/// Names, or `all`.
pub fn types(names: &[String]) -> Result<Vec<Checksum>, Failure> {
    let mut checksums = Vec::new();
    for name in names {
        let named = match name.as_str() {
            "all" => Checksum::ALL.to_vec(),
            name => vec![
                Checksum::from_name(name)
                    .map_err(|e| Failure::usage(format!("'{name}': {e}, all")))?,
            ],
        };
        checksums
            .extend(named.into_iter().filter(|new| !checksums.contains(new)).collect::<Vec<_>>());
    }
    Ok(checksums)
}

struct File {
    size: u64,
    /// Bytes that were read; the others are holes.
    read: u64,
    values: Vec<(Checksum, u64)>,
}

fn line(checksum: Checksum, value: u64, path: &Path) -> String {
    let digits = checksum.bits() as usize / 4;
    let name = escaped(&name(path));
    format!("{checksum:9} {value:0digits$x}  {name}")
}

/// The name of a file, as far as it is text.
fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn document(path: &Path, file: &File) -> Value {
    let value = |(checksum, value): &(Checksum, u64)| {
        (
            checksum.to_string(),
            json!(format!("{value:0digits$x}", digits = checksum.bits() as usize / 4)),
        )
    };
    json!({
        "file": name(path),
        "size": file.size,
        "read": file.read,
        "sums": file.values.iter().map(value).collect::<serde_json::Map<_, _>>(),
    })
}

fn sum(path: &Path, checksums: &[Checksum], ui: &Ui) -> Result<File, Failure> {
    let of = |e: std::io::Error| Failure::of(path.display(), e);
    if path == Path::new("-") {
        return stream(std::io::stdin().lock(), checksums).map_err(of);
    }
    let input = FileInput::open(path).map_err(of)?;
    let bar = ui.bar("summing", input.size());
    let begin = Instant::now();
    let file = parts(&input, checksums, &bar).map_err(of)?;
    drop(bar);
    if !ui.json() && file.size >= 1 << 30 {
        let holes = numbers::bytes(file.size - file.read);
        let rate = numbers::rate(file.read, begin.elapsed());
        ui.note(format_args!("{}: {rate}, {holes} of holes not read", path.display()));
    }
    Ok(file)
}

/// A file, its parts spread over threads; holes are not read.
fn parts(input: &FileInput, checksums: &[Checksum], bar: &dyn Progress) -> std::io::Result<File> {
    let size = input.size();
    let mut joined: Vec<_> = checksums.iter().map(|checksum| Manifest::new(*checksum)).collect();
    let (mut at, mut read) = (0, 0);
    while at < size {
        let (mut batch, mut next) = (Vec::new(), at);
        while batch.len() < BATCH && next < size {
            let Some(data) = input.next_data(next)?.filter(|data| data.start < size) else {
                next = size;
                break;
            };
            // To sectors' ends, which holes may begin within.
            let start = (data.start - data.start % ALIGN).max(next);
            let end = data.end.checked_next_multiple_of(ALIGN).map_or(size, |end| end.min(size));
            next = start;
            while next < end && batch.len() < BATCH {
                // Parts end where the file's own multiples do.
                let stop = (next - next % PART + PART).min(end);
                batch.push((next, stop - next));
                next = stop;
            }
        }
        bar.advance((next - at).saturating_sub(batch.iter().map(|(_, len)| len).sum()));
        let sums: Vec<Vec<u64>> = batch
            .par_iter()
            .map(|(at, len)| part(input, *at, *len, checksums, bar))
            .collect::<Result<_, _>>()?;
        for ((offset, len), sums) in batch.iter().zip(sums) {
            for (file, value) in joined.iter_mut().zip(sums) {
                file.part(*offset, *len, value).map_err(std::io::Error::other)?;
            }
            read += len;
        }
        at = next;
    }
    input.check_unchanged()?;
    let finish =
        |file: &Manifest| Ok((file.checksum(), file.finish(size).map_err(std::io::Error::other)?));
    Ok(File { size, read, values: joined.iter().map(finish).collect::<std::io::Result<_>>()? })
}

/// The checksums of `len` bytes.
fn part(
    input: &FileInput,
    at: u64,
    len: u64,
    checksums: &[Checksum],
    bar: &dyn Progress,
) -> std::io::Result<Vec<u64>> {
    let mut states: Vec<_> = checksums.iter().map(|checksum| State::new(*checksum)).collect();
    let mut buffer = vec![0; PIECE.min(len as usize)];
    let mut done = 0;
    while done < len {
        let want = usize::try_from(len - done).map_or(PIECE, |left| left.min(PIECE));
        let piece = &mut buffer[..want];
        let got = input.read_at(at + done, piece)?;
        if got < want {
            let text = format!("it ended at byte {} while it was read", at + done + got as u64);
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
        }
        states.iter_mut().for_each(|state| state.update(piece));
        bar.advance(want as u64);
        done += want as u64;
    }
    Ok(states.into_iter().map(State::finish).collect())
}

/// What comes in a pipe.
fn stream(mut input: impl Read, checksums: &[Checksum]) -> std::io::Result<File> {
    let mut states: Vec<_> = checksums.iter().map(|checksum| State::new(*checksum)).collect();
    let mut buffer = vec![0; PIECE];
    let mut size = 0;
    loop {
        let got = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        states.iter_mut().for_each(|state| state.update(&buffer[..got]));
        size += got as u64;
    }
    let values = checksums.iter().copied().zip(states.into_iter().map(State::finish)).collect();
    Ok(File { size, read: size, values })
}
