//! Where a value came from.

use std::fmt;

/// Where a value came from; the later ones win over the earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// The configuration file.
    File {
        /// Its path, as shown.
        path: String,
        /// The line of the value.
        line: usize,
    },
    /// The repository's own file, which added to what came from elsewhere or made it stricter.
    Project {
        /// The file, as shown.
        path: String,
        /// The line of the value.
        line: usize,
        /// Where the person's value came from.
        over: Box<Origin>,
    },
    /// An environment variable.
    Variable(&'static str),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Project { path, line, over } => match **over {
                Self::Default => write!(f, "{path}:{line}"),
                Self::File { .. } | Self::Project { .. } | Self::Variable(_) | Self::Flag(_) => {
                    write!(f, "{path}:{line} over {over}")
                }
            },
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}
