//! The person at the terminal: answers, `/commands`, the review of the documents.

use crate::args::Action;
use crate::editor;
use crate::session::{FRAME, is_stopping};
use crate::steering;
use crate::surface::{Surface, is_dumb};
use equitr_core::id::{AgentId, Asker, QuestionId};
use equitr_core::input::Command;
use equitr_core::state::{Phase, RunState};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::sync::mpsc::{RecvTimeoutError, channel};

const HELP: &str = "\
/status       where the run is
/clear        forget the conversation and begin anew
/multi-agent  switch between one worker and a team
/done         enough said: write the documents
/quit         stop; `equitrcoder resume` goes on
/help         this list
";

const REVIEW: &str = "Review documentation: [approve/revise/edit/quit] (approve): ";

/// The person at the terminal.
pub struct Conversation {
    /// Edits lines, where the terminal can show that; else they come as they are.
    editor: Option<DefaultEditor>,
    /// Workers at a time when there is a team.
    team: u32,
    /// A question that is put while the run goes on: the next line answers it.
    pending: Option<QuestionId>,
    role: Role,
}

/// What the person at the terminal is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// They answer, approve and steer.
    Asked,
    /// They said beforehand what is to be answered, and may steer.
    Watching,
}

/// What the person wants.
pub enum Wish {
    /// Nothing is asked of them, or they are still typing.
    Nothing,
    /// This.
    Command(Command),
    /// To stop here.
    Stop,
}

enum Line {
    Said(String),
    End,
}

impl Conversation {
    /// With the terminal; `team` is the number of workers that `/multi-agent` switches to.
    pub fn new(team: u32) -> Option<Self> {
        let editor = if is_dumb() { None } else { Some(DefaultEditor::new().ok()?) };
        Some(Self { editor, team, pending: None, role: Role::Asked })
    }

    /// With a person who is asked nothing.
    pub fn watching() -> Self {
        Self { editor: None, team: 1, pending: None, role: Role::Watching }
    }

    /// Whether lines that are typed now steer the run or answer its questions; while documents are
    /// planned, the prompts take them.
    pub fn listens(&self, state: &RunState) -> bool {
        match &state.phase {
            Phase::Planning | Phase::Review => {
                self.role == Role::Watching || state.paused.is_some()
            }
            Phase::Publishing | Phase::Graphing | Phase::Working => true,
            Phase::Ended(_) => false,
        }
    }

    /// What a line that was typed while the run works asks for.
    pub fn typed(&mut self, line: &str, state: &RunState, surface: &mut Surface) -> Wish {
        surface.close_prompt();
        let line = line.trim();
        if let Some(id) = self.pending.take_if(|_| !line.starts_with('/')) {
            return Wish::Command(Command::Answer(id, Some(line.into())));
        }
        // It is put again.
        self.pending = None;
        match line.trim_start_matches('/') {
            "" => surface.open_prompt("steer> "),
            "help" => surface.print(steering::HELP),
            "status" => {
                let text = equitr_ui::status::status(state, surface.style());
                surface.print(&text);
            }
            _ => {
                let asked = steering::typed(line)
                    .and_then(|action: Action| steering::request(&action, state));
                match asked {
                    Ok(steer) => return Wish::Command(steer.into()),
                    Err(why) => surface.note(&format!("! {why}")),
                }
            }
        }
        Wish::Nothing
    }

    /// Asks what the run wants to know just now, if anything. Waits for the answer while planning,
    /// when nothing else goes on.
    pub fn wish(&mut self, state: &RunState, surface: &mut Surface) -> Wish {
        if self.role == Role::Watching {
            return Wish::Nothing;
        }
        let planner_asks = state.questions.values().any(|q| q.by == Asker::Agent(AgentId::Planner));
        let unbegun = state.phase == Phase::Planning && state.plan.dialogue.is_none();
        if planner_asks || unbegun {
            return self.say(state, surface);
        }
        if state.phase == Phase::Review {
            return self.review(state, surface);
        }
        self.answer(state, surface)
    }

