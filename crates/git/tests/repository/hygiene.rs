//! What a person's repository would like to run, and does not (GIT-S01 to S04, S07).
//!
//! Each attack is first seen to work: plain git, called as a person would, springs the trap.

use crate::fixture::Fixture;
use crate::fixture::Kind::{Runs, Text};
use crate::trap::{HOOKS, Trap, arm_hooks};
use equitr_git::{Advance, Hub, Merge, MergeMessage};
use std::fs;

const FILES: [(&str, &str); 4] = [
    (".gitattributes", "*.evil filter=evil diff=evil merge=evil\n*.more filter=e=v.il\n"),
    ("a.evil", "1\n"),
    ("b.more", "1\n"),
    ("plain", "1\n"),
];

/// All that is ever done with a hub and a checkout.
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
    assert_eq!(hub.changes(Some(&from), &commit).unwrap().total, 5);
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

/// Does all of it, and sees that the person's settings are what they were and the trap is unsprung.
fn assert_unsprung(fixture: &Fixture, trap: &Trap) {
    trap.reset();
    let config = fs::read(fixture.person().join(".git/config")).unwrap();
    // A touched file makes git look into it, by way of the filter if it may.
    fixture.write(&fixture.person(), &[("a.evil", "1\n"), ("b.more", "1\n")]);
    let hub = fixture.hub();
    assert_eq!(work(fixture, &hub), Advance::Moved);
    assert_eq!(trap.sprung(), "");
    assert_eq!(fs::read(fixture.person().join(".git/config")).unwrap(), config);
    assert_eq!(fs::read(fixture.person().join("a.evil")).unwrap(), b"2\n");
}

#[test]
fn git_s01_a_persons_fsmonitor_is_not_run() {
    for home in [false, true] {
        let fixture = Fixture::with_files(&FILES);
        let trap = Trap::new(&fixture);
        let scope = if home { "--global" } else { "--local" };
        fixture.git(&["config", scope, "core.fsmonitor", &trap.command]);
        trap.assert_springs(|| fixture.try_git(&["status"]));
        assert_unsprung(&fixture, &trap);
    }
}

#[test]
fn git_s02_a_persons_hooks_are_not_run() {
    for elsewhere in [false, true] {
        let fixture = Fixture::with_files(&FILES);
        let trap = Trap::new(&fixture);
        let hooks = match elsewhere {
            true => fixture.path("hooks"),
            false => fixture.person().join(".git/hooks"),
        };
        arm_hooks(&hooks, &trap);
        if elsewhere {
            fixture.git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
        }
        trap.assert_springs_with("pre-commit", || {
            fixture.try_git(&["commit", "--allow-empty", "-m", "m"])
        });
        trap.assert_springs_with("post-checkout", || fixture.try_git(&["checkout", "main"]));
        trap.assert_springs_with("reference-transaction", || {
            fixture.try_git(&["update-ref", "refs/heads/other", "HEAD"])
        });
        trap.assert_springs_with("post-index-change", || fixture.try_git(&["read-tree", "HEAD"]));
        assert_unsprung(&fixture, &trap);
        let told = fixture.checkout().executable_settings().unwrap();
        let named = if elsewhere { "core.hookspath" } else { "hooks/pre-commit" };
        assert!(told.iter().any(|told| told == named), "{told:?}");
    }
}

/// From 2.54 on git takes hooks from the configuration; an older one lets the trap be.
#[test]
fn git_s02_hooks_that_are_configured_are_not_run() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    for hook in HOOKS {
        fixture.git(&["config", &format!("hook.{hook}.trap.event"), hook]);
        fixture.git(&["config", &format!("hook.{hook}.trap.command"), &trap.command]);
    }
    fixture.try_git(&["update-ref", "refs/heads/other", "HEAD"]);
    println!("plain git ran: {:?}", trap.sprung());
    assert_unsprung(&fixture, &trap);
    let told = fixture.checkout().executable_settings().unwrap();
    assert!(told.contains(&"hook.update.trap.command".to_owned()), "{told:?}");
}

