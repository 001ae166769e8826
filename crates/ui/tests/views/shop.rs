//! Runs that the tests look at.

use crate::play::{Play, call, commit, graph, reply, task};
use equitr_core::chat::{CallFault, Reply, Usage};
use equitr_core::event::{CheckResult, Delivery, Verdict};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::{CallFailure, Command, Input, Outcome, Used};
use equitr_core::job::{Handover, JobId};
use equitr_core::spec::{Profile, RunSpec};
use equitr_core::units::{MicroDollars, Price};
use serde_json::{Value, json};

/// The moment at which the runs begin: 2026-11-22 15:26:07 UTC.
const BEGIN_MS: u64 = 1_795_361_167_000;

pub fn begin(change: impl FnOnce(&mut RunSpec)) -> Play {
    let mut play = Play::with(|spec| {
        spec.repository = "/home/me/ecommerce-platform".into();
        for profile in ["infrastructure", "frontend"] {
            let role =
                Profile { role: profile.into(), prompt: "".into(), tools: vec![], review: false };
            spec.profiles.insert(profile.into(), role);
        }
        change(spec);
    });
    play.now_ms = BEGIN_MS;
    // The first record is made at the play's own zero; the view shows when it began.
    play.journal[0].at_ms = BEGIN_MS;
    play.state.started_ms = BEGIN_MS;
    play.state.now_ms = BEGIN_MS;
    play
}

pub fn titled(id: &str, title: &str, profile: &str, todos: &[u32], needs: &[&str]) -> Value {
    let mut planned = task(id, todos, needs);
    planned["title"] = json!(title);
    planned["profile"] = json!(profile);
    planned
}

pub fn documents(requirements: &str, design: &str, todos: &str) -> Reply {
    let document = |kind: &str, content: &str| {
        ("write_document", json!({ "document": kind, "content": content }).to_string())
    };
    reply(vec![
        document("requirements", requirements),
        document("design", design),
        document("todos", todos),
        ("submit_plan", "{}".to_owned()),
    ])
}

pub fn question(text: &str, default: &str) -> Reply {
    call("ask_person", &json!({ "question": text, "default": default }).to_string())
}

/// A reply of a worker that is done with these lines.
pub fn finish(summary: &[&str]) -> Reply {
    call("finish", &json!({ "summary": summary }).to_string())
}

pub fn worker(task: u32, attempt: u32) -> AgentId {
    AgentId::Worker(TaskId(task), attempt)
}

pub fn check(command: &str, verdict: Verdict, output: &str) -> CheckResult {
    CheckResult { command: command.into(), verdict, output: output.into(), took_ms: 1_200 }
}

/// Claims with a summary, up to the checks.
pub fn claim(play: &mut Play, task: u32, attempt: u32, summary: &[&str]) {
    play.now_ms += 60_000;
    play.prepare(task, attempt);
    play.model_says(worker(task, attempt), finish(summary));
}

/// Claims whose checks end like this.
pub fn checked(play: &mut Play, task: u32, attempt: u32, checks: Vec<CheckResult>) {
    let outcome = Outcome::Verified {
        commit: commit("work"),
        paths: Vec::new(),
        edited: Vec::new(),
        checks,
        diff: "".into(),
    };
    play.done(JobId::Verify(TaskId(task), attempt), outcome);
}

/// A whole attempt that is merged, with these checks on the merged tree.
pub fn merge(play: &mut Play, task: u32, attempt: u32, summary: &[&str], verdict: Verdict) {
    claim(play, task, attempt, summary);
    play.verify(task, attempt, &[("pytest -q", verdict.clone())]);
    play.integrate(task, attempt, &[("pytest -q", verdict)]);
    play.lands(task, attempt);
}

pub fn call_failure(fault: CallFault, message: &str, retry_after_ms: Option<u64>) -> Outcome {
    let used = Used::Nothing;
    let failure = CallFailure { fault, message: message.into(), retry_after_ms, used };
    Outcome::Called { result: Err(failure), took_ms: 400 }
}

/// The call that an agent has under way.
pub fn call_of(play: &Play, agent: AgentId) -> JobId {
    let of = |job: &JobId| matches!(job, JobId::Call { agent: a, .. } if *a == agent);
    play.calls().into_iter().find(of).unwrap()
}

