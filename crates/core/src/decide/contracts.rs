//! What follows when a worker proposes a change of a contract, the supervisor decides about it, and
//! merged work was checked again.

use super::Decision;
use super::planner::unknown_tool;
use crate::apply::Fault;
use crate::chat::{ToolCall, ToolOutcome};
use crate::contracts::{as_file, text_problems, told};
use crate::control::{
    AcceptContractChange, ProposeContractChange, RefuseContractChange, arguments,
};
use crate::dialogue::cut;
use crate::event::{CheckResult, Event, Matter, MessageKind, Sender};
use crate::id::{AgentId, ConsultId, TaskId};
use crate::prompt::is_red;
use crate::state::Status;
use std::sync::Arc;

/// Changes that the workers of one task propose, over all its attempts.
const PROPOSALS_MAX: u32 = 8;
/// A reason, and the supervisor's words to it.
const WORDS_BYTES: usize = 4_000;

impl Decision<'_> {
    /// A worker proposes another version of a contract; the supervisor's word is the call's result.
    pub(super) fn contract_change_proposed(
        &mut self,
        task: TaskId,
        attempt: u32,
        call: u32,
        asked: &ToolCall,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        let proposal = match arguments::<ProposeContractChange>(&asked.args) {
            Ok(proposal) => proposal,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let Some(contract) = self.state.contracts.get(proposal.contract.trim()) else {
            let known: Vec<&str> = self.state.contracts.list.iter().map(|c| &*c.path).collect();
            let name = cut(&proposal.contract, 200);
            let known = known.join(", ");
            return Ok(Err(format!("there is no contract `{name}`; there are: {known}").into()));
        };
        let content = as_file(&proposal.content);
        let mut problems = Vec::new();
        text_problems(&contract.path, &content, &mut problems);
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(|p| format!("- {p}")).collect();
            return Ok(Err(format!("not proposed:\n{}", lines.join("\n")).into()));
        }
        if content == contract.text {
            return Ok(Err("the contract says that already".into()));
        }
        let reason = cut(proposal.reason.trim(), WORDS_BYTES);
        if reason.is_empty() {
            return Ok(Err("say why, for the supervisor and those who rely on it".into()));
        }
        let nth = self.state.contracts.proposals.get(&task).copied().unwrap_or(0) + 1;
        if nth > PROPOSALS_MAX {
            let told = format!("{PROPOSALS_MAX} changes are proposed; build to what there is");
            return Ok(Err(told.into()));
        }
        let Some(found) = self.state.task(task) else { return Err("no such task") };
        let opening = told::opening(self.state, found, nth, contract, (&content, reason));
        let matter = Matter::ContractChange {
            task,
            attempt,
            call,
            nth,
            contract: contract.path.clone(),
            version: contract.version,
            content,
            reason: reason.into(),
        };
        let id = ConsultId(self.state.consults_opened + 1);
        self.emit(Event::ConsultOpened { id, matter, opening })?;
        Ok(Ok(()))
    }

    /// The supervisor's word on a proposed change.
    pub(super) fn contract_change_decided(
        &mut self,
        id: ConsultId,
        name: &str,
        args: &str,
    ) -> Result<Result<(), Arc<str>>, Fault> {
        match name {
            "accept_contract_change" => match arguments::<AcceptContractChange>(args) {
                Err(wrong) => Ok(Err(wrong)),
                Ok(accept) => {
                    self.contract_change_accepted(id, cut(accept.note.trim(), WORDS_BYTES))?;
                    Ok(Ok(()))
                }
            },
            "refuse_contract_change" => match arguments::<RefuseContractChange>(args) {
                Err(wrong) => Ok(Err(wrong)),
                Ok(refuse) => {
                    let reason = cut(refuse.reason.trim(), WORDS_BYTES);
                    self.contract_change_refused(id, &format!("refused: {reason}"))?;
                    Ok(Ok(()))
                }
            },
            other => Ok(Err(unknown_tool(other))),
        }
    }

    fn contract_change_accepted(&mut self, id: ConsultId, note: &str) -> Result<(), Fault> {
        let matter = self.state.consults.get(&id).map(|c| c.matter.clone());
        let Some(Matter::ContractChange {
            task,
            attempt,
            call,
            contract,
            version,
            content,
            reason,
            ..
        }) = matter
        else {
            return Err("only a change of a contract is accepted");
        };
        self.emit(Event::ConsultClosed { id })?;
        self.emit(Event::ContractChanged {
            contract: contract.clone(),
            version: version + 1,
            text: content,
            by: task,
            reason,
            note: note.into(),
        })?;
        self.tell_of_contract(&contract, task)?;
        let told = match note {
            "" => format!("accepted: {contract} is version {} now", version + 1),
            note => format!("accepted: {contract} is version {} now. {note}", version + 1),
        };
        self.proposer_told(task, attempt, call, (&told, ToolOutcome::Ok))?;
        // What others propose was written for the version before.
        let late: Vec<ConsultId> = self
            .state
            .consults
            .iter()
            .filter(|(_, consult)| {
                matches!(&consult.matter, Matter::ContractChange { contract: other, .. } if *other == contract)
            })
            .map(|(&id, _)| id)
            .collect();
        for id in late {
            let told = format!(
                "not decided: {contract} became version {} meanwhile; propose again if it is still \
                 needed",
                version + 1
            );
            self.contract_change_refused(id, &told)?;
        }
        Ok(())
    }

    /// A letter to all whom the contract concerns and whose work is not settled.
    fn tell_of_contract(&mut self, path: &str, by: TaskId) -> Result<(), Fault> {
        let Some(contract) = self.state.contracts.get(path) else { return Ok(()) };
        let Some(change) = contract.changes.last() else { return Ok(()) };
        let text = told::notice(self.state, contract, change);
        let open = |&id: &TaskId| id != by && self.state.task(id).is_some_and(|t| !t.is_settled());
        let tasks: Vec<TaskId> = contract.tasks().filter(open).collect();
        #[cfg(feature = "planted")]
        let tasks = match crate::planted::is(crate::planted::Mistake::UntoldContract) {
            true => Vec::new(),
            false => tasks,
        };
        for task in tasks {
            self.emit(Event::MessageSent {
                from: Sender::Supervisor,
                to: Some(task),
                kind: MessageKind::Contract,
                text: text.clone(),
            })?;
        }
        Ok(())
    }

    /// The contract stays as it is; the worker is told why.
    pub(super) fn contract_change_refused(
        &mut self,
        id: ConsultId,
        told: &str,
    ) -> Result<(), Fault> {
        let Some(consult) = self.state.consults.get(&id) else { return Ok(()) };
        let Matter::ContractChange { task, attempt, call, .. } = consult.matter else {
            return Err("only a change of a contract is refused");
        };
        self.emit(Event::ConsultClosed { id })?;
        self.proposer_told(task, attempt, call, (told, ToolOutcome::Error))
    }

    fn proposer_told(
        &mut self,
        task: TaskId,
        attempt: u32,
        call: u32,
        (told, outcome): (&str, ToolOutcome),
    ) -> Result<(), Fault> {
        let agent = AgentId::Worker(task, attempt);
        let content = told.into();
        self.emit(Event::ToolFinished { agent, call, content, outcome, took_ms: 0 })?;
        self.worker_acted(task, attempt)
    }

    /// Merged work was checked on a contract's newest version: what is red now is opened again.
    pub(super) fn rechecked(&mut self, nth: u32, checks: Vec<CheckResult>) -> Result<(), Fault> {
        let Some(due) = self.state.contracts.rechecks.front() else {
            return Err("nothing is checked again");
        };
        let (contract, version, task) = (due.contract.clone(), due.version, due.task);
        let red = checks.iter().any(|check| is_red(&check.verdict));
        let because = self.state.contracts.get(&contract).map(|c| told::reopened(c, &checks));
        self.emit(Event::ContractRechecked { nth, contract, version, task, checks })?;
        let merged = self.state.task(task).is_some_and(|t| matches!(t.status, Status::Merged(_)));
        match because {
            Some(because) if red && merged => self.emit(Event::TaskReopened { task, because }),
            Some(_) | None => Ok(()),
        }
    }
}
