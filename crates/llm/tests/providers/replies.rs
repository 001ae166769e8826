//! What comes back is what the script says, in every format.

use crate::support::{MODELS, call, client, endpoint, next_request, request, script, server};
use equitr_core::chat::{Message, Reply, Stop};
use equitr_core::units::{MicroDollars, Price};
use equitr_llm::{Delta, Model, connect};
use equitr_testing::loopback::{Faults, Format, Loopback, signature};
use serde_json::{Value, json};

async fn answered(model: &dyn Model, request: equitr_core::chat::Request) -> Reply {
    call(model, request).await.0.unwrap()
}

#[tokio::test]
async fn text_thinking_and_two_parallel_calls_arrive_in_every_format() {
    for model in MODELS {
        let server = server(Faults::none());
        let (reply, told) = call(&*client(model, &server), request(model)).await;
        let reply = reply.unwrap();
        assert_eq!(&*reply.text, "I write both files: äöü 🦀.", "{model}");
        assert_eq!(reply.stop, Stop::ToolCalls, "{model}");
        let calls: Vec<(&str, Value)> = reply
            .calls
            .iter()
            .map(|call| (&*call.name, serde_json::from_str(&call.args).unwrap()))
            .collect();
        let expected = [
            ("write_file", json!({"path": "a.py", "content": "print(\"äöü\")\n"})),
            ("write_file", json!({"path": "b.py", "content": "print(2)\n"})),
        ];
        assert_eq!(calls, expected, "{model}");
        assert_ne!(reply.calls[0].id, reply.calls[1].id, "{model}");

        let joined =
            |pick: fn(&Delta) -> Option<&str>| -> String { told.iter().filter_map(pick).collect() };
        let text = joined(|d| match d {
            Delta::Text(text) => Some(text),
            Delta::Thinking(_) | Delta::ToolArgs { .. } => None,
        });
        assert_eq!(text, &*reply.text, "{model}");
        let thinking = joined(|d| match d {
            Delta::Thinking(text) => Some(text),
            Delta::Text(_) | Delta::ToolArgs { .. } => None,
        });
        assert_eq!(thinking, "Two files, then. Zwei Dateien, ja?", "{model}");
        let tools = told
            .iter()
            .filter(|d| matches!(d, Delta::ToolArgs { name, .. } if &**name == "write_file"));
        assert!(tools.count() >= 2, "{model}");
    }
}

#[tokio::test]
async fn usage_counts_cached_tokens_and_the_server_charges_the_same() {
    for model in MODELS {
        let server = server(Faults::none());
        let usage = answered(&*client(model, &server), request(model)).await.usage;
        assert_eq!(
            (usage.input_tokens, usage.cached_tokens, usage.output_tokens),
            (1200, 1000, 300),
            "{model}"
        );
        assert_eq!(usage.reported_cost, None, "{model}");
        let price = Price {
            input: 2_000_000,
            cached_input: 1_000_000,
            cache_write: 2_000_000,
            output: 10_000_000,
        };
        assert_eq!(price.cost(&usage), MicroDollars(200 * 2 + 1000 + 300 * 10));
        assert_eq!(server.served_micro_dollars(), price.cost(&usage), "{model}");
    }
}

#[tokio::test]
async fn tool_results_go_back_to_the_calls_they_answer() {
    for model in MODELS {
        let server = server(Faults::none());
        let client = client(model, &server);
        let first = answered(&*client, request(model)).await;
        let ids: Vec<String> = first.calls.iter().map(|call| call.id.to_string()).collect();
        // Through the journal and back.
        let first: Reply = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        let second = answered(&*client, next_request(request(model), first)).await;
        assert_eq!((&*second.text, second.stop), ("Done.", Stop::EndTurn), "{model}");

        let requests = server.requests();
        let (last, body) = (&requests[1], requests[1].body.to_string());
        assert_eq!((last.agent.as_str(), last.turn), ("w#1", 1), "{model}");
        assert!(body.contains("result 0") && body.contains("result 1"), "{model}: {body}");
        let answers = answers(last.format, &last.body);
        if last.format != Format::Gemini {
            assert_eq!(answers, ids, "{model}: {body}");
        } else {
            assert_eq!(answers.len(), 2, "{model}: {body}");
        }
    }
}

