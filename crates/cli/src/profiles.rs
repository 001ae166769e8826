//! What workers can be: the built-in profiles, a person's own, and the repository's.
//!
//! A file `NAME.yaml` is the profile `NAME`; one of the repository replaces one of the person's,
//! which replaces a built-in one. A repository's may not use more tools than what it replaces, nor go without its review. Nothing is parsed before [`profiles`] is asked.

use crate::error::{CliError, Exit, Problem};
use crate::settings::{Links, Name, Node, Source, Value, parse, reason, shown, similar};
use equitr_core::spec::Profile;
use equitr_engine::Home;
use equitr_tools::Tool;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Profiles of one folder: the supervisor is told of each in every opening.
const PROFILES_MAX: usize = 100;

/// Characters of a role: the supervisor reads one line of each profile.
const ROLE_CHARS: usize = 200;

/// Bytes of a prompt: it is part of every request of its workers.
const PROMPT_BYTES: usize = 8_000;

/// Characters of a name, which becomes part of workers' and branches' names.
const NAME_CHARS: usize = 40;

/// What a profile's file can say.
const KEYS: [&str; 4] = ["role", "prompt", "tools", "review"];

const BUILT_IN: [(&str, &str); 8] = [
    ("infrastructure", include_str!("profiles/infrastructure.yaml")),
    ("backend", include_str!("profiles/backend.yaml")),
    ("frontend", include_str!("profiles/frontend.yaml")),
    ("database", include_str!("profiles/database.yaml")),
    ("qa", include_str!("profiles/qa.yaml")),
    ("docs", include_str!("profiles/docs.yaml")),
    ("devops", include_str!("profiles/devops.yaml")),
    ("general", include_str!("profiles/general.yaml")),
];

/// All profiles by name: built in, then the home's, then those of the repository at `repo`, which
/// need not exist.
///
/// # Errors
/// All that is wrong with any file, with [`Exit::Usage`].
pub fn profiles(home: &Home, repo: &Path) -> Result<BTreeMap<Arc<str>, Profile>, CliError> {
    let mut reader = Reader::default();
    for (name, text) in BUILT_IN {
        reader.take(name, &Source::new(format!("built-in profile {name}.yaml"), text));
    }
    reader.folder(&home.profiles(), Links::Followed);
    let ours = repo.join(".equitr");
    if is_own_folder(&ours) {
        let before = reader.profiles.clone();
        reader.folder(&ours.join("profiles"), Links::Refused);
        for (name, profile) in &before {
            if let Some(replaced) = reader.profiles.get_mut(name) {
                replaced.tools = narrowed(&profile.tools, &replaced.tools);
                replaced.review |= profile.review;
            }
        }
    }
    if reader.problems.is_empty() {
        return Ok(reader.profiles);
    }
    Err(CliError { problems: reader.problems, exit: Exit::Usage })
}

/// The tools of a profile that a repository replaced: none that it had not. An empty list is all.
fn narrowed(before: &[Arc<str>], after: &[Arc<str>]) -> Vec<Arc<str>> {
    let both: Vec<Arc<str>> =
        after.iter().filter(|tool| before.is_empty() || before.contains(tool)).cloned().collect();
    if both.is_empty() { before.to_vec() } else { both }
}

/// Whether a folder of a repository lies there itself and not behind a link.
fn is_own_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

#[derive(Default)]
struct Reader {
    profiles: BTreeMap<Arc<str>, Profile>,
    problems: Vec<Problem>,
}

