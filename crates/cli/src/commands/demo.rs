//! `equitrcoder demo`: the main job on an example whose models' words come from a script.

use crate::args::{DemoArgs, SettingsArgs};
use crate::error::{CliError, Exit};
use crate::sandbox;
use crate::session::{engine_error, with_causes};
use crate::settings::{Env, Settings};
use crate::start::{Beginning, absolute};
use crate::surface::Surface;
use equitr_core::policy::Acceptance;
use equitr_core::spec::{Approval, Goal, Origin, Person};
use equitr_engine::{Home, read_run};
use equitr_git::Checkout;
use equitr_ui::Tally;
use include_dir::{Dir, include_dir};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run that is part of the program: what a person says, what the models reply, and the files.
struct Example {
    /// The name of the project's folder.
    project: &'static str,
    files: Dir<'static>,
}

static SHOP: Example = Example {
    project: "ecommerce-platform",
    files: include_dir!("$CARGO_MANIFEST_DIR/../../examples/ecommerce"),
};

static TODO: Example =
    Example { project: "todo", files: include_dir!("$CARGO_MANIFEST_DIR/../../examples/todo") };

/// Runs an example in a temporary folder, or where `--keep` says.
///
/// # Errors
/// When the folder can't be used or the machine lacks git.
pub fn run(args: &DemoArgs, env: Env<'_>) -> Result<Exit, CliError> {
    let example = if args.small { &TODO } else { &SHOP };
    if let Some(keep) = &args.keep
        && !Checkout::is_vacant(keep)
    {
        return Err(CliError::usage(format!("{} is not empty", keep.display()))
            .hint("name a folder that does not exist yet"));
    }
    let folder = tempfile::Builder::new()
        .prefix("equitrcoder-demo-")
        .tempdir()
        .map_err(|error| CliError::environment(format!("no temporary folder: {error}")))?;
    let repository = match &args.keep {
        Some(keep) => absolute(keep)?,
        None => folder.path().join(example.project),
    };
    let watched = std::io::stdout().is_terminal() && !args.output.json;
    let speed = args.speed.unwrap_or(if watched { 1.0 } else { 0.0 });
    let script = example.write(&folder.path().join("example"), speed)?;
    let home = Home::at(folder.path().join("home"));
    let flag = args.sandbox.as_deref();
    let beginning = example.beginning(home.clone(), &script, repository.clone(), flag, env)?;
    let backend = sandbox::chosen(beginning.settings.sandbox, &[])?;
    // It stays: the person wants to look at what came of it.
    _ = folder.keep();
    let mut surface = Surface::new(&args.output);
    if !args.output.json {
        surface.print(&format!(
            "The models' replies of this demo come from a script, and so do their prices: nothing is \
             paid. All else is live: planning, git worktrees, tools, checks and merges.\nCommands run \
             in {}.\nThe project is made in {}\n\n",
            sandbox::words(&backend),
            repository.display()
        ));
    }
    let exit = beginning.run(&mut surface, env)?;
    if !args.output.json {
        surface.print(&format!(
            "\nLook at it: cd {} && git log --graph --oneline\nThe whole report: equitrcoder \
             report --home {}\n",
            repository.display(),
            home.root().display()
        ));
    }
    match exit {
        // Checks that this machine has no programs for prove nothing, and are told. All was shown.
        Exit::OpenWork if all_is_merged(&home)? => Ok(Exit::Done),
        _ => Ok(exit),
    }
}

/// Whether each task of the only run of `home` is merged, proven or not.
fn all_is_merged(home: &Home) -> Result<bool, CliError> {
    let runs = home.runs().map_err(|error| engine_error(&error))?;
    let Some(run) = runs.last() else { return Ok(false) };
    let loaded = read_run(run).map_err(|error| engine_error(&error))?;
    let tally = Tally::of(&loaded.state);
    Ok(tally.merged() == tally.total)
}

impl Example {
    /// Writes the example into a new folder; where its script is, which plays at `speed`.
    fn write(&self, folder: &Path, speed: f64) -> Result<PathBuf, CliError> {
        let path = folder.join("script.yaml");
        let script = format!("speed: {speed}\n{}", self.words("script.yaml"));
        std::fs::create_dir_all(folder)
            .and_then(|()| self.files.extract(folder))
            .and_then(|()| std::fs::write(&path, script))
            .map_err(|error| {
                let why = with_causes(&error);
                CliError::environment(format!("can't write the example: {why}"))
            })?;
        Ok(path)
    }

    fn words(&self, name: &str) -> &str {
        self.files.get_file(name).and_then(|file| file.contents_utf8()).unwrap_or_default()
    }

    fn beginning(
        &self,
        home: Home,
        script: &Path,
        repository: PathBuf,
        sandbox: Option<&str>,
        env: Env<'_>,
    ) -> Result<Beginning, CliError> {
        let flags = SettingsArgs {
            multi_agent: true,
            model: Some(format!("script:{}", script.display())),
            sandbox: sandbox.map(str::to_owned),
            ..SettingsArgs::default()
        };
        // Nothing of the person's own settings: the demo is the same for everybody.
        let path_only = |name: &str| if name == "PATH" { env(name) } else { None };
        let settings = Settings::load(&home, &path_only, &flags)?;
        let answers = self.words("answers.txt").lines().map(Arc::from).collect();
        Ok(Beginning {
            settings,
            home,
            repository,
            origin: Origin::Conversation { prompt: Some(self.words("prompt.txt").trim().into()) },
            goal: Goal::Project,
            person: Person::Absent { answers },
            approval: Approval::Given,
            acceptance: Acceptance::Given,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not written by an agent.
    const OWN: [&str; 4] = ["script.yaml", "prompt.txt", "answers.txt", "verify"];

    fn collect<'a>(folder: &'a Dir<'a>, found: &mut Vec<&'a str>) {
        found.extend(folder.files().map(|file| file.path().to_str().unwrap()));
        folder.dirs().for_each(|dir| collect(dir, found));
    }

    #[test]
    fn an_example_has_no_file_that_its_agents_do_not_write() {
        for example in [&SHOP, &TODO] {
            let (mut files, script) = (Vec::new(), example.words("script.yaml"));
            collect(&example.files, &mut files);
            assert!(files.len() > 10, "{files:?}");
            let ends = ['}', ',', '\n'];
            let named: Vec<&str> = script
                .split("_from: ")
                .skip(1)
                .filter_map(|rest| rest.split(ends).next())
                .collect();
            let unused: Vec<_> =
                files.iter().filter(|file| !OWN.contains(file) && !named.contains(file)).collect();
            assert!(unused.is_empty(), "left by a tool, or not needed any more: {unused:?}");
        }
    }
}
