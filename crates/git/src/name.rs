//! Names that are git's own, in every spelling that some file system takes for the same.

/// What protects a case-blind or Windows disk from a `.git` is refused everywhere: the person's
/// disk may be one.
///
/// In another case, with trailing dots or spaces, with characters that HFS+ leaves out, as a
/// Windows stream or short name, or behind a backslash.
pub(crate) fn is_gits_own(name: &[u8]) -> bool {
    is_any_of(name, |part| matches!(part, ".git" | "git~1"))
}

/// Whether a name is `.gitmodules` in any spelling, which git takes as a file and refuses as a link.
pub(crate) fn is_gitmodules(name: &[u8]) -> bool {
    is_any_of(name, |part| {
        let short = part.strip_prefix("gitmod~").or_else(|| part.strip_prefix("gi7eba~"));
        part == ".gitmodules"
            || short.is_some_and(|digit| matches!(digit.as_bytes(), [b'1'..=b'9']))
    })
}

fn is_any_of(name: &[u8], is: impl Fn(&str) -> bool) -> bool {
    let text = String::from_utf8_lossy(name);
    let visible: String = text.chars().filter(|c| !is_left_out_by_hfs(*c)).collect();
    visible
        .to_lowercase()
        .split('\\')
        .any(|part| is(part.split(':').next().unwrap_or(part).trim_end_matches(['.', ' '])))
}

/// The characters that HFS+ leaves out when it compares names; git's own list.
fn is_left_out_by_hfs(c: char) -> bool {
    matches!(c,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_s05_gits_own_name_is_known_in_every_disguise() {
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
            assert!(is_gits_own(name.as_bytes()), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", ".gitmodules", "a.git", ".gitx", ".", "git~2"]
        {
            assert!(!is_gits_own(name.as_bytes()), "{name:?}");
        }
    }

    #[test]
    fn a_gitmodules_is_known_in_every_disguise() {
        for name in [".gitmodules", ".GitModules ", "GITMOD~1", "gi7eba~2", ".git\u{200c}modules"] {
            assert!(is_gitmodules(name.as_bytes()), "{name:?}");
        }
        for name in [".gitmodule", "gitmodules", "gitmod~", "gitmod~10", ".git"] {
            assert!(!is_gitmodules(name.as_bytes()), "{name:?}");
        }
    }
}
