//! Contracts: committed before any attempt, changed by the supervisor's word alone, told to those
//! whom they concern, and merged work that does not agree any more is opened again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod play;

use equitr_core::event::{CheckResult, Event, Matter, MessageKind, Verdict};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::input::Outcome;
use equitr_core::job::{JobId, Work, jobs, work};
use equitr_core::state::Status;
use play::{Play, call, commit, task};
use serde_json::{Value, json};

const PATH: &str = "docs/contracts/users.json";

fn contract() -> Value {
    json!({"path": PATH, "content": "{\"version\": 1}", "owner": "api", "consumers": ["ui"],
        "check": "agrees"})
}

/// A run with three tasks and a contract between two of them, which is not committed yet.
fn accepted() -> Play {
    let tasks = [task("api", &[1], &[]), task("ui", &[2], &[]), task("other", &[3], &[])];
    let mut play = Play::planned("1. a\n2. b\n3. c\n");
    let graph = json!({"tasks": tasks, "contracts": [contract()]});
    play.supervisor_says(call("propose_graph", &graph.to_string()));
    assert_eq!(play.state.tasks.len(), 3);
    play
}

/// The same, with the contract committed, so that all workers work.
fn begun() -> Play {
    let mut play = accepted();
    play.done(JobId::Commit(1), Outcome::Committed(commit("contracts")));
    play
}

fn propose(play: &mut Play, worker: u32, content: &str) {
    let args = json!({"contract": PATH, "content": content, "reason": "ids are numbers"});
    let reply = call("propose_contract_change", &args.to_string());
    play.model_says(AgentId::Worker(TaskId(worker), 1), reply);
}

