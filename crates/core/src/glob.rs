//! Globs by which tasks say what they write: what one covers, and whether two can meet.
//!
//! `*` stands for any characters of one name, `**` for any number of names, `?` for one character,
//! `[ab]` for one of several (`[!ab]` for any other) and `{a,b}` for either; `\` takes the next
//! character as it is. One without any of these names a file, or a folder with all that is in it.

/// Alternatives that a glob's braces may come to; what is beyond is left out.
const ALTERNATIVES_MAX: usize = 64;

const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Whether a glob covers a path, both from the project's root with `/` between names.
pub fn covers(glob: &str, path: &str) -> bool {
    let names: Vec<&str> = names(path).collect();
    let same: Vec<&str> = self::names(glob).collect();
    // Taken as it is, too: `app/[id]/page.tsx` is the name of a file in some frameworks.
    if names.starts_with(&same) {
        return true;
    }
    alternatives(glob).iter().any(|glob| {
        let mut parts: Vec<&str> = self::names(glob).collect();
        if glob.ends_with('/') || parts.iter().all(|part| is_literal(part)) {
            parts.push("**");
        }
        covers_names(&parts, &names)
    })
}

/// Whether one path could match both globs; in doubt (two wildcards in one path part), yes.
pub fn overlap(a: &str, b: &str) -> bool {
    let (a, b) = (alternatives(a), alternatives(b));
    a.iter().any(|a| b.iter().any(|b| meet(a, b)))
}

/// Whether all that `inner` covers is covered by `outer`; in doubt, no.
pub fn contains(outer: &str, inner: &str) -> bool {
    if names(inner).all(is_literal) {
        return covers(outer, inner);
    }
    if outer == inner {
        return true;
    }
    let base = outer.strip_suffix("**").unwrap_or(outer);
    let fixed: Vec<&str> = names(inner).take_while(|part| is_literal(part)).collect();
    let base: Vec<&str> = names(base).collect();
    base.iter().all(|part| is_literal(part)) && fixed.starts_with(&base)
}

/// The glob that covers this path alone, or what is in it if it is a folder.
pub fn escape(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for c in path.chars() {
        if SPECIAL.contains(&c) {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

fn is_literal(part: &str) -> bool {
    let mut escaped = false;
    part.chars().all(|c| {
        let special = !escaped && SPECIAL.contains(&c) && c != '\\';
        escaped = c == '\\' && !escaped;
        !special
    })
}

/// Goes through the names once with all places of the pattern at which it may be: no pattern takes
/// longer than its length times the path's.
pub(crate) fn covers_names<S: AsRef<str>>(pattern: &[S], names: &[S]) -> bool {
    let is_any = |part: &S| part.as_ref() == "**";
    let pass = |at: &mut Vec<bool>| {
        for (place, part) in pattern.iter().enumerate() {
            at[place + 1] |= at[place] && is_any(part);
        }
    };
    let mut at = vec![false; pattern.len() + 1];
    at[0] = true;
    pass(&mut at);
    for name in names {
        let mut next = vec![false; pattern.len() + 1];
        for (place, part) in pattern.iter().enumerate().filter(|&(place, _)| at[place]) {
            if is_any(part) {
                next[place] = true;
            } else if name_matches(part.as_ref(), name.as_ref()) {
                next[place + 1] = true;
            }
        }
        pass(&mut next);
        at = next;
    }
    at[pattern.len()]
}

/// One piece of a glob's part.
enum Piece {
    Any,
    One,
    Char(char),
    OneOf { chars: Vec<(char, char)>, others: bool },
}

fn pieces(part: &str) -> Vec<Piece> {
    let chars: Vec<char> = part.chars().collect();
    let mut pieces = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '*' => pieces.push(Piece::Any),
            '?' => pieces.push(Piece::One),
            '\\' => {
                pieces.push(Piece::Char(chars.get(at).copied().unwrap_or('\\')));
                at += 1;
            }
            '[' => match class(&chars[at..]) {
                Some((piece, length)) => {
                    pieces.push(piece);
                    at += length;
                }
                None => pieces.push(Piece::Char('[')),
            },
            c => pieces.push(Piece::Char(c)),
        }
    }
    pieces
}

/// What stands between brackets, and how long it is with the closing one.
fn class(chars: &[char]) -> Option<(Piece, usize)> {
    let others = matches!(chars.first(), Some('!' | '^'));
    let from = usize::from(others);
    // A bracket that comes first is one of the characters.
    let end = from + 1 + chars.get(from + 1..)?.iter().position(|&c| c == ']')?;
    let mut ranges = Vec::new();
    let mut at = from;
    while at < end {
        let range = chars.get(at + 1) == Some(&'-') && at + 2 < end;
        let last = if range { chars[at + 2] } else { chars[at] };
        ranges.push((chars[at], last));
        at += if range { 3 } else { 1 };
    }
    Some((Piece::OneOf { chars: ranges, others }, end + 1))
}

/// Whether `name` is what `part` says; one star is ever gone back to.
fn name_matches(part: &str, name: &str) -> bool {
    let (part, name): (Vec<Piece>, Vec<char>) = (pieces(part), name.chars().collect());
    let fits = |piece: &Piece, c: char| match piece {
        Piece::Any => false,
        Piece::One => true,
        Piece::Char(only) => *only == c,
        Piece::OneOf { chars, others } => {
            chars.iter().any(|&(from, to)| (from..=to).contains(&c)) != *others
        }
    };
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        if matches!(part.get(at), Some(Piece::Any)) {
            star = Some((at, read));
            at += 1;
        } else if part.get(at).is_some_and(|piece| fits(piece, name[read])) {
            (at, read) = (at + 1, read + 1);
        } else if let Some((place, from)) = star {
            star = Some((place, from + 1));
            (at, read) = (place + 1, from + 1);
        } else {
            return false;
        }
    }
    part[at..].iter().all(|piece| matches!(piece, Piece::Any))
}