/// The run of the specification's example: conversation, six tasks, all merged.
pub fn whole_run() -> Play {
    let mut play = begin(|spec| {
        spec.limits.budget = Some(MicroDollars(100_000_000));
        let price = Price { input: 2_500_000, cached_input: 1_250_000, ..Price::FREE };
        spec.models.planner.price = price;
        spec.models.worker.price = price;
    });
    play.command(Command::Say(
        "I want to create a complete e-commerce platform with microservices architecture".into(),
    ));
    for (text, answer) in CONVERSATION {
        play.now_ms += 20_000;
        let mut asks = question(text, "whatever is usual");
        asks.usage = Usage {
            input_tokens: 4_000,
            cached_tokens: 3_000,
            output_tokens: 60,
            ..Usage::default()
        };
        play.model_says(AgentId::Planner, asks);
        play.command(Command::Say((*answer).into()));
    }
    play.model_says(AgentId::Planner, documents(REQUIREMENTS, DESIGN, TODOS));
    play.command(Command::Approve);
    play.publishes();
    play.supervisor_says(graph(&[
        titled("infra", "Infrastructure and Gateway Setup", "infrastructure", &[1], &[]),
        titled("users", "User Management Service Implementation", "backend", &[2], &["infra"]),
        titled("catalog", "Product Catalog Service Implementation", "backend", &[3], &["infra"]),
        titled(
            "cart",
            "Shopping Cart Service Implementation",
            "backend",
            &[4],
            &["users", "catalog"],
        ),
        titled("payment", "Payment and Order Services Implementation", "backend", &[5], &["users"]),
        titled("web", "Frontend Application Development", "frontend", &[6], &["infra"]),
    ]));
    for (task, summary) in (1..).zip(SUMMARIES) {
        merge(&mut play, task, 1, summary, Verdict::Passed);
    }
    play.delivers();
    play
}

