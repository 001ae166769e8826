//! What well-known kinds of keys look like.
//!
//! A shape asks for more the longer a text is, and for nothing behind it: a text that is cut short,
//! as one is by a mark, never fits where the longer one did not.

use super::scan::{End, Rest};

/// Bytes of a text that a shape is decided by. The longest need is that of a token whose header
/// names a key (some 400 bytes); what follows may be of any length.
pub(super) const WINDOW: usize = 1024;

/// Bytes before a secret that are looked at; the longest of [`FOLLOWS`] has 26.
pub(super) const BEHIND: usize = 48;

/// Bytes between the first line of a key block and its first line of base64.
const BLOCK_GAP: usize = 120;
/// Base64 in one piece that is more than a word.
const BLOCK_RUN: usize = 16;
/// A shorter password in a URL is as a rule one for trying things out.
const PASSWORD_MIN: usize = 8;

/// Whether something fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit<T> {
    No,
    /// It depends on what comes next.
    Unknown,
    Yes(T),
}

/// A secret that was told by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub kind: &'static str,
    /// Bytes that it has in any case.
    pub length: usize,
    /// What goes on behind them.
    pub rest: Rest,
}

/// Bytes that a part of a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`: the URL-safe base64.
    Word,
    /// Upper-case letters and digits.
    Upper,
    /// Hexadecimal, lower case.
    Hex,
    /// What `Bearer` and base64 allow.
    Token,
    /// Parts of a path.
    Path,
    /// A web token's three parts with their dots.
    Dotted,
    /// The lines of a key block, in quotes and with escaped line ends as well.
    Block,
}

impl Class {
    pub const fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Self::Token => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=')
            }
            Self::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Self::Block => {
                byte.is_ascii_alphanumeric()
                    || byte.is_ascii_whitespace()
                    || matches!(
                        byte,
                        b'+' | b'/' | b'=' | b'-' | b':' | b',' | b'\\' | b'"' | b'\''
                    )
            }
        }
    }
}

/// A part of a shape.
enum Part {
    /// At least so many bytes of a class; the last part of a shape takes all there are.
    Run(Class, usize),
    /// The same with a digit among the bytes of the window, which words and names seldom have.
    Digits(Class, usize),
    /// These bytes.
    Text(&'static str),
    /// A key block's first line, behind `-----BEGIN `.
    Block,
    /// `user:password@`, as a URL has it.
    Login,
}

/// What may stand right before a shape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Anything: how it begins tells it from all else.
    Anything,
    /// No letter, digit, `-` or `_`: else it may be the middle of a name or of base64.
    NoName,
}

/// A kind of key that is told by how it begins.
pub(super) struct Shape {
    kind: &'static str,
    begin: &'static str,
    before: Before,
    parts: &'static [Part],
}

/// A kind of secret that is told by what stands before it, in any case.
struct Follows {
    kind: &'static str,
    behind: &'static str,
    parts: &'static [Part],
}

const fn known(kind: &'static str, begin: &'static str, parts: &'static [Part]) -> Shape {
    Shape { kind, begin, before: Before::Anything, parts }
}

const fn alone(kind: &'static str, begin: &'static str, parts: &'static [Part]) -> Shape {
    Shape { kind, begin, before: Before::NoName, parts }
}

use Class::{Alnum, Dotted, Hex, Path, Token, Upper, Word};
use Part::{Block, Digits, Login, Run, Text};

