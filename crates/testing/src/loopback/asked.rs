//! A request read: its format, its agent and its turn.

use serde_json::Value;

/// The formats that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAI's Chat Completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's `streamGenerateContent`.
    Gemini,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) format: Format,
    pub(super) agent: String,
    pub(super) turn: u32,
    pub(super) model: String,
    pub(super) body: Value,
}

impl Asked {
    /// The request at `path` with `body`, or why it can't be answered.
    pub(super) fn read(path: &str, body: &[u8]) -> Result<Self, String> {
        let plain = path.split('?').next().unwrap_or(path);
        let format = if plain.ends_with("/chat/completions") {
            Format::Chat
        } else if plain.ends_with("/responses") {
            Format::Responses
        } else if plain.ends_with("/v1/messages") {
            Format::Messages
        } else if plain.ends_with(":streamGenerateContent") && path.contains("alt=sse") {
            Format::Gemini
        } else {
            return Err(format!("nothing is served at `{path}`"));
        };
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| format!("the request's body is not JSON: {error}"))?;
        if format != Format::Gemini && body["stream"] != Value::Bool(true) {
            return Err("only streamed replies are served".to_owned());
        }
        let agent = agent(format, &body)
            .ok_or("no line `agent: NAME` in the system prompt or the first user message")?;
        Ok(Self { format, agent, turn: turn(format, &body), model: model(plain, &body), body })
    }
}

fn model(path: &str, body: &Value) -> String {
    let in_path = path.rsplit_once("/models/").and_then(|(_, rest)| rest.split(':').next());
    body["model"].as_str().or(in_path).unwrap_or("unknown").to_owned()
}

/// The list of a conversation's messages.
fn messages(format: Format, body: &Value) -> &[Value] {
    let key = match format {
        Format::Chat | Format::Messages => "messages",
        Format::Responses => "input",
        Format::Gemini => "contents",
    };
    body[key].as_array().map_or(&[], Vec::as_slice)
}

/// The agent that the system prompt names, or else the first user message.
fn agent(format: Format, body: &Value) -> Option<String> {
    let system = ["system", "instructions", "systemInstruction", "system_instruction"]
        .iter()
        .map(|key| &body[*key]);
    let of_role = |role: &'static str| {
        messages(format, body).iter().filter(move |message| message["role"] == role)
    };
    let spoken = of_role("system").chain(of_role("developer")).chain(of_role("user").take(1));
    system.chain(spoken).find_map(|said| {
        let mut text = String::new();
        gather(said, &mut text);
        text.lines()
            .filter_map(|line| line.strip_prefix("agent: "))
            .find(|name| !name.is_empty() && !name.contains(char::is_whitespace))
            .map(str::to_owned)
    })
}

/// All text in `value`, however deep.
fn gather(value: &Value, text: &mut String) {
    match value {
        Value::String(said) => {
            text.push_str(said);
            text.push('\n');
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, text)),
        Value::Object(fields) => fields.values().for_each(|part| gather(part, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// How many replies of the model a conversation holds.
fn turn(format: Format, body: &Value) -> u32 {
    let messages = messages(format, body);
    let count = match format {
        Format::Chat | Format::Messages => {
            messages.iter().filter(|message| message["role"] == "assistant").count()
        }
        Format::Gemini => messages.iter().filter(|message| message["role"] == "model").count(),
        // A reply is several items there: what lies between two that are not the model's.
        Format::Responses => {
            let models: Vec<bool> = messages.iter().map(is_models_item).collect();
            let begins = |at: usize| models[at] && (at == 0 || !models[at - 1]);
            (0..models.len()).filter(|at| begins(*at)).count()
        }
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_models_item(item: &Value) -> bool {
    match item["type"].as_str() {
        Some("message") | None => item["role"] == "assistant",
        Some("function_call" | "reasoning") => true,
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(path: &str, body: Value) -> Result<(String, u32), String> {
        Asked::read(path, body.to_string().as_bytes()).map(|asked| (asked.agent, asked.turn))
    }

    #[test]
    fn agent_and_turn_are_read_from_the_request_alone() {
        let chat = json!({"stream": true, "messages": [
            {"role": "system", "content": [{"type": "text", "text": "You plan.\nagent: planner#2\n"}]},
            {"role": "user", "content": "agent: other"},
            {"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]});
        assert_eq!(read("/v1/chat/completions", chat), Ok(("planner#2".into(), 1)));
        let messages = json!({"stream": true, "system": "no name", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi\nagent: w#1"}]}]});
        assert_eq!(read("/v1/messages", messages), Ok(("w#1".into(), 0)));
        let responses = json!({"stream": true, "instructions": "agent: w#1", "input": [
            {"type": "message", "role": "user"},
            {"type": "reasoning"}, {"type": "function_call"}, {"type": "function_call"},
            {"type": "function_call_output"}, {"type": "function_call_output"},
            {"type": "message", "role": "assistant"}, {"type": "message", "role": "user"}]});
        assert_eq!(read("/v1/responses", responses), Ok(("w#1".into(), 2)));
        let gemini = json!({"systemInstruction": {"parts": [{"text": "agent: w"}]},
            "contents": [{"role": "user"}, {"role": "model"}, {"role": "user"}]});
        let path = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse";
        assert_eq!(read(path, gemini), Ok(("w".into(), 1)));
    }

    #[test]
    fn a_request_that_cant_be_answered_is_told_why() {
        assert!(read("/v2/x", json!({})).unwrap_err().contains("nothing is served at `/v2/x`"));
        let silent = json!({"stream": true, "messages": [{"role": "user", "content": "hi"}]});
        assert!(read("/v1/messages", silent).unwrap_err().contains("no line `agent: NAME`"));
        assert!(read("/v1/messages", json!({})).unwrap_err().contains("only streamed"));
    }
}
