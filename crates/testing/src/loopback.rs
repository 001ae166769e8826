//! A server on this machine that speaks the providers' formats and answers from a script.
//!
//! It speaks OpenAI's Chat Completions and Responses, Anthropic's Messages and Gemini's
//! `streamGenerateContent`, all streamed, and as unkindly as real ones: arguments come in small
//! pieces, the pieces of parallel calls take turns, the bytes are cut anew every 17, comments and
//! pings lie between. Whose turn it is it reads from the request alone: the first line
//! `agent: NAME#ATTEMPT` of the system prompt or of the first user message, and the number of
//! replies that the conversation holds.
//!
//! It keeps a ledger of what it was asked and what it would have charged, and it can be told to
//! fail ([`Faults`]). It lives in a thread and a runtime of its own, so blocking tests can use it,
//! and so can a test that starts the real program with the server's address as base URL.

mod asked;
mod connection;
mod faults;
mod format;
mod ledger;
mod outcome;

pub use asked::Format;
pub use faults::{Fault, Faults};
pub use format::signature;
pub use ledger::Seen;

use equitr_core::units::MicroDollars;
use equitr_llm::scripted::{Calls, Script};
use ledger::Ledger;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long a test waits for what must happen soon; only a test that fails waits so long.
const SOON: Duration = Duration::from_secs(20);

/// A running server; dropped, it stops.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What the server's connections share with its owner.
#[derive(Debug)]
struct Shared {
    script: Script,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    faults: Faults,
    calls: Calls,
    ledger: Ledger,
}

impl Shared {
    /// The state, whatever a panicking test left of it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the ledger and tells whoever waits for a change.
    fn note<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let noted = change(&mut self.state().ledger);
        self.changed.notify_all();
        noted
    }
}

impl Loopback {
    /// A server on a free port that answers as `script` says and fails as `faults` say.
    pub fn start(script: Script, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = State { faults, calls: Calls::default(), ledger: Ledger::default() };
        let shared = Arc::new(Shared { script, state: Mutex::new(state), changed: Condvar::new() });
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = shared.clone();
        let thread = std::thread::Builder::new().name("loopback".to_owned()).spawn(move || {
            // A server that can't listen any more is one that nobody reaches: the test fails there.
            let _ended = runtime.block_on(connection::serve(listener, server, stopped));
        })?;
        Ok(Self { address, shared, stop, thread: Some(thread) })
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What all replies that it began to send cost, by the script's price and the usage it told.
    pub fn served_micro_dollars(&self) -> MicroDollars {
        self.shared.state().ledger.served
    }

    /// Every request so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().ledger.requests.clone()
    }

    /// How many requests came for `turn` of `agent` (its whole name).
    pub fn requests_of(&self, agent: &str, turn: u32) -> usize {
        let of_turn = |seen: &&Seen| seen.agent == agent && seen.turn == turn;
        self.shared.state().ledger.requests.iter().filter(of_turn).count()
    }

    /// How often a client went away before its reply was sent to the end.
    pub fn disconnects(&self) -> usize {
        self.shared.state().ledger.disconnects
    }

    /// How often `fault` was given.
    pub fn given(&self, fault: &Fault) -> usize {
        let of_kind = |seen: &&Seen| seen.fault.as_ref() == Some(fault);
        self.shared.state().ledger.requests.iter().filter(of_kind).count()
    }

    /// Waits until `count` requests have come; whether they did within 20 s.
    pub fn wait_for_requests(&self, count: usize) -> bool {
        self.wait_until(|ledger| ledger.requests.len() >= count)
    }

    /// Waits until `count` clients have gone away early; whether they did within 20 s.
    pub fn wait_for_disconnects(&self, count: usize) -> bool {
        self.wait_until(|ledger| ledger.disconnects >= count)
    }

    fn wait_until(&self, reached: impl Fn(&Ledger) -> bool) -> bool {
        let state = self.shared.state();
        let waited = self.shared.changed.wait_timeout_while(state, SOON, |s| !reached(&s.ledger));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        reached(&state.ledger)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there is on stderr already; it must not become a second one in a drop.
            let _ended = thread.join();
        }
    }
}
