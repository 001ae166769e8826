//! What differs between two commits, as a reviewer needs it.

use crate::fixture::Kind::{Gone, Link, Runs, Text};
use crate::fixture::{Fixture, put};
use equitr_git::{ChangeKind, Flag, Hub};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

#[test]
fn every_path_is_listed_with_what_became_of_it() {
    let files = [("changed", "1"), ("gone", "1"), ("same", "1"), ("turned", "1"), ("runs", "1")];
    let fixture = Fixture::with_files(&files);
    let (hub, head) = (fixture.hub(), fixture.head());
    let changes = [
        ("changed", Text("2")),
        ("gone", Gone),
        ("new/file", Text("1")),
        ("turned", Link("same")),
        ("runs", Runs("1")),
    ];
    let work = fixture.work(&hub, &head, "w", &changes);
    let found = hub.changes(Some(&head), &work).unwrap();
    assert_eq!(found.total, 5);
    let link = Flag::Link { target: "same".into(), leads_out: false };
    let told: Vec<_> = found
        .listed
        .iter()
        .map(|c| (c.path.to_str().unwrap(), c.kind, c.flags.as_slice()))
        .collect();
    let expected: [(&str, ChangeKind, &[Flag]); 5] = [
        ("changed", ChangeKind::Modified, &[]),
        ("gone", ChangeKind::Deleted, &[]),
        ("new/file", ChangeKind::Added, &[]),
        ("runs", ChangeKind::Modified, &[Flag::Executable]),
        ("turned", ChangeKind::Modified, &[link]),
    ];
    assert_eq!(told, expected);
    let back = hub.changes(Some(&work), &head).unwrap();
    assert_eq!(back.total, 5);
    assert!(back.listed.iter().all(|changed| changed.flags.is_empty()), "{back:?}");
    assert_eq!(hub.changes(Some(&work), &work).unwrap().total, 0);
}

#[test]
fn without_a_base_everything_is_new() {
    let fixture = Fixture::with_files(&[("a", "1"), ("d/b", "\u{200b}")]);
    let (hub, head) = (fixture.hub(), fixture.head());
    let found = hub.changes(None, &head).unwrap();
    assert_eq!(found.total, 2);
    assert!(found.listed.iter().all(|changed| changed.kind == ChangeKind::Added));
    assert_eq!(found.listed[1].flags.len(), 1);
    let empty = Hub::create(&fixture.path("empty.git"), None).unwrap();
    let first = empty.commit_files(None, &[("x".into(), vec![])], "m").unwrap();
    assert_eq!(empty.changes(None, &first).unwrap().total, 1);
}

#[test]
fn names_and_targets_are_bytes_and_need_not_be_text() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    hub.add_worktree(&path, &head, "r").unwrap();
    let name = Path::new(OsStr::from_bytes(b"n\xff\n\t\"x"));
    let target = Path::new(OsStr::from_bytes(b"/t\xfe\n"));
    std::os::unix::fs::symlink(target, path.join(name)).unwrap();
    let work = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().commit;
    let found = hub.changes(Some(&head), &work).unwrap();
    assert_eq!(found.listed[0].path, name);
    assert_eq!(found.listed[0].flags, [Flag::Link { target: target.into(), leads_out: true }]);
}

#[test]
fn large_binaries_are_told_and_what_is_too_large_is_not_looked_into() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let head = fixture.head();
    let person = fixture.person();
    let mut bytes = vec![0xff; (1 << 20) + 1];
    bytes[7] = 0;
    fs::write(person.join("binary"), &bytes).unwrap();
    fs::write(person.join("small"), &bytes[..1 << 20]).unwrap();
    let text = "a line of text\n".repeat(80_000);
    put(&person, "text", &Text(&format!("{text}\u{200b}\n")));
    fs::File::create(person.join("huge")).unwrap().set_len((16 << 20) + 1).unwrap();
    let work = fixture.commit("large");
    let found = fixture.hub().changes(Some(&head), &work).unwrap();
    let flags: Vec<_> = found.listed.into_iter().map(|changed| changed.flags).collect();
    let expected = [
        vec![Flag::LargeBinary { bytes: (1 << 20) + 1 }],
        vec![Flag::LargeBinary { bytes: (16 << 20) + 1 }, Flag::NotLookedInto],
        vec![],
        vec![Flag::HiddenCharacter { line: 80_001, character: '\u{200b}' }],
    ];
    assert_eq!(flags, expected);
}

#[test]
fn a_commit_that_is_missing_is_an_error() {
    let fixture = Fixture::with_files(&[("a", "1")]);
    let missing = "1".repeat(40).parse().unwrap();
    assert!(fixture.hub().changes(Some(&fixture.head()), &missing).is_err());
}
