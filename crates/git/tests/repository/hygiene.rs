//! What a person's or a worker's repository would like to run, and does not (GIT-S01 to S08).

use crate::fixture::Kind::{Runs, Text};
use crate::fixture::{Fixture, files_of, put};
use equitr_git::{Advance, Hub, Merge, MergeMessage};
use std::fs;
use std::path::{Path, PathBuf};

/// A program that leaves a mark when anything runs it.
fn trap(fixture: &Fixture) -> (PathBuf, String) {
    let (mark, trap) = (fixture.path("sprung"), fixture.path("trap.sh"));
    put(
        trap.parent().unwrap(),
        "trap.sh",
        &Runs(&format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", mark.display())),
    );
    (mark, trap.display().to_string())
}

const HOOKS: [&str; 12] = [
    "pre-commit",
    "post-checkout",
    "post-merge",
    "post-commit",
    "reference-transaction",
    "post-index-change",
    "update",
    "pre-receive",
    "post-receive",
    "post-rewrite",
    "pre-auto-gc",
    "commit-msg",
];

fn arm(fixture: &Fixture, trap: &str) {
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.e=v.il.process",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "merge.evil.driver",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "gpg.program",
        "credential.helper",
        "core.editor",
        "core.pager",
        "uploadpack.packObjectsHook",
    ] {
        fixture.git(&["config", key, trap]);
    }
    for key in ["filter.evil.required", "filter.e=v.il.required", "commit.gpgSign"] {
        fixture.git(&["config", key, "true"]);
    }
    for name in ["status", "add", "commit-tree", "read-tree", "update-ref", "fetch"] {
        fixture.git(&["config", &format!("alias.{name}"), &format!("!{trap}")]);
    }
    let hooks = fixture.person().join(".git/hooks");
    for hook in HOOKS {
        put(&hooks, hook, &Runs(&format!("#!/bin/sh\nexec {trap} {hook}\n")));
    }
}

const FILES: [(&str, &str); 4] = [
    (".gitattributes", "*.evil filter=evil diff=evil merge=evil\n*.more filter=e=v.il\n"),
    ("a.evil", "1\n"),
    ("b.more", "1\n"),
    ("plain", "1\n"),
];

fn work(fixture: &Fixture, hub: &Hub) -> Advance {
    let checkout = fixture.checkout();
    let from = checkout.head().unwrap().commit.unwrap();
    let changes = [("a.evil", Text("2\n")), ("b.more", Text("2\n")), ("new.evil", Text("2\n"))];
    let one = fixture.work(hub, &from, "one", &changes);
    let two = fixture.work(hub, &from, "two", &[("plain", Text("2\n"))]);
    let three = fixture.work(hub, &from, "three", &[("a.evil", Text("3\n"))]);
    let message = MergeMessage { subject: "m".into(), trailers: vec![] };
    let merged = hub.merge(&one, &two, &message, &[("o".into(), vec![])]).unwrap();
    let Merge::Clean { commit, .. } = merged else { panic!("{merged:?}") };
    assert!(matches!(hub.merge(&one, &three, &message, &[]).unwrap(), Merge::Conflict { .. }));
    assert!(hub.diff(&from, &commit, 10_000).unwrap().contains("+2"));
    hub.changed_paths(&from, &commit).unwrap();
    let scratch = fixture.path("scratch");
    hub.add_worktree(&scratch, &from, "r").unwrap();
    hub.reset_worktree(&scratch, &commit).unwrap();
    hub.update_ref("refs/equitr/integration", &commit, None).unwrap();
    hub.log_trailers(None, &commit).unwrap();
    hub.remove_worktree(&scratch).unwrap();
    checkout.uncommitted().unwrap();
    checkout.files(10).unwrap();
    checkout.read("a.evil").unwrap();
    checkout.executable_settings().unwrap();
    checkout.advance(hub, Some(&from), &commit, "result").unwrap()
}

#[test]
fn nothing_that_the_persons_repository_configures_is_run() {
    let fixture = Fixture::with_files(&FILES);
    let (mark, trap) = trap(&fixture);
    arm(&fixture, &trap);
    // The traps do work: the person's own git springs them.
    fixture.try_git_in(&fixture.person(), &["status"]);
    assert!(mark.exists());
    fs::remove_file(&mark).unwrap();
    let config = fs::read(fixture.person().join(".git/config")).unwrap();
    // A touched file makes git look into it, by way of the filter if it may.
    fixture.write(&fixture.person(), &[("a.evil", "1\n"), ("b.more", "1\n")]);
    let hub = fixture.hub();
    assert_eq!(work(&fixture, &hub), Advance::Moved);
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap());
    assert_eq!(fs::read(fixture.person().join(".git/config")).unwrap(), config);
    assert_eq!(fs::read(fixture.person().join("a.evil")).unwrap(), b"2\n");
}

