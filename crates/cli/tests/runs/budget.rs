//! What a run may cost is never passed, by what the server says it served.

use crate::support::{KEY, Machine, Started, script, task, team_args};
use equitr_core::event::Event;
use equitr_core::units::MicroDollars;
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Fault, Faults, Loopback};
use serde_json::{Value, json};

const LIMIT: MicroDollars = MicroDollars(100_000);
const RAISED: MicroDollars = MicroDollars(5_000_000);

/// Tasks that can all be done at once.
const TASKS: u32 = 8;

/// What gpt-4o costs.
fn listed_price() -> Value {
    json!({"input": 2.5, "cached_input": 1.25, "output": 10})
}

/// Every task takes six replies, each as long as a reply may be.
fn dear_project(price: Value, faults: Faults) -> Loopback {
    let longest = json!({"input": 3_000, "cached": 500, "output": 512});
    let names: Vec<String> = (1..=TASKS).map(|n| format!("part{n}")).collect();
    let tasks: Vec<Value> = (1..=TASKS)
        .zip(&names)
        .map(|(n, name)| task(name, "backend", n, &[], &format!("test $(wc -l < {name}) = 5")))
        .collect();
    let workers = (1..=TASKS).zip(&names).map(|(n, name)| {
        let write = |lines: usize| {
            let call = json!({"write_file": {"path": name, "content": "more\n".repeat(lines)}});
            json!({"calls": [call], "usage": longest})
        };
        let finish = json!({"calls": [{"finish": {"summary": ["Done"]}}], "usage": longest});
        let turns: Vec<Value> = (1..=5).map(write).chain([finish]).collect();
        (format!("backend_worker_{n}"), Value::from(turns))
    });
    let mut script = script(TASKS, tasks.into(), Value::Object(workers.collect()));
    script["price"] = price;
    let script = Script::parse(&script.to_string(), "script.yaml".as_ref()).unwrap();
    Loopback::start(script, faults).unwrap()
}

fn machine() -> Machine {
    Machine::new()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENROUTER_API_KEY", KEY)
        .with("EQUITR_MAX_TOKENS", "512")
}

fn begin_args<'a>(model: &'a str, url: &'a str) -> Vec<&'a str> {
    let bounds = ["--api-base", url, "--budget", "0.10", "--max-workers", "8", "--json"];
    [&team_args(model)[..], &bounds].concat()
}

/// The most calls that were under way at a time.
fn calls_at_a_time(events: &[(u64, Event)]) -> usize {
    let mut calls: i64 = 0;
    let mut most = 0;
    for (_, event) in events {
        match event {
            Event::CallReserved { .. } => calls += 1,
            Event::CallReplied { .. } | Event::CallFailed { .. } => calls -= 1,
            _ => {}
        }
        most = most.max(calls);
    }
    usize::try_from(most).unwrap()
}

fn is_whole(machine: &Machine) {
    let mut names: Vec<String> = (1..=TASKS).map(|n| format!("part{n}")).collect();
    names.sort();
    assert_eq!(machine.merged_tasks("HEAD"), names);
    assert!(names.iter().all(|name| machine.committed(name).lines().count() == 5));
}

#[test]
fn with_ten_cents_and_eight_workers_no_more_than_ten_cents_are_served() {
    keeps_to_ten_cents("openai/gpt-4o", listed_price());
}

#[test]
fn what_a_provider_says_a_call_cost_is_kept_to_ten_cents_too() {
    let discount = json!({"input": 2, "cached_input": 1, "output": 9});
    keeps_to_ten_cents("openrouter/openai/gpt-4o", discount);
}

fn keeps_to_ten_cents(model: &str, price: Value) {
    let server = dear_project(price, Faults::none());
    let machine = machine();
    machine.run(&begin_args(model, &server.url())).expect(4);

    let served = server.served_micro_dollars();
    assert!(served <= LIMIT, "{served}");
    assert!(served > MicroDollars(LIMIT.0 / 2), "the budget is used, too: {served}");
    let state = machine.state();
    assert_eq!(state.ledger.spent, served, "all replies came");
    assert_eq!((state.ledger.overrun, state.ledger.held), Default::default());
    assert!(calls_at_a_time(&machine.events()) > 2, "workers work at the same time");
    let status = machine.status();
    assert_eq!(status["ending"]["kind"], "out_of_budget");
    assert_eq!(status["resume_command"], "equitrcoder resume --budget 1");

    let url = server.url();
    let resumed = machine.run(&["resume", "--budget", "5", "--api-base", &url]).expect(0);
    assert!(resumed.stdout.contains("of $5.00 spent"), "{}", resumed.stdout);
    let served = server.served_micro_dollars();
    assert!(LIMIT < served && served <= RAISED, "{served}");
    assert_eq!(machine.state().ledger.spent, served);
    is_whole(&machine);
}

#[test]
fn replies_that_break_off_are_served_within_the_budget_too() {
    let breaks = [Fault::Truncated, Fault::Reset, Fault::Dropped, Fault::Garbage];
    // Every worker's first call fails in each of these ways, and not all in the same order.
    let faults = (1..=TASKS).fold(Faults::none(), |faults, n| {
        let first = breaks.iter().cycle().skip(n as usize % breaks.len());
        let agent = format!("backend_worker_{n}#1");
        first.take(breaks.len()).fold(faults, |faults, fault| faults.turn(&agent, 0, fault.clone()))
    });
    let server = dear_project(listed_price(), faults);
    let machine = machine();
    machine.run(&begin_args("openai/gpt-4o", &server.url())).expect(4);
    let broken = server.requests().iter().filter(|seen| seen.fault.is_some()).count();
    assert!(broken >= 3, "{broken}");
    let served = server.served_micro_dollars();
    let spent = machine.state().ledger.spent;
    assert!(served < spent && spent <= LIMIT, "{served} {spent}");
}

/// Lets a run reserve money so many times; whether it got so far.
fn reserves(run: &mut Started, times: usize) -> bool {
    (0..times).all(|_| run.until(|event| matches!(event, Event::CallReserved { .. })))
}

#[test]
fn a_run_that_is_killed_again_and_again_keeps_its_budget() {
    let server = dear_project(listed_price(), Faults::none());
    let machine = machine();
    let url = server.url();
    let resume = ["resume", "--json", "--api-base", &url];
    let mut args = begin_args("openai/gpt-4o", &url);
    let mut kills = 0;
    // Each kill is charged with what was reserved, so there is an end to it.
    loop {
        let mut run = machine.start(&args);
        if !reserves(&mut run, 1 + kills % 2) {
            run.wait().expect(4);
            break;
        }
        run.kill();
        kills += 1;
        args = resume.to_vec();
    }
    assert!(kills >= 3, "{kills}");
    let state = machine.state();
    let served = server.served_micro_dollars();
    assert!(served <= state.ledger.spent && state.ledger.spent <= LIMIT, "{served}");

    args.extend(["--budget", "5"]);
    for times in 2..=6 {
        let mut run = machine.start(&args);
        assert!(reserves(&mut run, times), "much is left to do");
        run.kill();
        args = resume.to_vec();
    }
    machine.run(&args).expect(0);
    let state = machine.state();
    let served = server.served_micro_dollars();
    assert!(LIMIT < served && served <= state.ledger.spent, "{served}");
    assert!(state.ledger.spent <= RAISED, "{:?}", state.ledger);
    assert_eq!(state.ledger.overrun, MicroDollars::ZERO);
    is_whole(&machine);
}
