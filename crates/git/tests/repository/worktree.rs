//! Worktrees: adding, using, resetting and removing them.

use crate::fixture::{Fixture, Kind, files_of, put, text_of};
use equitr_git::GitError;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn a_worktree_has_the_files_of_its_commit_and_is_gits_own() {
    let fixture = Fixture::with_files(&[("a", "1"), ("dir/b", "2")]);
    let hub = fixture.hub();
    let path = fixture.path("worktrees/w 1");
    assert!(!hub.worktree_is_sound(&path));
    hub.add_worktree(&path, &fixture.head(), "run=1\ntask=a").unwrap();
    assert!(hub.worktree_is_sound(&path));
    assert_eq!((text_of(&path.join("a")), text_of(&path.join("dir/b"))), ("1".into(), "2".into()));
    assert_eq!(fixture.git_in(&path, &["status", "--porcelain"]), "");
    assert_eq!(fixture.git_in(&path, &["log", "-1", "--format=%H"]), fixture.head().as_str());
    let list = fixture.git_in(hub.dir(), &["worktree", "list", "--porcelain"]);
    assert!(list.contains(&format!("worktree {}\n", path.display())), "{list}");
    assert!(list.contains("locked run=1 task=a"), "{list}");
    fixture.git_in(hub.dir(), &["worktree", "prune", "--expire=now"]);
    assert!(hub.worktree_is_sound(&path));
    hub.remove_worktree(&path).unwrap();
    assert!(!path.exists() && !hub.worktree_is_sound(&path));
    hub.remove_worktree(&path).unwrap();
    let list = fixture.git_in(hub.dir(), &["worktree", "list", "--porcelain"]);
    assert!(!list.contains("w 1"), "{list}");
    assert_eq!(fs::read_dir(hub.dir().join("worktrees")).unwrap().count(), 0);
}

#[test]
fn worktrees_with_the_same_folder_name_do_not_meet() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let (one, two) = (fixture.path("x/task"), fixture.path("y/task"));
    hub.add_worktree(&one, &fixture.head(), "r").unwrap();
    hub.add_worktree(&two, &fixture.head(), "r").unwrap();
    hub.remove_worktree(&one).unwrap();
    assert!(hub.worktree_is_sound(&two));
}

#[test]
fn many_worktrees_are_added_used_and_removed_at_once() {
    let fixture = Fixture::with_files(&[("a", "1"), ("b", "2")]);
    let hub = fixture.hub();
    let head = fixture.head();
    std::thread::scope(|scope| {
        for n in 0..24 {
            let (fixture, hub, head) = (&fixture, &hub, &head);
            scope.spawn(move || {
                let text = n.to_string();
                let commit = fixture.work(hub, head, &format!("w{n}"), &[("a", Kind::Text(&text))]);
                assert_eq!(hub.read(&commit, "a", 10).unwrap().unwrap(), text.as_bytes());
                let path = fixture.path(&format!("worktrees/w{n}"));
                if n % 2 == 0 {
                    hub.remove_worktree(&path).unwrap();
                }
                assert_eq!(hub.worktree_is_sound(&path), n % 2 == 1);
            });
        }
    });
    fixture.git_in(hub.dir(), &["fsck", "--full", "--strict"]);
    let list = fixture.git_in(hub.dir(), &["worktree", "list"]);
    assert_eq!(list.lines().count(), 13);
}

#[test]
fn adding_again_replaces_what_is_there() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    fixture.write(&path, &[("a", "changed"), ("junk/x", "")]);
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    assert_eq!(fixture.git_in(&path, &["status", "--porcelain", "--ignored"]), "");
    assert_eq!(text_of(&path.join("a")), "1");
}

#[test]
fn a_reset_makes_the_files_exactly_the_commits() {
    let fixture = Fixture::with_files(&[
        ("same", "same"),
        ("changed", "1"),
        ("gone", "1"),
        ("folder/x", "1"),
        ("link", "file"),
        (".gitignore", "*.o\ntarget/\n"),
    ]);
    let hub = fixture.hub();
    let first = fixture.head();
    let second = fixture.work(
        &hub,
        &first,
        "other",
        &[
            ("changed", Kind::Text("2")),
            ("folder", Kind::Text("a file now")),
            ("added/y", Kind::Text("2")),
        ],
    );
    let path = fixture.path("scratch");
    hub.add_worktree(&path, &first, "r").unwrap();
    let outside = fixture.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("x"), "kept").unwrap();
    for commit in [&second, &first, &first] {
        fixture.write(&path, &[("x.o", ""), ("target/deep/y", ""), ("new", ""), ("same", "SAME")]);
        put(&path, "gone", &Kind::Gone);
        put(&path, "link", &Kind::Link("/etc/passwd"));
        put(&path, "folder", &Kind::Link(outside.to_str().unwrap()));
        fs::create_dir_all(path.join("nested/.git/objects")).unwrap();
        fs::create_dir_all(path.join("closed/inside")).unwrap();
        fs::write(path.join("closed/inside/file"), "").unwrap();
        fs::set_permissions(path.join("closed/inside"), fs::Permissions::from_mode(0o0)).unwrap();
        fs::set_permissions(path.join("changed"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::remove_file(path.join(".git")).unwrap();
        symlink("/nowhere", path.join(".git")).unwrap();
        hub.reset_worktree(&path, commit).unwrap();
        let fresh = fixture.path("fresh");
        hub.add_worktree(&fresh, commit, "r").unwrap();
        assert_eq!(files_of(&path), files_of(&fresh));
        assert_eq!(fixture.git_in(&path, &["rev-parse", "HEAD"]), commit.as_str());
        assert_eq!(fixture.git_in(&path, &["status", "--porcelain", "--ignored"]), "");
        assert!(hub.worktree_is_sound(&path));
        assert_eq!(text_of(&outside.join("x")), "kept");
    }
}

#[test]
fn a_change_of_the_same_size_in_the_same_instant_is_seen() {
    let fixture = Fixture::with_files(&[("a", "0")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let path = fixture.path("w");
    for n in 1..=9 {
        hub.add_worktree(&path, &head, "r").unwrap();
        fs::write(path.join("a"), n.to_string()).unwrap();
        let snapshot = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
        assert!(snapshot.changed, "{n}");
        fs::write(path.join("a"), "x").unwrap();
        hub.reset_worktree(&path, &head).unwrap();
        assert_eq!(text_of(&path.join("a")), "0");
    }
}

#[test]
fn a_reset_of_what_is_no_worktree_says_so() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let hub = fixture.hub();
    let error = hub.reset_worktree(&fixture.person(), &fixture.head()).unwrap_err();
    assert!(matches!(error, GitError::NotAWorktree { .. }), "{error:?}");
    let error = hub.snapshot(&fixture.person(), &fixture.head(), "m", "refs/x").unwrap_err();
    assert!(matches!(error, GitError::NotAWorktree { .. }), "{error:?}");
}

#[test]
fn an_unreadable_worktree_is_removed() {
    let fixture = Fixture::with_files(&[("a", "1"), ("d/b", "1")]);
    let hub = fixture.hub();
    let path = fixture.path("w");
    hub.add_worktree(&path, &fixture.head(), "r").unwrap();
    for (name, mode) in [("d/b", 0), ("d", 0), ("", 0o500)] {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    hub.remove_worktree(&path).unwrap();
    assert!(!path.exists());
}
