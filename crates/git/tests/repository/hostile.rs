//! What a worker can put into its worktree to have our git run or reach something (GIT-S05, S06,
//! S08). Each attack is first seen to work on plain git, or on a program that knows no better.

use crate::fixture::{Fixture, Kind, everything, files_of, put, text_of};
use crate::trap::{Trap, arm_hooks};
use equitr_git::{Advance, Checkout, GitError, Oid};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const FILES: [(&str, &str); 3] =
    [(".gitattributes", "*.evil filter=evil diff=evil\n"), ("a.evil", "1\n"), ("plain", "1\n")];

/// A repository whose configuration and hooks spring the trap.
fn evil_repository(fixture: &Fixture, at: &Path, trap: &Trap) {
    fixture.git(&["clone", "-q", ".", at.to_str().unwrap()]);
    for key in ["core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external"] {
        fixture.git_in(at, &["config", key, &trap.command]);
    }
    arm_hooks(&at.join(".git/hooks"), trap);
    trap.reset();
}

#[test]
fn git_s05_a_nested_repository_is_refused_before_git_sees_it() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    // Plain git keeps it as a submodule and looks into it ever after.
    evil_repository(&fixture, &fixture.person().join("nested"), &trap);
    fixture.try_git(&["add", "nested"]);
    trap.assert_springs(|| fixture.try_git(&["status"]));
    hub.add_worktree(&path, &head, "r").unwrap();
    evil_repository(&fixture, &path.join("deep/down/nested"), &trap);
    let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
    assert!(error.to_string().contains("deep/down/nested/.git"), "{error}");
    hub.reset_worktree(&path, &head).unwrap();
    hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
    assert_eq!(trap.sprung(), "");
    assert!(!path.join("deep").exists());
}

#[test]
fn git_s05_a_nested_git_of_any_kind_and_spelling_is_refused_by_name() {
    let fixture = Fixture::with_files(&FILES);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    type Make<'a> = &'a dyn Fn(&Path);
    let folder: Make<'_> = &|at| fs::create_dir_all(at).unwrap();
    let file: Make<'_> = &|at| fs::write(at, "gitdir: /tmp\n").unwrap();
    let link: Make<'_> = &|at| symlink("/nowhere", at).unwrap();
    let mut cases = vec![(".Git", folder), (".gIT", link), ("git~1", folder), (".git ", folder)];
    for name in [".git", ".GIT", "GIT~1", ".g\u{200c}it", ".git.", ".git::$INDEX_ALLOCATION"] {
        cases.extend([(name, folder), (name, file), (name, link)]);
    }
    for (number, (name, make)) in cases.into_iter().enumerate() {
        let nested = match number {
            0..4 => name.to_owned(),
            _ if number % 2 == 0 => format!("x/{name}"),
            _ => format!("x/{}{name}", "y/".repeat(40)),
        };
        hub.add_worktree(&path, &head, "r").unwrap();
        let at = path.join(&nested);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        make(&at);
        let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
        let GitError::NestedRepository { path: named } = &error else { panic!("{error:?}") };
        assert_eq!(named, Path::new(&nested));
        assert!(error.to_string().contains(&nested));
    }
    assert_eq!(hub.resolve("refs/equitr/x").unwrap(), None);
}

#[test]
fn git_s06_a_replaced_git_of_a_worktree_has_no_effect() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    let evil = fixture.path("evil");
    evil_repository(&fixture, &evil, &trap);
    hub.add_worktree(&path, &head, "r").unwrap();
    let pointer = format!("gitdir: {}/.git\n", evil.display());
    let replace: [&dyn Fn(&Path); 3] = [
        &|at| assert!(copy(&evil.join(".git"), at)),
        &|at| fs::write(at, &pointer).unwrap(),
        &|at| symlink(evil.join(".git"), at).unwrap(),
    ];
    for (number, replace) in replace.into_iter().enumerate() {
        fs::remove_file(path.join(".git")).unwrap();
        replace(&path.join(".git"));
        trap.assert_springs(|| fixture.try_git_in(&path, &["status"]));
        assert!(!hub.worktree_is_sound(&path));
        fixture.write(&path, &[("a.evil", &format!("{number}\n")), ("new", "x")]);
        let snapshot = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap();
        assert_eq!(hub.read(&snapshot.commit, "new", 10).unwrap().unwrap(), b"x");
        assert!(hub.worktree_is_sound(&path));
        assert_eq!(trap.sprung(), "");
    }
    fs::remove_file(path.join(".git")).unwrap();
    hub.reset_worktree(&path, &head).unwrap();
    assert!(hub.worktree_is_sound(&path));
    assert_eq!(trap.sprung(), "");
}

