//! A value that a person keeps in their environment and in a file of theirs, and that nothing of a
//! run may hold: not its folder and not what the program prints.

use std::fs;
use std::path::{Path, PathBuf};

/// The value. It has the shape of nothing, so it is found as what it is or not at all.
pub const CANARY: &str = "cnry/7Kx+Q9=vZ2mP4wL8t";

/// The variable that holds it.
pub const VARIABLE: &str = "PERSON_CANARY_TOKEN";

/// The file that holds it, in the person's home.
pub const FILE: &str = "person/.canary";

/// The value in its encodings, made by another program: as it is, in a URL, in JSON, as hex, and as
/// base64 with none, one and two bytes before it.
const FORMS: [&str; 8] = [
    CANARY,
    "cnry%2F7Kx%2BQ9%3DvZ2mP4wL8t",
    "cnry\\/7Kx+Q9=vZ2mP4wL8t",
    "636e72792f374b782b51393d765a326d5034774c3874",
    "636E72792F374B782B51393D765A326D5034774C3874",
    "Y25yeS83S3grUTk9dloybVA0d0w4d",
    "NucnkvN0t4K1E5PXZaMm1QNHdMOH",
    "jbnJ5LzdLeCtROT12WjJtUDR3TDh0",
];

/// The first form of the value that `text` holds.
pub fn form_in(text: &str) -> Option<&'static str> {
    FORMS.into_iter().find(|form| text.contains(form))
}

/// Fails when `text`, which the program printed, holds the value in any form.
#[track_caller]
pub fn assert_none_in(text: &str) {
    assert_eq!(form_in(text), None, "the canary was printed:\n{text}");
}

/// The files beneath `folder` that hold the value in any form.
pub fn files_with(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // What a run removes while it is looked at holds nothing.
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(files_with(&path));
        } else if path.is_file()
            && fs::read(&path).is_ok_and(|b| form_in(&String::from_utf8_lossy(&b)).is_some())
        {
            found.push(path);
        }
    }
    found
}
