//! The transcript in the README is what the demo prints.

use crate::UNDISTURBED;
use std::path::Path;

/// Where something is left out.
const LEFT_OUT: &str = "[…]";

fn demo() -> Vec<String> {
    UNDISTURBED.1.lines().map(masked).collect()
}

fn transcript() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("<!-- transcript -->\n```text\n").expect("a transcript");
    let (block, _) = rest.split_once("\n```").unwrap();
    block.lines().map(masked).collect()
}

/// Without colours, and without what differs from run to run.
fn masked(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, code)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = code.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    match plain.find(" moved to ") {
        Some(at) => plain.truncate(at),
        None if plain.starts_with("Cost:") => plain = "Cost:".to_owned(),
        None => {}
    }
    plain
}

/// The lines before the workers start, while they work, and after.
fn parts(lines: &[String]) -> [&[String]; 3] {
    let at = |word: &str| lines.iter().position(|l| l.contains(word)).unwrap();
    let (begin, end) = (at("Spawning worker agents"), at("execution completed!"));
    [&lines[..begin], &lines[begin..end], &lines[end..]]
}

#[test]
fn the_readmes_transcript_is_what_the_demo_prints() {
    let (shown, printed) = (transcript(), demo());
    let ([before, during, after], [demo_before, demo_during, demo_after]) =
        (parts(&shown), parts(&printed));
    for (shown, printed) in [(before, demo_before), (after, demo_after)] {
        let mut rest = printed.iter();
        for line in shown.iter().filter(|line| *line != LEFT_OUT && !line.is_empty()) {
            assert!(rest.any(|other| other == line), "the demo does not print `{line}` there");
        }
    }
    // Workers are at work at the same time: the order of their lines is not always the same.
    for line in during.iter().filter(|line| *line != LEFT_OUT) {
        assert!(demo_during.contains(line), "the demo does not print `{line}`");
    }
}
