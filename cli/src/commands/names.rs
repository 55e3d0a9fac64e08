//! `lustrine ls` and `rm`.

use super::open;
use crate::args::{Ls, Rm};
use crate::failure::{Code, Failure};
use crate::numbers;
use crate::ui::Ui;
use lustrine::layout::plan::{Health, Tolerance};
use serde_json::json;

pub fn ls(args: &Ls, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    let mut list = Vec::new();
    let mut code = Code::Clean;
    for name in volume.namespace().names()? {
        // One damaged entry must not hide the others.
        let entry = match volume.namespace().get(&name) {
            Ok(entry) => entry,
            Err(error) => {
                ui.note(format_args!("{name}: {error}"));
                code = Code::Input;
                continue;
            }
        };
        let tolerance = Tolerance::of(&entry.layout, entry.size, &Health::good());
        let components = entry.layout.component_count();
        ui.say(format_args!(
            "{:>12}  {components} components, tolerates {}  {name}",
            numbers::bytes(entry.size),
            tolerance.osts,
        ));
        list.push(json!({
            "name": name,
            "size": entry.size,
            "components": components,
            "tolerated_ost_failures": tolerance.osts,
        }));
    }
    ui.document(&json!({ "files": list }));
    Ok(code)
}

pub fn rm(args: &Rm, ui: &Ui) -> Result<Code, Failure> {
    let volume = open(&args.store)?;
    volume.remove(&args.name)?;
    ui.say(format_args!("{}: removed", args.name));
    ui.document(&json!({ "name": args.name, "removed": true }));
    Ok(Code::Clean)
}
