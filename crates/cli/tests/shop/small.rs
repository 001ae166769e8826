//! The demo's flags, on the other example.

use crate::Demo;

#[test]
fn the_small_demo_builds_the_to_do_list_and_without_a_terminal_there_is_no_delay() {
    let demo = Demo::new();
    let output = demo.command(&["demo", "--small", "--keep", "shop"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("4 tasks completed successfully"), "{told}");
    assert!(demo.project().join("bin/todo").is_file());
    let script = demo.home().unwrap().with_file_name("example").join("script.yaml");
    assert!(std::fs::read_to_string(script).unwrap().starts_with("speed: 0\n"));

    let left = || demo.folder.path().read_dir().unwrap().count();
    let before = left();
    let again = demo.command(&["demo", "--small", "--keep", "shop"]).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "it never writes into a folder with something in it");
    assert_eq!(left(), before, "nothing is left of what was refused");
    for speed in ["-1", "fast", "1e9"] {
        let refused = demo.command(&["demo", &format!("--speed={speed}")]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "--speed={speed}");
    }
}
