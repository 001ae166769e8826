//! A file that a person wrote: read with care, and quoted where something in it is wrong.

use crate::error::{CliError, Problem};
use equitr_ui::sanitize;
use std::io::Read;
use std::path::Path;

/// Largest file of settings: a person's has a few kilobytes, and all of it is parsed at every start.
const BYTES_MAX: u64 = 1_000_000;

/// Characters of a line that are quoted: what two rows of a terminal hold.
const LINE_CHARS: usize = 160;

/// Characters before the caret that stay when the beginning of a long line is left out.
const BEFORE_CARET_CHARS: usize = 40;

/// Characters of a value that a message repeats.
const VALUE_CHARS: usize = 80;

/// What a key is called, in part, whose value is nobody's business.
const SECRET_WORDS: [&str; 4] = ["key", "secret", "password", "token"];

/// The text of a file and what the file is called in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

/// Where in a source something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// From 1; 0 when it is not known.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// How many characters it has; a caret is shown for none.
    pub chars: usize,
}

/// Whether a file may be reached by a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Yes: it is the person's own.
    Followed,
    /// No: somebody else may have laid the link, to a file that is not for them.
    Refused,
}

impl Source {
    /// The file at `path`; `None` when there is none.
    ///
    /// # Errors
    /// When it is not a regular file, larger than 1 MB, not UTF-8 or can't be read.
    pub fn read(path: &Path, links: Links) -> Result<Option<Self>, CliError> {
        let name = shown(&path.display().to_string());
        let wrong = |what: String| CliError::usage(format!("{name} {what}"));
        let unreadable = |error: &std::io::Error| {
            CliError::usage(format!("can't read {name}: {}", reason(error)))
        };
        let about = match links {
            Links::Followed => std::fs::metadata(path),
            Links::Refused => std::fs::symlink_metadata(path),
        };
        let about = match about {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        if !about.is_file() {
            return Err(wrong("is not a regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&error))?;
        let size = about.len().max(bytes.len() as u64);
        if size > BYTES_MAX {
            let tenths = size.div_ceil(100_000);
            return Err(wrong(format!("is {}.{} MB; limit 1 MB", tenths / 10, tenths % 10)));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Self::new(name, &text))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let byte = error.as_bytes().get(at).copied().unwrap_or_default();
                Err(wrong(format!("is not UTF-8 text (byte 0x{byte:02x} at offset {at})")))
            }
        }
    }

    /// A text that is at hand.
    pub fn new(name: impl Into<String>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        Self { name: name.into(), text }
    }

    /// What the file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands in it, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong at `place`, with the line and a caret.
    pub fn problem(&self, place: Place, what: &str, hint: Option<String>) -> Problem {
        let Place { line, column, .. } = place;
        if line == 0 {
            let message = format!("{}: {what}", self.name);
            return Problem { message, detail: None, hint };
        }
        let message = format!("{}:{line}:{column}: {what}", self.name);
        Problem { message, detail: self.quoted(place), hint }
    }

    fn quoted(&self, place: Place) -> Option<String> {
        let line: Vec<char> = self.text.lines().nth(place.line - 1)?.chars().collect();
        let before = place.column.saturating_sub(1).min(line.len());
        let left_out =
            if before > LINE_CHARS / 2 { before.saturating_sub(BEFORE_CARET_CHARS) } else { 0 };
        let kept: String = line[left_out..].iter().take(LINE_CHARS).collect();
        let kept = without_secret(&sanitize(&kept)).replace('\t', " ");
        let carets = place.chars.min(line.len() - before).clamp(1, LINE_CHARS);
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(before - left_out);
        Some(format!(
            "{margin} |\n{number} | {kept}\n{margin} | {indent}{}",
            "^".repeat(carets.min(kept.chars().count().saturating_sub(indent.len()).max(1)))
        ))
    }
}

/// A line without what follows a key that may name a secret: people put keys into files.
fn without_secret(line: &str) -> String {
    let lower = line.to_ascii_lowercase().replace("max_tokens", "max_......");
    let lower = lower.replace("allow_secret_files", "allow_......_files");
    let secret = SECRET_WORDS.iter().filter_map(|word| lower.find(word)).min();
    let end = secret.and_then(|at| Some(at + lower.get(at..)?.find(':')?));
    end.and_then(|end| line.get(..end)).map_or(line.to_owned(), |kept| format!("{kept}: …"))
}

/// A value as a message repeats it: one line, nothing a terminal obeys, at most 80 characters.
pub fn shown(value: &str) -> String {
    let clean = sanitize(value).replace(['\n', '\t'], " ");
    match clean.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// What the system says, without the number that its words end with.
pub fn reason(error: &std::io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_lowercase()
}
