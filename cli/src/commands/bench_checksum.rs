//! `lustrine bench checksum`: how fast this machine sums, as the kernel measures it at boot.
//!
//! The kernel's test feeds one page, filled with 0xad, again and again for a buffer of 1 MiB, and
//! counts MiB per second. So do we; the last column sums such a buffer in one call. Backends and
//! checksums take turns; figures are medians of one thread.

use std::time::Duration;

use super::bench_ec::{median, race};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use lustrine::checksum::{Backend, Checksum, State};
use serde_json::{Value, json};

/// The kernel's page, and what it is filled with.
const PAGE: usize = 4096;
const FILL: u8 = 0xad;
/// The kernel's buffer.
const BUFFER: usize = 1 << 20;
/// 10^9 bytes in MiB.
const MIB_PER_GB: f64 = 1e9 / (1 << 20) as f64;
/// A checksum is offered by a server that reaches this share of Adler-32's speed.
const QUICK: f64 = 0.5;
/// A core's share that integrity should not exceed.
const CHEAP: f64 = 0.25;

/// The speeds of a checksum on a backend, MiB/s.
#[derive(Debug)]
pub struct Line {
    pub checksum: Checksum,
    pub backend: Backend,
    /// A page at a time.
    pub pages: f64,
    /// A buffer at a time.
    pub whole: f64,
}

/// What a client or server has to sum, GB/s over all its cores.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    pub rate: f64,
    pub cores: u32,
}

/// Measures the checksums on a backend, or on all.
pub fn run(
    checksums: &[Checksum],
    backend: Option<&str>,
    time: Duration,
) -> Result<Vec<Line>, String> {
    let backends: Vec<Backend> = match backend {
        None => Backend::available().collect(),
        Some(name) => vec![Backend::from_name(name).map_err(|error| format!("{name}: {error}"))?],
    };
    let (page, buffer) = ([FILL; PAGE], vec![FILL; BUFFER]);
    let pages = || std::iter::repeat_n(&page[..], BUFFER / PAGE);
    let mut lines = Vec::new();
    for checksum in checksums {
        let right = sum(*checksum, pages(), None);
        let named: Vec<_> = backends.iter().map(|backend| (backend.name(), *backend)).collect();
        let fed = race(&named, BUFFER, time, |backend, check| {
            Ok(sum(*checksum, pages(), Some(*backend)) == right || !check)
        })?;
        let whole = race(&named, BUFFER, time, |backend, check| {
            Ok(sum(*checksum, [&buffer[..]].into_iter(), Some(*backend)) == right || !check)
        })?;
        let line = |(i, backend): (usize, &Backend)| Line {
            checksum: *checksum,
            backend: *backend,
            pages: median(&fed[i]) * MIB_PER_GB,
            whole: median(&whole[i]) * MIB_PER_GB,
        };
        lines.extend(backends.iter().enumerate().map(line));
    }
    Ok(lines)
}

/// Of pieces, on a backend; by default the portable one, which the others are checked against.
fn sum<'a>(
    checksum: Checksum,
    pieces: impl Iterator<Item = &'a [u8]>,
    backend: Option<Backend>,
) -> u64 {
    let portable = || Backend::available().last().unwrap_or(Backend::best());
    let mut state = State::with_backend(checksum, 0, backend.unwrap_or_else(portable));
    pieces.for_each(|piece| state.update(piece));
    // The result is used, so that the work is done.
    std::hint::black_box(state.finish())
}

