//! Listing files.

use crate::bounded::{count, grouped};
use crate::error::Error;
use crate::stop::Stop;
use crate::walk::{Extent, walk};
use crate::worktree::Worktree;
use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::ControlFlow;
use std::path::Path;

/// About 4,000 tokens of paths; a model that needs more is looking for something, and can say what.
const FILES_MAX: usize = 500;
/// The same for long paths.
const BYTES_MAX: usize = 16 * 1024;

/// List files below a folder, without those that git ignores.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFiles {
    path: Option<String>,
    /// Such as `*.rs` or `src/**/*.rs`.
    glob: Option<String>,
}

/// One path a line, in order, and a note in brackets where there are more.
pub(crate) fn list_files(
    args: &ListFiles,
    worktree: &Worktree,
    stop: &Stop,
) -> Result<String, Error> {
    let glob = args.glob.as_deref().map(Glob::new).transpose()?;
    let mut shown = String::new();
    let (mut listed, mut more) = (0, 0);
    let extent = walk(worktree, args.path.as_deref().unwrap_or("."), stop, &mut |file| {
        if glob.as_ref().is_some_and(|glob| !glob.matches(file.path)) {
            return Ok(ControlFlow::Continue(()));
        }
        let line = file.shown();
        if listed == FILES_MAX || shown.len() + line.len() > BYTES_MAX || more > 0 {
            more += 1;
            return Ok(ControlFlow::Continue(()));
        }
        listed += 1;
        shown.push_str(&line);
        shown.push_str(if file.symlink { " (symlink)\n" } else { "\n" });
        Ok(ControlFlow::Continue(()))
    })?;
    if listed == 0 {
        shown.push_str("[no files]\n");
    }
    if more > 0 {
        shown.push_str(&format!("[{}; narrow with path or glob]\n", count(more, "more file")));
    }
    shown.push_str(&left_out(&extent));
    Ok(shown)
}

/// A note on what a walk did not see; empty if it saw all.
pub(crate) fn left_out(extent: &Extent) -> String {
    let mut note = String::new();
    if extent.cut {
        let seen = grouped(extent.files as u64);
        note.push_str(&format!("[stopped after {seen} files; name a smaller folder]\n"));
    }
    if extent.folders_left_out > 0 {
        let folders = count(extent.folders_left_out, "folder");
        note.push_str(&format!("[{folders} left out: no access, or too deep]\n"));
    }
    note
}

/// A pattern for paths: one with a `/` from the root, one without for the name in any folder.
#[derive(Debug)]
pub(crate) struct Glob {
    matcher: GlobMatcher,
    whole_path: bool,
}

impl Glob {
    /// Fails with the pattern's fault.
    pub(crate) fn new(pattern: &str) -> Result<Self, Error> {
        let bare = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = GlobBuilder::new(bare)
            .literal_separator(true)
            .build()
            .map_err(|error| Error::BadArgument { what: format!("`glob`: {}", error.kind()) })?;
        Ok(Self { matcher: glob.compile_matcher(), whole_path: bare.contains('/') })
    }

    /// Whether the path, from the worktree's root, is meant.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        match (self.whole_path, path.file_name()) {
            (true, _) | (false, None) => self.matcher.is_match(path),
            (false, Some(name)) => self.matcher.is_match(name),
        }
    }
}
