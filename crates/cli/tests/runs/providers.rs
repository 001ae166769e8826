//! The example by each provider's format, over real HTTP, with faults on the way.

use crate::support::{KEY, Machine, example, example_args, script, task, team_args};
use equitr_core::event::Event;
use equitr_core::id::AgentId;
use equitr_engine::SharedRecord;
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Fault, Faults, Format, Loopback};
use serde_json::json;
use std::sync::OnceLock;

const TASKS: [&str; 4] = ["groundwork", "program", "rendering", "storage"];

/// The tree of the example's run when nothing disturbs it.
fn undisturbed_tree() -> &'static str {
    static TREE: OnceLock<String> = OnceLock::new();
    TREE.get_or_init(|| {
        let machine = Machine::new();
        let model = format!("script:{}", example().join("script.yaml").display());
        run_example(&machine, &model, &[]);
        machine.tree()
    })
}

fn run_example(machine: &Machine, model: &str, more: &[&str]) -> String {
    let args = example_args(model);
    let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let ended = machine.run(&args).expect(0);
    assert_eq!(machine.merged_tasks("HEAD"), TASKS);
    format!("{}{}", ended.stdout, ended.stderr)
}

/// What goes wrong on the way, each at another agent.
fn faults() -> [(&'static str, u32, Fault); 6] {
    [
        ("planner", 1, Fault::RateLimited { retry_after: "0.1".to_owned() }),
        ("supervisor:graph", 1, Fault::Dropped),
        ("infrastructure_worker#1", 0, Fault::Truncated),
        ("backend_worker_1#1", 1, Fault::Reset),
        ("backend_worker_2#2", 1, Fault::RateLimited { retry_after: "0".to_owned() }),
        ("general_worker#1", 1, Fault::Overloaded),
    ]
}

/// The planner's call that was told to wait for 100 ms is made again that much later.
fn waits_as_long_as_asked(records: &[SharedRecord]) {
    let limited = records.iter().find_map(|record| {
        record.events.iter().find_map(|event| match event {
            Event::CallFailed { agent: AgentId::Planner, retry_at_ms, .. } => {
                Some((record, *retry_at_ms))
            }
            _ => None,
        })
    });
    let (record, retry_at_ms) = limited.unwrap();
    assert_eq!(retry_at_ms - record.at_ms, 100);
    let is_again = |e: &Event| matches!(e, Event::CallReserved { agent: AgentId::Planner, .. });
    let mut later = records.iter().filter(|later| later.seq >= record.seq);
    let again = later.find(|later| later.events.iter().any(is_again)).unwrap();
    assert!(again.at_ms >= retry_at_ms);
}

fn ends_with_the_same_tree(model: &str, variable: &str, format: Format) {
    let script = Script::load(&example().join("script.yaml")).unwrap();
    let given = faults();
    let faults = given.iter().fold(Faults::none(), |faults, (agent, turn, fault)| {
        faults.turn(agent, *turn, fault.clone())
    });
    let server = Loopback::start(script, faults).unwrap();
    let machine = Machine::new().with(variable, KEY);
    let told = run_example(&machine, model, &["--api-base", &server.url()]);

    assert_eq!(machine.tree(), undisturbed_tree());
    for (agent, turn, fault) in &given {
        let requests = server.requests_of(agent, *turn);
        assert_eq!(requests, 2, "{agent} asks again for turn {turn} after {fault:?}");
    }
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|seen| seen.fault.is_some()).count(), given.len());
    assert!(requests.iter().all(|seen| seen.format == format));
    let sent = |header: &(String, String)| header.1.contains(KEY);
    assert!(requests.iter().all(|seen| seen.headers.iter().any(sent)), "the key is used");

    waits_as_long_as_asked(&machine.loaded().records);
    let pages = ["report", "show", "status"].map(|page| machine.run(&[page]).expect(0).stdout);
    assert!(!told.contains(KEY) && !pages.concat().contains(KEY));
    assert_eq!(machine.files_with(KEY), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_example_ends_with_the_same_tree_by_openai_chat() {
    ends_with_the_same_tree("openai/gpt-4o", "OPENAI_API_KEY", Format::Chat);
}

#[test]
fn the_example_ends_with_the_same_tree_by_openai_responses() {
    let model = "openai-responses/gpt-5";
    ends_with_the_same_tree(model, "OPENAI_API_KEY", Format::Responses);
}

#[test]
fn the_example_ends_with_the_same_tree_by_anthropic_messages() {
    let model = "anthropic/claude-sonnet-4-5";
    ends_with_the_same_tree(model, "ANTHROPIC_API_KEY", Format::Messages);
}

#[test]
fn the_example_ends_with_the_same_tree_by_gemini() {
    ends_with_the_same_tree("gemini/gemini-2.5-pro", "GEMINI_API_KEY", Format::Gemini);
}

#[test]
fn sec_01_a_workers_commands_and_checks_find_no_key_in_their_environment() {
    let seen = "env > seen.txt; cat seen.txt";
    let agents = json!({"backend_worker": [
        {"calls": [{"run_command": {"command": seen}}]},
        {"calls": [{"finish": {"summary": ["Looked around"]}}]},
    ]});
    let check = "env && test -s seen.txt && ! env | grep canary";
    let script = script(1, json!([task("look", "backend", 1, &[], check)]), agents);
    let script = Script::parse(&script.to_string(), "script.yaml".as_ref()).unwrap();
    let server = Loopback::start(script, Faults::none()).unwrap();
    let machine = Machine::new().with("OPENAI_API_KEY", KEY).with("MY_OTHER_TOKEN", KEY);
    let url = server.url();
    let args = team_args("openai/gpt-4o");
    machine.run(&[&args[..], &["--api-base", &url]].concat()).expect(0);
    assert!(machine.committed("seen.txt").contains("PATH="));
    assert_eq!(machine.files_with(KEY), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_key_is_found_where_it_lies() {
    let machine = Machine::new();
    machine.repository(&[("deep/a.txt", &format!("key: {KEY}\n"))]);
    let found = machine.files_with(KEY);
    assert_eq!(found, [machine.project().join("deep/a.txt"), machine.project()]);
}
