//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  equitrcoder --multi-agent --repo ./shop       plan in conversation, then build with a team
  equitrcoder --prompt 'a todo CLI' --yes       without a terminal: no questions asked
  equitrcoder plan --repo ./shop                only the documents, for later
  equitrcoder run --multi-agent --repo ./shop   from the approved documents
  equitrcoder resume                            go on after a stop, a crash or a larger budget
  equitrcoder demo                              see it work, without a key

Exit codes: 0 done · 1 failed · 2 usage · 3 something is missing here · 4 budget or quota used up
5 done with open work · 6 another process works on the repository · 7 journal · 130 interrupted";

const STEERING: &str = "\
Examples:
  equitrcoder steer pause                       the newest run that is on
  equitrcoder steer 20261122 tell backend_worker_1 'The port is 8080'
  equitrcoder steer cancel 3                    leave task 3 undone
  equitrcoder steer todo 'Mail the receipt'     one thing more to build

Exit codes: 0 the run took it · 2 it did not, and says why · 3 no process works on the run";

/// Builds software with a team of agents: plans with you, works in parallel, verifies and merges.
#[derive(Debug, Parser)]
#[command(name = "equitrcoder", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub start: StartArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Hold the planning conversation and stop at the approved documents
    Plan(StartArgs),
    /// Build from the approved documents in docs/
    Run(RunArgs),
    /// Go on with a run that was stopped, killed, or ran out of budget
    Resume(ResumeArgs),
    /// Show what edited documents change in a run's plan, also while it is on, and change it once you say yes
    Replan(ReplanArgs),
    /// Show where a run is
    Status(StatusArgs),
    /// Steer a run that is on in another process: pause it, tell a worker something, add a todo, and more
    #[command(subcommand_precedence_over_arg = true, after_help = STEERING)]
    Steer(SteerArgs),
    /// List the runs
    Runs(ListArgs),
    /// Show a run's journal, readable
    Show(RunName),
    /// Say why a task waits or what it collides with
    Explain(ExplainArgs),
    /// Show what a run did, what it proved and what it cost
    Report(RunName),
    /// List the known models, with limits and prices
    Models(ModelsArgs),
    /// Show the effective configuration and where each value came from
    Config(InspectArgs),
    /// Check git, model, key, sandbox and disk, and say what is missing and how to get it
    Doctor(InspectArgs),
    /// Watch the main job on an example, with a scripted model: no key, no cost
    Demo(DemoArgs),
    /// Print a completion script for your shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Flags that override the configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// Work with a team of agents in parallel; without it one worker does the tasks in order
    #[arg(long)]
    pub multi_agent: bool,
    /// Model of every role, as PROVIDER/MODEL, script:FILE or replay:RUN
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Model of the planner
    #[arg(long, value_name = "MODEL")]
    pub planner: Option<String>,
    /// Model of the supervisor
    #[arg(long, value_name = "MODEL")]
    pub supervisor: Option<String>,
    /// Model of the workers
    #[arg(long, value_name = "MODEL")]
    pub worker: Option<String>,
    /// Base URL of an OpenAI-compatible or other server, instead of the provider's own
    #[arg(long, value_name = "URL")]
    pub api_base: Option<String>,
    /// What the run may cost, in dollars such as 12.50, or `none`
    #[arg(long, value_name = "DOLLARS", allow_negative_numbers = true)]
    pub budget: Option<String>,
    /// Workers at a time
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_workers: Option<String>,
    /// A command that must pass for every task; may be given several times
    #[arg(long = "check", value_name = "COMMAND")]
    pub checks: Vec<String>,
    /// What commands are locked up in: auto, bubblewrap, landlock, or off for this run only
    #[arg(long, value_name = "MODE")]
    pub sandbox: Option<String>,
    /// Hosts that commands may reach: none, registries, or names with commas between
    #[arg(long, value_name = "HOSTS")]
    pub network: Option<String>,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

