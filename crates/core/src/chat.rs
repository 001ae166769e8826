//! What is said to a model and what it says back, whoever serves it.
//!
//! Texts are `Arc<str>`: the state, the journal's record and every view of it share one copy.

use crate::units::MicroDollars;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One request to one model: all that a provider's adapter needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `provider/model`, as written in the run's spec.
    pub model: Arc<str>,
    /// Who asks, such as `backend_worker_1#2` (second attempt); scripts and replays answer by it.
    pub agent: Arc<str>,
    /// How many replies this conversation already holds; the first request has 0.
    pub turn: u32,
    /// The system prompt; the same for every turn of a conversation.
    pub system: Arc<str>,
    /// User, assistant and tool messages, oldest first; never empty, never ends with an assistant's.
    pub messages: Vec<Message>,
    /// The tools that may be called; empty when only text is wanted.
    pub tools: Arc<[ToolSpec]>,
    /// Upper bound of the reply in tokens, reasoning included.
    pub max_tokens: u32,
    /// Thousandths (200 is 0.2); `None` leaves it to the provider.
    pub temperature_milli: Option<u32>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Said to the model, by a person or by the run.
    User {
        /// What is said.
        text: Arc<str>,
    },
    /// Said by the model.
    Assistant(Reply),
    /// What a tool call gave.
    Tool(ToolResult),
}

/// A finished reply of a model. A reply that broke off is not one: it is an error.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reply {
    /// What it says; may be empty when it only calls tools.
    #[serde(default)]
    pub text: Arc<str>,
    /// The tool calls it asks for, in its order.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    #[serde(default)]
    pub stop: Stop,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// The provider's own parts (signed thinking and the like), as JSON, to be sent back as they
    /// came by the adapter that made them; others ignore them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_parts: Option<Arc<str>>,
}

/// A tool call as the model asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id, unique in its reply; results name it.
    pub id: Arc<str>,
    /// The tool's name; may name no tool we have.
    pub name: Arc<str>,
    /// The arguments: JSON text, meant to be an object; not validated yet.
    pub args: Arc<str>,
}

/// What a tool call gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: Arc<str>,
    /// The tool's name.
    pub name: Arc<str>,
    /// What the model reads.
    pub content: Arc<str>,
    /// Whether the call went as asked or not.
    pub outcome: ToolOutcome,
}

/// Whether a tool call did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It did.
    Ok,
    /// It did not; the content says why.
    Error,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model had said all.
    #[default]
    EndTurn,
    /// It waits for the results of its tool calls.
    ToolCalls,
    /// `max_tokens` or the context ran out: tool calls in it may be cut and are not run.
    Length,
    /// The model or its provider refused.
    Refused,
}

/// Tokens that a call used, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input_tokens: u64,
    /// Of these, read from the provider's cache.
    pub cached_tokens: u64,
    /// Of these, written to the provider's cache.
    pub cache_write_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// The cost as the provider itself reports it, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_cost: Option<MicroDollars>,
}

impl Usage {
    /// Whether the provider reported anything at all; if not, the reservation is charged.
    pub fn is_known(&self) -> bool {
        self.input_tokens > 0 || self.output_tokens > 0 || self.reported_cost.is_some()
    }
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// `snake_case`, unique among the tools of a request.
    pub name: Arc<str>,
    /// What it does, for the model.
    pub description: Arc<str>,
    /// JSON Schema of its arguments, an object.
    pub schema: Arc<serde_json::Value>,
}

impl ToolSpec {
    /// The tool `name` whose arguments are `Args`; the struct's doc comment is the description.
    pub fn of<Args: JsonSchema>(name: &str) -> Self {
        let mut schema = schemars::SchemaGenerator::new(
            schemars::generate::SchemaSettings::draft07().with(|s| s.inline_subschemas = true),
        )
        .into_root_schema_for::<Args>()
        .to_value();
        let mut description = String::new();
        if let Some(object) = schema.as_object_mut() {
            if let Some(text) = object.remove("description").as_ref().and_then(|d| d.as_str()) {
                description = text.to_owned();
            }
            object.remove("$schema");
            object.remove("title");
        }
        Self { name: name.into(), description: description.into(), schema: Arc::new(schema) }
    }
}

/// What went wrong with a call, by what the run does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFault {
    /// 429 and the like: every call to this provider waits, then tries again.
    RateLimited,
    /// 5xx, overloaded, no connection, a stream that broke off or stalled: tries again after a pause.
    Transient,
    /// The request is larger than the model's context: older output is left out, then tries again.
    TooLarge,
    /// No money or quota left at the provider: no retry, the run stops.
    OutOfQuota,
    /// The key is missing or refused: no retry, the run stops.
    KeyRefused,
    /// The provider refuses this request as it stands: no retry, the attempt fails.
    BadRequest,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read a file.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct ReadFile {
        /// Path from the project's root.
        path: String,
    }

    #[test]
    fn a_tools_description_is_its_argument_structs_doc_comment() {
        let spec = ToolSpec::of::<ReadFile>("read_file");
        assert_eq!(&*spec.description, "Read a file.");
        assert_eq!(
            spec.schema["properties"]["path"]["description"],
            "Path from the project's root."
        );
        assert_eq!(spec.schema["required"][0], "path");
    }
}
