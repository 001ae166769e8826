//! A run whose models and git are played by a test.

use equitr_core::apply;
use equitr_core::chat::{Reply, ToolCall};
use equitr_core::event::{CheckResult, Delivery, Record, Verdict};
use equitr_core::id::{AgentId, Commit, TaskId};
use equitr_core::input::{Command, Input, Outcome};
use equitr_core::job::{Handover, JobId, jobs};
use equitr_core::policy::{Policy, Sandbox};
use equitr_core::spec::{
    Approval, Goal, Limits, ModelSpec, Models, Origin, Person, Profile, RunSpec,
};
use equitr_core::state::{RunState, Stage};
use equitr_core::units::Price;
use serde_json::{Value, json};
use std::sync::Arc;

pub struct Play {
    pub state: RunState,
    pub journal: Vec<Record>,
    pub now_ms: u64,
}

pub fn spec() -> RunSpec {
    let model = ModelSpec {
        name: "script:test".into(),
        provider: "script".into(),
        price: Price::FREE,
        context_tokens: 128_000,
        reply_tokens: 4_096,
        temperature_milli: None,
    };
    let profile =
        Profile { role: "servers".into(), prompt: "".into(), tools: vec![], review: false };
    RunSpec {
        version: "test".into(),
        repository: "/repository".into(),
        origin: Origin::Conversation { prompt: None },
        goal: Goal::Project,
        person: Person::Present { patience_ms: 600_000 },
        approval: Approval::Asked,
        limits: Limits {
            workers: 5,
            turns: 30,
            attempt_ms: 600_000,
            tries: 3,
            budget: None,
            check_ms: 60_000,
        },
        models: Models { planner: model.clone(), supervisor: model.clone(), worker: model },
        profiles: [("backend".into(), profile)].into(),
        checks: vec![],
        tools: Arc::new([]),
        map: "".into(),
        guide: "".into(),
        commit_prefix: "".into(),
        acceptance: false,
        earlier: None,
        policy: Policy::new(Sandbox::Bubblewrap),
    }
}

