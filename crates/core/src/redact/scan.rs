//! One pass over a text: what is a secret, and where it ends.

use super::Redactor;
use super::forms::Lines;
use super::shape::{self, BEHIND, Class, Fit};

/// A form of a known value.
pub(super) struct Secret {
    /// The index of its mark.
    pub mark: usize,
    pub bytes: Vec<u8>,
    pub lines: Lines,
}

impl Secret {
    /// Bytes of text that it may take.
    pub fn span(&self) -> usize {
        match self.lines {
            Lines::Whole => self.bytes.len(),
            // A line end of two bytes after each of its own.
            Lines::Wrapped => self.bytes.len() * 3,
        }
    }

    /// Whether `text` begins with it.
    fn fit(&self, text: &[u8], end: End) -> Fit<usize> {
        let mut at = 0;
        for (n, byte) in self.bytes.iter().enumerate() {
            if n > 0 && self.lines == Lines::Wrapped {
                at += usize::from(text.get(at) == Some(&b'\r'));
                at += usize::from(text.get(at) == Some(&b'\n'));
            }
            match text.get(at) {
                Some(found) if found == byte => at += 1,
                Some(_) => return Fit::No,
                None => return end.fit(),
            }
        }
        Fit::Yes(at)
    }
}

/// Whether more of a text may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It ends here.
    Here,
    /// More may come.
    Open,
}

impl End {
    /// What is known of something that the text is too short for.
    pub fn fit<T>(self) -> Fit<T> {
        match self {
            Self::Here => Fit::No,
            Self::Open => Fit::Unknown,
        }
    }
}

/// Bytes after `-----END ` in which the rest of that line is.
const LAST_LINE: usize = 64;
/// How the last line of a key block begins.
const LAST: &[u8] = b"-----END ";
/// A key block that never ends is taken this far: the largest RSA key has some 12 KB.
const BLOCK_BYTES: usize = 16 * 1024;
/// Bytes that a key block takes at the most, its first and last line included.
pub(super) const BLOCK_SPAN: usize = shape::WINDOW + BLOCK_BYTES + LAST.len() + LAST_LINE;

/// Where a pass is. Offsets are those of the text that is at hand.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether anything was a secret.
    pub found: bool,
    /// The first byte that nothing was decided about.
    at: usize,
    /// Up to here the text is written out or replaced.
    written: usize,
    /// Where the text since the last mark begins: what stands before a secret is looked for there.
    plain: usize,
    secret: Option<Inside>,
}

/// A secret that the pass is inside of.
#[derive(Debug)]
struct Inside {
    /// It reaches here at least.
    end: usize,
    /// What goes on with it, and from where.
    rest: Rest,
    from: usize,
}

/// What goes on with a secret behind what it is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// All bytes of a class.
    Run(Class),
    /// The lines of a key block, this many bytes at the most.
    Block(usize),
}

impl Rest {
    /// That of a key block that has just begun.
    pub const BLOCK: Self = Self::Block(BLOCK_BYTES);
}

impl Scan {
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on as far as can be decided; what is decided is added to `out`.
    pub fn go_on(&mut self, redactor: &Redactor, text: &[u8], end: End, out: &mut String) {
        while self.at < text.len() {
            let decided = if self.secret.is_some() {
                self.inside(redactor, text, end)
            } else {
                self.outside(redactor, text, end, out)
            };
            if !decided {
                break;
            }
        }
        if self.secret.is_none() {
            self.write(text, self.at, out);
        }
    }

    /// Forgets what is not looked at any more; the bytes that are.
    pub fn forget(&mut self) -> usize {
        let passed = self.at.saturating_sub(BEHIND);
        self.at -= passed;
        self.written = self.written.saturating_sub(passed);
        self.plain = self.plain.saturating_sub(passed);
        if let Some(inside) = &mut self.secret {
            inside.end = inside.end.saturating_sub(passed);
            inside.from = inside.from.saturating_sub(passed);
        }
        passed
    }

    fn write(&mut self, text: &[u8], to: usize, out: &mut String) {
        if let Some(plain) = text.get(self.written..to) {
            out.push_str(&String::from_utf8_lossy(plain));
        }
        self.written = to.max(self.written);
    }

    /// One byte where no secret is yet; whether it could be decided.
    fn outside(&mut self, redactor: &Redactor, text: &[u8], end: End, out: &mut String) -> bool {
        let at = self.at;
        let before = &text[self.plain.max(at.saturating_sub(BEHIND))..at];
        let behind = before.last().is_some_and(|byte| shape::may_follow(*byte));
        if !redactor.begins[usize::from(text[at])] && !behind {
            self.at += 1;
            return true;
        }
        match redactor.mark(&text[at..], end) {
            Fit::Yes(length) => {
                self.at += length;
                self.plain = self.at;
                return true;
            }
            Fit::Unknown => return false,
            Fit::No => {}
        }
        let known = redactor.known(&text[at..], end);
        let shapes = &redactor.shapes[usize::from(text[at])];
        let shaped = shape::fit(shapes, before, &text[at..], end);
        let (mark, inside) = match (known, shaped) {
            (Fit::Unknown, _) | (_, Fit::Unknown) => return false,
            (Fit::No, Fit::No) => {
                self.at += 1;
                return true;
            }
            (Fit::Yes((mark, length)), Fit::No) => {
                let end = at + length;
                (redactor.marks[mark].clone(), Inside { end, rest: Rest::Nothing, from: end })
            }
            (Fit::No, Fit::Yes(shape)) => {
                let end = at + shape.length;
                (super::mark(shape.kind), Inside { end, rest: shape.rest, from: end })
            }
            (Fit::Yes((mark, length)), Fit::Yes(shape)) => {
                let from = at + shape.length;
                let end = from.max(at + length);
                (redactor.marks[mark].clone(), Inside { end, rest: shape.rest, from })
            }
        };
        self.write(text, at, out);
        out.push_str(&mark);
        self.found = true;
        self.secret = Some(inside);
        true
    }

