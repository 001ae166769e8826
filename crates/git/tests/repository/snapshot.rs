//! Snapshots: what is kept of a worktree, and what is refused.

use crate::fixture::{Fixture, Kind, files_of, put};
use equitr_git::{GitError, SNAPSHOT_FILE_BYTES_MAX};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

#[test]
fn everything_but_what_is_ignored_is_kept_under_the_reference() {
    let fixture = Fixture::with_files(&[("a", "1"), ("gone", "1"), (".gitignore", "*.o\n")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    for (name, kind) in [
        ("a", Kind::Text("2\r\n")),
        ("gone", Kind::Gone),
        ("new/run.sh", Kind::Runs("#!/bin/sh\n")),
        ("new/link", Kind::Link("../a")),
        ("x.o", Kind::Text("ignored")),
    ] {
        put(&path, name, &kind);
    }
    fs::write(path.join(OsStr::from_bytes(b"not-utf8-\xff")), b"\xff\0").unwrap();
    let index = fixture.git_in(&path, &["rev-parse", "--git-path", "index"]);
    let (before, files) = (fs::read(&index).unwrap(), files_of(&path));
    let snapshot = hub.snapshot(&path, &head, "Keep\n\nTask: a", "refs/equitr/r/a/1/wip").unwrap();
    assert!(snapshot.changed);
    assert_eq!(fs::read(&index).unwrap(), before);
    assert_eq!(files_of(&path), files);
    assert_eq!(hub.resolve("refs/equitr/r/a/1/wip").unwrap(), Some(snapshot.commit.clone()));
    assert_eq!(hub.tree_of(&snapshot.commit).unwrap(), snapshot.tree);
    let listed = fixture.git_in(hub.dir(), &["ls-tree", "-r", snapshot.commit.as_str()]);
    let listed: Vec<&str> =
        listed.lines().filter_map(|line| line.split_once('\t')).map(|(_, name)| name).collect();
    assert_eq!(listed, [".gitignore", "a", "new/link", "new/run.sh", "\"not-utf8-\\377\""]);
    assert_eq!(hub.read(&snapshot.commit, "a", 10).unwrap().unwrap(), b"2\r\n");
    let again = fixture.path("again");
    hub.add_worktree(&again, &snapshot.commit, "r").unwrap();
    fs::remove_file(path.join("x.o")).unwrap();
    assert_eq!(files_of(&again), files_of(&path));
    let shown =
        fixture.git_in(hub.dir(), &["log", "-1", "--format=%an|%P|%B", snapshot.commit.as_str()]);
    assert_eq!(shown, format!("EQUITR Coder|{head}|Keep\n\nTask: a"));
}

#[test]
fn nothing_changed_is_the_parent_itself() {
    let fixture = Fixture::with_files(&[("a", "1"), (".gitignore", "*.o\n")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    fixture.write(&path, &[("x.o", ""), ("a", "1")]);
    let snapshot = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
    assert_eq!((&snapshot.commit, snapshot.changed), (&head, false));
    assert_eq!(hub.resolve("refs/equitr/x").unwrap(), Some(head));
}

#[test]
fn a_snapshot_can_stand_on_the_one_before() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    fixture.write(&path, &[("a", "2")]);
    let one = hub.snapshot(&path, &head, "one", "refs/equitr/x").unwrap();
    fixture.write(&path, &[("a", "3")]);
    let two = hub.snapshot(&path, &one.commit, "two", "refs/equitr/x").unwrap();
    let again = hub.snapshot(&path, &two.commit, "three", "refs/equitr/x").unwrap();
    assert!(two.changed && !again.changed);
    assert!(hub.is_ancestor(&one.commit, &two.commit).unwrap());
    assert_eq!(hub.changed_paths(&one.commit, &two.commit).unwrap(), [('M', "a".to_owned())]);
}

#[test]
fn unreadable_files_are_kept_too() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    fixture.write(&path, &[("d/e/secret", "kept"), ("plain", "kept")]);
    for (name, mode) in [("d/e/secret", 0), ("d/e", 0), ("d", 0o300), ("plain", 0)] {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let snapshot = hub.snapshot(&path, &fixture.head(), "m", "refs/equitr/x").unwrap();
    for name in ["d/e/secret", "plain"] {
        assert_eq!(hub.read(&snapshot.commit, name, 10).unwrap().unwrap(), b"kept", "{name}");
    }
}

#[test]
fn leftovers_of_a_killed_snapshot_do_not_matter() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    fixture.write(&path, &[("a", "2")]);
    let index = fixture.git_in(&path, &["rev-parse", "--git-path", "index"]);
    fs::write(format!("{index}.snapshot"), "half").unwrap();
    fs::write(format!("{index}.snapshot.lock"), "half").unwrap();
    assert!(hub.snapshot(&path, &fixture.head(), "m", "refs/equitr/x").unwrap().changed);
}

/// A file of this many bytes that takes no room on the disk.
fn sparse(path: &std::path::Path, bytes: u64) {
    fs::File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn g_11_a_file_above_the_limit_is_refused_by_name_with_the_way_out() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    fs::create_dir(path.join("data")).unwrap();
    let large = path.join(OsStr::from_bytes(b"data/large-\xff\n.bin"));
    sparse(&large, SNAPSHOT_FILE_BYTES_MAX + 1);
    let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
    let GitError::FileTooLarge { path: named, bytes, .. } = &error else { panic!("{error:?}") };
    assert_eq!(named, large.strip_prefix(&path).unwrap());
    assert_eq!(*bytes, SNAPSHOT_FILE_BYTES_MAX + 1);
    let told = error.to_string();
    assert!(told.contains("10485761 bytes") && told.contains(".gitignore"), "{told}");
    assert_eq!(hub.resolve("refs/equitr/x").unwrap(), None);
    sparse(&large, SNAPSHOT_FILE_BYTES_MAX);
    hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
    // A link to a large file is a small thing.
    fs::rename(&large, fixture.path("outside")).unwrap();
    sparse(&fixture.path("outside"), SNAPSHOT_FILE_BYTES_MAX + 1);
    put(&path, "data/link", &Kind::Link("../../outside"));
    hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
}

#[test]
fn a_large_file_that_is_ignored_or_was_there_before_is_no_matter() {
    let fixture = Fixture::with_files(&[("a", "1"), (".gitignore", "target/\n")]);
    sparse(&fixture.person().join("asset"), SNAPSHOT_FILE_BYTES_MAX + 1);
    let head = fixture.commit("an asset");
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &head, "r").unwrap();
    fs::create_dir(path.join("target")).unwrap();
    sparse(&path.join("target/out"), SNAPSHOT_FILE_BYTES_MAX + 1);
    fixture.write(&path, &[("a", "2")]);
    assert!(hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().changed);
    sparse(&path.join("asset"), SNAPSHOT_FILE_BYTES_MAX + 2);
    let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
    assert!(error.to_string().contains("`asset` has 10485762 bytes"), "{error}");
}

#[test]
fn a_path_that_is_longer_than_the_system_takes_is_the_workers_to_mend() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    let name = "d".repeat(250);
    let deep = format!("for n in $(seq 20); do mkdir {name} && cd {name}; done");
    let status = std::process::Command::new("bash").args(["-c", &deep]).current_dir(&path).status();
    assert!(status.unwrap().success());
    let error = hub.snapshot(&path, &fixture.head(), "m", "refs/equitr/x").unwrap_err();
    assert!(matches!(error, GitError::Unkeepable { .. }), "{error:?}");
    assert!(error.to_string().len() < 400, "{error}");
    hub.remove_worktree(&path).unwrap();
}
