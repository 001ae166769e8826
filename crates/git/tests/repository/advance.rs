//! Moving the person's branch forward, and everything that must stop it.

use crate::fixture::Kind::{Gone, Link, Runs, Text};
use crate::fixture::{Fixture, everything, files_of, put, text_of};
use equitr_git::{Advance, Checkout, GitError, Hub, LeftBecause, Oid, Operation, Taken};
use std::fs;

fn fixture() -> Fixture {
    Fixture::with_files(&[
        ("a", "1\n"),
        ("b", "1\n"),
        ("dir/c", "1\n"),
        ("gone/d", "1\n"),
        ("swap/e", "1\n"),
        ("plain", "1\n"),
        (".gitignore", "*.o\n"),
    ])
}

/// A commit that changes a file, and adds, deletes, moves and turns others into something else.
fn result(fixture: &Fixture, hub: &Hub, from: &Oid) -> Oid {
    fixture.work(
        hub,
        from,
        "result",
        &[
            ("a", Text("2\n")),
            ("dir/c", Runs("2\n")),
            ("gone/d", Gone),
            ("swap", Text("a file now\n")),
            ("plain", Gone),
            ("plain/inside", Text("a folder now\n")),
            ("new/deep/ä f", Text("2\n")),
            ("link", Link("a")),
        ],
    )
}

fn advance(fixture: &Fixture, hub: &Hub, from: &Oid, to: &Oid) -> Advance {
    fixture.checkout().advance(hub, Some(from), to, "equitr/result").unwrap()
}

/// The branch was left, and so was everything of the person's but the new branch.
fn assert_left(fixture: &Fixture, hub: &Hub, from: &Oid, to: &Oid, expected: &LeftBecause) {
    let (person, head) =
        (fixture.person(), fixture.try_git_in(&fixture.person(), &["rev-parse", "HEAD"]));
    let kept = |path: &std::path::Path| {
        path.starts_with(".git/config")
            || path.starts_with(".git/index")
            || path.starts_with(".git/HEAD")
    };
    let settle = || {
        let mut all = everything(&person);
        all.retain(|path, _| !path.starts_with(".git") || kept(path));
        all
    };
    let before = settle();
    let Advance::LeftOnBranch { branch, why } = advance(fixture, hub, from, to) else {
        panic!("moved, though {expected}")
    };
    assert_eq!(&why, expected);
    assert_eq!(branch, "equitr/result");
    assert_eq!(fixture.git(&["rev-parse", &branch]), to.as_str());
    assert_eq!(settle(), before);
    assert_eq!(fixture.try_git_in(&person, &["rev-parse", "HEAD"]), head);
    assert_eq!(advance(fixture, hub, from, to), Advance::LeftOnBranch { branch, why });
    assert!(!person.join(".git/equitr-advance").exists());
}

fn in_the_way(paths: &[&str]) -> LeftBecause {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    LeftBecause::InTheWay { total: paths.len(), paths }
}

#[test]
fn a_change_that_was_taken_over_gives_way_and_one_more_byte_of_it_does_not() {
    let taken = [Taken { path: "a", bytes: b"mine\n" }, Taken { path: "nowhere", bytes: b"" }];
    for (text, moves) in [("mine\n", true), ("mine\n\n", false), ("1\n", true)] {
        let fixture = fixture();
        let hub = fixture.hub();
        let from = fixture.head();
        let to = result(&fixture, &hub, &from);
        put(&fixture.person(), "a", &Text(text));
        let checkout = fixture.checkout();
        let moved = checkout.advance_over(&hub, Some(&from), &to, "equitr/result", &taken).unwrap();
        if moves {
            assert_eq!(moved, Advance::Moved);
            assert_eq!(text_of(&fixture.person().join("a")), "2\n");
            assert_eq!(fixture.git(&["status", "--porcelain"]), "");
        } else {
            let branch = "equitr/result".to_owned();
            assert_eq!(moved, Advance::LeftOnBranch { branch, why: in_the_way(&["a"]) });
            assert_eq!(text_of(&fixture.person().join("a")), text);
        }
    }
}

