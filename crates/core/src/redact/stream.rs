//! A text that comes in pieces.

use super::Redactor;
use super::scan::{End, Scan};

/// Redacts a text that comes in pieces, wherever it is cut: all that it gives back together is what
/// [`Redactor::redact`] makes of the whole.
#[derive(Debug)]
pub struct Stream<'a> {
    redactor: &'a Redactor,
    scan: Scan,
    held: Vec<u8>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, scan: Scan::default(), held: Vec::new() }
    }

    /// The next piece of the text; what may be shown now. An end that may be the beginning of a
    /// secret is held back: less than [`Redactor::longest`] bytes.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::new();
        self.held.extend_from_slice(piece.as_bytes());
        self.scan.go_on(self.redactor, &self.held, End::Open, &mut out);
        let passed = self.scan.forget();
        self.held.drain(..passed);
        out
    }

    /// Bytes that are held back just now.
    pub fn held(&self) -> usize {
        self.held.len() - self.scan.at()
    }

    /// The text is at its end; what was held back of it.
    pub fn finish(mut self) -> String {
        let mut out = String::new();
        self.scan.go_on(self.redactor, &self.held, End::Here, &mut out);
        out
    }
}
