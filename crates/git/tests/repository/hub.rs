//! The hub: making it, its references and its commits.

use crate::fixture::{Fixture, everything};
use equitr_git::{Checkout, GitError, Hub, Swap};
use std::fs;

fn file(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

#[test]
fn a_hub_has_the_persons_commits_and_none_of_their_settings() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    fixture.git(&["config", "alias.boom", "!false"]);
    let before = everything(&fixture.person());
    let hub = fixture.hub();
    assert_eq!(everything(&fixture.person()), before);
    assert_eq!(hub.resolve("refs/heads/main").unwrap(), Some(fixture.head()));
    let config = fs::read_to_string(hub.dir().join("config")).unwrap();
    assert!(!config.contains("boom") && !config.contains("remote"), "{config}");
    assert!(!hub.dir().join("hooks").exists());
    assert_eq!(Hub::open(hub.dir()).unwrap(), hub);
    assert_eq!(fixture.hub(), hub);
}

#[test]
fn a_hub_does_not_need_the_persons_objects_any_more() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let shared = fixture.path("shared");
    let person = fixture.person();
    fixture.git_in(&person, &["clone", "-q", "--shared", ".", shared.to_str().unwrap()]);
    let borrowing = Checkout::open(&shared).unwrap();
    let hub = fixture.hub();
    let second = Hub::create(&fixture.path("second.git"), Some(&borrowing)).unwrap();
    let head = fixture.head();
    fs::remove_dir_all(&person).unwrap();
    fs::remove_dir_all(&shared).unwrap();
    for hub in [hub, second] {
        assert_eq!(hub.read(&head, "a", 10).unwrap().unwrap(), b"a");
        fixture.git_in(hub.dir(), &["fsck", "--full", "--strict"]);
    }
}

#[test]
fn a_detached_commit_on_no_branch_is_in_the_hub() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    fixture.git(&["checkout", "-q", "--detach"]);
    fixture.write(&fixture.person(), &[("b", "b")]);
    let commit = fixture.commit("on no branch");
    assert_eq!(fixture.hub().read(&commit, "b", 10).unwrap().unwrap(), b"b");
}

#[test]
fn a_repository_by_sha_256_gives_a_hub_of_its_kind() {
    let fixture = Fixture::empty();
    let person = fixture.person();
    fs::create_dir(&person).unwrap();
    fixture.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    let unborn = Hub::create(&fixture.path("unborn.git"), Some(&fixture.checkout())).unwrap();
    let commit = unborn.commit_files(None, &[file("a", "a")], "first").unwrap();
    assert_eq!(commit.as_str().len(), 64);
    fixture.write(&person, &[("a", "a")]);
    let head = fixture.commit("first");
    let hub = fixture.hub();
    let next = hub.commit_files(Some(&head), &[file("b", "b")], "second").unwrap();
    assert_eq!(hub.changed_paths(&head, &next).unwrap(), [('A', "b".to_owned())]);
    assert_eq!(hub.update_ref("refs/equitr/x", &next, None).unwrap(), Swap::Done);
    fixture.checkout().advance(&hub, Some(&head), &next, "x").unwrap();
    assert_eq!(fixture.head(), next);
}

#[test]
fn without_a_checkout_or_commits_a_hub_starts_empty() {
    let fixture = Fixture::empty();
    let checkout = Checkout::open_or_init(&fixture.person()).unwrap();
    for (name, checkout) in [("a.git", None), ("b.git", Some(&checkout))] {
        let hub = Hub::create(&fixture.path(name), checkout).unwrap();
        assert_eq!(hub.resolve("refs/heads/main").unwrap(), None);
        let commit = hub.commit_files(None, &[file("docs/a.md", "hello")], "first").unwrap();
        assert_eq!(hub.read(&commit, "docs/a.md", 10).unwrap().unwrap(), b"hello");
    }
}

#[test]
fn half_a_hub_is_made_anew_and_a_strange_folder_is_left_alone() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let partial = fixture.path("hub.git.partial");
    fs::create_dir_all(partial.join("objects/pack")).unwrap();
    fs::write(partial.join("HEAD"), "half").unwrap();
    assert!(matches!(Hub::open(&partial).unwrap_err(), GitError::NotAHub { .. }));
    let hub = fixture.hub();
    assert!(!partial.exists());
    fixture.git_in(hub.dir(), &["fsck", "--full"]);
    let strange = fixture.path("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("precious"), "x").unwrap();
    let error = Hub::create(&strange, None).unwrap_err();
    assert!(matches!(error, GitError::NotAHub { .. }), "{error:?}");
    assert_eq!(fs::read(strange.join("precious")).unwrap(), b"x");
}

