//! Documents that lead somewhere: links and paths in Markdown that exist.

use crate::repository::TextFile;
use std::path::Path;

/// Folders whose paths are checked wherever they stand between backticks.
const FOLDERS: [&str; 3] = ["crates/", "examples/", ".ci/"];

/// Links and paths in the Markdown files at the top of the repository that lead nowhere.
pub fn problems(files: &[TextFile], exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let documents = files.iter().filter(|f| f.path.ends_with(".md") && !f.path.contains('/'));
    for TextFile { path, text } in documents {
        let links = between(text, "](", ')')
            .filter(|link| !link.contains("://") && !link.starts_with('#'))
            .map(|link| link.split('#').next().unwrap_or_default());
        let paths = between(text, "`", '`').filter(|words| {
            FOLDERS.iter().any(|folder| words.starts_with(folder))
                && !words.contains([' ', '*', '<'])
        });
        for target in links.chain(paths) {
            if !exists(Path::new(target)) {
                problems.push(format!("{path} leads to `{target}`, which does not exist"));
            }
        }
    }
    problems
}

/// What stands between `open` and the next `close`, on one line, wherever `open` occurs.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.lines().flat_map(move |line| {
        line.match_indices(open).filter_map(move |(at, _)| {
            let rest = &line[at + open.len()..];
            rest.find(close).map(|end| &rest[..end])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_a_path_that_lead_nowhere_are_told() {
        let text = "See [it](GONE.md#part), [that](HERE.md), [web](https://a.b/c), `crates/gone/x.rs`,\n\
                    `cargo test -p crates/x y` and `crates/*`.";
        let files = [TextFile { path: "A.md".to_owned(), text: text.to_owned() }];
        assert_eq!(
            problems(&files, |path| path == Path::new("HERE.md")),
            [
                "A.md leads to `GONE.md`, which does not exist",
                "A.md leads to `crates/gone/x.rs`, which does not exist"
            ]
        );
    }
}
