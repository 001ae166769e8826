//! Opening and reading the person's repository.

use crate::fixture::{Fixture, everything};
use equitr_git::{Checkout, GitError, Operation};
use std::fs;

#[test]
fn a_checkout_is_found_from_any_folder_in_it() {
    let fixture = Fixture::with_files(&[("src/deep/a.rs", "a")]);
    let checkout = Checkout::open(&fixture.person().join("src/deep")).unwrap();
    assert_eq!(checkout.root(), fixture.person());
    assert_eq!(checkout.head().unwrap().commit, Some(fixture.head()));
    assert_eq!(checkout.head().unwrap().branch.as_deref(), Some("main"));
}

#[test]
fn what_is_no_checkout_is_told_apart() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let plain = fixture.path("home");
    let missing = fixture.path("missing");
    for path in [&plain, &missing, &fixture.person().join(".git")] {
        let error = Checkout::open(path).unwrap_err();
        assert!(matches!(&error, GitError::NotARepository { path: p } if p == path), "{error:?}");
    }
    let bare = fixture.path("bare.git");
    fixture.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    assert!(matches!(Checkout::open(&bare).unwrap_err(), GitError::Bare { .. }));
}

#[test]
fn an_operation_in_progress_is_named() {
    let fixture = Fixture::with_files(&[("a", "0\n")]);
    fixture.git(&["checkout", "-q", "-b", "other"]);
    fixture.write(&fixture.person(), &[("a", "1\n")]);
    fixture.commit("other");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write(&fixture.person(), &[("a", "2\n")]);
    fixture.commit("main");
    for (begin, end, expected) in [
        (vec!["merge", "other"], vec!["merge", "--abort"], Operation::Merge),
        (vec!["rebase", "other"], vec!["rebase", "--abort"], Operation::Rebase),
        (vec!["cherry-pick", "other"], vec!["cherry-pick", "--abort"], Operation::CherryPick),
        (vec!["revert", "HEAD~1"], vec!["revert", "--abort"], Operation::Revert),
        (vec!["bisect", "start"], vec!["bisect", "reset"], Operation::Bisect),
    ] {
        fixture.try_git_in(&fixture.person(), &begin);
        let error = Checkout::open(&fixture.person()).unwrap_err();
        assert!(
            matches!(error, GitError::InProgress { operation, .. } if operation == expected),
            "{begin:?}: {error:?}"
        );
        fixture.git(&end);
        Checkout::open(&fixture.person()).unwrap();
    }
}

#[test]
fn an_empty_or_missing_folder_is_vacant_and_can_be_made_a_checkout() {
    let fixture = Fixture::empty();
    let path = fixture.path("some/where");
    assert!(Checkout::is_vacant(&path));
    fs::create_dir_all(&path).unwrap();
    assert!(Checkout::is_vacant(&path));
    let checkout = Checkout::open_or_init(&path).unwrap();
    assert!(!Checkout::is_vacant(&path));
    let head = checkout.head().unwrap();
    assert_eq!((head.commit, head.branch.as_deref()), (None, Some("main")));
    assert_eq!(checkout.files(10).unwrap(), (vec![], 0));
    assert_eq!(checkout.read("a").unwrap(), None);
    assert!(checkout.uncommitted().unwrap().is_empty());
    let file = fixture.path("file");
    fs::write(&file, "").unwrap();
    assert!(!Checkout::is_vacant(&file));
}

#[test]
fn a_repository_whose_making_was_killed_is_made_again() {
    let fixture = Fixture::empty();
    let path = fixture.path("new");
    fs::create_dir_all(path.join(".git.partial/.git/refs")).unwrap();
    assert!(Checkout::is_vacant(&path));
    Checkout::open_or_init(&path).unwrap();
    // Killed after the rename, before the end.
    fs::create_dir(path.join(".git.partial")).unwrap();
    let checkout = Checkout::open_or_init(&path).unwrap();
    assert_eq!(checkout.head().unwrap().branch.as_deref(), Some("main"));
    assert!(!path.join(".git.partial").exists());
}

