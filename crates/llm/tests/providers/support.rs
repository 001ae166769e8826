//! A client and a server for each format.

use equitr_core::chat::{Message, Reply, Request, ToolOutcome, ToolResult, ToolSpec};
use equitr_llm::scripted::Script;
use equitr_llm::{CallError, Delta, Endpoint, Model, ModelName, SecretString, connect};
use equitr_testing::loopback::{Faults, Loopback};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A key that is easily found wherever it should not be.
pub const KEY: &str = "sk-canary-0123456789abcdef";

/// A model for each format.
pub const MODELS: [&str; 4] = [
    "openai/gpt-4o",
    "openai-responses/gpt-5",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-pro",
];

/// What the server answers from: `w` first thinks, speaks and calls twice, then ends.
pub const SCRIPT: &str = r#"
price: {input: 2, cached_input: 1, cache_write: 2, output: 10}
agents:
  w:
    - thinking: "Two files, then. Zwei Dateien, ja?"
      text: "I write both files: äöü 🦀."
      calls:
        - write_file: {path: a.py, content: "print(\"äöü\")\n"}
        - write_file: {path: b.py, content: "print(2)\n"}
      usage: {input: 1200, cached: 1000, output: 300}
    - text: "Done."
      usage: {input: 1600, cached: 1200, output: 20}
"#;

pub fn script(text: &str) -> Script {
    Script::parse(text, Path::new("script.yaml")).unwrap()
}

pub fn server(faults: Faults) -> Loopback {
    Loopback::start(script(SCRIPT), faults).unwrap()
}

pub fn endpoint(model: &str, server: &Loopback) -> Endpoint {
    Endpoint {
        base_url: Some(server.url()),
        key: Some(SecretString::from(KEY.to_owned())),
        ..Endpoint::new(ModelName::parse(model).unwrap())
    }
}

pub fn client(model: &str, server: &Loopback) -> Arc<dyn Model> {
    connect(&endpoint(model, server)).unwrap()
}

/// The first request of `w`.
pub fn request(model: &str) -> Request {
    let schema = serde_json::json!({"type": "object", "properties": {
        "path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"]});
    let tool = ToolSpec {
        name: "write_file".into(),
        description: "Write a file.".into(),
        schema: Arc::new(schema),
    };
    Request {
        model: model.into(),
        agent: "w#1".into(),
        turn: 0,
        system: "You write files.\nagent: w#1\n".into(),
        messages: vec![Message::User { text: "Write a.py and b.py.".into() }],
        tools: vec![tool].into(),
        max_tokens: 4_000,
        temperature_milli: Some(200),
    }
}

/// The request after `reply`, its calls all answered.
pub fn next_request(mut request: Request, reply: Reply) -> Request {
    let results = reply.calls.clone();
    request.turn += 1;
    request.messages.push(Message::Assistant(reply));
    for (at, call) in results.iter().enumerate() {
        request.messages.push(Message::Tool(ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: format!("result {at}").into(),
            outcome: if at == 0 { ToolOutcome::Ok } else { ToolOutcome::Error },
        }));
    }
    request
}

/// One call, and all the progress it told of.
pub async fn call(model: &dyn Model, request: Request) -> (Result<Reply, CallError>, Vec<Delta>) {
    let told = Mutex::new(Vec::new());
    let outcome = model.call(request, &|delta| told.lock().unwrap().push(delta)).await;
    (outcome, told.into_inner().unwrap())
}