#[test]
fn nothing_that_the_persons_home_configures_is_read() {
    let fixture = Fixture::with_files(&FILES);
    let (mark, trap) = trap(&fixture);
    let home = fixture.path("home");
    fs::write(home.join(".gitconfig"), format!("[core]\n\tfsmonitor = {trap}\n")).unwrap();
    fixture.git(&["status"]);
    assert!(mark.exists());
    fs::remove_file(&mark).unwrap();
    assert_eq!(work(&fixture, &fixture.hub()), Advance::Moved);
    assert!(!mark.exists());
}

/// A repository whose configuration springs the trap, put where a worker could put it.
fn evil_repository(fixture: &Fixture, at: &Path, trap: &str) {
    fixture.git(&["clone", "-q", ".", at.to_str().unwrap()]);
    for key in ["core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external"] {
        fixture.git_in(at, &["config", key, trap]);
    }
    for hook in HOOKS {
        put(&at.join(".git/hooks"), hook, &Runs(&format!("#!/bin/sh\nexec {trap}\n")));
    }
}

#[test]
fn a_replaced_git_folder_in_a_worktree_has_no_effect() {
    let fixture = Fixture::with_files(&FILES);
    let (mark, trap) = trap(&fixture);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    let evil = fixture.path("evil");
    evil_repository(&fixture, &evil, &trap);
    hub.add_worktree(&path, &head, "r").unwrap();
    for number in 0..2 {
        fs::remove_file(path.join(".git")).unwrap();
        if number == 0 {
            fixture.git_in(&fixture.path(""), &["clone", "-q", "evil", "copy"]);
            fs::rename(fixture.path("copy/.git"), path.join(".git")).unwrap();
            fixture.git_in(&path, &["config", "core.fsmonitor", &trap]);
            fixture.try_git_in(&path, &["status"]);
            assert!(mark.exists());
            fs::remove_file(&mark).unwrap();
        } else {
            fs::write(path.join(".git"), format!("gitdir: {}/.git\n", evil.display())).unwrap();
        }
        assert!(!hub.worktree_is_sound(&path));
        fixture.write(&path, &[("a.evil", &format!("{number}\n")), ("new", "x")]);
        let snapshot = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
        assert_eq!(hub.read(&snapshot.commit, "new", 10).unwrap().unwrap(), b"x");
        assert!(hub.worktree_is_sound(&path));
        assert!(!mark.exists());
    }
    fs::remove_file(path.join(".git")).unwrap();
    hub.reset_worktree(&path, &head).unwrap();
    assert!(hub.worktree_is_sound(&path) && !mark.exists());
}

#[test]
fn a_nested_repository_is_refused_before_git_sees_it() {
    let fixture = Fixture::with_files(&FILES);
    let (mark, trap) = trap(&fixture);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    evil_repository(&fixture, &path.join("deep/down/nested"), &trap);
    let _ = fs::remove_file(&mark);
    let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
    assert!(error.to_string().contains("deep/down/nested/.git"), "{error}");
    hub.reset_worktree(&path, &head).unwrap();
    hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
    assert!(!mark.exists());
    assert!(!path.join("deep").exists());
}

#[test]
fn a_git_in_the_worktree_is_not_the_one_that_runs() {
    let fixture = Fixture::with_files(&FILES);
    let (mark, trap) = trap(&fixture);
    let hub = fixture.hub();
    let head = fixture.head();
    let changes = [("git", Runs(&format!("#!/bin/sh\nexec {trap}\n"))), ("x", Text("x"))];
    let commit = fixture.work(&hub, &head, "w", &changes);
    assert_ne!(commit, head);
    assert!(!mark.exists());
}

#[test]
fn a_link_out_of_the_worktree_is_kept_as_a_link() {
    let fixture = Fixture::with_files(&FILES);
    let hub = fixture.hub();
    let head = fixture.head();
    let secret = fixture.path("secret");
    fs::write(&secret, "secret").unwrap();
    let target = secret.to_str().unwrap();
    let commit = fixture.work(&hub, &head, "w", &[("l", crate::fixture::Kind::Link(target))]);
    assert_eq!(hub.read(&commit, "l", 1000).unwrap().unwrap(), target.as_bytes());
    let before = files_of(&fixture.path("worktrees/w"));
    hub.reset_worktree(&fixture.path("worktrees/w"), &commit).unwrap();
    assert_eq!(files_of(&fixture.path("worktrees/w")), before);
}