#[test]
fn git_s03_filters_of_the_person_are_not_run_whoever_names_them() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    for key in ["filter.evil.clean", "filter.evil.smudge", "filter.e=v.il.process"] {
        fixture.git(&["config", key, &trap.command]);
    }
    fixture.write(&fixture.person(), &[("a.evil", "2\n")]);
    trap.assert_springs(|| fixture.try_git(&["add", "a.evil"]));
    trap.assert_springs(|| fixture.try_git(&["checkout", "HEAD", "--", "a.evil"]));
    fixture.write(&fixture.person(), &[("b.more", "2\n")]);
    trap.assert_springs(|| fixture.try_git(&["add", "b.more"]));
    // `reset` looks into files by way of the filters, and may die of one that has gone.
    fixture.git(&["read-tree", "HEAD"]);
    for filter in ["evil", "e=v.il"] {
        fixture.git(&["config", &format!("filter.{filter}.required"), "true"]);
    }
    assert_unsprung(&fixture, &trap);
    // A worker names the filter for all files; its work is delivered.
    let (hub, head) = (fixture.hub(), fixture.head());
    let named = [(".gitattributes", Text("* filter=evil\n")), ("c", Text("3\n"))];
    let to = fixture.work(&hub, &head, "names-it", &named);
    trap.reset();
    let advance = fixture.checkout().advance(&hub, Some(&head), &to, "left").unwrap();
    assert_eq!((advance, trap.sprung().as_str()), (Advance::Moved, ""));
    fs::remove_file(fixture.person().join("c")).unwrap();
    trap.assert_springs(|| fixture.try_git(&["checkout", "HEAD", "--", "c"]));
}

#[test]
fn git_s04_diff_and_merge_programs_of_the_person_are_not_run() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let first = fixture.head();
    let changed = || fixture.write(&fixture.person(), &[("a.evil", "2\n")]);
    for (key, name) in [
        ("diff.external", "external"),
        ("diff.evil.command", "command"),
        ("diff.evil.textconv", "textconv"),
    ] {
        changed();
        fixture.git(&["config", key, &format!("{} {name}", trap.command)]);
        trap.assert_springs_with(name, || fixture.try_git(&["diff"]));
        fixture.git(&["config", "--unset", key]);
    }
    let driver = format!("{} driver", trap.command);
    fixture.git(&["config", "merge.evil.driver", &driver]);
    fixture.git(&["checkout", "-q", "-f", "-b", "side"]);
    changed();
    fixture.commit("side");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write(&fixture.person(), &[("a.evil", "3\n")]);
    fixture.commit("main");
    trap.assert_springs_with("driver", || fixture.try_git(&["merge", "side"]));
    fixture.git(&["reset", "-q", "--hard", first.as_str()]);
    for key in ["diff.external", "diff.evil.command", "diff.evil.textconv"] {
        fixture.git(&["config", key, &trap.command]);
    }
    assert_unsprung(&fixture, &trap);
}

#[test]
fn git_s07_what_is_included_is_not_run() {
    for key in ["include.path", "includeIf.gitdir:**.path", "includeIf.onbranch:main.path"] {
        let fixture = Fixture::with_files(&FILES);
        let trap = Trap::new(&fixture);
        let included = fixture.path("included");
        let hooks = fixture.path("hooks");
        arm_hooks(&hooks, &trap);
        let (command, hooks) = (&trap.command, hooks.display());
        let text = format!(
            "[core]\nfsmonitor = {command}\nhooksPath = {hooks}\n[filter \"evil\"]\nclean = \
             {command}\nsmudge = {command}\nrequired = true\n[diff]\nexternal = {command}\n"
        );
        fs::write(&included, text).unwrap();
        fixture.git(&["config", key, included.to_str().unwrap()]);
        trap.assert_springs(|| fixture.try_git(&["status"]));
        assert_unsprung(&fixture, &trap);
        let told = fixture.checkout().executable_settings().unwrap();
        assert!(told.contains(&"filter.evil.clean".to_owned()), "{told:?}");
    }
}

