//! `lustrine layout check`.

use crate::args::LayoutCheck;
use crate::ea;
use crate::failure::{Code, Failure};
use crate::ui::Ui;
use lustrine::layout::check::{Finding, Severity, check};
use serde_json::{Value, json};

pub fn run(args: &LayoutCheck, ui: &Ui) -> Result<Code, Failure> {
    let mut documents = Vec::new();
    let mut worst = None;
    for argument in &args.eas {
        let bytes = ea::bytes(argument)?;
        let report = check(&bytes);
        worst = worst.max(report.worst());
        if report.findings.is_empty() {
            ui.say(format_args!("{argument}: nothing wrong"));
        }
        for finding in &report.findings {
            ui.say(format_args!("{argument}: {}: {finding}", finding.severity()));
        }
        let findings: Vec<Value> = report.findings.iter().map(document).collect();
        documents.push(json!({ "ea": argument, "bytes": bytes.len(), "findings": findings }));
    }
    ui.document(&Value::Array(documents));
    Ok(match worst {
        None | Some(Severity::Odd) => Code::Clean,
        Some(Severity::Unusable) => Code::Repairable,
        Some(Severity::Refused) => Code::Input,
    })
}

fn document(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity().to_string(),
        "code": finding.code(),
        "errno": finding.errno(),
        "offset": finding.offset,
        "component": finding.component,
        "text": finding.to_string(),
    })
}
