//! Arguments in, exit code out.

mod args;
mod commands;
mod conversation;
mod editor;
mod error;
mod models;
mod profiles;
mod sandbox;
mod secrets;
mod session;
mod settings;
mod start;
mod steering;
mod surface;
mod survey;
mod typed;
mod watch;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use commands::{config, demo, doctor, runs, steer};
use equitr_core::spec::Goal;
use error::{CliError, Exit};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Inside a sandbox the program is its launcher, and nothing else of it runs.
    equitr_sandbox::launch_if_asked(std::env::args_os());
    secrets::close_memory();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    let json = wants_json(&cli);
    let exit = carry_out(&cli).unwrap_or_else(|error| {
        if json {
            for problem in &error.problems {
                let hint = problem.hint.as_deref();
                eprintln!("{}", equitr_ui::json::error_line(&problem.message, hint));
            }
        } else {
            eprintln!("{error}");
        }
        error.exit
    });
    ExitCode::from(exit as u8)
}

fn carry_out(cli: &Cli) -> Result<Exit, CliError> {
    let env = &settings::variable;
    let out = &mut std::io::stdout().lock();
    let names = || std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let names: Vec<String> = names();
    match &cli.command {
        None => start::start(&cli.start, Goal::Project, env),
        Some(Command::Plan(args)) => start::start(args, Goal::Plan, env),
        Some(Command::Run(args)) => start::run(args, env),
        Some(Command::Resume(args)) => runs::resume(args, env),
        Some(Command::Replan(args)) => commands::replan::replan(args, env),
        Some(Command::Status(args)) => runs::status(args, env, out),
        Some(Command::Steer(args)) => steer::steer(args, env, out),
        Some(Command::Runs(args)) => runs::runs(args, env, out),
        Some(Command::Show(args)) => runs::show(args, env, out),
        Some(Command::Explain(args)) => commands::explain::explain(args, env, out),
        Some(Command::Report(args)) => runs::report(args, env, out),
        Some(Command::Models(args)) => commands::models::run(args, out),
        Some(Command::Config(args)) => {
            let home = settings::home(args.settings.home.as_deref(), env)?;
            config::run(args, &home, env, &names, out)
        }
        Some(Command::Doctor(args)) => {
            let home = settings::home(args.settings.home.as_deref(), env)?;
            doctor::run(args, &home, env, &names, out)
        }
        Some(Command::Demo(args)) => demo::run(args, env),
        Some(Command::Completions { shell }) => {
            // In one piece: clap breaks down where a reader has gone away.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "equitrcoder", &mut script);
            commands::page::print(out, &String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
    }
}

fn wants_json(cli: &Cli) -> bool {
    match &cli.command {
        None => cli.start.output.json,
        Some(Command::Plan(args)) => args.output.json,
        Some(Command::Run(args)) => args.output.json,
        Some(Command::Resume(args)) => args.output.json,
        Some(Command::Replan(args)) => args.output.json,
        Some(Command::Status(args)) => args.json,
        Some(Command::Demo(args)) => args.output.json,
        Some(
            Command::Runs(_)
            | Command::Steer(_)
            | Command::Show(_)
            | Command::Explain(_)
            | Command::Report(_)
            | Command::Models(_)
            | Command::Config(_)
            | Command::Doctor(_)
            | Command::Completions { .. },
        ) => false,
    }
}
