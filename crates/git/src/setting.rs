//! What a person's repository is configured to do, and which of it could run a program.

use crate::command::{Call, items, lossy};
use std::collections::BTreeSet;

/// One line of a repository's configuration, wherever that is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Section and last part in lower case, as git gives them: `filter.LFS.clean`.
    pub key: String,
    pub value: String,
}

/// Keys that name a program git would run, or another file of configuration.
const EXECUTABLE: [&str; 13] = [
    "core.fsmonitor",
    "core.hookspath",
    "core.sshcommand",
    "core.editor",
    "core.pager",
    "core.askpass",
    "core.gitproxy",
    "core.alternaterefscommand",
    "sequence.editor",
    "interactive.difffilter",
    "diff.external",
    "attr.tree",
    "include.path",
];

/// The same, in sections with a name in their middle: how a key begins and how it ends.
const EXECUTABLE_NAMED: [(&str, &str); 20] = [
    ("filter.", ".clean"),
    ("filter.", ".smudge"),
    ("filter.", ".process"),
    ("diff.", ".command"),
    ("diff.", ".textconv"),
    ("merge.", ".driver"),
    ("difftool.", ".cmd"),
    ("mergetool.", ".cmd"),
    ("trailer.", ".command"),
    ("trailer.", ".cmd"),
    ("gpg.", "program"),
    ("credential.", "helper"),
    ("pager.", ""),
    ("includeif.", ".path"),
    ("remote.", ".uploadpack"),
    ("remote.", ".receivepack"),
    ("tar.", ".command"),
    ("hook.", ".command"),
    ("protocol.", ".allow"),
    ("url.", "insteadof"),
];

impl Setting {
    fn is_executable(&self) -> bool {
        let named = |(from, to): &(&str, &str)| {
            self.key.strip_prefix(from).is_some_and(|rest| rest.ends_with(to))
        };
        // An fsmonitor of "true" or "false" is git's own one or none.
        let harmless =
            self.key == "core.fsmonitor" && matches!(self.value.as_str(), "true" | "false" | "");
        let alias = self.key.starts_with("alias.") && self.value.starts_with('!');
        let update = self.key.starts_with("submodule.") && self.value.starts_with('!');
        !harmless
            && (alias
                || update
                || EXECUTABLE.contains(&self.key.as_str())
                || EXECUTABLE_NAMED.iter().any(named))
    }
}

/// The settings of a repository's own files, by a call of `git config`; those of our command line
/// are left out.
pub(crate) fn settings(config: Call) -> Result<Vec<Setting>, crate::GitError> {
    let answer = config.args(["--list", "-z", "--show-scope", "--includes"]).output()?;
    let mut parts = items(&answer);
    let mut settings = Vec::new();
    while let (Some(scope), Some(line)) = (parts.next(), parts.next()) {
        if scope == b"command" {
            continue;
        }
        let line = lossy(line);
        let (key, value) = line.split_once('\n').unwrap_or((&line, "true"));
        settings.push(Setting { key: key.to_owned(), value: value.to_owned() });
    }
    Ok(settings)
}

/// The keys among them that could run something, each once, in order.
pub(crate) fn executable(settings: &[Setting]) -> Vec<String> {
    let keys: BTreeSet<&str> = settings
        .iter()
        .filter(|setting| setting.is_executable())
        .map(|setting| setting.key.as_str())
        .collect();
    keys.into_iter().map(str::to_owned).collect()
}

/// Takes the programs out of every filter that is configured, so that files are read and written
/// as they are, and switches off every hook that is (from git 2.54 on, `core.hooksPath` is not the
/// only place for hooks).
pub(crate) fn without_programs(mut call: Call, settings: &[Setting]) -> Call {
    let names = |section: &str| -> BTreeSet<&str> {
        let named = settings.iter().filter_map(|setting| setting.key.strip_prefix(section));
        named.filter_map(|rest| rest.rsplit_once('.')).map(|(name, _)| name).collect()
    };
    for name in names("hook.") {
        call = call.setting(&format!("hook.{name}.enabled"), "false");
    }
    for name in names("filter.") {
        for part in ["clean", "smudge", "process"] {
            call = call.setting(&format!("filter.{name}.{part}"), "");
        }
        call = call.setting(&format!("filter.{name}.required"), "false");
    }
    call
}

/// Whether the last value of a key is a yes of git's.
pub(crate) fn is_on(settings: &[Setting], key: &str) -> Option<bool> {
    let setting = settings.iter().rev().find(|setting| setting.key == key)?;
    let value = setting.value.to_ascii_lowercase();
    Some(matches!(value.as_str(), "true" | "yes" | "on" | "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_a_program_is_told_from_what_could_not() {
        let setting = |key: &str, value: &str| Setting { key: key.into(), value: value.into() };
        let settings = [
            setting("core.fsmonitor", "/tmp/evil"),
            setting("core.bare", "false"),
            setting("filter.a.b.clean", "x"),
            setting("filter.a.b.required", "true"),
            setting("alias.co", "checkout"),
            setting("alias.boom", "!sh"),
            setting("credential.helper", "store"),
            setting("gpg.ssh.program", "x"),
            setting("user.name", "x"),
            setting("filter.a.b.clean", "y"),
            setting("hook.lint.er.command", "x"),
            setting("hook.lint.er.event", "pre-commit"),
            setting("protocol.ext.allow", "always"),
        ];
        let expected = [
            "alias.boom",
            "core.fsmonitor",
            "credential.helper",
            "filter.a.b.clean",
            "gpg.ssh.program",
            "hook.lint.er.command",
            "protocol.ext.allow",
        ];
        assert_eq!(executable(&settings), expected);
        assert!(executable(&[setting("core.fsmonitor", "true")]).is_empty());
    }

    #[test]
    fn git_s02_a_hook_that_is_configured_is_switched_off_whatever_its_name() {
        let setting = |key: &str, value: &str| Setting { key: key.into(), value: value.into() };
        let settings = [
            setting("hook.a.b=c.command", "/evil"),
            setting("hook.a.b=c.event", "reference-transaction"),
            setting("filter.x.clean", "/evil"),
        ];
        let call = crate::command::git("config", crate::command::Place::Anywhere);
        let call = without_programs(call, &settings).args(["--list", "--show-scope"]);
        let told = call.text().unwrap();
        for line in ["hook.a.b=c.enabled=false", "filter.x.clean=", "filter.x.required=false"] {
            assert!(told.lines().any(|told| told == format!("command\t{line}")), "{told}");
        }
    }

    #[test]
    fn the_last_value_of_a_switch_counts() {
        let setting = |value: &str| Setting { key: "core.filemode".into(), value: value.into() };
        assert_eq!(is_on(&[setting("true"), setting("false")], "core.filemode"), Some(false));
        assert_eq!(is_on(&[setting("Yes")], "core.filemode"), Some(true));
        assert_eq!(is_on(&[], "core.filemode"), None);
    }
}