/// The ids under which a request answers calls.
fn answers(format: Format, body: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let found: Vec<Value> = match format {
        Format::Chat => list(&body["messages"]).iter().map(|m| m["tool_call_id"].clone()).collect(),
        Format::Responses => list(&body["input"])
            .iter()
            .filter(|item| item["type"] == "function_call_output")
            .map(|item| item["call_id"].clone())
            .collect(),
        Format::Messages => list(&body["messages"])
            .iter()
            .flat_map(|message| list(&message["content"]))
            .map(|part| part["tool_use_id"].clone())
            .collect(),
        Format::Gemini => list(&body["contents"])
            .iter()
            .flat_map(|message| list(&message["parts"]))
            .filter(|part| part.get("functionResponse").is_some())
            .map(|part| part["functionResponse"]["name"].clone())
            .collect(),
    };
    found.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn signed_thinking_goes_back_as_it_came() {
    for model in MODELS {
        let server = server(Faults::none());
        let client = client(model, &server);
        let first = answered(&*client, request(model)).await;
        assert!(first.provider_parts.is_some(), "{model}");
        let first: Reply = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        answered(&*client, next_request(request(model), first)).await;
        let body = server.requests()[1].body.to_string();
        let expected = match model {
            // Chat Completions has no signatures; some makers want the thinking itself.
            "openai/gpt-4o" => "Two files, then. Zwei Dateien, ja?".to_owned(),
            _ => signature("w#1", 0),
        };
        assert!(body.contains(&expected), "{model}: {body}");
    }
}

#[tokio::test]
async fn parts_that_are_no_longer_the_reply_are_left_out() {
    for model in MODELS {
        let server = server(Faults::none());
        let client = client(model, &server);
        let mut first = answered(&*client, request(model)).await;
        first.text = "[… left out …]".into();
        let second = answered(&*client, next_request(request(model), first)).await;
        assert_eq!(&*second.text, "Done.", "{model}");
        let body = server.requests()[1].body.to_string();
        assert!(
            body.contains("left out") && !body.contains(&signature("w#1", 0)),
            "{model}: {body}"
        );
    }
}

#[tokio::test]
async fn a_reply_of_plain_words_keeps_no_parts() {
    for model in MODELS {
        let server =
            Loopback::start(script("agents: {w: [{text: Hello.}]}"), Faults::none()).unwrap();
        let reply = answered(&*client(model, &server), request(model)).await;
        assert_eq!((&*reply.text, reply.provider_parts), ("Hello.", None), "{model}");
    }
}

#[tokio::test]
async fn a_reply_cut_by_its_limit_or_refused_says_so() {
    for (stop, expected) in [("length", Stop::Length), ("refused", Stop::Refused)] {
        for model in MODELS {
            let text =
                format!("agents: {{w: [{{text: No, calls: [{{t: {{a: 1}}}}], stop: {stop}}}]}}");
            let server = Loopback::start(script(&text), Faults::none()).unwrap();
            let reply = answered(&*client(model, &server), request(model)).await;
            assert_eq!(reply.stop, expected, "{model}");
        }
    }
}

#[tokio::test]
async fn requests_ask_for_caching_parallel_calls_and_a_limit() {
    for model in MODELS {
        let server = server(Faults::none());
        answered(&*client(model, &server), request(model)).await;
        let body = server.requests()[0].body.clone();
        match server.requests()[0].format {
            Format::Chat => {
                assert_eq!(body["parallel_tool_calls"], true);
                assert_eq!(body["max_tokens"], 4_000);
                assert_eq!(body["temperature"], 0.2);
                assert_eq!(body["stream_options"]["include_usage"], true);
            }
            Format::Responses => {
                assert_eq!(body["parallel_tool_calls"], true);
                assert_eq!(body["max_output_tokens"], 4_000);
            }
            Format::Messages => {
                assert_eq!(body["max_tokens"], 4_000);
                assert_eq!(body["system"][0]["cache_control"]["type"], "ephemeral");
                assert_eq!(body["tools"][0]["cache_control"]["type"], "ephemeral");
                let last = &body["messages"][0]["content"][0]["cache_control"]["type"];
                assert_eq!(last, "ephemeral", "{body}");
            }
            Format::Gemini => assert_eq!(body["generationConfig"]["maxOutputTokens"], 4_000),
        }
        assert!(body.to_string().contains("write_file"), "{model}");
    }
}

#[tokio::test]
async fn a_model_that_takes_no_temperature_is_asked_without_one() {
    let server = Loopback::start(script("agents: {w: [{text: Hi.}]}"), Faults::none()).unwrap();
    let without = [
        "openai/gpt-5",
        "openai/o3-mini",
        "openai-responses/gpt-5",
        "openai/gpt-5.3-codex",
        "openai/gpt-7-sol",
        "anthropic/claude-opus-5",
    ];
    let with = [
        "openai/gpt-4o",
        "openai/gpt-5-chat-latest",
        "anthropic/claude-sonnet-4-5",
        "deepseek/deepseek-chat",
    ];
    for (model, temperature) in
        without.map(|model| (model, None)).into_iter().chain(with.map(|model| (model, Some(0.2))))
    {
        answered(&*client(model, &server), request(model)).await;
        let body = server.requests().pop().unwrap().body;
        assert_eq!(body["temperature"].as_f64(), temperature, "{model}");
    }
}

#[tokio::test]
async fn every_provider_reaches_a_base_url_in_all_its_forms() {
    let server = Loopback::start(script("agents: {w: [{text: Hi.}]}"), Faults::none()).unwrap();
    let models = MODELS.into_iter().chain([
        "openrouter/anthropic/claude-sonnet-4.5",
        "groq/llama-3.3-70b-versatile",
        "moonshot/kimi-k2.6",
        "deepseek/deepseek-chat",
        "ollama/qwen3-coder:30b",
        "llamacpp/any",
        "vllm/any/thing",
        "lmstudio/any",
        "openai-compatible/any-max",
        "openai/gpt-5-codex",
    ]);
    for model in models {
        for ending in ["", "/", "/v1", "/v1/"] {
            let mut endpoint = endpoint(model, &server);
            endpoint.base_url = Some(format!("{}{ending}", server.url()));
            let reply = answered(&*connect(&endpoint).unwrap(), request(model)).await;
            assert_eq!(&*reply.text, "Hi.", "{model} at `{ending}`");
        }
    }
    let responses =
        server.requests().iter().filter(|seen| seen.format == Format::Responses).count();
    assert_eq!(responses, 8, "openai-responses and the codex model, four times each");
    let names: Vec<Value> =
        server.requests().iter().map(|seen| seen.body["model"].clone()).collect();
    // No part of a name is taken for a wish: the whole name is sent.
    assert!(names.contains(&json!("any-max")) && names.contains(&json!("any/thing")));
    assert!(names.contains(&json!("qwen3-coder:30b")));
}

#[tokio::test]
async fn a_local_server_is_asked_without_a_key() {
    for model in ["ollama/x", "llamacpp/x", "vllm/x", "lmstudio/x", "openai-compatible/x"] {
        let server = Loopback::start(script("agents: {w: [{text: Hi.}]}"), Faults::none()).unwrap();
        let mut endpoint = endpoint(model, &server);
        endpoint.key = None;
        answered(&*connect(&endpoint).unwrap(), request(model)).await;
        assert_eq!(server.requests()[0].header("authorization"), None, "{model}");
    }
}

#[tokio::test]
async fn a_conversation_with_an_empty_reply_or_foreign_parts_can_go_on() {
    for model in MODELS {
        let server =
            Loopback::start(script("agents: {w: [{text: Hi.}, {text: Ho.}]}"), Faults::none())
                .unwrap();
        let mut asked = request(model);
        asked.messages.push(Message::Assistant(Reply::default()));
        asked.messages.push(Message::User { text: "Go on.".into() });
        assert_eq!(&*answered(&*client(model, &server), asked).await.text, "Hi.", "{model}");

        let mut asked = request(model);
        let foreign = Reply {
            text: "x".into(),
            provider_parts: Some(r#"{"of": "somebody else"}"#.into()),
            ..Reply::default()
        };
        asked.messages.push(Message::Assistant(foreign));
        asked.messages.push(Message::User { text: "Go on.".into() });
        assert_eq!(&*answered(&*client(model, &server), asked).await.text, "Ho.", "{model}");
    }
}

#[tokio::test]
async fn openrouter_says_what_a_call_costs_and_is_believed() {
    let server = server(Faults::none());
    let reply = answered(&*client("openrouter/openai/gpt-4o", &server), request("x")).await;
    assert_eq!(reply.usage.reported_cost, Some(MicroDollars(4_400)));
}

#[tokio::test]
async fn fifty_calls_at_once_share_the_client() {
    let server = Loopback::start(script("agents: {w: [{text: Hi.}]}"), Faults::none()).unwrap();
    let client = client("openai/gpt-4o", &server);
    let calls = (0..50).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { answered(&*client, request("openai/gpt-4o")).await })
    });
    for reply in calls.collect::<Vec<_>>() {
        assert_eq!(&*reply.await.unwrap().text, "Hi.");
    }
    assert_eq!(server.requests_of("w#1", 0), 50);
}
