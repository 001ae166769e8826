//! Searching in files.

use crate::bounded::{count, cut_line, grouped};
use crate::error::Error;
use crate::list::{Glob, left_out};
use crate::secret_files::{content_of, look_of};
use crate::stop::Stop;
use crate::walk::{Walked, walk};
use crate::worktree::{TEXT_BYTES_MAX, Worktree};
use equitr_core::redact::Redactor;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::sinks::Lossy;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use schemars::JsonSchema;
use serde::Deserialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A pattern that matches more often is too wide to be of use.
const MATCHES_MAX: usize = 200;
/// The same for long lines, about 5,000 tokens.
const BYTES_MAX: usize = 16 * 1024;
/// Longer lines are generated; their start says so.
const LINE_BYTES_MAX: usize = 300;

/// Search file contents, line by line, without files that git ignores. Gives `path:line:text`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Rust regex; `(?i)` ignores case.
    pattern: String,
    path: Option<String>,
    /// Such as `*.rs` or `src/**/*.rs`.
    glob: Option<String>,
}

/// One match a line, in order of paths, and a note in brackets where there are more.
///
/// A file with secrets is searched without them, as it is read: of a line, the shape of what it is
/// a part of could not be told.
pub(crate) fn search(
    args: &Search,
    worktree: &Worktree,
    stop: &Stop,
    redactor: Arc<Redactor>,
) -> Result<String, Error> {
    let matcher = RegexMatcherBuilder::new()
        .line_terminator(Some(b'\n'))
        .build(&args.pattern)
        .map_err(|error| Error::BadArgument { what: format!("`pattern`: {error}") })?;
    let glob = args.glob.as_deref().map(Glob::new).transpose()?;
    let mut found = Found::new(matcher, worktree.clone(), redactor);
    let extent = walk(worktree, args.path.as_deref().unwrap_or("."), stop, &mut |file| {
        if !file.symlink && glob.as_ref().is_none_or(|glob| glob.matches(file.path)) {
            found.search(file);
        }
        Ok(if found.full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let mut shown = found.shown;
    if found.matches == 0 {
        shown.push_str(&format!("[no match in {}]\n", count(found.files, "file")));
    }
    if found.full {
        let matches = grouped(found.matches as u64);
        shown.push_str(&format!("[stopped at {matches} matches; narrow pattern, path or glob]\n"));
    }
    if found.skipped > 0 {
        let skipped = count(found.skipped, "file");
        shown.push_str(&format!("[{skipped} left out: over 16 MB, or not readable]\n"));
    }
    if found.secret > 0 {
        let secret = count(found.secret, "file");
        shown.push_str(&format!(
            "[{secret} left out: they look like files of secrets; a person can allow them by the \
             setting `allow_secret_files`]\n"
        ));
    }
    shown.push_str(&left_out(&extent));
    Ok(shown)
}

struct Found {
    worktree: Worktree,
    redactor: Arc<Redactor>,
    matcher: RegexMatcher,
    searcher: Searcher,
    shown: String,
    matches: usize,
    files: usize,
    skipped: usize,
    secret: usize,
    full: bool,
}

impl Found {
    fn new(matcher: RegexMatcher, worktree: Worktree, redactor: Arc<Redactor>) -> Self {
        let searcher = SearcherBuilder::new()
            .line_number(true)
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(TEXT_BYTES_MAX as usize))
            .build();
        let shown = String::new();
        let (matches, files, skipped, secret) = (0, 0, 0, 0);
        let full = false;
        Self { worktree, redactor, matcher, searcher, shown, matches, files, skipped, secret, full }
    }

    fn search(&mut self, file: &Walked<'_>) {
        let mut opened = match file.open() {
            Ok((opened, bytes)) if bytes <= TEXT_BYTES_MAX => opened,
            Ok(_) | Err(_) => {
                self.skipped += 1;
                return;
            }
        };
        if look_of(file.real).is_secret(|| content_of(&opened)) && !self.worktree.allows(file.real)
        {
            self.secret += 1;
            return;
        }
        if opened.rewind().is_err() {
            self.skipped += 1;
            return;
        }
        self.files += 1;
        if self.search_opened(&mut opened, &file.shown()).is_err() {
            self.skipped += 1;
        }
    }

    fn search_opened(&mut self, opened: &mut File, path: &str) -> std::io::Result<()> {
        let mut matched = false;
        let any = Lossy(|_, _| {
            matched = true;
            Ok(false)
        });
        self.searcher.search_file(&self.matcher, opened, any)?;
        if !matched {
            return Ok(());
        }
        opened.rewind()?;
        let mut content = Vec::new();
        opened.take(TEXT_BYTES_MAX).read_to_end(&mut content)?;
        let Self { redactor, matcher, searcher, shown, matches, full, .. } = self;
        if let Cow::Owned(clean) = redactor.redact(&String::from_utf8_lossy(&content)) {
            content = clean.into_bytes();
        }
        let each = Lossy(|number, line| {
            let line = cut_line(line.trim_end_matches(['\n', '\r']), LINE_BYTES_MAX);
            if *matches == MATCHES_MAX || shown.len() + path.len() + line.len() > BYTES_MAX {
                *full = true;
                return Ok(false);
            }
            *matches += 1;
            shown.push_str(&format!("{path}:{number}:{line}\n"));
            Ok(true)
        });
        searcher.search_slice(&*matcher, &content, each)
    }
}
