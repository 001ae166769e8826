//! How text may look: colours, symbols and width, and what stands in where they are not wanted.

/// What the place that text goes to can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colour codes are understood.
    pub color: bool,
    /// Symbols beyond ASCII are wanted; without them, all that we say is ASCII.
    pub emoji: bool,
    /// Columns of a line.
    pub width: usize,
}

impl Style {
    /// ASCII without colours, 80 columns: for files, pipes and logs.
    pub const PLAIN: Self = Self { color: false, emoji: false, width: 80 };

    /// A symbol, or what stands in for it. Leading symbols bring the space that follows them.
    pub(crate) fn mark(self, mark: Mark) -> &'static str {
        let (symbol, plain) = match mark {
            Mark::Agent => ("🤖 ", ""),
            Mark::Complete => ("✅ ", ""),
            Mark::Incomplete => ("⚠️ ", "! "),
            Mark::Tasks => ("📋 ", ""),
            Mark::Spawning => ("🔄 ", ""),
            Mark::Summary => ("📊 ", ""),
            Mark::Question => ("❓ ", "? "),
            Mark::Good => ("✓ ", "ok "),
            Mark::Bad => ("✗ ", "x "),
            Mark::Note => ("! ", "! "),
            Mark::Waiting => ("· ", "- "),
            Mark::AtWork => ("▸ ", "> "),
            Mark::To => ("→", "->"),
            Mark::Cut => ("…", "..."),
            Mark::Between => (" · ", " | "),
            Mark::Rule => ("──", "--"),
        };
        if self.emoji { symbol } else { plain }
    }

    /// `text` in a tone; unchanged without colours.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Notice => "33",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// What a symbol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Agent,
    Complete,
    Incomplete,
    Tasks,
    Spawning,
    Summary,
    Question,
    Good,
    Bad,
    Note,
    Waiting,
    AtWork,
    To,
    Cut,
    Between,
    Rule,
}

/// What a colour says; never the only thing that says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Notice,
    Quiet,
    Strong,
}
