//! What changed between two versions of a contract, line by line and short.

use std::fmt::Write;

/// Lines on both sides between which the longest common part is looked for; beyond, all that is not
/// alike at both ends counts as changed.
const TABLE_LINES: usize = 600;
/// Unchanged lines shown around a change.
const AROUND: usize = 2;

enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The changed lines with `-` and `+` before them and a few unchanged ones around, at most
/// `bytes_max` and a remark on what is left out.
pub(super) fn diff(before: &str, after: &str, bytes_max: usize) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lines = compare(&old, &new);
    let changed: Vec<usize> =
        (0..lines.len()).filter(|&n| !matches!(lines[n], Line::Same(_))).collect();
    let mut text = String::new();
    let mut shown = 0;
    let mut next = 0;
    for (n, line) in lines.iter().enumerate() {
        let first = changed.partition_point(|&at| at + AROUND < n);
        if changed.get(first).is_none_or(|&at| at > n + AROUND) {
            continue;
        }
        let (sign, words) = match line {
            Line::Same(words) => (' ', words),
            Line::Gone(words) => ('-', words),
            Line::New(words) => ('+', words),
        };
        if text.len() + words.len() + 2 > bytes_max {
            let left = changed.len() - changed.partition_point(|&at| at < n);
            _ = writeln!(text, "[… {left} changed lines left out …]");
            return text;
        }
        if n > next && shown > 0 {
            text.push_str("…\n");
        }
        _ = writeln!(text, "{sign}{words}");
        shown += 1;
        next = n + 1;
    }
    text
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) =
        (&old_rest[..old_rest.len() - tail], &new_rest[..new_rest.len() - tail]);
    let mut lines: Vec<Line<'a>> = old[..head].iter().map(|line| Line::Same(line)).collect();
    if old_middle.len() > TABLE_LINES || new_middle.len() > TABLE_LINES {
        lines.extend(old_middle.iter().map(|line| Line::Gone(line)));
        lines.extend(new_middle.iter().map(|line| Line::New(line)));
    } else {
        longest_common(old_middle, new_middle, &mut lines);
    }
    lines.extend(old_rest[old_rest.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

fn longest_common<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    let width = new.len() + 1;
    let mut table = vec![0_u16; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            table[i * width + j] = if a == b {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j >= new.len()
            || (i < old.len() && table[(i + 1) * width + j] >= table[i * width + j + 1])
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_shown_with_a_little_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let after = "a\nb\nc\nD\ne\nf\ng\nh\ni\nj\nk\n";
        assert_eq!(diff(before, after, 1_000), " b\n c\n-d\n+D\n e\n f\n…\n i\n j\n+k\n");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let after: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
        let told = diff("", &after, 30);
        assert_eq!(told, "+line 0\n+line 1\n+line 2\n[… 997 changed lines left out …]\n");
    }

    #[test]
    fn the_same_text_has_no_difference() {
        assert_eq!(diff("a\nb", "a\nb", 100), "");
    }
}
