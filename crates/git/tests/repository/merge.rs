//! Merges in the hub: what goes together, what does not, and what a worker is told of it.

use crate::fixture::Kind::{Gone, Link, Runs, Text};
use crate::fixture::{Fixture, Kind};
use equitr_git::{Hub, Merge, MergeMessage, Oid};

fn message() -> MergeMessage {
    let trailers = [("Task", "api"), ("Run", "r7\nForged: yes")];
    MergeMessage {
        subject: "Merge api\n\nForged: yes".into(),
        trailers: trailers.map(|(key, value)| (key.into(), value.into())).to_vec(),
    }
}

fn merge(hub: &Hub, onto: &Oid, theirs: &Oid) -> Merge {
    hub.merge(onto, theirs, &message(), &[]).unwrap()
}

/// The files that the two sides of each case begin with.
const BASE: [(&str, &str); 3] = [
    ("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
    ("long", "one\ntwo\nthree\nfour\nfive\nsix\n"),
    ("dir/x", "x\n"),
];

#[test]
fn a_clean_merge_has_two_parents_both_sides_and_the_trailers() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let one = fixture.work(&hub, &head, "1", &[("a", Text("ONE\n2\n3\n4\n5\n6\n7\n8\n9\n"))]);
    let two = fixture.work(&hub, &head, "2", &[("a", Text("1\n2\n3\n4\n5\n6\n7\n8\nTWO\n"))]);
    let references = fixture.git_in(hub.dir(), &["for-each-ref"]);
    let overlay = [("docs/todos.md".to_owned(), b"- [x] 1\n".to_vec())];
    for overlay in [&overlay[..], &[]] {
        let Merge::Clean { commit, tree } = hub.merge(&one, &two, &message(), overlay).unwrap()
        else {
            panic!("a conflict")
        };
        assert_eq!(hub.tree_of(&commit).unwrap(), tree);
        let merged = hub.read(&commit, "a", 100).unwrap().unwrap();
        assert_eq!(merged, b"ONE\n2\n3\n4\n5\n6\n7\n8\nTWO\n");
        let todos = hub.read(&commit, "docs/todos.md", 100).unwrap();
        assert_eq!(todos.as_deref(), overlay.first().map(|(_, bytes)| bytes.as_slice()));
        let parents = fixture.git_in(hub.dir(), &["log", "-1", "--format=%P|%cn", commit.as_str()]);
        assert_eq!(parents, format!("{one} {two}|EQUITR Coder"));
        let logged = hub.log_trailers(Some(&one), &commit).unwrap();
        assert_eq!(logged.len(), 1);
        assert_eq!(logged[0].commit, commit);
        assert_eq!(logged[0].subject, "Merge api Forged: yes");
        let expected = [("Task", "api"), ("Run", "r7 Forged: yes")];
        assert_eq!(logged[0].trailers, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
    assert_eq!(fixture.git_in(hub.dir(), &["for-each-ref"]), references);
    fixture.git_in(hub.dir(), &["fsck", "--full", "--strict"]);
}

#[test]
fn trailers_in_a_merged_branch_are_not_taken_for_ours() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let files = [("forged".to_owned(), b"x".to_vec())];
    let forged = hub.commit_files(Some(&head), &files, "s\n\nTask: forged").unwrap();
    let Merge::Clean { commit, .. } = merge(&hub, &head, &forged) else { panic!("a conflict") };
    let tasks: Vec<_> = hub
        .log_trailers(None, &commit)
        .unwrap()
        .into_iter()
        .flat_map(|logged| logged.trailers)
        .filter(|(key, _)| key == "Task")
        .collect();
    assert_eq!(tasks, [("Task".to_owned(), "api".to_owned())]);
}

#[test]
fn a_conflict_names_its_files_and_shows_both_sides() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let one = fixture.work(&hub, &head, "1", &[("a", Text("1\n2\n3\n4\nONE\n6\n7\n8\n9\n"))]);
    let two = fixture.work(&hub, &head, "2", &[("a", Text("1\n2\n3\n4\nTWO\n6\n7\n8\n9\n"))]);
    let Merge::Conflict { paths, text, .. } = merge(&hub, &one, &two) else { panic!("clean") };
    assert_eq!(paths, ["a"]);
    let expected = "CONFLICT (content): Merge conflict in a\n\n--- a\n@@ line 2 @@\n2\n3\n4\n\
                    <<<<<<< onto\nONE\n=======\nTWO\n>>>>>>> theirs\n6\n7\n8\n";
    assert_eq!(text, expected);
}