/// Of two that fit, the first counts.
static SHAPES: &[Shape] = &[
    known("anthropic-key", "sk-ant-", &[Run(Word, 20)]),
    known("openai-key", "sk-proj-", &[Digits(Word, 20)]),
    known("openai-key", "sk-svcacct-", &[Digits(Word, 20)]),
    known("openai-key", "sk-admin-", &[Digits(Word, 20)]),
    known("openrouter-key", "sk-or-v1-", &[Run(Hex, 32)]),
    alone("api-key", "sk-", &[Digits(Alnum, 20)]),
    known("github-token", "ghp_", &[Run(Alnum, 30)]),
    known("github-token", "gho_", &[Run(Alnum, 30)]),
    known("github-token", "ghu_", &[Run(Alnum, 30)]),
    known("github-token", "ghs_", &[Run(Alnum, 30)]),
    known("github-token", "ghr_", &[Run(Alnum, 30)]),
    known("github-token", "github_pat_", &[Digits(Word, 30)]),
    alone("aws-key", "AKIA", &[Run(Upper, 16)]),
    alone("aws-key", "ASIA", &[Run(Upper, 16)]),
    known("slack-token", "xoxb-", &[Digits(Word, 16)]),
    known("slack-token", "xoxp-", &[Digits(Word, 16)]),
    known("slack-token", "xoxa-", &[Digits(Word, 16)]),
    known("slack-token", "xoxr-", &[Digits(Word, 16)]),
    known("slack-token", "xoxs-", &[Digits(Word, 16)]),
    known("slack-token", "xapp-", &[Digits(Word, 16)]),
    known("gitlab-token", "glpat-", &[Run(Word, 20)]),
    known("gitlab-token", "gldt-", &[Run(Word, 20)]),
    known("gitlab-token", "glrt-", &[Run(Word, 20)]),
    alone("google-key", "AIza", &[Run(Word, 35)]),
    alone("google-token", "ya29.", &[Run(Word, 20)]),
    known("google-secret", "GOCSPX-", &[Run(Word, 20)]),
    alone("huggingface-token", "hf_", &[Run(Alnum, 30)]),
    alone("npm-token", "npm_", &[Run(Alnum, 36)]),
    known("pypi-token", "pypi-AgEI", &[Run(Word, 50)]),
    alone("crates-token", "cio", &[Digits(Alnum, 32)]),
    alone("web-token", "eyJ", &[Run(Word, 12), Text(".ey"), Run(Dotted, 10)]),
    known("private-key", "-----BEGIN ", &[Block]),
    known("age-key", "AGE-SECRET-KEY-1", &[Run(Upper, 50)]),
    known("stripe-key", "sk_live_", &[Run(Alnum, 16)]),
    known("stripe-key", "rk_live_", &[Run(Alnum, 16)]),
    known("stripe-secret", "whsec_", &[Digits(Alnum, 24)]),
    alone("sendgrid-key", "SG.", &[Run(Word, 16), Text("."), Run(Word, 16)]),
    alone("twilio-key", "SK", &[Run(Hex, 32)]),
    known("digitalocean-token", "dop_v1_", &[Run(Hex, 40)]),
    known("digitalocean-token", "doo_v1_", &[Run(Hex, 40)]),
    known("digitalocean-token", "dor_v1_", &[Run(Hex, 40)]),
    alone("databricks-token", "dapi", &[Run(Hex, 32)]),
    known("shopify-token", "shpat_", &[Run(Hex, 32)]),
    known("shopify-token", "shpss_", &[Run(Hex, 32)]),
    alone("groq-key", "gsk_", &[Digits(Alnum, 40)]),
    alone("xai-key", "xai-", &[Digits(Alnum, 60)]),
    alone("replicate-token", "r8_", &[Digits(Alnum, 37)]),
    alone("vault-token", "hvs.", &[Run(Word, 24)]),
    known("docker-token", "dckr_pat_", &[Run(Word, 24)]),
    known("linear-key", "lin_api_", &[Run(Alnum, 40)]),
    known("postman-key", "PMAK-", &[Run(Word, 50)]),
    alone("supabase-key", "sbp_", &[Run(Hex, 40)]),
];

