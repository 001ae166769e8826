//! Documents in the person's editor.

use crate::error::CliError;
use crate::session::with_causes;
use equitr_core::documents::{DocumentKind, Documents};
use std::process::Command;

/// What the person made of the documents; nothing when they left them as they are.
///
/// # Errors
/// When no editor could be run, or a file is no text any more.
pub fn edit(documents: &Documents) -> Result<Option<Documents>, CliError> {
    let failed = |what: &str, error: &dyn std::error::Error| {
        CliError::environment(format!("can't {what}: {}", with_causes(error)))
    };
    let folder = tempfile::tempdir().map_err(|error| failed("make a folder", &error))?;
    let mut paths = Vec::new();
    for kind in DocumentKind::ALL {
        let name = kind.path().rsplit('/').next().unwrap_or_default();
        let path = folder.path().join(name);
        std::fs::write(&path, documents.get(kind).as_bytes())
            .map_err(|error| failed("write the documents", &error))?;
        paths.push((kind, path));
    }
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    // An editor is often a command line, such as `code --wait`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(&editor)
        .args(paths.iter().map(|(_, path)| path))
        .status()
        .map_err(|error| failed("run the editor", &error))?;
    if !status.success() {
        return Err(CliError::environment(format!("the editor `{editor}` failed"))
            .hint("set EDITOR to an editor that is installed"));
    }
    let mut edited = Documents::default();
    for (kind, path) in paths {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| failed(&format!("read {}", kind.path()), &error))?;
        edited.set(kind, text.into());
    }
    Ok((edited != *documents).then_some(edited))
}