#[test]
fn a_detached_head_has_a_commit_and_no_branch() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    fixture.git(&["checkout", "-q", "--detach"]);
    let head = fixture.checkout().head().unwrap();
    assert_eq!((head.commit, head.branch), (Some(fixture.head()), None));
}

#[test]
fn a_linked_worktree_of_the_persons_is_a_checkout_of_its_own() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let linked = fixture.path("linked");
    fixture.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let checkout = Checkout::open(&linked).unwrap();
    assert_eq!(checkout.root(), linked);
    assert_eq!(checkout.head().unwrap().branch.as_deref(), Some("side"));
}

#[test]
fn what_is_not_committed_is_listed_and_nothing_is_written_by_looking() {
    let fixture = Fixture::with_files(&[("a", "a"), ("b", "b"), ("c", "c"), (".gitignore", "*.o")]);
    let person = fixture.person();
    fixture.write(&person, &[("a", "changed"), ("new one", ""), ("dir/x", ""), ("x.o", "")]);
    fixture.write(&person, &[("ü\n", "")]);
    fs::remove_file(person.join("b")).unwrap();
    fixture.git(&["mv", "c", "d"]);
    let before = everything(&person);
    let mut paths = fixture.checkout().uncommitted().unwrap();
    paths.sort();
    assert_eq!(paths, ["a", "b", "c", "d", "dir/", "new one", "ü\n"]);
    assert_eq!(everything(&person), before);
}

#[test]
fn files_and_their_bytes_are_those_of_the_commit() {
    let fixture = Fixture::with_files(&[("a", "1"), ("d/b", "2"), ("d/ä", "3")]);
    fixture.write(&fixture.person(), &[("a", "uncommitted")]);
    let checkout = fixture.checkout();
    assert_eq!(checkout.files(2).unwrap(), (vec!["a".to_owned(), "d/b".to_owned()], 3));
    assert_eq!(checkout.read("a").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(checkout.read("d/ä").unwrap().as_deref(), Some(&b"3"[..]));
    for missing in ["nope", "d", "", "a/b", "no\nnewline", "x\0y"] {
        assert_eq!(checkout.read(missing).unwrap(), None, "{missing:?}");
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused_with_its_size() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let file = fs::File::create(fixture.person().join("large")).unwrap();
    file.set_len(equitr_git::FILE_BYTES_MAX + 1).unwrap();
    fixture.commit("large");
    let error = fixture.checkout().read("large").unwrap_err();
    let expected = equitr_git::FILE_BYTES_MAX + 1;
    assert!(matches!(error, GitError::TooLarge { bytes, .. } if bytes == expected), "{error:?}");
}

#[test]
fn what_could_run_a_program_is_listed() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    assert!(fixture.checkout().executable_settings().unwrap().is_empty());
    for (key, value) in [
        ("core.fsmonitor", "/bin/evil"),
        ("filter.lfs.smudge", "git-lfs smudge"),
        ("alias.st", "status"),
        ("alias.go", "!sh go"),
        ("include.path", "more.config"),
    ] {
        fixture.git(&["config", key, value]);
    }
    fs::write(fixture.person().join(".git/more.config"), "[merge \"x\"]\n\tdriver = y\n").unwrap();
    let hooks = fixture.person().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    let pointer = crate::fixture::Kind::Runs("#!/bin/sh\n");
    crate::fixture::put(&hooks, "pre-commit", &pointer);
    crate::fixture::put(&hooks, "pre-push.sample", &pointer);
    let expected = [
        "alias.go",
        "core.fsmonitor",
        "filter.lfs.smudge",
        "include.path",
        "merge.x.driver",
        "hooks/pre-commit",
    ];
    assert_eq!(fixture.checkout().executable_settings().unwrap(), expected);
}