fn copy(from: &Path, to: &Path) -> bool {
    Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success()
}

#[test]
fn git_s06_a_git_in_the_worktree_is_not_the_one_that_runs() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (hub, head) = (fixture.hub(), fixture.head());
    let script = format!("#!/bin/sh\nexec {}\n", trap.command);
    let changes = [("git", Kind::Runs(script.as_str())), ("x", Kind::Text("x"))];
    let commit = fixture.work(&hub, &head, "w", &changes);
    assert_ne!(commit, head);
    assert_eq!(trap.sprung(), "");
    let found_here = "PATH=.:$PATH git status";
    trap.assert_springs(|| {
        let mut shell = Command::new("sh");
        shell.args(["-c", found_here]).current_dir(fixture.path("worktrees/w")).output()
    });
}

#[test]
fn git_s08_submodules_of_a_worker_are_told_and_nothing_of_theirs_is_run() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    let modules = format!(
        "[submodule \"s\"]\n\tpath = s\n\turl = ext::{0} url\n\tupdate = !{0}\n",
        trap.command
    );
    hub.add_worktree(&path, &head, "r").unwrap();
    fixture.write(&path, &[(".gitmodules", &modules)]);
    fs::create_dir(path.join("s")).unwrap();
    // A worker without a sandbox can have an entry for it in the index.
    let entry = format!("160000,{head},s");
    fixture.git_in(&path, &["update-index", "--add", "--cacheinfo", &entry]);
    let work = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().commit;
    let changes = hub.changes(Some(&head), &work).unwrap();
    let told: Vec<_> =
        changes.listed.iter().map(|c| (c.path.to_str().unwrap(), c.flags.len())).collect();
    assert_eq!(told, [(".gitmodules", 0), ("s", 1)]);
    assert_eq!(changes.listed[1].flags, [equitr_git::Flag::Submodule]);
    hub.reset_worktree(&path, &work).unwrap();
    let advance = fixture.checkout().advance(&hub, Some(&head), &work, "left").unwrap();
    assert!(matches!(advance, Advance::LeftOnBranch { .. }), "{advance:?}");
    assert_eq!(trap.sprung(), "");
    // Whoever checks it out and asks for its submodules gets what it says.
    // (A git that is up to date refuses the `update` by itself.)
    fixture.git(&["checkout", "-q", "left"]);
    let url_alone: String = modules.lines().take(3).map(|line| format!("{line}\n")).collect();
    fixture.write(&fixture.person(), &[(".gitmodules", &url_alone)]);
    let update = ["-c", "protocol.ext.allow=always", "submodule", "update", "--init", "--checkout"];
    trap.assert_springs_with("url", || fixture.try_git(&update));
    // A link in the place of `.gitmodules` is refused by name.
    hub.add_worktree(&path, &head, "r").unwrap();
    put(&path, "d/.GitModules", &Kind::Link("../plain"));
    let error = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap_err();
    assert!(error.to_string().contains("d/.GitModules"), "{error}");
}

