//! A real run with a model that answers after a set time: journal, git, tools, checks and merges are
//! what they always are.

// Every benchmark uses its part of this.
#![allow(dead_code)]

use equitr_core::chat::{Message, Reply, Request, Stop, ToolCall};
use equitr_core::documents::Documents;
use equitr_core::event::{Ending, Event};
use equitr_core::policy::{Policy, Sandbox};
use equitr_core::spec::{
    Approval, Goal, Limits, ModelSpec, Models, Origin, Person, Profile, RunSpec,
};
use equitr_core::units::Price;
use equitr_engine::{Home, News, Parts, RepositoryLock, RunDir, RunHandle, begin};
use equitr_llm::{BoxFuture, CallError, Delta, Model};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A task of the graph: how many replies its worker needs, the last of which finishes it, and the
/// tasks before it, from 0.
#[derive(Clone)]
pub struct Work {
    pub turns: u32,
    pub needs: Vec<usize>,
}

/// Tasks that need nothing of each other.
pub fn alike(tasks: usize, turns: u32) -> Vec<Work> {
    vec![Work { turns, needs: Vec::new() }; tasks]
}

/// A call of a worker's.
#[derive(Clone, Copy)]
pub struct Call {
    pub task: usize,
    pub turn: u32,
    pub asked: Instant,
    /// Processor time of this process until then.
    pub own: Duration,
    /// None while it is under way.
    pub replied: Option<Instant>,
}

/// A moment of the run, with the processor time this process and its children have used until then.
#[derive(Clone, Copy)]
pub struct Moment {
    pub at: Instant,
    pub own: Duration,
    pub children: Duration,
}

impl Moment {
    pub fn now() -> Self {
        Self {
            at: Instant::now(),
            own: used(UsageWho::RUSAGE_SELF),
            children: used(UsageWho::RUSAGE_CHILDREN),
        }
    }
}

fn used(who: UsageWho) -> Duration {
    let usage = getrusage(who).unwrap();
    let sum = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(sum.cast_unsigned())
}

/// Answers every worker after the same time, and the supervisor at once.
pub struct Paced {
    pub latency: Duration,
    pub works: Vec<Work>,
    pub calls: Mutex<Vec<Call>>,
    pub graph_given: Mutex<Option<Moment>>,
    /// The last time a worker was handed its finishing reply.
    pub finished: Mutex<Option<Moment>>,
}

impl Paced {
    pub fn new(latency: Duration, works: Vec<Work>) -> Arc<Self> {
        Arc::new(Self {
            latency,
            works,
            calls: Mutex::default(),
            graph_given: Mutex::default(),
            finished: Mutex::default(),
        })
    }

    fn graph(&self) -> Reply {
        let tasks: Vec<_> = (0..self.works.len())
            .map(|n| {
                let needs: Vec<String> =
                    self.works[n].needs.iter().map(|need| format!("t{need}")).collect();
                json!({
                    "id": format!("t{n}"), "title": format!("Part {n}"), "profile": "general",
                    "goal": format!("Write the files of part {n}."), "todos": [n + 1],
                    "needs": needs, "files": [format!("part{n}/**")], "checks": ["true"],
                })
            })
            .collect();
        call("propose_graph", &json!({ "tasks": tasks }))
    }

    fn turn(&self, task: usize, turn: u32) -> Reply {
        let path = format!("part{task}/file{}.txt", turn / 2);
        if turn + 1 >= self.works[task].turns {
            call("finish", &json!({ "summary": ["All files written"] }))
        } else if turn.is_multiple_of(2) {
            let content = "A line of a small file that a worker writes.\n".repeat(10);
            call("write_file", &json!({ "path": path, "content": content }))
        } else {
            call("read_file", &json!({ "path": path }))
        }
    }
}

impl Model for Paced {
    fn call<'a>(
        &'a self,
        request: Request,
        _: &'a (dyn Fn(Delta) + Send + Sync),
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        let asked = Instant::now();
        Box::pin(async move {
            let Some(task) = task_of(&request) else {
                *self.graph_given.lock().unwrap() = Some(Moment::now());
                return Ok(self.graph());
            };
            let turn = request.turn;
            let place = {
                let mut calls = self.calls.lock().unwrap();
                let own = used(UsageWho::RUSAGE_SELF);
                calls.push(Call { task, turn, asked, own, replied: None });
                calls.len() - 1
            };
            drop(request);
            tokio::time::sleep_until((asked + self.latency).into()).await;
            let reply = self.turn(task, turn);
            if turn + 1 >= self.works[task].turns {
                *self.finished.lock().unwrap() = Some(Moment::now());
            }
            self.calls.lock().unwrap()[place].replied = Some(Instant::now());
            Ok(reply)
        })
    }
}

