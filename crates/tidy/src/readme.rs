//! What the README has to name, read from the sources that define it, and what it must not invent.

use std::collections::BTreeSet;

/// What the command line takes, read from `args.rs`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Such as `--repo`; clap's own `--help` and `--version` are among them.
    pub flags: BTreeSet<String>,
    /// Such as `resume`.
    pub commands: BTreeSet<String>,
}

impl CommandLine {
    /// The flags and subcommands that the source text of the arguments declares.
    pub fn read(source: &str) -> Self {
        let mut read = Self::default();
        read.flags.extend(["--help".to_owned(), "--version".to_owned()]);
        let mut attribute = String::new();
        let mut in_commands = false;
        for line in source.lines().map(str::trim) {
            if line.starts_with("pub enum ") {
                in_commands = line.starts_with("pub enum Command ");
            } else if in_commands && line == "}" {
                // The braces of a variant's fields stand deeper and end with a comma.
                in_commands = false;
            }
            if line.starts_with("#[arg(") || (!attribute.is_empty() && !attribute.ends_with(")]")) {
                attribute.push_str(line);
                continue;
            }
            if let Some(field) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(':')) {
                read.flags.extend(flag(&attribute, field.0));
            }
            if in_commands && line.starts_with(|c: char| c.is_ascii_uppercase()) {
                let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len());
                read.commands.insert(kebab(&line[..end]));
            }
            if !line.starts_with("//") {
                attribute.clear();
            }
        }
        read
    }

    /// What the lines of a text's code blocks that start the program say which it does not know.
    pub fn unknown_in(&self, markdown: &str) -> Vec<String> {
        let mut problems = Vec::new();
        for line in command_lines(markdown) {
            let mut words = line.split_whitespace().skip(1).peekable();
            if let Some(first) = words.peek()
                && first.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                && !first.starts_with('-')
                && !self.commands.contains(*first)
            {
                problems.push(format!("`{line}` uses no command that exists"));
            }
            for word in words.filter(|word| word.starts_with("--")) {
                let flag = word.split('=').next().unwrap_or_default();
                if !self.flags.contains(flag) {
                    problems.push(format!("`{line}` uses `{flag}`, which does not exist"));
                }
            }
        }
        problems
    }
}

/// The flag that an `#[arg(…)]` with `long` gives to a field.
fn flag(attribute: &str, field: &str) -> Option<String> {
    let (_, rest) = attribute.split_once("long")?;
    let name = match rest.trim_start().strip_prefix('=') {
        Some(named) => named.split('"').nth(1)?.to_owned(),
        None => field.trim().replace('_', "-"),
    };
    Some(format!("--{name}"))
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

/// The lines of code blocks that start `equitrcoder`, by itself or with cargo.
fn command_lines(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_block = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let line = line.trim().trim_start_matches("$ ");
            let line = line.split(" # ").next().unwrap_or_default();
            for part in line.split(" | ").flat_map(|part| part.split(" && ")) {
                let part = part.trim();
                if let Some(rest) = part.strip_prefix("cargo run --release -- ") {
                    lines.push(format!("equitrcoder {rest}"));
                } else if part == "equitrcoder" || part.starts_with("equitrcoder ") {
                    lines.push(part.to_owned());
                }
            }
        }
    }
    lines
}

/// Those of `names` that `text` does not hold as whole words.
pub fn missing<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().filter(|name| !holds(text, name)).map(str::to_owned).collect()
}

fn holds(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

/// Every name of the form `EQUITR_…` in a text.
pub fn variables(text: &str) -> BTreeSet<String> {
    let prefix = concat!("EQUITR", "_");
    text.match_indices(prefix)
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|name| name.len() > prefix.len())
        .collect()
}

/// The string literals behind each occurrence of `before`, white space between left out.
pub fn literals_behind(source: &str, before: &str) -> Vec<String> {
    source
        .match_indices(before)
        .filter_map(|(at, _)| {
            let rest = source[at + before.len()..].trim_start().strip_prefix('"')?;
            rest.split('"').next().map(str::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGS: &str = "\
pub enum Command {
    /// Plan
    Plan(StartArgs),
    /// Two words
    TwoWords { shell: Shell },
}
pub struct StartArgs {
    /// The repository
    #[arg(long, value_name = \"DIR\")]
    pub repo: PathBuf,
    #[arg(
        long = \"check\",
        value_name = \"COMMAND\"
    )]
    pub checks: Vec<String>,
    /// Not a flag
    pub run: Option<String>,
    #[arg(long, short)]
    pub max_workers: bool,
}
pub enum When {
    Auto,
}
";

    #[test]
    fn flags_and_commands_are_read_from_the_source() {
        let read = CommandLine::read(ARGS);
        assert_eq!(
            read.flags.iter().map(String::as_str).collect::<Vec<_>>(),
            ["--check", "--help", "--max-workers", "--repo", "--version"]
        );
        assert_eq!(
            read.commands.iter().map(String::as_str).collect::<Vec<_>>(),
            ["plan", "two-words"]
        );
    }

    #[test]
    fn a_command_line_that_the_program_would_refuse_is_told() {
        let read = CommandLine::read(ARGS);
        let good = "```sh\nequitrcoder plan --repo ./shop   # later\n$ equitrcoder --repo=x\n```\n\
                    equitrcoder paln";
        assert!(read.unknown_in(good).is_empty(), "{:?}", read.unknown_in(good));
        let bad = "```\nequitrcoder paln\ncargo run --release -- plan --rpo x | jq .\n```\n";
        assert_eq!(
            read.unknown_in(bad),
            [
                "`equitrcoder paln` uses no command that exists",
                "`equitrcoder plan --rpo x` uses `--rpo`, which does not exist"
            ]
        );
    }

    #[test]
    fn a_name_counts_only_as_a_whole_word() {
        assert_eq!(missing("`--repository` llm.model", ["--repo", "llm.model"]), ["--repo"]);
    }

    #[test]
    fn variables_and_literals_are_found() {
        let name = concat!("EQUITR", "_HOME");
        assert_eq!(variables(&format!("a {name}=x")).into_iter().collect::<Vec<_>>(), [name]);
        assert_eq!(
            literals_behind("cloud(\n  \"openai\", x) local(\"vllm\")", "cloud("),
            ["openai"]
        );
    }
}
