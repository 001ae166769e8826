//! Every refusal that a provider is known to give, and what the run makes of it.

use super::*;
use CallFault::{BadRequest, KeyRefused, OutOfQuota, RateLimited, TooLarge, Transient};

fn key() -> SecretString {
    SecretString::from("sk-0123456789ab12".to_owned())
}

fn answered(status: u16, headers: &[(&'static str, &str)], body: &str) -> CallError {
    let key = key();
    let asked = Asked { provider: Provider::OpenAi, host: "h:1", key: Some(&key) };
    let headers: HeaderMap = headers
        .iter()
        .map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap()))
        .collect();
    refused(StatusCode::from_u16(status).ok(), &headers, body, asked, Begun::No)
}

#[test]
fn every_refusal_that_is_known_is_sorted() {
    let anthropic = |kind: &str, message: &str| {
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
    };
    let openai = |code: &str, kind: &str, message: &str| {
        format!(
            r#"{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":"{code}"}}}}"#
        )
    };
    let gemini = |code: u16, status: &str, message: &str| {
        format!(r#"[{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}]"#)
    };
    let cases: Vec<(u16, String, CallFault)> = vec![
        (429, openai("rate_limit_exceeded", "requests", "Rate limit reached"), RateLimited),
        (429, openai("rate_limit_exceeded", "tokens", "Request too large for gpt-4o"), RateLimited),
        (429, openai("insufficient_quota", "insufficient_quota", "You exceeded your quota"), OutOfQuota),
        (429, anthropic("rate_limit_error", "slow"), RateLimited),
        (429, gemini(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"), RateLimited),
        (402, r#"{"error":{"code":402,"message":"more credits"}}"#.into(), OutOfQuota),
        (402, r#"{"error":{"message":"Insufficient Balance","code":"invalid_request_error"}}"#.into(), OutOfQuota),
        (400, anthropic("invalid_request_error", "Your credit balance is too low to access"), OutOfQuota),
        (400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens"), TooLarge),
        (400, openai("context_length_exceeded", "invalid_request_error", "too long"), TooLarge),
        (400, r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#.into(), TooLarge),
        (400, gemini(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum"), TooLarge),
        (413, anthropic("request_too_large", "Request exceeds the maximum size"), TooLarge),
        (413, "<html>413</html>".into(), TooLarge),
        (401, anthropic("authentication_error", "invalid x-api-key"), KeyRefused),
        (401, openai("invalid_api_key", "invalid_request_error", "Incorrect API key"), KeyRefused),
        (403, gemini(403, "PERMISSION_DENIED", "no"), KeyRefused),
        (400, r#"[{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#.into(), KeyRefused),
        (400, openai("", "invalid_request_error", "bad tools"), BadRequest),
        (404, anthropic("not_found_error", "model: x"), BadRequest),
        (422, r#"{"detail":"no"}"#.into(), BadRequest),
        (302, String::new(), BadRequest),
        (500, anthropic("api_error", "oops"), Transient),
        (502, "<html><h1>Bad Gateway</h1></html>".into(), Transient),
        (503, gemini(503, "UNAVAILABLE", "overloaded"), Transient),
        (504, gemini(504, "DEADLINE_EXCEEDED", "context window"), Transient),
        (529, anthropic("overloaded_error", "Overloaded"), Transient),
        (408, String::new(), Transient),
        (200, anthropic("overloaded_error", "Overloaded"), Transient),
        (200, r#"{"error":{"code":429,"message":"Provider returned error"}}"#.into(), RateLimited),
        (200, r#"{"error":{"code":502,"message":"Provider returned error"}}"#.into(), Transient),
        (200, r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}"#.into(), Transient),
        (200, r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"x"}}}"#.into(), RateLimited),
        (200, r#"{"type":"response.failed","response":{"error":{"code":"invalid_prompt","message":"x"}}}"#.into(), BadRequest),
        (200, r#"{"type":"error","code":"server_error","message":"x"}"#.into(), Transient),
    ];
    for (status, body, fault) in cases {
        let error = answered(status, &[], &body);
        assert_eq!(error.fault, fault, "{status} {body} gave `{}`", error.message);
        assert_eq!(error.spent, Spent::Nothing);
    }
}

#[test]
fn the_wait_that_is_asked_for_is_kept_between_nothing_and_15_minutes() {
    let wait = |headers: &[(&'static str, &str)]| answered(429, headers, "{}").retry_after_ms;
    assert_eq!(wait(&[("retry-after", "7")]), Some(7_000));
    assert_eq!(wait(&[("retry-after", "0.25")]), Some(250));
    assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "120")]), Some(120));
    assert_eq!(wait(&[("retry-after", "0")]), Some(0));
    assert_eq!(wait(&[("retry-after", "1e9")]), Some(900_000));
    assert_eq!(wait(&[("retry-after", "1e300")]), Some(900_000));
    assert_eq!(wait(&[("retry-after", "soon")]), None);
    assert_eq!(wait(&[("retry-after", "-5")]), None);
    assert_eq!(wait(&[("retry-after", "NaN")]), None);
    assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(0));
    assert_eq!(wait(&[("retry-after", "Tue, 31 Dec 2999 23:59:59 GMT")]), Some(900_000));
    assert_eq!(wait(&[]), None);
    let body = r#"{"error":{"code":429,"details":[{"@type":"x"},{"retryDelay":"7.5s"}]}}"#;
    assert_eq!(answered(429, &[], body).retry_after_ms, Some(7_500));
}

#[test]
fn a_message_says_who_said_what_and_never_the_key() {
    assert_eq!(
        answered(
            401,
            &[],
            r#"{"error":{"type":"authentication_error","message":"bad sk-0123456789ab12"}}"#
        )
        .message,
        "openai rejected the key ending …ab12 (401 authentication_error): bad …ab12"
    );
    assert_eq!(
        answered(502, &[], "<html>\n<h1>Bad\u{1b}[31m Gateway</h1>").message,
        "openai answered 502: <html> <h1>Bad [31m Gateway</h1>"
    );
    let long = answered(500, &[], &format!("{}sk-0123456789ab12", "x".repeat(190)));
    assert!(!long.message.contains("0123"), "{}", long.message);
}

#[test]
fn sec_06_no_half_of_a_key_stays_where_a_message_is_cut() {
    for before in 150..250 {
        let body = format!("{} \"key\":\"sk-other-0123456789abcdef\", refused", "x".repeat(before));
        let told = answered(502, &[], &body).message;
        let whole = told.contains("sk-other-0123456789abcdef");
        assert!(whole || !told.contains("sk-o"), "{told}");
        assert!(before > 190 || told.contains("\"key\":"), "{told}");
    }
}

#[test]
fn a_prompt_that_is_refused_for_its_content_is_not_sent_again() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#;
    let reply = rig_core::ProviderResponseError::without_status(body).with_refusal(true);
    let asked = Asked { provider: Provider::Gemini, host: "h", key: None };
    let error = classify(&ProviderError::ProviderResponse(reply), asked, Begun::No);
    assert_eq!(error.fault, BadRequest);
    assert!(error.message.contains("PROHIBITED_CONTENT"), "{error}");
}
