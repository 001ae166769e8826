//! What a run may do without asking: what commands run in, what they reach, which paths need a
//! person's word.

use crate::dialogue::cut;
use crate::glob;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Paths that need a person at delivery, unless a run says otherwise.
///
/// They are files that something runs or obeys without anybody asking for it: the machines of a
/// forge, git, an editor or a shell that opens the folder, an agent. What a person runs knowingly
/// (`Makefile`, `conftest.py`, `setup.py`, `package.json`) is not among them: nearly every project
/// writes such files, and a question that always comes is answered without being read.
pub const PROTECTED: [&str; 36] = [
    // Run by a forge, often with its secrets.
    ".github/**",
    ".gitlab-ci*",
    ".gitlab/**",
    ".gitea/**",
    ".forgejo/**",
    ".circleci/**",
    ".buildkite/**",
    ".woodpecker*",
    ".drone.yml",
    ".travis.yml",
    "Jenkinsfile*",
    "azure-pipelines*",
    "bitbucket-pipelines.yml",
    "appveyor.yml",
    ".appveyor.yml",
    // Who has to look at a change.
    "CODEOWNERS",
    // Obeyed by git: filters, drivers, other repositories, hooks.
    ".gitattributes",
    ".gitmodules",
    ".githooks/**",
    ".husky/**",
    ".pre-commit-config.y*ml",
    "lefthook.y*ml",
    // Run when an editor or a shell opens the folder, or by any call of cargo.
    ".vscode/**",
    ".idea/**",
    ".devcontainer/**",
    "*.code-workspace",
    ".envrc",
    ".cargo/config*",
    "build.rs",
    // Obeyed by agents: ours and others'.
    ".equitr/**",
    "AGENTS.md",
    "CLAUDE.md",
    ".claude/**",
    ".cursor/**",
    ".codex/**",
    ".mcp.json",
];

/// Protected paths that are named; of a flood, the number says enough.
pub const PATHS_NAMED: usize = 20;
/// Bytes of a path that are told: git itself takes up to 4,096.
const PATH_BYTES: usize = 200;

/// What a run may do without asking; chosen before it begins and part of its first record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What commands run in.
    pub sandbox: Sandbox,
    /// What commands reach of the network. Without a sandbox nothing is kept from them.
    pub network: Network,
    /// Patterns of paths that need a person's word before they come to the person's branch.
    pub protected: Vec<Arc<str>>,
    /// Whether that word was given in advance.
    pub protected_accepted: Acceptance,
    /// Globs of files that look like secrets and that agents may read all the same.
    #[serde(default)]
    pub secret_files_allowed: Vec<Arc<str>>,
    /// What a task's folders may hold before its command is killed, in bytes.
    #[serde(default = "disk_bytes")]
    pub disk_bytes: u64,
    /// What the processes of a command may hold in memory before it is killed, in bytes.
    #[serde(default = "memory_bytes")]
    pub memory_bytes: u64,
    /// Processes and threads that a command may have at once before it is killed.
    #[serde(default = "processes")]
    pub processes: u32,
}

/// 2 GiB: more than a build of most projects leaves, and little enough for many tasks on a disk.
fn disk_bytes() -> u64 {
    2 << 30
}

/// 4 GiB: a large program's linker or a browser's tests stay below, and a usual machine of 16 GiB
/// lives through one command that goes wild.
fn memory_bytes() -> u64 {
    4 << 30
}

/// 512: a parallel build of 16 jobs stays below 200, a fork bomb does not.
fn processes() -> u32 {
    512
}

/// What commands of workers and checks run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// Bubblewrap with our seccomp filter: namespaces and a file system of their own.
    Bubblewrap,
    /// Landlock with our seccomp filter: weaker, as it hides less and has no namespaces.
    Landlock,
    /// Nothing: they can do what the person can. Only ever chosen by a person.
    Off,
}

/// What commands in a sandbox reach of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing.
    None,
    /// These hosts, by a proxy.
    Hosts(Vec<Arc<str>>),
}

/// Whether changes to protected paths were accepted in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// No: a person is asked.
    Asked,
    /// Yes, all of them.
    Given,
}

impl Policy {
    /// No network, the usual protected paths, nothing accepted in advance, no secret files, 2 GiB
    /// of disk, 4 GiB of memory, 512 processes.
    pub fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            network: Network::None,
            protected: PROTECTED.map(Arc::from).into(),
            protected_accepted: Acceptance::Asked,
            secret_files_allowed: Vec::new(),
            disk_bytes: disk_bytes(),
            memory_bytes: memory_bytes(),
            processes: processes(),
        }
    }

    /// What held for runs that say nothing of a policy: they are older than sandboxes.
    pub(crate) fn before_sandboxes() -> Self {
        Self::new(Sandbox::Off)
    }
}

/// Protected paths that a result changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Touched {
    /// The first of them, at most [`PATHS_NAMED`], each cut to 200 bytes and without control
    /// characters.
    pub paths: Vec<Arc<str>>,
    /// How many there are.
    pub total: u64,
}

