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

/// Rust files that don't begin by saying what they are for.
pub fn without_head(files: &[TextFile]) -> Vec<String> {
    let without = rust(files).filter(|file| !file.text.starts_with("//!"));
    without.map(|file| format!("{} does not begin with `//!`", file.path)).collect()
}

/// Rust files that are too long.
pub fn too_long(files: &[TextFile]) -> Vec<String> {
    let counted = rust(files).map(|file| (&file.path, lines(&file.path, &file.text)));
    counted
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{path} has {lines} lines of code; the limit is {LINES_MAX}"))
        .collect()
}

/// Lines of Rust files in which work was left behind.
pub fn left_behind(files: &[TextFile]) -> Vec<String> {
    holding(rust(files), &LEFT_BEHIND)
}

/// Lines of any file that name a place of one machine only.
pub fn machine_names(files: &[TextFile]) -> Vec<String> {
    holding(files.iter(), &ELSEWHERE)
}

fn rust(files: &[TextFile]) -> impl Iterator<Item = &TextFile> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

fn holding<'a>(files: impl Iterator<Item = &'a TextFile>, words: &[&str]) -> Vec<String> {
    let lines = files.flat_map(|file| {
        (1_usize..).zip(file.text.lines()).map(|(n, line)| (file.path.as_str(), n, line))
    });
    lines
        .filter_map(|(path, n, line)| {
            let word = words.iter().find(|word| line.contains(**word))?;
            Some(format!("{path}:{n} holds `{word}`"))
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

    fn file(path: &str, text: &str) -> [TextFile; 1] {
        [TextFile { path: path.to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn a_file_without_a_head_is_told() {
        let told = |path, text| without_head(&file(path, text));
        assert_eq!(told("a.rs", "use std::fs;\n"), ["a.rs does not begin with `//!`"]);
        assert!(told("a.rs", "//! A thing.\n").is_empty());
        assert!(told("a.md", "# A thing\n").is_empty());
    }

    #[test]
    fn a_long_file_is_told_and_its_comments_and_tests_are_not_counted() {
        let told = |path, text: String| too_long(&file(path, &text));
        let code = |n| format!("//! Long.\n{}", "let a = 1;\n".repeat(n));
        assert!(told("src/a.rs", code(450)).is_empty());
        assert_eq!(
            told("src/a.rs", code(451)),
            ["src/a.rs has 451 lines of code; the limit is 450"]
        );
        assert!(told("crates/a/tests/a.rs", code(451)).is_empty());
        assert!(told("src/a.rs", format!("{}#[cfg(test)]\n{}", code(450), code(9))).is_empty());
        assert!(told("src/a.rs", format!("{}/// More.\n", code(450))).is_empty());
    }

    #[test]
    fn work_left_behind_is_told_with_its_line() {
        for word in LEFT_BEHIND {
            let text = format!("//! A thing.\n    {word}(later)]\n");
            assert_eq!(left_behind(&file("a.rs", &text)), [format!("a.rs:2 holds `{word}`")]);
            assert!(left_behind(&file("a.md", &text)).is_empty());
        }
    }

    #[test]
    fn a_place_of_one_machine_is_told_in_any_file() {
        let text = format!("see\nsee {}notes.md\n", ELSEWHERE[2]);
        let told = machine_names(&file("a.md", &text));
        assert_eq!(told, [format!("a.md:2 holds `{}`", ELSEWHERE[2])]);
    }
}
