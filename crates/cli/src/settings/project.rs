//! What a repository's own `.equitr/config.yaml` may change: it can add checks and protected paths,
//! and make the rest stricter than the person has it, never looser.
//!
//! The file is somebody else's word about a person's money and machine. So all that it may not set
//! ends the command with an error that names it: what is passed over in silence can be relied on
//! by nobody, neither by who wrote it nor by who runs it.

use super::Settings;
use super::file::{self, Setter};
use super::keys::Key;
use super::origin::Origin;
use super::source::Source;
use crate::error::{CliError, Exit, Problem};
use equitr_core::units::MicroDollars;
use equitr_sandbox::Mode;
use equitr_sandbox::proxy::Hosts;
use std::sync::Arc;

/// What became of a value that a repository asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is taken: it is stricter than what the person has.
    Taken,
    /// The person has it already.
    Held,
    /// It is not taken: it would allow more than the person does.
    Looser,
}

impl Settings {
    /// Takes what the repository's own file asks for; what a person should hear of it, a line for
    /// each value that they set themselves and that is now stricter.
    ///
    /// # Errors
    /// All that the file may not set, with [`Exit::Usage`]; the settings are of no use then.
    pub fn tighten(&mut self, source: &Source) -> Result<Vec<String>, CliError> {
        let mut asked = Self::defaults(self.config.clone());
        let (set, mut problems) = file::take(&mut asked, source);
        let mut told = Vec::new();
        for setter in set {
            match self.take_asked(setter, &asked, source) {
                Ok(line) => told.extend(line),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            return Ok(told);
        }
        Err(CliError { problems, exit: Exit::Usage })
    }

    fn take_asked(
        &mut self,
        (key, place): Setter,
        asked: &Self,
        source: &Source,
    ) -> Result<Option<String>, Problem> {
        let Some(project) = key.project else {
            let what = format!("`{}` can't be set by a repository", key.path);
            let hint = format!(
                "remove it there and commit that; it can be set in {} only",
                self.config.display()
            );
            return Err(source.problem(place, &what, Some(hint)));
        };
        let (before, origin) = ((key.show)(self), self.origin(key.path));
        match project(self, asked) {
            Asked::Held => Ok(None),
            Asked::Taken => {
                let by_person = origin != Origin::Default;
                let path = source.name().to_owned();
                let now =
                    Origin::Project { path, line: place.line, over: Box::new(origin.clone()) };
                let told = format!(
                    "{} is {} instead of {before} ({origin}), as {}:{} asks",
                    key.path,
                    (key.show)(self),
                    source.name(),
                    place.line
                );
                self.origins.insert(key.path, now);
                Ok(Some(told).filter(|_| by_person))
            }
            Asked::Looser => Err(self.looser(key, place, asked, source)),
        }
    }

    fn looser(
        &self,
        key: &Key,
        place: super::source::Place,
        asked: &Self,
        source: &Source,
    ) -> Problem {
        let what = format!(
            "a repository can't loosen `{}` to {}: you have {} ({})",
            key.path,
            (key.show)(asked),
            (key.show)(self),
            self.origin(key.path)
        );
        let way = match key.flag {
            Some(flag) => format!("by {flag} or in {}", self.config.display()),
            None => format!("in {}", self.config.display()),
        };
        let hint = format!("remove it there and commit that, or allow it yourself {way}");
        source.problem(place, &what, Some(hint))
    }
}

/// The lower of two numbers.
pub fn lower<N: Ord>(mine: &mut N, asked: N) -> Asked {
    match asked.cmp(mine) {
        std::cmp::Ordering::Less => {
            *mine = asked;
            Asked::Taken
        }
        std::cmp::Ordering::Equal => Asked::Held,
        std::cmp::Ordering::Greater => Asked::Looser,
    }
}

/// The lower of two sums; none is no bound.
pub fn lower_bound(mine: &mut Option<MicroDollars>, asked: Option<MicroDollars>) -> Asked {
    match (*mine, asked) {
        (Some(held), Some(wanted)) => {
            let mut held = held;
            let became = lower(&mut held, wanted);
            *mine = Some(held);
            became
        }
        (None, Some(_)) => {
            *mine = asked;
            Asked::Taken
        }
        (None, None) => Asked::Held,
        (Some(_), None) => Asked::Looser,
    }
}

/// Off, where either wants it off.
pub fn switch_off(mine: &mut bool, asked: bool) -> Asked {
    // As numbers, off is the lower one.
    lower(mine, asked)
}

/// The stricter of two sandboxes. `auto` asks for nothing that is not asked for anyway.
pub fn stricter(mine: &mut Mode, asked: Mode) -> Asked {
    match (*mine, asked) {
        (_, Mode::Auto) => Asked::Held,
        (Mode::Auto, Mode::Bubblewrap)
        | (Mode::Off, Mode::Bubblewrap | Mode::Landlock)
        | (Mode::Landlock, Mode::Bubblewrap) => {
            *mine = asked;
            Asked::Taken
        }
        (Mode::Bubblewrap, Mode::Bubblewrap)
        | (Mode::Landlock, Mode::Landlock)
        | (Mode::Off, Mode::Off) => Asked::Held,
        // With `auto` a person may have bubblewrap, and landlock is less than that.
        (Mode::Auto | Mode::Bubblewrap, Mode::Landlock)
        | (Mode::Auto | Mode::Bubblewrap | Mode::Landlock, Mode::Off) => Asked::Looser,
    }
}

/// The hosts of the second list, when the first allows each of them.
pub fn narrow(mine: &mut Vec<Arc<str>>, asked: &[Arc<str>]) -> Asked {
    if !asked.iter().all(|name| is_allowed(mine, name)) {
        return Asked::Looser;
    }
    if asked.len() == mine.len() && mine.iter().all(|name| asked.contains(name)) {
        return Asked::Held;
    }
    *mine = asked.to_vec();
    Asked::Taken
}

/// Whether all hosts that a name stands for are among those of the list.
fn is_allowed(list: &[Arc<str>], name: &Arc<str>) -> bool {
    if list.contains(name) {
        return true;
    }
    match name.strip_prefix('*') {
        Some(domain) => {
            let above = |wider: &Arc<str>| {
                wider.strip_prefix('*').is_some_and(|wider| domain.ends_with(wider))
            };
            list.iter().any(above)
        }
        // The word `registries` is no host, so nothing but itself allows it.
        None => Hosts::read(list).is_ok_and(|hosts| hosts.allow(name)),
    }
}

/// Both lists, each item once.
pub fn add(mine: &mut Vec<Arc<str>>, asked: &[Arc<str>]) -> Asked {
    let before = mine.len();
    for item in asked {
        if !mine.contains(item) {
            mine.push(item.clone());
        }
    }
    if mine.len() > before { Asked::Taken } else { Asked::Held }
}

#[cfg(test)]
mod tests;