#[test]
fn git_s07_aliases_transports_askers_and_signers_of_the_person_are_not_run() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let ask = "alias.ask=!printf 'protocol=https\\nhost=x\\n\\n' | git credential fill";
    type Act<'a> = &'a [&'a str];
    let cases: [(&str, Act<'_>); 8] = [
        ("alias.boom", &["boom"]),
        ("core.sshCommand", &["fetch", "ssh://nowhere.invalid/x"]),
        ("core.askPass", &["-c", ask, "ask"]),
        ("credential.helper", &["-c", ask, "ask"]),
        ("gpg.program", &["commit", "--allow-empty", "-S", "-m", "m"]),
        ("core.editor", &["commit", "--allow-empty", "--amend"]),
        ("core.gitProxy", &["fetch", "git://nowhere.invalid/x"]),
        ("sequence.editor", &["rebase", "-i", "--root"]),
    ];
    let value = |key: &str| match key {
        "alias.boom" | "credential.helper" => format!("!{}", trap.command),
        _ => trap.command.clone(),
    };
    for (key, act) in cases {
        fixture.git(&["config", key, &value(key)]);
        trap.assert_springs(|| fixture.try_git(act));
        fixture.try_git(&["rebase", "--abort"]);
        fixture.git(&["config", "--unset", key]);
    }
    for (key, _) in cases {
        fixture.git(&["config", key, &value(key)]);
    }
    for name in ["status", "add", "commit-tree", "read-tree", "update-ref", "fetch"] {
        fixture.git(&["config", &format!("alias.{name}"), &value("alias.boom")]);
    }
    for key in ["commit.gpgSign", "log.showSignature", "push.gpgSign"] {
        fixture.git(&["config", key, "true"]);
    }
    for key in ["core.alternateRefsCommand", "uploadpack.packObjectsHook", "core.pager"] {
        fixture.git(&["config", key, &trap.command]);
    }
    assert_unsprung(&fixture, &trap);
}

#[test]
fn git_s07_a_transport_that_the_person_puts_before_every_path_is_not_run() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    fixture.git(&["config", "protocol.ext.allow", "always"]);
    fixture.git(&["config", &format!("url.ext::{} .insteadOf", trap.command), "/"]);
    trap.assert_springs(|| fixture.try_git(&["fetch", "/some/where"]));
    assert_unsprung(&fixture, &trap);
}

#[test]
fn git_s08_a_persons_submodule_settings_run_nothing() {
    let fixture = Fixture::with_files(&FILES);
    let trap = Trap::new(&fixture);
    let (inner, url) = (fixture.path("inner"), fixture.path("inner").display().to_string());
    fs::create_dir(&inner).unwrap();
    fixture.git_in(&inner, &["init", "-q"]);
    fixture.git_in(&inner, &["commit", "-q", "--allow-empty", "-m", "m"]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"];
    fixture.git(&add);
    fixture.commit("with a submodule");
    fixture.git_in(&fixture.person().join("sub"), &["checkout", "-q", "--orphan", "other"]);
    let commit = ["commit", "-q", "--allow-empty", "-m", "n"];
    fixture.git_in(&fixture.person().join("sub"), &commit);
    let monitor = ["config", "core.fsmonitor", &trap.command];
    fixture.git_in(&fixture.person().join("sub"), &monitor);
    fixture.git(&["config", "submodule.sub.update", &format!("!{}", trap.command)]);
    fixture.git(&["config", "submodule.recurse", "true"]);
    trap.assert_springs(|| fixture.try_git(&["submodule", "update"]));
    trap.assert_springs(|| fixture.try_git(&["status"]));
    assert_unsprung(&fixture, &trap);
}

#[test]
fn git_s08_a_trap_is_a_program_that_can_be_told_by_its_mark() {
    let fixture = Fixture::empty();
    let trap = Trap::new(&fixture);
    assert_eq!(trap.sprung(), "");
    crate::fixture::put(&fixture.path(""), "x", &Runs(&format!("#!/bin/sh\n{} y\n", trap.command)));
    trap.assert_springs_with("y", || std::process::Command::new(fixture.path("x")).output());
    assert_eq!(trap.sprung(), "");
}
