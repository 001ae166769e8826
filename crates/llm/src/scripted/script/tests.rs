//! What a script may say, and what is said of one that may not.

use super::*;

fn parsed(text: &str) -> Result<Script, String> {
    Script::parse(text, Path::new("a.yaml")).map_err(|error| error.to_string())
}

#[test]
fn the_most_exact_name_answers() {
    let script = parsed(
        "agents:\n  w: [{text: any}]\n  w#2: [{text: second}]\n  s:question: [{text: q}]\n  s:question:2: []\n",
    )
    .unwrap();
    let text = |agent: &str, turn| script.reply(agent, turn).map(|t| t.reply.text.to_string());
    assert_eq!(text("w", 0).as_deref(), Some("any"));
    assert_eq!(text("w#1", 0).as_deref(), Some("any"));
    assert_eq!(text("w#2", 0).as_deref(), Some("second"));
    assert_eq!(text("w#2", 1), None);
    assert_eq!(text("s:question:1", 0).as_deref(), Some("q"));
    assert_eq!(text("s:question:1#3", 0).as_deref(), Some("q"));
    assert_eq!(text("s:question:2", 0), None);
    assert_eq!(text("s", 0), None);
}

#[test]
fn a_turn_has_what_its_lines_say() {
    let script = parsed(
        "price: {input: 2.5, output: 10}
latency_ms: 5
agents:
  w:
    - text: hi
      thinking: hm
      calls:
        - write_file: {path: a, content: x}
        - finish:
      usage: {input: 12, cached: 10, output: 3}
      delay_ms: 1
      fail: {fault: rate_limited, retry_after_ms: 50}
",
    )
    .unwrap();
    let turn = script.reply("w", 0).unwrap();
    assert_eq!(turn.reply.stop, Stop::ToolCalls);
    assert_eq!(&*turn.reply.calls[0].args, r#"{"path":"a","content":"x"}"#);
    assert_eq!(&*turn.reply.calls[0].id, "call_0_0");
    assert_eq!((&*turn.reply.calls[1].name, &*turn.reply.calls[1].args), ("finish", "{}"));
    assert_eq!(turn.usage_for(1_000).cached_tokens, 10);
    assert_eq!(turn.delay_ms, 6);
    assert_eq!(turn.fail.map(|f| (f.fault, f.times)), Some((CallFault::RateLimited, 1)));
    let price = script.price();
    assert_eq!((price.input, price.cached_input, price.output), (2_500_000, 2_500_000, 10_000_000));
}

#[test]
fn usage_that_is_not_given_is_a_token_for_four_bytes() {
    let script = parsed("agents: {w: [{text: 12345}, {}]}").unwrap();
    let usage = |turn| script.reply("w", turn).unwrap().usage_for(41);
    assert_eq!((usage(0).input_tokens, usage(0).output_tokens), (11, 2));
    assert!(usage(1).is_known());
}

#[test]
fn a_mistake_is_told_with_its_place() {
    for (text, problem) in [
        ("agents:\n  w:\n    - txt: hi\n", "a.yaml:3:7: unknown field `txt`"),
        ("agents:\n  w: [{text: a}]\n  w: []\n", "a.yaml:3:3: duplicate mapping key"),
        ("agnts: {}\n", "a.yaml:1:1: unknown field `agnts`"),
        ("price: {input: 1, output: 1}\n", "missing field `agents`"),
        ("agents:\n  w:\n    - fail: {fault: oops}\n", "unknown variant `oops`"),
        ("agents: [\n", "a.yaml:"),
        ("speed: -1\nagents: {}\n", "a.yaml:1:8: a speed of -1 is no speed"),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.contains(problem), "`{text}` gave `{error}`");
        assert!(!error.contains("at line"), "{error}");
    }
}

#[test]
fn all_mistakes_of_meaning_are_told_at_once() {
    let error = parsed(
        "price: {input: -1, output: 1}
agents:
  w:
    - calls:
        - {a: {}, b: {}}
        - t: {x_from: ../secret}
        - t: {x: 1, x_from: missing.txt}
        - t: {y: 1, y: 2}
",
    );
    assert!(error.unwrap_err().contains("a.yaml:8:21"));
    let error = parsed(
        "price: {input: -1, output: 1}
agents:
  w:
    - calls:
        - {a: {}, b: {}}
        - t: {x_from: ../secret}
        - t: {x: 1, x_from: missing.txt}
",
    )
    .unwrap_err();
    let problems: Vec<&str> = error.lines().collect();
    assert_eq!(problems.len(), 4, "{error}");
    assert_eq!(problems[0], "a.yaml:1:8: a price of -1 is not a price");
    assert_eq!(problems[1], "a.yaml:5:11: a call is one tool's name with its arguments");
    assert!(
        problems[2].starts_with("a.yaml:6:11: `x_from`: file `../secret` is not a path beneath")
    );
    assert!(problems[3].starts_with("a.yaml:7:11: `x_from`: file `missing.txt` can't be read"));
}

#[test]
fn an_argument_is_read_from_a_file_beneath_the_scripts_folder_only() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("scripts");
    std::fs::create_dir_all(folder.join("files")).unwrap();
    std::fs::write(folder.join("files/b.py"), "print(2)\n").unwrap();
    std::fs::write(outer.path().join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).unwrap();
    let path = folder.join("a.yaml");
    std::fs::write(&path, "agents: {w: [{calls: [{t: {content_from: files/b.py}}]}]}").unwrap();
    let script = Script::load(&path).unwrap();
    assert_eq!(&*script.reply("w", 0).unwrap().reply.calls[0].args, r#"{"content":"print(2)\n"}"#);

    std::fs::write(&path, "agents: {w: [{calls: [{t: {content_from: link}}]}]}").unwrap();
    let error = Script::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("file `link` leads out of the script's folder"), "{error}");
    let error = Script::load(&folder.join("none.yaml")).unwrap_err().to_string();
    assert!(error.contains("none.yaml` can't be read"), "{error}");
    assert!(Script::load(&folder).unwrap_err().to_string().ends_with("is not a regular file"));
}
