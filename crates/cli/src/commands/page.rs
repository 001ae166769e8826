//! What a command prints at once: tables, and the writing itself.

use crate::error::{CliError, Exit};
use crate::settings::reason;
use std::io::{ErrorKind, Write};

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows as lines, their cells in columns that are as wide as the widest cell; the first row is the
/// heading.
pub fn table<const N: usize>(sides: [Side; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, width), side) in row.iter().zip(widths).zip(sides) {
            let room = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, behind) = match side {
                Side::Left => ("", room.as_str()),
                Side::Right => (room.as_str(), ""),
            };
            line.push_str(&format!("{before}{cell}{behind}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes `text`; a reader that has seen enough is no error.
///
/// # Errors
/// When it can't be written.
pub fn print(out: &mut dyn Write, text: &str) -> Result<(), CliError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::new(
            Exit::Environment,
            format!("can't write the output: {}", reason(&error)),
        )),
    }
}
