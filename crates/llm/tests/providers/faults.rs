//! Every way to fail, in every format, and what the run is told of it.

use crate::support::{KEY, MODELS, SCRIPT, call, client, endpoint, request, script, server};
use equitr_core::chat::CallFault;
use equitr_core::units::MicroDollars;
use equitr_llm::{CallError, Endpoint, ModelName, Spent, Timeouts, connect};
use equitr_testing::loopback::{Fault, Faults, Loopback};
use std::net::TcpListener;

async fn failed(model: &str, fault: Fault) -> (CallError, Loopback) {
    let server = server(Faults::none().nth(1, fault.clone()));
    let mut endpoint = endpoint(model, &server);
    if matches!(fault, Fault::Hang | Fault::Stall | Fault::Pings) {
        endpoint.timeouts = Timeouts { first_byte_ms: 200, idle_ms: 100, ..Timeouts::default() };
    }
    let error = call(&*connect(&endpoint).unwrap(), request(model)).await.0.unwrap_err();
    assert_eq!(server.given(&fault), 1, "{model}: {error}");
    assert_eq!(server.requests().len(), 1, "one call is one request: {model}, {fault:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{model}, {fault:?}: {shown}");
    assert!(error.message.chars().count() <= 300 && !error.message.contains(char::is_control));
    (error, server)
}

#[tokio::test]
async fn every_fault_is_told_for_what_it_is() {
    use CallFault::{BadRequest, KeyRefused, OutOfQuota, RateLimited, TooLarge, Transient};
    use Spent::{Counted, Nothing, Unknown};
    let limited = || Fault::RateLimited { retry_after: "7".to_owned() };
    let cases = [
        (limited(), RateLimited, Nothing),
        (Fault::OutOfQuota, OutOfQuota, Nothing),
        (Fault::Overloaded, Transient, Nothing),
        (Fault::Unavailable, Transient, Nothing),
        (Fault::KeyRefused, KeyRefused, Nothing),
        (Fault::TooLarge, TooLarge, Nothing),
        (Fault::HtmlError, Transient, Nothing),
        (Fault::HtmlPage, BadRequest, Nothing),
        (Fault::Dropped, Transient, Unknown),
        (Fault::Reset, Transient, Unknown),
        (Fault::Truncated, Transient, Unknown),
        (Fault::OverloadedInBand, Transient, Nothing),
        (Fault::Garbage, Transient, Unknown),
        (Fault::Hang, Transient, Unknown),
        (Fault::Stall, Transient, Unknown),
        (Fault::Pings, Transient, Unknown),
        (Fault::CutToolJson, Transient, Counted),
    ];
    for model in MODELS {
        for (fault, expected, spent) in cases.clone() {
            let (error, server) = failed(model, fault.clone()).await;
            assert_eq!(error.fault, expected, "{model}, {fault:?}: {error}");
            let gemini_tells_nothing = fault == Fault::CutToolJson && model.starts_with("gemini");
            if !gemini_tells_nothing {
                assert_eq!(error.spent, spent, "{model}, {fault:?}: {error}");
            }
            if spent == Nothing {
                assert_eq!(server.served_micro_dollars(), MicroDollars::ZERO, "{model}, {fault:?}");
            }
            let asked = if fault == limited() { Some(7_000) } else { None };
            assert_eq!(error.retry_after_ms, asked, "{model}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_fault_is_followed_by_the_reply() {
    for model in MODELS {
        let server = server(Faults::none().turn("w#1", 0, Fault::Overloaded));
        let client = client(model, &server);
        assert!(call(&*client, request(model)).await.0.is_err(), "{model}");
        assert!(call(&*client, request(model)).await.0.is_ok(), "{model}");
        assert_eq!(server.requests_of("w#1", 0), 2, "{model}");
    }
}

#[tokio::test]
async fn a_script_lets_its_first_calls_fail_over_the_wire_too() {
    let text =
        "agents: {w: [{text: Hi., fail: {fault: rate_limited, retry_after_ms: 50, times: 2}}]}";
    for model in MODELS {
        let server = Loopback::start(script(text), Faults::none()).unwrap();
        let client = client(model, &server);
        for _ in 0..2 {
            let error = call(&*client, request(model)).await.0.unwrap_err();
            let told = (error.fault, error.retry_after_ms);
            assert_eq!(told, (CallFault::RateLimited, Some(50)), "{model}: {error}");
        }
        assert!(call(&*client, request(model)).await.0.is_ok(), "{model}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_larger_than_32_mib_is_not_taken() {
    let server = server(Faults::none().nth(1, Fault::Huge));
    let (outcome, _) = call(&*client("openai/gpt-4o", &server), request("x")).await;
    let error = outcome.unwrap_err();
    assert!(error.message.contains("larger than 32 MiB"), "{error}");
    assert_eq!((error.fault, error.spent), (CallFault::Transient, Spent::Unknown));
    assert!(server.wait_for_disconnects(1));
}

#[tokio::test]
async fn a_server_that_is_not_there_costs_nothing_and_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for model in MODELS {
        let server = Loopback::start(script(SCRIPT), Faults::none()).unwrap();
        let mut endpoint = endpoint(model, &server);
        endpoint.base_url = Some(format!("http://{address}"));
        let error = call(&*connect(&endpoint).unwrap(), request(model)).await.0.unwrap_err();
        assert_eq!((error.fault, error.spent), (CallFault::Transient, Spent::Nothing));
        let expected = format!("no connection to `{address}`: Connection refused");
        assert!(error.message.starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_in_all_is_given_up() {
    let server = server(Faults::none().nth(1, Fault::Pings));
    let mut endpoint = endpoint("anthropic/claude-sonnet-4-5", &server);
    endpoint.timeouts.total_ms = 300;
    let error = call(&*connect(&endpoint).unwrap(), request("x")).await.0.unwrap_err();
    assert_eq!(error.message, "the reply of anthropic was not complete after 0.3 s");
    assert_eq!(error.spent, Spent::Unknown);
}

#[tokio::test]
async fn a_turn_that_the_script_lacks_is_a_bad_request() {
    for model in MODELS {
        let server = Loopback::start(script("agents: {w: []}"), Faults::none()).unwrap();
        let error = call(&*client(model, &server), request(model)).await.0.unwrap_err();
        assert_eq!(error.fault, CallFault::BadRequest);
        assert!(error.message.contains("the script has no turn 0 for `w#1`"), "{error}");
        assert!(!error.message.contains(KEY));
    }
    let script = Endpoint::new(ModelName::parse("script:/nowhere/a.yaml").unwrap());
    let error = connect(&script).err().unwrap().to_string();
    assert_eq!(error, "script `/nowhere/a.yaml` can't be read: No such file or directory");
}
