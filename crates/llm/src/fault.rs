//! What a failure means for the run: a provider's words and statuses, sorted into [`CallFault`].
//!
//! Providers agree on little: the same fault comes as a status, as an error inside a reply that
//! began with 200, or as a sentence. Codes are believed first, then the status, then the words.

use crate::Provider;
use crate::call_error::{CallError, Spent};
use crate::key::{last4, redacted};
use crate::transport::TransportFault;
use equitr_core::chat::CallFault;
use http::{HeaderMap, StatusCode};
use rig_core::error::ProviderError;
use rig_core::http_client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Longest wait that a provider can ask for; one that asks for more is asked again after this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);

/// Longest piece of a body that is no JSON (an HTML page of a proxy) in a message, in characters.
const EXCERPT_CHARS: usize = 200;

/// Who was asked, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) provider: Provider,
    pub(crate) host: &'a str,
    pub(crate) key: Option<&'a SecretString>,
}

/// Whether any of the reply had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    Yes,
    No,
}

impl Begun {
    fn spent(self) -> Spent {
        match self {
            Self::Yes => Spent::Unknown,
            Self::No => Spent::Nothing,
        }
    }
}

/// `error` by what the run does about it.
pub(crate) fn classify(error: &ProviderError, asked: Asked<'_>, begun: Begun) -> CallError {
    if let Some(response) = error.provider_response() {
        let empty = HeaderMap::new();
        let headers = response.headers.as_ref().unwrap_or(&empty);
        let failure = refused(response.status, headers, &response.body, asked, begun);
        return match response.refusal {
            // The content is refused, and will be again.
            true => CallError { fault: CallFault::BadRequest, ..failure },
            false => failure,
        };
    }
    // Redacted before they are cut: half a key would not be found.
    let words = redacted(&error.to_string(), asked.key);
    match error {
        ProviderError::Http(error) => over_http(error, asked),
        ProviderError::Truncated => CallError::broken_off(&format!(
            "the reply of {} broke off before its end",
            asked.provider.name()
        )),
        ProviderError::Request(_) | ProviderError::UnsupportedOption(_) | ProviderError::Url(_) => {
            CallError::free(CallFault::BadRequest, &format!("the request can't be made: {words}"))
        }
        _ => CallError::broken_off(&format!(
            "the reply of {} can't be read: {words}",
            asked.provider.name()
        )),
    }
}

fn over_http(error: &http_client::Error, asked: Asked<'_>) -> CallError {
    match error {
        http_client::Error::Instance(fault) => match fault.downcast_ref::<TransportFault>() {
            Some(fault @ TransportFault::NoConnection { .. }) => {
                CallError::free(CallFault::Transient, &fault.to_string())
            }
            Some(fault) => CallError::broken_off(&fault.to_string()),
            None => CallError::broken_off(&format!("the connection to `{}` broke", asked.host)),
        },
        http_client::Error::InvalidContentType(kind) => {
            let kind = redacted(kind.to_str().unwrap_or_default(), asked.key);
            let host = asked.host;
            CallError::free(
                CallFault::BadRequest,
                &format!(
                    "`{host}` answered with `{kind}`, not with events; is the base URL right?"
                ),
            )
        }
        _ => CallError::broken_off(&format!("the connection to `{}` broke", asked.host)),
    }
}

/// A provider's own words of refusal, by status (`None` or 200 for an error inside a reply) and
/// body.
pub(crate) fn refused(
    status: Option<StatusCode>,
    headers: &HeaderMap,
    body: &str,
    asked: Asked<'_>,
    begun: Begun,
) -> CallError {
    // Redacted before it is cut: half a key would not be found.
    let said = Said::read(&redacted(body, asked.key));
    let status = status
        .map(|status| status.as_u16())
        .filter(|status| *status != 200)
        .or(said.status)
        .unwrap_or(200);
    let fault = fault(status, &said);
    let who = asked.provider.name();
    let code = said.codes.first().map(|code| format!(" {code}")).unwrap_or_default();
    let status_text = if status == 200 { String::new() } else { format!(" {status}") };
    let message = match (fault, asked.key) {
        (CallFault::KeyRefused, Some(key)) => format!(
            "{who} rejected the key ending …{} ({}): {}",
            last4(key.expose_secret()),
            format!("{status_text}{code}").trim(),
            said.message
        ),
        _ => format!("{who} answered{status_text}{code}: {}", said.message),
    };
    CallError {
        retry_after_ms: retry_after(headers, &said, SystemTime::now()),
        spent: begun.spent(),
        ..CallError::free(fault, &redacted(&message, asked.key))
    }
}

/// What a body says.
struct Said {
    /// Its codes, the most exact first.
    codes: Vec<String>,
    /// A status that the body names, as OpenRouter's do.
    status: Option<u16>,
    /// Its sentence, or the beginning of a body that has none.
    message: String,
    /// A wait that the body names, as Gemini's do.
    retry_after: Option<Duration>,
}

