//! Reading a file.

use crate::bounded::{grouped, size};
use crate::error::{Error, quoted};
use crate::worktree::Worktree;
use equitr_core::redact::Redactor;
use schemars::JsonSchema;
use serde::Deserialize;

/// What one call gives at most: about what a model takes in at once.
const LINES_MAX: usize = 2_000;
/// The same in bytes, about 14,000 tokens.
const BYTES_MAX: usize = 48 * 1024;

/// Read a text file as it is, without line numbers. At most 2,000 lines or 48 KiB a call; a note in
/// brackets says how to go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadFile {
    /// From the project's root.
    path: String,
    /// From 1.
    first_line: Option<usize>,
    lines: Option<usize>,
}

/// The text, with a last line in brackets where it is not the whole file.
///
/// Secrets are taken out of the whole file: of a part of one, its shape could not be told.
pub(crate) fn read_file(
    args: &ReadFile,
    worktree: &Worktree,
    redactor: &Redactor,
) -> Result<String, Error> {
    let bytes = worktree.read(&args.path)?;
    if bytes.contains(&0) {
        return Err(Error::Binary { path: quoted(&args.path), size: size(bytes.len() as u64) });
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = redactor.redact(&text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let first = args.first_line.unwrap_or(1);
    if first == 0 {
        return Err(Error::BadArgument { what: "`first_line` counts from 1".into() });
    }
    let total = text.lines().count();
    if total == 0 {
        return Ok("[the file is empty]".into());
    }
    if first > total {
        let what = format!("`{}` has {} lines", quoted(&args.path), grouped(total as u64));
        return Err(Error::BadArgument { what });
    }
    let wanted = args.lines.unwrap_or(LINES_MAX).clamp(1, LINES_MAX);
    let mut shown = String::new();
    let mut last = first - 1;
    let mut notes = Vec::new();
    for line in text.lines().skip(first - 1).take(wanted) {
        if shown.len() + line.len() >= BYTES_MAX {
            if shown.is_empty() {
                shown.push_str(&line[..line.floor_char_boundary(BYTES_MAX)]);
                shown.push('\n');
                last += 1;
                let left_out = grouped((line.len() - (shown.len() - 1)) as u64);
                notes.push(format!("{left_out} bytes of line {last} left out"));
            }
            break;
        }
        shown.push_str(line);
        shown.push('\n');
        last += 1;
    }
    if first > 1 || last < total {
        let of = format!("lines {first} to {last} of {}", grouped(total as u64));
        notes.push(of);
        if last < total {
            notes.push(format!("go on with first_line {}", last + 1));
        }
    }
    if text.contains("\r\n") {
        notes.push("lines end in CRLF, which edit_file keeps".into());
    }
    if text.contains('\u{fffd}') && std::str::from_utf8(&bytes).is_err() {
        notes.push("not UTF-8: bytes that are no text show as \u{fffd}".into());
    }
    if !notes.is_empty() {
        shown.push_str(&format!("[{}]\n", notes.join("; ")));
    }
    Ok(shown)
}
