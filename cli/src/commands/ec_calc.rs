//! `lustrine ec calc`.

use crate::args::EcCalc;
use crate::failure::{Code as Exit, Failure};
use crate::numbers;
use crate::ui::Ui;
use lustrine::layout::analysis::{Blowup, Code, mttdl_hours};
use serde_json::{Value, json};

/// Hours of a year.
const YEAR: f64 = 24.0 * 365.25;

pub fn run(args: &EcCalc, ui: &Ui) -> Result<Exit, Failure> {
    let positive = |hours: f64| hours.is_finite() && hours > 0.0;
    if !positive(args.mttf) || !positive(args.mttr) {
        return Err(Failure::usage("--mttf and --mttr: expected hours above 0"));
    }
    let unit = u32::try_from(args.stripe_size)
        .map_err(|_| Failure::usage("--stripe-size: expected less than 4G"))?;
    let (k, p) = args.ec;
    let code = Code::new(k, p, args.stripes, unit, args.osts).map_err(Failure::usage)?;
    let figures = Figures::of(&code, args);
    if ui.json() {
        ui.document(&figures.document(args));
    } else {
        ui.say(figures.text(args));
    }
    Ok(Exit::Clean)
}

struct Figures {
    /// (how many, data, parity).
    sets: Vec<(u32, u32, u32)>,
    stripes: u32,
    overhead: f64,
    blowups: Vec<Blowup>,
    osts: u32,
    domains: Option<(u32, u32)>,
    degraded: (f64, f64),
    set_years: f64,
    system_years: f64,
}

impl Figures {
    fn of(code: &Code, args: &EcCalc) -> Figures {
        let mut sets: Vec<(u32, u32, u32)> = Vec::new();
        for set in code.sets().iter() {
            match sets.last_mut() {
                Some((count, data, _)) if *data == set.data => *count += 1,
                _ => sets.push((1, set.data, code.parities())),
            }
        }
        let unit = args.stripe_size;
        let row = unit * u64::from(code.stripes());
        let k = u64::from(code.sets().largest());
        let mut sizes = vec![4096, 64 << 10, unit, unit * k, row, row * 10];
        sizes.sort_unstable();
        sizes.dedup();
        let domain = |ost: u32| args.domains.map_or(ost, |domains| ost % domains);
        Figures {
            sets,
            stripes: code.stripes(),
            overhead: code.overhead(),
            blowups: sizes.into_iter().map(|size| code.blowup(size)).collect(),
            osts: code.tolerated(|ost| ost),
            domains: args.domains.map(|_| (code.tolerated(domain), code.together(domain))),
            degraded: code.degraded_read(),
            set_years: code.set_mttdl_hours(args.mttf, args.mttr) / YEAR,
            system_years: mttdl_hours(args.osts, code.parities(), args.mttf, args.mttr) / YEAR,
        }
    }

    fn text(&self, args: &EcCalc) -> String {
        let (k, p) = args.ec;
        let sets: Vec<String> = self
            .sets
            .iter()
            .map(|(count, data, parity)| format!("{count} x {data}+{parity}"))
            .collect();
        let unit = numbers::bytes(args.stripe_size);
        let mut lines = vec![format!(
            "{k}+{p} over {} stripes of {unit} on {} OSTs: RAID sets {}",
            self.stripes,
            args.osts,
            sets.join(", ")
        )];
        if self.stripes != args.stripes {
            lines.push(format!("  {} stripes were asked for: too few OSTs", args.stripes));
        }
        lines.push(format!("space: {:.1} % for parity in whole rows", 100.0 * self.overhead));
        lines.push("  file size     parity     stored".into());
        for one in &self.blowups {
            let (size, parity) = (numbers::bytes(one.size), numbers::bytes(one.parity));
            lines.push(format!("  {size:>9}  {parity:>9}    {:>5.2} x", one.factor));
        }
        lines.push(format!("survives: any {} OSTs", self.osts));
        if let (Some(domains), Some((tolerated, together))) = (args.domains, self.domains) {
            lines.push(format!(
                "  any {tolerated} of {domains} domains (up to {together} members of a set in one)"
            ));
        }
        lines.push(format!(
            "with an OST lost: a small read of what it held reads {:.0} times as much, small reads \
             anywhere {:.2} times; whole rows nothing more",
            self.degraded.0, self.degraded.1
        ));
        lines.push(format!(
            "mean time to data loss: one RAID set {}; all {} OSTs, if every {} of them \
             share a set, {}",
            years(self.set_years),
            args.osts,
            p + 1,
            years(self.system_years)
        ));
        lines.push(format!(
            "  model: OSTs fail independently, each once in {} h; one at a time is rebuilt, in \
             {} h; both at a constant rate",
            args.mttf, args.mttr
        ));
        lines.join("\n")
    }

    fn document(&self, args: &EcCalc) -> Value {
        let sets: Vec<Value> = self
            .sets
            .iter()
            .map(|(count, data, parity)| json!({ "count": count, "data": data, "parity": parity }))
            .collect();
        let files: Vec<Value> = self
            .blowups
            .iter()
            .map(|one| json!({ "size": one.size, "parity": one.parity, "factor": one.factor }))
            .collect();
        json!({
            "data": args.ec.0,
            "parity": args.ec.1,
            "stripes": self.stripes,
            "stripe_size": args.stripe_size,
            "osts": args.osts,
            "raid_sets": sets,
            "overhead": self.overhead,
            "files": files,
            "tolerated_osts": self.osts,
            "tolerated_domains": self.domains.map(|(tolerated, _)| tolerated),
            "together_in_domain": self.domains.map(|(_, together)| together),
            "degraded_read_hit": self.degraded.0,
            "degraded_read_average": self.degraded.1,
            "mttf_hours": args.mttf,
            "mttr_hours": args.mttr,
            "set_mttdl_years": self.set_years,
            "system_mttdl_years": self.system_years,
        })
    }
}

/// Years with as many digits as mean something, or hours.
fn years(years: f64) -> String {
    match years {
        y if y < 0.1 => format!("{:.1} hours", y * YEAR),
        y if y < 1e4 => format!("{y:.1} years"),
        y => format!("{y:.1e} years"),
    }
}
