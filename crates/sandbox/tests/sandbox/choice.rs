//! TL-08: which sandbox is chosen, and what is said where there is none.

use crate::place::{Place, launcher, make_program, output, trial};
use equitr_sandbox::{Backend, Error, Mode, choose};
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

/// A folder with a `bwrap` that is this shell script.
fn with_bwrap(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    make_program(&folder.path().join("bwrap"), format!("#!/bin/sh\n{script}\n").as_bytes());
    folder
}

fn chosen(mode: Mode, path: &OsStr) -> Result<Backend, Error> {
    choose(mode, path, launcher())
}

#[test]
fn tl_08_without_bubblewrap_it_is_named_and_auto_falls_back_to_landlock_and_says_what_is_lost() {
    let nowhere = OsStr::new("/nowhere");
    let error = chosen(Mode::Bubblewrap, nowhere).unwrap_err();
    assert!(matches!(error, Error::NoBubblewrap), "{error}");
    assert!(error.hint().unwrap().contains("apt-get install bubblewrap"));
    let backend = chosen(Mode::Auto, nowhere).unwrap();
    assert!(matches!(backend, Backend::Landlock { .. }), "{backend}");
    assert!(backend.weaknesses().len() >= 5);
}

#[test]
fn tl_08_auto_takes_bubblewrap_where_it_works() {
    let path = std::env::var_os("PATH").unwrap();
    let backend = chosen(Mode::Auto, &path).unwrap();
    assert!(matches!(backend, Backend::Bubblewrap { .. }), "{backend}");
    assert_eq!(backend.weaknesses(), [""; 0]);
}

#[test]
fn tl_08_a_bwrap_of_a_relative_folder_is_not_taken() {
    let folder = with_bwrap("exit 0");
    let program = fs::canonicalize(folder.path()).unwrap();
    let up = "../".repeat(std::env::current_dir().unwrap().components().count());
    let relative = format!("{up}{}", program.display());
    assert!(fs::metadata(format!("{relative}/bwrap")).is_ok(), "{relative} leads there");
    let error = chosen(Mode::Bubblewrap, relative.as_ref()).unwrap_err();
    assert!(matches!(error, Error::NoBubblewrap), "{error}");
}

#[test]
fn tl_08_an_old_bubblewrap_is_told_with_what_it_lacks() {
    let help = "--clearenv --perms --remount-ro --sizes";
    let folder = with_bwrap(&format!(
        "case $1 in --version) echo bubblewrap 0.6.1;; --help) echo '{help}';; esac"
    ));
    let error = chosen(Mode::Bubblewrap, folder.path().as_os_str()).unwrap_err();
    let Error::OldBubblewrap { version, lacks, .. } = &error else { panic!("{error}") };
    assert_eq!((version.as_str(), *lacks), ("0.6.1", "--size"));
}

#[test]
fn tl_08_a_trial_that_fails_is_told_with_bubblewraps_words_and_the_fix() {
    for (said, fix) in [
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "container"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict"),
        ("bwrap: No permissions to create new namespace, likely because", "userns_clone=1"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "apparmor_restrict"),
    ] {
        let help = "--clearenv --perms --size --remount-ro --disable-userns";
        let folder = with_bwrap(&format!(
            "case $1 in --version) echo bubblewrap 0.8.0;; --help) echo '{help}';;
            *) echo \"{said}\" >&2; exit 1;; esac"
        ));
        let error = chosen(Mode::Bubblewrap, folder.path().as_os_str()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.hint().unwrap().contains(fix), "{said}: {:?}", error.hint());
    }
}

#[test]
fn tl_08_a_launcher_that_does_not_launch_is_no_sandbox() {
    let path = std::env::var_os("PATH").unwrap();
    for mode in [Mode::Bubblewrap, Mode::Landlock] {
        let error = choose(mode, &path, "/bin/false".as_ref()).unwrap_err();
        assert!(matches!(error, Error::TrialFailed { .. }), "{error}");
    }
    let error = choose(Mode::Auto, &path, "/bin/false".as_ref()).unwrap_err();
    assert!(matches!(error, Error::Neither { .. }), "{error}");
}

#[test]
fn tl_08_without_user_namespaces_nothing_runs_and_the_fix_is_said() {
    let place = Place::new();
    // A user namespace in which no further one may be made.
    let line = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-Ur", "sh", "-c", line, "sh"]).arg(launcher());
    let worktree = place.worktree();
    let witness = worktree.join("witness");
    command.args(["run", "bubblewrap", worktree.to_str().unwrap(), "touch witness"]);
    let refused = output(&mut command);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("hint: allow user namespaces"), "{refused:?}");
    assert!(!witness.exists());
    let bare =
        output(&mut trial(&["run", "bubblewrap", worktree.to_str().unwrap(), "touch witness"]));
    assert_eq!(bare.code, Some(0), "{bare:?}");
    assert!(witness.exists());
}