#[test]
fn a_clean_checkout_moves_with_files_index_and_branch() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let config = fs::read(fixture.person().join(".git/config")).unwrap();
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    let fresh = fixture.path("fresh");
    hub.add_worktree(&fresh, &to, "r").unwrap();
    assert_eq!(files_of(&fixture.person()), files_of(&fresh));
    assert_eq!(fixture.git(&["rev-parse", "main"]), to.as_str());
    assert_eq!(fixture.git(&["status", "--porcelain", "--ignored"]), "");
    assert_eq!(fixture.git(&["diff-files"]), "");
    assert_eq!(fs::read(fixture.person().join(".git/config")).unwrap(), config);
    let references = fixture.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(references, "refs/heads/main");
    assert!(fixture.git(&["reflog", "-1"]).contains("equitrcoder: delivered"));
    fixture.git(&["fsck", "--full", "--strict"]);
    let before = everything(&fixture.person());
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    assert_eq!(everything(&fixture.person()), before);
}

#[test]
fn a_branch_that_went_on_from_the_result_is_left_there() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    advance(&fixture, &hub, &from, &to);
    let further = fixture.commit("the person goes on");
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    assert_eq!(fixture.head(), further);
}

#[test]
fn changes_elsewhere_are_kept_staged_or_not() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let person = fixture.person();
    fixture.write(&person, &[("b", "mine\n"), ("staged", "mine\n"), ("untracked", "mine\n")]);
    fixture.write(&person, &[("x.o", "ignored\n"), ("gone/kept.o", "ignored\n")]);
    fixture.git(&["add", "staged"]);
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    assert_eq!(fixture.git(&["status", "--porcelain"]), " M b\nA  staged\n?? untracked");
    for name in ["b", "staged", "untracked"] {
        assert_eq!(text_of(&person.join(name)), "mine\n");
    }
    assert_eq!(text_of(&person.join("gone/kept.o")), "ignored\n");
    assert_eq!(text_of(&person.join("a")), "2\n");
}

#[test]
fn anything_of_the_persons_in_the_way_stops_the_move() {
    type Change<'a> = (&'a str, &'a dyn Fn(&Fixture));
    let edit = |path: &'static str| move |f: &Fixture| f.write(&f.person(), &[(path, "mine\n")]);
    let edit_a = edit("a");
    let edit_gone = edit("gone/d");
    let edit_new = edit("new/deep/ä f");
    let ignored = |f: &Fixture| {
        fs::write(f.person().join(".git/info/exclude"), "new\n").unwrap();
        f.write(&f.person(), &[("new/deep/ä f", "mine\n")]);
    };
    let staged = |f: &Fixture| {
        f.write(&f.person(), &[("a", "mine\n")]);
        f.git(&["add", "a"]);
        f.write(&f.person(), &[("a", "1\n")]);
    };
    let deleted = |f: &Fixture| fs::remove_file(f.person().join("a")).unwrap();
    let mode = |f: &Fixture| put(&f.person(), "a", &Runs("1\n"));
    let link = |f: &Fixture| put(&f.person(), "a", &Link("b"));
    let folder = |f: &Fixture| f.write(&f.person(), &[("link/x", "mine\n")]);
    let beside = |f: &Fixture| f.write(&f.person(), &[("swap/mine", "mine\n")]);
    let file_above = |f: &Fixture| f.write(&f.person(), &[("new", "mine\n")]);
    let link_above = |f: &Fixture| {
        fs::create_dir(f.path("outside")).unwrap();
        put(&f.person(), "new", &Link(f.path("outside").to_str().unwrap()));
    };
    let staged_above = |f: &Fixture| {
        f.write(&f.person(), &[("new", "mine\n")]);
        f.git(&["add", "new"]);
        fs::remove_file(f.person().join("new")).unwrap();
    };
    let cases: [(&str, Change<'_>); 13] = [
        ("edited", ("a", &edit_a)),
        ("edited where deleted", ("gone/d", &edit_gone)),
        ("untracked", ("new/deep/ä f", &edit_new)),
        ("ignored", ("new/deep/ä f", &ignored)),
        ("staged", ("a", &staged)),
        ("deleted", ("a", &deleted)),
        ("another mode", ("a", &mode)),
        ("a link instead", ("a", &link)),
        ("a folder instead", ("link", &folder)),
        ("a file in a folder that goes", ("swap", &beside)),
        ("a file above", ("new/deep/ä f", &file_above)),
        ("a link above", ("new/deep/ä f", &link_above)),
        ("staged above", ("new", &staged_above)),
    ];
    for (case, (path, change)) in cases {
        let fixture = fixture();
        let hub = fixture.hub();
        let from = fixture.head();
        let to = result(&fixture, &hub, &from);
        change(&fixture);
        println!("{case}");
        assert_left(&fixture, &hub, &from, &to, &in_the_way(&[path]));
    }
}

#[test]
fn a_detached_head_stays_where_it_is() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    fixture.git(&["checkout", "-q", "--detach"]);
    assert_left(&fixture, &hub, &from, &to, &LeftBecause::Detached);
}

