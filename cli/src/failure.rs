//! How a command ends: exit codes, and errors that say what to do next.

use lustrine::engine;
use lustrine::layout::plan::PlanError;
use std::fmt;
use std::process::ExitCode;

/// The exit codes of the command. Most usage errors are the parser's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Clean,
    Input,
    Usage,
    Repairable,
    Lost,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(match code {
            Code::Clean => 0,
            Code::Input => 1,
            Code::Usage => 2,
            Code::Repairable => 3,
            Code::Lost => 4,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    text: String,
}

impl Failure {
    /// Bad input, or I/O that failed.
    pub fn input(text: impl fmt::Display) -> Self {
        Self { code: Code::Input, text: text.to_string() }
    }

    /// The options do not go together.
    pub fn usage(text: impl fmt::Display) -> Self {
        Self { code: Code::Usage, text: text.to_string() }
    }

    /// Input of this file is bad.
    pub fn of(what: impl fmt::Display, text: impl fmt::Display) -> Self {
        Self::input(format_args!("{what}: {text}"))
    }

    pub fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        let code = match &error {
            engine::Error::Plan(PlanError::StaleParity { .. }) => Code::Repairable,
            engine::Error::Plan(PlanError::DataLost { .. } | PlanError::ParityLost { .. }) => {
                Code::Repairable
            }
            _ => Code::Input,
        };
        Self { code, text: error.to_string() }
    }
}
