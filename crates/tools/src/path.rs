//! What a model may write as a path, before anything is opened.

use crate::error::{Error, quoted};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's own bound of a path.
const BYTES_MAX: usize = 4096;

/// The path as one that starts at the worktree's root; `.` is the root itself.
///
/// Models like to repeat the absolute path that they saw in a command's output: one below any of
/// `roots` is taken as relative. Any other absolute path, and `~`, is outside. `..` is left to the
/// walk, which knows what a symlink before it leads to.
pub(crate) fn relative<'a>(path: &'a str, roots: &[&Path]) -> Result<&'a str, Error> {
    let bad = |why| Error::BadPath { path: quoted(path), why };
    if path.is_empty() {
        return Err(bad("is empty; the worktree's root is `.`"));
    }
    if path.contains('\0') {
        return Err(bad("holds a NUL character"));
    }
    if path.len() > BYTES_MAX {
        return Err(bad("is longer than 4,096 bytes"));
    }
    if path == "~" || path.starts_with("~/") {
        return Err(Error::Outside { path: quoted(path) });
    }
    if !path.starts_with('/') {
        return Ok(path);
    }
    for root in roots {
        let Some(rest) = root.to_str().and_then(|root| path.strip_prefix(root)) else { continue };
        if rest.is_empty() {
            return Ok(".");
        }
        if let Some(inner) = rest.strip_prefix('/') {
            let inner = inner.trim_start_matches('/');
            return Ok(if inner.is_empty() { "." } else { inner });
        }
    }
    Err(Error::Outside { path: quoted(path) })
}

/// Whether a name is `.git`, or is on some file system: in another case, with trailing dots or
/// spaces, with characters that HFS+ ignores, as a Windows stream or short name.
///
/// Git itself refuses to check such names out (`core.protectHFS`, `core.protectNTFS`).
pub(crate) fn is_gits_own(name: &OsStr) -> bool {
    let text = String::from_utf8_lossy(name.as_bytes());
    let visible: String = text.chars().filter(|c| !is_ignored_by_hfs(*c)).collect();
    visible.to_lowercase().split('\\').any(|part| {
        let part = part.split(':').next().unwrap_or(part).trim_end_matches(['.', ' ']);
        part == ".git" || part == "git~1"
    })
}

/// The characters that HFS+ leaves out when it compares names; git's own list.
fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_own_name_is_known_in_every_disguise() {
        for name in [
            ".git",
            ".GIT",
            ".Git",
            ".git.",
            ".git ",
            ".git . .",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git::$INDEX_ALLOCATION",
            "GIT~1",
            "sub\\.git\\config",
        ] {
            assert!(is_gits_own(OsStr::new(name)), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", ".gitmodules", "a.git", ".gitx", "."] {
            assert!(!is_gits_own(OsStr::new(name)), "{name:?}");
        }
    }

    #[test]
    fn an_absolute_path_below_the_root_is_taken_as_relative() {
        let roots = [Path::new("/w/one"), Path::new("/real/one")];
        for (given, meant) in [
            ("/w/one/src/a.rs", "src/a.rs"),
            ("/real/one/src", "src"),
            ("/w/one", "."),
            ("/w/one/", "."),
            ("src/../a", "src/../a"),
            ("~a", "~a"),
        ] {
            assert_eq!(relative(given, &roots).unwrap(), meant, "{given}");
        }
        for given in ["/etc/passwd", "/w/one-more/a", "/w", "~", "~/.ssh/id_rsa", "", "a\0b"] {
            assert!(relative(given, &roots).is_err(), "{given:?}");
        }
    }
}
