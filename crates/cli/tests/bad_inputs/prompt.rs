//! What is wrong with a prompt or its answers.

use super::support::Machine;
use super::{model, told};
use std::fs;
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_prompt_that_says_nothing_or_too_much_is_refused() {
    let machine = Machine::new();
    let model = model(&machine);
    let file = |name: &str, bytes: &[u8]| fs::write(machine.path(name), bytes).unwrap();
    file("blank", b" \n\t\n");
    file("nul", b"a\0b");
    file("large", &b"a lot of words\n".repeat(100_000));
    file("latin", b"caf\xe9");
    let of = |name: &'static str| ["--yes", "--model", &model, "--prompt-file", name];
    let lines = ["blank", "nul", "large", "latin", "nowhere", "person"].map(of);
    let mut lines: Vec<&[&str]> = lines.iter().map(|line| &line[..]).collect();
    let empty = ["--yes", "--model", &model, "--prompt", ""];
    let unread = ["--model", &model];
    let unasked = ["--model", &model, "--prompt", "x"];
    let answers = ["--model", &model, "--prompt", "x", "--yes", "--answers", "nowhere"];
    lines.extend([&empty[..], &unread[..], &unasked[..], &answers[..]]);
    let files = told(&machine, &lines);

    let mut child = machine
        .program(&["--yes", "--model", &model, "--prompt", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"caf\xe9 au lait").unwrap();
    let output = child.wait_with_output().unwrap();
    let piped = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap();
    insta::assert_snapshot!(format!("{files}\n\n{piped}exit {code}"), @r#"
    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file blank
    error: the prompt is empty
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file nul
    error: the prompt holds a NUL byte
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file large
    error: large is larger than 1 MB
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file latin
    error: latin is not UTF-8 text (at byte 3)
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file nowhere
    error: can't read nowhere: No such file or directory
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt-file person
    error: person is not a regular file
    exit 2

    $ equitrcoder --yes --model script:[folder]/script.yaml --prompt ""
    error: the prompt is empty
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml
    error: planning needs a terminal
    hint: say what to build with --prompt TEXT or --prompt-file FILE, and --yes
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml --prompt x
    error: the documents need a terminal to be approved at
    hint: approve them in advance with --yes
    exit 2

    $ equitrcoder --model script:[folder]/script.yaml --prompt x --yes --answers nowhere
    error: can't read nowhere: No such file or directory
    exit 2

    error: standard input is not UTF-8 text (at byte 3)
    exit 2
    "#);
}
