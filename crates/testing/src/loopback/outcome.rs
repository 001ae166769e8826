//! What a request is answered with: the script's reply, or a fault.

use super::asked::Asked;
use super::{Fault, Format, Seen, Shared, format};
use equitr_core::chat::CallFault;
use serde_json::json;
use std::time::Duration;

/// An answer: a pause, and then bytes.
pub(super) struct Outcome {
    pub(super) pause: Duration,
    pub(super) kind: Kind,
}

/// What is sent.
pub(super) enum Kind {
    /// A whole body with a status and a content type.
    Body { status: u16, retry_after: Option<String>, content_type: &'static str, body: String },
    /// A stream of events, and what becomes of it.
    Events { events: Vec<String>, end: End },
    /// Nothing, and the connection is closed.
    Closed,
    /// Nothing, for as long as the client waits.
    Silence,
}

/// How a stream ends.
pub(super) enum End {
    Whole,
    Reset,
    Stall,
    Pings,
    Huge,
}

/// What the request at `path` with `headers` and `body` is answered with; noted in the ledger.
pub(super) fn outcome(
    shared: &Shared,
    path: &str,
    headers: Vec<(String, String)>,
    body: &[u8],
) -> Outcome {
    let asked = match Asked::read(path, body) {
        Ok(asked) => asked,
        Err(problem) => return refusal(Format::Chat, 400, "invalid_request_error", &problem),
    };
    let mut state = shared.state();
    let number = state.ledger.requests.len() + 1;
    let fault = state.faults.take(number, &asked.agent, asked.turn);
    let calls_before = match fault {
        // A turn's own failures count the calls that reach the script.
        Some(Fault::Latency { .. } | Fault::CutToolJson) | None => {
            state.calls.count(&asked.agent.as_str().into(), asked.turn)
        }
        Some(_) => 0,
    };
    state.ledger.requests.push(Seen {
        format: asked.format,
        agent: asked.agent.clone(),
        turn: asked.turn,
        path: path.to_owned(),
        headers: headers.clone(),
        body: asked.body.clone(),
        fault: fault.clone(),
    });
    drop(state);
    shared.changed.notify_all();
    answer(shared, &asked, &headers, body.len(), fault, calls_before)
}

fn answer(
    shared: &Shared,
    asked: &Asked,
    headers: &[(String, String)],
    request_bytes: usize,
    fault: Option<Fault>,
    calls_before: u32,
) -> Outcome {
    let format = asked.format;
    if let Some(refused) = fault.as_ref().and_then(|fault| refused(format, headers, fault)) {
        return refused;
    }
    let Some(turn) = shared.script.reply(&asked.agent, asked.turn) else {
        let problem = format!("the script has no turn {} for `{}`", asked.turn, asked.agent);
        return refusal(format, 400, "invalid_request_error", &problem);
    };
    if let Some(fail) = turn.fail.filter(|fail| calls_before < fail.times) {
        let retry_after = fail.retry_after_ms.map(|ms| (ms as f64 / 1000.0).to_string());
        return failed(format, fail.fault, retry_after);
    }
    let usage = turn.usage_for(request_bytes);
    let shape = match fault {
        Some(Fault::CutToolJson) => format::Shape::CutToolJson,
        _ => format::Shape::Whole,
    };
    let cost = shared.script.price().cost(&usage);
    let mut events = format::events(asked, turn, &usage, cost, shape);
    let half = events.len() / 2;
    let (end, kept) = match &fault {
        Some(Fault::Reset) => (End::Reset, half),
        Some(Fault::Stall) => (End::Stall, half),
        Some(Fault::Pings) => (End::Pings, half),
        Some(Fault::Huge) => (End::Huge, half),
        Some(Fault::Truncated) => (End::Whole, half),
        _ => (End::Whole, events.len()),
    };
    events.truncate(kept);
    if fault == Some(Fault::Garbage) {
        events.insert(half, "data: {\"oops\n\n".to_owned());
    }
    let latency = match fault {
        Some(Fault::Latency { ms }) => ms,
        _ => 0,
    };
    // A provider charges for what it began to say, heard or not.
    shared.note(|ledger| ledger.served += cost);
    Outcome {
        pause: Duration::from_millis(turn.delay_ms.saturating_add(latency)),
        kind: Kind::Events { events, end },
    }
}

/// The answer of a fault that keeps the script's reply from being sent at all.
fn refused(format: Format, headers: &[(String, String)], fault: &Fault) -> Option<Outcome> {
    let now = |kind| Some(Outcome { pause: Duration::ZERO, kind });
    let html = |status| Kind::Body {
        status,
        retry_after: None,
        content_type: "text/html",
        body: "<html>\n<h1>Bad Gateway</h1>\u{1b}[31m\n</html>".to_owned(),
    };
    match fault {
        Fault::RateLimited { retry_after } => {
            Some(failed(format, CallFault::RateLimited, Some(retry_after.clone())))
        }
        Fault::OutOfQuota => Some(failed(format, CallFault::OutOfQuota, None)),
        Fault::Overloaded => {
            let status = if format == Format::Messages { 529 } else { 503 };
            Some(refusal(format, status, "overloaded_error", "Overloaded"))
        }
        Fault::Unavailable => Some(failed(format, CallFault::Transient, None)),
        Fault::KeyRefused => {
            let key = headers
                .iter()
                .find(|(name, _)| {
                    ["authorization", "x-api-key", "x-goog-api-key"].contains(&name.as_str())
                })
                .map_or("", |(_, value)| value.as_str());
            Some(refusal(format, 401, "authentication_error", &format!("no such key: {key}")))
        }
        Fault::TooLarge => Some(failed(format, CallFault::TooLarge, None)),
        Fault::HtmlError => now(html(502)),
        Fault::HtmlPage => now(html(200)),
        Fault::Dropped => now(Kind::Closed),
        Fault::Hang => now(Kind::Silence),
        Fault::OverloadedInBand => {
            now(Kind::Events { events: vec![format::error_event(format)], end: End::Whole })
        }
        Fault::Reset
        | Fault::Truncated
        | Fault::CutToolJson
        | Fault::Garbage
        | Fault::Huge
        | Fault::Stall
        | Fault::Pings
        | Fault::Latency { .. } => None,
    }
}

/// What a provider of this format says when it fails so.
fn failed(format: Format, fault: CallFault, retry_after: Option<String>) -> Outcome {
    let (status, code, message) = match fault {
        CallFault::RateLimited => (429, "rate_limit_error", "too many requests"),
        CallFault::OutOfQuota if format == Format::Messages => {
            (400, "invalid_request_error", "Your credit balance is too low to access the API")
        }
        CallFault::OutOfQuota if format == Format::Gemini => (402, "billing_error", "no money"),
        CallFault::OutOfQuota => (429, "insufficient_quota", "You exceeded your current quota"),
        CallFault::Transient => (503, "service_unavailable", "the server is busy"),
        CallFault::TooLarge => {
            (400, "invalid_request_error", "prompt is too long: the maximum context length is 8")
        }
        CallFault::KeyRefused => (401, "authentication_error", "invalid key"),
        CallFault::BadRequest => (400, "invalid_request_error", "no"),
    };
    let mut outcome = refusal(format, status, code, message);
    if let Kind::Body { retry_after: header, .. } = &mut outcome.kind {
        *header = retry_after;
    }
    outcome
}

fn refusal(format: Format, status: u16, code: &str, message: &str) -> Outcome {
    let body = match format {
        Format::Chat | Format::Responses => {
            json!({"error": {"message": message, "type": code, "param": null, "code": code}})
        }
        Format::Messages => json!({"type": "error", "error": {"type": code, "message": message}}),
        Format::Gemini => {
            let named = match status {
                400 => "INVALID_ARGUMENT",
                401 => "UNAUTHENTICATED",
                429 => "RESOURCE_EXHAUSTED",
                503 => "UNAVAILABLE",
                _ => "UNKNOWN",
            };
            json!([{"error": {"code": status, "message": message, "status": named}}])
        }
    };
    Outcome {
        pause: Duration::ZERO,
        kind: Kind::Body {
            status,
            retry_after: None,
            content_type: "application/json",
            body: body.to_string(),
        },
    }
}
