//! What is secret reaches no journal, no page and no prompt, however it gets into a run.

use crate::support::canary::{CANARY, VARIABLE, files_with, form_in};
use crate::support::{Gate, KEY, Machine, script, task};
use equitr_llm::scripted::Script;
use equitr_testing::loopback::{Faults, Loopback};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Prints the canary without naming it: a command line of a script holds its halves.
const PRINTS: &str = "printf '%s%s' 'cnry/7Kx+Q9=' 'vZ2mP4wL8t'";

/// A worker that gets secrets into a run in all ways, then does `more`.
fn careless(more: &Value) -> Value {
    let command = |line: &str| json!({"calls": [{"run_command": {"command": line}}]});
    let read = |path: &str| json!({"calls": [{"read_file": {"path": path}}]});
    let mut turns = vec![
        json!({"text": format!("I use {KEY}."), "calls": [
            {"write_file": {"path": "leak.txt", "content": format!("key = \"{KEY}\"\n")}}]}),
        command(PRINTS),
        command(&format!("{PRINTS} | base64 | fold -w 10")),
        command(&format!("{PRINTS} | od -An -tx1 | tr -d ' \\n'")),
        command(&format!(
            "{PRINTS} > .env; echo '-----BEGIN RSA PRIVATE KEY-----' > id_rsa; {PRINTS} \
            | base64 >> id_rsa; echo '-----END RSA PRIVATE KEY-----' >> id_rsa; cat .env id_rsa"
        )),
        read(".env"),
        read("id_rsa"),
        json!({"calls": [{"search": {"pattern": "cnry"}}]}),
        command("rm -f .env id_rsa"),
        json!({"calls": [{"ask_supervisor": {"question": format!("May I use {KEY}?")}}]}),
    ];
    turns.extend(more.as_array().unwrap().clone());
    turns.into()
}

fn finish() -> Value {
    json!([{"calls": [{"finish": {"summary": [format!("Made it with {KEY}")]}}]}])
}

/// Without it, files like these are kept from agents altogether.
const ALLOWED: &str = "allow_secret_files: [.env, id_rsa]\n";

fn machine() -> Machine {
    let machine = Machine::new().with("OPENAI_API_KEY", KEY);
    machine.configure(ALLOWED);
    machine.repository(&[
        ("README.md", &format!("# Shop\n\nThe key is {KEY}.\n")),
        ("AGENTS.md", &format!("Sign in with {CANARY}.\n")),
    ]);
    machine
}

fn served(worker: Value, check: &str) -> Loopback {
    let agents = json!({
        "backend_worker": worker,
        "supervisor:question:backend_worker": [{"calls": [{"answer": {"answer": format!("Yes, {KEY}")}}]}],
    });
    let script = script(1, json!([task("leak", "backend", 1, &[], check)]), agents);
    Loopback::start(Script::parse(&script.to_string(), "s.yaml".as_ref()).unwrap(), Faults::none())
        .unwrap()
}

fn args<'a>(url: &'a str, prompt: &'a str) -> [&'a str; 10] {
    let model = "openai/gpt-4o";
    let begin = ["--multi-agent", "--yes", "--repo", "project", "--prompt", prompt];
    let [a, b, c, d, e, f] = begin;
    [a, b, c, d, e, f, "--model", model, "--api-base", url]
}

/// The files of a run's folder, the journal's log among them, that hold a secret.
fn leaks(machine: &Machine) -> Vec<PathBuf> {
    let home = machine.path("equitr");
    let mut found = machine.files_with(KEY);
    found.retain(|path| path.starts_with(&home) && !path.ends_with("hub.git"));
    found.extend(files_with(&home));
    found
}

fn no_secret_in(text: &str) {
    assert!(!text.contains(KEY) && form_in(text).is_none(), "{text}");
}

#[test]
fn sec_03_04_08_no_page_and_no_prompt_holds_a_secret_that_came_in_anywhere() {
    let machine = machine();
    let check = format!("{PRINTS}; ! test -e .env && test -s leak.txt");
    let server = served(careless(&finish()), &check);
    let (url, prompt) = (server.url(), format!("A shop with {KEY} and {CANARY}"));
    let args = args(&url, &prompt);
    let ended = machine.run(&[&args[..], &["--json"]].concat()).expect(0);
    no_secret_in(&format!("{}{}", ended.stdout, ended.stderr));
    for page in [&["show"][..], &["status"], &["status", "--json"], &["report"], &["runs"]] {
        no_secret_in(&machine.run(page).expect(0).stdout);
    }
    for seen in server.requests() {
        no_secret_in(&seen.body.to_string());
    }
    assert!(leaks(&machine).is_empty(), "{:?}", leaks(&machine));

    // They came that far, and were taken out there.
    let shown = machine.run(&["show"]).expect(0).stdout;
    let mark = "[redacted:person-canary-token]";
    assert!(VARIABLE.replace('_', "-").eq_ignore_ascii_case(&mark[10..mark.len() - 1]));
    assert!(shown.matches(mark).count() >= 5, "{shown}");
    assert!(shown.contains("[redacted:private-key]"), "{shown}");
    assert!(shown.contains("Yes, [redacted:openai-api-key]"), "{shown}");
    let prompts: String = server.requests().iter().map(|seen| seen.body.to_string()).collect();
    assert!(prompts.contains("A shop with [redacted:openai-api-key] and [redacted:person-canary"));
    assert!(prompts.contains("The key is [redacted:openai-api-key]."), "the map");
    assert!(prompts.contains("Sign in with [redacted:person-canary-token]."), "the guide");
    assert_eq!(machine.committed("leak.txt"), "key = \"[redacted:openai-api-key]\"");
}

#[test]
fn sec_02_a_journal_that_is_cut_off_holds_no_secret_in_any_file() {
    // What stands in the repository would be in the worktree, too.
    let machine = Machine::new().with("OPENAI_API_KEY", KEY);
    machine.configure(ALLOWED);
    let gate = Gate::new(&machine, "gate");
    let server = served(careless(&json!([{"calls": [gate.wait()]}])), "true");
    let (url, prompt) = (server.url(), format!("A shop with {KEY} and {CANARY}"));
    let args = args(&url, &prompt);
    let mut started = machine.start(&[&args[..], &["--json"]].concat());
    // The worker waits at the gate once the supervisor has answered it.
    let answered = "Yes, [redacted:openai-api-key]";
    assert!(started.until(|event| serde_json::to_string(event).unwrap().contains(answered)));
    assert!(machine.runs()[0].journal().with_extension("db-wal").is_file());
    started.kill();
    assert!(leaks(&machine).is_empty(), "{:?}", leaks(&machine));
    gate.open();
}

#[test]
fn a_canary_is_found_in_every_form_and_a_folder_is_searched_for_it() {
    let machine = Machine::new();
    let found = files_with(&machine.path("person"));
    assert_eq!(found, [machine.path("person/.canary")]);
    let base64 = "dG9rZW46Y25yeS83S3grUTk9dloybVA0d0w4dA==";
    assert!(form_in(&format!("{CANARY} ")).is_some() && form_in(base64).is_some());
    assert_eq!(form_in("cnry/7Kx+Q9= vZ2mP4wL8t"), None);
}