impl Said {
    fn read(body: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self {
                codes: Vec::new(),
                status: None,
                message: excerpt(body),
                retry_after: None,
            };
        };
        // Gemini sends a list of one; Responses wraps the error in the response that failed.
        let json = json.get(0).unwrap_or(&json);
        let error = [json.pointer("/response/error"), json.get("error")]
            .into_iter()
            .flatten()
            .find(|error| !error.is_null())
            .unwrap_or(json);
        let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let reasons = error
            .get("details")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|detail| detail.get("reason").and_then(Value::as_str));
        let codes: Vec<String> = [text("code"), text("status"), text("type")]
            .into_iter()
            .flatten()
            .chain(reasons)
            .filter(|code| *code != "error")
            .map(str::to_owned)
            .collect();
        let message = text("message")
            .or_else(|| error.as_str())
            .or_else(|| json.get("message").and_then(Value::as_str))
            .or_else(|| json.get("detail").and_then(Value::as_str))
            .map_or_else(|| excerpt(body), str::to_owned);
        // OpenRouter's sentence is often `Provider returned error`; the provider's own is beside it.
        let inner = error.pointer("/metadata/raw").and_then(Value::as_str);
        let message = match inner {
            Some(inner) => format!("{message}: {}", excerpt(inner)),
            None => message,
        };
        Self {
            codes,
            status: error
                .get("code")
                .and_then(Value::as_u64)
                .and_then(|code| u16::try_from(code).ok())
                .filter(|code| (400..600).contains(code)),
            message,
            retry_after: retry_delay(error),
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|said| codes.iter().any(|code| said.eq_ignore_ascii_case(code)))
    }

    fn says(&self, parts: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        parts.iter().any(|part| message.contains(part))
    }
}

/// Gemini's `RetryInfo`: `"retryDelay": "7s"`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    seconds(delay.strip_suffix('s')?)
}

/// The beginning of a body without the word that the cut goes through: half of a key that a server
/// repeats could not be recognised as one.
fn excerpt(body: &str) -> String {
    if body.trim().is_empty() {
        return "nothing more".to_owned();
    }
    let in_word = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
    match body.char_indices().nth(EXCERPT_CHARS) {
        Some((at, next)) if in_word(next) => body[..at].trim_end_matches(in_word).to_owned(),
        Some((at, _)) => body[..at].to_owned(),
        None => body.to_owned(),
    }
}

const QUOTA_CODES: [&str; 6] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "enforced_spend_limit_reached",
    "billing_error",
    "exceeded_current_quota_error",
];
const QUOTA_WORDS: [&str; 4] = [
    "credit balance is too low",
    "insufficient balance",
    "insufficient credits",
    "requires more credits",
];
const SIZE_CODES: [&str; 4] = [
    "context_length_exceeded",
    "request_too_large",
    "string_above_max_length",
    "exceed_context_size_error",
];
const SIZE_WORDS: [&str; 10] = [
    "prompt is too long",
    "maximum context length",
    "context length",
    "context window",
    "context size",
    "exceed context limit",
    "input token count",
    "too many tokens",
    "reduce the length of the messages",
    "request too large",
];
const KEY_CODES: [&str; 5] = [
    "authentication_error",
    "invalid_api_key",
    "invalid_authentication",
    "API_KEY_INVALID",
    "UNAUTHENTICATED",
];
const RATE_CODES: [&str; 5] = [
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit_reached_error",
    "RESOURCE_EXHAUSTED",
    "too_many_requests",
];
const BUSY_CODES: [&str; 13] = [
    "overloaded_error",
    "engine_overloaded_error",
    "server_error",
    "internal_server_error",
    "internal_error",
    "api_error",
    "timeout_error",
    "service_unavailable",
    "server_is_overloaded",
    "slow_down",
    "UNAVAILABLE",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
];
const REQUEST_CODES: [&str; 5] = [
    "invalid_request_error",
    "not_found_error",
    "model_not_found",
    "INVALID_ARGUMENT",
    "invalid_prompt",
];

fn fault(status: u16, said: &Said) -> CallFault {
    if status == 402 || said.has_code(&QUOTA_CODES) || said.says(&QUOTA_WORDS) {
        return CallFault::OutOfQuota;
    }
    // A rate limit that counts tokens says `request too large` of a request that fits the context.
    let limited = status == 429 || said.has_code(&RATE_CODES);
    if status == 413
        || said.has_code(&SIZE_CODES)
        || (!limited && status < 500 && said.says(&SIZE_WORDS))
    {
        return CallFault::TooLarge;
    }
    if said.has_code(&KEY_CODES) {
        return CallFault::KeyRefused;
    }
    if limited {
        return CallFault::RateLimited;
    }
    if said.has_code(&BUSY_CODES) {
        return CallFault::Transient;
    }
    match status {
        401 | 403 => CallFault::KeyRefused,
        408 | 409 | 425 | 500..=599 => CallFault::Transient,
        // An error in a reply that had begun well: the request was good, unless it says otherwise.
        200 if !said.has_code(&REQUEST_CODES) => CallFault::Transient,
        _ => CallFault::BadRequest,
    }
}

/// How long the provider asks to be left alone, from 0 to 15 minutes; `None` when it doesn't say, or
/// says nothing that can be read.
fn retry_after(headers: &HeaderMap, said: &Said, now: SystemTime) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(seconds).map(|d| d / 1_000);
    let wait = millis
        .or_else(|| text("retry-after").and_then(|text| seconds(text).or_else(|| until(text, now))))
        .or(said.retry_after)?;
    u64::try_from(wait.min(RETRY_AFTER_MAX).as_millis()).ok()
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// The time until a date; none left when it is past.
fn until(date: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(date).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
