//! The environment that commands see: nothing of ours but what is on a list.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Where programs are when the parent has no `PATH`.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// What a command finds the same everywhere: no colours, no questions, no locks of git's.
const FIXED: [(&str, &str); 4] =
    [("LANG", "C.UTF-8"), ("TERM", "dumb"), ("CI", "1"), ("GIT_OPTIONAL_LOCKS", "0")];

/// Where toolchains live, and the folder of the parent's home that each uses when it is not set:
/// with a private `HOME` they would not find themselves.
const TOOLCHAINS: [(&str, Option<&str>); 21] = [
    ("CARGO_HOME", Some(".cargo")),
    ("RUSTUP_HOME", Some(".rustup")),
    ("RUSTUP_TOOLCHAIN", None),
    ("GOPATH", Some("go")),
    ("GOROOT", None),
    ("GOMODCACHE", None),
    ("PYENV_ROOT", Some(".pyenv")),
    ("PYENV_VERSION", None),
    ("CONDA_PREFIX", None),
    ("VIRTUAL_ENV", None),
    ("NVM_DIR", Some(".nvm")),
    ("NVM_BIN", None),
    ("VOLTA_HOME", Some(".volta")),
    ("PNPM_HOME", None),
    ("DENO_DIR", None),
    ("JAVA_HOME", None),
    ("SDKMAN_DIR", Some(".sdkman")),
    ("GRADLE_USER_HOME", None),
    ("RBENV_ROOT", Some(".rbenv")),
    ("DOTNET_ROOT", None),
    ("SWIFT_HOME", None),
];

/// The variables that a command gets, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Of the parent's variables, `PATH` (its absolute folders) and where toolchains live; besides
    /// these the fixed ones, and `home` and `temp` as `HOME` and `TMPDIR`.
    ///
    /// `home` and `temp` are folders that exist, meant for this agent alone. The parent's variables
    /// are an argument, usually `std::env::vars_os()`. A toolchain that is not named by a variable
    /// is looked for in its usual folder below the parent's `HOME`.
    pub fn new(
        parent: impl IntoIterator<Item = (OsString, OsString)>,
        home: &Path,
        temp: &Path,
    ) -> Self {
        let parent: BTreeMap<OsString, OsString> = parent.into_iter().collect();
        let get = |name: &str| parent.get(OsStr::new(name)).filter(|value| !value.is_empty());
        let parents_home = get("HOME").map(PathBuf::from);
        let mut vars = BTreeMap::new();
        for (name, below_home) in TOOLCHAINS {
            let usual = || {
                let folder = parents_home.as_ref()?.join(below_home?);
                folder.is_dir().then(|| folder.into_os_string())
            };
            if let Some(value) = get(name).cloned().or_else(usual) {
                vars.insert(name.into(), value);
            }
        }
        for (name, value) in FIXED {
            vars.insert(name.into(), value.into());
        }
        vars.insert("PATH".into(), get("PATH").map_or(PATH_DEFAULT.into(), |p| absolute(p)));
        vars.insert("HOME".into(), home.into());
        vars.insert("TMPDIR".into(), temp.into());
        Self { vars }
    }

    /// With one more variable, or another value of one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// All variables, by name.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// The folders of a `PATH` that don't depend on where a command runs: a worktree must not bring its
/// own `git`.
fn absolute(path: &OsStr) -> OsString {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    std::env::join_paths(folders)
        .ok()
        .filter(|joined| !joined.is_empty())
        .unwrap_or_else(|| PATH_DEFAULT.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parent: &[(&str, &str)]) -> Environment {
        let parent = parent.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Environment::new(parent, Path::new("/home/agent"), Path::new("/temp/agent"))
    }

    fn value(environment: &Environment, name: &str) -> Option<String> {
        let found = environment.vars().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    }

    #[test]
    fn only_listed_variables_of_the_parent_come_through() {
        let parent = [
            ("ANTHROPIC_API_KEY", "canary"),
            ("OPENAI_API_KEY", "canary"),
            ("AWS_SECRET_ACCESS_KEY", "canary"),
            ("SSH_AUTH_SOCK", "canary"),
            ("LD_PRELOAD", "canary"),
            ("HTTPS_PROXY", "http://user:canary@proxy"),
            ("TERM", "xterm-canary"),
            ("JAVA_HOME", "/opt/java"),
            ("PATH", "/usr/bin:/bin"),
        ];
        let environment = of(&parent);
        assert!(!format!("{environment:?}").contains("canary"), "{environment:?}");
        assert_eq!(value(&environment, "JAVA_HOME").as_deref(), Some("/opt/java"));
        assert_eq!(value(&environment, "PATH").as_deref(), Some("/usr/bin:/bin"));
        assert_eq!(value(&environment, "HOME").as_deref(), Some("/home/agent"));
        assert_eq!(value(&environment, "TMPDIR").as_deref(), Some("/temp/agent"));
        assert_eq!(value(&environment, "TERM").as_deref(), Some("dumb"));
    }

    #[test]
    fn a_path_keeps_its_absolute_folders_and_is_never_empty() {
        assert_eq!(value(&of(&[("PATH", ".:/bin::bin")]), "PATH").as_deref(), Some("/bin"));
        for parent in [&[("PATH", ".")][..], &[("PATH", "")], &[]] {
            assert_eq!(value(&of(parent), "PATH").as_deref(), Some(PATH_DEFAULT));
        }
    }

    #[test]
    fn a_toolchain_is_found_below_the_parents_home() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".rustup")).unwrap();
        let environment = of(&[("HOME", home.path().to_str().unwrap())]);
        let found = value(&environment, "RUSTUP_HOME").map(PathBuf::from);
        assert_eq!(found, Some(home.path().join(".rustup")));
        assert_eq!(value(&environment, "CARGO_HOME"), None, "there is no such folder");
    }
}