#[test]
fn a_branch_that_moved_is_left() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let now = Some(fixture.commit("the person's own"));
    let why = LeftBecause::BranchMoved { branch: "main".into(), now };
    assert_left(&fixture, &hub, &from, &to, &why);
    fixture.git(&["checkout", "-q", "--orphan", "fresh"]);
    let why = LeftBecause::BranchMoved { branch: "fresh".into(), now: None };
    assert_left(&fixture, &hub, &from, &to, &why);
}

#[test]
fn a_result_that_does_not_stand_on_the_branch_is_left() {
    let fixture = fixture();
    let hub = fixture.hub();
    let to = result(&fixture, &hub, &fixture.head());
    let from = fixture.commit("further");
    assert_left(&fixture, &hub, &from, &to, &LeftBecause::NotAFastForward);
}

#[test]
fn an_operation_begun_since_stops_the_move() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let checkout = fixture.checkout();
    fixture.git(&["bisect", "start"]);
    let advance = checkout.advance(&hub, Some(&from), &to, "x").unwrap();
    let why = LeftBecause::InProgress(Operation::Bisect);
    assert_eq!(advance, Advance::LeftOnBranch { branch: "x".into(), why });
}

#[test]
fn a_lock_of_the_persons_git_is_respected() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let lock = fixture.person().join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    assert_left(&fixture, &hub, &from, &to, &LeftBecause::IndexLocked);
    assert!(lock.exists());
    fs::remove_file(&lock).unwrap();
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
}

#[test]
fn sparse_checkouts_and_changed_submodules_are_left_to_the_person() {
    let fixture = fixture();
    let inner = fixture.path("inner");
    fixture.git(&["clone", "-q", ".", inner.to_str().unwrap()]);
    fixture.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "-q",
        "add",
        inner.to_str().unwrap(),
        "sub",
    ]);
    let from = fixture.commit("a submodule");
    let hub = fixture.hub();
    let to = fixture.work(&hub, &from, "w", &[("sub", Gone), ("a", Text("2\n"))]);
    let why = LeftBecause::SubmoduleChanged { path: "sub".into() };
    assert_left(&fixture, &hub, &from, &to, &why);
    let to = fixture.work(&hub, &from, "v", &[("a", Text("2\n"))]);
    fixture.git(&["branch", "-D", "equitr/result"]);
    fixture.git(&["sparse-checkout", "set", "dir"]);
    assert_left(&fixture, &hub, &from, &to, &LeftBecause::SparseCheckout);
    fixture.git(&["sparse-checkout", "disable"]);
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_repository_without_commits_gets_its_first() {
    let fixture = Fixture::empty();
    let checkout = Checkout::open_or_init(&fixture.person()).unwrap();
    let hub = Hub::create(&fixture.path("hub.git"), Some(&checkout)).unwrap();
    let files = [("docs/a.md".to_owned(), b"hello\n".to_vec())];
    let to = hub.commit_files(None, &files, "first").unwrap();
    fixture.write(&fixture.person(), &[("docs/a.md", "mine\n"), ("staged", "mine\n")]);
    fixture.git(&["add", "staged"]);
    let left = checkout.advance(&hub, None, &to, "result").unwrap();
    let why = in_the_way(&["docs/a.md"]);
    assert_eq!(left, Advance::LeftOnBranch { branch: "result".into(), why });
    fs::remove_dir_all(fixture.person().join("docs")).unwrap();
    assert_eq!(checkout.advance(&hub, None, &to, "result").unwrap(), Advance::Moved);
    assert_eq!(fixture.head(), to);
    assert_eq!(fixture.git(&["status", "--porcelain"]), "A  staged");
    let next = [("b".to_owned(), b"b".to_vec())];
    let next = hub.commit_files(Some(&to), &next, "second").unwrap();
    assert_eq!(checkout.advance(&hub, Some(&to), &next, "result").unwrap(), Advance::Moved);
    assert_eq!(checkout.advance(&hub, None, &to, "result").unwrap(), Advance::Moved);
    assert_eq!(fixture.head(), next);
}

