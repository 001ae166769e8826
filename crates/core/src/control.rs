//! Tools that change the run and not the disk; they never leave core.

use crate::chat::ToolSpec;
use crate::contracts::ProposedContract;
use crate::documents::DocumentKind;
use crate::event::MessageKind;
use crate::graph::ProposedTask;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Ask the person one question that decides something about the project. Ask one at a time, most
/// important first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPerson {
    /// The question, plain and short.
    pub question: String,
    /// What you will assume if nobody answers.
    pub default: String,
}

/// Write one of the three documents, whole. Replaces what it held.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteDocument {
    /// Which document.
    pub document: DocumentKind,
    /// Its whole text, Markdown.
    pub content: String,
}

/// Show the three documents to the person for approval. Call it when all are written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitPlan {}

/// Propose the task graph. You are told what is wrong with it, if anything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeGraph {
    /// The tasks, in the order in which people should read them.
    pub tasks: Vec<ProposedTask>,
    /// Globs of files that several tasks may write at the same time, such as lock files, compose
    /// files and route tables; what collides there is resolved at the merge.
    #[serde(default)]
    pub shared: Vec<String>,
    /// The interfaces that tasks share, as files.
    #[serde(default)]
    pub contracts: Vec<ProposedContract>,
}

/// Hand in your review.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitReview {
    /// What has to change before the merge; empty when nothing has to.
    pub findings: Vec<ReviewFinding>,
}

/// One thing that has to change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewFinding {
    /// Where, such as `src/main.rs:12`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// Add tasks for the todos that no task covers yet, one of them in exactly one task. They may need each
/// other and tasks that exist; those can't need them. You are told what is wrong with it, if anything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeTasks {
    /// The new tasks, in the order in which people should read them.
    pub tasks: Vec<ProposedTask>,
}

/// Answer the worker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The answer: decide, and say what follows for the worker.
    pub answer: String,
}

/// Give the task another try.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryTask {
    /// What to do differently this time.
    pub advice: String,
}

/// Give the task to a worker of another profile.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReassignTask {
    /// The profile.
    pub profile: String,
    /// What to do differently.
    pub advice: String,
}

/// Put smaller tasks in the place of this one; together they cover its todos.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitTask {
    /// The new tasks; they inherit what the old one needs and may need one another.
    pub tasks: Vec<ProposedTask>,
}

/// Leave the task undone; tasks that need it go on without it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropTask {
    /// Why it can be left out.
    pub reason: String,
}

/// Declare the task failed; tasks that need it are held back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailTask {
    /// Why nothing else helps.
    pub reason: String,
}

/// Say that your task is done. Its checks are run then, and again after the merge.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// What you got done: two to five short lines, such as `JWT authentication implemented`.
    pub summary: Vec<String>,
}

/// Say that you cannot do the task, so that the supervisor decides.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveUp {
    /// What stands in the way and what you tried.
    pub reason: String,
}

/// Tell another worker what it has to know, such as an interface you settled or changed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The worker's name, or `all`.
    pub to: String,
    /// `question` when you want a message back.
    #[serde(default)]
    pub kind: SaidKind,
    /// The message.
    pub text: String,
}

/// What workers tell each other.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SaidKind {
    #[default]
    Fact,
    Question,
}

impl From<SaidKind> for MessageKind {
    fn from(kind: SaidKind) -> Self {
        match kind {
            SaidKind::Fact => Self::Fact,
            SaidKind::Question => Self::Question,
        }
    }
}

/// Ask the supervisor when requirements, design and contracts leave something open that others
/// depend on. You get the answer as this call's result.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskSupervisor {
    /// The question, with the options you see.
    pub question: String,
}

/// Ask for files that your task may not write yet. Files that are nobody's are yours at once; for
/// others' you get the supervisor's answer as this call's result.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimFiles {
    /// Paths from the project's root.
    pub paths: Vec<String>,
    /// What you have to change there, and why it can't be done elsewhere.
    pub reason: String,
}

/// Let the worker write these files; their owner may write them as well and is told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantClaim {}

/// Keep the files closed to the worker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseClaim {
    /// Why, and what the worker does instead.
    pub reason: String,
}