    fn say(&mut self, state: &RunState, surface: &mut Surface) -> Wish {
        loop {
            let Line::Said(line) = self.read(surface, "> ") else { return Wish::Stop };
            match line.trim() {
                "" => {}
                "/help" => surface.print(HELP),
                "/status" => {
                    let text = equitr_ui::status::status(state, surface.style());
                    surface.print(&text);
                }
                "/clear" => return Wish::Command(Command::Clear),
                "/done" => return Wish::Command(Command::Close),
                "/quit" => return Wish::Stop,
                "/multi-agent" => {
                    let workers = if state.spec.limits.workers > 1 { 1 } else { self.team };
                    return Wish::Command(Command::SetWorkers(workers));
                }
                other if other.starts_with('/') && !other.contains(char::is_whitespace) => {
                    surface.print(&format!("there is no command {other}\n{HELP}"));
                }
                text => return Wish::Command(Command::Say(text.into())),
            }
        }
    }

    fn review(&mut self, state: &RunState, surface: &mut Surface) -> Wish {
        surface.print("\n");
        loop {
            let Line::Said(line) = self.read(surface, REVIEW) else { return Wish::Stop };
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            match word.to_ascii_lowercase().as_str() {
                "" | "a" | "approve" | "y" | "yes" => return Wish::Command(Command::Approve),
                "q" | "quit" | "/quit" => return Wish::Stop,
                "r" | "revise" => {
                    let words = match rest.trim() {
                        "" => match self.read(surface, "What should change? ") {
                            Line::Said(words) => words,
                            Line::End => return Wish::Stop,
                        },
                        words => words.to_owned(),
                    };
                    if !words.trim().is_empty() {
                        return Wish::Command(Command::Revise(words.trim().into()));
                    }
                }
                "e" | "edit" => match editor::edit(&state.plan.documents) {
                    Ok(Some(documents)) => return Wish::Command(Command::Edit(documents)),
                    Ok(None) => surface.print("The documents are unchanged.\n"),
                    Err(error) => surface.note(&error.to_string()),
                },
                "/help" | "help" | "?" => surface.print(
                    "approve builds it; revise WORDS has the documents changed; edit opens them in \
                     $EDITOR; quit stops here, `equitrcoder resume` goes on\n",
                ),
                _ => surface.print("Please answer approve, revise, edit or quit.\n"),
            }
        }
    }

    /// Puts a question while the run goes on; the next line that is typed answers it.
    fn answer(&mut self, state: &RunState, surface: &mut Surface) -> Wish {
        if let Some(id) = self.pending
            && !state.questions.contains_key(&id)
        {
            self.pending = None;
            surface.close_prompt();
            surface.note("that question has its answer meanwhile");
        }
        if self.pending.is_none()
            && let Some((&id, _)) = state.questions.first_key_value()
        {
            surface.open_prompt("Your answer (empty for the default): ");
            self.pending = Some(id);
        }
        Wish::Nothing
    }

    fn read(&mut self, surface: &mut Surface, prompt: &str) -> Line {
        surface.erase();
        let Some(editor) = &mut self.editor else { return plain_line(surface, prompt) };
        match editor.readline(prompt) {
            Ok(line) => {
                _ = editor.add_history_entry(line.as_str());
                Line::Said(line)
            }
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => Line::End,
            Err(error) => {
                surface.note(&format!("can't read from the terminal: {error}"));
                Line::End
            }
        }
    }
}

/// A line from a terminal that can't move its cursor; its end when the person asks for a stop.
fn plain_line(surface: &mut Surface, prompt: &str) -> Line {
    surface.print(prompt);
    let (sender, line) = channel();
    // A thread of its own, since nothing interrupts a read from a terminal.
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().read_line(&mut text);
        _ = sender.send(read.map(|bytes| (bytes > 0).then_some(text)));
    });
    loop {
        match line.recv_timeout(FRAME) {
            Ok(Ok(Some(text))) => return Line::Said(text),
            Ok(Ok(None)) | Err(RecvTimeoutError::Disconnected) => return Line::End,
            Ok(Err(error)) => {
                surface.note(&format!("can't read from the terminal: {error}"));
                return Line::End;
            }
            Err(RecvTimeoutError::Timeout) if is_stopping() => return Line::End,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
