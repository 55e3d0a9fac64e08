//! The plan of a codec, computing coefficient by coefficient, and each shape alone.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::{Backend, Shape};

use crate::Bench;
use crate::encode::{Encoders, arena};
use crate::race::{Code, Ratios, Versus};
use crate::summary::{EIGHT, FOUR, Figure, ODD, SEVEN};
use crate::totals::Totals;

const FIGURES: &[Figure] = &[
    SEVEN,
    FOUR,
    EIGHT,
    ODD,
    ("5 to 15", &[(9, 5), (10, 5), (9, 6), (10, 6), (16, 6), (18, 8), (32, 8), (16, 15)]),
];
const SIZES: &[usize] = &[4 << 10, 64 << 10];
const DIRECT: Versus = Versus { title: "xDIRECT", rivals: &["direct"] };

/// For the backends that the user names, or the best.
pub(crate) fn plan(bench: &Bench, totals: &mut Totals) {
    let mut backends: Vec<Backend> =
        Backend::available().filter(|backend| bench.race.names(backend.name())).collect();
    if backends.is_empty() {
        backends.push(Backend::best());
    }
    for backend in backends {
        let op = format!("plan {backend}");
        let run = |bench: &Bench, code, size| race(bench, &op, backend, code, size);
        bench.operation(&op, SIZES, FIGURES, totals, run);
    }
}

fn race(bench: &Bench, op: &str, backend: Backend, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let geometry = Geometry::new(code.0, code.1).unwrap();
    let mut field = Encoders::new(arena, code);
    let mut add = |name: &'static str, codec: Codec| {
        field.add(name, move |set| {
            let (data, mut parity) = arena.split(set, code.0);
            codec.encode(data, &mut parity).unwrap();
        });
    };
    let chosen = Codec::with_backend(geometry, backend);
    let page = chosen.plan().to_string();
    let mut same = Vec::new();
    add("plan", chosen);
    add("direct", Codec::with_shapes(geometry, backend, &[]));
    for shape in Shape::ALL.iter().filter(|shape| **shape != Shape::Direct) {
        let codec = Codec::with_shapes(geometry, backend, &[*shape]);
        let name: &'static str = format!("{shape:?}").to_lowercase().leak();
        if codec.plan().to_string() == page {
            // Against itself it would only show noise.
            same.push(name);
        } else if codec.plan().parts().iter().any(|part| part.shape == *shape) {
            add(name, codec);
        }
    }
    let names: Vec<&'static str> = field.list.iter().skip(1).map(|it| it.name).collect();
    let others = Versus { title: "xOTHERS", rivals: &names };
    let ratios = bench.race.run(op, code, arena, &field.list, &[DIRECT, others]);
    if !same.is_empty() {
        println!("   the plan is {} alone", same.join(" or "));
    }
    ratios
}