/// Ask the supervisor for another version of a contract. Its word is this call's result.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeContractChange {
    /// The contract's path.
    pub contract: String,
    /// The whole text it should have.
    pub content: String,
    /// Why the present one does not do.
    pub reason: String,
}

/// Accept the new version: it is committed, and those whom it concerns are told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptContractChange {
    /// What those who rely on it should do about it.
    #[serde(default)]
    pub note: String,
}

/// Leave the contract as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseContractChange {
    /// Why, and what the worker should do instead.
    pub reason: String,
}

/// The planner's tools; without the question once the person has said enough.
pub fn planner_tools(may_ask: bool) -> Vec<ToolSpec> {
    let mut tools = Vec::new();
    if may_ask {
        tools.push(ToolSpec::of::<AskPerson>("ask_person"));
    }
    tools.push(ToolSpec::of::<WriteDocument>("write_document"));
    tools.push(ToolSpec::of::<SubmitPlan>("submit_plan"));
    tools
}

/// The supervisor's tools for making the graph.
pub fn graph_tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<ProposeGraph>("propose_graph")]
}

/// The supervisor's tools for todos that came to the plan.
pub fn plan_change_tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<ProposeTasks>("propose_tasks")]
}

/// The supervisor's tools for answering a worker.
pub fn question_tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<Answer>("answer"), ToolSpec::of::<AskPerson>("ask_person")]
}

/// A reviewer's tools, beside those that read.
pub fn review_tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<SubmitReview>("submit_review")]
}

/// The supervisor's tools for deciding whether a worker may write what belongs to others.
pub fn claim_tools() -> Vec<ToolSpec> {
    vec![ToolSpec::of::<GrantClaim>("grant_claim"), ToolSpec::of::<RefuseClaim>("refuse_claim")]
}

/// The supervisor's tools for a task whose tries are spent.
pub fn escalation_tools() -> Vec<ToolSpec> {
    vec![
        ToolSpec::of::<RetryTask>("retry_task"),
        ToolSpec::of::<ReassignTask>("reassign_task"),
        ToolSpec::of::<SplitTask>("split_task"),
        ToolSpec::of::<DropTask>("drop_task"),
        ToolSpec::of::<FailTask>("fail_task"),
        ToolSpec::of::<AskPerson>("ask_person"),
    ]
}

/// The control tools of every worker.
pub fn worker_tools() -> Vec<ToolSpec> {
    vec![
        ToolSpec::of::<Finish>("finish"),
        ToolSpec::of::<GiveUp>("give_up"),
        ToolSpec::of::<SendMessage>("send_message"),
        ToolSpec::of::<AskSupervisor>("ask_supervisor"),
        ToolSpec::of::<ClaimFiles>("claim_files"),
    ]
}

/// What a worker may call beside, when the run has contracts.
pub fn contract_tool() -> ToolSpec {
    ToolSpec::of::<ProposeContractChange>("propose_contract_change")
}

/// The supervisor's tools for a change of a contract.
pub fn contract_tools() -> Vec<ToolSpec> {
    vec![
        ToolSpec::of::<AcceptContractChange>("accept_contract_change"),
        ToolSpec::of::<RefuseContractChange>("refuse_contract_change"),
        ToolSpec::of::<AskPerson>("ask_person"),
    ]
}

/// A tool call's arguments, or what is wrong with them, for the model.
pub fn arguments<T: DeserializeOwned>(args: &str) -> Result<T, Arc<str>> {
    serde_json::from_str(args).map_err(|error| format!("wrong arguments: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_arguments_are_told_by_name() {
        let error = arguments::<Finish>(r#"{"sumary":[]}"#).map(|_| ()).unwrap_err();
        assert!(error.starts_with("wrong arguments: unknown field `sumary`"), "{error}");
    }

    #[test]
    fn the_workers_control_tools_are_told_in_few_words() {
        let size: usize =
            worker_tools().iter().map(|t| t.description.len() + t.schema.to_string().len()).sum();
        assert!(size < 3_100, "{size} bytes of every worker's prompt");
    }
}
