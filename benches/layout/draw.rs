//! Pictures of many stripes.

use std::hint::black_box;

use lustrine::layout::draw::Picture;
use lustrine::layout::{Layout, Pattern};

use crate::map::striping;
use crate::turns::{Contestant, Turns};

pub(crate) fn run(turns: &Turns) {
    for count in [8u16, 2000] {
        let mut striping = striping(count);
        striping.pattern = Pattern(Pattern::RAID0 | Pattern::OVERSTRIPING);
        let layout = Layout::Plain(striping);
        let draw = |all: bool| Picture::of(&layout, "f").text().all(all).to_string().len();
        let svg = || Picture::of(&layout, "f").svg().to_string().len();
        assert!(draw(false) > 100 && draw(true) >= draw(false) && svg() > 1000);
        let contestants: Vec<Contestant<'_>> = vec![
            ("SVG", Box::new(|| u64::from(black_box(svg()) > 0))),
            ("text, all stripes", Box::new(|| u64::from(black_box(draw(true)) > 0))),
            ("text", Box::new(|| u64::from(black_box(draw(false)) > 0))),
        ];
        turns.race(&format!("draw: {count} stripes"), "pictures/s", 1.0, contestants);
    }
}
