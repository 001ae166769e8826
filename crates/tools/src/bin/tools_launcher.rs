//! The launcher of this crate's own tests: a program that can become a sandboxed command.

use std::process::ExitCode;

fn main() -> ExitCode {
    equitr_sandbox::launch_if_asked(std::env::args_os());
    eprintln!("error: this program is started by a sandbox only");
    ExitCode::FAILURE
}