static FOLLOWS: &[Follows] = &[
    Follows { kind: "bearer-token", behind: "bearer ", parts: &[Digits(Token, 16)] },
    Follows { kind: "login", behind: "authorization: basic ", parts: &[Run(Token, 8)] },
    Follows { kind: "login", behind: "authorization\": \"basic ", parts: &[Run(Token, 8)] },
    Follows { kind: "api-key", behind: "x-api-key: ", parts: &[Digits(Token, 16)] },
    Follows { kind: "login", behind: "://", parts: &[Login] },
    Follows { kind: "webhook", behind: "hooks.slack.com/services/", parts: &[Digits(Path, 20)] },
    Follows { kind: "webhook", behind: "discord.com/api/webhooks/", parts: &[Digits(Path, 30)] },
    Follows { kind: "aws-secret", behind: "aws_secret_access_key=", parts: &[Run(Token, 40)] },
    Follows { kind: "aws-secret", behind: "aws_secret_access_key = ", parts: &[Run(Token, 40)] },
    Follows { kind: "azure-key", behind: "accountkey=", parts: &[Run(Token, 60)] },
];

/// The names of all kinds.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|shape| shape.kind).chain(FOLLOWS.iter().map(|follows| follows.kind))
}

/// Shapes by their first byte, in their order.
pub(super) fn by_first_byte() -> Vec<Vec<&'static Shape>> {
    let mut sorted: Vec<Vec<&'static Shape>> = (0..256).map(|_| Vec::new()).collect();
    for shape in SHAPES {
        if let Some(first) = shape.begin.bytes().next() {
            sorted[usize::from(first)].push(shape);
        }
    }
    sorted
}

/// Whether something that is told by what stands before it may stand behind `byte`.
pub(super) fn may_follow(byte: u8) -> bool {
    matches!(byte, b' ' | b'/' | b'=')
}

