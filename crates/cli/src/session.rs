//! Following a run from its first record to its last, and asking the person what it wants to know.

use crate::conversation::{Conversation, Wish};
use crate::error::{CliError, Exit};
use crate::settings::Env;
use crate::surface::Surface;
use crate::typed;
use crate::watch::Watch;
use equitr_core::event::Ending;
use equitr_core::input::Command;
use equitr_core::state::RunState;
use equitr_engine::{EngineError, Home, News, RunHandle, Stopped};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often the line of what goes on is drawn: often enough to look alive.
pub const FRAME: Duration = Duration::from_millis(200);

/// How often the person asked for a stop by Ctrl-C or a signal.
static STOPS: AtomicU32 = AtomicU32::new(0);

/// Whether the person asked for a stop.
pub fn is_stopping() -> bool {
    STOPS.load(Ordering::SeqCst) > 0
}

/// Follows a run until it stops; `state` is where it is taken up, nothing for a new one.
///
/// `conversation` is there when somebody can be asked.
///
/// # Errors
/// When the run's journal could not be written, or by a fault of ours.
pub fn follow(
    handle: RunHandle,
    mut state: Option<RunState>,
    surface: &mut Surface,
    mut conversation: Option<Conversation>,
) -> Result<Exit, CliError> {
    let stop = handle.stopper();
    let second = handle.stopper();
    _ = ctrlc::set_handler(move || {
        if STOPS.fetch_add(1, Ordering::SeqCst) == 0 {
            second();
        } else {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    if let Some(state) = &state {
        surface.take_up(state);
    }
    // The records that were there when the person was last asked: no question is put twice.
    let mut asked_at = None;
    let mut told_stop = false;
    let mut watch = Watch::default();
    loop {
        if let (Some(conversation), Some(state)) = (&mut conversation, &state)
            && !told_stop
            && conversation.listens(state)
            && let Some(line) = typed::line()
            && let Wish::Command(command) = conversation.typed(&line, state, surface)
        {
            handle.command(command);
        }
        match handle.news.recv_timeout(FRAME) {
            Ok(News::Record(record)) => {
                let followed = match &mut state {
                    None => equitr_core::apply::open(&record).map(|opened| state = Some(opened)),
                    Some(state) => equitr_core::apply::apply(state, &record),
                };
                followed.map_err(|refused| internal(&refused))?;
                if let Some(state) = &state {
                    surface.record(state, &record);
                }
                continue;
            }
            Ok(News::Objection(why)) => {
                surface.note(&format!("! {why}"));
                asked_at = None;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let Some(state) = &state else { continue };
        if is_stopping() && !told_stop {
            told_stop = true;
            surface.note("stopping; press Ctrl-C again to stop at once");
        }
        match &mut conversation {
            Some(conversation) if asked_at != Some(state.records) && !told_stop => {
                match conversation.wish(state, surface) {
                    Wish::Nothing => {}
                    Wish::Command(command) => {
                        asked_at = Some(state.records);
                        handle.command(command);
                    }
                    Wish::Stop => {
                        stop();
                        // Nothing is asked while it stops.
                        told_stop = true;
                    }
                }
            }
            Some(_) | None => {}
        }
        if let Some(note) = watch.look(state) {
            surface.note(note);
        }
        surface.draw(state, now_ms(), &handle.activity.lines());
    }
    surface.erase();
    let stopped = handle.join().map_err(|error| engine_error(&error))?;
    Ok(exit(stopped, state.as_ref()))
}

fn exit(stopped: Stopped, state: Option<&RunState>) -> Exit {
    match (stopped, state.and_then(RunState::ending)) {
        (Stopped::Interrupted, _) | (Stopped::Ended, None) => Exit::Interrupted,
        (Stopped::Ended, Some(ending)) => ending_exit(ending),
    }
}

/// The exit code of an ending.
pub fn ending_exit(ending: &Ending) -> Exit {
    match ending {
        Ending::Done => Exit::Done,
        Ending::DoneWithOpenWork => Exit::OpenWork,
        Ending::Failed { .. } => Exit::Failed,
        Ending::OutOfBudget | Ending::ModelUnavailable { .. } => Exit::Budget,
        Ending::Broken { .. } => Exit::Environment,
        Ending::Cancelled => Exit::Interrupted,
    }
}

/// What went wrong with a run, for the person.
pub fn engine_error(error: &EngineError) -> CliError {
    let told = with_causes(error);
    match error {
        EngineError::Locked { .. } => CliError::new(Exit::Locked, told)
            .hint("wait for it, stop it, or look at it with `equitrcoder status`"),
        EngineError::NoSuchRun { .. } => {
            CliError::usage(told).hint("`equitrcoder runs` lists the runs")
        }
        EngineError::NotOn { run } => {
            CliError::environment(told).hint(format!("go on with it by `equitrcoder resume {run}`"))
        }
        EngineError::Newer { .. } => CliError::new(Exit::Journal, told)
            .hint("use the version of equitrcoder that wrote it, or a newer one"),
        EngineError::Damaged { .. } => CliError::new(Exit::Journal, told)
            .hint("the work merged so far is in hub.git beside it, on branch `integration`"),
        EngineError::Journal { .. } => CliError::new(Exit::Journal, told)
            .hint("free some space or mend the disk, then go on with `equitrcoder resume`"),
        EngineError::Io { .. } | EngineError::Proxy { .. } => {
            CliError::environment(told).hint("choose another folder with --home DIR or EQUITR_HOME")
        }
        EngineError::Threads { .. } => CliError::environment(told)
            .hint("close some programs, or raise the limit of processes (`ulimit -u`)"),
        EngineError::Internal(_) => CliError::new(Exit::Failed, told),
    }
}

fn internal(refused: &equitr_core::apply::Refused) -> CliError {
    CliError::new(Exit::Failed, format!("internal error: {refused}"))
        .hint("nothing is lost: `equitrcoder resume` goes on")
}

/// An error with all that caused it, without the system's code numbers.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = plain(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = plain(&cause.to_string());
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn plain(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Words for a run that stopped before its end.
pub fn interrupted_note(home: &Home, run: &str, env: Env<'_>) -> String {
    let usual = crate::settings::home(None, env).is_ok_and(|usual| usual.root() == home.root());
    let home = if usual { String::new() } else { format!(" --home {}", home.root().display()) };
    format!("stopped; nothing is lost: go on with `equitrcoder resume{home} {run}`")
}

/// Commands that a resumed run carries out first.
pub fn reopen_commands(state: &RunState, mut settings: Vec<Command>) -> Vec<Command> {
    if state.ending().is_some() {
        settings.push(Command::Reopen);
    }
    settings
}
