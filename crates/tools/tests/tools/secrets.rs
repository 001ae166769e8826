//! Files that look like they hold secrets are neither shown nor written.

use crate::World;
use equitr_tools::{Worktree, secret_files};
use serde_json::json;
use std::os::unix::fs::symlink;

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nnot secret\n-----END CERTIFICATE-----\n";

fn world() -> World {
    let world = World::new();
    for path in [".env", "web/.ENV.local", ".aws/credentials", "id_rsa", "master.key"] {
        world.put(path, "secret\n");
    }
    world.put("tls/key.pem", KEY);
    world.put("tls/cert.pem", CERTIFICATE);
    world.put(".env.example", "KEY=\n");
    world.put(".npmrc", "engine-strict=true\n");
    world
}

fn refusal(path: &str) -> String {
    format!(
        "error: `{path}` looks like a file of secrets, which tools neither read nor write; a person \
         can allow it by the setting `allow_secret_files`"
    )
}

#[tokio::test]
async fn a_file_of_secrets_is_neither_read_nor_edited_nor_replaced() {
    let world = world();
    for path in
        [".env", "web/.ENV.local", ".aws/credentials", "id_rsa", "master.key", "tls/key.pem"]
    {
        let before = world.text(path);
        for (tool, args) in [
            ("read_file", json!({"path": path})),
            ("edit_file", json!({"path": path, "old": "secret", "new": "taken"})),
            ("write_file", json!({"path": path, "content": KEY})),
        ] {
            assert_eq!(world.refused(tool, args).await, refusal(path), "{tool}");
        }
        assert_eq!(world.text(path), before);
    }
}

#[tokio::test]
async fn what_only_resembles_a_file_of_secrets_is_read_and_written() {
    let world = world();
    assert_eq!(world.done("read_file", json!({"path": "tls/cert.pem"})).await, CERTIFICATE);
    assert_eq!(world.done("read_file", json!({"path": ".env.example"})).await, "KEY=\n");
    assert_eq!(world.done("read_file", json!({"path": ".npmrc"})).await, "engine-strict=true\n");
    world.done("write_file", json!({"path": "api/.env.example", "content": "KEY=\n"})).await;
    world.done("write_file", json!({"path": "api/cert.pem", "content": CERTIFICATE})).await;
}

#[tokio::test]
async fn a_new_file_of_secrets_is_not_made() {
    let world = World::new();
    for (path, content) in [(".env", "KEY=1\n"), ("a.pem", KEY), (".npmrc", "_authToken=x\n")] {
        let told = world.refused("write_file", json!({"path": path, "content": content})).await;
        assert_eq!(told, refusal(path));
        assert!(!world.at(path).exists());
    }
}

#[tokio::test]
async fn a_symlink_to_a_file_of_secrets_is_judged_by_where_it_leads() {
    let world = world();
    symlink(".env", world.at("innocent.txt")).unwrap();
    symlink(".aws", world.at("folder")).unwrap();
    symlink("src.txt", world.at("web/.env")).unwrap();
    world.put("web/src.txt", "plain\n");
    for path in ["innocent.txt", "folder/credentials"] {
        assert_eq!(world.refused("read_file", json!({"path": path})).await, refusal(path));
        let told = world.done("search", json!({"path": path, "pattern": "secret"})).await;
        assert!(told.starts_with("[no match in 0 files]\n[1 file left out: "), "{told}");
    }
    let told = world.done("search", json!({"path": "folder", "pattern": "secret"})).await;
    assert!(told.starts_with("[no match in 0 files]\n[1 file left out: "), "{told}");
    assert_eq!(world.done("read_file", json!({"path": "web/.env"})).await, "plain\n");
}

#[tokio::test]
async fn a_search_passes_files_of_secrets_over_and_says_so() {
    let world = world();
    let told = world.done("search", json!({"pattern": "secret"})).await;
    assert_eq!(
        told,
        "tls/cert.pem:2:not secret\n[6 files left out: they look like files of secrets; a person \
         can allow them by the setting `allow_secret_files`]\n"
    );
}

#[tokio::test]
async fn a_list_names_files_of_secrets() {
    let world = world();
    let told = world.done("list_files", json!({"glob": "*.{env,pem}"})).await;
    assert_eq!(told, ".env\ntls/cert.pem\ntls/key.pem\n");
}

