//! What every source file keeps to, and words that stand in no file.

use crate::repository::TextFile;

/// Lines of a file that are neither comments nor tests: past 400 there is a second noun to look for.
const LINES_MAX: usize = 450;

/// What is left behind by somebody who wanted to come back; put together here, so that this file
/// does not hold them itself.
const LEFT_BEHIND: [&str; 4] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
    concat!("#[", "ignore"),
];

/// Places that exist on one machine only.
const ELSEWHERE: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!(".lib", "rary"),
    concat!("../sha", "red"),
    concat!("/tmp/", "target-"),
];

/// What is wrong with Rust files: no `//!` at the head, too long, work left behind.
pub fn problems(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for TextFile { path, text } in files.iter().filter(|file| file.path.ends_with(".rs")) {
        if !text.starts_with("//!") {
            problems.push(format!("{path} does not begin with `//!`"));
        }
        let lines = lines(path, text);
        if lines > LINES_MAX {
            problems.push(format!("{path} has {lines} lines of code; the limit is {LINES_MAX}"));
        }
        for (n, line) in (1..).zip(text.lines()) {
            let found = LEFT_BEHIND.iter().find(|word| line.contains(**word));
            problems.extend(found.map(|word| format!("{path}:{n} holds `{word}`")));
        }
    }
    problems
}

/// Lines that name a place of one machine only.
pub fn machine_names(files: &[TextFile]) -> Vec<String> {
    let lines = files.iter().flat_map(|file| {
        (1..).zip(file.text.lines()).map(move |(n, line)| (file.path.as_str(), n, line))
    });
    lines
        .filter_map(|(path, n, line): (_, u32, _)| {
            let word = ELSEWHERE.iter().find(|word| line.contains(**word))?;
            Some(format!("{path}:{n} names `{word}`"))
        })
        .collect()
}

/// Lines up to the tests that are no comments; none in a file that is nothing but tests.
fn lines(path: &str, text: &str) -> usize {
    if path.contains("/tests/") || path.ends_with("/tests.rs") {
        return 0;
    }
    let code = text.lines().map(str::trim_start).take_while(|line| *line != "#[cfg(test)]");
    code.filter(|line| !line.starts_with("//")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        problems(&[TextFile { path: path.to_owned(), text: text.to_owned() }])
    }

    #[test]
    fn a_file_without_a_head_is_told() {
        assert_eq!(told("a.rs", "use std::fs;\n"), ["a.rs does not begin with `//!`"]);
        assert!(told("a.rs", "//! A thing.\n").is_empty());
        assert!(told("a.md", "# A thing\n").is_empty());
    }

    #[test]
    fn a_long_file_is_told_and_its_comments_and_tests_are_not_counted() {
        let code = |n| format!("//! Long.\n{}", "let a = 1;\n".repeat(n));
        assert!(told("src/a.rs", &code(450)).is_empty());
        assert_eq!(told("src/a.rs", &code(451)).len(), 1);
        assert!(told("crates/a/tests/a.rs", &code(451)).is_empty());
        assert!(told("src/a.rs", &format!("{}#[cfg(test)]\n{}", code(450), code(9))).is_empty());
        assert!(told("src/a.rs", &format!("{}/// More.\n", code(450))).is_empty());
    }

    #[test]
    fn work_left_behind_is_told_with_its_line() {
        for word in LEFT_BEHIND {
            let text = format!("//! A thing.\n    {word}(later)]\n");
            assert_eq!(told("a.rs", &text), [format!("a.rs:2 holds `{word}`")]);
        }
    }

    #[test]
    fn a_place_of_one_machine_is_told_in_any_file() {
        let text = format!("see\nsee {}notes.md\n", ELSEWHERE[2]);
        let files = [TextFile { path: "a.md".to_owned(), text }];
        assert_eq!(machine_names(&files), [format!("a.md:2 names `{}`", ELSEWHERE[2])]);
    }
}
