//! Models: random replies, plausible ones most of the time.

mod acceptance;
mod planner;
mod supervisor;
mod worker;

use super::dice::Dice;
use equitr_core::chat::{Reply, Stop, ToolCall};
use equitr_core::id::{AgentId, TaskId};
use equitr_core::state::RunState;
use serde_json::Value;

/// All models of a world.
#[derive(Debug)]
pub(super) struct Players {
    pub dice: Dice,
    /// Messages that workers were made to send so far; each says its number.
    pub messages: u64,
}

/// How a model plays its part now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// What is asked of it, at once.
    Helpful,
    /// Busy with what comes to nothing.
    Stubborn,
    /// What comes to its mind; so often per thousand it makes no sense.
    Wild {
        /// How often.
        silly: u64,
    },
}

impl Players {
    /// What an agent's model replies to the conversation as it stands.
    ///
    /// The state is read in place of the prompt, which tells the same in words.
    pub fn reply(&mut self, state: &RunState, agent: AgentId, mood: Mood) -> Reply {
        if let Mood::Wild { silly } = mood
            && self.dice.chance(silly)
        {
            return self.silly();
        }
        let calls = match agent {
            AgentId::Planner => planner::calls(&mut self.dice, state, mood),
            AgentId::Supervisor(id) => supervisor::calls(&mut self.dice, state, id, mood),
            AgentId::Worker(task, attempt) => self.worker(state, (task, attempt), mood),
        };
        match calls {
            Turn::Calls(calls) => reply(calls),
            Turn::Words(text) => Reply { text: text.into(), ..Reply::default() },
        }
    }

    fn silly(&mut self) -> Reply {
        let call = |name: &str, args: &str| reply(vec![(name, args.to_owned())]);
        match self.dice.below(8) {
            0 => Reply::default(),
            1 => Reply { text: "Well.".into(), stop: Stop::Refused, ..Reply::default() },
            2 => call("fly", "{}"),
            3 => call("finish", r#"{"sumary":[]}"#),
            4 => call("propose_graph", "not json"),
            5 => Reply { stop: Stop::Length, ..call("finish", r#"{"summary":["cut"]}"#) },
            6 => Reply { stop: Stop::Length, text: "and so".into(), ..Reply::default() },
            _ => reply(vec![("fly", "{}".into()), ("read_file", r#"{"path":"a"}"#.into())]),
        }
    }

    fn worker(&mut self, state: &RunState, attempt: (TaskId, u32), mood: Mood) -> Turn {
        worker::calls(&mut self.dice, &mut self.messages, state, attempt, mood)
    }
}

/// What a reply does.
enum Turn {
    Calls(Vec<(&'static str, String)>),
    Words(String),
}

/// One call.
fn call(name: &'static str, args: Value) -> (&'static str, String) {
    (name, args.to_string())
}

fn reply(calls: Vec<(&str, String)>) -> Reply {
    let calls = calls
        .into_iter()
        .enumerate()
        .map(|(n, (name, args))| ToolCall {
            id: format!("c{n}").into(),
            name: name.into(),
            args: args.into(),
        })
        .collect();
    Reply { calls, stop: Stop::ToolCalls, ..Reply::default() }
}