impl Reader {
    fn folder(&mut self, folder: &Path, links: Links) {
        if links == Links::Refused && !is_own_folder(folder) {
            return;
        }
        let files = match yaml_files(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let folder = shown(&folder.display().to_string());
                return self.problem(format!("can't read {folder}: {}", reason(&error)));
            }
        };
        if files.len() > PROFILES_MAX {
            let folder = shown(&folder.display().to_string());
            return self.problem(format!(
                "{folder} has {} profiles; the limit is {PROFILES_MAX}",
                files.len()
            ));
        }
        let mut before: Option<String> = None;
        for (name, path) in files {
            if !is_name(&name) {
                let path = shown(&path.display().to_string());
                let problem = format!("profile name `{}` is not allowed ({path})", shown(&name));
                self.problem(problem);
                self.hint(format!(
                    "names are 1 to {NAME_CHARS} of a-z 0-9 - _ and start with a letter"
                ));
                continue;
            }
            if before.as_ref() == Some(&name) {
                let path = shown(&path.display().to_string());
                self.problem(format!("profile `{name}` is there as .yaml and as .yml ({path})"));
                continue;
            }
            match Source::read(&path, links) {
                Ok(Some(source)) => self.take(&name, &source),
                Ok(None) => {}
                Err(error) => self.problems.extend(error.problems),
            }
            before = Some(name);
        }
    }

    fn take(&mut self, name: &str, source: &Source) {
        let root = match parse(source) {
            Ok(root) => root,
            Err(problem) => return self.problems.push(problem),
        };
        let Value::Map(entries) = &root.value else {
            let hint = "a profile is `role: …`, `prompt: …` and, perhaps, `tools: […]`".to_owned();
            let what = format!("keys and values are expected, not {}", root.shown());
            return self.problems.push(source.problem(root.place, &what, Some(hint)));
        };
        let before = self.problems.len();
        self.check_names(source, entries);
        let role = self.text(source, &root, "role", |role| {
            role.chars().count() <= ROLE_CHARS && !role.contains('\n')
        });
        let prompt = self.text(source, &root, "prompt", |prompt| prompt.len() <= PROMPT_BYTES);
        let tools = self.tools(source, entries);
        let review = self.review(source, &root);
        if self.problems.len() == before {
            let profile = Profile { role: role.into(), prompt: prompt.into(), tools, review };
            self.profiles.insert(name.into(), profile);
        }
    }

    fn check_names(&mut self, source: &Source, entries: &[(Name, Node)]) {
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in entries {
            let text = name.text.as_str();
            if !KEYS.contains(&text) {
                let what = format!("unknown key `{}`", shown(text));
                let hint = match similar(text, KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("keys of a profile: {}", KEYS.join(", ")),
                };
                self.problems.push(source.problem(name.place, &what, Some(hint)));
            } else if let Some(line) = lines.get(text) {
                let what = format!("`{text}` is already set at line {line}");
                self.problems.push(source.problem(name.place, &what, None));
            } else {
                lines.insert(text, name.place.line);
            }
        }
    }

    /// The text behind `key`, which has to be there, to fit and not to be empty.
    fn text(
        &mut self,
        source: &Source,
        root: &Node,
        key: &str,
        fits: impl Fn(&str) -> bool,
    ) -> String {
        let wants = match key {
            "role" => format!("one line of at most {ROLE_CHARS} characters"),
            _ => format!("text of at most {PROMPT_BYTES} bytes"),
        };
        match entry(root, key).map(|node| (node, &node.value)) {
            Some((_, Value::Text(text))) if fits(text.trim()) && !text.trim().is_empty() => {
                return text.trim().to_owned();
            }
            Some((node, _)) => {
                let what = format!("`{key}` must be {wants}, got {}", node.shown());
                self.problems.push(source.problem(node.place, &what, None));
            }
            None => {
                let hint = format!("`{key}` is {wants}");
                let what = format!("the profile lacks `{key}`");
                self.problems.push(source.problem(root.place, &what, Some(hint)));
            }
        }
        String::new()
    }

    fn tools(&mut self, source: &Source, entries: &[(Name, Node)]) -> Vec<Arc<str>> {
        let Some((_, node)) = entries.iter().find(|(name, _)| name.text == "tools") else {
            return Vec::new();
        };
        let known = Tool::ALL.map(Tool::name);
        let Value::List(items) = &node.value else {
            let what = format!("`tools` must be a list of tools' names, got {}", node.shown());
            let hint = format!("tools: {}", known.join(", "));
            self.problems.push(source.problem(node.place, &what, Some(hint)));
            return Vec::new();
        };
        let mut tools: Vec<Arc<str>> = Vec::new();
        for item in items {
            let named = match &item.value {
                Value::Text(text) => Tool::named(text).map(Tool::name).ok_or(text.as_str()),
                _ => Err(""),
            };
            match named {
                Ok(name) if !tools.iter().any(|tool| &**tool == name) => tools.push(name.into()),
                Ok(_) => {}
                Err(text) => {
                    let hint = match similar(text, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("tools: {}", known.join(", ")),
                    };
                    let what = format!("there is no tool {}", item.shown());
                    self.problems.push(source.problem(item.place, &what, Some(hint)));
                }
            }
        }
        if items.is_empty() {
            let what = "`tools` is an empty list";
            let hint = "leave it out to allow all tools".to_owned();
            self.problems.push(source.problem(node.place, what, Some(hint)));
        }
        tools
    }

    fn review(&mut self, source: &Source, root: &Node) -> bool {
        match entry(root, "review").map(|node| (node, &node.value)) {
            None => false,
            Some((_, Value::Switch(on))) => *on,
            Some((node, _)) => {
                let what = format!("`review` must be true or false, got {}", node.shown());
                self.problems.push(source.problem(node.place, &what, None));
                false
            }
        }
    }

    fn problem(&mut self, message: String) {
        self.problems.push(Problem { message, detail: None, hint: None });
    }

    fn hint(&mut self, hint: String) {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint);
        }
    }
}

fn entry<'a>(root: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &root.value else { return None };
    entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
}

/// The files of a folder that hold profiles, by the profile's name, in order; hidden ones and what
/// is no YAML are left out.
fn yaml_files(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if let Some(name) = stem.filter(|name| is_yaml && !name.starts_with('.')) {
            files.push((name, path));
        }
    }
    files.sort();
    Ok(files)
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= NAME_CHARS
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests;