/// The globs that a glob with braces stands for; braces that don't close are taken as they are.
fn alternatives(glob: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(glob) = open.pop() {
        let Some((before, choices, after)) = first_braces(&glob) else {
            done.push(glob);
            continue;
        };
        if open.len() + done.len() + choices.len() > ALTERNATIVES_MAX {
            // Too many to tell apart: any name in their place.
            done.push(format!("{before}*{}", after.replace(['{', '}'], "*")));
            continue;
        }
        open.extend(choices.iter().map(|choice| format!("{before}{choice}{after}")));
    }
    done
}

fn first_braces(glob: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut from = None;
    let (mut depth, mut escaped) = (0_u32, false);
    let mut cuts = Vec::new();
    for (at, c) in glob.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' => escaped = true,
            '{' => {
                depth += 1;
                from = from.or(Some(at));
            }
            ',' if depth == 1 => cuts.push(at),
            '}' if depth == 1 => {
                let from = from?;
                let mut choices = Vec::with_capacity(cuts.len() + 1);
                let mut begin = from + 1;
                for cut in cuts.into_iter().chain([at]) {
                    choices.push(&glob[begin..cut]);
                    begin = cut + 1;
                }
                return Some((&glob[..from], choices, &glob[at + 1..]));
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// [`overlap`] of two globs without braces.
fn meet(a: &str, b: &str) -> bool {
    fn parts(glob: &str) -> Vec<&str> {
        let mut parts: Vec<&str> = names(glob).collect();
        if glob.ends_with('/') || parts.is_empty() {
            parts.push("**");
        }
        parts
    }
    fn fits(part: &str, other: &str) -> bool {
        match (is_literal(part), is_literal(other)) {
            (true, true) => part == other,
            (false, true) => wildcard_fits(part, other),
            (true, false) => wildcard_fits(other, part),
            (false, false) => {
                let head = |p: &str| p.find(SPECIAL).unwrap_or(p.len());
                let (x, y) = (&part[..head(part)], &other[..head(other)]);
                x.starts_with(y) || y.starts_with(x)
            }
        }
    }
    fn wildcard_fits(pattern: &str, name: &str) -> bool {
        let first = pattern.find(SPECIAL).unwrap_or(pattern.len());
        let last = pattern.rfind(['*', '?', ']', '\\']).map_or(pattern.len(), |at| at + 1);
        name.starts_with(&pattern[..first]) && name.ends_with(&pattern[last..])
    }
    fn overlap(a: &[&str], b: &[&str]) -> bool {
        match (a, b) {
            ([], []) => true,
            (["**", rest @ ..], other) => {
                overlap(rest, other)
                    || other.split_first().is_some_and(|(_, tail)| overlap(a, tail))
            }
            (_, ["**", ..]) => overlap(b, a),
            ([x, a @ ..], [y, b @ ..]) => fits(x, y) && overlap(a, b),
            ([], [_, ..]) | ([_, ..], []) => false,
        }
    }
    let (a, b) = (parts(a), parts(b));
    let in_folder = |folder: &[&str], other: &[&str]| {
        folder.iter().all(|part| is_literal(part)) && other.starts_with(folder)
    };
    in_folder(&a, &b) || in_folder(&b, &a) || overlap(&a, &b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_covers_what_it_says() {
        for (glob, path, covered) in [
            ("src/**", "src/a/b.rs", true),
            ("src/**", "srcs/a", false),
            ("src/", "src/a/b.rs", true),
            ("src", "src/a/b.rs", true),
            ("src/*", "src/a/b.rs", false),
            ("*", "README.md", true),
            ("*", "src/a.rs", false),
            ("**/*.rs", "a.rs", true),
            ("**/*.rs", "a/b/c.rs", true),
            ("**/*.rs", "a/b/c.rsx", false),
            (".", "anything/at/all", true),
            ("./src/a.rs", "src/a.rs", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("[]]x", "]x", true),
            ("a[b", "a[b", true),
            ("{src,lib/x}/*.rs", "lib/x/a.rs", true),
            ("{src,lib/x}/*.rs", "lib/a.rs", false),
            ("{a,{b,c}d}", "cd", true),
            ("app/[id]/page.tsx", "app/[id]/page.tsx", true),
            ("app/[id]/page.tsx", "app/i/page.tsx", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("SRC/a", "src/a", false),
        ] {
            assert_eq!(covers(glob, path), covered, "{glob} {path}");
        }
    }

    #[test]
    fn an_escaped_path_covers_itself_alone() {
        for path in ["app/[id]/page.tsx", "a*b", "{x}", "what?", "back\\slash", "plain"] {
            assert!(covers(&escape(path), path), "{path}");
        }
        assert!(!covers(&escape("a*b"), "axb"));
        assert!(!covers(&escape("app/[id]/x"), "app/i/x"));
    }

    #[test]
    fn globs_overlap_when_one_path_could_match_both() {
        for (a, b, met) in [
            ("a/b.rs", "a/b.rs", true),
            ("a/*.rs", "a/b.rs", true),
            ("a/*.rs", "a/b.py", false),
            ("a/**", "a/b/c", true),
            ("a/", "a/b/c", true),
            ("a/**/x", "a/b/c", false),
            ("a/*", "a/b/c", false),
            ("a/x*", "a/y*", false),
        ] {
            assert_eq!(overlap(a, b), met, "{a} {b}");
            assert_eq!(overlap(b, a), met, "{b} {a}");
        }
    }

    #[test]
    fn a_folder_meets_what_is_in_it() {
        for (a, b, meets) in [
            ("src", "src/a.rs", true),
            ("src", "src/**", true),
            ("src", "srcs/a", false),
            (".", "a/b", true),
            ("{a,b}/x", "b/*", true),
            ("{a,b}/x", "c/*", false),
            ("a/**/x", "a/b/c", false),
        ] {
            assert_eq!(overlap(a, b), meets, "{a} {b}");
            assert_eq!(overlap(b, a), meets, "{b} {a}");
        }
    }

    #[test]
    fn what_is_contained_is_known_in_simple_cases_and_denied_in_others() {
        for (outer, inner, contained) in [
            ("go.sum", "go.sum", true),
            ("**/*.lock", "a/b.lock", true),
            ("api/**", "api/v1/*.yaml", true),
            ("api", "api/*.yaml", true),
            ("a?", "a*", false),
            ("go.sum", "*.sum", false),
            ("api/*", "api/**", false),
        ] {
            assert_eq!(contains(outer, inner), contained, "{outer} {inner}");
        }
    }

    #[test]
    fn no_glob_takes_long() {
        let braces = "{a,b}".repeat(40);
        assert!(alternatives(&braces).len() <= ALTERNATIVES_MAX + 1);
        let glob = format!("{}x", "**/*a*a*a*a*a*a/".repeat(40));
        let path = format!("{}/y", vec!["a".repeat(60); 60].join("/"));
        assert!(!covers(&glob, &path));
    }
}
