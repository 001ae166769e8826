//! What a person is told when something does not work, and with which exit code.

use std::fmt;

/// The exit codes, as the README lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All that was wanted is there.
    Done = 0,
    /// Nothing could be delivered, or a fault of ours.
    Failed = 1,
    /// A flag, a configuration file or an input is wrong.
    Usage = 2,
    /// Something is missing here: a repository, a program, a key.
    Environment = 3,
    /// The budget or the provider's quota is used up; `resume` goes on.
    Budget = 4,
    /// Something was delivered, and something was left undone or unproven.
    OpenWork = 5,
    /// Another process works on the repository.
    Locked = 6,
    /// The journal can't be read or written.
    Journal = 7,
    /// Stopped by the person; `resume` goes on.
    Interrupted = 130,
}

/// One or more problems, each with a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// All of them, at least one.
    pub problems: Vec<Problem>,
    /// The exit code.
    pub exit: Exit,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, with the value and the place: lowercase, no full stop.
    pub message: String,
    /// The source line and a caret, or other lines to be shown as they are.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl CliError {
    /// One problem.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        let problem = Problem { message: message.into(), detail: None, hint: None };
        Self { problems: vec![problem], exit }
    }

    /// Something about flags, configuration or input.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something that is missing here.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, message)
    }

    /// With a way out for the last problem.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.into());
        }
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "error: {}", problem.message)?;
            if let Some(detail) = &problem.detail {
                write!(f, "\n{detail}")?;
            }
            if let Some(hint) = &problem.hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}
