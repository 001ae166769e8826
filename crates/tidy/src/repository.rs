//! The repository's files, as they lie on the disk.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that are not the repository's own: what cargo builds, and git's.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// From the repository's root, with slashes.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The repository's root.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}

/// All files with text in them, sorted by path; what is no UTF-8 is left out, links are not followed.
///
/// # Errors
/// When a folder or a file can't be read.
pub fn files(root: &Path) -> io::Result<Vec<TextFile>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() && !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
                folders.push(path);
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(fs::read(&path)?)
            {
                let path = path.strip_prefix(root).unwrap_or(&path);
                found.push(TextFile { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
