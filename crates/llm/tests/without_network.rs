//! The models that need no network: scripted and replayed ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_core::chat::{CallFault, Message, Reply, Request, Stop};
use equitr_llm::replayed::ReplayedModel;
use equitr_llm::scripted::{Script, ScriptedModel};
use equitr_llm::{Delta, Endpoint, Model, ModelName, Spent, connect};
use std::path::Path;
use std::sync::Mutex;

fn request(agent: &str, turn: u32) -> Request {
    Request {
        model: "script:a.yaml".into(),
        agent: agent.into(),
        turn,
        system: "You are a test.".into(),
        messages: vec![Message::User { text: "Go.".into() }],
        tools: [].into(),
        max_tokens: 100,
        temperature_milli: None,
    }
}

fn scripted(text: &str) -> ScriptedModel {
    ScriptedModel::new(Script::parse(text, Path::new("a.yaml")).unwrap())
}

const SCRIPT: &str = r#"
agents:
  w:
    - thinking: hm
      text: I write.
      calls:
        - write_file: {path: a.py, content: "1"}
    - text: Done.
      fail: {fault: rate_limited, retry_after_ms: 50, times: 2}
"#;

#[tokio::test]
async fn a_scripted_model_says_what_its_script_says_and_tells_of_it() {
    let model = scripted(SCRIPT);
    let told = Mutex::new(Vec::new());
    let reply = model.call(request("w#3", 0), &|d| told.lock().unwrap().push(d)).await.unwrap();
    assert_eq!((&*reply.text, reply.stop), ("I write.", Stop::ToolCalls));
    assert_eq!(&*reply.calls[0].args, r#"{"path":"a.py","content":"1"}"#);
    // 18 bytes asked; 2 + 8 + 10 + 29 bytes said.
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (5, 13));
    let json = reply.calls[0].args.to_string();
    assert_eq!(
        told.into_inner().unwrap(),
        [
            Delta::Thinking("hm".into()),
            Delta::Text("I write.".into()),
            Delta::ToolArgs { name: "write_file".into(), json },
        ]
    );
}

#[tokio::test]
async fn the_first_calls_of_a_turn_fail_as_the_script_says_for_each_agent() {
    let model = scripted(SCRIPT);
    for agent in ["w#1", "w#2"] {
        for number in 1..=2 {
            let error = model.call(request(agent, 1), &|_| {}).await.unwrap_err();
            assert_eq!((error.fault, error.retry_after_ms), (CallFault::RateLimited, Some(50)));
            assert_eq!(
                error.message,
                format!("the script lets call {number} of turn 1 of `{agent}` fail")
            );
        }
        assert_eq!(&*model.call(request(agent, 1), &|_| {}).await.unwrap().text, "Done.");
    }
}

#[tokio::test]
async fn a_turn_or_agent_that_a_script_lacks_is_a_bad_request() {
    let model = scripted(SCRIPT);
    for (agent, turn) in [("w#1", 2), ("v", 0)] {
        let error = model.call(request(agent, turn), &|_| {}).await.unwrap_err();
        assert_eq!(error.message, format!("the script has no turn {turn} for `{agent}`"));
        assert_eq!((error.fault, error.spent), (CallFault::BadRequest, Spent::Nothing));
    }
}

#[tokio::test(start_paused = true)]
async fn a_scripted_reply_takes_its_time() {
    let model = scripted("latency_ms: 1000\nagents: {w: [{text: a, delay_ms: 500}]}");
    let begun = tokio::time::Instant::now();
    model.call(request("w", 0), &|_| {}).await.unwrap();
    assert_eq!(begun.elapsed().as_millis(), 1_500);
}

#[tokio::test(start_paused = true)]
async fn a_scripts_delays_are_divided_by_its_speed() {
    for (speed, takes) in [("1", 1_500), ("3", 500), ("0.5", 3_000), ("0", 0)] {
        let model = scripted(&format!(
            "speed: {speed}\nlatency_ms: 1000\nagents: {{w: [{{text: a, delay_ms: 500}}]}}"
        ));
        let begun = tokio::time::Instant::now();
        model.call(request("w", 0), &|_| {}).await.unwrap();
        assert_eq!(begun.elapsed().as_millis(), takes, "at speed {speed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_waits_for_the_agent_it_names_and_no_longer_than_it_says() {
    let text = "agents: {a: [{waits_for: {agent: b, ms: 5000}}, {waits_for: {agent: c, ms: 9}}], \
                b: [{delay_ms: 40}]}";
    let model = scripted(text);
    let begun = tokio::time::Instant::now();
    let first = async {
        model.call(request("a#1", 0), &|_| {}).await.unwrap();
        begun.elapsed().as_millis()
    };
    let other = async {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        model.call(request("b#2", 0), &|_| {}).await.unwrap();
        begun.elapsed().as_millis()
    };
    assert_eq!(tokio::join!(first, other), (30, 70));
    model.call(request("a#1", 1), &|_| {}).await.unwrap();
    assert_eq!(begun.elapsed().as_millis(), 79);
}

#[tokio::test]
async fn a_script_is_connected_to_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, SCRIPT).unwrap();
    let name = ModelName::parse(&format!("script:{}", path.display())).unwrap();
    let model = connect(&Endpoint::new(name)).unwrap();
    assert_eq!(&*model.call(request("w", 0), &|_| {}).await.unwrap().text, "I write.");

    let replay = connect(&Endpoint::new(ModelName::parse("replay:r7").unwrap()));
    assert!(replay.err().unwrap().to_string().contains("`replay:r7` answers from the journal"));
}

#[tokio::test]
async fn a_replayed_model_gives_the_last_reply_of_each_turn() {
    let said = |text: &str| Reply { text: text.into(), ..Reply::default() };
    let model = ReplayedModel::new([
        ("w#1".into(), 0, said("first")),
        ("w#1".into(), 0, said("last")),
        ("w#1".into(), 1, said("next")),
    ]);
    assert_eq!(&*model.call(request("w#1", 0), &|_| {}).await.unwrap().text, "last");
    assert_eq!(&*model.call(request("w#1", 1), &|_| {}).await.unwrap().text, "next");
    let error = model.call(request("w#2", 0), &|_| {}).await.unwrap_err();
    assert_eq!(error.message, "the replayed run has no turn 0 of `w#2`");
    assert_eq!(error.fault, CallFault::BadRequest);
}