fn accept(play: &mut Play) {
    play.supervisor_says(call("accept_contract_change", r#"{"note":"read the id as a number"}"#));
}

fn events(play: &Play) -> Vec<Event> {
    play.journal.iter().flat_map(|record| record.events.clone()).collect()
}

/// What the last turn's calls of a worker came to.
fn results(play: &Play, worker: u32) -> Vec<String> {
    let agent = AgentId::Worker(TaskId(worker), 1);
    let told = events(play).into_iter().filter_map(|event| match event {
        Event::ToolFinished { agent: of, content, .. } if of == agent => Some(content.to_string()),
        _ => None,
    });
    told.collect()
}

fn red() -> Vec<CheckResult> {
    vec![CheckResult {
        command: "agrees".into(),
        verdict: Verdict::Failed { exit: 1 },
        output: "no".into(),
        took_ms: 1,
    }]
}

#[test]
fn no_attempt_starts_before_the_contracts_are_committed() {
    let mut play = accepted();
    assert_eq!(jobs(&play.state), [JobId::Commit(1)]);
    let Some(Work::Commit { from, files, subject }) = work(&play.state, JobId::Commit(1)) else {
        panic!("the commit has no work")
    };
    assert_eq!((from, &*subject), (commit("base"), "Write the contract docs/contracts/users.json"));
    assert_eq!(files, [(PATH.into(), "{\"version\": 1}\n".into())]);
    play.done(JobId::Commit(1), Outcome::Committed(commit("contracts")));
    assert_eq!(play.state.head, Some(commit("contracts")));
    assert_eq!(play.state.working, 3);
    let checks: Vec<usize> = play.state.tasks.iter().map(|t| t.checks.len()).collect();
    assert_eq!(checks, [2, 2, 1], "owner and consumer are checked by the contract as well");
    play.done(JobId::Commit(1), Outcome::Committed(commit("again")));
    assert_eq!(play.state.head, Some(commit("contracts")), "old word changes nothing");
    play.replays();
}

#[test]
fn what_is_wrong_with_contracts_goes_back_with_what_is_wrong_with_tasks() {
    let mut play = Play::planned("1. a\n");
    let graph = json!({"tasks": [task("api", &[1], &["db"])], "contracts": [contract()]});
    play.supervisor_says(call("propose_graph", &graph.to_string()));
    let told = events(&play).into_iter().find_map(|event| match event {
        Event::ToolFinished { agent: AgentId::Supervisor(_), content, .. } => {
            Some(content.to_string())
        }
        _ => None,
    });
    let told = told.unwrap();
    assert!(told.contains("needs `db`, which does not exist"), "{told}");
    assert!(told.contains("names the task `ui`, which does not exist"), "{told}");
    assert!(play.state.tasks.is_empty());
}

#[test]
fn workers_see_their_contracts_and_only_runs_with_contracts_have_the_tool() {
    let play = begun();
    let opening = |worker: u32| {
        let Some(Work::Call(request)) = play
            .calls()
            .into_iter()
            .find(|job| matches!(job, JobId::Call { agent: AgentId::Worker(TaskId(t), _), .. } if *t == worker))
            .and_then(|job| work(&play.state, job))
        else {
            panic!("worker {worker} does not call")
        };
        let may = request.tools.iter().any(|tool| &*tool.name == "propose_contract_change");
        (format!("{:?}", request.messages), may)
    };
    assert!(opening(1).0.contains("docs/contracts/users.json (version 1; you offer it)"));
    assert!(opening(2).0.contains("you rely on it, backend_worker_1 offers it"));
    assert!(!opening(3).0.contains(PATH), "a task that it does not concern is not told");
    assert!(opening(3).1, "any worker may propose");
    let plain = Play::graphed(&[task("api", &[1], &[])]);
    let Some(Work::Call(request)) = work(&plain.state, plain.calls()[0]) else { panic!() };
    assert!(request.tools.iter().all(|tool| &*tool.name != "propose_contract_change"));
}

#[test]
fn an_accepted_change_is_committed_between_merges_and_told_to_whom_it_concerns() {
    let mut play = begun();
    play.claims(3, 1);
    play.verify(3, 1, &[("check", Verdict::Passed)]);
    propose(&mut play, 1, "{\"version\": 2}");
    let consult = play.state.consults.values().next().unwrap();
    assert!(matches!(&consult.matter, Matter::ContractChange { nth: 1, version: 1, .. }));
    accept(&mut play);
    assert!(results(&play, 1)[0].starts_with("accepted: docs/contracts/users.json is version 2"));
    assert!(!jobs(&play.state).contains(&JobId::Commit(2)), "a merge is under way");
    play.integrate(3, 1, &[("check", Verdict::Passed)]);
    play.lands(3, 1);
    assert!(jobs(&play.state).contains(&JobId::Commit(2)));
    play.done(JobId::Commit(2), Outcome::Committed(commit("second")));
    assert_eq!(play.state.head, Some(commit("second")));

    let letters: Vec<usize> = play.state.tasks.iter().map(|t| t.mail.len()).collect();
    assert_eq!(letters, [0, 1, 0], "the proposer knows, and the third has nothing to do with it");
    let letter = &play.state.tasks[1].mail[0];
    assert_eq!(letter.kind, MessageKind::Contract);
    for words in
        ["version 2", "ids are numbers", "as a number", "-{\"version\": 1}\n+{\"version\": 2}"]
    {
        assert!(letter.text.contains(words), "`{words}` is missing in {}", letter.text);
    }
    assert!(play.state.contracts.rechecks.is_empty(), "nothing it concerns is merged");
    play.replays();
}

#[test]
fn a_refused_change_changes_nothing_and_the_reason_is_the_result() {
    let mut play = begun();
    propose(&mut play, 2, "{\"version\": 2}");
    let before = play.state.contracts.list.clone();
    play.supervisor_says(call("refuse_contract_change", r#"{"reason":"others rely on it"}"#));
    assert_eq!(results(&play, 2), ["refused: others rely on it"]);
    assert_eq!(play.state.contracts.list, before);
    assert!(play.state.commits.due.is_empty());
    play.replays();
}

#[test]
fn of_two_proposals_for_one_version_the_second_is_not_decided() {
    let mut play = begun();
    propose(&mut play, 1, "{\"version\": 2}");
    propose(&mut play, 2, "{\"version\": 3}");
    accept(&mut play);
    assert!(play.state.consults.is_empty());
    assert!(results(&play, 2)[0].starts_with("not decided: docs/contracts/users.json became"));
    assert_eq!(play.state.contracts.list[0].version, 2);
}

#[test]
fn proposals_that_make_no_sense_are_told_at_once() {
    let mut play = begun();
    propose(&mut play, 1, "{");
    propose(&mut play, 1, "{\"version\": 1}\n\n");
    let told = results(&play, 1);
    assert!(told[0].contains("it is no JSON"), "{told:?}");
    assert_eq!(told[1], "the contract says that already");
    assert!(play.state.consults.is_empty());
}

#[test]
fn merged_work_that_does_not_agree_any_more_is_opened_again() {
    let mut play = begun();
    play.works(2, 1);
    propose(&mut play, 1, "{\"version\": 2}");
    accept(&mut play);
    play.done(JobId::Commit(2), Outcome::Committed(commit("second")));
    let Some(Work::Recheck { commit: at, checks, contracts, .. }) =
        work(&play.state, JobId::Recheck(1))
    else {
        panic!("{:?}", jobs(&play.state))
    };
    assert_eq!((at, checks.len(), contracts.len()), (commit("second"), 2, 1));
    play.done(JobId::Recheck(1), Outcome::Rechecked(red()));
    let ui = &play.state.tasks[1];
    assert!(matches!(ui.status, Status::Active(_)), "{:?}", ui.status);
    assert_eq!(ui.earlier.len(), 1);
    let because = ui.reopened.clone().unwrap();
    for words in ["users.json is version 2", "`agrees`", "+{\"version\": 2}"] {
        assert!(because.contains(words), "`{words}` is missing in {because}");
    }
    play.replays();
}

#[test]
fn merged_work_that_still_agrees_stays_merged_and_the_run_waits_for_the_word() {
    let mut play = begun();
    play.works(2, 1);
    play.works(3, 1);
    propose(&mut play, 1, "{\"version\": 2}");
    accept(&mut play);
    play.done(JobId::Commit(2), Outcome::Committed(commit("second")));
    play.claims(1, 1);
    play.verify(1, 1, &[("check", Verdict::Passed)]);
    play.integrate(1, 1, &[("check", Verdict::Passed)]);
    play.lands(1, 1);
    assert_eq!(jobs(&play.state), [JobId::Recheck(1)], "nothing is handed over before");
    play.done(JobId::Recheck(1), Outcome::Rechecked(Vec::new()));
    assert!(matches!(play.state.tasks[1].status, Status::Merged(_)));
    play.delivers();
    assert!(play.state.ending().is_some());
}

#[test]
fn contracts_are_closed_to_every_worker() {
    let play = begun();
    for task in [1, 3] {
        let closed = equitr_core::scope::closed(&play.state, TaskId(task));
        let told = equitr_core::scope::refusal(&closed, [PATH]).unwrap();
        assert!(told.contains("propose_contract_change"), "{told}");
    }
}

#[test]
fn the_parts_of_a_split_task_are_bound_by_its_contracts() {
    let mut play = begun();
    for attempt in 1..=3 {
        play.fails(2, attempt);
    }
    let part = |id: &str, todos: &[u32]| task(id, todos, &[]);
    let mut whole = Vec::from([part("ui-1", &[2]), part("ui-2", &[])]);
    whole[1]["needs"] = json!(["ui-1"]);
    play.supervisor_says(call("split_task", &json!({"tasks": whole}).to_string()));
    let contract = &play.state.contracts.list[0];
    assert_eq!(contract.consumers, [TaskId(2), TaskId(4), TaskId(5)]);
    assert_eq!(play.state.tasks[3].checks.len(), 2);
    play.replays();
}
