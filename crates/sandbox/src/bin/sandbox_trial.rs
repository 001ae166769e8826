//! The supervisor and the launcher of this crate's own tests.
//!
//! `sandbox-trial run MODE WORKTREE LINE` runs one line; `sandbox-trial attacks MODE` runs the
//! attacks and prints a row for each.

use equitr_sandbox::{Mode, Policy, choose, launch_if_asked, wrap};
use std::process::ExitCode;

fn main() -> ExitCode {
    launch_if_asked(std::env::args_os());
    match tried() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn tried() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let launcher = std::env::current_exe()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let backend = |mode: &str| -> Result<_, equitr_sandbox::Error> {
        choose(mode.parse::<Mode>()?, &path, &launcher)
    };
    match words[..] {
        ["run", mode, worktree, line] => {
            let policy = Policy::new(worktree);
            let variables = [("PATH".into(), path.clone())].into();
            let status = wrap(&backend(mode)?, &policy, &variables, &launcher, line)?.status()?;
            Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(255))?))
        }
        _ => Err("usage: sandbox-trial run MODE WORKTREE LINE | attacks MODE".into()),
    }
}