/// What would hold for a run, without one.
#[derive(Debug, Clone, Default, Args)]
pub struct InspectArgs {
    /// The repository that a run would work on
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// How a run is shown.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// Print the events as JSON lines
    #[arg(long)]
    pub json: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum When {
    /// Where the output is a terminal and NO_COLOR is not set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Default, Args)]
pub struct StartArgs {
    /// The repository; need not exist yet
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// What to build; `-` reads standard input
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt_file")]
    pub prompt: Option<String>,
    /// A file that says what to build
    #[arg(long, value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
    /// Answers to the planner's questions, one a line, in order
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Approve the documents without being asked; unanswered questions take their defaults
    #[arg(long, short)]
    pub yes: bool,
    /// Take the result even where it changes protected paths, such as CI files; look at them yourself
    #[arg(long)]
    pub accept_protected: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// The repository with docs/requirements.md, docs/design.md and docs/todos.md
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Take the result even where it changes protected paths, such as CI files; look at them yourself
    #[arg(long)]
    pub accept_protected: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ResumeArgs {
    /// The run; without it the newest that can go on
    pub run: Option<String>,
    /// What the run may cost in all, with what it has spent, in dollars such as 12.50, or `none`
    #[arg(long, value_name = "DOLLARS", allow_negative_numbers = true)]
    pub budget: Option<String>,
    /// Workers at a time from now on
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_workers: Option<String>,
    /// Base URL of the models' server, instead of the provider's own
    #[arg(long, value_name = "URL")]
    pub api_base: Option<String>,
    /// What commands are locked up in from now on: auto (as it was), bubblewrap, landlock, or off
    #[arg(long, value_name = "MODE")]
    pub sandbox: Option<String>,
    /// Take the result even where it changes protected paths; of a run that is over too, when its
    /// result lies on a branch of its own for that reason
    #[arg(long)]
    pub accept_protected: bool,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ReplanArgs {
    /// The run; without it the newest that is not over
    pub run: Option<String>,
    /// Add a todo, instead of reading the documents in docs/
    #[arg(long, value_name = "TODO", conflicts_with = "assume")]
    pub add: Option<String>,
    /// Let an assumption hold otherwise, such as `2=PostgreSQL` for A2, instead of reading docs/
    #[arg(long, value_name = "N=TEXT")]
    pub assume: Option<String>,
    /// Change the plan without being asked
    #[arg(long, short)]
    pub yes: bool,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// The run; without it the newest
    pub run: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct SteerArgs {
    /// The run; without it the newest that is on
    pub run: Option<String>,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true, global = true)]
    pub home: Option<PathBuf>,
    #[command(subcommand)]
    pub action: Action,
}

/// What a person does to a run that is on.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Let what is under way end and begin nothing new
    Pause,
    /// Go on after a pause
    Resume,
    /// Leave a task undone; without a task, stop the run for good
    Cancel {
        /// The task's number or id, or its worker
        task: Option<String>,
    },
    /// Tell a worker something, which it reads at its next turn
    Tell {
        /// The worker, its task's number or id, or `all`
        worker: String,
        /// What
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
    /// Set what the run may cost in all, with what it has spent
    Budget {
        /// Dollars such as 12.50, or `none`
        #[arg(allow_negative_numbers = true)]
        dollars: String,
    },
    /// Set how many workers there may be at a time
    Workers {
        /// From 1
        #[arg(allow_negative_numbers = true)]
        number: String,
    },
    /// Answer a question of the run's
    Answer {
        /// The question's number, where there are several, and the answer
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
    /// Add a todo to the plan, which becomes tasks
    Todo {
        /// What is to be done
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        text: Vec<String>,
    },
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunName {
    /// The run; without it the newest
    pub run: Option<String>,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ExplainArgs {
    /// The run (without it the newest), and the task: its number, its worker's name or its id
    #[arg(value_names = ["RUN", "TASK"], num_args = 1..=2, required = true)]
    pub names: Vec<String>,
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ListArgs {
    /// Folder of configuration and runs, instead of ~/.equitr
    #[arg(long, value_name = "DIR", env = "EQUITR_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ModelsArgs {
    /// Only models whose name contains this
    pub filter: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct DemoArgs {
    /// A to-do list in shell instead of the shop: four tasks, seconds
    #[arg(long)]
    pub small: bool,
    /// How fast the scripted models answer: 1 is a pace to read at, 0 is without any delay
    /// [default: 1 at a terminal, else 0]
    #[arg(long, value_name = "N", value_parser = speed)]
    pub speed: Option<f64>,
    /// Where the project lands, instead of a temporary folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// What the agents' commands are locked up in: auto, bubblewrap, landlock, or off
    #[arg(long, value_name = "MODE")]
    pub sandbox: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How many times as fast as written, at most a million.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1e6).contains(&speed) { Ok(speed) } else { Err("not in 0..=1000000".to_owned()) }
}