#[tokio::test]
async fn what_a_person_allows_is_a_file_like_any_other() {
    let mut world = world();
    let allowed = [".env", "tls/*.pem"];
    world.place.worktree = world.place.worktree.clone().allowing_secret_files(&allowed).unwrap();
    assert_eq!(world.done("read_file", json!({"path": ".env"})).await, "secret\n");
    world.done("write_file", json!({"path": "api/.env", "content": "KEY=1\n"})).await;
    assert_eq!(world.done("read_file", json!({"path": "tls/key.pem"})).await, KEY);
    assert_eq!(world.refused("read_file", json!({"path": "id_rsa"})).await, refusal("id_rsa"));
    let wrong = Worktree::open(&world.at("")).unwrap().allowing_secret_files(&["a{"]);
    assert!(wrong.unwrap_err().to_string().starts_with("`glob`: "));
}

/// What is found, from the root.
fn found(world: &World) -> Vec<String> {
    let root = world.at("").canonicalize().unwrap();
    let mut found: Vec<String> = secret_files(&world.place.worktree)
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn files_of_secrets_are_found_though_git_ignores_them() {
    let mut world = world();
    world.put(".gitignore", ".env\nweb/\n");
    world.put("web/.git/.env", "git's own\n");
    symlink("../..", world.at("web/up")).unwrap();
    let all = [".aws", ".env", "id_rsa", "master.key", "tls/key.pem", "web/.ENV.local"];
    assert_eq!(found(&world), all);
    let allowed = [".aws", "*.key", "tls/key.pem"];
    world.place.worktree = world.place.worktree.clone().allowing_secret_files(&allowed).unwrap();
    assert_eq!(found(&world), [".env", "id_rsa", "web/.ENV.local"]);
}

#[test]
fn what_a_command_has_shut_is_hidden_until_it_is_open_again() {
    let world = World::new();
    world.put("tls/key.pem", KEY);
    world.put("tls/cert.pem", CERTIFICATE);
    world.put("web/.env", "secret\n");
    world.put("api/.env", "secret\n");
    let shut = |path: &str, mode: u32| {
        let rights = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(world.at(path), rights).unwrap();
    };
    for (path, mode) in [("tls/key.pem", 0), ("web", 0), ("api", 0o600)] {
        shut(path, mode);
    }
    let found = found(&world);
    for path in ["web", "api"] {
        shut(path, 0o700);
    }
    // The next command of theirs could open them again; rights don't keep root out.
    let expected = match rustix::process::geteuid().is_root() {
        true => ["api/.env", "tls/key.pem", "web/.env"],
        false => ["api", "tls/key.pem", "web"],
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn sec_06_no_part_of_a_secret_is_read_or_found_by_itself() {
    let world = World::new();
    let line = "M7c4nary".repeat(8);
    let lines = format!("{line}\n").repeat(20);
    let text = format!(
        "KEY = \"\"\"-----BEGIN RSA PRIVATE KEY-----\n{lines}-----END RSA PRIVATE KEY-----\"\"\"\nend\n"
    );
    world.put("settings.py", text);
    let spaces = " ".repeat(48 * 1024 - 60);
    world.put("long.txt", format!("{spaces} sk-ant-{line}{line}\n"));
    world.put("found.txt", format!("{} sk-ant-{line}{line}\n", " ".repeat(270)));
    let mut shown = Vec::new();
    for first_line in 1..3 {
        let args = json!({"path": "settings.py", "first_line": first_line, "lines": 3});
        shown.push(world.call("read_file", args).await.content);
    }
    shown.push(world.done("read_file", json!({"path": "long.txt"})).await);
    shown.push(world.done("search", json!({"pattern": "M7c4"})).await);
    shown.push(world.done("search", json!({"pattern": " "})).await);
    for shown in &shown {
        assert!(!shown.contains("nary"), "{shown}");
    }
    let told = world.done("read_file", json!({"path": "settings.py"})).await;
    assert_eq!(told, "KEY = \"\"\"[redacted:private-key]\"\"\"\nend\n");
    let told = world.done("search", json!({"pattern": "end"})).await;
    assert_eq!(told, "settings.py:2:end\n");
}