/// For people.
pub fn table(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    table.set_header(["checksum", "backend", "pages", "1 MiB"]);
    let mut last = None;
    for line in lines {
        let name =
            if last == Some(line.checksum) { String::new() } else { line.checksum.to_string() };
        last = Some(line.checksum);
        let [pages, whole] = [line.pages, line.whole].map(|speed| format!("{speed:.0}"));
        table.add_row([name, line.backend.to_string(), pages, whole]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "MiB per second, one thread: pages of 4 KiB as the kernel's own test feeds them, and 1 MiB at once\n{table}"
    )
}

/// For programs.
pub fn json(lines: &[Line]) -> Value {
    let line = |line: &Line| {
        json!({
            "checksum": line.checksum.name(),
            "backend": line.backend.name(),
            "pages": line.pages,
            "whole": line.whole,
        })
    };
    json!({
        "unit": "MiB per second",
        "best": Backend::best().name(),
        "results": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// What is said of one checksum.
#[derive(Debug)]
pub struct Advice {
    pub checksum: Checksum,
    /// MiB/s of one core, a page at a time.
    pub speed: f64,
    /// Cores that it takes.
    pub client: f64,
    pub server: f64,
    /// Within what both sides can give.
    pub cheap: bool,
    /// A server that measures as this machine does offers it.
    pub offered: bool,
}

/// What each checksum of the wire costs a client and a server, both being like this machine; those
/// that see more first.
pub fn advise(lines: &[Line], client: Need, server: Need) -> Vec<Advice> {
    let speed = |checksum| {
        lines.iter().find(|line| line.checksum == checksum).map_or(0.0, |line| line.pages)
    };
    let adler = speed(Checksum::Adler32);
    let cores = |need: Need, speed: f64| need.rate * MIB_PER_GB / speed.max(1e-9);
    let fits = |need: Need, cores: f64| cores <= f64::from(need.cores) * CHEAP;
    let advice = |checksum: Checksum| {
        let speed = speed(checksum);
        let (on_client, on_server) = (cores(client, speed), cores(server, speed));
        Advice {
            checksum,
            speed,
            client: on_client,
            server: on_server,
            cheap: fits(client, on_client) && fits(server, on_server),
            offered: speed >= QUICK * adler,
        }
    };
    RANK.into_iter().map(advice).collect()
}

/// By what escapes them: a CRC of 32 bits sees every burst of 32 bits; guards of sectors are weaker by
/// themselves, but a disk keeps them; sums come last.
const RANK: [Checksum; 7] = [
    Checksum::Crc32c,
    Checksum::Crc32,
    Checksum::T10Crc4k,
    Checksum::T10Crc512,
    Checksum::Adler32,
    Checksum::T10Ip4k,
    Checksum::T10Ip512,
];

/// For people.
pub fn advice_text(advice: &[Advice], client: Need, server: Need) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    table.set_header(["checksum", "MiB/s a core", "cores of the client", "of the server", ""]);
    for line in advice {
        let cores = |cores: f64, need: Need| format!("{cores:.2} of {}", need.cores);
        let verdict = match (line.cheap, line.offered) {
            (true, true) => "good",
            (true, false) => "cheap, but a server like this does not offer it",
            (false, _) => "too dear",
        };
        table.add_row([
            line.checksum.to_string(),
            format!("{:.0}", line.speed),
            cores(line.client, client),
            cores(line.server, server),
            verdict.to_string(),
        ]);
    }
    let choice = match best(advice) {
        Some(best) => format!(
            "Enable {0}: on the clients, lctl set_param osc.*.checksums=1 osc.*.checksum_type={0}",
            best.checksum
        ),
        None => format!(
            "None is offered and takes less than {:.0} % of the cores of either side: more cores, or \
             network cards that check, are needed",
            100.0 * CHEAP
        ),
    };
    format!(
        "client {} GB/s, server {} GB/s, both with cores like this one's and with these kernels\n{table}\n\
         {choice}\nWhat is offered is said by lctl get_param osc.*.checksum_type; with other kernels \
         than these it may be less. Where the targets have T10 devices, their own type comes first.",
        client.rate, server.rate
    )
}

/// The first that is cheap on both sides.
fn best(advice: &[Advice]) -> Option<&Advice> {
    advice.iter().find(|line| line.cheap && line.offered)
}

/// For programs.
pub fn advice_json(advice: &[Advice], client: Need, server: Need) -> Value {
    let line = |line: &Advice| {
        json!({
            "checksum": line.checksum.name(),
            "mib_per_second": line.speed,
            "client_cores": line.client,
            "server_cores": line.server,
            "cheap": line.cheap,
            "offered": line.offered,
        })
    };
    let side = |need: Need| json!({ "gb_per_second": need.rate, "cores": need.cores });
    json!({
        "client": side(client),
        "server": side(server),
        "enable": best(advice).map(|line| line.checksum.name()),
        "checksums": advice.iter().map(line).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn measures_each_checksum_on_each_backend() {
        let lines = run(&Checksum::ALL, None, Duration::from_millis(1)).unwrap();
        assert_eq!(lines.len(), Checksum::ALL.len() * Backend::available().count());
        assert!(lines.iter().all(|line| line.pages > 0.0 && line.whole > 0.0), "{lines:?}");
        assert!(table(&lines).contains("t10crc4K"));
        assert_eq!(json(&lines)["results"].as_array().unwrap().len(), lines.len());
        assert!(
            run(&Checksum::ALL, Some("abacus"), Duration::ZERO).unwrap_err().contains("abacus")
        );
    }

    /// Speeds made up: CRC32C at 1000 MiB/s, all others ten times as fast, T10 CRCs slow.
    #[test]
    fn advice_follows_the_rates() {
        let line = |checksum| {
            let pages = match checksum {
                Checksum::Crc32c => 1000.0,
                Checksum::T10Crc4k | Checksum::T10Crc512 => 4000.0,
                _ => 10_000.0,
            };
            Line { checksum, backend: Backend::best(), pages, whole: pages }
        };
        let lines: Vec<_> = Checksum::ALL.map(line).into();
        let need = |rate| Need { rate, cores: 8 };
        let choice = |client, server| {
            let advice = advise(&lines, need(client), need(server));
            let text = advice_text(&advice, need(client), need(server));
            let name = best(&advice).map(|line| line.checksum);
            assert_eq!(name.is_some(), text.contains("lctl set_param"), "{text}");
            name
        };
        // CRC32C is slower than half of Adler-32: no server offers it, however cheap it is.
        assert_eq!(choice(0.1, 0.1), Some(Checksum::Crc32));
        assert_eq!(choice(10.0, 10.0), Some(Checksum::Crc32));
        assert_eq!(choice(10.0, 30.0), None, "the server cannot");
        assert_eq!(choice(30.0, 10.0), None, "the client cannot");
    }
}