    /// One byte inside a secret; whether it could be decided.
    fn inside(&mut self, redactor: &Redactor, text: &[u8], end: End) -> bool {
        let at = self.at;
        let Some(inside) = &mut self.secret else { return true };
        if at >= inside.from {
            match goes_on(inside.rest, &text[at..], end) {
                Fit::Unknown => return false,
                Fit::No => inside.rest = Rest::Nothing,
                Fit::Yes((length, rest)) => {
                    inside.end = inside.end.max(at + length);
                    inside.rest = rest;
                    inside.from = at + length;
                }
            }
        }
        if at >= inside.end && inside.rest == Rest::Nothing {
            self.secret = None;
            self.written = at;
            self.plain = at;
            return true;
        }
        // Another one may begin in it and reach further.
        if redactor.begins[usize::from(text[at])] {
            match redactor.known(&text[at..], end) {
                Fit::Unknown => return false,
                Fit::No => {}
                Fit::Yes((_, length)) => inside.end = inside.end.max(at + length),
            }
        }
        self.at += 1;
        true
    }
}

/// How far a secret goes on at the beginning of `text`, and what goes on then.
fn goes_on(rest: Rest, text: &[u8], end: End) -> Fit<(usize, Rest)> {
    let Some(&byte) = text.first() else { return end.fit() };
    match rest {
        Rest::Nothing => Fit::No,
        Rest::Run(class) if class.has(byte) => Fit::Yes((1, rest)),
        Rest::Run(_) | Rest::Block(0) => Fit::No,
        Rest::Block(left) => {
            match last_line(text, end) {
                Fit::Yes(length) => return Fit::Yes((length, Rest::Nothing)),
                Fit::Unknown => return Fit::Unknown,
                Fit::No => {}
            }
            if Class::Block.has(byte) { Fit::Yes((1, Rest::Block(left - 1))) } else { Fit::No }
        }
    }
}

/// The length of a key block's last line, when `text` begins with it.
fn last_line(text: &[u8], end: End) -> Fit<usize> {
    let head = &text[..text.len().min(LAST.len())];
    if !LAST.starts_with(head) {
        return Fit::No;
    }
    let rest = &text[head.len()..];
    let rest = &rest[..rest.len().min(LAST_LINE)];
    match rest.windows(5).position(|five| five == b"-----") {
        Some(at) => Fit::Yes(LAST.len() + at + 5),
        None if rest.len() == LAST_LINE => Fit::No,
        None => end.fit(),
    }
}

impl Redactor {
    /// The length of the mark that `text` begins with.
    fn mark(&self, text: &[u8], end: End) -> Fit<usize> {
        if text.first() != Some(&b'[') {
            return Fit::No;
        }
        let mut fit = Fit::No;
        for mark in &self.marks {
            if text.starts_with(mark.as_bytes()) {
                return Fit::Yes(mark.len());
            }
            if end == End::Open && mark.as_bytes().starts_with(text) {
                fit = Fit::Unknown;
            }
        }
        fit
    }

    /// The longest known value that `text` begins with: its mark and its length.
    fn known(&self, text: &[u8], end: End) -> Fit<(usize, usize)> {
        let Some(first) = text.first() else { return end.fit() };
        let mut longest: Fit<(usize, usize)> = Fit::No;
        for secret in &self.known[usize::from(*first)] {
            let fit = match secret.fit(text, end) {
                // A mark that is there already stays whole.
                Fit::Yes(length) => match self.mark_within(text, length, end) {
                    Fit::Yes(()) => Fit::No,
                    Fit::Unknown => Fit::Unknown,
                    Fit::No => Fit::Yes(length),
                },
                other => other,
            };
            match (fit, &longest) {
                (Fit::Unknown, _) => return Fit::Unknown,
                (Fit::Yes(length), Fit::No) => longest = Fit::Yes((secret.mark, length)),
                (Fit::Yes(length), Fit::Yes((_, other))) if length > *other => {
                    longest = Fit::Yes((secret.mark, length));
                }
                (Fit::Yes(_) | Fit::No, _) => {}
            }
        }
        longest
    }

    /// Whether a mark begins in the first `length` bytes, other than at the very first.
    fn mark_within(&self, text: &[u8], length: usize, end: End) -> Fit<()> {
        let mut fit = Fit::No;
        for at in (1..length).filter(|at| text[*at] == b'[') {
            match self.mark(&text[at..], end) {
                Fit::Yes(_) => return Fit::Yes(()),
                Fit::Unknown => fit = Fit::Unknown,
                Fit::No => {}
            }
        }
        fit
    }
}