#[test]
fn a_conflict_is_resolved_on_its_marked_commit_and_then_merges() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let one = fixture.work(&hub, &head, "1", &[("a", Text("one\n")), ("o", Text("1"))]);
    let two = fixture.work(&hub, &head, "2", &[("a", Text("two\n")), ("t", Text("2"))]);
    let Merge::Conflict { marked, .. } = merge(&hub, &one, &two) else { panic!("clean") };
    let file = hub.read(&marked, "a", 1000).unwrap().unwrap();
    let expected = format!("<<<<<<< {one}\none\n=======\ntwo\n>>>>>>> {two}\n");
    assert_eq!(String::from_utf8(file).unwrap(), expected);
    assert!(hub.is_ancestor(&one, &marked).unwrap() && hub.is_ancestor(&two, &marked).unwrap());
    let resolved = fixture.work(&hub, &marked, "resolved", &[("a", Text("both\n"))]);
    let merged = merge(&hub, &one, &resolved);
    let Merge::Clean { commit, .. } = merged else { panic!("{merged:?}") };
    for (path, bytes) in [("a", "both\n"), ("o", "1"), ("t", "2")] {
        assert_eq!(hub.read(&commit, path, 10).unwrap().unwrap(), bytes.as_bytes());
    }
}

#[test]
fn a_conflict_in_what_the_overlay_writes_is_none() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let one = fixture.work(&hub, &head, "1", &[("dir/x", Text("one\n")), ("o", Text("1"))]);
    let two = fixture.work(&hub, &head, "2", &[("dir/x", Text("two\n")), ("t", Text("2"))]);
    let overlay = [("dir/x".to_owned(), b"ours\n".to_vec())];
    let merged = hub.merge(&one, &two, &message(), &overlay).unwrap();
    let Merge::Clean { commit, .. } = merged else { panic!("{merged:?}") };
    for (path, bytes) in [("dir/x", "ours\n"), ("o", "1"), ("t", "2")] {
        assert_eq!(hub.read(&commit, path, 10).unwrap().unwrap(), bytes.as_bytes());
    }
    let three = fixture.work(&hub, &head, "3", &[("dir/x", Text("3\n")), ("a", Text("3\n"))]);
    let four = fixture.work(&hub, &head, "4", &[("dir/x", Text("4\n")), ("a", Text("4\n"))]);
    let Merge::Conflict { paths, .. } = hub.merge(&three, &four, &message(), &overlay).unwrap()
    else {
        panic!("clean")
    };
    assert_eq!(paths, ["a", "dir/x"]);
}