#[test]
fn a_fallback_branch_loses_no_commit_and_is_never_a_checked_out_one() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    fixture.git(&["branch", "old", from.as_str()]);
    let own = fixture.commit("the person's own");
    fixture.git(&["branch", "own", own.as_str()]);
    let linked = fixture.path("linked");
    fixture.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "linked",
        linked.to_str().unwrap(),
        from.as_str(),
    ]);
    for (wished, expected) in [
        ("old", "old"),
        ("own", "own-2"),
        ("main", "main-2"),
        ("linked", "linked-2"),
        ("f/r", "f/r"),
    ] {
        for _ in 0..2 {
            let left = fixture.checkout().advance(&hub, Some(&from), &to, wished).unwrap();
            let Advance::LeftOnBranch { branch, .. } = left else { panic!("moved") };
            assert_eq!(branch, expected);
            assert_eq!(fixture.git(&["rev-parse", &format!("refs/heads/{branch}")]), to.as_str());
        }
    }
    assert_eq!(fixture.git(&["rev-parse", "own", "linked"]), format!("{own}\n{from}"));
    let error = fixture.checkout().advance(&hub, Some(&from), &to, "bad..name").unwrap_err();
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
}

#[test]
fn a_checkout_in_a_linked_worktree_moves_its_own_branch() {
    let fixture = fixture();
    let hub = fixture.hub();
    let from = fixture.head();
    let to = result(&fixture, &hub, &from);
    let linked = fixture.path("linked");
    fixture.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let checkout = Checkout::open(&linked).unwrap();
    assert_eq!(checkout.advance(&hub, Some(&from), &to, "x").unwrap(), Advance::Moved);
    assert_eq!(fixture.git(&["rev-parse", "side", "main"]), format!("{to}\n{from}"));
    assert_eq!(fixture.git_in(&linked, &["status", "--porcelain"]), "");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn line_endings_are_converted_as_the_repository_says() {
    let fixture = Fixture::with_files(&[(".gitattributes", "*.bat eol=crlf\n"), ("a.bat", "1\n")]);
    fs::remove_file(fixture.person().join("a.bat")).unwrap();
    fixture.git(&["checkout", "-q", "a.bat"]);
    assert_eq!(text_of(&fixture.person().join("a.bat")), "1\r\n");
    let hub = fixture.hub();
    let from = fixture.head();
    let to = fixture.work(&hub, &from, "w", &[("a.bat", Text("2\r\n"))]);
    assert_eq!(hub.read(&to, "a.bat", 10).unwrap().unwrap(), b"2\n");
    assert_eq!(advance(&fixture, &hub, &from, &to), Advance::Moved);
    assert_eq!(text_of(&fixture.person().join("a.bat")), "2\r\n");
    assert_eq!(fixture.git(&["status", "--porcelain"]), "");
}

#[test]
fn every_reason_can_be_told_to_a_person() {
    let many = LeftBecause::InTheWay { paths: vec!["a".into(), "b".into()], total: 5 };
    assert_eq!(many.to_string(), "uncommitted changes are in the way: `a`, `b` and 3 more");
    let now = Some("a".repeat(40).parse().unwrap());
    let moved = LeftBecause::BranchMoved { branch: "main".into(), now };
    assert_eq!(moved.to_string(), "branch `main` has moved to aaaaaaaaaaaa");
}