#[test]
fn files_are_committed_over_the_parents_tree() {
    let fixture = Fixture::with_files(&[("a", "a"), ("dir/b", "b"), ("thing", "file")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let odd = "d \"q\" \\ ü\t/x";
    let files = [file("dir/b", "new"), file(odd, "odd\0\n"), file("thing/now/folder", "")];
    let commit = hub.commit_files(Some(&head), &files, "Subject\n\nBody: \"x\"").unwrap();
    let read = |path: &str| hub.read(&commit, path, 100).unwrap();
    assert_eq!(read("a").unwrap(), b"a");
    assert_eq!(read("dir/b").unwrap(), b"new");
    assert_eq!(read(odd).unwrap(), b"odd\0\n");
    assert_eq!(read("thing/now/folder").unwrap(), b"");
    assert_eq!(read("thing"), None);
    let shown =
        fixture.git_in(hub.dir(), &["log", "-1", "--format=%an <%ae>|%P|%B", commit.as_str()]);
    let expected = format!("EQUITR Coder <equitrcoder@localhost>|{head}|Subject\n\nBody: \"x\"");
    assert_eq!(shown, expected);
    let at: i64 =
        fixture.git_in(hub.dir(), &["log", "-1", "--format=%ct", commit.as_str()]).parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((now.as_secs() as i64 - at).abs() < 600);
    let references = fixture.git_in(hub.dir(), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(references, "refs/heads/main");
    fixture.git_in(hub.dir(), &["fsck", "--full", "--strict"]);
}

#[test]
fn a_path_that_leaves_the_tree_or_is_gits_own_is_refused() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    for path in
        ["", "/etc/x", "../x", "a/../../x", ".git/config", "sub/.GIT/x", "a//b", "x\ny", "."]
    {
        let error = hub.commit_files(None, &[file(path, "x")], "m").unwrap_err();
        assert!(matches!(error, GitError::BadPath { .. }), "{path:?}: {error:?}");
    }
}

#[test]
fn a_reference_is_swapped_only_from_where_it_is_expected() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    let name = "refs/equitr/run/integration";
    let commit = |text: &str| hub.commit_files(None, &[file("a", text)], text).unwrap();
    let (one, two, three) = (commit("1"), commit("2"), commit("3"));
    assert_eq!(hub.update_ref(name, &one, Some(&two)).unwrap(), Swap::Moved { now: None });
    assert_eq!(hub.update_ref(name, &one, None).unwrap(), Swap::Done);
    assert_eq!(hub.update_ref(name, &one, None).unwrap(), Swap::Done);
    assert_eq!(hub.update_ref(name, &two, None).unwrap(), Swap::Moved { now: Some(one.clone()) });
    assert_eq!(hub.update_ref(name, &two, Some(&one)).unwrap(), Swap::Done);
    assert_eq!(hub.update_ref(name, &two, Some(&one)).unwrap(), Swap::Done);
    let moved = Swap::Moved { now: Some(two.clone()) };
    assert_eq!(hub.update_ref(name, &three, Some(&one)).unwrap(), moved);
    assert_eq!(hub.resolve(name).unwrap(), Some(two));
    hub.set_ref(name, &three).unwrap();
    assert_eq!(hub.resolve(name).unwrap(), Some(three));
}

#[test]
fn of_many_swaps_at_once_exactly_one_wins() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    let head = fixture.head();
    hub.set_ref("refs/equitr/x", &head).unwrap();
    let commits: Vec<_> = (0..8)
        .map(|n| hub.commit_files(Some(&head), &[file("n", &n.to_string())], "n").unwrap())
        .collect();
    let (hub, head) = (&hub, &head);
    let swaps: Vec<_> = std::thread::scope(|scope| {
        let swap = |new| move || hub.update_ref("refs/equitr/x", new, Some(head));
        let threads: Vec<_> = commits.iter().map(|new| scope.spawn(swap(new))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let done: Vec<_> = swaps.iter().filter(|swap| matches!(swap, Ok(Swap::Done))).collect();
    assert_eq!(done.len(), 1, "{swaps:?}");
    assert!(commits.contains(&hub.resolve("refs/equitr/x").unwrap().unwrap()));
}

#[test]
fn what_is_no_reference_is_refused() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    for name in ["main", "-d", "HEAD", "refs/x y", "refs/x^{tree}", "refs/a..b", "refs/x\n"] {
        let error = hub.resolve(name).unwrap_err();
        assert!(matches!(error, GitError::BadReference { .. }), "{name}: {error:?}");
    }
    assert_eq!(hub.resolve("refs/equitr/none").unwrap(), None);
}

#[test]
fn ancestors_and_trees_are_known() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    let head = fixture.head();
    let next = hub.commit_files(Some(&head), &[file("b", "b")], "next").unwrap();
    let same = hub.commit_files(Some(&next), &[file("b", "b")], "same").unwrap();
    assert!(hub.is_ancestor(&head, &next).unwrap());
    assert!(hub.is_ancestor(&head, &head).unwrap());
    assert!(!hub.is_ancestor(&next, &head).unwrap());
    assert_eq!(hub.tree_of(&next).unwrap(), hub.tree_of(&same).unwrap());
    assert_ne!(hub.tree_of(&next).unwrap(), hub.tree_of(&head).unwrap());
    assert!(hub.tree_of(&"1".repeat(40).parse().unwrap()).is_err());
}

#[test]
fn locks_that_killed_processes_left_are_removed() {
    let fixture = Fixture::with_files(&[("a", "a")]);
    let hub = fixture.hub();
    hub.set_ref("refs/equitr/x", &fixture.head()).unwrap();
    for lock in ["refs/equitr/x.lock", "packed-refs.lock"] {
        fs::write(hub.dir().join(lock), "").unwrap();
    }
    let next = hub.commit_files(None, &[file("b", "b")], "next").unwrap();
    let error = hub.set_ref("refs/equitr/x", &next).unwrap_err();
    assert!(error.to_string().contains("x.lock"), "{error}");
    assert_eq!(hub.remove_stale_locks().unwrap().len(), 2);
    hub.set_ref("refs/equitr/x", &next).unwrap();
    assert!(hub.remove_stale_locks().unwrap().is_empty());
}

#[test]
fn differences_are_text_whatever_the_attributes_say_and_cut_where_they_are_long() {
    let fixture = Fixture::with_files(&[("a.rs", "old\n"), ("gone", "x\n"), ("kind", "x\n")]);
    let hub = fixture.hub();
    let head = fixture.head();
    use crate::fixture::Kind::{Gone, Link, Runs, Text};
    let next = fixture.work(
        &hub,
        &head,
        "w",
        &[
            (".gitattributes", Text("* -diff binary\n*.rs diff=evil\n")),
            ("a.rs", Runs("new\0zero\n")),
            ("gone", Gone),
            ("kind", Link("a.rs")),
        ],
    );
    let diff = hub.diff(&head, &next, 100_000).unwrap();
    assert!(diff.contains("-old\n+new\0zero\n"), "{diff}");
    assert!(!diff.contains("Binary files"), "{diff}");
    let mut changed = hub.changed_paths(&head, &next).unwrap();
    changed.sort();
    let expected = [('A', ".gitattributes"), ('D', "gone"), ('M', "a.rs"), ('T', "kind")]
        .map(|(s, p)| (s, p.to_owned()));
    assert_eq!(changed, expected);
    let cut = hub.diff(&head, &next, 200).unwrap();
    assert!(cut.len() < 300 && cut.contains("bytes left out …]\n"), "{cut}");
    let kept = cut.rsplit_once("[…").unwrap().0;
    assert!(diff.starts_with(kept) && kept.ends_with('\n'), "{cut}");
    assert_eq!(hub.diff(&head, &head, 100).unwrap(), "");
}

#[test]
fn the_contents_below_a_folder_are_told_by_their_names() {
    let fixture = Fixture::with_files(&[("a", "same"), ("dir/b", "same"), ("dir/sub/c", "other")]);
    std::os::unix::fs::symlink("b", fixture.person().join("dir/link")).unwrap();
    let head = fixture.commit("link");
    let hub = fixture.hub();
    let found = hub.contents(&head, "dir").unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["dir/b", "dir/sub/c"], "a link is no file");
    let next = hub.commit_files(Some(&head), &[file("dir/sub/c", "same")], "next").unwrap();
    let later = hub.contents(&next, "dir").unwrap();
    assert_eq!(later["dir/b"], found["dir/b"]);
    assert_ne!(later["dir/sub/c"], found["dir/sub/c"]);
    assert_eq!(later["dir/sub/c"], found["dir/b"], "what is the same has one name");
    assert!(hub.contents(&head, "nowhere").unwrap().is_empty());
}