impl Touched {
    /// Of `paths`, those that one of the patterns covers; in their order.
    ///
    /// Cost: each path with each pattern.
    pub fn of<'a>(patterns: &[Arc<str>], paths: impl IntoIterator<Item = &'a str>) -> Self {
        let patterns: Vec<Vec<String>> = patterns.iter().map(|pattern| parts(pattern)).collect();
        let mut touched = Self::default();
        for path in paths {
            let names = names(path);
            if !patterns.iter().any(|pattern| covers_names(pattern, &names)) {
                continue;
            }
            touched.total += 1;
            if touched.paths.len() < PATHS_NAMED {
                // A name may hold a line end; told, it would pass for two.
                let told = cut(path, PATH_BYTES).replace(char::is_control, "\u{fffd}");
                touched.paths.push(told.into());
            }
        }
        touched
    }

    /// The paths in words: `.github/workflows/ci.yml, build.rs and 3 more`.
    pub fn words(&self) -> String {
        let named = self.paths.join(", ");
        match self.unnamed() {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }

    /// How many there are beside those that are named.
    pub fn unnamed(&self) -> u64 {
        self.total.saturating_sub(self.paths.len() as u64)
    }
}

/// Whether a pattern covers a path (with `/` between names, from the project's root).
///
/// `*` stands for any characters of one name, `**` for any number of names. A pattern covers what
/// it matches and all beneath it, at any depth unless it begins with `/`, whatever the case of
/// letters: file systems there are for which `.GitHub` is `.github`.
pub fn covers(pattern: &str, path: &str) -> bool {
    covers_names(&parts(pattern), &names(path))
}

fn names(path: &str) -> Vec<String> {
    path.to_lowercase().split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A pattern's parts as those of a glob in which only stars are special; none for a pattern that
/// says nothing.
fn parts(pattern: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        names(pattern).iter().map(|name| glob::escape(name).replace("\\*", "*")).collect();
    if parts.is_empty() {
        return parts;
    }
    if !pattern.starts_with('/') {
        parts.insert(0, "**".to_owned());
    }
    parts.push("**".to_owned());
    parts
}

fn covers_names(pattern: &[String], names: &[String]) -> bool {
    !pattern.is_empty() && glob::covers_names(pattern, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(paths: &[&str]) -> Touched {
        Touched::of(&Policy::new(Sandbox::Off).protected, paths.iter().copied())
    }

    #[test]
    fn what_runs_without_being_asked_for_is_protected_at_any_depth_and_in_any_case() {
        for path in [
            ".github/workflows/ci.yml",
            "sub/.github/workflows/ci.yml",
            ".GitHub/Workflows/CI.yml",
            ".gitlab-ci.yml",
            ".GITATTRIBUTES",
            "vendor/x/.gitmodules",
            ".husky/pre-commit",
            ".husky/_/husky.sh",
            "web/.vscode/tasks.json",
            ".envrc",
            ".mcp.json",
            ".cargo/config.toml",
            "crates/a/.cargo/config",
            "docs/CODEOWNERS",
            ".equitr/config.yaml",
            "crates/a/build.rs",
            "agents.md",
        ] {
            assert_eq!(usual(&[path]).total, 1, "{path}");
        }
    }

    #[test]
    fn a_folder_that_becomes_a_link_is_protected_like_what_was_in_it() {
        assert_eq!(usual(&[".github", ".vscode", "a/.husky"]).total, 3);
    }

    #[test]
    fn an_ordinary_project_is_not_asked_about() {
        let ordinary = [
            "src/main.rs",
            "src/build.rs.md",
            "src/rebuild.rs",
            "Makefile",
            "setup.py",
            "tests/conftest.py",
            "package.json",
            "pyproject.toml",
            ".gitignore",
            ".github.md",
            "docs/github/workflows.md",
            "cargo/config.toml",
            "src/codeowners.py",
            "README.md",
        ];
        assert_eq!(usual(&ordinary), Touched::default());
    }

    #[test]
    fn stars_stand_for_characters_of_a_name_or_for_names() {
        for (pattern, path, covered) in [
            ("*.tf", "infra/main.tf", true),
            ("*.tf", "main.tfvars", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("a[b]?.tf", "x/a[b]?.tf", true),
            ("a[b]?.tf", "abc.tf", false),
            ("{a,b}.tf", "a.tf", false),
            ("deploy/**/prod", "x/deploy/eu/1/prod", true),
            ("deploy/**/prod", "deploy/prod", true),
            ("deploy/*/prod", "deploy/prod", false),
            ("deploy", "deploy/a/b", true),
            ("deploy/", "deploy/a/b", true),
            ("/deploy", "deploy/a", true),
            ("/deploy", "x/deploy/a", false),
            ("*", "anything/at/all", true),
            ("", "a", false),
            ("/", "a", false),
            ("É*", "été", true),
        ] {
            assert_eq!(covers(pattern, path), covered, "{pattern} {path}");
        }
    }

    #[test]
    fn a_path_with_a_line_end_is_told_as_one() {
        assert_eq!(usual(&[".github/a\nb"]).words(), ".github/a\u{fffd}b");
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = format!("{}x", "**/*a*a*a*a*a*a/".repeat(40));
        let path = format!("{}/y", vec!["a".repeat(60); 60].join("/"));
        assert!(!covers(&pattern, &path));
    }

    #[test]
    fn of_many_paths_some_are_named_and_all_are_counted() {
        let paths: Vec<String> = (0..100).map(|n| format!(".github/{n}")).collect();
        let touched = usual(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((touched.paths.len(), touched.total), (PATHS_NAMED, 100));
        assert!(touched.words().ends_with(".github/19 and 80 more"), "{}", touched.words());
        let long = format!(".github/{}", "x".repeat(5_000));
        assert_eq!(usual(&[&long]).paths[0].len(), PATH_BYTES);
    }
}
