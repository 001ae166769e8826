//! What `doctor` finds. Git is the real one, in temporary folders.

use super::*;
use insta::assert_snapshot;
use std::fs;
use tempfile::TempDir;

struct World {
    folder: TempDir,
}

impl World {
    fn new(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let world = Self { folder };
        fs::create_dir(world.home().root()).unwrap();
        fs::create_dir(world.here()).unwrap();
        fs::write(world.home().config(), config).unwrap();
        world
    }

    fn home(&self) -> Home {
        Home::at(self.folder.path().join("home"))
    }

    fn here(&self) -> std::path::PathBuf {
        self.folder.path().join("here")
    }

    /// Whether nothing is missing, and what is told, without the sandbox and without what differs
    /// from machine to machine.
    fn doctor(&self, variables: &[(&str, &str)], names: &[&str]) -> (bool, String) {
        let env = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned())
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let args = InspectArgs { repo: self.here(), ..InspectArgs::default() };
        let mut findings = Findings::default();
        findings.machine(&self.home(), &args.repo);
        findings.settings(&args, &self.home(), &env);
        findings.variables(&names);
        let text = findings.text.replace(&self.folder.path().display().to_string(), "");
        let version = equitr_git::version().unwrap().to_string();
        let lines = text.replace(&version, "VERSION").lines().map(without_size).collect::<Vec<_>>();
        (!findings.missing, lines.join("\n"))
    }
}

fn without_size(line: &str) -> String {
    match line.split_once(" free").and_then(|(before, _)| before.rsplit_once(", ")) {
        Some((before, _)) => format!("{before}, SIZE free"),
        None => line.to_owned(),
    }
}

#[test]
fn all_is_well_where_all_is_there() {
    let world = World::new("llm: {model: anthropic/claude-sonnet-4-5, worker: ollama/qwen3}\n");
    Checkout::open_or_init(&world.here()).unwrap();
    let key = [("ANTHROPIC_API_KEY", "sk-ant-0123456789ab12")];
    let (all_is_there, text) = world.doctor(&key, &[]);
    assert!(!text.contains("0123456789"));
    assert_snapshot!(text);
    assert!(all_is_there);
}

#[test]
fn an_empty_folder_will_do_for_a_repository() {
    let (all_is_there, text) =
        World::new("llm: {model: ollama/qwen3}").doctor(&[], &["EQUITR_BUGDET"]);
    assert_snapshot!(text);
    assert!(all_is_there);
}

#[test]
fn what_is_missing_is_said_with_the_way_to_get_it() {
    let world = World::new("llm: {model: anthropic/claude-sonnet-4-5}\n");
    fs::write(world.here().join("a.txt"), "").unwrap();
    let (all_is_there, text) = world.doctor(&[], &[]);
    assert_snapshot!(text);
    assert!(!all_is_there);
}

#[test]
fn wrong_settings_and_profiles_are_findings_too() {
    let world = World::new("llm: {modle: gpt-5}\n");
    Checkout::open_or_init(&world.here()).unwrap();
    let profiles = world.here().join(".equitr/profiles");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("qa.yaml"), "role: x\nprompt: y\ntools: [sudo]\n").unwrap();
    let (all_is_there, text) = world.doctor(&[], &[]);
    assert_snapshot!(text);
    assert!(!all_is_there);
}

#[test]
fn a_home_that_is_a_file_is_missing() {
    let world = World::new("");
    let home = Home::at(world.home().config().join("inner"));
    let mut findings = Findings::default();
    findings.home(&home);
    assert!(findings.missing);
    assert!(findings.text.contains("can't be written: not a directory"), "{}", findings.text);
}

#[test]
fn a_short_key_is_not_shown_at_all() {
    assert_eq!(key_end("sk-0123456789ab12"), "ab12");
    assert_eq!(key_end("hunter2"), "");
    assert_eq!([size(999_950_000), size(12_340_000_000)], ["999.9 MB", "12.3 GB"]);
}