/// Which shape `text` has at its beginning, with `before` right before it. `shapes` are those that
/// begin with its first byte.
pub(super) fn fit(shapes: &[&'static Shape], before: &[u8], text: &[u8], end: End) -> Fit<Found> {
    let end = if text.len() >= WINDOW { End::Here } else { end };
    let text = &text[..text.len().min(WINDOW)];
    for shape in shapes {
        if shape.before == Before::NoName && !stands_alone(before) {
            continue;
        }
        let begin = shape.begin.as_bytes();
        let shared = begin.len().min(text.len());
        if begin[..shared] != text[..shared] {
            continue;
        }
        if shared < begin.len() {
            match end {
                End::Open => return Fit::Unknown,
                End::Here => continue,
            }
        }
        match parts(shape.kind, shape.parts, text, shared, end) {
            Fit::No => {}
            decided => return decided,
        }
    }
    for follows in FOLLOWS {
        let behind = before.len().checked_sub(follows.behind.len()).map(|at| &before[at..]);
        if behind.is_some_and(|behind| behind.eq_ignore_ascii_case(follows.behind.as_bytes())) {
            match parts(follows.kind, follows.parts, text, 0, end) {
                Fit::No => {}
                decided => return decided,
            }
        }
    }
    Fit::No
}

/// Whether what comes is not the middle of a name. An escape sequence that ends right before it,
/// such as `\n` in JSON, `%3D` in a URL or a terminal's colour, is no part of a name.
fn stands_alone(before: &[u8]) -> bool {
    let Some(last) = before.last() else { return true };
    if !Word.has(*last) {
        return true;
    }
    let hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    let tail = |bytes: usize| before.len().checked_sub(bytes).map(|at| &before[at..]);
    let letter = matches!(before, [.., b'\\', b'n' | b't' | b'r' | b'f' | b'b' | b'v' | b'0']);
    let percent = tail(3).is_some_and(|t| t.starts_with(b"%") && hex(&t[1..]));
    let unicode = tail(6).is_some_and(|t| t.starts_with(b"\\u") && hex(&t[2..]));
    letter || percent || unicode || (*last == b'm' && is_colour(&before[..before.len() - 1]))
}

/// Whether `before` ends with a terminal's sequence for colours, less its `m`.
fn is_colour(before: &[u8]) -> bool {
    let numbers = before.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
    before[..before.len() - numbers].ends_with(b"\x1b[")
}

fn parts(
    kind: &'static str,
    parts: &'static [Part],
    text: &[u8],
    begin: usize,
    end: End,
) -> Fit<Found> {
    let mut at = begin;
    for (n, part) in parts.iter().enumerate() {
        let is_last = n + 1 == parts.len();
        let rest = text.get(at..).unwrap_or_default();
        match part {
            Text(wanted) => {
                let wanted = wanted.as_bytes();
                let shared = wanted.len().min(rest.len());
                if wanted[..shared] != rest[..shared] {
                    return Fit::No;
                }
                if shared < wanted.len() {
                    return end.fit();
                }
                at += shared;
            }
            Run(class, least) | Digits(class, least) => {
                let length = rest.iter().take_while(|byte| class.has(**byte)).count();
                let digit =
                    matches!(part, Run(..)) || rest[..length].iter().any(u8::is_ascii_digit);
                let enough = length >= *least && digit;
                if is_last && enough {
                    return Fit::Yes(Found { kind, length: at, rest: Rest::Run(*class) });
                }
                if length == rest.len() && end == End::Open {
                    return Fit::Unknown;
                }
                if !enough {
                    return Fit::No;
                }
                at += length;
            }
            Block => return block(kind, rest, at, end),
            Login => return login(kind, rest, end),
        }
    }
    Fit::Yes(Found { kind, length: at, rest: Rest::Nothing })
}

/// A key block whose `-----BEGIN ` ends at `at`; `text` is what follows.
fn block(kind: &'static str, text: &[u8], at: usize, end: End) -> Fit<Found> {
    let title = text.iter().take_while(|b| b.is_ascii_uppercase() || **b == b' ').count();
    let Some(rest) = text.get(title..).filter(|rest| !rest.is_empty()) else { return end.fit() };
    let dashes = rest.iter().take_while(|b| **b == b'-').count();
    if dashes == rest.len() && dashes < 5 {
        return end.fit();
    }
    let named = text[..title].windows(11).any(|word| word == b"PRIVATE KEY");
    if !named || dashes < 5 {
        return Fit::No;
    }
    // What only speaks of such a line has no key behind it.
    let mut run = 0;
    for (n, byte) in rest[dashes..].iter().enumerate() {
        run = if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') {
            run + 1
        } else {
            0
        };
        if run == BLOCK_RUN {
            return Fit::Yes(Found { kind, length: at + title + dashes, rest: Rest::BLOCK });
        }
        if !Class::Block.has(*byte) || n == BLOCK_GAP {
            return Fit::No;
        }
    }
    end.fit()
}

/// `user:password@` at the beginning of `text`.
fn login(kind: &'static str, text: &[u8], end: End) -> Fit<Found> {
    let ends = |b: &u8| {
        b.is_ascii_whitespace() || b.is_ascii_control() || b"/?#\"'<>`[](){}|\\,;".contains(b)
    };
    let Some(length) = text.iter().position(ends).or((end == End::Here).then_some(text.len()))
    else {
        return Fit::Unknown;
    };
    let authority = &text[..length];
    let Some(at) = authority.iter().rposition(|b| *b == b'@') else { return Fit::No };
    let Some(colon) = authority[..at].iter().position(|b| *b == b':') else { return Fit::No };
    let (user, password) = (&authority[..colon], &authority[colon + 1..at]);
    // What a shell or a template fills in is no password, and neither is `guest:guest`.
    let plain = password.len() < PASSWORD_MIN
        || password.first() == Some(&b'$')
        || password == user
        || !password.iter().any(u8::is_ascii_digit);
    if plain { Fit::No } else { Fit::Yes(Found { kind, length: at, rest: Rest::Nothing }) }
}
