//! Which sandbox the commands of a run get, and what a person is told of it.

use crate::error::CliError;
use crate::session::with_causes;
use crate::settings::reason;
use crate::surface::Surface;
use equitr_core::policy::{Network, Sandbox};
use equitr_sandbox::attacks::{Verdict, run_all};
use equitr_sandbox::{Backend, Error, Mode, choose};
use std::path::PathBuf;
use std::sync::Arc;

/// The sandbox that a mode stands for on this machine, found out by running a command in it.
///
/// With hosts to be reached, `auto` is bubblewrap or nothing: landlock has no network to give.
///
/// # Errors
/// When there is none, with [`crate::error::Exit::Environment`]: no command is run then.
pub fn chosen(mode: Mode, network: &[Arc<str>]) -> Result<Backend, CliError> {
    let mode = match mode {
        Mode::Auto if !network.is_empty() => Mode::Bubblewrap,
        Mode::Landlock if !network.is_empty() => return Err(told(&Error::NetworkNeedsBubblewrap)),
        Mode::Auto | Mode::Bubblewrap | Mode::Landlock | Mode::Off => mode,
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    choose(mode, &path, &launcher()?).map_err(|error| told(&error))
}

/// The program that a command begins as: this one.
///
/// # Errors
/// When nobody knows where it lies.
pub fn launcher() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| {
        CliError::environment(format!("can't find this program's file: {}", reason(&error)))
    })
}

/// The sandbox as the engine's commands get it.
///
/// # Errors
/// As [`launcher`].
pub fn of_commands(backend: &Backend) -> Result<equitr_tools::Sandbox, CliError> {
    Ok(equitr_tools::Sandbox::new(backend.clone(), launcher()?))
}

/// What keeps commands from running, and the ways out.
fn told(error: &Error) -> CliError {
    let way = match error {
        Error::NetworkNeedsBubblewrap => "--sandbox bubblewrap, or --network none",
        _ => "--sandbox off runs commands without, as you and with all that you can reach",
    };
    let hint = match (error, error.hint()) {
        (Error::NetworkNeedsBubblewrap, _) | (_, None) => way.to_owned(),
        (_, Some(hint)) => format!("{hint}; {way}"),
    };
    CliError::environment(with_causes(error)).hint(hint)
}

/// The sandbox as a run's first record names it.
pub fn recorded(backend: &Backend) -> Sandbox {
    match backend {
        Backend::Bubblewrap { .. } => Sandbox::Bubblewrap,
        Backend::Landlock { .. } => Sandbox::Landlock,
        Backend::Off => Sandbox::Off,
    }
}

/// The hosts as a run's first record names them.
pub fn recorded_network(hosts: &[Arc<str>]) -> Network {
    if hosts.is_empty() { Network::None } else { Network::Hosts(hosts.to_vec()) }
}

/// The hosts that a run's first record names; none for no network.
pub fn hosts(network: &Network) -> &[Arc<str>] {
    match network {
        Network::None => &[],
        Network::Hosts(hosts) => hosts,
    }
}

/// The mode that a resumed run goes on with: its own, or another that the person asks for by the
/// flag. `auto` asks for nothing that a sandboxed run does not have.
pub fn resumed(own: Sandbox, asked: Option<Mode>) -> Mode {
    let mode = match own {
        Sandbox::Bubblewrap => Mode::Bubblewrap,
        Sandbox::Landlock => Mode::Landlock,
        Sandbox::Off => Mode::Off,
    };
    match (mode, asked) {
        (_, None) | (Mode::Bubblewrap | Mode::Landlock, Some(Mode::Auto)) => mode,
        (_, Some(asked)) => asked,
    }
}

/// The sandbox as a person reads it behind `commands run in`.
pub fn words(backend: &Backend) -> String {
    match backend {
        Backend::Bubblewrap { .. } => format!("a sandbox, {backend}, without network"),
        Backend::Landlock { .. } => format!("{backend}, a weaker sandbox, without network"),
        Backend::Off => "no sandbox at all".to_owned(),
    }
}

/// Says what commands run in, where that is less than all that can be done.
pub fn note(backend: &Backend, surface: &mut Surface) {
    match backend {
        Backend::Bubblewrap { .. } => {}
        Backend::Landlock { .. } => surface.note(&format!(
            "note: commands run in {backend}, which is weaker than bubblewrap; `equitrcoder doctor` \
             says what it does not stop"
        )),
        Backend::Off => surface.warn(
            "warning: no sandbox (--sandbox off): commands of agents can read, change and send \
             whatever you can",
        ),
    }
}

/// What became of the attacks on a sandbox.
#[derive(Debug, Default)]
pub struct Trial {
    /// How many it stopped.
    blocked: usize,
    /// How many it is known not to stop.
    known: usize,
    /// How many prove nothing here, as they fail without a sandbox too.
    unprovable: usize,
    /// The names of those that it should have stopped and did not.
    pub leaked: Vec<String>,
}

impl Trial {
    /// The numbers in words.
    pub fn words(&self) -> String {
        let mut words = format!("{} attacks tried and stopped", self.blocked);
        if self.known > 0 {
            words.push_str(&format!(", {} not stopped", self.known));
        }
        if self.unprovable > 0 {
            words.push_str(&format!(", {} can't be tried here", self.unprovable));
        }
        words
    }
}

/// Runs all attacks on a sandbox, at targets that are made for it.
///
/// # Errors
/// When they can't be made.
pub fn trial(backend: &Backend) -> Result<Trial, CliError> {
    let failed = |error: &dyn std::error::Error| CliError::environment(with_causes(error));
    let folder = tempfile::Builder::new()
        .prefix("equitrcoder-doctor-")
        .tempdir()
        .map_err(|error| failed(&error))?;
    let verdicts = run_all(backend, &launcher()?, folder.path()).map_err(|error| failed(&error))?;
    let mut trial = Trial::default();
    for (attack, verdict) in verdicts {
        match verdict {
            Verdict::Blocked => trial.blocked += 1,
            Verdict::Leaked if attack.is_known_to_leak(backend) => trial.known += 1,
            Verdict::Leaked => trial.leaked.push(attack.to_string()),
            Verdict::NotProvable { .. } => trial.unprovable += 1,
        }
    }
    Ok(trial)
}

#[cfg(test)]
mod tests;
