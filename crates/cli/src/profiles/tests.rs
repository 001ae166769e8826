//! Which profiles there are, and what is told of one that can't be used.

use super::*;
use insta::assert_snapshot;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("home/profiles")).unwrap();
        fs::create_dir_all(folder.path().join("repo/.equitr/profiles")).unwrap();
        Self { folder }
    }

    fn own(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join("home/profiles").join(file), text).unwrap();
    }

    fn repository(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join("repo/.equitr/profiles").join(file), text).unwrap();
    }

    fn profiles(&self) -> Result<BTreeMap<Arc<str>, Profile>, String> {
        let home = Home::at(self.folder.path().join("home"));
        profiles(&home, &self.folder.path().join("repo")).map_err(|error| {
            assert_eq!(error.exit, Exit::Usage);
            error.to_string().replace(&self.folder.path().display().to_string(), "")
        })
    }
}

#[test]
fn the_built_in_profiles_are_sound_and_guide_in_a_few_lines() {
    let nowhere = Path::new("/nonexistent");
    let built_in = profiles(&Home::at(nowhere), nowhere).unwrap();
    let names: Vec<&str> = built_in.keys().map(|name| &**name).collect();
    assert_eq!(
        names,
        ["backend", "database", "devops", "docs", "frontend", "general", "infrastructure", "qa"]
    );
    for (name, profile) in &built_in {
        let lines = profile.prompt.lines().count();
        assert!((3..=8).contains(&lines), "{name} has {lines} lines");
        assert!(profile.role.chars().count() <= 90, "{name}");
    }
}

#[test]
fn a_repositorys_profile_replaces_a_persons_which_replaces_a_built_in_one() {
    let world = World::new();
    world.own("qa.yaml", "role: mine\nprompt: test\n");
    world.own("sre.yml", "role: mine\nprompt: run\ntools: [read_file, search, read_file]\n");
    world.repository("qa.yaml", "role: theirs\nprompt: |\n  look\n  twice\n");
    world.repository("notes.txt", "not a profile");
    world.repository(".hidden.yaml", "not a profile");
    let profiles = world.profiles().unwrap();
    assert_eq!(profiles.len(), 9);
    assert_eq!((&*profiles["qa"].role, &*profiles["qa"].prompt), ("theirs", "look\ntwice"));
    assert_eq!(profiles["sre"].tools, ["read_file".into(), "search".into()]);
    assert!(profiles["backend"].tools.is_empty());
}

#[test]
fn all_that_is_wrong_with_profiles_is_said_at_once() {
    let world = World::new();
    world.own("a.yaml", "role: x\npromt: y\nrole: z\n");
    world.own("b.yaml", "role: [x]\nprompt: ''\ntools: [read_fil, 3]\n");
    world.own("c.yaml", "just text\n");
    world.own("d.yaml", "role: x\nprompt: y\ntools: run_command\n");
    world.own("e.yaml", "role: x\nprompt: y\ntools: []\n");
    world.own("f.yaml", "role: x\nprompt: \"y\n");
    world.own("G x.yaml", "role: x\nprompt: y\n");
    world.own("h.yaml", "role: x\nprompt: y\n");
    world.own("h.yml", "role: x\nprompt: y\n");
    world.own("i.yaml", "");
    world.repository("j.yaml", "role: x\nprompt: y\ntools: [sudo]\n");
    assert_snapshot!(world.profiles().unwrap_err());
}

#[test]
fn a_profile_that_would_swell_every_request_is_refused() {
    let world = World::new();
    world.own("a.yaml", &format!("role: {}\nprompt: y\n", "x".repeat(201)));
    world.own("b.yaml", &format!("role: x\nprompt: {}\n", "y".repeat(8_001)));
    let told = world.profiles().unwrap_err();
    assert!(told.contains("`role` must be one line of at most 200 characters"), "{told}");
    assert!(told.contains("`prompt` must be text of at most 8000 bytes"), "{told}");
    let world = World::new();
    (0..101).for_each(|n| world.own(&format!("p{n}.yaml"), "role: x\nprompt: y\n"));
    assert_snapshot!(world.profiles().unwrap_err(), @r"error: /home/profiles has 101 profiles; the limit is 100");
}

#[test]
fn a_repository_cannot_lay_a_link_to_files_of_the_person() {
    let world = World::new();
    let secret = world.folder.path().join("secret.yaml");
    fs::write(&secret, "role: x\nprompt: secret\n").unwrap();
    let profiles = world.folder.path().join("repo/.equitr/profiles");
    symlink(&secret, profiles.join("a.yaml")).unwrap();
    assert_snapshot!(world.profiles().unwrap_err(), @r"error: /repo/.equitr/profiles/a.yaml is not a regular file");
    fs::remove_dir_all(&profiles).unwrap();
    symlink(world.folder.path(), &profiles).unwrap();
    assert!(!world.profiles().unwrap().contains_key("secret"), "nor to a folder");
    let own = world.folder.path().join("home/profiles/mine.yaml");
    symlink(&secret, own).unwrap();
    assert!(world.profiles().unwrap().contains_key("mine"), "the person can");
}

#[test]
fn cfg_11_a_repositorys_profile_has_no_tools_that_the_persons_has_not() {
    let world = World::new();
    let of = |tools: &str| format!("role: x\nprompt: y\n{tools}");
    world.own("careful.yaml", &of("tools: [read_file, search]\n"));
    for (wanted, tools) in [
        ("tools: [read_file, run_command]\n", vec!["read_file"]),
        ("tools: [run_command]\n", vec!["read_file", "search"]),
        // Left out, it is all of them.
        ("", vec!["read_file", "search"]),
    ] {
        world.repository("careful.yaml", &of(wanted));
        let given = world.profiles().unwrap()["careful"].tools.clone();
        assert_eq!(given.iter().map(|tool| &**tool).collect::<Vec<_>>(), tools, "{wanted}");
    }
}
