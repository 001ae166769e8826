//! Lines and blocks one below the other, with one empty line around blocks.

use crate::style::{Style, Tone};

/// What stands last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Last {
    /// Nothing yet.
    #[default]
    Nothing,
    /// A line that others may follow directly.
    Line,
    /// A block.
    Block,
}

/// A page in the making; may continue an earlier one.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) last: Last,
    pub(crate) style: Style,
}

impl Page {
    pub(crate) fn after(last: Last, style: &Style) -> Self {
        Self { text: String::new(), last, style: *style }
    }

    /// One line of a flow.
    pub(crate) fn line(&mut self, text: &str) {
        if self.last == Last::Block {
            self.text.push('\n');
        }
        self.push(text);
        self.last = Last::Line;
    }

    /// One line directly below what stands last.
    pub(crate) fn under(&mut self, text: &str) {
        self.push(text);
        self.last = Last::Line;
    }

    /// A line of less weight.
    pub(crate) fn quiet(&mut self, text: &str) {
        let painted = self.style.paint(Tone::Quiet, text);
        self.line(&painted);
    }

    /// Lines that belong together.
    pub(crate) fn block<T: AsRef<str>>(&mut self, lines: &[T]) {
        if self.last != Last::Nothing {
            self.text.push('\n');
        }
        lines.iter().for_each(|line| self.push(line.as_ref()));
        self.last = Last::Block;
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}
