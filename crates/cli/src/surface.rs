//! Where a run is shown: stdout for what stays, one line of stderr for what goes on just now.

use crate::args::{OutputArgs, When};
use equitr_core::event::Record;
use equitr_core::state::RunState;
use equitr_ui::Style;
use equitr_ui::line::Lines;
use std::io::{IsTerminal, Write};

/// Erases the line under the cursor.
const ERASE: &str = "\r\x1b[2K";
/// Columns where nobody says how many there are.
const COLUMNS: usize = 80;

/// A run's surface.
pub struct Surface {
    style: Style,
    format: Format,
    /// Whether stderr is a terminal that can erase a line.
    live: bool,
    drawn: bool,
    /// What stands before the line that the person types, while they do: nothing is drawn over it.
    prompt: Option<&'static str>,
}

enum Format {
    Lines(Box<Lines>),
    Json,
}

impl Surface {
    /// What the flags and the terminal ask for.
    pub fn new(args: &OutputArgs) -> Self {
        let lines = || Format::Lines(Box::new(Lines::new()));
        Self {
            style: style(args.color),
            format: if args.json { Format::Json } else { lines() },
            live: !args.json && std::io::stderr().is_terminal() && !is_dumb(),
            drawn: false,
            prompt: None,
        }
    }

    /// Asks for a line that is typed while the run goes on; what goes on is not drawn until then.
    pub fn open_prompt(&mut self, prompt: &'static str) {
        self.print(prompt);
        self.prompt = Some(prompt);
    }

    /// The line has come, or is not wanted any more.
    pub fn close_prompt(&mut self) {
        self.prompt = None;
    }

    /// Whether somebody can follow the run here and type.
    pub fn is_interactive(&self) -> bool {
        let follows = match self.format {
            Format::Lines(_) => std::io::stdout().is_terminal(),
            Format::Json => false,
        };
        follows && std::io::stdin().is_terminal()
    }

    /// The style of all text.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// Goes on with a run that was told before; says what waits for the person.
    pub fn take_up(&mut self, state: &RunState) {
        if let Format::Lines(lines) = &mut self.format {
            **lines = Lines::from(state);
            let text = lines.waiting(state, &self.style);
            self.print(&text);
        }
    }

    /// Shows a record; `state` is the state after it.
    pub fn record(&mut self, state: &RunState, record: &Record) {
        if state.ending().is_some() {
            self.close_prompt();
        }
        match &mut self.format {
            Format::Lines(lines) => {
                let text = lines.record(state, record, &self.style);
                self.print(&text);
            }
            Format::Json => {
                let line = equitr_ui::json::record_line(record);
                self.print(&format!("{line}\n"));
            }
        }
    }

    /// Draws the line of what goes on; nothing where it could not be erased again.
    pub fn draw(&mut self, state: &RunState, now_ms: u64, activity: &[String]) {
        if !self.live || self.prompt.is_some() || state.ending().is_some() {
            return;
        }
        // One agent's doings at a time, each for about a second.
        let turn = usize::try_from(now_ms / 1_000).unwrap_or(0);
        let shown = if activity.is_empty() { "" } else { &activity[turn % activity.len()] };
        let narrow = Style { width: self.style.width.saturating_sub(1), ..self.style };
        let line = equitr_ui::progress::status_line(state, now_ms, shown, &narrow);
        let mut stderr = std::io::stderr().lock();
        _ = write!(stderr, "{ERASE}{line}").and_then(|()| stderr.flush());
        self.drawn = true;
    }

    /// Erases the line of what goes on.
    pub fn erase(&mut self) {
        if self.drawn {
            let mut stderr = std::io::stderr().lock();
            _ = write!(stderr, "{ERASE}").and_then(|()| stderr.flush());
            self.drawn = false;
        }
    }

    /// Prints text of ours as it is.
    pub fn print(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.erase();
        // What is being typed stays in the terminal's line; its prompt is shown again below.
        let (before, after) = self.prompt.map_or(("", ""), |prompt| ("\n", prompt));
        let text = format!("{before}{text}{after}");
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away, such as `head`, is no reason to stop a run.
        _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Says something that a person must not miss, in red where the terminal has colours.
    pub fn warn(&mut self, text: &str) {
        let is_red = match self.format {
            Format::Json => false,
            Format::Lines(_) => self.style.color && std::io::stderr().is_terminal(),
        };
        if is_red { self.note(&format!("\x1b[1;31m{text}\x1b[0m")) } else { self.note(text) }
    }

    /// Says something that is not part of the output.
    pub fn note(&mut self, text: &str) {
        self.erase();
        match self.format {
            Format::Json => eprintln!("{}", equitr_ui::json::error_line(text, None)),
            Format::Lines(_) => eprintln!("{text}"),
        }
    }
}

/// The style that stdout can show.
pub fn style(color: When) -> Style {
    let terminal = std::io::stdout().is_terminal() && !is_dumb();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| usize::from(width.0));
    Style {
        color: match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !no_color,
        },
        emoji: (terminal || color == When::Always) && is_utf8(),
        width: width.clamp(20, 200),
    }
}

/// Whether the terminal can only go on line by line, or nobody knows what it can.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

fn is_utf8() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    said.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