#[test]
fn git_s08_alternates_grafts_and_replacements_of_a_worktree_are_not_read() {
    let fixture = Fixture::with_files(&FILES);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    let other = fixture.path("other");
    fixture.git(&["clone", "-q", ".", other.to_str().unwrap()]);
    fixture.write(&other, &[("plain", "forged\n")]);
    fixture.git_in(&other, &["commit", "-q", "-a", "-m", "forged"]);
    let forged: Oid = fixture.git_in(&other, &["rev-parse", "HEAD"]).parse().unwrap();
    fixture.git_in(&other, &["replace", head.as_str(), forged.as_str()]);
    fs::write(other.join(".git/info/grafts"), format!("{forged}\n")).unwrap();
    let alternates = format!("{}\n", fixture.person().join(".git/objects").display());
    fs::write(other.join(".git/objects/info/alternates"), alternates).unwrap();
    // To plain git the old commit now has the new one's files, and the new one no parent.
    let shown = fixture.git_in(&other, &["show", &format!("{head}:plain")]);
    assert_eq!(shown, "forged");
    assert_eq!(fixture.git_in(&other, &["rev-list", "--count", forged.as_str()]), "1");
    hub.add_worktree(&path, &head, "r").unwrap();
    fs::remove_file(path.join(".git")).unwrap();
    assert!(copy(&other.join(".git"), &path.join(".git")));
    fixture.write(&path, &[("new", "x")]);
    let work = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().commit;
    assert_eq!(hub.read(&head, "plain", 10).unwrap().unwrap(), b"1\n");
    assert_eq!(hub.read(&work, "plain", 10).unwrap().unwrap(), b"1\n");
    assert_eq!(hub.parent_of(&work).unwrap(), Some(head.clone()));
    assert!(hub.tree_of(&forged).is_err());
    // Nor are the person's own: what is merged is what the commits say.
    fixture.git(&["fetch", "-q", "--no-tags", other.to_str().unwrap(), "HEAD"]);
    fixture.git(&["replace", head.as_str(), forged.as_str()]);
    assert_eq!(fixture.git(&["show", "HEAD:plain"]), "forged");
    assert_eq!(fixture.checkout().read("plain").unwrap().unwrap(), b"1\n");
    fs::write(fixture.person().join(".git/info/grafts"), format!("{work} {forged}\n")).unwrap();
    let advance = fixture.checkout().advance(&hub, Some(&head), &work, "left").unwrap();
    assert_eq!(advance, Advance::Moved);
}

#[test]
fn git_s08_hostile_names_of_references_are_refused() {
    let fixture = Fixture::with_files(&FILES);
    let (hub, head) = (fixture.hub(), fixture.head());
    let before = everything(hub.dir());
    // What such a name does to a program that takes it for a path.
    let naive = hub.dir().join("refs/heads/../../x");
    fs::write(&naive, "").unwrap();
    assert!(hub.dir().join("x").exists());
    fs::remove_file(&naive).unwrap();
    for name in [
        "-o",
        "--upload-pack=x",
        "HEAD",
        "config",
        "refs/heads/../../x",
        "refs/heads/a\nb",
        "refs/heads/a b",
        "refs/heads/a\0b",
        "refs/heads/x@{1}^",
        "refs/heads/x:y",
        "refs/heads/*",
        "refs/heads/x.lock",
        "refs/heads/.x",
        "refs/heads/",
        "refs//heads/x/",
    ] {
        let set = hub.set_ref(name, &head);
        assert!(set.is_err(), "{name:?}");
        assert!(hub.update_ref(name, &head, None).is_err(), "{name:?}");
        assert_ne!(hub.resolve(name).ok().flatten(), Some(head.clone()), "{name:?}");
    }
    assert_eq!(everything(hub.dir()), before);
}

#[test]
fn git_s08_hostile_names_of_files_are_but_names() {
    let names: [&[u8]; 9] = [
        b"-o",
        b"--help",
        b"a\nb",
        b"a\tb\"c\\d",
        b":(glob)x",
        b"$(touch x)",
        b"\xff\xfe",
        b"d/-rf",
        b"~",
    ];
    let fixture = Fixture::with_files(&FILES);
    let (hub, head, path) = (fixture.hub(), fixture.head(), fixture.path("w"));
    hub.add_worktree(&path, &head, "r").unwrap();
    fs::create_dir(path.join("d")).unwrap();
    let name = |bytes: &'static [u8]| {
        Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
    };
    for bytes in names {
        fs::write(path.join(name(bytes)), bytes).unwrap();
    }
    let work = hub.snapshot(&path, &head, "m", "refs/equitr/x").unwrap().commit;
    let changes = hub.changes(Some(&head), &work).unwrap();
    let mut told: Vec<&Path> = changes.listed.iter().map(|c| c.path.as_path()).collect();
    told.sort();
    let mut expected = names.map(name).to_vec();
    expected.sort();
    assert_eq!(told, expected);
    let advance = fixture.checkout().advance(&hub, Some(&head), &work, "left").unwrap();
    assert_eq!(advance, Advance::Moved);
    assert_eq!(files_of(&fixture.person()), {
        let mut files = files_of(&path);
        files.remove(Path::new(".git"));
        files
    });
}

