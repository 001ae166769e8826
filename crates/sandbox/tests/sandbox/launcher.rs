//! The launcher by itself: what it can't set up it does not run, and nothing that was open is left.

use crate::place::{Place, backends, output, run, trial};
use equitr_sandbox::Backend;
use std::fs::File;
use std::os::fd::AsRawFd;

#[test]
fn a_launcher_that_can_not_set_up_everything_runs_nothing_and_says_so() {
    let place = Place::new();
    let witness = place.at("witness");
    let line = format!("touch {}", witness.display());
    let all = ["__sandbox-exec", "sockets=unix", "processes=9", "open-files=9", "file-bytes=9"];
    for (walls, said) in [
        ("walls=none", "`walls=none` is not understood"),
        ("sockets=all", "`sockets=all` is not understood"),
        ("read=/", "`walls` is not understood"),
        // This can be set up inside of bubblewrap only.
        ("walls=bubblewrap-pids", "process ids: No such file or directory"),
    ] {
        let words = [&all[..], &[walls, "--", &line]].concat();
        let output = output(&mut trial(&words));
        assert_eq!(output.code, Some(126), "{walls}: {output:?}");
        assert!(output.stderr.starts_with(&format!("equitr-sandbox: {said}")), "{output:?}");
        assert!(!witness.exists(), "{walls}");
    }
}

#[test]
fn files_that_the_supervisor_has_open_can_not_be_read() {
    let place = Place::new();
    let secret = File::open(place.at("secret")).unwrap();
    rustix::io::fcntl_setfd(&secret, rustix::io::FdFlags::empty()).unwrap();
    let line = format!("cat /proc/self/fd/{}; cat /dev/fd/{0}; true", secret.as_raw_fd());
    let bare = run(&Backend::Off, &place.policy(), &line);
    assert_eq!(bare.stdout, "secret\nsecret\n", "it is handed on without a sandbox: {bare:?}");
    for backend in backends() {
        let output = run(&backend, &place.policy(), &line);
        assert_eq!(output.stdout, "", "{backend}: {output:?}");
    }
}
