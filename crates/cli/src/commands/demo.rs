//! `equitrcoder demo`: the main job on an example whose models' words come from a script.

use crate::args::{DemoArgs, SettingsArgs};
use crate::error::{CliError, Exit};
use crate::session::with_causes;
use crate::settings::{Env, Settings};
use crate::start::{Beginning, absolute};
use crate::surface::Surface;
use equitr_core::spec::{Approval, Goal, Origin, Person};
use equitr_engine::Home;
use equitr_git::Checkout;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};
use std::sync::Arc;

static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/todo");

/// Runs the example in a temporary folder, or where `--keep` says.
///
/// # Errors
/// When the folder can't be used or the machine lacks git.
pub fn run(args: &DemoArgs, env: Env<'_>) -> Result<Exit, CliError> {
    let folder = tempfile::Builder::new()
        .prefix("equitrcoder-demo-")
        .tempdir()
        .map_err(|error| CliError::environment(format!("no temporary folder: {error}")))?
        // It stays: the person wants to look at what came of it.
        .keep();
    let repository = match &args.keep {
        Some(keep) if !Checkout::is_vacant(keep) => {
            return Err(CliError::usage(format!("{} is not empty", keep.display()))
                .hint("name a folder that does not exist yet"));
        }
        Some(keep) => absolute(keep)?,
        None => folder.join("todo"),
    };
    let example = folder.join("example");
    std::fs::create_dir_all(&example).and_then(|()| EXAMPLE.extract(&example)).map_err(
        |error| CliError::environment(format!("can't write the example: {}", with_causes(&error))),
    )?;
    let mut surface = Surface::new(&args.output);
    if !args.output.json {
        surface.print(&format!(
            "The models' replies of this demo come from a script. All else is live: planning, git \
             worktrees, tools, checks and merges.\nThe project is made in {}\n\n",
            repository.display()
        ));
    }
    let exit = beginning(&folder, &example, repository.clone(), env)?.run(&mut surface, env)?;
    if !args.output.json {
        surface.print(&format!(
            "\nLook at it: cd {} && git log --graph --oneline\nThe whole report: equitrcoder \
             report --home {}\n",
            repository.display(),
            folder.join("home").display()
        ));
    }
    Ok(exit)
}

fn beginning(
    folder: &Path,
    example: &Path,
    repository: PathBuf,
    env: Env<'_>,
) -> Result<Beginning, CliError> {
    let home = Home::at(folder.join("home"));
    let flags = SettingsArgs {
        multi_agent: true,
        model: Some(format!("script:{}", example.join("script.yaml").display())),
        ..SettingsArgs::default()
    };
    // Nothing of the person's own settings: the demo is the same for everybody.
    let path_only = |name: &str| if name == "PATH" { env(name) } else { None };
    let settings = Settings::load(&home, &path_only, &flags)?;
    let words = |name: &str| {
        EXAMPLE.get_file(name).and_then(|file| file.contents_utf8()).unwrap_or_default()
    };
    Ok(Beginning {
        settings,
        home,
        repository,
        origin: Origin::Conversation { prompt: Some(words("prompt.txt").trim().into()) },
        goal: Goal::Project,
        person: Person::Absent { answers: words("answers.txt").lines().map(Arc::from).collect() },
        approval: Approval::Given,
    })
}