#[test]
fn git_s08_a_repository_that_says_its_files_are_elsewhere_is_refused() {
    let fixture = Fixture::with_files(&FILES);
    let home = fixture.path("home");
    fs::write(home.join("plain"), "mine").unwrap();
    // Plain git writes where the repository says.
    fixture.git(&["config", "core.worktree", home.to_str().unwrap()]);
    fixture.git(&["checkout", "-q", "-f", "HEAD", "--", "plain"]);
    assert_eq!(text_of(&home.join("plain")), "1\n");
    for elsewhere in [home, fixture.path(""), "/".into()] {
        fixture.git(&["config", "core.worktree", elsewhere.to_str().unwrap()]);
        assert!(Checkout::open(&fixture.person()).is_err(), "{}", elsewhere.display());
    }
    fixture.git(&["config", "core.worktree", fixture.person().to_str().unwrap()]);
    assert_eq!(fixture.checkout().root(), fixture.person());
}

#[test]
fn git_s08_nothing_is_written_through_a_link_into_a_git_folder() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (hub, head) = (fixture.hub(), fixture.head());
    let hook = format!("#!/bin/sh\nexec {}\n", trap.command);
    let link = fixture.work(&hub, &head, "link", &[("hooks", Kind::Link(".git/hooks"))]);
    let file = [("hooks", Kind::Gone), ("hooks/post-checkout", Kind::Runs(hook.as_str()))];
    let files = fixture.work(&hub, &link, "files", &file);
    let checkout = fixture.checkout();
    assert_eq!(checkout.advance(&hub, Some(&head), &link, "l").unwrap(), Advance::Moved);
    // A program that knows no better writes the hook, and plain git runs it.
    let through = fixture.person().join("hooks/post-checkout");
    put(&fixture.person(), ".git/hooks/ready", &Kind::Text(""));
    put(through.parent().unwrap(), "post-checkout", &Kind::Runs(&hook));
    trap.assert_springs(|| fixture.try_git(&["checkout", "-q", "main"]));
    fs::remove_file(&through).unwrap();
    let git = everything(&fixture.person().join(".git/hooks"));
    assert_eq!(checkout.advance(&hub, Some(&link), &files, "l").unwrap(), Advance::Moved);
    assert_eq!(everything(&fixture.person().join(".git/hooks")), git);
    assert_eq!(text_of(&fixture.person().join("hooks/post-checkout")), hook);
    // The same in a worktree, whose link has come since.
    let path = fixture.path("w");
    let outside = fixture.path("outside");
    fs::create_dir(&outside).unwrap();
    for target in [".git", outside.to_str().unwrap()] {
        hub.add_worktree(&path, &head, "r").unwrap();
        put(&path, "hooks", &Kind::Link(target));
        hub.reset_worktree(&path, &files).unwrap();
        assert_eq!(text_of(&path.join("hooks/post-checkout")), hook);
        assert!(hub.worktree_is_sound(&path));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
    fixture.try_git(&["checkout", "-q", "main"]);
    assert_eq!(trap.sprung(), "");
}

#[test]
fn git_s06_whatever_a_worker_puts_in_the_place_of_its_git_is_not_read() {
    let fixture = Fixture::with_files(&[("a", "1\n")]);
    let (hub, folder) = (fixture.hub(), fixture.path("worktrees/w"));
    hub.add_worktree(&folder, &fixture.head(), "test").unwrap();
    let git = folder.join(".git");
    let pointer = fs::read(&git).unwrap();
    let outside = fixture.path("outside");
    let plant: [&dyn Fn(); 3] = [
        // Whoever opens it waits for a writer.
        &|| assert!(Command::new("mkfifo").arg(&git).status().unwrap().success()),
        // It never ends.
        &|| symlink("/dev/zero", &git).unwrap(),
        &|| symlink(&outside, &git).unwrap(),
    ];
    for plant in plant {
        fs::remove_file(&git).unwrap();
        plant();
        assert!(!hub.worktree_is_sound(&folder));
        hub.snapshot(&folder, &fixture.head(), "work", "refs/equitr/wip/w/1").unwrap();
        assert!(fs::symlink_metadata(&git).unwrap().is_file());
        assert_eq!(fs::read(&git).unwrap(), pointer);
        assert!(!outside.exists());
    }
}
