//! The key goes where it must, and nowhere else.

use crate::support::{KEY, MODELS, call, client, endpoint, request, server};
use equitr_testing::loopback::{Fault, Faults};

#[tokio::test]
async fn the_key_travels_in_its_header_alone() {
    for model in MODELS {
        let server = server(Faults::none());
        call(&*client(model, &server), request(model)).await.0.unwrap();
        let seen = &server.requests()[0];
        let (name, value) = match model.split('/').next().unwrap() {
            "anthropic" => ("x-api-key", KEY.to_owned()),
            "gemini" => ("x-goog-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        assert_eq!(seen.header(name), Some(value.as_str()), "{model}");
        let with_key = seen.headers.iter().filter(|(_, value)| value.contains("canary")).count();
        assert_eq!(with_key, 1, "{model}");
        assert!(!seen.path.contains("key"), "{model}: {}", seen.path);
        assert!(!seen.body.to_string().contains("canary"), "{model}");
    }
}

#[tokio::test]
async fn a_refused_key_is_named_by_its_end_though_the_server_repeats_it() {
    for model in MODELS {
        let server = server(Faults::none().nth(1, Fault::KeyRefused));
        let error = call(&*client(model, &server), request(model)).await.0.unwrap_err();
        assert!(error.message.contains("rejected the key ending …cdef (401"), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
    }
}

#[test]
fn an_endpoint_does_not_show_its_key() {
    let server = server(Faults::none());
    let shown = format!("{:?}", endpoint("openai/gpt-4o", &server));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    let proxies = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"];
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "keys::the_key_travels_in_its_header_alone"]);
    again.envs(proxies.map(|name| (name, "http://127.0.0.1:1")));
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
