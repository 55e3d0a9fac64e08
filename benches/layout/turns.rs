//! Contestants taking turns in one process.

use std::time::Instant;

/// A way to do the work: a name, and how much it did.
pub(crate) type Contestant<'a> = (&'a str, Box<dyn FnMut() -> u64 + 'a>);

/// How many turns there are.
pub(crate) struct Turns {
    quick: bool,
}

impl Turns {
    pub(crate) fn new(quick: bool) -> Turns {
        Turns { quick }
    }

    /// The smaller amount where only a look is wanted.
    pub(crate) fn amount(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }

    /// Lets each do its work in turn, and prints how much each did per second, in `unit`s (`each`
    /// of what is counted), and how the first compares with the others.
    pub(crate) fn race(
        &self,
        title: &str,
        unit: &str,
        each: f64,
        contestants: Vec<Contestant<'_>>,
    ) {
        let mut contestants = contestants;
        let rounds = self.amount(31, 3);
        let mut rates = vec![Vec::new(); contestants.len()];
        for (_, run) in &mut contestants {
            run();
        }
        for _ in 0..rounds {
            for ((_, run), rates) in contestants.iter_mut().zip(&mut rates) {
                let start = Instant::now();
                let done = run();
                rates.push(done as f64 / each / start.elapsed().as_secs_f64());
            }
        }
        let first = rates[0].clone();
        for ((name, _), rates) in contestants.iter().zip(rates) {
            let mut ratios: Vec<f64> = first.iter().zip(&rates).map(|(a, b)| a / b).collect();
            let (rate, ratio) = (median(&mut { rates }), median(&mut ratios));
            println!("{title:<34} {name:<22} {rate:>10.1} {unit}   first / this {ratio:>6.2}");
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
