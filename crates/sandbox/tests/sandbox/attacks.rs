//! TL-09 and TL-10: the attacks, each shown to work without a sandbox, as whoever can run them.

use crate::place::{launcher, make_program, output};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A user of whom the machine knows nothing but that it is not root.
const NOBODY: u32 = 65_534;

/// What can't be proved on every machine or by every user: the kernel lacks it, forbids it to all,
/// or lets only root, or only others than root, do it.
const NOT_EVERYWHERE: [&str; 9] = ["5", "10", "12", "13", "20", "21", "23", "24", "15"];

/// The rows of the attacks: number, name, verdict.
fn rows(mode: &str, user: Option<u32>) -> Vec<(String, String, String)> {
    let place = tempfile::tempdir().unwrap();
    // The folder of the build may be closed to other users.
    let (trial, folder) = (place.path().join("trial"), place.path().join("folder"));
    make_program(&trial, &fs::read(launcher()).unwrap());
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&trial);
    command.args(["attacks", mode]).arg(&folder);
    if let Some(user) = user {
        chown(&folder, Some(user), Some(user)).unwrap();
        command.uid(user).gid(user);
    }
    let output = output(&mut command);
    assert_eq!(output.code, Some(0), "{output:?}");
    let rows: Vec<_> = output.stdout.lines().map(row).collect();
    assert_eq!(rows.len(), 25, "{output:?}");
    rows
}

fn row(line: &str) -> (String, String, String) {
    let mut words = line.splitn(3, '\t').map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap(), words.next().unwrap())
}

/// The current user, and if that is root an ordinary one too.
fn users() -> Vec<Option<u32>> {
    if rustix::process::geteuid().is_root() { vec![None, Some(NOBODY)] } else { vec![None] }
}

/// That each row is what is expected, or could not be proved here.
fn check(mode: &str, user: Option<u32>, leaks: &[&str]) {
    for (number, name, verdict) in rows(mode, user) {
        println!("{mode} {user:?} {number} {name}: {verdict}");
        if verdict.starts_with("not provable: ") {
            assert!(NOT_EVERYWHERE.contains(&number.as_str()), "{number} {name}: {verdict}");
            continue;
        }
        let expected = if leaks.contains(&number.as_str()) { "known leak" } else { "blocked" };
        assert_eq!(verdict, expected, "{mode}, {user:?}: {number} {name}");
    }
}

#[test]
fn tl_09_and_tl_10_bubblewrap_blocks_every_attack_that_works_without_it() {
    for user in users() {
        check("bubblewrap", user, &[]);
    }
}

#[test]
fn tl_09_and_tl_10_landlock_blocks_all_but_what_it_is_known_not_to() {
    let mut leaks = vec!["17", "22"];
    let abi = landlock_abi();
    leaks.extend((abi < 9).then_some("9"));
    leaks.extend((abi < 6).then_some(["4", "8"]).into_iter().flatten());
    for user in users() {
        check("landlock", user, &leaks);
    }
}

#[test]
fn tl_09_without_a_sandbox_every_attack_is_told_as_leaking() {
    let rows = rows("off", None);
    assert!(rows.iter().all(|(_, _, verdict)| verdict != "blocked"), "{rows:?}");
    assert!(rows.iter().filter(|(_, _, verdict)| verdict == "known leak").count() >= 15);
}

fn landlock_abi() -> u32 {
    let backend = crate::place::backend(equitr_sandbox::Mode::Landlock);
    let equitr_sandbox::Backend::Landlock { abi } = backend else { panic!("{backend}") };
    abi
}