impl Play {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut RunSpec)) -> Self {
        let mut spec = spec();
        change(&mut spec);
        let (state, record) = equitr_core::start(Arc::new(spec), 1_000).unwrap();
        Self { state, journal: vec![record], now_ms: 1_000 }
    }

    /// Up to the approved and published documents.
    pub fn planned(todos: &str) -> Self {
        Self::planned_with(todos, |_| {})
    }

    pub fn planned_with(todos: &str, change: impl FnOnce(&mut RunSpec)) -> Self {
        let mut play = Self::with(change);
        play.command(Command::Say("a shop".into()));
        play.writes_plan(todos);
        play.command(Command::Approve);
        play.publishes();
        play
    }

    /// Up to the accepted graph.
    pub fn graphed(tasks: &[Value]) -> Self {
        Self::graphed_with(tasks, |_| {})
    }

    pub fn graphed_with(tasks: &[Value], change: impl FnOnce(&mut RunSpec)) -> Self {
        let count = tasks.iter().map(|t| t["todos"].as_array().unwrap().len()).sum::<usize>();
        let todos: String = (1..=count).map(|n| format!("{n}. todo {n}\n")).collect();
        let mut play = Self::planned_with(&todos, change);
        play.supervisor_says(graph(tasks));
        assert_eq!(play.state.tasks.len(), tasks.len());
        play
    }

    pub fn input(&mut self, input: Input) {
        let reaction = equitr_core::step(&mut self.state, self.now_ms, input).unwrap();
        self.journal.extend(reaction.record);
    }

    pub fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    pub fn done(&mut self, job: JobId, outcome: Outcome) {
        self.input(Input::Done(job, outcome));
    }

    pub fn calls(&self) -> Vec<JobId> {
        jobs(&self.state).into_iter().filter(|job| matches!(job, JobId::Call { .. })).collect()
    }

    pub fn model_says(&mut self, agent: AgentId, reply: Reply) {
        let job = self
            .calls()
            .into_iter()
            .find(|job| matches!(job, JobId::Call { agent: a, .. } if *a == agent));
        let job = job.unwrap_or_else(|| panic!("{agent:?} does not call"));
        self.done(job, Outcome::Called { result: Ok(reply), took_ms: 1 });
    }

    pub fn supervisor_says(&mut self, reply: Reply) {
        let (&id, _) = self.state.consults.first_key_value().expect("an open matter");
        self.model_says(AgentId::Supervisor(id), reply);
    }

    pub fn writes_plan(&mut self, todos: &str) {
        let document = |kind: &str, content: &str| {
            ("write_document", json!({ "document": kind, "content": content }).to_string())
        };
        let calls = [
            document("requirements", "# Shop Requirements\n\n## 1. OVERVIEW\nsell\n"),
            document("design", "# Shop Design\n"),
            document("todos", &format!("# Shop Tasks\n\n{todos}")),
            ("submit_plan", "{}".to_owned()),
        ];
        self.model_says(AgentId::Planner, reply(calls.to_vec()));
    }

    pub fn publishes(&mut self) {
        self.done(JobId::Publish, Outcome::Published { base: commit("base"), note: None });
    }

    pub fn prepare(&mut self, task: u32, attempt: u32) {
        self.done(JobId::Prepare(TaskId(task), attempt), Outcome::Prepared(commit("base")));
    }

    pub fn claims(&mut self, task: u32, attempt: u32) {
        let agent = AgentId::Worker(TaskId(task), attempt);
        self.prepare(task, attempt);
        self.model_says(agent, call("finish", r#"{"summary":["built"]}"#));
        let found = self.state.task(TaskId(task)).unwrap().attempt().unwrap();
        assert_eq!(found.stage, Stage::Verifying);
    }

    pub fn verify(&mut self, task: u32, attempt: u32, checks: &[(&str, Verdict)]) {
        let outcome = Outcome::Verified {
            commit: commit("work"),
            paths: Vec::new(),
            checks: results(checks),
            diff: "".into(),
            edited: Vec::new(),
        };
        self.done(JobId::Verify(TaskId(task), attempt), outcome);
    }

    pub fn integrate(&mut self, task: u32, attempt: u32, checks: &[(&str, Verdict)]) {
        let onto = self.state.head.clone().unwrap();
        let outcome = Outcome::Integrated {
            commit: commit(&format!("merge-{task}-{attempt}")),
            onto,
            checks: results(checks),
        };
        self.done(JobId::Integrate(TaskId(task), attempt), outcome);
    }

    pub fn lands(&mut self, task: u32, attempt: u32) {
        let landing = self.landing();
        assert!(
            matches!(landing, JobId::Land(t, merge) if (t.0, merge.attempt) == (task, attempt))
        );
        self.done(landing, Outcome::Landed);
    }

    /// The merge that lands now.
    pub fn landing(&self) -> JobId {
        let landing = jobs(&self.state).into_iter().find(|job| matches!(job, JobId::Land(..)));
        landing.expect("a merge that lands")
    }

    /// The whole of a successful attempt.
    pub fn works(&mut self, task: u32, attempt: u32) {
        self.claims(task, attempt);
        self.verify(task, attempt, &[("check", Verdict::Passed)]);
        self.integrate(task, attempt, &[("check", Verdict::Passed)]);
        self.lands(task, attempt);
    }

    /// An attempt whose checks are red.
    pub fn fails(&mut self, task: u32, attempt: u32) {
        self.claims(task, attempt);
        self.verify(task, attempt, &[("check", Verdict::Failed { exit: 1 })]);
    }

    pub fn delivers(&mut self) {
        let commit = self.state.head.clone().unwrap();
        let delivery = Delivery::Moved { branch: "main".into(), commit };
        self.done(JobId::Deliver(Handover::Guarded), Outcome::Delivered(delivery));
    }

    /// The journal, written and read again, folds to the same state.
    pub fn replays(&self) {
        let read: Vec<Record> = self
            .journal
            .iter()
            .map(|record| serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap())
            .collect();
        assert_eq!(read, self.journal);
        let mut state = apply::open(&read[0]).unwrap();
        for record in &read[1..] {
            apply::apply(&mut state, record).unwrap();
        }
        state.now_ms = self.state.now_ms;
        assert_eq!(state, self.state);
    }
}

pub fn commit(name: &str) -> Commit {
    Commit(name.into())
}

pub fn reply(calls: Vec<(&str, String)>) -> Reply {
    let calls = calls
        .into_iter()
        .enumerate()
        .map(|(n, (name, args))| ToolCall {
            id: format!("call-{n}").into(),
            name: name.into(),
            args: args.into(),
        })
        .collect();
    Reply { calls, ..Reply::default() }
}

pub fn call(name: &str, args: &str) -> Reply {
    reply(vec![(name, args.to_owned())])
}

pub fn task(id: &str, todos: &[u32], needs: &[&str]) -> Value {
    json!({
        "id": id, "title": id, "profile": "backend", "goal": "build it",
        "todos": todos, "needs": needs, "checks": ["check"],
    })
}

pub fn graph(tasks: &[Value]) -> Reply {
    call("propose_graph", &json!({ "tasks": tasks }).to_string())
}

fn results(checks: &[(&str, Verdict)]) -> Vec<CheckResult> {
    checks
        .iter()
        .map(|(command, verdict)| CheckResult {
            command: (*command).into(),
            verdict: verdict.clone(),
            output: format!("output of {command}").into(),
            took_ms: 1,
        })
        .collect()
}