/// A run in which much goes wrong: failed, held back, dropped, split, not proven.
pub fn open_work() -> Play {
    let mut play = begin(|spec| spec.limits.tries = 2);
    play.command(Command::Say("a shop".into()));
    let todos = "# Shop Tasks\n\n1. Users\n2. Catalog\n3. Pages\n4. Handbook\n5. Checkout\n6. Deployment\n7. Monitoring\n";
    play.model_says(AgentId::Planner, documents("# Shop Requirements\n", "# Shop Design\n", todos));
    play.command(Command::Approve);
    play.publishes();
    play.supervisor_says(graph(&[
        titled("users", "User Service", "backend", &[1], &[]),
        titled("catalog", "Catalog Service", "backend", &[2], &["users"]),
        titled("web", "Pages", "frontend", &[3], &[]),
        titled("book", "Handbook", "backend", &[4], &[]),
        titled("checkout", "Checkout", "backend", &[5], &["catalog"]),
        titled("ops", "Operations", "infrastructure", &[6, 7], &[]),
    ]));
    talk(&mut play);
    users_fail(&mut play);
    // Two attempts at the handbook come to nothing; the supervisor leaves it.
    for attempt in 1..=2 {
        play.prepare(4, attempt);
        play.model_says(
            worker(4, attempt),
            call("give_up", r#"{"reason":"nobody says what it is about"}"#),
        );
    }
    play.supervisor_says(call("drop_task", r#"{"reason":"nobody needs it yet"}"#));
    operations_are_split(&mut play);
    let commit = play.state.head.clone().unwrap();
    let delivery = Delivery::OnBranch {
        branch: "equitr/shop".into(),
        commit,
        why: "`main` has uncommitted changes".into(),
    };
    play.done(JobId::Deliver(Handover::Guarded), Outcome::Delivered(delivery));
    play
}

/// The pages' worker tells, asks, waits for its provider, conflicts, and is merged.
fn talk(play: &mut Play) {
    play.prepare(3, 1);
    play.model_says(
        worker(3, 1),
        reply(vec![
            (
                "send_message",
                json!({ "to": "backend_worker_1", "text": "GET /users/{id} gives\n{id, name}" })
                    .to_string(),
            ),
            ("send_message", json!({ "to": "all", "text": "pages live under /web" }).to_string()),
            ("ask_supervisor", json!({ "question": "Which colours, dark or light?" }).to_string()),
        ]),
    );
    play.supervisor_says(call("answer", r#"{"answer":"Light, as the design says."}"#));
    let limited = call_of(play, worker(3, 1));
    let other = call_of(play, worker(4, 1));
    play.done(limited, call_failure(CallFault::RateLimited, "429 slow down", Some(7_000)));
    play.done(other, call_failure(CallFault::RateLimited, "429 slow down", Some(6_000)));
    play.now_ms += 7_000;
    play.input(Input::Tick);
    play.model_says(worker(3, 1), finish(&["first pages"]));
    play.verify(3, 1, &[("npm test", Verdict::Passed)]);
    play.done(
        JobId::Integrate(TaskId(3), 1),
        Outcome::Conflicted {
            paths: vec!["web/index.html".into(), "web/app.css".into()],
            text: "<<<<<<<".into(),
            onto: commit("head"),
            tree: commit("tree"),
            with: Vec::new(),
        },
    );
    merge(play, 3, 2, &["pages for the catalog", "sign-in form"], Verdict::Passed);
}

/// The user service comes to nothing three times, and what needs it is held back.
fn users_fail(play: &mut Play) {
    claim(play, 1, 1, &["users"]);
    let output = "collected 9 items\n\ntests/test_users.py F\n\n    def test_login():\n>       assert login()\nE       assert False\n1 failed, 8 passed in 0.31s\n";
    let checks = vec![
        check("ruff check", Verdict::Passed, ""),
        check("pytest -q", Verdict::Failed { exit: 1 }, output),
    ];
    checked(play, 1, 1, checks);
    claim(play, 1, 2, &["users again"]);
    checked(play, 1, 2, vec![check("pytest -q", Verdict::TimedOut, "still collecting\n")]);
    play.supervisor_says(question("May passwords be stored in plain text?", "no"));
    play.now_ms += 600_000;
    play.input(Input::Tick);
    play.supervisor_says(call(
        "reassign_task",
        r#"{"profile":"infrastructure","advice":"hash them with argon2"}"#,
    ));
    let refused = call_of(play, worker(1, 3));
    play.done(refused, call_failure(CallFault::BadRequest, "400 unknown field `tools`", None));
    play.supervisor_says(call("fail_task", r#"{"reason":"the provider refuses every request"}"#));
}

/// Operations are divided; one half can't be checked here.
fn operations_are_split(play: &mut Play) {
    for attempt in 1..=2 {
        claim(play, 6, attempt, &["all of it"]);
        checked(
            play,
            6,
            attempt,
            vec![check("helm lint", Verdict::Failed { exit: 2 }, "bad chart\n")],
        );
    }
    let parts = [
        titled("deploy", "Deployment", "infrastructure", &[6], &[]),
        titled("watch", "Monitoring", "infrastructure", &[7], &["deploy"]),
    ];
    play.supervisor_says(call("split_task", &json!({ "tasks": parts }).to_string()));
    merge(play, 7, 1, &["charts"], Verdict::Passed);
    merge(play, 8, 1, &["alerts"], Verdict::CantRun { program: "promtool".into() });
}

const CONVERSATION: &[(&str, &str)] = &[
    (
        "What microservices do you envision for the platform?",
        "User management, product catalog, shopping cart, payment processing, order management, and inventory tracking",
    ),
    (
        "What technology stack would you prefer?",
        "Python with FastAPI for backend services, React for frontend, PostgreSQL for databases, Redis for caching, and Docker for containerization",
    ),
];
const REQUIREMENTS: &str = "# E-commerce Platform Requirements\n\n## 1. PROJECT OVERVIEW\n- Microservices-based e-commerce platform\n";
const DESIGN: &str =
    "# E-commerce Platform Design\n\n## 1. SYSTEM ARCHITECTURE\n- API Gateway (Kong/Nginx)\n";
const TODOS: &str = "# E-commerce Platform Implementation Tasks\n\n## 1. CORE (High Priority)\n1. Infrastructure\n2. Users\n3. Catalog\n4. Cart\n5. Payment\n6. Frontend\n";
const SUMMARIES: [&[&str]; 6] = [
    &[
        "Kubernetes configurations created",
        "Docker images configured",
        "API Gateway setup with Kong",
        "RabbitMQ and Redis configured",
    ],
    &[
        "JWT authentication implemented",
        "User registration and profile endpoints",
        "Role-based access control",
        "PostgreSQL database schema",
    ],
    &[
        "Product CRUD operations",
        "Category management",
        "Search functionality with indexing",
        "Image handling system",
    ],
    &[
        "Redis-based cart persistence",
        "Cart session management",
        "Add/remove item endpoints",
        "Cart expiration logic",
    ],
    &[
        "Payment gateway integration",
        "Order creation workflow",
        "Transaction processing",
        "Order status tracking",
    ],
    &[
        "React application with routing",
        "Authentication UI components",
        "Product catalog interface",
        "Shopping cart and checkout",
        "Order management dashboard",
    ],
];
