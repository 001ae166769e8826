//! What a seed decides before its run begins: the run's spec and how often what goes wrong.

use super::dice::Dice;
use equitr_core::chat::ToolSpec;
use equitr_core::documents::Documents;
use equitr_core::id::AgentId;
use equitr_core::policy::{Acceptance, Policy, Sandbox};
use equitr_core::spec::{
    Approval, Goal, Limits, ModelSpec, Models, Origin, Person, Profile, RunSpec,
};
use equitr_core::units::{MicroDollars, Price};
use serde_json::json;
use std::sync::{Arc, LazyLock};

/// The seed's streams of numbers: one for each part of the world.
pub(super) mod stream {
    pub const SETUP: u64 = 1;
    pub const WORLD: u64 = 2;
    pub const MODELS: u64 = 3;
    pub const PERSON: u64 = 4;
    pub const PROCESS: u64 = 5;
    pub const POLICY: u64 = 6;
    pub const AFTERTHOUGHTS: u64 = 7;
    pub const REVIEWS: u64 = 8;
    pub const ACCEPTANCE: u64 = 9;
}

/// Passes of the engine's loop before the world calms down, at the most: more than half of the runs
/// are over by then.
const WILD_PASSES_MAX: u64 = 400;

/// What a seed decides.
#[derive(Debug)]
pub(super) struct Setup {
    pub spec: RunSpec,
    pub rates: Rates,
    /// Passes of the loop until nothing goes wrong any more.
    pub wild_passes: u64,
    /// Whose model never comes to anything, not even when all else is calm.
    pub stubborn: Option<Role>,
    /// Paths that the result changes.
    pub changed: Vec<&'static str>,
}

/// Who an agent is, whatever it is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Planner,
    Supervisor,
    Worker,
}

impl Role {
    pub fn of(agent: AgentId) -> Self {
        match agent {
            AgentId::Planner => Self::Planner,
            AgentId::Supervisor(_) => Self::Supervisor,
            AgentId::Worker(..) => Self::Worker,
        }
    }
}

/// How often what happens, per thousand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// The process dies in a pass of its loop.
    pub crash: u64,
    /// A model call fails.
    pub call_fault: u64,
    /// A model call hangs until it is given up.
    pub hang: u64,
    /// An outcome comes a second time.
    pub twice: u64,
    /// An outcome comes although its job was stopped, or its process died.
    pub late: u64,
    /// The machine fails a job.
    pub job_failed: u64,
    /// Work can't be taken as it lies there.
    pub refused: u64,
    /// A check is red.
    pub red: u64,
    /// A merge conflicts.
    pub conflict: u64,
    /// The branch is said to have moved.
    pub overtaken: u64,
    /// A model replies what it should not.
    pub silly: u64,
    /// A person says what makes no sense now.
    pub nonsense: u64,
}

impl Rates {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        crash: 0,
        call_fault: 0,
        hang: 0,
        twice: 0,
        late: 0,
        job_failed: 0,
        refused: 0,
        red: 0,
        conflict: 0,
        overtaken: 0,
        silly: 0,
        nonsense: 0,
    };
}

static READ_FILE: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    name: "read_file".into(),
    description: "Read a file.".into(),
    schema: Arc::new(json!({
        "type": "object",
        "properties": { "path": { "type": "string" } },
        "required": ["path"],
    })),
});

static WRITE_FILE: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    name: "write_file".into(),
    description: "Write a file.".into(),
    schema: Arc::new(json!({
        "type": "object",
        "properties": { "path": { "type": "string" }, "content": { "type": "string" } },
        "required": ["path", "content"],
    })),
});

/// A file that all tasks may write.
pub(super) const SHARED: &str = "shared.rs";
/// A file that is nobody's until it is written.
pub(super) const FREE: &str = "free.rs";

pub(super) fn setup(seed: u64) -> Setup {
    let mut dice = Dice::new(seed, stream::SETUP);
    let rates = rates(&mut dice);
    let (policy, changed) = policy(seed);
    let mut spec = spec(&mut dice, policy);
    let reviewed = Dice::new(seed, stream::REVIEWS).chance(300);
    if let Some(backend) = spec.profiles.get_mut("backend") {
        backend.review = reviewed;
    }
    spec.acceptance = Dice::new(seed, stream::ACCEPTANCE).chance(500);
    let mut wild_passes = dice.within(0..=WILD_PASSES_MAX);
    let roles = [Role::Planner, Role::Supervisor, Role::Worker];
    let stubborn = dice.chance(60).then(|| dice.one_of(roles));
    if stubborn.is_some() {
        // Before every part of a run: in the end only the last tasks would meet it.
        wild_passes /= dice.one_of([1, 10, 100]);
    }
    Setup { spec, rates, wild_passes, stubborn, changed }
}