/// The task of a worker's opening (`# Task 3: …`), from 0; none for other agents.
fn task_of(request: &Request) -> Option<usize> {
    let Some(Message::User { text }) = request.messages.first() else { return None };
    let heading = text.lines().find_map(|line| line.strip_prefix("# Task "))?;
    heading.split(':').next()?.parse::<usize>().ok().map(|number| number - 1)
}

fn call(name: &str, args: &serde_json::Value) -> Reply {
    let args = args.to_string().into();
    Reply {
        calls: vec![ToolCall { id: "call".into(), name: name.into(), args }],
        stop: Stop::ToolCalls,
        ..Reply::default()
    }
}

/// What such a run is asked to be.
pub fn spec(repository: &Path, works: &[Work], workers: u32) -> RunSpec {
    let model = ModelSpec {
        name: "bench/paced".into(),
        provider: "bench".into(),
        price: Price::FREE,
        context_tokens: 128_000,
        reply_tokens: 8_192,
        temperature_milli: None,
    };
    let mut todos = "# Steps\n\n## All\n\n".to_owned();
    (0..works.len()).for_each(|n| todos.push_str(&format!("{}. [ ] Write part {n}\n", n + 1)));
    let documents = Documents {
        requirements: "# Bench Requirements\n\n## What\n\nMany small files.\n".into(),
        design: "# Design\n\n## Parts\n\nA folder for each part.\n".into(),
        todos: todos.into(),
    };
    let profile = Profile {
        role: "does anything".into(),
        prompt: "Be good.".into(),
        tools: Vec::new(),
        review: false,
    };
    RunSpec {
        version: "bench".into(),
        repository: repository.to_string_lossy().into(),
        origin: Origin::Documents(documents),
        goal: Goal::Project,
        person: Person::Absent { answers: Vec::new() },
        approval: Approval::Given,
        limits: Limits {
            workers,
            turns: 100_000,
            attempt_ms: 3_600_000,
            tries: 3,
            budget: None,
            check_ms: 60_000,
        },
        models: Models { planner: model.clone(), supervisor: model.clone(), worker: model },
        profiles: [("general".into(), profile)].into(),
        checks: Vec::new(),
        tools: equitr_tools::specs(&equitr_tools::Tool::ALL).into(),
        map: "".into(),
        guide: "".into(),
        commit_prefix: "".into(),
        acceptance: false,
        earlier: None,
        policy: Policy::new(Sandbox::Off),
    }
}

/// A run in a temporary folder.
pub struct World {
    pub folder: tempfile::TempDir,
    pub home: Home,
    pub dir: RunDir,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        let dir = home.run("bench");
        Self { folder, home, dir }
    }

    pub fn begin(&self, model: Arc<dyn Model>, works: &[Work], workers: u32) -> RunHandle {
        let repository = self.folder.path().join("project");
        let lock = self.lock();
        let spec = Arc::new(spec(&repository, works, workers));
        begin(&self.dir, spec, Parts::of(model), lock).unwrap()
    }

    pub fn lock(&self) -> RepositoryLock {
        let repository = self.folder.path().join("project");
        RepositoryLock::take(&self.home, &repository, "bench").unwrap()
    }
}

/// Hears a run out and says when it ended; one that does not end well can't be measured.
pub fn hear_out(handle: RunHandle) -> Moment {
    let mut ended = Moment::now();
    for news in handle.news.iter() {
        let News::Record(record) = news else { continue };
        for event in &record.events {
            match event {
                Event::RunEnded { ending: Ending::Done } => ended = Moment::now(),
                Event::RunEnded { ending } => panic!("the run ended as {ending:?}"),
                Event::AttemptFailed { reason, .. } => {
                    println!("note: an attempt failed: {reason:?}")
                }
                _ => {}
            }
        }
    }
    handle.join().unwrap();
    ended
}
