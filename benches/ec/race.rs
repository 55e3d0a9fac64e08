//! Contestants taking turns on the same memory.

use std::cell::RefCell;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::arena::{Arena, Layout};

/// A way to do the work on one set of the arena.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    run: RefCell<Box<dyn FnMut(usize) + 'a>>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(usize) + 'a) -> Contestant<'a> {
        Contestant { name, run: RefCell::new(Box::new(run)) }
    }

    /// Does the work on one set.
    pub(crate) fn once(&self, set: usize) {
        (*self.run.borrow_mut())(set);
    }
}

/// What the first contestant of a line is compared with.
pub(crate) struct Versus<'a> {
    pub(crate) title: &'static str,
    /// The fastest of these that take part.
    pub(crate) rivals: &'a [&'static str],
}

/// The first contestant to ISA-L.
pub(crate) const ISAL: Versus<'static> = Versus { title: "xISAL", rivals: &["isal"] };

/// Ratios of one line, with their titles.
pub(crate) type Ratios = Vec<(&'static str, f64)>;

/// How fast one contestant was, and in which round: the slow ones are not in all of them.
type Turn = (usize, f64);

/// A code as Lustre writes it: data and parity shards.
pub(crate) type Code = (usize, usize);

/// How long to run, and what.
#[derive(Clone)]
pub(crate) struct Race {
    pub(crate) quick: bool,
    pub(crate) layout: Layout,
    words: Vec<String>,
    /// What turns are timed by.
    pub(crate) clock: fn() -> Duration,
}

impl Race {
    pub(crate) fn new(quick: bool, layout: Layout, words: Vec<String>) -> Race {
        Race { quick, layout, words, clock: cpu_time }
    }

    /// By the arguments of a bench: `--quick`, `--layout L` or `--layout=L`, words. Cargo says
    /// `--bench` when it benches; `cargo test --benches` does not, and wants it quick.
    pub(crate) fn from_arguments() -> Race {
        let (mut quick, mut bench) = (false, false);
        let (mut layout, mut words) = (Layout::default(), Vec::new());
        let mut arguments = std::env::args().skip(1);
        while let Some(word) = arguments.next() {
            let value = match word.as_str() {
                "--layout" => Some(arguments.next().unwrap_or_default()),
                other => other.strip_prefix("--layout=").map(str::to_owned),
            };
            match (value, word.as_str()) {
                (Some(value), _) => {
                    let parsed = Layout::parse(&value);
                    layout = parsed.expect("--layout is page, or stagger or huge or both: 'a,b'");
                }
                (_, "--quick") => quick = true,
                (_, "--bench") => bench = true,
                (_, option) if option.starts_with("--") => panic!("unknown option {option}"),
                _ => words.push(word),
            }
        }
        Race::new(quick || !bench, layout, words)
    }

    /// True if the user asked for this line.
    pub(crate) fn wants(&self, op: &str, (k, p): Code, size: usize) -> bool {
        let quick = [(4, 2), (8, 2), (20, 8)].contains(&(k, p));
        (!self.quick || quick) && self.wants_line(&label(op, (k, p), size))
    }

    /// The same for a line that is not about a code.
    pub(crate) fn wants_line(&self, label: &str) -> bool {
        let said = |word: &String| label.split(' ').any(|part| part.starts_with(word.as_str()));
        self.words.iter().all(said)
    }

    /// True if one of the user's words is just this.
    pub(crate) fn names(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    pub(crate) fn arena(&self, shards: usize, size: usize) -> Arena {
        Arena::new(self.quick, self.layout, shards, size)
    }

    /// How many turns, and how long a turn takes.
    pub(crate) fn pace(&self) -> (usize, Duration) {
        match self.quick {
            true => (3, Duration::from_micros(200)),
            false => (41, Duration::from_micros(800)),
        }
    }

    /// The machine, and the library that ratios are to.
    pub(crate) fn print_header(&self, isal: Option<String>) {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split(':').next_back().unwrap_or_default().trim().to_owned()
        };
        let (family, model) = (field("cpu family"), field("model\t"));
        println!("{}, family {family} model {model}", field("model name"));
        for index in 0..4 {
            let dir = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
            let [level, kind, size] =
                ["level", "type", "size"].map(|f| read(&format!("{dir}/{f}")));
            print!("L{} {} {}; ", level.trim(), kind.trim(), size.trim());
        }
        println!("shards: {}", self.layout.name());
        println!("rival: {}", isal.as_deref().unwrap_or("no ISA-L"));
        println!("GB of data per second (M: MB); x: first contestant to it, median of turns");
    }

    /// Times all contestants in turns, and prints a line. Gives the ratios of the first to others.
    pub(crate) fn run(
        &self,
        op: &str,
        code: Code,
        arena: &Arena,
        list: &[Contestant],
        versus: &[Versus],
    ) -> Ratios {
        self.run_bytes(op, code, code.0 * arena.size, arena, list, versus)
    }

    /// The same, if a run is not over all data of a set but over `bytes`.
    pub(crate) fn run_bytes(
        &self,
        op: &str,
        code: Code,
        bytes: usize,
        arena: &Arena,
        list: &[Contestant],
        versus: &[Versus],
    ) -> Ratios {
        self.line(&label(op, code, arena.size), bytes, arena, list, versus)
    }

    /// A line that is not about a code.
    pub(crate) fn line(
        &self,
        label: &str,
        bytes: usize,
        arena: &Arena,
        list: &[Contestant],
        versus: &[Versus],
    ) -> Ratios {
        let speeds = self.speeds(bytes, arena.sets(), list);
        let place = match (arena.sets(), arena.set_bytes()) {
            (2.., _) => "DRAM",
            (_, ..=49_152) => "L1/L2",
            (_, ..=2_097_152) => "L2",
            _ => "L3",
        };
        print!("{label:<24} {place:<6}");
        for (contestant, speeds) in list.iter().zip(&speeds) {
            match middle(speeds) {
                slow @ ..0.5 => print!(" {} {:.0}M", contestant.name, slow * 1e3),
                fast => print!(" {} {fast:.2}", contestant.name),
            }
        }
        let mut ratios = Vec::new();
        for Versus { title, rivals } in versus {
            let takes_part = |name: &&&str| list.iter().position(|c| c.name == **name);
            let rivals = rivals.iter().filter_map(|name| takes_part(&name));
            let speed = |rival: &usize| middle(&speeds[*rival]);
            let Some(rival) = rivals.max_by(|a, b| speed(a).total_cmp(&speed(b))) else {
                continue;
            };
            let ratio = median(ratios_by_round(&speeds[0], &speeds[rival]));
            print!(" | {title} {ratio:.2}");
            ratios.push((*title, ratio));
        }
        println!();
        ratios
    }

    /// The speeds of each contestant, turn by turn, in GB/s, a run being `bytes`.
    fn speeds(&self, bytes: usize, sets: usize, list: &[Contestant]) -> Vec<Vec<Turn>> {
        let (rounds, slice) = self.pace();
        // One rotation for all: else a contestant would find what the one before it has just used.
        let mut next = 0;
        // How often each runs in a turn, from one run with all warm; and in how many turns, since
        // the slowest would take up all the time. Powers of 3, so that any two meet as often as the
        // slower of them runs, and in both directions.
        let plan: Vec<(usize, usize)> = list
            .iter()
            .map(|contestant| {
                let run = &mut *contestant.run.borrow_mut();
                run(0);
                let start = (self.clock)();
                run(0);
                let each = ((self.clock)() - start).as_nanos().max(1);
                let count = (slice.as_nanos() / each).clamp(1, 1 << 20);
                let sparse = (each / slice.as_nanos() / 4).clamp(1, rounds as u128 / 3);
                (count as usize, 3_usize.pow(sparse.ilog(3)))
            })
            .collect();
        let mut speeds = vec![Vec::with_capacity(rounds); list.len()];
        // The turns before the first only wake the CPU up.
        for round in 0..=rounds {
            for turn in 0..list.len() {
                // To and fro, so that nobody always follows the same one.
                let i = if round % 2 == 0 { turn } else { list.len() - 1 - turn };
                let (count, sparse) = plan[i];
                let warming = round == 0;
                if warming && sparse > 1 || !warming && !(round - 1).is_multiple_of(sparse) {
                    continue;
                }
                let run = &mut *list[i].run.borrow_mut();
                let start = (self.clock)();
                for _ in 0..count {
                    run(next);
                    next = (next + 1) % sets;
                }
                let took = ((self.clock)() - start).as_secs_f64();
                if !warming {
                    speeds[i].push((round, (count * bytes) as f64 / took / 1e9));
                }
            }
        }
        speeds
    }
}

/// The ratios of one contestant to another in the rounds that both ran in.
fn ratios_by_round(first: &[Turn], rival: &[Turn]) -> Vec<f64> {
    let same = |(round, speed): &Turn| {
        let at = rival.binary_search_by_key(round, |(round, _)| *round).ok()?;
        Some(speed / rival[at].1)
    };
    first.iter().filter_map(same).collect()
}

fn label(op: &str, (k, p): Code, size: usize) -> String {
    format!("{op} {k}+{p} {}K", size >> 10)
}

/// Time that this thread has had a CPU: others may run on the machine.
pub(crate) fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn middle(turns: &[Turn]) -> f64 {
    median(turns.iter().map(|(_, speed)| *speed).collect())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