/// What needs the person's word, and what the result changes; of a stream of its own.
fn policy(seed: u64) -> (Policy, Vec<&'static str>) {
    let mut dice = Dice::new(seed, stream::POLICY);
    let mut policy =
        Policy::new(dice.one_of([Sandbox::Bubblewrap, Sandbox::Landlock, Sandbox::Off]));
    if dice.chance(150) {
        policy.protected_accepted = Acceptance::Given;
    }
    let mut changed = vec!["src/main.rs"];
    if dice.chance(300) {
        changed.extend([".github/workflows/ci.yml", "build.rs"]);
    }
    (policy, changed)
}

fn rates(dice: &mut Dice) -> Rates {
    // A third of the seeds has one or two kinds of trouble only, so that long runs are seen too.
    let most = dice.one_of([20, 150, 600]);
    let mut rate = |max: u64| if dice.chance(650) { dice.below(max.min(most) + 1) } else { 0 };
    Rates {
        crash: rate(80),
        call_fault: rate(300),
        hang: rate(60),
        twice: rate(200),
        late: rate(600),
        job_failed: rate(30),
        refused: rate(80),
        red: rate(600),
        conflict: rate(500),
        overtaken: rate(400),
        silly: rate(300),
        nonsense: rate(300),
    }
}

fn spec(dice: &mut Dice, policy: Policy) -> RunSpec {
    let price = if dice.chance(250) {
        Price::FREE
    } else {
        Price {
            input: 3_000_000,
            cached_input: 300_000,
            cache_write: 3_750_000,
            output: 15_000_000,
        }
    };
    let context_tokens = dice.one_of([9_000, 128_000, 128_000]);
    let reply_tokens = dice.one_of([1_500, 4_096]);
    let model = |provider: &str| ModelSpec {
        name: format!("{provider}/model").into(),
        provider: provider.into(),
        price,
        context_tokens,
        reply_tokens,
        temperature_milli: None,
    };
    let [planner, supervisor, worker] =
        if dice.chance(500) { ["one", "one", "one"] } else { ["one", "two", "three"] };
    let absent = dice.chance(300);
    let origin = match dice.below(4) {
        0 => Origin::Documents(documents(dice, 0)),
        1 if !absent => Origin::Conversation { prompt: None },
        _ => Origin::Conversation { prompt: Some("a shop".into()) },
    };
    let person = if absent {
        let answers = (0..dice.below(3)).map(|n| format!("answer {n}").into()).collect();
        Person::Absent { answers }
    } else {
        Person::Present { patience_ms: dice.one_of([5_000, 600_000]) }
    };
    let approval = if absent || dice.chance(200) { Approval::Given } else { Approval::Asked };
    let profile = |role: &str, tools: Vec<Arc<str>>| Profile {
        role: role.into(),
        prompt: role.into(),
        tools,
        review: false,
    };
    let profiles = [
        ("backend".into(), profile("servers", vec![])),
        ("frontend".into(), profile("pages", vec!["read_file".into()])),
        ("writer".into(), profile("words", vec!["list_files".into()])),
    ];
    RunSpec {
        version: "sim".into(),
        repository: "/repository".into(),
        origin,
        goal: if dice.chance(50) { Goal::Plan } else { Goal::Project },
        person,
        approval,
        limits: Limits {
            workers: dice.number(1..=5),
            turns: dice.number(2..=12),
            attempt_ms: dice.one_of([60_000, 600_000]),
            tries: dice.number(1..=3),
            budget: dice.chance(600).then(|| MicroDollars(dice.within(30_000..=3_000_000))),
            check_ms: 60_000,
        },
        models: Models {
            planner: model(planner),
            supervisor: model(supervisor),
            worker: model(worker),
        },
        profiles: profiles.into(),
        checks: if dice.chance(500) { vec!["test".into()] } else { vec![] },
        tools: Arc::new([READ_FILE.clone(), WRITE_FILE.clone()]),
        map: if dice.chance(500) { "src/".into() } else { "".into() },
        guide: "".into(),
        commit_prefix: "".into(),
        acceptance: false,
        earlier: None,
        policy,
    }
}

/// Documents that can be approved; `revision` makes them differ.
pub(super) fn documents(dice: &mut Dice, revision: u64) -> Documents {
    let todos: String = (1..=dice.within(1..=12))
        .map(|n| {
            let done = if dice.chance(20) { "[x] " } else { "" };
            // There is no R1: who cites it cites nothing.
            let cites = ["", " (R4)", " (R2, R3)", " (R1)"][n as usize % 4];
            format!("{n}. {done}Build part {n}{cites}\n")
        })
        .collect();
    Documents {
        requirements: format!(
            "# Shop Requirements\n\n## Parts\nSell, {revision}.\n\n- Sell <!-- R2 -->\n- Buy\n- Pay\n"
        )
        .into(),
        design: "# Shop Design\n\n## Parts\nEach part is a module.\n".into(),
        todos: format!("# Shop Tasks\n\n## Parts (High Priority)\n{todos}").into(),
    }
}
