//! Names for the things of a run. Numbers count from 1 in the order the run made them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A node of the task graph, as shown: `Task 3`. Also its place in the state, counted from 1.
    TaskId
}
number! {
    /// One matter put to the supervisor: the graph, a worker's question, a task whose tries are spent.
    ConsultId
}
number! {
    /// A question to the person.
    QuestionId
}

/// Who holds a conversation with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentId {
    /// Asks the person and writes the documents.
    Planner,
    /// Makes the graph, answers workers, decides about tasks whose tries are spent.
    Supervisor(ConsultId),
    /// Works on a task; a new attempt is a new conversation.
    Worker(TaskId, u32),
}

/// Who puts a question to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// An agent, in its own words.
    Agent(AgentId),
    /// The run itself: whether changes to protected paths may come to the person's branch.
    Delivery,
}

/// A git object's name, in hexadecimal. Core never looks inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commit(pub Arc<str>);

impl Commit {
    /// The first nine digits, as people read it.
    pub fn short(&self) -> &str {
        self.0.get(..9).unwrap_or(&self.0)
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
