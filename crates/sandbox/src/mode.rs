//! Which sandbox a person asks for.

use crate::Error;
use std::fmt;
use std::str::FromStr;

/// Which sandbox a person asks for, by its name in settings and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Bubblewrap where it works, else Landlock; nothing runs where neither does.
    #[default]
    Auto,
    /// Bubblewrap or nothing.
    Bubblewrap,
    /// Landlock or nothing.
    Landlock,
    /// No sandbox at all, which only a person may ask for.
    Off,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
            Self::Off => "off",
        })
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(mode: &str) -> Result<Self, Error> {
        let all = [Self::Auto, Self::Bubblewrap, Self::Landlock, Self::Off];
        all.into_iter()
            .find(|known| known.to_string() == mode)
            .ok_or_else(|| Error::UnknownMode { mode: mode.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_written() {
        for name in ["auto", "bubblewrap", "landlock", "off"] {
            assert_eq!(name.parse::<Mode>().unwrap().to_string(), name);
        }
        for name in ["", "Auto", "none", "bwrap"] {
            assert!(matches!(name.parse::<Mode>(), Err(Error::UnknownMode { .. })), "{name}");
        }
    }
}
