//! The demo on a machine that lacks what its checks run.

use crate::{Demo, UNDISTURBED};
use std::os::unix::fs::symlink;

#[test]
fn without_python_the_demo_ends_well_and_tells_which_checks_did_not_run() {
    let demo = Demo::new();
    let programs = demo.folder.path().join("bin");
    std::fs::create_dir(&programs).unwrap();
    let path = std::env::var("PATH").unwrap();
    for program in ["git", "sh", "grep", "test"] {
        let found = path.split(':').map(|folder| format!("{folder}/{program}"));
        if let Some(real) = found.into_iter().find(|file| std::fs::metadata(file).is_ok()) {
            symlink(real, programs.join(program)).unwrap();
        }
    }
    let output = demo
        .command(&["demo", "--color", "always", "--keep", "shop"])
        .env("PATH", &programs)
        .output()
        .unwrap();
    let (told, said) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&said));
    assert!(told.contains("could not run, `python3` is not here"), "{told}");
    assert!(told.contains("merged but not proven"), "{told}");
    let tree = |demo: &Demo| demo.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(tree(&demo), tree(&UNDISTURBED.0));
}
