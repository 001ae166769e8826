//! A program that leaves a mark when anything runs it.

use crate::fixture::Kind::Runs;
use crate::fixture::{Fixture, put};
use std::fs;
use std::path::{Path, PathBuf};

pub struct Trap {
    mark: PathBuf,
    /// How to run it.
    pub command: String,
}

pub const HOOKS: [&str; 12] = [
    "pre-commit",
    "post-checkout",
    "post-merge",
    "post-commit",
    "reference-transaction",
    "post-index-change",
    "update",
    "pre-receive",
    "post-receive",
    "post-rewrite",
    "pre-auto-gc",
    "commit-msg",
];

impl Trap {
    pub fn new(fixture: &Fixture) -> Self {
        let (mark, trap) = (fixture.path("sprung"), fixture.path("trap.sh"));
        let text = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", mark.display());
        put(trap.parent().unwrap(), "trap.sh", &Runs(&text));
        Self { mark, command: trap.display().to_string() }
    }

    /// With which arguments it was run since it was reset.
    pub fn sprung(&self) -> String {
        fs::read_to_string(&self.mark).unwrap_or_default()
    }

    pub fn reset(&self) {
        // It may not have been sprung.
        let _ = fs::remove_file(&self.mark);
    }

    /// The baseline: the act springs it. It is reset before and after.
    #[track_caller]
    pub fn assert_springs<T>(&self, act: impl FnOnce() -> T) {
        self.assert_springs_with("", act);
    }

    /// The same, with this among the arguments.
    #[track_caller]
    pub fn assert_springs_with<T>(&self, argument: &str, act: impl FnOnce() -> T) {
        self.reset();
        act();
        let sprung = self.sprung();
        assert!(sprung.contains(&self.command), "the trap does not work");
        assert!(sprung.contains(argument), "{argument} is not in {sprung}");
        self.reset();
    }
}

/// Makes every hook in a folder the trap, with the hook's name as its argument.
pub fn arm_hooks(folder: &Path, trap: &Trap) {
    for hook in HOOKS {
        put(folder, hook, &Runs(&format!("#!/bin/sh\nexec {} {hook}\n", trap.command)));
    }
}
