//! What has to hold at every step, checked against books that are kept apart from the state.
//!
//! Ids are those of the invariants in the project's notes on reliability.

mod acceptance;
mod circles;
mod claims;
mod contracts;
mod conversation;
mod delivery;
mod drift;
mod graph;
mod mail;
mod money;
mod plan;
mod reviews;
mod steering;

use super::git::{Git, Merge};
use equitr_core::chat::Request;
use equitr_core::event::{Ending, Event, Record, Verdict};
use equitr_core::id::AgentId;
use equitr_core::input::Input;
use equitr_core::job::JobId;
use equitr_core::spec::{Goal, RunSpec};
use equitr_core::state::{RunState, Stage, Status};

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breach {
    /// Its id.
    pub invariant: &'static str,
    /// What was seen instead.
    pub what: String,
}

impl Breach {
    pub fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

/// Fails with an invariant's id when it does not hold.
fn holds(fact: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Result<(), Breach> {
    if fact { Ok(()) } else { Err(Breach::new(invariant, what())) }
}

/// The books: kept from records alone.
#[derive(Debug)]
pub(super) struct Audit {
    money: money::Money,
    graph: graph::Graph,
    mail: mail::Mail,
    circles: circles::Circles,
    reviews: reviews::Reviews,
    drift: drift::Drift,
    claims: claims::Claims,
    contracts: contracts::Contracts,
    delivery: delivery::Delivery,
    acceptance: acceptance::Acceptance,
    steering: steering::Steering,
    plan: plan::Plan,
}

impl Audit {
    pub fn new(spec: &RunSpec) -> Self {
        Self {
            money: money::Money::new(spec.limits.budget),
            graph: graph::Graph::default(),
            mail: mail::Mail::default(),
            circles: circles::Circles::default(),
            reviews: reviews::Reviews::default(),
            drift: drift::Drift::new(&spec.limits),
            claims: claims::Claims::default(),
            contracts: contracts::Contracts::default(),
            delivery: delivery::Delivery::new(spec),
            acceptance: acceptance::Acceptance::new(spec),
            steering: steering::Steering::default(),
            plan: plan::Plan::default(),
        }
    }

    /// What holds of a record and the input that led to it.
    pub fn led_to(input: &Input, record: &Record) -> Result<(), Breach> {
        record.events.iter().try_for_each(|event| delivery::by_the_person(input, event))
    }

    /// Enters a record; `state` is the one right after it.
    pub fn saw(&mut self, record: &Record, state: &RunState, git: &Git) -> Result<(), Breach> {
        self.plan.saw(record)?;
        for event in &record.events {
            self.money.saw(event);
            self.mail.saw(event, &self.graph);
            self.contracts.saw(event, &self.graph, git)?;
            self.graph.saw(event, git)?;
            self.circles.saw(event)?;
            self.reviews.saw(event)?;
            self.drift.saw(event)?;
            self.claims.saw(event, git)?;
            self.delivery.saw(event)?;
            self.acceptance.saw(event, state, git)?;
            self.steering.saw(event, state)?;
            let Event::RunEnded { ending } = event else { continue };
            self.ended(ending, state)?;
        }
        self.claims.settle()?;
        self.contracts.settle()?;
        self.money.settle(state)
    }

    /// What holds between any two passes of the loop.
    pub fn check(&self, state: &RunState, git: &Git, billed: u64) -> Result<(), Breach> {
        self.money.check(state, billed)?;
        self.graph.check(state)?;
        self.delivery.check(state, git)?;
        acceptance::untouched(git)?;
        self.steering.check(state)?;
        self.plan.check()?;
        self.contracts.check(git)?;
        agrees_with_git(state, git)
    }

    /// What holds of a job that is started.
    pub fn starts(&self, job: JobId) -> Result<(), Breach> {
        self.steering.starts(job)
    }

    /// What holds of a request that goes to a provider.
    pub fn request(&self, agent: AgentId, request: &Request) -> Result<(), Breach> {
        conversation::check(request)?;
        match agent {
            AgentId::Worker(task, _) => self.mail.check(task, request),
            AgentId::Planner | AgentId::Supervisor(_) => Ok(()),
        }
    }

    /// An ending says what is true.
    fn ended(&self, ending: &Ending, state: &RunState) -> Result<(), Breach> {
        match ending {
            Ending::Done | Ending::DoneWithOpenWork | Ending::Failed { .. } => {}
            Ending::OutOfBudget => {
                return holds(state.ledger.limit.is_some(), "E1", || {
                    "out of a budget that has no bound".to_owned()
                });
            }
            Ending::ModelUnavailable { .. } | Ending::Broken { .. } | Ending::Cancelled => {
                return Ok(());
            }
        }
        self.graph.ended(state)?;
        let unproven = state.tasks.iter().find(|task| match &task.status {
            Status::Merged(work) => work.checks.iter().any(|c| c.verdict != Verdict::Passed),
            Status::Split(_) => false,
            // Dropped with all it was there for: nobody wants it any more.
            Status::Dropped(_) => !task.todos.is_empty(),
            Status::Waiting
            | Status::Ready
            | Status::Active(_)
            | Status::Escalated
            | Status::Failed(_) => true,
        });
        let covered = |number: u32| {
            let mut merged = state.tasks.iter().filter(|t| matches!(t.status, Status::Merged(_)));
            merged.any(|task| task.todos.contains(&number))
        };
        let mut open = state.plan.todos.iter().filter(|t| !t.done).map(|t| t.number);
        let missing = open.find(|&number| !covered(number));
        let planned = !state.plan.todos.is_empty();
        let whole = planned
            && (state.spec.goal == Goal::Plan
                || (missing.is_none() && unproven.is_none() && self.acceptance.is_green(state)));
        holds(whole == (*ending == Ending::Done), "E1", || {
            let task = unproven.map(|task| task.id);
            format!(
                "the run ends as {ending:?}; planned: {planned}, a todo not done: {missing:?}, a \
                 task not proven: {task:?}"
            )
        })
    }
}

/// What is merged in the state is merged in git, once, and the other way round but for a merge that
/// is landing (I2, I5, I16).
fn agrees_with_git(state: &RunState, git: &Git) -> Result<(), Breach> {
    for (place, merge) in git.merges.iter().enumerate() {
        let same = |m: &Merge| m.task == merge.task && m.attempt == merge.attempt;
        let twice = git.merges[..place].iter().any(same);
        holds(!twice, "I2", || {
            format!("attempt {} of task {} is merged twice", merge.attempt, merge.task)
        })?;
        let task = state.task(merge.task);
        let earlier = task.into_iter().flat_map(|task| &task.earlier);
        if earlier.map(|work| &work.commit).any(|commit| *commit == merge.commit) {
            continue;
        }
        let agrees = match task.map(|task| &task.status) {
            Some(Status::Merged(work)) => work.commit == merge.commit,
            Some(Status::Active(attempt)) => {
                attempt.number == merge.attempt
                    && matches!(&attempt.stage, Stage::Landing { commit, .. } if *commit == merge.commit)
            }
            _ => false,
        };
        holds(agrees, "I5", || {
            format!("git holds attempt {} of task {}; the run does not", merge.attempt, merge.task)
        })?;
    }
    for task in &state.tasks {
        if let Status::Merged(work) = &task.status {
            let there = git.merges.iter().any(|merge| merge.commit == work.commit);
            holds(there, "I16", || format!("task {} is merged in the run, not in git", task.id))?;
        }
    }
    Ok(())
}
