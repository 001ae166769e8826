//! Poisoned output: what a worker's work would hide from who reviews or merges it (MRG-01 to 07).
//! Each trick is first seen to work on plain git in a checkout of the worker's branch.

use crate::fixture::Kind::{Gone, Link, Runs, Text};
use crate::fixture::{Fixture, files_of, put, text_of};
use equitr_git::{Advance, Flag, Hub, Merge, MergeMessage, Oid};
use std::fs;

fn merge(hub: &Hub, onto: &Oid, theirs: &Oid) -> Merge {
    hub.merge(onto, theirs, &MergeMessage { subject: "m".into(), trailers: vec![] }, &[]).unwrap()
}

/// The flags of each changed path that has any.
fn flags(hub: &Hub, base: &Oid, result: &Oid) -> Vec<(String, Vec<Flag>)> {
    let changes = hub.changes(Some(base), result).unwrap();
    let flagged = changes.listed.into_iter().filter(|changed| !changed.flags.is_empty());
    flagged.map(|changed| (changed.path.display().to_string(), changed.flags)).collect()
}

#[test]
fn mrg_01_attributes_of_a_worker_hide_no_change() {
    let fixture = Fixture::with_files(&[("a.rs", "one\n")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    for attributes in
        ["* -diff\n", "* binary\n", "*.rs diff=none\n[attr]none -text -diff\n* none\n"]
    {
        let hidden = "one\nbackdoor\u{202e}\n";
        let changes = [(".gitattributes", Text(attributes)), ("a.rs", Text(hidden))];
        let work = fixture.work(&hub, &head, "w", &changes);
        let checked_out = fixture.path("worktrees/w");
        if !attributes.contains("none") {
            let shown = fixture.git_in(&checked_out, &["diff", head.as_str(), work.as_str()]);
            assert!(shown.contains("Binary files") && !shown.contains("backdoor"), "{shown}");
        }
        assert!(hub.diff(&head, &work, 10_000).unwrap().contains("+backdoor"), "{attributes}");
        let told = flags(&hub, &head, &work);
        let expected = Flag::HiddenCharacter { line: 2, character: '\u{202e}' };
        assert_eq!(told, [("a.rs".to_owned(), vec![expected])]);
    }
}

#[test]
fn mrg_02_merge_attributes_of_a_worker_swallow_no_conflict() {
    for attributes in ["* merge=union\n", "* merge=ours\n", "* -merge\n", "* binary\n"] {
        let fixture = Fixture::with_files(&[("long", "one\ntwo\nthree\n")]);
        let (hub, head) = (fixture.hub(), fixture.head());
        let one = fixture.work(&hub, &head, "1", &[("long", Text("one\nONE\nthree\n"))]);
        let theirs = [("long", Text("one\nTWO\nthree\n")), (".gitattributes", Text(attributes))];
        let two = fixture.work(&hub, &head, "2", &theirs);
        if attributes.contains("union") {
            let checked_out = fixture.path("worktrees/2");
            hub.reset_worktree(&checked_out, &two).unwrap();
            let (status, told) = fixture.try_git_in(&checked_out, &["merge", one.as_str()]);
            assert_eq!(status, 0, "{told}");
            assert!(text_of(&checked_out.join("long")).contains("TWO\nONE"));
        }
        for (onto, work) in [(&one, &two), (&two, &one)] {
            let Merge::Conflict { paths, text, .. } = merge(&hub, onto, work) else {
                panic!("{attributes}: clean")
            };
            assert_eq!(paths, ["long"]);
            assert!(text.contains("<<<<<<< onto\n") && text.contains("ONE"), "{text}");
        }
    }
}

#[test]
fn mrg_03_attributes_that_rewrite_text_rewrite_nothing_that_is_reviewed() {
    let fixture = Fixture::with_files(&[("a.sh", "one\n")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    let attributes = "* ident export-subst eol=crlf\n*.sh text working-tree-encoding=UTF-16LE\n";
    let script = "$Id$ $Format:%B$\nbackdoor\n";
    let files = [(".gitattributes", attributes), ("a.sh", script)];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let work = hub.commit_files(Some(&head), &files, "m").unwrap();
    // In a checkout the file is another than the one in the commit.
    fixture.git(&["fetch", "-q", hub.dir().to_str().unwrap(), "+refs/*:refs/x/*"]);
    let path = fixture.path("w");
    hub.add_worktree(&path, &work, "r").unwrap();
    assert_ne!(fs::read(path.join("a.sh")).unwrap(), script.as_bytes());
    assert_eq!(hub.read(&work, "a.sh", 1000).unwrap().unwrap(), script.as_bytes());
    assert!(hub.diff(&head, &work, 10_000).unwrap().contains("+backdoor\n"));
    // What is kept of such a checkout is what it was made of: nothing is changed by it.
    let again = hub.snapshot(&path, &work, "m", "refs/equitr/x").unwrap();
    assert!(!again.changed);
    let other = fixture.work(&hub, &head, "other", &[("b", Text("b\n"))]);
    let merged = merge(&hub, &other, &work);
    let Merge::Clean { commit, .. } = merged else { panic!("{merged:?}") };
    assert_eq!(hub.read(&commit, "a.sh", 1000).unwrap().unwrap(), script.as_bytes());
}

#[test]
fn mrg_04_conflict_markers_that_work_adds_are_told_and_a_conflict_is_no_merge() {
    let marked = "a\n<<<<<<< onto\nx\n=======\ny\n>>>>>>> theirs\n";
    let fixture = Fixture::with_files(&[("a", "1\n2\n"), ("fixture", marked), ("title", "x\n")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    let one = fixture.work(&hub, &head, "1", &[("a", Text("ONE\n2\n"))]);
    let two = fixture.work(&hub, &head, "2", &[("a", Text("TWO\n2\n"))]);
    let Merge::Conflict { marked: tree, .. } = merge(&hub, &one, &two) else { panic!("clean") };
    // Plain git commits what it marked as if it were resolved, and its merge is clean.
    let path = fixture.path("w");
    hub.add_worktree(&path, &tree, "r").unwrap();
    let careless = hub.snapshot(&path, &tree, "resolved", "refs/equitr/x").unwrap().commit;
    assert!(matches!(merge(&hub, &one, &careless), Merge::Clean { .. }));
    for (onto, work) in [(&one, &careless), (&head, &careless)] {
        let told = flags(&hub, onto, work);
        assert_eq!(told, [("a".to_owned(), vec![Flag::ConflictMarker { line: 1 }])]);
    }
    // Those that were there, moved or not, and a title's underline are nothing new.
    let more = format!("{marked}more\n");
    let changes = [
        ("fixture", Gone),
        ("moved/fixture", Text(more.as_str())),
        ("title", Text("Title\n=======\n")),
    ];
    let moved = fixture.work(&hub, &head, "moved", &changes);
    assert_eq!(flags(&hub, &head, &moved), []);
    let kept = fixture.work(&hub, &head, "kept", &[("fixture", Text(more.as_str()))]);
    assert_eq!(flags(&hub, &head, &kept), []);
    let copied = fixture.work(&hub, &head, "copied", &[("b/fixture", Text(marked))]);
    let expected = vec![Flag::ConflictMarker { line: 2 }];
    assert_eq!(flags(&hub, &head, &copied), [("b/fixture".to_owned(), expected)]);
}

#[test]
fn mrg_05_links_out_of_the_tree_are_told_and_never_followed() {
    let fixture = Fixture::with_files(&[("a", "1\n"), ("d/x", "1\n")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    let outside = fixture.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("x"), "mine").unwrap();
    let target = outside.to_str().unwrap();
    let links = [("d", Gone), ("d", Link(target)), ("in", Link("a")), ("up", Link("../outside"))];
    let work = fixture.work(&hub, &head, "w", &links);
    let link = |target: &str, leads_out| vec![Flag::Link { target: target.into(), leads_out }];
    let expected = [
        ("d".to_owned(), link(target, true)),
        ("in".to_owned(), link("a", false)),
        ("up".to_owned(), link("../outside", true)),
    ];
    assert_eq!(flags(&hub, &head, &work), expected);
    assert_eq!(hub.read(&work, "d", 1000).unwrap().unwrap(), target.as_bytes());
    let advance = |from: &Oid, to: &Oid| {
        let advance = fixture.checkout().advance(&hub, Some(from), to, "left").unwrap();
        assert_eq!(advance, Advance::Moved);
        assert_eq!(files_of(&outside).len(), 1);
        assert_eq!(text_of(&outside.join("x")), "mine");
    };
    // As if killed when the link was there already and its file is to go; one like it is outside.
    fs::remove_dir_all(fixture.person().join("d")).unwrap();
    put(&fixture.person(), "d", &Link(target));
    fs::write(outside.join("x"), "1\n").unwrap();
    let again = fixture.checkout().advance(&hub, Some(&head), &work, "left").unwrap();
    assert_eq!((again, text_of(&outside.join("x")).as_str()), (Advance::Moved, "1\n"));
    fs::write(outside.join("x"), "mine").unwrap();
    advance(&head, &work);
    assert_eq!(fs::read_link(fixture.person().join("d")).unwrap(), outside);
    // A program that knows no better writes through it.
    put(&fixture.person(), "d/through", &Text("out"));
    assert!(outside.join("through").exists());
    fs::remove_file(outside.join("through")).unwrap();
    let back = [("d", Gone), ("d/x", Text("2\n")), ("up", Text("2\n"))];
    let files = fixture.work(&hub, &work, "back", &back);
    advance(&work, &files);
    assert_eq!(text_of(&fixture.person().join("d/x")), "2\n");
    hub.reset_worktree(&fixture.path("worktrees/w"), &files).unwrap();
    hub.reset_worktree(&fixture.path("worktrees/back"), &work).unwrap();
    assert_eq!(text_of(&outside.join("x")), "mine");
}

#[test]
fn mrg_06_submodules_and_files_that_may_be_run_are_told() {
    let files = [("a", "1\n"), ("tool", "1\n")];
    let fixture = Fixture::with_files(&files);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    hub.add_worktree(&path, &head, "r").unwrap();
    fs::create_dir(path.join("s")).unwrap();
    let entry = format!("160000,{head},s");
    fixture.git_in(&path, &["update-index", "--add", "--cacheinfo", &entry]);
    put(&path, "tool", &Runs("1\n"));
    put(&path, "new", &Runs("2\n"));
    // To a person's `diff` with settings as many have, the submodule is nothing new.
    let ignoring = ["-c", "diff.ignoreSubmodules=all", "diff", "--name-only"];
    let work = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().commit;
    let shown = fixture.git_in(&path, &[&ignoring[..], &[head.as_str(), work.as_str()]].concat());
    assert_eq!(shown, "new\ntool");
    let told = flags(&hub, &head, &work);
    let expected = [
        ("new".to_owned(), vec![Flag::Executable]),
        ("s".to_owned(), vec![Flag::Submodule]),
        ("tool".to_owned(), vec![Flag::Executable]),
    ];
    assert_eq!(told, expected);
    // Merged, it is told as well.
    let other = fixture.work(&hub, &head, "other", &[("b", Text("b\n"))]);
    let Merge::Clean { commit, .. } = merge(&hub, &other, &work) else { panic!("a conflict") };
    assert_eq!(flags(&hub, &other, &commit), expected);
}

#[test]
fn mrg_07_text_that_shows_as_another_is_told_where_it_is_new() {
    let old = "if admin\u{202e} {\nx\n";
    let fixture = Fixture::with_files(&[("old", old), ("a", "a\n")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    let more = format!("{old}y\n");
    let tag = "ok\nspeak \u{e0041}friend\n";
    let zero = "z\0\n\u{200b}\n";
    let changes = [("old", Text(&more)), ("a", Text(tag)), ("zero", Text(zero))];
    let work = fixture.work(&hub, &head, "w", &changes);
    // Git shows the characters as they are, and the other file not at all.
    let shown = fixture.git_in(&fixture.path("worktrees/w"), &["show", work.as_str()]);
    assert!(shown.contains("speak \u{e0041}friend") && shown.contains("Binary files"));
    let hidden = |line, character| vec![Flag::HiddenCharacter { line, character }];
    let expected =
        [("a".to_owned(), hidden(2, '\u{e0041}')), ("zero".to_owned(), hidden(2, '\u{200b}'))];
    assert_eq!(flags(&hub, &head, &work), expected);
}