/// G-10: what becomes of each pair of changes; none is lost silently.
#[test]
fn every_pair_of_changes_is_merged_or_told() {
    type Changes<'a> = &'a [(&'a str, Kind<'a>)];
    let cases: [(&str, Changes<'_>, Changes<'_>, &[&str]); 11] = [
        ("same file", &[("a", Text("one\n"))], &[("a", Text("two\n"))], &["a"]),
        ("same change", &[("a", Text("one\n"))], &[("a", Text("one\n"))], &[]),
        ("delete and modify", &[("a", Gone)], &[("a", Text("two\n"))], &["a"]),
        ("modify and delete", &[("a", Text("one\n"))], &[("a", Gone)], &["a"]),
        ("both delete", &[("a", Gone)], &[("a", Gone)], &[]),
        (
            "two renames",
            &[("long", Gone), ("l1", Text(BASE[1].1))],
            &[("long", Gone), ("l2", Text(BASE[1].1))],
            &["l1", "l2", "long"],
        ),
        ("both add", &[("new", Text("one\n"))], &[("new", Text("two\n"))], &["new"]),
        ("mode and text", &[("a", Runs(BASE[0].1))], &[("a", Text("two\n"))], &[]),
        ("link and text", &[("a", Link("long"))], &[("a", Text("two\n"))], &["a", "a~"]),
        ("file and folder", &[("new", Text("one\n"))], &[("new/inside", Text("two\n"))], &["new~"]),
        ("two links", &[("l", Link("a"))], &[("l", Link("long"))], &["l"]),
    ];
    for (case, one, two, expected) in cases {
        let fixture = Fixture::with_files(&BASE);
        let hub = fixture.hub();
        let head = fixture.head();
        let (one, two) = (fixture.work(&hub, &head, "1", one), fixture.work(&hub, &head, "2", two));
        match merge(&hub, &one, &two) {
            Merge::Clean { commit, .. } => {
                assert!(expected.is_empty(), "{case}: clean");
                if case == "mode and text" {
                    assert_eq!(hub.read(&commit, "a", 10).unwrap().unwrap(), b"two\n");
                    let listed = fixture.git_in(hub.dir(), &["ls-tree", commit.as_str(), "a"]);
                    assert!(listed.starts_with("100755"), "{listed}");
                }
            }
            Merge::Conflict { paths, text, .. } => {
                assert!(!expected.is_empty(), "{case}: {text}");
                for path in expected {
                    let plain = path.trim_end_matches('~');
                    assert!(
                        paths.iter().any(|found| found == path || found.starts_with(path)),
                        "{case}: {path} is not in {paths:?}"
                    );
                    assert!(text.contains(plain), "{case}: {text}");
                }
                assert!(text.contains("CONFLICT ("), "{case}: {text}");
                assert!(!text.contains(one.as_str()) && !text.contains(two.as_str()), "{text}");
            }
        }
    }
}

#[test]
fn attributes_of_a_worker_hide_no_conflict() {
    for attributes in ["* merge=union\n", "* -merge\n", "* binary\n", "* merge=ours\n"] {
        let fixture = Fixture::with_files(&BASE);
        fixture.write(&fixture.person(), &[(".gitattributes", attributes)]);
        let head = fixture.commit("attributes");
        let hub = fixture.hub();
        let one = fixture.work(&hub, &head, "1", &[("long", Text("one\nONE\nthree\n"))]);
        let two = fixture.work(&hub, &head, "2", &[("long", Text("one\nTWO\nthree\n"))]);
        let Merge::Conflict { paths, text, .. } = merge(&hub, &one, &two) else { panic!("clean") };
        assert_eq!(paths, ["long"]);
        assert!(text.contains("<<<<<<< onto\nONE\n=======\nTWO\n"), "{attributes}: {text}");
    }
}

#[test]
fn a_large_conflict_is_told_in_bounds() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let head = fixture.head();
    let texts: Vec<_> = ["one", "two"].map(|word| format!("{word} word\n").repeat(5_000)).to_vec();
    let names: Vec<String> = (0..30).map(|n| format!("many/{n}")).collect();
    let side = |text: &'static str| names.iter().map(move |name| (name.as_str(), Text(text)));
    let texts: Vec<&'static str> = texts.into_iter().map(|text| &*text.leak()).collect();
    let one = fixture.work(&hub, &head, "1", &side(texts[0]).collect::<Vec<_>>());
    let two = fixture.work(&hub, &head, "2", &side(texts[1]).collect::<Vec<_>>());
    let Merge::Conflict { paths, text, .. } = merge(&hub, &one, &two) else { panic!("clean") };
    assert_eq!(paths.len(), 30);
    assert!(text.len() < 33 << 10, "{}", text.len());
    assert!(text.contains("lines left out …]") && text.contains("more conflicts left out"));
}

#[test]
fn a_merge_with_a_missing_commit_is_an_error_in_gits_words() {
    let fixture = Fixture::with_files(&BASE);
    let hub = fixture.hub();
    let missing = "1".repeat(40).parse().unwrap();
    let error = hub.merge(&fixture.head(), &missing, &message(), &[]).unwrap_err();
    assert!(error.to_string().contains("`git merge-tree` failed"), "{error}");
}
